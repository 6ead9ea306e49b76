"""Networks trained by Keras and by Torch serve, through OpenVINO, what they learned."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ml.classify import keras_train, torch_train
from ml.classify.learner import MEANING, Inputs
from ml.classify.network import Network
from warehouse.errors import ContractBroken

CLASSES = ["billing", "login", "printer"]
WORDS = {"billing": "invoice refund", "login": "password account", "printer": "paper toner"}
FILLING = ["please", "help", "us", "today", "because", "it", "does", "not", "work", "since", "monday", "at", "all"]
QUICK = {"epochs": 6, "batch": 16, "embedding": 16}
FAMILIES: list[Any] = [keras_train, torch_train]


def tickets(n: int, seed: int, *, bare: bool = False) -> tuple[Inputs, pl.Series]:
    """Texts with a telling word each; vectors and features that tell something too, or none."""
    chance = np.random.default_rng(seed)
    labels = chance.choice(CLASSES, n)
    texts = [
        " ".join([*chance.choice(FILLING, 6), str(chance.choice(WORDS[label].split())), *chance.choice(FILLING, 3)])
        for label in labels
    ]
    vectors = chance.normal(size=(n, 0 if bare else 8)).astype(np.float32)
    table = pl.DataFrame(height=n)
    if not bare:
        for at, label in enumerate(labels):
            vectors[at, CLASSES.index(label)] += 2
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        hour = pl.Series("hour", chance.integers(0, 24, n), dtype=pl.Float32)
        table = pl.DataFrame({"hour": hour, "channel": pl.Series(chance.choice(["mail", "chat"], n))})
        odd = pl.int_range(pl.len()) % 5 == 0
        table = table.with_columns(pl.when(odd).then(None).otherwise(pl.all()).name.keep())
    return Inputs(pl.Series(texts), vectors, table), pl.Series(labels)


def parts(*, bare: bool = False) -> tuple[Inputs, pl.Series, Inputs, pl.Series]:
    """What is learned from, and what followed."""
    inputs, labels = tickets(300, 1, bare=bare)
    first, later = np.arange(240), np.arange(240, 300)
    return inputs.take(first), labels.gather(first), inputs.take(later), labels.gather(later)


def fitted(train: Any, *, bare: bool = False, **parameters: Any) -> Network:
    """A small network of this family, fitted on parts of what there is."""
    learner = train.KerasLearner if train is keras_train else train.TorchLearner
    found = learner.fit(*parts(bare=bare), seed=7, parameters=QUICK | parameters)
    assert isinstance(found, Network)
    return found


@pytest.fixture(scope="module", params=FAMILIES, ids=["keras", "torch"])
def network(request: pytest.FixtureRequest) -> Network:
    return fitted(request.param)


def test_what_was_learned_holds_for_other_tickets(network: Network) -> None:
    inputs, labels = tickets(100, 3)
    found = network.predict_proba(inputs)
    assert found.shape == (100, 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.mean([network.classes[at] for at in found.argmax(axis=1)] == labels.to_numpy()) > 0.95


@pytest.mark.parametrize("bare", [False, True], ids=["all inputs", "bare texts"])
@pytest.mark.parametrize("train", FAMILIES, ids=["keras", "torch"])
def test_what_serves_equals_what_was_trained(train: Any, bare: bool) -> None:
    *known, held, names = parts(bare=bare)
    later = held, names
    model, preparation, classes = train.trained(*known, *later, seed=7, parameters=QUICK)
    served = fitted(train, bare=bare)
    arrays = preparation.arrays(later[0])
    if train is keras_train:
        wanted = np.asarray(model(arrays, training=False))
    else:
        wanted = model(*train.tensors(arrays)).detach().numpy()
    assert served.classes == classes
    assert np.abs(served.logits(arrays) - wanted).max() < 1e-4


@pytest.mark.parametrize("train", FAMILIES, ids=["keras", "torch"])
def test_same_data_and_seed_give_the_same_predictions(train: Any) -> None:
    inputs, _ = tickets(50, 3)
    assert np.array_equal(fitted(train).predict_proba(inputs), fitted(train).predict_proba(inputs))


def test_a_saved_network_answers_alike_after_loading(network: Network, tmp_path: Path) -> None:
    network.save(tmp_path)
    loaded = Network.load(tmp_path)
    inputs, _ = tickets(20, 3)
    assert (loaded.family, loaded.classes) == (network.family, network.classes)
    assert np.array_equal(loaded.predict_proba(inputs), network.predict_proba(inputs))


def test_one_ticket_is_answered_as_among_many(network: Network) -> None:
    inputs, _ = tickets(20, 3)
    alone = np.vstack([network.predict_proba(inputs.take(np.array([at]))) for at in range(20)])
    assert np.allclose(alone, network.predict_proba(inputs), atol=1e-5)


@pytest.mark.parametrize("name", ["network.json", "network.xml", "network.bin"])
def test_a_cut_file_is_refused(network: Network, tmp_path: Path, name: str) -> None:
    network.save(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ContractBroken, match="Train it again"):
        Network.load(tmp_path)


def test_the_telling_word_is_named_as_a_reason(network: Network) -> None:
    text = pl.Series(["please help us the toner today"])
    inputs = Inputs(text, np.zeros((1, 8), np.float32), pl.DataFrame({"hour": [9.0], "channel": [None]}, strict=False))
    reasons = network.explain(inputs, [CLASSES.index("printer")])[0]
    words = [one for one in reasons if one.term not in (MEANING, "hour", "channel")]
    assert words[0].term == "toner"
    assert words[0].weight > 0
    assert MEANING in {one.term for one in reasons}


def test_empty_and_foreign_texts_have_an_answer(network: Network) -> None:
    texts = pl.Series(["", " \n", "🙂", "打印机坏了", "x " * 5000])
    table = pl.DataFrame(
        {"hour": [None] * 5, "channel": ["unheard"] * 5}, schema={"hour": pl.Float32, "channel": pl.String}
    )
    inputs = Inputs(texts, np.zeros((5, 8), np.float32), table)
    assert np.isfinite(network.predict_proba(inputs)).all()
    assert len(network.explain(inputs, [0] * 5)) == 5
    nobody = np.array([], dtype=np.int64)
    assert network.predict_proba(inputs.take(nobody)).shape == (0, 3)


@pytest.mark.parametrize("train", FAMILIES, ids=["keras", "torch"])
def test_rare_classes_can_weigh_more(train: Any) -> None:
    assert fitted(train, class_weight="balanced").classes == CLASSES
    with pytest.raises(ValueError, match="class_weight"):
        fitted(train, class_weight="other")


def test_serving_imports_neither_tensorflow_nor_torch(network: Network, tmp_path: Path) -> None:
    network.save(tmp_path)
    asked = (
        "import sys, pathlib, numpy as np, polars as pl\n"
        "from ml.classify.network import Network\nfrom ml.classify.learner import Inputs\n"
        "found = Network.load(pathlib.Path(sys.argv[1]))\n"
        "table = pl.DataFrame({'hour': [1.0], 'channel': ['mail']})\n"
        "found.predict_proba(Inputs(pl.Series(['toner']), np.zeros((1, 8), np.float32), table))\n"
        "assert not {'tensorflow', 'keras', 'torch'} & set(sys.modules), sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", asked, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_both_libraries_train_quietly_in_one_process(tmp_path: Path) -> None:
    ran = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_network as own\n"
        "own.fitted(own.keras_train, epochs=1)\nown.fitted(own.torch_train, epochs=1)\n"
    )
    folder = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", ran, folder],
        capture_output=True,
        text=True,
        check=False,
        env={"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(Path(folder).parents[2]), "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
