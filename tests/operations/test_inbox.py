import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, delete, event

from operations.entries import Entry, digest_of
from operations.inbox import Inbox
from operations.schema import inbox as inbox_table
from operations.store import Store, open_store
from warehouse.errors import Conflict, ContractBroken

MakeEntry = Callable[..., Entry]


def test_receipts_come_in_the_order_of_the_entries(inbox: Inbox, make_entry: MakeEntry) -> None:
    receipts = inbox.append([make_entry(f"k{n}") for n in range(2_500, 0, -1)])

    assert [receipt.idempotency_key for receipt in receipts] == [f"k{n}" for n in range(2_500, 0, -1)]
    assert [receipt.seq for receipt in receipts] == sorted({receipt.seq for receipt in receipts})
    assert not any(receipt.repeated for receipt in receipts)


def test_nothing_to_append_is_no_error(inbox: Inbox) -> None:
    assert inbox.append([]) == []
    assert inbox.newest() == []
    assert inbox.last_seq() == 0


def test_a_row_comes_out_as_it_went_in(inbox: Inbox, make_entry: MakeEntry) -> None:
    body = '{"text": "Grüße, 東京 🎈 \\u0000 \\"quoted\\""}\n'
    entry = make_entry("k", kind="event", ticket="T-9", body=body)
    moved = msgspec.structs.replace(entry, received_at=entry.received_at.astimezone(timezone(timedelta(hours=9))))

    (receipt,) = inbox.append([moved])

    (row,) = inbox.for_ticket("T-9")
    assert (row.seq, row.kind, row.idempotency_key, row.body) == (receipt.seq, "event", "k", body)
    assert (row.digest, row.batch) == (digest_of(body.encode()), None)
    assert (row.received_at, row.received_at.tzinfo) == (entry.received_at, UTC)


def test_the_same_again_gives_the_earlier_receipt(inbox: Inbox, make_entry: MakeEntry) -> None:
    (first,) = inbox.append([make_entry("a")])
    later = msgspec.structs.replace(make_entry("a"), received_at=first.received_at + timedelta(hours=1))

    again, other = inbox.append([later, make_entry("b")])

    assert again == msgspec.structs.replace(first, repeated=True)
    assert other.seq > first.seq
    assert not other.repeated
    assert len(inbox.for_ticket("T-1")) == 2


def test_everything_ever_heard_of_several_tickets_is_found_drained_or_not(inbox: Inbox, make_entry: MakeEntry) -> None:
    receipts = inbox.append([make_entry(f"k{n}", ticket=f"T-{n}") for n in range(1_200)])
    inbox.stamp()

    found = inbox.for_tickets(f"T-{n}" for n in range(1, 1_200))

    assert [row.seq for row in found] == [receipt.seq for receipt in receipts[1:]]
    assert [receipt.ticket_id for receipt in receipts[:2]] == ["T-0", "T-1"]


def test_the_same_twice_in_one_call_is_kept_once(inbox: Inbox, make_entry: MakeEntry) -> None:
    first, second = inbox.append([make_entry("a"), make_entry("a")])

    assert (first.repeated, second.repeated) == (False, True)
    assert first.seq == second.seq


@pytest.mark.parametrize("other", [{"body": "{}"}, {"ticket": "T-2"}, {"kind": "event"}])
def test_a_key_with_other_content_is_a_conflict_and_nothing_is_kept(
    inbox: Inbox, make_entry: MakeEntry, other: dict[str, str]
) -> None:
    inbox.append([make_entry("a", body='{"key": "a"}')])
    other = {"body": '{"key": "a"}', **other}

    with pytest.raises(Conflict, match=r"'a' was used before with another (body|ticket_id|kind)"):
        inbox.append([make_entry("b"), make_entry("a", **other)])
    with pytest.raises(Conflict, match="'c' was used before"):
        inbox.append([make_entry("b"), make_entry("c"), make_entry("c", body='{"other": 1}')])

    assert [row.idempotency_key for row in inbox.for_ticket("T-1")] == ["a"]


def test_the_digest_says_what_is_the_same_when_we_added_to_the_body(inbox: Inbox, make_entry: MakeEntry) -> None:
    def heard(hour: int) -> Entry:
        entry = make_entry("a", body=f'{{"said": 1, "received": {hour}}}')
        return msgspec.structs.replace(entry, digest="said 1")

    inbox.append([heard(1)])

    assert inbox.append([heard(2)])[0].repeated
    assert [row.body for row in inbox.for_ticket("T-1")] == ['{"said": 1, "received": 1}']


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("idempotency_key", "", "idempotency_key has 0 characters, expected 1 to 200"),
        ("idempotency_key", "k" * 201, "idempotency_key has 201 characters"),
        ("ticket_id", "T\x00", "ticket_id holds a character that cannot be printed"),
        ("ticket_id", "\ud800", "ticket_id holds a character that cannot be printed"),
        ("body", "", "body is empty"),
        ("body", '{"a": "\x00"}', "body is empty, holds NUL"),
        ("body", '{"a": "\ud800"}', "body is empty, holds NUL or is not Unicode"),
        ("received_at", datetime(2026, 1, 1), "received_at has no offset"),  # noqa: DTZ001
    ],
)
def test_what_a_database_could_not_hold_is_refused_before(field: str, value: object, said: str) -> None:
    fields = {"kind": "event", "idempotency_key": "k", "ticket_id": "T", "body": "{}"}

    with pytest.raises(ContractBroken, match=said):
        Entry(**{**fields, "received_at": datetime(2026, 1, 1, tzinfo=UTC), field: value})


def test_stamping_an_empty_inbox_gives_no_batch(inbox: Inbox, make_entry: MakeEntry) -> None:
    assert inbox.stamp() is None

    inbox.append([make_entry("a")])

    assert [inbox.stamp(), inbox.stamp()] == [1, None]


def test_a_batch_holds_its_kind_in_order(inbox: Inbox, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("t1"), make_entry("e1", kind="event"), make_entry("t2")])
    inbox.stamp()
    inbox.append([make_entry("e2", kind="event")])
    inbox.stamp()

    assert [row.idempotency_key for row in inbox.read(1, "ticket")] == ["t1", "t2"]
    assert [row.idempotency_key for row in inbox.read(1, "event")] == ["e1"]
    assert inbox.read(2, "ticket") == []
    assert (inbox.batches(), inbox.batches(after=1), inbox.batches(kind="ticket")) == ([1, 2], [2], [1])


def test_a_batch_is_bounded_in_rows_and_bytes(inbox: Inbox, make_entry: MakeEntry) -> None:
    sizes = [10, 10, 10, 10, 10, 100, 10, 40]
    inbox.append([make_entry(f"k{n}", body="x" * size) for n, size in enumerate(sizes)])

    batches = []
    while (batch := inbox.stamp(rows=3, size=50)) is not None:
        batches.append([len(row.body) for row in inbox.read(batch, "ticket")])

    assert batches == [[10, 10, 10], [10, 10], [100], [10, 40]]


def test_stamping_until_leaves_what_came_later(inbox: Inbox, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("a")])
    until = inbox.last_seq()
    inbox.append([make_entry("b")])

    assert [inbox.stamp(until=until), inbox.stamp(until=until), inbox.stamp()] == [1, None, 2]


def test_a_number_is_not_given_twice_when_its_rows_are_gone(store: Store, inbox: Inbox, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("a")])
    inbox.stamp()
    store.write(lambda connection: connection.execute(delete(inbox_table)))
    (receipt,) = inbox.append([make_entry("b")])

    assert (inbox.stamp(), receipt.seq) == (2, 2)


def test_what_is_newer_than_a_batch_is_found_for_a_ticket(inbox: Inbox, make_entry: MakeEntry) -> None:
    for key in ("old", "new"):
        inbox.append([make_entry(key), make_entry(f"{key}, other ticket", ticket="T-2")])
        inbox.stamp()
    inbox.append([make_entry("newest", kind="event")])

    assert [row.idempotency_key for row in inbox.for_ticket("T-1")] == ["old", "new", "newest"]
    assert [row.idempotency_key for row in inbox.for_ticket("T-1", after=1)] == ["new", "newest"]
    assert inbox.for_ticket("T-3") == []


def test_the_state_counts_what_lies_there(inbox: Inbox, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("t1"), make_entry("e1", kind="event")])
    inbox.stamp()
    inbox.append([make_entry("t2"), make_entry("t3")])

    events, tickets = inbox.newest()
    assert (events.kind, events.rows, events.unstamped, events.last_batch) == ("event", 1, 0, 1)
    assert (tickets.kind, tickets.rows, tickets.unstamped, tickets.last_batch) == ("ticket", 3, 2, 1)
    assert tickets.last_received_at == make_entry("t3").received_at
    assert inbox.undrained({}) == 4
    assert inbox.undrained({"ticket": 0, "event": 0}) == 4
    assert inbox.undrained({"ticket": 1, "event": 0}) == 3
    assert inbox.undrained({"ticket": 1, "event": 1}) == 2


def test_a_transaction_that_commits_late_is_not_missed(
    new_postgresql_url: Callable[[], str], make_entry: MakeEntry
) -> None:
    with closing(open_store(new_postgresql_url())) as store, ThreadPoolExecutor(1) as pool:
        inbox, written, may_commit = Inbox(store), Event(), Event()

        def slow(connection: object) -> None:
            _insert(connection, "late")
            written.set()
            may_commit.wait(30)

        late = pool.submit(store.write, slow)
        written.wait(30)
        (early,) = inbox.append([make_entry("early")])
        assert inbox.stamp() == 1
        may_commit.set()
        late.result()
        assert inbox.stamp() == 2

        (row,) = inbox.read(2, "ticket")
        assert row.idempotency_key == "late"
        assert row.seq < early.seq


def _insert(connection: object, key: str) -> None:
    row = {"kind": "ticket", "idempotency_key": key, "ticket_id": "T-1", "body": "{}", "bytes": 2, "digest": "d"}
    received = datetime(2026, 1, 1, tzinfo=UTC)
    connection.execute(inbox_table.insert(), {**row, "received_at": received})  # type: ignore[attr-defined]


def test_of_many_who_send_the_same_at_once_one_is_first(inbox: Inbox, make_entry: MakeEntry) -> None:
    with ThreadPoolExecutor(8) as pool:
        receipts = [r for (r,) in pool.map(lambda _: inbox.append([make_entry("a")]), range(40))]

    assert [receipt.repeated for receipt in receipts].count(False) == 1
    assert {receipt.seq for receipt in receipts} == {inbox.for_ticket("T-1")[0].seq}


def test_batches_that_overlap_crosswise_all_arrive(inbox: Inbox, make_entry: MakeEntry) -> None:
    entries = [make_entry(f"k{n}") for n in range(50)]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(inbox.append, [entries, entries[::-1], entries[25:] + entries[:25], entries[::-1]]))

    assert len({receipt.seq for answer in answers for receipt in answer}) == 50
    assert [receipt.repeated for answer in answers for receipt in answer].count(False) == 50


def test_entries_are_found_by_their_keys(inbox: Inbox, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("a"), make_entry("b"), make_entry("c", kind="search", ticket="*")])

    found = inbox.with_keys(["c", "a", "nowhere"])

    assert {key: (row.seq, row.kind) for key, row in found.items()} == {"a": (1, "ticket"), "c": (3, "search")}
    assert inbox.with_keys([]) == {}


@pytest.mark.parametrize(
    "ask",
    [
        lambda inbox: inbox.since(3, 4),
        lambda inbox: inbox.since(3, 4, [1, 2]),
        lambda inbox: inbox.waiting({"ticket": 3, "event": 2}),
        lambda inbox: inbox.for_ticket("T-1", after=3),
        lambda inbox: inbox.with_keys(["a"]),
        lambda inbox: inbox.batches(3, "ticket"),
        lambda inbox: inbox.read(3, "ticket"),
    ],
)
def test_no_question_costs_more_because_of_what_has_lain_there_for_long(tmp_path: Path, make_entry: MakeEntry, ask):
    file = tmp_path / "store.db"
    asked: list[tuple[str, Any]] = []
    with closing(open_store(f"sqlite:///{file}")) as store:
        inbox = Inbox(store)
        inbox.append([make_entry(f"key {n}") for n in range(20)])

        def heard(_: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
            asked.append((statement, parameters))

        event.listen(Engine, "before_cursor_execute", heard)
        try:
            ask(inbox)
        finally:
            event.remove(Engine, "before_cursor_execute", heard)
    with closing(sqlite3.connect(file)) as connection:
        plans = [row[3] for said in asked for row in connection.execute(f"explain query plan {said[0]}", said[1])]
    assert asked
    assert not [plan for plan in plans if plan.startswith("SCAN inbox") and "ix_inbox_unstamped" not in plan], plans
