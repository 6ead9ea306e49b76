"""The worker's part in incidents, over a real lake and a real store."""

from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl
import pytest

from ml.anomaly.incidents import CALM, CLOSE
from operations.incident_rows import NewNote
from operations.outbox import Outbox
from service.incident_bodies import evidence_of, incidents_of
from service.incident_suggestions import Suggester, suggesting
from service.incidents import FRESH, Keeper
from service.serving import Serving
from warehouse.contracts import silver
from warehouse.contracts.anomalies import SIGNALS

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def keeper(incident_lake, incident_store):
    return Keeper(incident_lake, incident_store, false_a_year=2.0, receivers=["r"])


@pytest.fixture
def look(keeper):
    """One look, so many hours after the start."""
    return lambda hours, heard=None: keeper.look(START + hours * HOUR, START + hours * HOUR, heard)


def changes(incident_store):
    return [one.change for one in incident_store.changes(0, 100)]


def note(store, incident_id, action, key="k", into=None, reason=None):
    said = NewNote(
        note_key=key, incident_id=incident_id, action=action, who="A-7", reason=reason, merge_into=into, made_at=START
    )
    return store.note(said)[0]


def test_without_signals_nothing_is_written(look, incident_store):
    assert look(0) == 0
    assert incident_store.turn().turn == 0


def test_new_rows_of_the_table_open_an_incident_with_evidence(incident_lake, look, told, incident_store, store):
    incident_lake.merge(SIGNALS, told(0, 1))

    assert look(2) > 0

    (row,) = incident_store.in_states(["open"])
    (incident,) = incidents_of([row], incident_store.signals([row.incident_id]))
    evidence = evidence_of(row)
    assert incident.tickets == 12
    assert incident.customers == 12
    assert incident.monthly_value == sum(100.0 + n % 90 for n in range(300, 312))
    assert evidence.cause is not None
    assert evidence.cause.entity == "Version:Export 3.3"
    assert len(evidence.example_tickets) == 12
    assert changes(incident_store)[0] == "opened"
    (first, *_) = Outbox(store).all()
    message = msgspec.json.decode(first.payload)
    assert (first.kind, message["type"]) == ("incident.opened", "incident.opened")
    assert message["data"]["incident_id"] == incident.incident_id


def test_a_second_look_does_nothing(incident_lake, look, told, incident_store):
    incident_lake.merge(SIGNALS, told(0))
    look(1)
    before = incident_store.turn()

    assert look(1) == 0
    assert incident_store.turn() == before


def test_another_worker_that_starts_later_goes_on_where_the_first_was(incident_lake, look, told, incident_store):
    incident_lake.merge(SIGNALS, told(0))
    look(1)
    other = Keeper(incident_lake, incident_store, false_a_year=2.0)

    assert other.look(START + HOUR, START + HOUR) == 0
    incident_lake.merge(SIGNALS, told(0, 1))
    assert other.look(START + 2 * HOUR, START + 2 * HOUR) == 1
    assert look(2) == 0


def test_a_signal_that_a_monitor_hands_over_is_not_doubled_by_the_table(incident_lake, look, told, incident_store):
    assert look(1, told(0)) == 1
    incident_lake.merge(SIGNALS, told(0))

    assert look(1) == 0
    (row,) = incident_store.in_states(["open"])
    assert len(incident_store.signals([row.incident_id])) == 1
    assert incident_store.turn().signals_version == 0


def test_time_alone_calms_and_closes(incident_lake, look, told, incident_store):
    incident_lake.merge(SIGNALS, told(0))
    look(1)

    assert look(CALM / HOUR - 1) == 0
    assert look(CALM / HOUR) == 1
    assert look(CLOSE / HOUR) == 1
    assert changes(incident_store) == ["opened", "calmed", "closed"]
    assert look(CLOSE / HOUR + 1) == 0


def test_what_is_long_past_is_kept_but_nobody_is_woken(incident_lake, look, told, incident_store, store):
    incident_lake.merge(SIGNALS, told(0))
    look((CLOSE + 2 * FRESH) / HOUR)

    assert changes(incident_store) == ["opened", "calmed", "closed"]
    assert Outbox(store).all() == []


def test_an_incident_that_still_goes_on_is_sent_even_if_it_began_long_ago(incident_lake, look, told, store):
    incident_lake.merge(SIGNALS, told(0, 20))
    look((FRESH + 2 * HOUR) / HOUR)

    assert Outbox(store).all()[0].kind == "incident.opened"


def test_signals_that_are_gone_from_the_table_are_withdrawn(incident_lake, look, told, incident_store):
    incident_lake.merge(SIGNALS, told(0))
    look(1)
    incident_lake.delete(SIGNALS, told(0).select("signal_id"))

    look(2)

    (row,) = incident_store.in_states(["closed"])
    assert "withdrawn" in row.body


def test_a_dismissal_is_carried_out_and_teaches(incident_lake, look, told, incident_store):
    incident_lake.merge(SIGNALS, told(0, p=3e-4))
    look(1)
    (row,) = incident_store.in_states(["open"])
    made = note(incident_store, row.incident_id, "dismiss", reason="load test")
    look(2)

    assert [one.state for one in incident_store.find([row.incident_id])] == ["dismissed"]
    assert incident_store.notes(row.incident_id)[0].settled_at is not None
    assert made.settled_at is None

    incident_lake.merge(SIGNALS, told(500, 900, p=3e-4))
    incident_lake.merge(SIGNALS, told(900, series="Import 1.0", p=3e-4))
    look(901)
    names = [incidents_of([one], [])[0].name for one in incident_store.in_states(["open"])]
    assert names == ["Import 1.0: 8 tickets instead of 2 & more"]


def test_a_decision_that_cannot_be_carried_out_says_why(incident_lake, look, told, incident_store):
    incident_lake.merge(SIGNALS, told(0))
    look(1)
    (row,) = incident_store.in_states(["open"])
    note(incident_store, row.incident_id, "merge", into=row.incident_id)
    note(incident_store, "INC-nobody-knows", "acknowledge", key="k2")
    look(1)

    assert "itself" in incident_store.notes(row.incident_id)[0].refused
    assert "is known" in incident_store.notes("INC-nobody-knows")[0].refused
    assert incident_store.waiting() == []


def test_a_merged_incident_gives_its_signals_away(incident_lake, look, told, incident_store):
    incident_lake.merge(
        SIGNALS, pl.concat([told(0), told(0, series="Import 1.0").with_columns(ticket_ids=pl.lit(["x"]))])
    )
    look(1)
    one, two = incident_store.in_states(["open"])
    note(incident_store, one.incident_id, "merge", into=two.incident_id)
    look(1)

    assert incident_store.signals([one.incident_id]) == []
    assert len(incident_store.signals([two.incident_id])) == 2
    assert incidents_of(incident_store.find([one.incident_id]), [])[0].merged_into == two.incident_id


def test_where_there_is_no_index_no_solution_is_suggested_and_why_is_said(incident_lake, told, incident_store):
    incident_lake.merge(SIGNALS, told(0))
    keeper = Keeper(incident_lake, incident_store, false_a_year=2.0)
    suggest = suggesting(incident_lake, Serving(incident_lake.root), None)
    suggester = Suggester(incident_lake, incident_store, suggest)
    keeper.look(START + HOUR, START + HOUR)

    assert suggester.look(START + HOUR) == 1

    (row,) = incident_store.in_states(["open"])
    known = evidence_of(row)
    assert known.solution is None
    assert "not materialized" in (known.missing or "")
    assert changes(incident_store) == ["opened", "updated"]
    assert suggester.look(START + HOUR) == 0
    assert keeper.look(START + HOUR, START + HOUR) == 0


def test_what_a_monitor_saw_first_is_told_in_full_once_its_tickets_are_in_the_lake(incident_lake, told, incident_store):
    early = told(0).with_columns(ticket_ids=pl.lit(["T-new"]))
    keeper = Keeper(incident_lake, incident_store, false_a_year=2.0)
    suggest = suggesting(incident_lake, Serving(incident_lake.root), None)
    suggester = Suggester(incident_lake, incident_store, suggest)
    keeper.look(START, START, early)
    assert suggester.look(START) == 0

    tickets = incident_lake.read(silver.TICKETS)
    new = tickets.head(1).with_columns(ticket_id=pl.lit("T-new"), created_at=START, customer_id=pl.lit("C-new"))
    incident_lake.merge(silver.TICKETS, new.cast(dict(tickets.schema)))
    assert suggester.look(START) == 1

    (row,) = incident_store.in_states(["open"])
    (incident,) = incidents_of([row], [])
    assert (incident.customers, incident.monthly_value) == (1, 100.0)


def test_a_suggestion_never_undoes_what_happened_meanwhile(incident_lake, told, incident_store, look):
    """The incident is dismissed while the finder thinks about it."""
    incident_lake.merge(SIGNALS, told(0))
    look(1)
    (row,) = incident_store.in_states(["open"])

    def slow(known):
        note(incident_store, row.incident_id, "dismiss", reason="a test")
        look(1)
        return msgspec.structs.replace(known, missing="none")

    thinking = Suggester(incident_lake, incident_store, slow)

    assert thinking.look(START + HOUR) == 0
    assert [one.state for one in incident_store.find([row.incident_id])] == ["dismissed"]


def test_a_table_that_was_built_anew_is_read_from_its_start(incident_lake, told, incident_store, look):
    import shutil

    incident_lake.merge(SIGNALS, told(0))
    incident_lake.merge(SIGNALS, told(1))
    look(2)
    shutil.rmtree(incident_lake.path(SIGNALS))
    incident_lake.merge(SIGNALS, told(0, 1, 2))

    look(3)

    (row,) = incident_store.in_states(["open"])
    assert len(incident_store.signals([row.incident_id])) == 3
