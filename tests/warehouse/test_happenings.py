"""What events make of a ticket, whenever they arrive."""

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.ingest import ingest
from warehouse.refine import refine

NOW = datetime(2026, 7, 1, tzinfo=UTC)
AGENT = {"kind": "agent", "id": "A-1"}


def event(key, type_, payload, day, *, ticket="T-1", actor=AGENT):
    return {
        "type": type_,
        "version": 1,
        "event_time": f"2026-03-{day:02d}T12:00:00Z",
        "actor": actor,
        "ticket_id": ticket,
        "idempotency_key": key,
        "payload": payload,
    }


def record(day, **changes):
    record = {"ticket_id": "T-1", "created_at": "2026-03-01T12:00:00Z", "updated_at": f"2026-03-{day:02d}T12:00:00Z"}
    return {**record, "subject": f"as of day {day}", "category": "Billing", **changes}


RESOLVED = event("e-1", "TicketResolved", {"resolution": "restart", "resolution_code": "WORKAROUND"}, 3)
REOPENED = event("e-2", "TicketReopened", {"reason": "back again"}, 5)
CORRECTED = event("e-3", "LabelCorrected", {"field": "category", "value": "Login", "previous": "Billing"}, 4)
LIKED = event("e-4", "FeedbackGiven", {"score": 4, "helpful": True, "text": "thanks"}, 6)
OPENED = event("e-0", "TicketOpened", {"subject": "help", "product": "Sync"}, 2, actor={"kind": "customer", "id": "C"})


@pytest.fixture
def hear(take):
    """Take records in one at a time, each a file of its own; the ticket as silver has it afterwards."""

    def run(*said):
        for number, one in enumerate(said):
            take([one], f"{number}-{len(json.dumps(one))}.jsonl")

    return run


@pytest.fixture
def ticket(lake):
    return lambda: lake.read(silver.TICKETS).row(0, named=True)


def test_a_resolved_event_closes_the_ticket(hear, ticket):
    hear(record(2), RESOLVED)

    found = ticket()
    assert (found["resolution"], found["resolution_code"], found["agent_id"]) == ("restart", "WORKAROUND", "A-1")
    assert found["resolved_at"] == datetime(2026, 3, 3, 12, tzinfo=UTC)
    assert found["resolution_time_hours"] == 48.0
    assert found["updated_at"] == datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("said", [(RESOLVED, REOPENED), (REOPENED, RESOLVED)])
def test_a_late_event_does_not_close_a_ticket_that_was_reopened_since(hear, ticket, said):
    hear(record(2), *said)

    found = ticket()
    assert [found[name] for name in ("resolved_at", "resolution", "resolution_time_hours")] == [None, None, None]


def test_a_late_message_does_not_reopen_a_ticket(hear, ticket):
    hear(record(2), REOPENED, event("e-9", "TicketResolved", {}, 8), RESOLVED)

    assert ticket()["resolved_at"] == datetime(2026, 3, 8, 12, tzinfo=UTC)


def test_a_person_corrects_a_label_and_a_machine_does_not(hear, ticket, lake):
    guess = event(
        "e-5", "LabelCorrected", {"field": "category", "value": "Guessed"}, 9, actor={"kind": "system", "id": "m"}
    )
    hear(record(2), CORRECTED, guess)

    assert ticket()["category"] == "Login"
    assert lake.read(silver.EVENTS).filter(event_id="e-3")["payload"].str.contains("Billing").all()


def test_feedback_is_the_customers_rating_and_words(hear, ticket):
    hear(record(2), LIKED, event("e-6", "FeedbackGiven", {"score": 2}, 7))

    found = ticket()
    assert (found["satisfaction_score"], found["resolution_helpful"], found["feedback_text"]) == (2, True, "thanks")


def test_a_newer_record_stands_over_older_events_and_under_newer_ones(hear, ticket):
    hear(record(2), RESOLVED, CORRECTED, LIKED, record(5, satisfaction_score=1, category="Access"))

    found = ticket()
    assert (found["subject"], found["category"], found["resolved_at"]) == ("as of day 5", "Access", None)
    assert found["satisfaction_score"] == 4


def test_an_opened_event_makes_a_ticket_until_its_record_comes(hear, ticket, lake):
    hear(OPENED, RESOLVED)
    made = ticket()
    hear(record(1, subject="the record"))

    assert (made["subject"], made["product"], made["customer_id"]) == ("help", "Sync", "C")
    assert (made["created_at"], made["resolution"]) == (datetime(2026, 3, 2, 12, tzinfo=UTC), "restart")
    found = ticket()
    assert (found["subject"], found["product"], found["resolution"]) == ("the record", None, "restart")
    assert lake.row_count(silver.TICKETS) == 1
    assert lake.row_count(silver.QUARANTINE) == 0


def test_a_record_said_again_in_other_bytes_is_unchanged_though_events_came_since(take):
    take([record(2)], "a.jsonl")
    take([RESOLVED], "b.jsonl")
    again = dict(reversed(record(2).items()))

    assert take([again], "c.jsonl").unchanged == 1
    assert take([{**again, "subject": "something else"}], "d.jsonl").quarantined == 1


def test_only_tickets_that_something_happened_to_change(lake, take):
    take([record(2), record(2, ticket_id="T-2"), record(2, ticket_id="T-3")], "a.jsonl")
    before = lake.version(silver.TICKETS)
    take([RESOLVED], "b.jsonl")

    assert lake.changes(silver.TICKETS, before)["ticket_id"].to_list() == ["T-1"]
    after = lake.version(silver.TICKETS)
    refine(lake)
    assert lake.version(silver.TICKETS) == after


def test_a_payload_that_its_type_does_not_allow_is_refused_at_every_door(lake, take):
    wrong = [
        event("a", "FeedbackGiven", {"score": 77}, 3),
        event("b", "LabelCorrected", {"field": "subject", "value": "x"}, 3),
        {**RESOLVED, "version": 9},
    ]
    report = take([record(2), *wrong], "a.jsonl"), take(wrong, "b.jsonl")

    assert report[1].quarantined == 3
    assert lake.read(silver.TICKETS)["satisfaction_score"].to_list() == [None]


PREDICTED = {"category": {"decision": "automate", "label": "Guessed", "confidence": 0.9}}
SAID_OF_IT = [
    ("PredictionMade", {"prediction_id": "p", "release": "r", "targets": PREDICTED}),
    ("SolutionsSuggested", {"search_id": "s", "release": "r", "target_ids": ["SOL-1"]}),
    ("LabelConfirmed", {"field": "category", "value": "Billing"}),
    ("AnswerSent", {"answer_id": "a", "edited": True}),
    ("MessageAdded", {"text": "it stops"}),
]
"""What is kept of a ticket and changes no field of it."""
OF_ALL = [
    ("IncidentOpened", {"incident_id": "INC-1", "name": "Export 3.3", "severity": "high"}),
    ("IncidentDismissed", {"incident_id": "INC-1"}),
    ("ModelPromoted", {"release": "r2", "models": {"models/category": "d"}, "reason": "better", "previous": "r1"}),
    ("ModelRolledBack", {"release": "r1", "reason": "worse"}),
]


def test_what_is_said_of_a_ticket_or_of_none_is_kept_and_changes_no_ticket(hear, ticket, lake):
    hear(record(2))
    before = ticket()
    said = [event(f"k-{n}", *one, 4 + n % 3) for n, one in enumerate(SAID_OF_IT)]
    said += [event(f"w-{n}", *one, 4, ticket="*") for n, one in enumerate(OF_ALL)]
    hear(*said)

    assert ticket() == before
    kept = lake.read(silver.EVENTS)
    assert set(kept["type"]) == {name for name, _ in (*SAID_OF_IT, *OF_ALL)}
    assert lake.row_count(silver.TICKETS) == 1


days = st.integers(1, 8)
happened = st.one_of(
    st.builds(lambda d, text: ("TicketResolved", {"resolution": text}, d), days, st.sampled_from("abc")),
    st.builds(lambda d: ("TicketResolved", {}, d), days),
    st.builds(lambda d: ("TicketReopened", {}, d), days),
    st.builds(
        lambda d, value: ("LabelCorrected", {"field": "category", "value": value}, d), days, st.sampled_from("xy")
    ),
    st.builds(lambda d, score: ("FeedbackGiven", {"score": score}, d), days, st.integers(1, 5)),
    st.builds(lambda d, text: ("TicketOpened", {"subject": text}, d), days, st.sampled_from("pq")),
    st.builds(lambda d, said: (*said, d), days, st.sampled_from(SAID_OF_IT)),
)


def told(said):
    """Silver's tickets after this was said, in this order, some of it at once."""
    with TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        for number, (kind, one) in enumerate(said):
            file = Path(folder) / f"{number}.jsonl"
            file.write_text(json.dumps(one) + "\n")
            ingest(lake, file, now=NOW, kind=kind)
        return lake.read(silver.TICKETS).drop("load_id").sort("ticket_id").to_dicts()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(happened, st.sampled_from(["T-1", "T-2"])), min_size=1, max_size=5),
    st.lists(days, max_size=2, unique=True),
    st.randoms(use_true_random=False),
)
def test_any_order_of_arrival_gives_the_same_tickets(events, records, random):
    said = [("tickets", record(day)) for day in records]
    said += [("events", event(f"e-{n}", *one, ticket=ticket)) for n, (one, ticket) in enumerate(events)]
    shuffled = random.sample(said, len(said))

    assert told(shuffled) == told(said)
    assert told([*shuffled, *said]) == told(said)


def test_rows_that_nothing_happened_to_are_the_same_rows(lake, take):
    take([RESOLVED], "a.jsonl")
    take([record(2, ticket_id="T-7")], "b.jsonl")

    assert lake.read(silver.TICKETS).select("ticket_id", "resolved_at").rows() == [("T-7", None)]
    assert lake.read(silver.TICKETS).schema == pl.Schema(silver.TICKETS.schema)
