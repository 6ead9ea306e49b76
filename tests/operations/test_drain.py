"""Each entry exactly once in bronze, whatever dies on the way."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from operations.drain import DrainReport, drain, progress
from operations.entries import Entry, digest_of
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.contracts import bronze
from warehouse.delta import Lake

ROOT = Path(__file__).parents[2]
TABLES = (bronze.LOADS, bronze.TICKETS, bronze.EVENTS)

# One batch was stamped before, two kinds are mixed, and some entries are not stamped yet.
STEPS = ("stamped", "loads", "tickets", "tickets", "tickets", "loads", "events", "events")

DRAIN_AND_DIE = """
import os, signal, sys
from pathlib import Path
from operations.drain import drain
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.delta import Lake

url, root, left = sys.argv[1], sys.argv[2], int(sys.argv[3])

def step(name):
    global left
    left -= 1
    print(name, flush=True)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

print("ready", flush=True)
drain(Inbox(open_store(url)), Lake(Path(root)), on_step=step)
"""

MakeEntry = Callable[..., Entry]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def _fill(url: str, make_entry: MakeEntry, size: int = 1) -> None:
    """Tickets in three batches, events in two of them; the last batch is not stamped yet."""
    with closing(open_store(url)) as store:
        inbox = Inbox(store)
        for batch in range(3):
            inbox.append([make_entry(f"t{batch}.{n}", ticket=f"T-{n}") for n in range(4 * size)])
            if batch != 1:
                inbox.append([make_entry(f"e{batch}.{n}", kind="event", ticket=f"T-{n}") for n in range(3 * size)])
            if batch != 2:
                inbox.stamp()


def _drain_process(url: str, root: Path, die_after: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", DRAIN_AND_DIE, url, str(root), str(die_after)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _finish(url: str, root: Path) -> DrainReport:
    with closing(open_store(url)) as store:
        return drain(Inbox(store), Lake(root))


def _state(root: Path) -> list[pl.DataFrame]:
    lake = Lake(root)
    return [lake.read(table).sort(pl.first()) if lake.exists(table) else pl.DataFrame() for table in TABLES]


def _same(found: Path, expected: Path) -> bool:
    return all(one.equals(other) for one, other in zip(_state(found), _state(expected), strict=True))


def test_an_empty_inbox_touches_nothing(inbox: Inbox, lake: Lake) -> None:
    assert drain(inbox, lake) == DrainReport()
    assert not any(lake.exists(table) for table in TABLES)


def test_bronze_holds_each_entry_as_it_was_received(inbox: Inbox, lake: Lake, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("t1", body='{"a": "é"}'), make_entry("e1", kind="event"), make_entry("t2")])

    report = drain(inbox, lake)

    assert report == DrainReport(stamped=1, tickets=2, events=1)
    assert report.changed
    assert lake.read(bronze.TICKETS).sort("sequence").rows() == [
        (1, "inbox", "inbox", 1, digest_of('{"a": "é"}'.encode()), '{"a": "é"}'.encode()),
        (2, "inbox", "inbox", 3, digest_of(b'{"key": "t2"}'), b'{"key": "t2"}'),
    ]
    assert lake.read(bronze.EVENTS)["position"].to_list() == [2]
    assert lake.read(bronze.LOADS).sort("kind").select("load_id", "kind", "format", "loaded_at").rows() == [
        ("inbox", kind, "inbox", make_entry("t1").received_at) for kind in ("events", "tickets")
    ]


def test_a_second_drain_changes_nothing(inbox: Inbox, lake: Lake, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("t1"), make_entry("e1", kind="event")])
    drain(inbox, lake)
    before = [lake.version(table) for table in TABLES]

    report = drain(inbox, lake)

    assert report == DrainReport()
    assert not report.changed
    assert [lake.version(table) for table in TABLES] == before


def test_a_later_entry_follows_in_bronze_order(inbox: Inbox, lake: Lake, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("t1")])
    drain(inbox, lake)
    file = lake.read(bronze.TICKETS).with_columns(pl.lit(9, pl.Int64).alias("sequence"), pl.lit("f").alias("load_id"))
    lake.append(bronze.TICKETS, file)
    inbox.append([make_entry("t2")])

    assert drain(inbox, lake) == DrainReport(stamped=1, tickets=1)

    rows = lake.read(bronze.TICKETS).sort("sequence").select("sequence", "load_id", "position").rows()
    assert rows == [(1, "inbox", 1), (9, "f", 1), (10, "inbox", 2)]


def test_the_lake_says_what_waits_in_the_inbox(inbox: Inbox, lake: Lake, make_entry: MakeEntry) -> None:
    inbox.append([make_entry("t1"), make_entry("t2"), make_entry("e1", kind="event")])
    assert inbox.undrained(progress(lake)) == 3

    drain(inbox, lake)
    inbox.append([make_entry("t3"), make_entry("s1", kind="search")])

    assert progress(lake) == {"ticket": 1, "event": 1, "search": 0}
    assert inbox.undrained(progress(lake)) == 2


def test_drains_at_the_same_time_double_nothing(url: str, tmp_path: Path, make_entry: MakeEntry) -> None:
    _fill(url, make_entry, size=20)

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: _finish(url, tmp_path / "lake"), range(4)))

    assert sum(report.tickets for report in reports) == 240
    assert sum(report.events for report in reports) == 120
    for table, rows in ((bronze.TICKETS, 240), (bronze.EVENTS, 120)):
        found = Lake(tmp_path / "lake").read(table)
        assert found["sequence"].sort().to_list() == list(range(1, rows + 1))
        assert found["position"].n_unique() == rows


def test_draining_while_others_append_loses_nothing(url: str, lake: Lake, make_entry: MakeEntry) -> None:
    def write(writer: int) -> None:
        with closing(open_store(url)) as store:
            for n in range(60):
                Inbox(store).append([make_entry(f"{writer}.{n}", kind=("ticket", "event")[n % 2])])

    with closing(open_store(url)) as store, ThreadPoolExecutor(4) as pool:
        inbox = Inbox(store)
        writing = [pool.submit(write, n) for n in range(4)]
        while not all(writer.done() for writer in writing):
            drain(inbox, lake)
        drain(inbox, lake)

    for table in (bronze.TICKETS, bronze.EVENTS):
        assert lake.read(table)["record"].n_unique() == lake.row_count(table) == 120


def test_killed_after_any_durable_step_it_ends_as_if_undisturbed(
    new_url: Callable[[], str], tmp_path: Path, make_entry: MakeEntry
) -> None:
    undisturbed = tmp_path / "undisturbed"
    url = new_url()
    _fill(url, make_entry)
    with closing(open_store(url)) as store:
        steps: list[str] = []
        drain(Inbox(store), Lake(undisturbed), on_step=steps.append)
    assert len(steps) == len(STEPS)
    assert all(expected in found for expected, found in zip(STEPS, steps, strict=True))

    for die_after in range(1, len(STEPS) + 1):
        url, root = new_url(), tmp_path / f"killed-{die_after}"
        _fill(url, make_entry)
        killed = _drain_process(url, root, die_after)
        output, _ = killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL
        assert output.split("\n")[1:-1] == steps[:die_after]

        _finish(url, root)

        assert _same(root, undisturbed)
        assert _finish(url, root) == DrainReport()


@pytest.mark.long
def test_killed_at_random_it_ends_as_if_undisturbed(
    new_url: Callable[[], str], tmp_path: Path, make_entry: MakeEntry
) -> None:
    undisturbed, url, chance = tmp_path / "undisturbed", new_url(), random.Random(7)
    _fill(url, make_entry, size=300)
    running = _drain_process(url, undisturbed, 0)
    assert running.stdout is not None
    running.stdout.readline()
    began = time.monotonic()
    assert running.wait(60) == 0
    duration = time.monotonic() - began

    for number in range(20):
        url, root = new_url(), tmp_path / f"killed-{number}"
        _fill(url, make_entry, size=300)
        for _ in range(3):
            victim = _drain_process(url, root, 0)
            assert victim.stdout is not None
            victim.stdout.readline()
            time.sleep(chance.uniform(0, duration))
            victim.kill()
            victim.wait(60)
            victim.stdout.close()

        _finish(url, root)

        assert _same(root, undisturbed)
        assert _finish(url, root) == DrainReport()
