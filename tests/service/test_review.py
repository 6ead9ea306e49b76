"""The review queue as people see it, over a real lake and a real store."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from operations.audit import Who
from operations.drain import drain
from operations.events import Actor, EventsRefused
from operations.inbox import Inbox
from operations.store import open_store
from service.review import ReviewDecision, UnknownReview, decide, listed
from warehouse.contracts import search, silver
from warehouse.contracts.review import QUEUE
from warehouse.delta import Lake
from warehouse.refine import refine

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAID = NOW + timedelta(hours=1)
ANN, BEN = Actor("agent", "A-1"), Actor("agent", "A-2")
TOLD = Who(subject="A-1", role="agent").did("review.confirm", "RV-1", SAID)
DOUBTED, SAMPLED, URGENT = "RV-" + "a" * 20, "RND-" + "b" * 20, "RV-" + "c" * 20


def row(review_id, ticket, reason, rank, *, field="category", label="Login"):
    numbers = {"confidence": 0.4, "uncertainty": 0.9, "disagreement": None, "density": 0.5, "cost": 1.0, "score": 0.6}
    said = {"review_id": review_id, "ticket_id": ticket, "reason": reason, "rank": rank, "field": field, "label": label}
    return {**said, **numbers, "target": field, "rival": None, "model": "m" * 32, "created_at": NOW}


@pytest.fixture
def inbox(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield Inbox(store)
    store.close()


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    names = silver.TICKETS.schema
    rows = [
        {
            "ticket_id": f"T-{n}",
            "created_at": NOW,
            "category": "Billing" if n == 2 else None,
            "load_id": "l",
            "record_hash": "h",
        }
        for n in (1, 2, 3)
    ]
    lake.append(silver.TICKETS, pl.DataFrame([{name: one.get(name) for name in names} for one in rows], schema=names))
    title = {"ticket_id": "T-1", "created_at": NOW, "title": "Hello [NAME]", "body": "", "errors": "", "text_hash": "h"}
    schema = search.PROBLEMS.schema
    lake.append(search.PROBLEMS, pl.DataFrame([{name: title.get(name) for name in schema}], schema=schema))
    asked = [
        row(DOUBTED, "T-1", "uncertain", 1),
        row(SAMPLED, "T-2", "random", 2),
        row(URGENT, "T-3", "uncertain", 1, field="priority", label="high"),
    ]
    lake.append(QUEUE, pl.DataFrame(asked, schema=QUEUE.schema))
    return lake


def ids(lake, inbox, **wanted):
    return [
        one.review_id
        for one in listed(lake, inbox, **{"target": None, "reason": None, "actor": None, **wanted}, limit=9)
    ]


def test_the_queue_is_shown_in_its_order_with_reasons(lake, inbox):
    first, second, third = listed(lake, inbox, target=None, reason=None, actor=None, limit=9)

    assert [one.review_id for one in (first, second, third)] == [DOUBTED, URGENT, SAMPLED]
    assert (first.title, first.recorded, second.title, third.recorded) == ("Hello [NAME]", None, None, "Billing")
    assert "doubts" in first.why
    assert "random" in third.why
    assert ids(lake, inbox, target="priority") == [URGENT]
    assert ids(lake, inbox, reason="random") == [SAMPLED]
    assert ids(lake, inbox, target="severity") == []


def test_what_is_decided_goes_at_once_and_becomes_an_event(lake, inbox):
    decide(lake, inbox, DOUBTED, ReviewDecision(verdict="confirm", actor=ANN), key=None, now=SAID, told=TOLD)
    decide(
        lake,
        inbox,
        URGENT,
        ReviewDecision(verdict="correct", value="low", actor=ANN, reason="no hurry"),
        key=None,
        now=SAID,
        told=TOLD,
    )

    assert ids(lake, inbox) == [SAMPLED]
    drain(inbox, lake)
    refine(lake)
    facts = lake.read(silver.LABELS).filter(pl.col("source") == "review").sort("ticket_id")
    assert facts.select("ticket_id", "field", "value", "kind", "review_id", "actor_id", "holds").rows() == [
        ("T-1", "category", "Login", "confirmed", DOUBTED, "A-1", True),
        ("T-3", "priority", "low", "corrected", URGENT, "A-1", True),
    ]


def test_who_confirms_a_label_that_is_not_the_recorded_one_corrects_that(lake, inbox):
    decide(lake, inbox, SAMPLED, ReviewDecision(verdict="confirm", actor=ANN), key=None, now=SAID, told=TOLD)
    (heard,) = inbox.since(0, 0)

    assert '"LabelCorrected"' in heard.body
    assert '"previous":"Billing"' in heard.body


def test_the_fair_sample_is_asked_of_two_people(lake, inbox):
    decide(lake, inbox, SAMPLED, ReviewDecision(verdict="confirm", actor=ANN), key=None, now=SAID, told=TOLD)

    assert SAMPLED not in ids(lake, inbox, actor="A-1")
    assert SAMPLED not in ids(lake, inbox)
    assert SAMPLED in ids(lake, inbox, actor="A-2")
    decide(
        lake,
        inbox,
        SAMPLED,
        ReviewDecision(verdict="correct", value="Access", actor=BEN),
        key=None,
        now=SAID,
        told=TOLD,
    )
    assert SAMPLED not in ids(lake, inbox, actor="A-3")


def test_who_skips_is_not_asked_again_but_others_are(lake, inbox):
    decide(lake, inbox, DOUBTED, ReviewDecision(verdict="skip", actor=ANN), key=None, now=SAID, told=TOLD)

    assert DOUBTED not in ids(lake, inbox)
    assert DOUBTED not in ids(lake, inbox, actor="A-1")
    assert DOUBTED in ids(lake, inbox, actor="A-2")


def test_the_same_decision_again_is_a_repetition(lake, inbox):
    for verdict in ("confirm", "skip"):
        said = ReviewDecision(verdict=verdict, actor=ANN)
        first, second = (decide(lake, inbox, DOUBTED, said, key=None, now=SAID, told=TOLD) for _ in "12")
        assert (first.repeated, second.repeated) == (False, True)


def test_what_is_no_entry_or_no_label_is_refused(lake, inbox):
    with pytest.raises(UnknownReview, match="settled"):
        decide(lake, inbox, "RV-x", ReviewDecision(verdict="confirm", actor=ANN), key=None, now=SAID, told=TOLD)
    with pytest.raises(EventsRefused, match="priority to be one of"):
        decide(
            lake,
            inbox,
            URGENT,
            ReviewDecision(verdict="correct", value="asap", actor=ANN),
            key=None,
            now=SAID,
            told=TOLD,
        )
    assert not inbox.since(0, 0)
