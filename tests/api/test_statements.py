"""Corrections of labels and ratings of customers over the real application."""

import json
from contextlib import closing

import pytest

from api.examples import CORRECTION, OUTCOME, RATING
from operations.drain import drain
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.contracts import silver
from warehouse.refine import refine

TICKET = {
    "ticket_id": CORRECTION["ticket_id"],
    "subject": "Export stops",
    "category": "Security",
    "created_at": "2026-03-02T08:15:00Z",
}


def kept(lake):
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        return [json.loads(row.body) for row in Inbox(store).since(0, 0) if row.kind == "event"]


def test_a_correction_becomes_the_event_that_says_so(client, lake):
    answer = client.post("/v1/feedback", json={**CORRECTION, "prediction_id": "P-1", "reason": "no breach"})

    assert answer.status_code == 202, answer.text
    (event,) = kept(lake)
    assert (event["type"], event["version"], event["ticket_id"]) == ("LabelCorrected", 2, CORRECTION["ticket_id"])
    assert event["actor"] == CORRECTION["actor"]
    assert event["payload"] == {
        "field": "category",
        "value": "Data Issue",
        "previous": "Security",
        "prediction_id": "P-1",
        "reason": "no breach",
    }


def test_a_confirmation_and_a_rating_become_theirs(client, lake):
    confirmed = {name: value for name, value in CORRECTION.items() if name != "previous"} | {"verdict": "confirmed"}
    answer = client.post("/v1/feedback", json=[confirmed, RATING])

    assert answer.status_code == 202, answer.text
    first, second = kept(lake)
    assert (first["type"], first["payload"]) == ("LabelConfirmed", {"field": "category", "value": "Data Issue"})
    assert (second["type"], second["payload"]["score"]) == ("FeedbackGiven", 4)


def test_corrections_and_ratings_reach_the_ticket(client, lake):
    client.post("/v1/tickets", json=TICKET)
    client.post("/v1/feedback", json=[CORRECTION, RATING])
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        drain(Inbox(store), lake)
    refine(lake)

    (row,) = lake.read(silver.TICKETS).filter(ticket_id=CORRECTION["ticket_id"]).to_dicts()
    assert (row["category"], row["satisfaction_score"], row["resolution_helpful"]) == ("Data Issue", 4, True)
    facts = lake.read(silver.LABELS).select("value", "source", "holds").sort("value").rows()
    assert facts == [("Data Issue", "agent", True), ("Security", "recorded", False)]


def test_the_last_word_again_is_a_repetition_and_a_change_of_mind_is_not(client, lake):
    other = {**CORRECTION, "value": "Bug"}
    said = [CORRECTION, CORRECTION, other, CORRECTION, CORRECTION]
    repeated = [client.post("/v1/feedback", json=one).json()["receipts"][0]["repeated"] for one in said]

    assert repeated == [False, True, False, False, True]
    assert [event["payload"]["value"] for event in kept(lake)] == ["Data Issue", "Bug", "Data Issue"]


def test_two_agents_who_say_the_same_are_two(client, lake):
    client.post("/v1/feedback", json=[CORRECTION, {**CORRECTION, "actor": {"kind": "agent", "id": "A-8"}}])

    assert [event["actor"]["id"] for event in kept(lake)] == ["A-7", "A-8"]


def test_of_a_batch_all_is_kept_or_nothing(client, lake, searched):
    for wrong in ({**CORRECTION, "field": "subject"}, {**RATING, "score": 9}, {**OUTCOME, "search_id": "f" * 32}):
        assert client.post("/v1/feedback", json=[CORRECTION, OUTCOME, RATING, wrong]).status_code in (400, 404)
    assert not kept(lake)

    assert client.post("/v1/feedback", json=[CORRECTION, OUTCOME, RATING]).status_code == 202
    assert len(kept(lake)) == 4


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({**CORRECTION, "kind": "guess"}, "/kind"),
        ({**CORRECTION, "kind": ["label"]}, "/kind"),
        ({**CORRECTION, "field": "subject"}, "/field"),
        ({**CORRECTION, "field": "priority", "value": "asap"}, ""),
        ({**CORRECTION, "field": "escalated", "value": "maybe"}, ""),
        ({**CORRECTION, "field": "language", "value": "klingon"}, ""),
        ({**CORRECTION, "verdict": "confirmed"}, ""),
        ({**CORRECTION, "value": ""}, "/value"),
        ({**CORRECTION, "ticket_id": "*"}, "/ticket_id"),
        ({**CORRECTION, "ticket_id": " T"}, "/ticket_id"),
        ({**CORRECTION, "event_time": "2999-01-01T00:00:00Z"}, "/event_time"),
        ({**CORRECTION, "colour": "red"}, ""),
        ({**RATING, "score": 0}, "/score"),
        ({name: RATING[name] for name in ("kind", "ticket_id", "actor")}, ""),
    ],
)
def test_what_is_no_statement_is_refused_with_its_place(client, lake, body, place):
    answer = client.post("/v1/feedback", json=body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["pointer"] == place
    assert not kept(lake)
