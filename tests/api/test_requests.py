"""Requests over HTTP: taken in now, worked on later, told in full, counted; the ticket reaches silver once."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl
import pytest
from sqlalchemy import delete, text

from api.examples import TICKET
from api.telemetry import Telemetry
from ml.anomaly import escalation
from operations.drain import drain
from operations.inbox import Inbox
from operations.predictions import Predictions
from operations.request_rows import id_of
from operations.requests import Requests
from operations.schema import inbox
from operations.store import open_store
from service.requests import RequestWork
from service.serving import Serving
from service.working import MOST_ATTEMPTS, RequestTurns
from warehouse import tombstones
from warehouse.contracts import silver
from warehouse.contracts.anomalies import ESCALATIONS
from warehouse.delta import Lake
from warehouse.refine import refine

NAMED = {
    "subject": "Wrong bill",
    "description": "Hello, my name is Zebulon Quartermain (zeb@example.com). The invoice shows a wrong amount.\n\n"
    "Regards\nZebulon Quartermain",
    "language": "en",
    "customer_tier": "premium",
    "priority": "high",
}


class Clock:
    """Wall time that a test moves on."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store_of():
    """Opens the store of a lake."""
    opened = []

    def open_(lake):
        opened.append(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}"))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.fixture
def turns_of(store_of, clock):
    """What a worker does in a lake; `said` is what it tells of its turns."""

    def make(lake, counts=None):
        store = store_of(lake)
        work = RequestWork(lake, Serving(lake.root), Inbox(store), counts)
        said = []
        clock.at = datetime.now(UTC) + timedelta(seconds=1)
        turns = RequestTurns(Requests(store), work, clock, told=said.append, jitter=lambda: 1.0)
        turns.said = said
        return turns

    return make


def post(client, ticket, **headers):
    return client.post("/v1/requests", json=ticket, headers=headers)


def test_what_was_said_of_a_request_is_counted_as_of_any_prediction(client, lake, turns_of):
    post(client, NAMED)
    counts = Telemetry()
    assert turns_of(lake, counts).take()

    told = counts.text().decode()
    assert 'ticketlake_predictions_total{decision="suggest",label="Billing",target="category"} 1.0' in told
    assert 'ticketlake_fallbacks_total{instead="baseline",part="category"} 1.0' in told
    for stage in ("understand", "find", "answer"):
        assert f'ticketlake_stage_seconds_count{{stage="{stage}"}} 1.0' in told
    assert "wrong amount" not in told


def test_a_ticket_is_kept_and_answered_with_a_place_to_ask(client, lake, turns_of):
    answer = post(client, NAMED)
    receipt = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == receipt["location"] == f"/v1/requests/{receipt['id']}"

    waiting = client.get(receipt["location"]).json()
    assert (waiting["status"], waiting["result"], waiting["attempts"]) == ("queued", None, 0)
    assert turns_of(lake).take()

    done = client.get(receipt["location"]).json()
    assert (done["status"], done["category"], done["language"], done["attempts"]) == ("done", "Billing", "en", 1)
    result = done["result"]
    assert result["targets"]["category"]["label"] == "Billing"
    assert 0 < result["targets"]["category"]["confidence"] <= 1
    assert result["targets"]["category"]["reasons"]
    assert result["versions"]["models/category_baseline"]
    assert result["release"]
    assert "indexes/tickets" in result["missing"]["search"]
    assert result["missing"]["models/priority"]
    assert "wrong amount" in result["summary"]["text"]
    assert not turns_of(lake).take()


def test_a_result_names_nobody(client, lake, turns_of, store_of):
    receipt = post(client, NAMED).json()
    turns_of(lake).take()
    (kept,) = Requests(store_of(lake)).find([receipt["id"]])

    assert "[PERSON]" in kept.body or "[EMAIL]" in kept.body
    assert not [word for word in ("zebulon", "quartermain", "zeb@") if word in kept.body.lower()]


def test_what_was_said_of_it_is_kept_with_it_and_reaches_silver_once(client, lake, turns_of, store_of):
    receipt = post(client, NAMED, **{"Idempotency-Key": "k-1"}).json()
    turns_of(lake).take()
    result = client.get(receipt["location"]).json()["result"]
    store = store_of(lake)
    for _ in range(2):
        drain(Inbox(store), lake)
        refine(lake)

    tickets = lake.read(silver.TICKETS).filter(ticket_id=receipt["ticket_id"])
    events = lake.read(silver.EVENTS).filter(ticket_id=receipt["ticket_id"])
    assert tickets["subject"].to_list() == ["Wrong bill"]
    assert events["type"].to_list() == ["PredictionMade"]
    assert events["event_id"].to_list() == [f"prediction:{result['prediction_id']}"]
    payload = msgspec.json.decode(events["payload"][0])
    assert (payload["request_id"], payload["prediction_id"]) == (receipt["id"], result["prediction_id"])
    assert payload["targets"]["category"]["label"] == "Billing"
    assert Predictions(store).find(result["prediction_id"]).ticket_id == receipt["ticket_id"]
    assert lake.row_count(silver.QUARANTINE) == 0


def test_the_same_again_is_the_same_request_and_another_ticket_under_its_key_is_refused(client):
    first = post(client, NAMED, **{"Idempotency-Key": "k-1"}).json()
    again = post(client, NAMED, **{"Idempotency-Key": "k-1"}).json()
    other = post(client, {**NAMED, "subject": "Another"}, **{"Idempotency-Key": "k-1"})

    assert (again["id"], again["repeated"], first["repeated"]) == (first["id"], True, False)
    assert other.status_code == 409
    assert client.get("/v1/stats").json()["requests"] == 1


def test_a_ticket_that_was_sent_before_may_be_asked_about(client):
    sent = client.post("/v1/tickets", json={**NAMED, "ticket_id": "T-9"}).json()["receipts"][0]
    asked = post(client, {**NAMED, "ticket_id": "T-9"}).json()

    assert asked["repeated"]
    assert asked["id"] == id_of(sent["idempotency_key"])
    assert client.get(asked["location"]).json()["status"] == "queued"


def test_an_array_is_kept_whole_or_not_at_all(client):
    refused = post(client, [NAMED, {"priority": "high"}])
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"].startswith("/1")
    assert client.get("/v1/requests").json()["requests"] == []

    taken = post(client, [NAMED, {**NAMED, "subject": "Two"}], **{"Idempotency-Key": "many"})
    assert taken.status_code == 202
    assert "location" not in taken.headers
    ids = [one["id"] for one in taken.json()["requests"]]
    assert len(set(ids)) == 2
    assert {one["id"] for one in client.get("/v1/requests").json()["requests"]} == set(ids)


def test_lists_are_filtered_and_paged_and_counts_are_of_any_window(client, lake, turns_of):
    for number in range(5):
        post(client, {**NAMED, "subject": f"Wrong bill {number}"})
    turns = turns_of(lake)
    turns.take()
    turns.take()

    found, cursor = [], None
    while True:
        page = client.get("/v1/requests", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += page["requests"]
        cursor = page["next"]
        if cursor is None:
            break
    received = [one["received_at"] for one in found]
    assert len({one["id"] for one in found}) == 5
    assert received == sorted(received, reverse=True)
    done = client.get("/v1/requests", params={"status": "done", "category": "Billing", "language": "en"}).json()
    assert len(done["requests"]) == 2
    assert client.get("/v1/requests", params={"category": "Login"}).json()["requests"] == []
    since = client.get("/v1/requests", params={"from": received[1]}).json()["requests"]
    assert [one["received_at"] for one in since] == received[:2]

    stats = client.get("/v1/stats").json()
    assert (stats["requests"], stats["by_status"], stats["waiting"]) == (5, {"done": 2, "queued": 3}, 3)
    assert {one["category"]: one["requests"] for one in stats["categories"]} == {"Billing": 2, None: 3}
    assert datetime.fromisoformat(stats["to"]) - datetime.fromisoformat(stats["from"]) == timedelta(days=7)
    past = client.get("/v1/stats", params={"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}).json()
    assert (past["requests"], past["categories"]) == (0, [])


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/requests?cursor=nonsense", "cursor"),
        ("/v1/requests?from=yesterday", "from"),
        ("/v1/requests?status=lost", "status"),
        ("/v1/stats?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("/v1/requests?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("/v1/stats?to=0001-01-02T00:00:00Z", "to"),
        ("/v1/requests/RQ-1", "request_id"),
        ("/v1/queue?limit=0", "limit"),
        ("/v1/graph/neighbours", "node"),
        ("/v1/incidents?state=wat", "state"),
    ],
)
def test_what_cannot_be_asked_is_named(client, path, parameter):
    answer = client.get(path)

    assert answer.status_code == 400
    assert [one["parameter"] for one in answer.json()["errors"]] == [parameter]


def test_a_request_that_nobody_sent_is_not_there(client):
    assert client.get(f"/v1/requests/RQ-{24 * '0'}").status_code == 404
    assert client.post(f"/v1/requests/RQ-{24 * '0'}/replay").status_code == 404


def test_a_lake_without_any_model_does_what_words_alone_allow(empty, turns_of, tmp_path):
    lake = Lake(tmp_path / "empty")
    receipt = post(empty, {**NAMED, "description": "All our records were deleted, production is down!"}).json()
    turns_of(lake).take()
    done = empty.get(receipt["location"]).json()

    assert (done["status"], done["category"], done["priority"], done["language"]) == ("done", None, None, "en")
    assert done["result"]["targets"] == {}
    assert done["result"]["missing"].keys() == {"models", "search"}
    assert done["result"]["escalation"]["triggers"]
    assert done["result"]["summary"]["sentences"]
    assert done["result"]["answer"] is None


def test_what_goes_wrong_is_tried_again_given_up_listed_and_replayed(client, lake, turns_of, store_of, clock):
    receipt = post(client, NAMED).json()
    turns, store = turns_of(lake), store_of(lake)
    store.write(lambda c: c.execute(text("ALTER TABLE prediction RENAME TO away")))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert turns.take()
        assert not turns.take()
        state = client.get(receipt["location"]).json()
        assert (state["attempts"], state["last_error"], state["result"]) == (attempt, "StoreUnavailable", None)
        clock.at += timedelta(hours=1)
    assert state["status"] == "dead"
    assert not turns.take()
    assert {(one.request_id, one.error) for one in turns.said} == {(receipt["id"], "StoreUnavailable")}
    assert [one.state for one in turns.said] == ["queued"] * (MOST_ATTEMPTS - 1) + ["dead"]
    assert [one["id"] for one in client.get("/v1/requests?status=dead").json()["requests"]] == [receipt["id"]]

    store.write(lambda c: c.execute(text("ALTER TABLE away RENAME TO prediction")))
    again = client.post(f"{receipt['location']}/replay")
    assert (again.status_code, again.json()["status"], again.json()["attempts"]) == (202, "queued", 0)
    assert turns_of(lake).take()
    assert client.get(receipt["location"]).json()["status"] == "done"


def test_what_is_done_is_done_anew_when_it_is_asked_for_and_shows_the_old_until_then(client, lake, turns_of, store_of):
    receipt = post(client, NAMED).json()
    turns = turns_of(lake)
    assert turns.take()
    first = client.get(receipt["location"]).json()

    assert client.post(f"{receipt['location']}/replay").json()["status"] == "queued"
    assert client.get(receipt["location"]).json()["result"] == first["result"]
    assert turns.take()
    second = client.get(receipt["location"]).json()

    assert (second["status"], second["category"]) == ("done", first["category"])
    given = [one["result"]["prediction_id"] for one in (first, second)]
    assert given[0] != given[1]
    said = [row.idempotency_key for row in Inbox(store_of(lake)).for_ticket(receipt["ticket_id"])]
    assert [f"prediction:{one}" in said for one in given] == [True, True]


def test_a_ticket_that_was_erased_is_not_waited_for(client, lake, turns_of, store_of):
    receipt = post(client, NAMED).json()
    store_of(lake).write(lambda c: c.execute(delete(inbox).where(inbox.c.ticket_id == receipt["ticket_id"])))
    turns_of(lake).take()
    state = client.get(receipt["location"]).json()

    assert (state["status"], state["last_error"], state["attempts"]) == ("dead", "TicketGone", 1)


def test_nothing_is_worked_out_about_somebody_who_was_erased(client, lake, turns_of):
    tombstones.add(lake.root, "customer", ["CUST-gone"], now=datetime.now(UTC))
    receipt = post(client, {**NAMED, "customer_id": "CUST-gone"}).json()
    turns_of(lake).take()
    state = client.get(receipt["location"]).json()

    assert (state["status"], state["last_error"], state["result"]) == ("dead", "TicketGone", None)


def test_one_that_kills_its_workers_is_given_up_too(client, lake, store_of, turns_of, clock):
    receipt = post(client, NAMED).json()
    turns = turns_of(lake)
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        for _ in range(MOST_ATTEMPTS):
            assert Requests(store).lease(clock.at, 60)
            clock.at += timedelta(minutes=1)

    assert turns.take()
    state = client.get(receipt["location"]).json()
    assert (state["status"], state["last_error"]) == ("dead", "LeaseRanOut")


def test_the_queue_has_open_tickets_of_the_lake_and_those_just_asked_about(client, lake, turns_of):
    calm = post(client, {**NAMED, "priority": "low", "customer_tier": "free"}).json()
    urgent = post(client, {**NAMED, "priority": "critical", "customer_tier": "enterprise"}).json()
    for _ in range(2):
        turns_of(lake).take()
    queue = client.get("/v1/queue?limit=500").json()
    ranks = {one["ticket_id"]: one for one in queue["tickets"]}
    open_ = lake.read(silver.TICKETS).filter(pl.col("resolved_at").is_null())

    assert queue["waiting"] == len(queue["tickets"]) == 2 + open_.height
    assert ranks[urgent["ticket_id"]]["rank"] < ranks[calm["ticket_id"]]["rank"]
    assert ranks[urgent["ticket_id"]]["request_id"] == urgent["id"]
    assert ranks[urgent["ticket_id"]]["reason"].startswith("critical priority (recorded) of a customer of tier enterp")
    assert [one["cost"] for one in queue["tickets"]] == sorted((one["cost"] for one in queue["tickets"]), reverse=True)
    second = client.get("/v1/queue?limit=1&offset=1").json()
    assert second["tickets"] == [queue["tickets"][1]] or second["tickets"][0]["rank"] == 2


def test_a_ticket_that_no_build_has_read_is_flagged_by_what_it_says(client, lake, store_of):
    lake.ensure(ESCALATIONS)
    read = {f"{silver.TICKETS.path}@{escalation.digest()}": lake.data_version(silver.TICKETS)}
    lake.append(ESCALATIONS, [], progress=read)
    down = {"ticket_id": "T-DOWN", "subject": "Production is down, all our data are lost", "description": "Help."}
    for ticket in (down, {"ticket_id": "T-CALM", "subject": "A question about invoices"}):
        assert client.post("/v1/tickets", json=ticket).status_code == 202
    drain(Inbox(store_of(lake)), lake)
    refine(lake)
    named = {one["ticket_id"]: one for one in client.get("/v1/queue?limit=500").json()["tickets"]}

    assert named["T-DOWN"]["escalation"] == ["system_down", "data_loss"]
    assert named["T-CALM"]["escalation"] == []
    assert named["T-DOWN"]["rank"] < named["T-CALM"]["rank"]


def test_a_ticket_that_was_resolved_waits_no_longer(client, lake, turns_of, store_of):
    receipt = post(client, {**TICKET, "ticket_id": "T-77"}).json()
    turns_of(lake).take()
    event = {
        "type": "TicketResolved", "version": 1, "event_time": datetime.now(UTC).isoformat(), "ticket_id": "T-77",
        "actor": {"kind": "agent", "id": "A-1"}, "idempotency_key": "resolved-77", "payload": {},
    }  # fmt: skip
    named = {one["ticket_id"]: one["request_id"] for one in client.get("/v1/queue?limit=500").json()["tickets"]}
    assert named["T-77"] == receipt["id"]
    assert client.post("/v1/events", json=event).status_code == 202
    drain(Inbox(store_of(lake)), lake)
    refine(lake)

    assert "T-77" not in {one["ticket_id"] for one in client.get("/v1/queue?limit=500").json()["tickets"]}


def test_an_empty_lake_has_no_queue(empty):
    answer = empty.get("/v1/queue")

    assert (answer.status_code, answer.json()["asset"]) == (503, "silver/tickets")
