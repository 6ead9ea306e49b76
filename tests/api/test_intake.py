import json
from datetime import datetime

import pytest

from operations.inbox import Inbox
from operations.store import open_store

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


def entries(lake, ticket_id="TK-9001"):
    store = open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")
    try:
        return Inbox(store).for_ticket(ticket_id)
    finally:
        store.close()


def test_a_posted_ticket_is_in_the_inbox_when_the_answer_arrives(client, lake):
    answer = client.post("/v1/tickets", json={**TICKET, "house_rule": {"kept": [1, None]}})

    assert answer.status_code == 202
    (receipt,) = answer.json()["receipts"]
    (entry,) = entries(lake)
    assert (receipt["seq"], receipt["repeated"]) == (entry.seq, False)
    assert json.loads(entry.body) == {**TICKET, "house_rule": {"kept": [1, None]}}


def test_a_ticket_without_a_time_was_opened_when_it_was_received(client, lake):
    receipt = client.post("/v1/tickets", json={"ticket_id": "TK-9001", "subject": "x"}).json()["receipts"][0]

    body = json.loads(entries(lake)[0].body)
    assert datetime.fromisoformat(body["created_at"]) == datetime.fromisoformat(receipt["received_at"])


def test_the_same_ticket_sent_twice_is_kept_once(client, lake):
    first, second = (client.post("/v1/tickets", json={"ticket_id": "TK-9001", "subject": "x"}).json() for _ in "12")

    assert second["receipts"][0] == {**first["receipts"][0], "repeated": True}
    assert len(entries(lake)) == 1


def test_a_key_used_for_another_body_is_a_conflict_and_keeps_nothing(client, lake):
    client.post("/v1/tickets", json=TICKET, headers={"Idempotency-Key": "k"})

    again = client.post("/v1/tickets", json=TICKET, headers={"Idempotency-Key": "k"})
    other = client.post("/v1/tickets", json={**TICKET, "subject": "other"}, headers={"Idempotency-Key": "k"})

    assert again.json()["receipts"][0]["repeated"]
    assert (other.status_code, other.headers["content-type"]) == (409, "application/problem+json")
    assert "another body" in other.json()["detail"]
    assert len(entries(lake)) == 1


def test_a_batch_is_kept_whole_or_not_at_all(client, lake):
    broken = client.post("/v1/tickets", json=[TICKET, {**TICKET, "priority": 3}, {"ticket_id": "TK-1"}])
    whole = client.post(
        "/v1/tickets", json=[TICKET, {**TICKET, "ticket_id": "TK-9002"}], headers={"Idempotency-Key": "b"}
    )

    assert broken.status_code == 400
    assert [error["pointer"] for error in broken.json()["errors"]] == ["/1/priority", "/2/subject"]
    assert [receipt["idempotency_key"] for receipt in whole.json()["receipts"]] == ["b.0", "b.1"]
    assert len(entries(lake)) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ticket_id": ""}, "/ticket_id"),
        ({"ticket_id": "x" * 201}, "/ticket_id"),
        ({"ticket_id": "a\nb"}, "/ticket_id"),
        ({"ticket_id": 7}, "/ticket_id"),
        ({"ticket_id": " TK-9001"}, "/ticket_id"),
        ({"subject": None}, "/subject"),
        ({"subject": " ", "description": ""}, "/subject"),
        ({"subject": ["x"]}, "/subject"),
        ({"description": "a\x00b"}, "/description"),
        ({"nested": {"a/b~": ["\x00"]}}, "/nested/a~1b~0/0"),
        ({"created_at": "yesterday"}, "/created_at"),
        ({"created_at": "2026-03-01T10:00:00"}, "/created_at"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "/created_at"),
        ({"created_at": "1815-06-18T11:00:00Z"}, "/created_at"),
        ({"created_at": "9999-12-31T23:59:59Z"}, "/created_at"),
        ({"updated_at": 4_000_000_000_000}, "/updated_at"),
        ({"created_at": -1}, "/created_at"),
        ({"created_at": "1985-10-26T01:21:00Z"}, "/created_at"),
        ({"created_at": 86_400_000}, "/created_at"),
        ({"satisfaction_score": 77}, "/satisfaction_score"),
        ({"resolution_time_hours": -0.5}, "/resolution_time_hours"),
        ({"response_count": "3"}, "/response_count"),
        ({"response_count": 2**63}, "/response_count"),
        ({"anything": 10**40}, "/anything"),
        ({"response_count": True}, "/response_count"),
        ({"escalated": 1}, "/escalated"),
        ({"tags": "one"}, "/tags"),
        ({"tags": ["one", 2]}, "/tags/1"),
    ],
)
def test_a_field_that_is_wrong_is_named(client, lake, change, pointer):
    answer = client.post("/v1/tickets", json={**TICKET, **change})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert entries(lake) == []


def test_epoch_milliseconds_are_a_time_too(client):
    assert client.post("/v1/tickets", json={**TICKET, "created_at": 1_767_225_600_000}).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"ticket_id": "\xff"}',
        b'{"ticket_id": "a", "other": "\xc3\x28"}',
        rb'{"ticket_id": "\ud800", "subject": "x"}',
        rb'{"ticket_id": "a", "subject": "x", "other": "\udc00"}',
        b'{"ticket_id": "a", "subject": "x", "other": 1e999}',
        b'{"ticket_id": "a", "subject": "x", "other": NaN}',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"null",
        b"7",
        b'"text"',
        b"[]",
        b"[null]",
        b"[[]]",
    ],
    ids=lambda body: repr(body[:30]),
)
@pytest.mark.parametrize("path", ["/v1/tickets", "/v1/events", "/v1/predict-ticket"])
def test_what_is_no_such_body_is_refused_and_never_an_error_of_ours(client, path, body):
    answer = client.post(path, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert all("pointer" in error for error in answer.json()["errors"])


def test_a_huge_body_is_refused_unread(client):
    answer = client.post("/v1/tickets", content=b" " * 9_000_000, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_another_content_type_is_refused(client):
    answer = client.post("/v1/tickets", content=json.dumps(TICKET), headers={"content-type": "text/plain"})

    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")


def test_an_event_is_kept_once_under_its_own_key(client, lake):
    first, second = (client.post("/v1/events", json=EVENT) for _ in "12")
    other = client.post("/v1/events", json={**EVENT, "payload": {"text": "fine now"}})

    assert (first.status_code, second.status_code, other.status_code) == (202, 202, 409)
    assert second.json()["receipts"][0]["repeated"]
    assert [json.loads(entry.body)["payload"] for entry in entries(lake)] == [{"text": "still broken"}]


def test_an_event_without_a_key_takes_the_headers(client):
    keyless = {name: value for name, value in EVENT.items() if name != "idempotency_key"}

    answer = client.post("/v1/events", json=[keyless, keyless], headers={"Idempotency-Key": "h"})
    without = client.post("/v1/events", json=keyless)

    assert [receipt["idempotency_key"] for receipt in answer.json()["receipts"]] == ["h.0", "h.1"]
    assert (without.status_code, without.json()["errors"][0]["pointer"]) == (400, "/idempotency_key")


def test_every_event_of_a_batch_that_is_wrong_is_named(client):
    wrong = [
        EVENT,
        {**EVENT, "type": "Unheard"},
        {**EVENT, "event_time": "2999-01-01T00:00:00Z"},
        {**EVENT, "payload": {"txt": "x"}},
    ]

    answer = client.post("/v1/events", json=wrong)

    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert (answer.status_code, pointers) == (400, ["/1/type", "/2/event_time", "/3/payload/txt"])
