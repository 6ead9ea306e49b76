from hashlib import blake2b

import numpy as np
import polars as pl
import pytest

from ml.evaluate.budget import Budget
from ml.evaluate.classify import classify
from ml.evaluate.labelled import Labelled
from warehouse.errors import NothingToLearn

FAMILIES = ["majority", "embedding_logistic", "kernel_svm"]
TOPICS = {"billing": "invoice card payment refund", "login": "password account locked reset", "sync": "upload folder"}
JAPANESE = {"請求": "請求書の金額が間違っています", "ログイン": "パスワードを忘れてログインできません"}


class Hashed:
    """Texts by hashed pieces of three characters: an encoder without a model."""

    name, dimension, digest, blocks = "hashed", 64, "0", {"hashed": slice(0, 64)}

    def encode(self, texts):
        found = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(found, texts, strict=True):
            for start in range(max(1, len(text) - 2)):
                row[blake2b(text[start : start + 3].encode(), digest_size=1).digest()[0] % 64] += 1
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def shared(self, vectors):
        return vectors


def spoken(topics, count, seed):
    rng = np.random.default_rng(seed)
    labels = rng.choice(list(topics), count)
    fill = [f"n{number}" for number in range(50)]
    texts = [" ".join([topics[label], *rng.choice(fill, 4)]) for label in labels]
    return Labelled(pl.Series([str(place) for place in range(count)]), pl.Series(texts), pl.Series(labels.tolist()))


def run(train, test, strange=None, names=FAMILIES, seconds=500.0):
    told = []
    found = classify(train, test, strange, Hashed(), names=names, budget=Budget(seconds), seed=0, tell=told.append)
    return found, told


def test_what_can_be_learned_is_learned_and_what_is_strange_is_seen():
    strange = Labelled(
        pl.Series(["s"]), pl.Series(["where does the moon go in winter"]), pl.Series([None], dtype=pl.String)
    )
    found, _ = run(spoken(TOPICS, 200, 1), spoken(TOPICS, 60, 2), strange)
    report = found.report
    assert report["accuracy"] == 1.0
    assert report["oos_auroc"] == 1.0
    assert set(report["learners"]) >= set(FAMILIES)
    assert report["learners"]["majority"]["accuracy"] < 0.6
    assert found.predictions.columns == ["id", "label", "confidence", "novelty"]
    assert found.predictions.height == 61
    assert found.predictions["confidence"].is_between(0, 1).all()
    assert found.predictions["novelty"].is_finite().all()


def test_two_classes_of_japanese_are_told_apart_though_words_are_not_parted():
    found, _ = run(spoken(JAPANESE, 80, 1), spoken(JAPANESE, 20, 2), names=["embedding_logistic", "kernel_svm"])
    assert found.report["accuracy"] == 1.0
    assert found.report["oos_auroc"] is None


def test_one_example_a_class_and_empty_texts_are_answered():
    texts = pl.Series(["invoice wrong", "password lost", "", "folder missing"])
    few = Labelled(pl.Series(list("abcd")), texts, pl.Series(["billing", "login", "nothing", "sync"]))
    test = Labelled(pl.Series(list("ab")), pl.Series(["", "password"]), pl.Series(["nothing", "never seen"]))
    found, _ = run(few, test)
    assert all(one["status"] == "fitted" for one in found.report["learners"].values()), found.report["learners"]
    assert found.predictions.height == 2


def test_a_family_without_time_is_skipped_and_the_others_answer():
    found, told = run(spoken(TOPICS, 100, 1), spoken(TOPICS, 20, 2), names=["majority", "random_forest"], seconds=3.2)
    statuses = {one["status"] for one in found.report["learners"].values()}
    assert statuses <= {"fitted", "skipped: budget"}
    assert "fitted" in statuses
    assert told


def test_one_class_is_nothing_to_learn():
    with pytest.raises(NothingToLearn, match="2 classes"):
        run(spoken({"only": "this"}, 20, 1), spoken(TOPICS, 5, 2))


def test_the_same_seed_gives_the_same_predictions():
    first, second = (run(spoken(TOPICS, 120, 1), spoken(TOPICS, 20, 2), names=["kernel_svm"])[0] for _ in range(2))
    assert first.predictions.equals(second.predictions)
