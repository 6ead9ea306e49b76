"""Tickets that are asked about at once are answered as each alone, and one that breaks a model breaks no other's."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import monotonic, sleep

import pytest

WORDS = ("the invoice shows a wrong amount", "the export of the report stops", "cannot log in", "la facture est fausse")
TICKETS = [{"subject": f"question {n}", "description": f"{WORDS[n % 4]} since {n} days"} for n in range(12)]


@pytest.fixture
def parts(answering):
    parts = answering.app.state.parts
    assert parts.serving.opened()
    return parts


@contextmanager
def held(together):
    """Nobody works meanwhile, so that whoever comes goes together afterwards; gives the sizes of batches."""
    work, go, sizes = together._work, Event(), []

    def counted(asked):
        sizes.append(len(asked))
        if len(sizes) == 1:
            assert go.wait(30)
        return work(asked)

    together._work = counted
    try:
        yield go, sizes
    finally:
        together._work = work


def at_once(together, ask):
    with held(together) as (go, sizes), ThreadPoolExecutor(len(TICKETS)) as pool:
        waiting = [pool.submit(ask, one) for one in TICKETS]
        end = monotonic() + 60
        try:
            while len(together._waiting) < len(TICKETS) - 1:
                assert monotonic() < end
                sleep(0.001)
        finally:
            go.set()
        return [one.result(60) for one in waiting], sizes


def answers(body):
    """What is said, without what differs from time to time; numbers to four places."""
    kept = {name: body[name] for name in ("targets", "novelty", "escalation", "missing", "release")}
    return rounded(kept)


def rounded(value):
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return pytest.approx(value, abs=1e-4) if isinstance(value, float) else value


def test_predictions_asked_for_at_once_are_those_of_each_alone(answering, parts):
    def ask(ticket):
        return answering.post("/v1/predict-ticket", json=ticket).json()

    alone = [ask(one) for one in TICKETS]
    together, sizes = at_once(parts.serving.opened().understood, ask)
    assert sizes == [1, 11]
    assert [one["release"] for one in together] == [one["release"] for one in alone]
    for one, expected in zip(together, alone, strict=True):
        assert {name: one[name] for name in answers(expected)} == answers(expected)


def test_a_model_that_breaks_on_one_ticket_answers_the_others(answering, parts, monkeypatch):
    from ml.classify.calibrated import Calibrated

    champion = parts.serving.opened().models.champions["category"].members[0]
    before = Calibrated.probabilities

    def breaks(self, inputs):
        if self is champion and any("wrong amount since 8 days" in text for text in inputs.texts):
            raise ValueError("cannot")
        return before(self, inputs)

    monkeypatch.setattr(Calibrated, "probabilities", breaks)

    def ask(ticket):
        return answering.post("/v1/predict-ticket", json=ticket).json()["targets"].get("category", {})

    found, sizes = at_once(parts.serving.opened().understood, ask)
    assert sizes[:2] == [1, 11]
    assert [n for n, one in enumerate(found) if one.get("served_by") != "champion"] == [8]
