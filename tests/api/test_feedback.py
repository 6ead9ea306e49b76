"""Outcomes of suggestions over the real application."""

import json
from contextlib import closing

import polars as pl
import pytest

from api.examples import OUTCOME
from operations.drain import drain
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.contracts import silver
from warehouse.refine import refine


def kept(lake, type_=None):
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        rows = Inbox(store).since(0, 0)
    events = [json.loads(row.body) for row in rows if row.kind == "event"]
    return [event for event in events if type_ in (None, event["type"])]


@pytest.mark.parametrize(
    ("outcome", "type_", "payload"),
    [
        ("shown", "SuggestionShown", {"kind": "solution", "score": 0.9, "release": "r1"}),
        ("accepted", "SuggestionAccepted", {}),
        ("edited", "SuggestionAccepted", {"edited": True}),
        ("refused", "SuggestionRefused", {"reason": "does not fit"}),
        ("helped", "SuggestionJudged", {"helpful": True, "text": "does not fit"}),
        ("not_helped", "SuggestionJudged", {"helpful": False, "text": "does not fit"}),
    ],
)
def test_each_outcome_becomes_the_event_that_says_so(client, lake, searched, outcome, type_, payload):
    text = {"text": "does not fit"} if outcome not in ("shown", "accepted", "edited") else {}
    answer = client.post("/v1/feedback", json={**OUTCOME, **text, "outcome": outcome})

    assert answer.status_code == 202, answer.text
    (receipt,) = answer.json()["receipts"]
    assert (receipt["ticket_id"], receipt["repeated"]) == ("TK-0001", False)
    (event,) = kept(lake, type_)
    assert event["payload"].pop("suggestion_id") == f"{OUTCOME['search_id']}:{OUTCOME['target_id']}"
    event["payload"].pop("target_id", None)
    assert event["payload"] == payload
    assert len(kept(lake, "SuggestionShown")) == 1


def test_what_was_used_counts_as_shown_once(client, lake, searched):
    both = [{**OUTCOME, "outcome": outcome} for outcome in ("accepted", "helped")]
    client.post("/v1/feedback", json=both)

    assert [event["type"] for event in kept(lake)] == ["SuggestionShown", "SuggestionAccepted", "SuggestionJudged"]


def test_outcomes_reach_the_search_they_belong_to(client, lake, searched):
    client.post("/v1/feedback", json=[OUTCOME, {**OUTCOME, "target_id": "TK-0002", "outcome": "refused"}])
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        drain(Inbox(store), lake)
    refine(lake)

    row = lake.read(silver.SEARCH_EVENTS).row(0, named=True)
    assert (row["shown"], row["accepted"], row["refused"], row["accepted_rank"]) == (2, 1, 1, 1)
    assert lake.scan(silver.QUARANTINE).filter(pl.col("kind") == "search_events").collect().is_empty()


def test_a_repeated_request_is_kept_once(client, lake, searched):
    for headers in ({}, {"Idempotency-Key": "k"}):
        first, second = (client.post("/v1/feedback", json=OUTCOME, headers=headers).json() for _ in "12")
        assert second["receipts"] == [{**first["receipts"][0], "repeated": True}]

    other = client.post("/v1/feedback", json={**OUTCOME, "outcome": "refused"}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 409
    assert not kept(lake, "SuggestionRefused")


def test_an_unknown_search_is_not_found_and_nothing_is_kept(client, lake, searched):
    answer = client.post("/v1/feedback", json=[OUTCOME, {**OUTCOME, "search_id": "f" * 32}])

    assert answer.status_code == 404
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/1/search_id"]
    assert not kept(lake)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**OUTCOME, "outcome": "liked"}, "/outcome"),
        ({**OUTCOME, "target_id": "SOL-other"}, "/target_id"),
        ({**OUTCOME, "event_time": "2020-01-01T00:00:00Z"}, "/event_time"),
        ({**OUTCOME, "event_time": "2026-01-01T00:00:00"}, "/event_time"),
        ({**OUTCOME, "event_time": "2999-01-01T00:00:00Z"}, "/event_time"),
        ({**OUTCOME, "colour": "red"}, ""),
        ({**OUTCOME, "actor": {"kind": "dog", "id": "x"}}, "/actor/kind"),
        ({name: value for name, value in OUTCOME.items() if name != "target_id"}, ""),
        ({**OUTCOME, "suggestion_id": "x:y"}, ""),
        ({"helpful": True}, ""),
        ([], ""),
    ],
)
def test_what_is_no_outcome_is_refused_with_its_place(client, lake, searched, body, pointer):
    answer = client.post("/v1/feedback", json=body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not kept(lake)


@pytest.mark.parametrize("id_", ["é" * 200, "a:b:c", "*", "' or 1=1 --", "\u202e", " x", "x\ny"])
def test_a_search_id_that_nobody_gave_is_no_error_of_ours(client, searched, id_):
    assert client.post("/v1/feedback", json={**OUTCOME, "search_id": id_}).status_code in (400, 404)


def test_a_body_that_is_no_json_is_refused(client):
    assert client.post("/v1/feedback", content=b"x", headers={"content-type": "text/plain"}).status_code == 415
    assert client.post("/v1/feedback", content=b"{", headers={"content-type": "application/json"}).status_code == 400


def test_feedback_waits_for_no_lake(empty):
    assert empty.post("/v1/feedback", json=OUTCOME).status_code == 404


def test_a_search_for_a_ticket_is_nothing_that_happened_to_it(client, searched):
    answer = client.get("/v1/tickets/TK-0001")

    assert (answer.status_code, answer.json()["heard"]) == (200, [])
