"""Erasures from the request to the receipt: killed after any durable step, on both databases."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from operations import drain as drains
from operations.entries import Entry
from operations.erasures import Erasures, NewErasure, erased_since
from operations.inbox import Inbox
from operations.incident_rows import KeptIncident, KeptSignal, NewChange, Turn, Written
from operations.incidents import IncidentStore
from operations.outbox import Delivery, Outbox
from operations.predictions import GivenPrediction, Predictions
from operations.store import Store, open_store
from service.erasing import Eraser, LeftBehind, ask, finish
from warehouse import leftovers
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.refine import refine

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
WORDS = ("Zxqvperson", "CUST-ZXQV", "T-ZXQV")

ERASE_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from operations.store import open_store
from service.erasing import Eraser, finish
from warehouse.delta import Lake

url, root, left = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

def step(name):
    global left
    left -= 1
    print(name, flush=True)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

store, now = open_store(url), datetime(2026, 5, 4, 13, tzinfo=UTC)
Eraser(Lake(root), store, on_step=step).look(now)
finish(root, store, lambda job: None, now=lambda: now, on_step=step)
"""


def ticket(number: int, customer: str, **more: object) -> Entry:
    name = f"T-{customer[5:]}-{number}"
    said = {"ticket_id": name, "customer_id": customer, "created_at": "2026-05-01T10:00:00Z"}
    body = json.dumps({**said, "subject": f"words of {customer}", **more})
    return Entry(kind="ticket", idempotency_key=f"k-{name}", ticket_id=name, body=body, received_at=NOW)


def signal_of(name: str, incident: str, tickets: list[str]) -> KeptSignal:
    return KeptSignal(
        signal_id=name, incident_id=incident, kind="volume", dimension="d", series="s", known_at=NOW,
        body=json.dumps({"signal_id": name, "ticket_ids": tickets}),
    )  # fmt: skip


def incident(name: str, tickets: list[str]) -> KeptIncident:
    evidence = {"example_tickets": tickets, "solution": {"for_ticket": tickets[0], "text": "restart"}}
    return KeptIncident(
        incident_id=name, state="open", severity="low", first_at=NOW, changed_at=NOW, turn=1, body="{}",
        evidence=json.dumps(evidence),
    )  # fmt: skip


def peopled(url: str, root: Path) -> None:
    """Tickets of two customers, drained and refined, one more that is not; a prediction, and incidents."""
    with closing(open_store(url)) as store:
        inbox, lake = Inbox(store), Lake(root)
        inbox.append([ticket(1, "CUST-ZXQV", description="Zxqvperson"), ticket(1, "CUST-9")])
        drains.drain(inbox, lake)
        refine(lake)
        inbox.append([ticket(2, "CUST-ZXQV"), ticket(2, "CUST-9")])
        given = [
            GivenPrediction(prediction_id=f"p-{name}", ticket_id=name, release="r", made_at=NOW, body="{}")
            for name in ("T-ZXQV-1", "T-9-1")
        ]
        Predictions(store).append(given)
        told = '{"likely_cause":"CUST-ZXQV","state":"open","other":"CUST-ZXQV-2"}'
        changes = [
            NewChange(change_key=f"{name}:1", incident_id=name, change="opened", at=NOW, body=told)
            for name in ("INC-1", "INC-2")
        ]
        sends = [
            Delivery(outbox_key=f"{one.change_key}@r", receiver="r", kind="k", payload=told, made_at=NOW)
            for one in changes
        ]
        written = Written(
            turn=Turn(turn=1, clock=NOW),
            incidents=[incident("INC-1", ["T-ZXQV-1", "T-9-1"]), incident("INC-2", ["T-ZXQV-1"])],
            signals=[signal_of("S-1", "INC-1", ["T-9-1", "T-ZXQV-1"]), signal_of("S-2", "INC-2", ["T-ZXQV-1"])],
            changes=changes,
            deliveries=sends,
        )
        assert IncidentStore(store).write(0, written)
        ask(lake, store, "customer", "CUST-ZXQV", who="desk", reason="a request", at=NOW)


@pytest.fixture
def lake(url: str, tmp_path: Path) -> Lake:
    peopled(url, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def state(url: str, root: Path) -> dict[str, object]:
    lake = Lake(root)
    with closing(open_store(url)) as store:
        kept = IncidentStore(store)
        (one,) = Erasures(store).all()
        return {
            "inbox": [row.ticket_id for row in Inbox(store).since(0, 0)],
            "prediction": [name for name in ("p-T-ZXQV-1", "p-T-9-1") if Predictions(store).find(name)],
            "incidents": [(row.incident_id, row.evidence) for row in kept.changed(0)],
            "signals": [(row.signal_id, row.body) for row in kept.signals(["INC-1", "INC-2"])],
            "changes": [(row.incident_id, row.body) for row in kept.changes(0, 10)],
            "outbox": [(row.outbox_key, row.payload) for row in Outbox(store).all()],
            "silver": lake.read(silver.TICKETS).sort("ticket_id").to_dicts(),
            "erasure": (one.state, one.subject, one.tickets, one.receipt.get("silver/tickets")),
        }


def test_simulated_files_that_name_them_go_and_what_is_the_users_is_named_with_whose_it_is(
    url: str, lake: Lake
) -> None:
    theirs, others = lake.root / "simulated" / "tickets.json", lake.root / "simulated" / "others.json"
    mine = lake.root / "notes.txt"
    theirs.parent.mkdir()
    for file in (theirs, mine):
        file.write_text("about T-ZXQV-1")
    others.write_text("about T-9-1")
    with closing(open_store(url)) as store:
        assert Eraser(lake, store).look(NOW) == 1
        ask(lake, store, "ticket", "T-NOBODY-7", who="dpo", reason="asked", at=NOW)
        assert Eraser(lake, store).look(NOW) == 1
        with pytest.raises(LeftBehind, match=r"^ERA-\w+: 1 places still hold an id .*: notes.txt. Delete what"):
            finish(lake.root, store, lambda _: None, now=lambda: NOW)
        states = {(one.state, bool(one.error)) for one in Erasures(store).all()}
        assert states == {("done", False), ("forgotten", True)}
        assert (theirs.exists(), others.exists()) == (False, True)
        mine.unlink()
        assert [one.state for one in finish(lake.root, store, lambda _: None, now=lambda: NOW)] == ["done"]


def test_nothing_of_them_is_left_in_the_store_or_the_lake(url: str, lake: Lake) -> None:
    with closing(open_store(url)) as store:
        assert Eraser(lake, store).look(NOW) == 1
        (done,) = finish(lake.root, store, lambda _: None, now=lambda: NOW)

        assert (done.state, done.subject, done.tickets) == ("done", None, ())
        assert done.receipt["operations/inbox"] == 2
        assert done.receipt["operations/prediction"] == 1
        assert done.receipt["silver/tickets"] == 1
        assert Eraser(lake, store).look(NOW) == 0
        assert finish(lake.root, store, lambda _: None, now=lambda: NOW) == []
    found = state(url, lake.root)
    assert found["inbox"] == ["T-9-1", "T-9-2"]
    assert found["prediction"] == ["p-T-9-1"]
    assert [row["ticket_id"] for row in found["silver"]] == ["T-9-1"]  # type: ignore[attr-defined]
    assert found["signals"] == [("S-1", '{"signal_id":"S-1","ticket_ids":["T-9-1"]}')]
    assert found["incidents"] == [("INC-1", '{"example_tickets":["T-9-1"],"solution":null,"missing":null}')]
    told = '{"likely_cause":"erased","state":"open","other":"CUST-ZXQV-2"}'
    assert found["changes"] == [("INC-1", told)]
    assert found["outbox"] == [("INC-1:1@r", told)]
    assert leftovers.found(lake.root.parent, ("Zxqvperson", 'CUST-ZXQV"')) == []


def test_killed_after_any_durable_step_it_is_carried_out_once_started_again(tmp_path: Path) -> None:
    def run(url: str, root: Path, die_after: int) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", ERASE_AND_DIE, url, str(root), str(die_after)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    url, root = f"sqlite:///{tmp_path / 'undisturbed.db'}", tmp_path / "undisturbed"
    peopled(url, root)
    whole = run(url, root, 0)
    steps, expected = whole.stdout.split("\n")[:-1], state(url, root)
    assert whole.returncode == 0, whole.stderr
    assert expected["erasure"] == ("done", None, (), 1)
    assert len(steps) == 8

    for die_after in range(1, len(steps) + 1):
        url, root = f"sqlite:///{tmp_path / f'{die_after}.db'}", tmp_path / f"killed-{die_after}"
        peopled(url, root)
        assert run(url, root, die_after).returncode == -signal.SIGKILL

        again = run(url, root, 0)

        assert again.returncode == 0, again.stderr
        assert {**state(url, root), "silver": None} == {**expected, "silver": None}
        assert leftovers.found(root, WORDS) == []


def test_what_they_send_afterwards_is_refused_and_goes_from_the_inbox(url: str, lake: Lake) -> None:
    with closing(open_store(url)) as store:
        eraser, inbox = Eraser(lake, store), Inbox(store)
        eraser.look(NOW)
        inbox.append([ticket(7, "CUST-ZXQV", description="Zxqvperson"), ticket(7, "CUST-9")])

        drains.drain(inbox, lake)
        refine(lake)
        eraser.look(NOW)

        assert inbox.for_tickets(["T-ZXQV-7"]) == []
        assert len(inbox.for_tickets(["T-9-7"])) == 1
        assert set(lake.read(silver.TICKETS)["ticket_id"]) == {"T-9-1", "T-9-2", "T-9-7"}
        assert lake.read(silver.QUARANTINE).filter(pl.col("reason") == "erased").height == 1


def test_the_same_request_under_way_is_one_erasure(store: Store) -> None:
    new = NewErasure(
        erasure_id="ERA-1", kind="ticket", digest="d", subject="T-1", who="desk", reason="why", requested_at=NOW
    )

    first, second = Erasures(store).ask(new), Erasures(store).ask(NewErasure(**{**_fields(new), "erasure_id": "ERA-2"}))

    assert (first[0].erasure_id, first[1]) == ("ERA-1", False)
    assert (second[0].erasure_id, second[1]) == ("ERA-1", True)
    Erasures(store).finish("ERA-1", {}, at=NOW)
    assert Erasures(store).ask(NewErasure(**{**_fields(new), "erasure_id": "ERA-2"}))[1] is False


def test_models_that_had_learned_from_it_are_named_since_a_moment(store: Store) -> None:
    erasures = Erasures(store)
    for number, day in ((1, 4), (2, 6)):
        new = NewErasure(
            erasure_id=f"ERA-{number}", kind="ticket", digest=f"d{number}", subject="T", who="w", reason="r",
            requested_at=NOW,
        )  # fmt: skip
        erasures.ask(new)
        erasures.advance(new.erasure_id, at=datetime(2026, 5, day, tzinfo=UTC), first_at=None, models=["models/x@1"])

    assert [one.erasure_id for one in erased_since(store)] == ["ERA-1", "ERA-2"]
    (late,) = erased_since(store, datetime(2026, 5, 5, tzinfo=UTC))
    assert (late.model, late.erasure_id) == ("models/x@1", "ERA-2")


def _fields(new: NewErasure) -> dict[str, object]:
    return {name: getattr(new, name) for name in new.__struct_fields__}
