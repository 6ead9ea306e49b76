"""Whoever appends and whoever stamps, in whatever order: each row lies in exactly one batch."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.entries import Entry
from operations.inbox import Inbox
from operations.schema import inbox as inbox_table
from operations.store import Store, open_store

ROOT = Path(__file__).parents[2]
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
CONNECTIONS = 3

append = st.tuples(st.just("append"), st.integers(0, CONNECTIONS - 1), st.integers(1, 7))
stamp = st.tuples(st.just("stamp"), st.integers(0, CONNECTIONS - 1), st.integers(1, 9))
hold = st.tuples(st.just("hold"), st.integers(0, CONNECTIONS - 1), st.just(0))
release = st.tuples(st.just("release"), st.integers(0, CONNECTIONS - 1), st.just(0))
unhurried = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _entry(key: str) -> Entry:
    return Entry(kind="event", idempotency_key=key, ticket_id="T", body=f'"{key}"', received_at=RECEIVED)


def _batches(inbox: Inbox, after: int) -> list[str]:
    return [row.idempotency_key for batch in inbox.batches(after) for row in inbox.read(batch, "event")]


@pytest.fixture
def stores(url: str) -> Iterator[list[Store]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(open_store(url))) for _ in range(CONNECTIONS)]


@unhurried
@given(steps=st.lists(st.one_of(append, stamp), max_size=25))
def test_any_interleaving_puts_each_row_into_one_batch(stores: list[Store], steps: list[tuple[str, int, int]]) -> None:
    inboxes, run = [Inbox(store) for store in stores], uuid4().hex
    before, expected, given_out = max(inboxes[0].batches(), default=0), [], []

    for number, (what, which, size) in enumerate(steps):
        if what == "append":
            keys = [f"{run}-{number}-{n}" for n in range(size)]
            inboxes[which].append([_entry(key) for key in keys])
            expected += keys
        elif (batch := inboxes[which].stamp(rows=size)) is not None:
            given_out.append(batch)
            assert len(inboxes[which].read(batch, "event")) <= size
    while (batch := inboxes[0].stamp()) is not None:
        given_out.append(batch)

    assert _batches(inboxes[1], before) == expected
    assert given_out == [before + n + 1 for n in range(len(given_out))]


class _Held:
    """A transaction that has written its row and waits to be allowed to commit."""

    def __init__(self, store: Store, key: str, pool: ThreadPoolExecutor) -> None:
        self._written, self._may_commit, self._key = Event(), Event(), key
        self._done: Future[None] = pool.submit(store.write, self._work)
        assert self._written.wait(30)

    def commit(self) -> None:
        self._may_commit.set()
        self._done.result(30)

    def _work(self, connection: Any) -> None:
        row = {"kind": "event", "idempotency_key": self._key, "ticket_id": "T", "body": "1", "bytes": 1, "digest": "d"}
        connection.execute(inbox_table.insert(), {**row, "received_at": RECEIVED})
        self._written.set()
        assert self._may_commit.wait(30)


@unhurried
@given(steps=st.lists(st.one_of(append, stamp, hold, release), max_size=25))
def test_transactions_that_overlap_put_each_row_into_one_batch(
    postgresql_stores: list[Store], steps: list[tuple[str, int, int]]
) -> None:
    inboxes, run = [Inbox(store) for store in postgresql_stores], uuid4().hex
    before, expected = max(inboxes[0].batches(), default=0), []
    held: dict[int, _Held] = {}

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for number, (what, which, size) in enumerate(steps):
            keys = [f"{run}-{number}-{n}" for n in range(size or 1)]
            if what == "append":
                inboxes[which].append([_entry(key) for key in keys])
                expected += keys
            elif what == "stamp":
                inboxes[which].stamp(rows=size)
            elif what == "release" and which in held:
                held.pop(which).commit()
            elif what == "hold" and which not in held:
                held[which] = _Held(postgresql_stores[which], keys[0], pool)
                expected += keys
        for transaction in held.values():
            transaction.commit()
    while inboxes[0].stamp() is not None:
        pass

    assert sorted(_batches(inboxes[1], before)) == sorted(expected)


@pytest.fixture
def postgresql_stores(new_postgresql_url: Callable[[], str]) -> Iterator[list[Store]]:
    url = new_postgresql_url()
    with ExitStack() as stack:
        yield [stack.enter_context(closing(open_store(url))) for _ in range(CONNECTIONS)]


APPEND_UNTIL_KILLED = """
import sys
from datetime import UTC, datetime
from itertools import count
from operations.entries import Entry
from operations.inbox import Inbox
from operations.store import open_store

inbox = Inbox(open_store(sys.argv[1]))
for n in count():
    received = datetime(2026, 1, 1, tzinfo=UTC)
    inbox.append([Entry(kind="event", idempotency_key=f"k{n}", ticket_id="T", body="{}", received_at=received)])
    print(f"k{n}", flush=True)
"""


def test_what_was_acknowledged_survives_the_writer(inbox: Inbox, url: str) -> None:
    command = [sys.executable, "-c", APPEND_UNTIL_KILLED, url]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline().strip() for _ in range(100)]
    writer.kill()
    rest, _ = writer.communicate(timeout=30)
    acknowledged += rest.split()

    kept = [row.idempotency_key for row in inbox.for_ticket("T")]
    assert kept[: len(acknowledged)] == acknowledged
    assert len(kept) - len(acknowledged) in (0, 1)


def _append_many(url: str, writer: str, rows: int) -> list[int]:
    with closing(open_store(url)) as store:
        inbox = Inbox(store)
        return [inbox.append([_entry(f"{writer}-{n}")])[0].seq for n in range(rows)]


def _stamp_while(inbox: Inbox, writing: list[Any], done: Callable[[Any], bool]) -> None:
    while not all(done(writer) for writer in writing):
        inbox.stamp(rows=50)
        time.sleep(0.002)
    while inbox.stamp(rows=50) is not None:
        pass


def test_eight_threads_append_while_another_stamps(inbox: Inbox, url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(_append_many, url, f"w{n}", 100) for n in range(8)]
        _stamp_while(inbox, writing, Future.done)
        seqs = [seq for writer in writing for seq in writer.result()]

    keys = _batches(inbox, 0)
    assert len(set(seqs)) == 800
    assert len(keys) == 800
    assert set(keys) == {f"w{n}-{m}" for n in range(8) for m in range(100)}


def test_two_processes_append_while_another_stamps(inbox: Inbox, url: str) -> None:
    with get_context("spawn").Pool(2) as pool:
        writing = [pool.apply_async(_append_many, (url, f"w{n}", 200)) for n in range(2)]
        _stamp_while(inbox, writing, lambda writer: writer.ready())
        seqs = [seq for writer in writing for seq in writer.get()]

    keys = _batches(inbox, 0)
    assert len(set(seqs)) == 400
    assert len(keys) == 400
    assert set(keys) == {f"w{n}-{m}" for n in range(2) for m in range(200)}


def test_who_follows_the_batches_meets_each_row_once_while_many_stamp(inbox: Inbox, url: str) -> None:
    met: list[str] = []

    def follow(after: int) -> int:
        for batch in inbox.batches(after):
            met.extend(row.idempotency_key for row in inbox.read(batch, "event"))
            after = batch
        return after

    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(_append_many, url, f"w{n}", 100) for n in range(4)]
        stamping = [pool.submit(_stamp_while, inbox, writing, Future.done) for _ in range(3)]
        last = 0
        while not all(stamper.done() for stamper in stamping):
            last = follow(last)
        follow(last)

    assert sorted(met) == sorted(f"w{n}-{m}" for n in range(4) for m in range(100))
