"""Killed after any durable step, or at any moment, the next run ends as if nothing had happened."""

import json
import random
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import sleep

import pytest

from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.ingest import ingest

NOW = datetime(2026, 7, 1, tzinfo=UTC)
CHILD = Path(__file__).with_name("ingest_and_die.py")
TABLES = (*bronze.TABLES, *silver.TABLES)
MOST_STEPS = 30


def rows(root):
    """What every table holds, whatever the order."""
    lake = Lake(root)
    return {t.path: lake.read(t).sort(t.schema.names()[:5]).to_dicts() for t in TABLES if lake.exists(t)}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A first load, and a second one with everything that can happen to a record."""
    folder = tmp_path_factory.mktemp("files")

    def ticket(number, day=1, **changes):
        base = {"ticket_id": f"T-{number}", "created_at": "2026-01-01T00:00:00Z", "subject": f"s {number}"}
        return {**base, "updated_at": f"2026-01-{day:02d}T00:00:00Z", **changes}

    first = [ticket(n, 5) for n in range(40)]
    second = [
        *(ticket(n, 6, subject="newer") for n in range(10)),
        *(ticket(n, 4) for n in range(10, 15)),
        *(ticket(n, 5, subject="other words") for n in range(15, 20)),
        *(ticket(n, 5) for n in range(20, 25)),
        ticket(100, 1),
        ticket(100, 2, subject="second version in one file"),
        ticket(100, 1, subject="conflict with the first"),
        ticket(0, 7, subject="newest"),
        *(ticket(n, 1) for n in range(101, 120)),
    ]
    lines = [json.dumps(record) for record in second] + ["broken", "broken", '{"ticket_id": "X"}']
    (folder / "first.jsonl").write_text("\n".join(map(json.dumps, first)))
    (folder / "second.jsonl").write_text("\n".join(lines))
    return folder / "first.jsonl", folder / "second.jsonl"


@pytest.fixture(scope="module")
def undisturbed(files, tmp_path_factory):
    """The lake after the first file, and what is there after the second."""
    root = tmp_path_factory.mktemp("undisturbed") / "lake"
    ingest(Lake(root), files[0], now=NOW)
    between = root.with_name("between")
    shutil.copytree(root, between)
    ingest(Lake(root), files[1], now=NOW)
    return between, rows(between), rows(root)


def test_the_undisturbed_second_load_is_what_the_rules_say(undisturbed):
    after = undisturbed[2]
    reasons = [row["reason"] for row in after["silver/quarantine"]]
    assert sorted(set(reasons)) == ["conflict", "contract", "malformed", "stale"]
    assert (reasons.count("stale"), reasons.count("conflict"), reasons.count("malformed")) == (6, 5, 2)
    subjects = {row["ticket_id"]: row["subject"] for row in after["silver/tickets"]}
    assert (subjects["T-0"], subjects["T-1"], subjects["T-100"]) == ("newest", "newer", "second version in one file")
    assert len(subjects) == 60


@pytest.mark.parametrize("number", [0, 1], ids=["first load", "second load"])
def test_killed_after_every_durable_step_in_turn(files, undisturbed, tmp_path, number):
    expected = undisturbed[number + 1]
    for step in range(1, MOST_STEPS):
        root = tmp_path / f"lake-{step}"
        if number:
            shutil.copytree(undisturbed[0], root)
        child = subprocess.run([sys.executable, CHILD, root, files[number], str(step)], check=False)
        if child.returncode == 0:
            break
        assert child.returncode == 9
        ingest(Lake(root), files[number], now=NOW)
        assert rows(root) == expected, f"killed after step {step}"
    else:
        pytest.fail(f"more than {MOST_STEPS} durable steps")
    assert step > 4


def test_killed_while_messages_become_tickets_and_events(tmp_path):
    head = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
    at = "Tue Oct 31 22:10:47 +0000 2017"
    chains = "".join(f"{n},u{n % 3},{n % 2 == 0},{at},text {n},,{'' if n % 4 == 1 else n - 1}\n" for n in range(1, 41))
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(head + chains)
    second.write_text(
        head + chains + f"99,u1,True,{at},late,,40\n40,u1,True,{at},other words,,39\n98,u1,True,never,x,,\n"
    )
    before, after = tmp_path / "before", tmp_path / "after"
    ingest(Lake(before), first, now=NOW, mapping="twitter")
    shutil.copytree(before, after)
    report = ingest(Lake(after), second, now=NOW, mapping="twitter")
    assert (report.new, report.unchanged, report.quarantined) == (1, 40, 2)
    for step in range(1, MOST_STEPS):
        root = tmp_path / f"lake-{step}"
        shutil.copytree(before, root)
        child = subprocess.run([sys.executable, CHILD, root, second, str(step), "twitter"], check=False)
        if child.returncode == 0:
            break
        assert child.returncode == 9
        ingest(Lake(root), second, now=NOW, mapping="twitter")
        assert rows(root) == rows(after), f"killed after step {step}"
    assert 4 < step < MOST_STEPS - 1


def test_killed_while_events_change_tickets(files, undisturbed, tmp_path):
    told = [("TicketResolved", {}, 0), ("TicketOpened", {"subject": "new"}, 900), ("FeedbackGiven", {"score": 9}, 1)]
    common = {"version": 1, "event_time": "2026-02-01T00:00:00Z", "actor": {"kind": "agent", "id": "A"}}
    events = tmp_path / "events.jsonl"
    lines = [
        {**common, "type": type_, "payload": payload, "ticket_id": f"T-{n}", "idempotency_key": f"e-{n}"}
        for type_, payload, n in told
    ]
    events.write_text("\n".join(map(json.dumps, lines)))
    after = tmp_path / "after"
    shutil.copytree(undisturbed[0], after)
    assert ingest(Lake(after), events, now=NOW).quarantined == 1
    for step in range(1, MOST_STEPS):
        root = tmp_path / f"lake-{step}"
        shutil.copytree(undisturbed[0], root)
        child = subprocess.run([sys.executable, CHILD, root, events, str(step)], check=False)
        if child.returncode == 0:
            break
        assert child.returncode == 9
        ingest(Lake(root), events, now=NOW)
        assert rows(root) == rows(after), f"killed after step {step}"
    assert 4 < step < MOST_STEPS - 1


@pytest.mark.parametrize("seed", [1, 2, 3, *(pytest.param(n, marks=pytest.mark.long) for n in range(4, 21))])
def test_killed_at_random_moments(files, undisturbed, tmp_path, seed):
    random.seed(seed)
    root = tmp_path / "lake"
    shutil.copytree(undisturbed[0], root)
    for _ in range(3):
        child = subprocess.Popen([sys.executable, CHILD, root, files[1], "0"])
        sleep(random.uniform(0.3, 1.6))
        child.send_signal(signal.SIGKILL)
        child.wait()
    ingest(Lake(root), files[1], now=NOW)
    assert rows(root) == undisturbed[2]
