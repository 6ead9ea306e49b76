"""One ticket: what is recorded, what was heard since, and what may replace it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from operations.drain import drain
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.contracts import silver
from warehouse.refine import refine

TICKET = {"ticket_id": "TK-9001", "subject": "Export stops", "created_at": "2026-03-01T10:00:00Z"}
EVENT = {
    "type": "MessageAdded",
    "version": 1,
    "event_time": "2026-03-01T11:00:00Z",
    "actor": {"kind": "customer", "id": "C-1"},
    "ticket_id": "TK-9001",
    "idempotency_key": "message-1",
    "payload": {"text": "still broken"},
}


@pytest.fixture
def settle(lake):
    """What the worker does: drain the inbox, refine silver."""

    def run():
        store = open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")
        drain(Inbox(store), lake)
        store.close()
        refine(lake)
        return lake.read(silver.TICKETS)

    return run


def stored(tickets, ticket_id):
    return next(row for row in tickets.iter_rows(named=True) if row["ticket_id"] == ticket_id)


def test_a_ticket_is_what_is_recorded_and_what_was_heard_since(client):
    client.post("/v1/events", json={**EVENT, "ticket_id": "TK-0003"})

    found = client.get("/v1/tickets/TK-0003").json()

    assert found["recorded"]["subject"] == "question 3"
    assert found["recorded"]["created_at"] == "2026-02-19T15:00:00Z"
    assert [(entry["kind"], entry["content"]["type"]) for entry in found["heard"]] == [("event", "MessageAdded")]


def test_a_ticket_that_was_only_heard_of_is_answered_before_any_build(empty):
    empty.post("/v1/tickets", json=TICKET)

    found = empty.get("/v1/tickets/TK-9001").json()

    assert found["recorded"] is None
    assert found["heard"][0]["content"] == TICKET


def test_an_unknown_ticket_is_not_found_in_a_lake_and_unknowable_without_one(client, empty):
    assert client.get("/v1/tickets/TK-77").status_code == 404
    assert empty.get("/v1/tickets/TK-77").json()["asset"] == "silver/tickets"
    assert empty.get("/v1/tickets/TK-77").status_code == 503


@pytest.mark.parametrize("name", ["a%00b", "%0A", "x" * 201, "%ED%A0%80", "%FF"])
def test_a_name_that_no_ticket_has_is_an_error_of_the_caller(client, name):
    assert client.get(f"/v1/tickets/{name}").status_code in (400, 404)


def test_what_silver_took_in_is_no_longer_shown_as_heard(client, settle):
    client.post("/v1/tickets", json=TICKET)
    waiting = client.get("/v1/tickets/TK-9001").json()
    settle()
    taken = client.get("/v1/tickets/TK-9001").json()

    assert (waiting["recorded"], len(waiting["heard"])) == (None, 1)
    assert (taken["recorded"]["subject"], taken["heard"]) == ("Export stops", [])


@pytest.mark.parametrize("drained", [True, False])
def test_two_fields_do_not_erase_the_others_of_a_known_ticket(client, settle, drained):
    full = {**TICKET, "description": "After 40 %.", "category": "Billing", "response_count": 3}
    client.post("/v1/tickets", json=full)
    if drained:
        settle()

    answer = client.post("/v1/tickets", json={"ticket_id": "TK-9001", "subject": "Export stops"})

    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/created_at"
    assert "POST /v1/events" in error["detail"]
    assert stored(settle(), "TK-9001")["category"] == "Billing"


def test_a_ticket_that_came_by_file_is_not_replaced_either(client):
    answer = client.post("/v1/tickets", json={"ticket_id": "TK-0003", "subject": "mine now"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/created_at")


def test_a_whole_record_with_a_later_update_replaces_its_ticket(client, settle):
    newer = {**TICKET, "updated_at": "2026-03-01T12:00:00Z", "category": "Login"}
    client.post("/v1/tickets", json={**TICKET, "category": "Billing"})

    answers = [client.post("/v1/tickets", json=body) for body in (newer, {**newer, "category": "Other"})]

    assert [answer.status_code for answer in answers] == [202, 409]
    assert answers[1].json()["errors"][0]["pointer"] == "/updated_at"
    assert stored(settle(), "TK-9001")["category"] == "Login"


def test_a_body_that_was_accepted_is_a_repetition_under_whatever_key(client, settle):
    first = client.post("/v1/tickets", json={"ticket_id": "TK-9001", "subject": "x"}).json()["receipts"]
    settle()
    again = client.post(
        "/v1/tickets", json={"subject": "x", "ticket_id": "TK-9001"}, headers={"Idempotency-Key": "k"}
    ).json()["receipts"]

    assert again == [{**first[0], "repeated": True}]


def test_of_several_at_the_same_moment_one_makes_the_ticket_and_the_others_are_told(client, settle):
    def post(number):
        return client.post("/v1/tickets", json={"ticket_id": "TK-9001", "subject": f"words {number}"}).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(post, range(24)))

    assert sorted(answers) == [202] + [409] * 23
    settle()


def test_a_batch_that_contradicts_itself_is_refused_whole(client, lake, settle):
    answer = client.post("/v1/tickets", json=[TICKET, {**TICKET, "subject": "other"}])

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/1/updated_at")
    assert settle().filter(ticket_id="TK-9001").is_empty()


def test_a_ticket_without_an_id_gets_one_and_a_key_gives_the_same_one_again(client, settle):
    body = {"subject": "Cannot log in"}
    without = [client.post("/v1/tickets", json=body).json()["receipts"][0] for _ in "12"]
    keyed = [
        client.post("/v1/tickets", json=body, headers={"Idempotency-Key": "k"}).json()["receipts"][0] for _ in "12"
    ]

    ids = {receipt["ticket_id"] for receipt in without}
    assert len(ids) == 2
    assert [receipt["repeated"] for receipt in (*without, *keyed)] == [False, False, False, True]
    assert keyed[0]["ticket_id"] == keyed[1]["ticket_id"]
    tickets = settle()
    assert all(stored(tickets, ticket_id)["subject"] == "Cannot log in" for ticket_id in {*ids, keyed[0]["ticket_id"]})


def test_the_events_of_a_ticket_are_shown_before_and_after_they_are_drained(client, settle):
    resolved = {
        **EVENT,
        "type": "TicketResolved",
        "event_time": "2026-03-01T12:00:00Z",
        "idempotency_key": "resolved-1",
        "actor": {"kind": "agent", "id": "A-1"},
        "payload": {"resolution": "Restarted the export."},
    }
    client.post("/v1/tickets", json=TICKET)
    client.post("/v1/events", json=[resolved, EVENT])

    before = client.get("/v1/tickets/TK-9001").json()
    settle()
    after = client.get("/v1/tickets/TK-9001").json()

    assert (before["events"], [entry["kind"] for entry in before["heard"]]) == ([], ["ticket", "event", "event"])
    assert [(event["type"], event["actor"]["id"]) for event in after["events"]] == [
        ("MessageAdded", "C-1"),
        ("TicketResolved", "A-1"),
    ]
    assert after["events"][0]["payload"] == {"text": "still broken"}
    assert (after["heard"], after["recorded"]["resolution"]) == ([], "Restarted the export.")


def test_a_ticket_of_which_only_events_are_known_is_found(client, settle):
    client.post("/v1/events", json={**EVENT, "ticket_id": "TK-9009"})
    settle()

    found = client.get("/v1/tickets/TK-9009").json()

    assert (found["recorded"], [event["type"] for event in found["events"]]) == (None, ["MessageAdded"])


@pytest.mark.parametrize("path", ["/v1/tickets/2026%2F117", "/v1/tickets/2026%2f117"])
def test_a_name_may_hold_a_slash(empty, path):
    empty.post("/v1/tickets", json={**TICKET, "ticket_id": "2026/117"})

    assert empty.get(path).json()["heard"][0]["content"]["ticket_id"] == "2026/117"
    assert "2026/117" in empty.get(f"/console{path.removeprefix('/v1')}").text
    assert empty.get("/v1/tickets/2026/117").status_code == 404


def test_a_slash_in_a_query_is_none_of_the_path(client):
    assert client.get("/v1/tickets/TK-0003?a=%2F").json() == client.get("/v1/tickets/TK-0003").json()
