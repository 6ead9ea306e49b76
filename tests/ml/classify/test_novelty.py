import numpy as np
import polars as pl
import pytest

from ml.classify.calibration import softmax, temperature
from ml.classify.kernel import KernelMachine
from ml.classify.learner import Inputs
from ml.classify.novelty import Novelty
from warehouse.errors import ContractBroken

CLASSES = 8
PARAMETERS = {"words": 0.5, "pieces": 0.5, "vectors": 2.0, "width": 1.5, "ridge": 0.1}


def tickets(count, seed, classes=range(CLASSES)):
    """Texts and vectors around a direction of their class; a class beyond the known has its own."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(list(classes), count)
    centres = np.eye(16, dtype=np.float32)
    vectors = centres[labels] + rng.normal(0, 0.12, (count, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = pl.Series([f"topic{label} word{rng.integers(40)}" for label in labels])
    return Inputs(texts, vectors, pl.DataFrame(height=count)), pl.Series([f"c{label}" for label in labels])


@pytest.fixture(scope="module")
def machine():
    return KernelMachine.fit(*tickets(300, 1), *tickets(80, 2), seed=0, parameters=PARAMETERS)


def test_what_fits_no_class_scores_above_the_threshold_and_the_known_below(machine):
    novelty = Novelty.fit(machine, *tickets(300, 1), tickets(80, 2)[0], seed=0)
    known, new = (novelty.score(machine, tickets(100, seed, of)[0]) for seed, of in ((3, range(8)), (4, range(8, 16))))
    assert (known < novelty.threshold).mean() > 0.9
    assert (new > novelty.threshold).mean() > 0.9


def test_a_saved_score_is_the_same_and_another_format_is_refused(machine, tmp_path):
    novelty = Novelty.fit(machine, *tickets(300, 1), tickets(80, 2)[0], seed=0)
    novelty.save(tmp_path / "novelty.json")
    assert Novelty.load(tmp_path / "novelty.json") == novelty
    (tmp_path / "novelty.json").write_text('{"format": 99}')
    with pytest.raises(ContractBroken):
        Novelty.load(tmp_path / "novelty.json")


def test_with_few_classes_the_threshold_lets_the_known_pass():
    train, labels = tickets(100, 1, range(2))
    machine = KernelMachine.fit(train, labels, *tickets(60, 2, range(2)), seed=0, parameters=PARAMETERS)
    held = tickets(60, 2, range(2))[0]
    novelty = Novelty.fit(machine, train, labels, held, seed=0)
    assert (novelty.score(machine, held) <= novelty.threshold).mean() == pytest.approx(0.95, abs=0.02)


def test_a_sample_of_landmarks_answers_as_all_of_them_do():
    train, labels = tickets(400, 1)
    asked, truth = tickets(100, 5)
    whole = KernelMachine.fit(train, labels, asked, truth, seed=0, parameters=PARAMETERS)
    part = KernelMachine.fit(train, labels, asked, truth, seed=0, parameters={**PARAMETERS, "most": 399, "sample": 120})
    assert (part.scores(asked).argmax(axis=1) == whole.scores(asked).argmax(axis=1)).mean() > 0.97


def test_temperature_makes_confidence_what_it_says():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4000, 4))
    truth = np.array([rng.choice(4, p=row) for row in softmax(scores)])
    assert temperature(scores * 5, truth) == pytest.approx(5, rel=0.1)
    assert temperature(scores, np.full(4000, -1)) == 1.0
