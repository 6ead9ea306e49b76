"""Incidents in the operational store: a turn is written whole, once; notes wait in order; deliveries are claimed."""

from datetime import UTC, datetime, timedelta

import pytest

from operations.incident_rows import KeptIncident, KeptSignal, NewChange, NewNote, Turn, Written
from operations.incidents import IncidentStore
from operations.outbox import Delivery, Outbox
from operations.store import Store
from warehouse.errors import Conflict

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def incidents(store: Store) -> IncidentStore:
    return IncidentStore(store)


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


def kept(name: str = "INC-1", state: str = "open", turn: int = 1, minutes: int = 0) -> KeptIncident:
    return KeptIncident(
        incident_id=name, state=state, severity="low", first_at=NOW + minutes * MINUTE, changed_at=NOW, turn=turn,
        body="{}", evidence=None,
    )  # fmt: skip


def held(signal: str, incident: str = "INC-1") -> KeptSignal:
    return KeptSignal(
        signal_id=signal, incident_id=incident, kind="volume", dimension="version", series="Export 3.2", known_at=NOW,
        body="{}",
    )  # fmt: skip


def note(key: str = "k1", action: str = "dismiss", **more: object) -> NewNote:
    said = {"incident_id": "INC-1", "who": "A-7", "reason": "a test", "merge_into": None, "made_at": NOW, **more}
    return NewNote(note_key=key, action=action, **said)  # type: ignore[arg-type]


def sending(key: str = "m1") -> Delivery:
    return Delivery(outbox_key=key, receiver="r", kind="incident.opened", payload="{}", made_at=NOW)


def change(key: str = "INC-1:1") -> NewChange:
    return NewChange(change_key=key, incident_id="INC-1", change="opened", at=NOW, body="{}")


def turn(number: int, version: int | None = None) -> Turn:
    return Turn(turn=number, signals_version=version, clock=NOW)


def test_a_turn_is_written_whole(incidents: IncidentStore, outbox: Outbox) -> None:
    written = Written(
        turn=turn(1, 7), incidents=[kept()], signals=[held("S-1")], changes=[change()], deliveries=[sending()]
    )

    assert incidents.turn() == Turn(turn=0)
    assert incidents.write(0, written)

    assert incidents.turn() == turn(1, 7)
    assert incidents.in_states(["open"]) == [kept()]
    assert incidents.signals(["INC-1"]) == [held("S-1")]
    assert [one.change_key for one in incidents.changes(0, 10)] == ["INC-1:1"]
    assert [one.outbox_key for one in outbox.all()] == ["m1"]


def test_a_turn_that_another_worker_has_taken_writes_nothing(incidents: IncidentStore, outbox: Outbox) -> None:
    assert incidents.write(0, Written(turn=turn(1), incidents=[kept()]))

    assert not incidents.write(0, Written(turn=turn(1, 9), incidents=[kept("INC-2")], deliveries=[sending()]))

    assert [one.incident_id for one in incidents.in_states(["open"])] == ["INC-1"]
    assert outbox.all() == []


def test_a_later_turn_replaces_incidents_and_moves_signals(incidents: IncidentStore) -> None:
    first = Written(turn=turn(1), incidents=[kept(), kept("INC-2")], signals=[held("S-1"), held("S-2", "INC-2")])
    incidents.write(0, first)
    second = Written(turn=turn(2), incidents=[kept("INC-2", "merged", 2)], signals=[held("S-2")], withdrawn=["S-1"])
    incidents.write(1, second)

    assert [one.signal_id for one in incidents.signals(["INC-1", "INC-2"])] == ["S-2"]
    assert incidents.held(["S-1", "S-2"]) == {"S-2": "INC-1"}
    assert [one.incident_id for one in incidents.changed(1)] == ["INC-2"]


def test_pages_hold_every_incident_once_the_newest_first(incidents: IncidentStore) -> None:
    every = [kept(f"INC-{n}", minutes=n // 2) for n in range(7)]
    incidents.write(0, Written(turn=turn(1), incidents=every))

    seen, after = [], None
    while page := incidents.page(["open"], 2, after):
        seen += [one.incident_id for one in page]
        after = (page[-1].first_at, page[-1].incident_id)

    assert seen == ["INC-6", "INC-5", "INC-4", "INC-3", "INC-2", "INC-1", "INC-0"]


def test_a_note_waits_until_it_is_settled_and_teaches_then(incidents: IncidentStore) -> None:
    incidents.write(0, Written(turn=turn(1), incidents=[kept()], signals=[held("S-1"), held("S-2")]))
    first, repeated = incidents.note(note())
    again = incidents.note(note())
    second, _ = incidents.note(note("k2", "acknowledge"))

    assert (repeated, again) == (False, (first, True))
    assert incidents.waiting() == [first, second]
    assert incidents.judged(NOW) == []

    incidents.write(1, Written(turn=turn(2), settled={first.seq: None, second.seq: "it was dismissed"}))

    assert incidents.waiting() == []
    assert [one.refused for one in incidents.notes("INC-1")] == [None, "it was dismissed"]
    assert [(one.action, one.series) for one in incidents.judged(NOW)] == [("dismiss", "Export 3.2")]
    assert incidents.judged(NOW + MINUTE) == []


def test_another_decision_under_the_same_key_is_refused(incidents: IncidentStore) -> None:
    incidents.note(note())
    with pytest.raises(Conflict, match="used before"):
        incidents.note(note(reason="another"))


def test_what_is_due_is_claimed_once_until_its_time_is_over(incidents: IncidentStore, outbox: Outbox) -> None:
    incidents.write(0, Written(turn=turn(1), deliveries=[sending("m1"), sending("m2")]))

    first = outbox.claim(["r"], NOW, NOW + MINUTE, 1)
    rest = outbox.claim(["r"], NOW, NOW + MINUTE, 5)
    none = outbox.claim(["r"], NOW, NOW + MINUTE, 5)
    after = outbox.claim(["r"], NOW + MINUTE, NOW + 2 * MINUTE, 5)

    assert [one.outbox_key for one in (*first, *rest)] == ["m1", "m2"]
    assert none == []
    assert [(one.outbox_key, one.attempts) for one in after] == [("m1", 2), ("m2", 2)]
    assert outbox.claim(["other"], NOW + 9 * MINUTE, NOW, 5) == []


def test_what_was_sent_is_over_and_what_was_given_up_can_be_tried_again(
    incidents: IncidentStore, outbox: Outbox
) -> None:
    incidents.write(0, Written(turn=turn(1), deliveries=[sending("m1"), sending("m2"), sending("m3")]))
    one, two, three = outbox.claim(["r"], NOW, NOW + MINUTE, 5)
    outbox.sent(one.seq, NOW)
    outbox.failed(two.seq, "status 500", NOW + 5 * MINUTE)
    outbox.failed(three.seq, "status 410", None)

    assert outbox.counts() == {"sent": 1, "waiting": 1, "dead": 1}
    assert outbox.claim(["r"], NOW + 4 * MINUTE, NOW + 9 * MINUTE, 5) == []
    assert outbox.replay(NOW + MINUTE, ["m1"]) == 0
    assert outbox.replay(NOW + MINUTE) == 1
    (again,) = outbox.claim(["r"], NOW + 4 * MINUTE, NOW + 9 * MINUTE, 5)
    assert (again.outbox_key, again.attempts, again.last_error) == ("m3", 1, "status 410")
