"""Every family keeps the same promises: it learns, explains, is kept on disk, and says the same again."""

import numpy as np
import polars as pl
import pytest

from ml.classify import families
from ml.classify.learner import Inputs
from warehouse.errors import ContractBroken, NothingToLearn

LABELS = ("access", "billing", "bug")
SAID = {"access": "password login locked", "billing": "invoice refund charged", "bug": "crash error broken"}
FILLER = ["please", "help", "our", "team", "today", "with", "the", "thing", "that", "we", "use", "every", "week"]
READS_NOTHING = ("majority",)
PLAIN = ("majority", "naive_bayes", "logistic", "decision_tree", "random_forest", "xgboost", "catboost")
WEIGHTED = PLAIN[1:]


def tickets(n: int, seed: int) -> tuple[Inputs, pl.Series]:
    """Words, vectors and a feature each hint at the label; one ticket in eight is labelled at random."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    noisy = np.where(rng.random(n) < 0.125, rng.integers(0, 3, n), true)
    texts = [
        " ".join(rng.permutation([*rng.choice(FILLER, 6), *rng.choice(SAID[LABELS[t]].split(), 1 + rng.integers(2))]))
        for t in true
    ]
    vectors = rng.normal(size=(n, 24)).astype(np.float32)
    vectors[np.arange(n), true] += 2.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table = pl.DataFrame(
        {
            "hour": np.where(true == 2, 3.0, 14.0).astype(np.float32) + rng.normal(size=n).astype(np.float32) * 5,
            "tier": [None if i % 11 == 0 else ("gold" if t == 1 else "free") for i, t in enumerate(true)],
        },
        schema={"hour": pl.Float32, "tier": pl.String},
    )
    return Inputs(pl.Series(texts), vectors, table), pl.Series([LABELS[t] for t in noisy])


TRAIN, VALIDATION, TEST = tickets(500, 1), tickets(150, 2), tickets(300, 3)


def fit(family, train=TRAIN, validation=VALIDATION):
    return families.fitting(family).fit(*train, *validation, seed=5, parameters={})


@pytest.fixture(scope="module", params=list(families.TRAINED))
def learner(request):
    return fit(request.param)


def test_probabilities_are_those_of_its_classes(learner):
    found = learner.predict_proba(TEST[0])
    assert learner.classes == list(LABELS)
    assert found.shape == (300, 3)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert (found >= 0).all()


def test_it_learns_more_than_the_majority(learner):
    guess = np.array(learner.classes)[learner.predict_proba(TEST[0]).argmax(axis=1)]
    right = (guess == TEST[1].to_numpy()).mean()
    if learner.family in READS_NOTHING:
        assert right < 0.5
    else:
        assert right > 0.75


def test_kept_and_loaded_it_says_the_same(learner, tmp_path):
    learner.save(tmp_path)
    again = families.loading(learner.family).load(tmp_path)
    assert again.classes == learner.classes
    assert again.family == learner.family
    assert np.allclose(again.predict_proba(TEST[0]), learner.predict_proba(TEST[0]), atol=1e-6)


def test_nothing_that_it_keeps_is_pickled(learner, tmp_path):
    learner.save(tmp_path)
    assert not [file for file in tmp_path.rglob("*") if file.suffix in (".pkl", ".pickle", ".joblib", ".pt")]


def test_one_ticket_is_told_what_many_are_told(learner):
    every = learner.predict_proba(TEST[0])
    one = learner.predict_proba(TEST[0].take(np.array([7])))
    assert np.allclose(one[0], every[7], atol=1e-4)


def test_reasons_name_the_word_that_decides(learner):
    if learner.family in READS_NOTHING:
        assert learner.explain(TEST[0], [0] * 300) == [[]] * 300
        return
    guess = np.array(learner.classes)[learner.predict_proba(TEST[0]).argmax(axis=1)]
    said = TEST[0].texts.str.contains("invoice") & TEST[0].texts.str.contains("refund")
    place = int(np.flatnonzero(said.to_numpy() & (guess == "billing"))[0])
    ticket = TEST[0].take(np.array([place]))
    reasons = learner.explain(ticket, [learner.classes.index("billing")])[0]
    weights = {reason.term: reason.weight for reason in reasons}
    telling = ["invoice", "refund", "invoice refund", "refund invoice"]
    if learner.family == "decision_tree":  # asks few questions, perhaps none about these words
        telling += ["tier", "meaning of the text"]
    assert max(weights.get(word, 0.0) for word in telling) > 0
    assert [abs(reason.weight) for reason in reasons] == sorted((abs(r.weight) for r in reasons), reverse=True)


def test_values_never_seen_and_nothing_at_all_are_answered(learner):
    odd = Inputs(
        pl.Series(["", "ζ 🙂 未知"]),
        np.zeros((2, 24), np.float32),
        pl.DataFrame({"hour": [None, 1e9], "tier": ["platinum", None]}, schema=TEST[0].table.schema),
    )
    found = learner.predict_proba(odd)
    assert np.isfinite(found).all()
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert len(learner.explain(odd, [0, 0])) == 2


def test_the_same_seed_gives_the_same_answers(learner):
    assert np.allclose(fit(learner.family).predict_proba(TEST[0]), learner.predict_proba(TEST[0]), atol=1e-7)


@pytest.mark.parametrize("family", [name for name in families.TRAINED if name not in ("keras", "torch")])
def test_bare_texts_and_two_classes_are_enough(family):
    def bare(part):
        inputs, labels = part
        two = np.flatnonzero((labels != "bug").to_numpy())
        kept = inputs.take(two)
        return Inputs(kept.texts, kept.vectors[:, :0], kept.table.select([])), labels.gather(two)

    found = fit(family, bare(TRAIN), bare(VALIDATION))
    given = found.predict_proba(bare(TEST)[0])
    assert found.classes == ["access", "billing"]
    assert given.shape[1] == 2
    assert np.allclose(given.sum(axis=1), 1, atol=1e-5)
    assert len(found.explain(bare(TEST)[0].take(np.array([0])), [1])) == 1


def test_a_class_that_only_the_validation_part_has_is_no_error():
    labels = VALIDATION[1].to_list()
    labels[0] = "unheard of"
    found = fit("xgboost", validation=(VALIDATION[0], pl.Series(labels)))
    assert found.classes == list(LABELS)


@pytest.mark.parametrize("family", [*PLAIN, "linear_svm", "embedding_logistic"])
def test_a_single_label_is_refused(family):
    with pytest.raises(NothingToLearn, match="the one label 'bug' in the training part, expected at least 2"):
        fit(family, train=(TRAIN[0], pl.Series(["bug"] * 500)))


@pytest.mark.parametrize("family", PLAIN)
def test_features_that_are_all_missing_are_learned_from(family):
    def emptied(part):
        table = part[0].table
        return Inputs(part[0].texts, part[0].vectors, table.clear(len(part[0]))), part[1]

    given = fit(family, emptied(TRAIN), emptied(VALIDATION)).predict_proba(TEST[0])
    assert np.allclose(given.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("family", WEIGHTED)
def test_weights_of_the_classes_favour_the_rare_one(family):
    labels = TRAIN[1].to_numpy()
    few = np.flatnonzero((labels != "bug") | (np.cumsum(labels == "bug") <= 25))
    train = (TRAIN[0].take(few), TRAIN[1].gather(few))

    def given_to_bug(treatment):
        learner = families.fitting(family).fit(*train, *VALIDATION, seed=5, parameters={"class_weight": treatment})
        return learner.predict_proba(TEST[0])[:, learner.classes.index("bug")].mean()

    alike, root, balanced = (given_to_bug(treatment) for treatment in (None, "root", "balanced"))
    assert balanced > alike
    assert root > alike


def test_catboost_tells_what_the_meaning_contributes():
    said = fit("catboost").explain(TEST[0].take(np.arange(20)), [0] * 20)
    assert any(reason.term == "meaning of the text" for reasons in said for reason in reasons)


def test_an_unknown_family_is_named_with_those_that_there_are():
    with pytest.raises(ContractBroken, match="no family of learners is named 'oracle'"):
        families.loading("oracle")
