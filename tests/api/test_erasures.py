"""Forgetting over HTTP: asked for, carried out by the worker's part, told with a receipt."""

from contextlib import closing
from datetime import UTC, datetime

import polars as pl
import pytest
from sqlalchemy import delete, insert

from operations import drain as drains
from operations.events import CATALOGUE
from operations.inbox import Inbox
from operations.request_rows import Outcome
from operations.requests import Requests
from operations.schema import audit_log
from operations.store import open_store
from service.erasing import Eraser, LeftBehind, finish
from service.searches import record_search
from warehouse import leftovers, tombstones
from warehouse.contracts import silver
from warehouse.refine import refine
from warehouse.search_made import SearchMade, Thing

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WHY = {"who": "desk", "reason": "a request"}


@pytest.fixture
def store(lake):
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as opened:
        yield opened


def test_a_customer_is_forgotten_and_the_receipt_says_what_went(client, lake, store):
    held = lake.read(silver.TICKETS)
    theirs = held.filter(customer_id="CUST-0003")["ticket_id"]

    asked = client.post("/v1/erasures", json={"customer_id": "CUST-0003", **WHY})
    again = client.post("/v1/erasures", json={"customer_id": "CUST-0003", **WHY})

    assert asked.status_code == 202
    assert again.json()["erasure_id"] == asked.json()["erasure_id"]
    assert client.get(asked.headers["Location"]).json()["state"] == "waiting"
    assert Eraser(lake, store).look(NOW) == 1
    assert client.get(asked.headers["Location"]).json()["state"] == "forgotten"
    assert client.get(f"/v1/tickets/{theirs[0]}").status_code == 404
    finish(lake.root, store, lambda _: None, now=lambda: NOW)
    done = client.get(asked.headers["Location"]).json()
    assert (done["state"], done["who"], done["reason"]) == ("done", "desk", "a request")
    assert done["receipt"]["silver/tickets"] == len(theirs) == 20
    assert done["receipt"]["features/tickets"] == 20
    assert [model.partition("@")[0] for model in done["models"]] == ["models/category_baseline"]
    assert "CUST-0003" not in str(done)
    assert lake.read(silver.TICKETS).height == held.height - 20
    assert client.post("/v1/predict-ticket", json={"subject": "invoice"}).status_code == 200


def test_a_ticket_is_forgotten_and_sending_it_again_does_not_bring_it_back(client, lake, store):
    client.post("/v1/erasures", json={"ticket_id": "TK-0007", **WHY})
    Eraser(lake, store).look(NOW)

    ticket = {"ticket_id": "TK-0007", "subject": "again", "created_at": "2026-02-01T00:00:00Z"}
    assert client.post("/v1/tickets", json=ticket).status_code == 202
    drains.drain(Inbox(store), lake)
    refine(lake)
    Eraser(lake, store).look(NOW)

    assert lake.scan(silver.TICKETS).filter(pl.col("ticket_id") == "TK-0007").collect().is_empty()
    assert Inbox(store).for_tickets(["TK-0007"]) == []
    assert client.get("/v1/tickets/TK-0007").status_code == 404


@pytest.mark.parametrize(
    "body",
    [WHY, {"customer_id": "C", "ticket_id": "T", **WHY}, {"customer_id": " C ", **WHY}, {"customer_id": "C"}, [WHY]],
)
def test_a_request_that_names_nobody_or_two_or_no_reason_is_refused(client, body):
    assert client.post("/v1/erasures", json=body).status_code == 400


@pytest.mark.parametrize(("body", "said"), [(WHY, "neither"), ({"customer_id": "C", "ticket_id": "T", **WHY}, "both")])
def test_whom_to_forget_is_asked_for_in_words(client, body, said):
    assert client.post("/v1/erasures", json=body).json()["errors"][0]["detail"].endswith(f"found {said}")


def test_an_erasure_that_nobody_asked_for_is_not_found(client):
    assert client.get("/v1/erasures/ERA-0123456789abcdef").status_code == 404
    assert client.get("/v1/erasures/nothing").status_code == 400


def test_a_prediction_for_a_ticket_is_an_event_of_it_and_one_for_none_is_not(client, store):
    given = client.post("/v1/predict-ticket", json={"ticket_id": "TK-0001", "subject": "the invoice is wrong"}).json()
    client.post("/v1/predict-ticket", json={"subject": "the invoice is wrong"})

    (row,) = Inbox(store).since(0, 0)
    event = CATALOGUE.read(row.body)
    assert (event.type, event.ticket_id, event.idempotency_key) == (
        "PredictionMade", "TK-0001", f"prediction:{given['prediction_id']}",
    )  # fmt: skip
    assert event.payload.targets.keys() == given["targets"].keys()
    assert "invoice" not in row.body


def test_what_the_system_says_of_itself_is_refused_from_outside_and_a_sent_answer_is_taken(client):
    event = {
        "type": "AnswerSent",
        "version": 1,
        "event_time": "2026-03-01T10:00:00Z",
        "actor": {"kind": "agent", "id": "A-1"},
        "ticket_id": "TK-0001",
        "idempotency_key": "a-1",
        "payload": {"answer_id": "x", "edited": True},
    }
    own = {**event, "type": "PredictionMade", "idempotency_key": "a-2"}

    assert client.post("/v1/events", json=event).status_code == 202
    assert client.post("/v1/events", json=own).status_code == 400


def test_features_of_whom_a_release_still_holds_are_told_to_nobody(client, lake):
    name = lake.read(silver.TICKETS)["customer_id"][0]
    ticket = lake.read(silver.TICKETS)["ticket_id"][0]
    paths = (f"/v1/features/customer/{name}", f"/v1/features/ticket/{ticket}")
    assert [client.get(path).status_code for path in paths] == [200, 200]

    tombstones.add(lake.root, "customer", [name], now=datetime.now(UTC))
    tombstones.add(lake.root, "ticket", [ticket], now=datetime.now(UTC))

    assert [client.get(path).status_code for path in paths] == [404, 404]


def test_what_stands_for_all_tickets_is_nobody_to_forget(client):
    assert client.post("/v1/erasures", json={"ticket_id": "*", **WHY}).status_code == 400
    assert client.post("/v1/erasures", json={"customer_id": "*", **WHY}).status_code == 202
    ticket = {"subject": "again", "created_at": "2026-02-01T00:00:00Z", "ticket_id": "*"}
    for path in ("/v1/tickets", "/v1/requests", "/v1/predict-ticket"):
        assert client.post(path, json=ticket).status_code == 400


def searched(search_id, found, **more):
    things = [Thing(kind="ticket", id=name, rank=rank, score=1 / rank) for rank, name in enumerate(found, 1)]
    return SearchMade(
        search_id=search_id, kind="similar", made_at=NOW, text="the invoice", text_hash="0", k=3, used=["dense"],
        missing=[], found=things, returned=len(found), latency_ms=1.0, ticket_id="TK-0001", **more,
    )  # fmt: skip


def test_what_others_searches_found_says_no_more_than_that_it_was_erased(client, lake, store):
    for made in (searched("s-1", ["TK-0007", "TK-0008"]), searched("s-2", ["TK-0008"])):
        record_search(Inbox(store), made)
    outcome = {"search_id": "s-1", "outcome": "accepted", "actor": {"kind": "agent", "id": "A-7"}}
    sent = [{**outcome, "target_id": name} for name in ("TK-0007", "TK-0008")]
    assert client.post("/v1/feedback", json=sent).status_code == 202
    drains.drain(Inbox(store), lake)
    refine(lake)
    record_search(Inbox(store), searched("s-3", ["TK-0009", "TK-0007"]))

    client.post("/v1/erasures", json={"ticket_id": "TK-0007", **WHY})
    Eraser(lake, store).look(NOW)
    (done,) = finish(lake.root, store, lambda _: None, now=lambda: NOW)
    drains.drain(Inbox(store), lake)
    refine(lake)

    rows = lake.read(silver.SEARCH_EVENTS).sort("search_id")
    assert rows["found"].to_list() == [["erased", "TK-0008"], ["TK-0008"], ["TK-0009", "erased"]]
    assert rows["scores"].to_list() == [[1.0, 0.5], [1.0], [1.0, 0.5]]
    assert rows["accepted_rank"].to_list() == [2, None, None]
    assert done.receipt["bronze/search_events"] == done.receipt["silver/search_events"] == 1
    assert leftovers.found(lake.root, ["TK-0007"]) == []


@pytest.mark.parametrize(
    ("erased", "body"),
    [
        ("ticket_id", '{"similar":[{"ticket_id":"TK-0007"}]}'),
        ("ticket_id", '{"solutions":[{"reason":"helped in 2 of 2 attempts; by way of Ticket:TK-0007 → Issue:ISS-1"}]}'),
        ("customer_id", '{"solutions":[{"reason":"by way of Customer:TK-0007 → Issue:ISS-1"}]}'),
    ],
)
def test_a_request_that_found_it_is_worked_on_anew(client, lake, store, erased, body):
    requests = Requests(store)
    sent = [{"subject": "the invoice is wrong"}, {"subject": "another"}]
    name, other = (one["id"] for one in client.post("/v1/requests", json=sent).json()["requests"])
    for held in requests.lease(datetime.now(UTC), 60, 2):
        said = body if held.id == name else '{"similar":[{"ticket_id":"TK-0008"}]}'
        kept = Outcome(category=None, priority=None, language=None, body=said, entries=[], predictions=[])
        assert requests.finish(held, kept, datetime.now(UTC))

    client.post("/v1/erasures", json={erased: "TK-0007", **WHY})
    Eraser(lake, store).look(NOW)

    found = {one.id: (one.state, one.body is None) for one in requests.find([name, other])}
    assert found == {name: ("queued", True), other: ("done", False)}
    assert requests.due(datetime.now(UTC))


def test_an_erasure_is_not_done_while_a_table_of_the_store_still_says_it(client, lake, store):
    client.post("/v1/erasures", json={"ticket_id": "TK-0007", **WHY})
    Eraser(lake, store).look(NOW)
    said = {"subject": "TK-0007", "role": "admin", "action": "x", "object": "y", "detail": "{}", "at": NOW}
    store.write(lambda connection: connection.execute(insert(audit_log), [said]))

    with pytest.raises(LeftBehind, match="operations/audit_log"):
        finish(lake.root, store, lambda _: None, now=lambda: NOW)
    store.write(lambda connection: connection.execute(delete(audit_log)))
    assert [one.state for one in finish(lake.root, store, lambda _: None, now=lambda: NOW)] == ["done"]
