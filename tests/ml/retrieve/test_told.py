"""What events say of solutions stands over what was written of them."""

from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl
import pytest

from ml.retrieve import told
from warehouse.contracts.search import ATTEMPTS
from warehouse.contracts.silver import EVENTS
from warehouse.payloads import (
    EVERY,
    SuggestionAccepted,
    SuggestionJudged,
    SuggestionRefused,
    TicketReopened,
    TicketResolved,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOLUTIONS = pl.Series(["SOL-1", "SOL-2"])
USED = SuggestionAccepted(suggestion_id="s:SOL-1")
JUDGED = SuggestionJudged(suggestion_id="s:SOL-1", helpful=False)


def events(*payloads, ticket="T-1"):
    rows = [
        {
            "event_id": f"e{n}",
            "type": type(payload).__name__,
            "ticket_id": ticket,
            "event_time": NOON + timedelta(hours=n),
            "payload": msgspec.json.encode(payload).decode(),
        }
        for n, payload in enumerate(payloads)
    ]
    return pl.DataFrame([{name: row.get(name) for name in EVENTS.schema} for row in rows], schema=EVENTS.schema)


def written(*rows):
    return pl.DataFrame(list(rows), schema=ATTEMPTS.schema, orient="row")


@pytest.mark.parametrize(
    ("payloads", "succeeded"),
    [
        ((USED,), [True]),
        ((USED, TicketResolved()), [True]),
        ((USED, JUDGED), [False]),
        ((USED, TicketResolved(), TicketReopened()), [False]),
        ((USED, JUDGED, SuggestionJudged(suggestion_id="s:SOL-1", helpful=True)), [True]),
        ((JUDGED,), [False]),
        ((SuggestionJudged(suggestion_id="s:SOL-1", helpful=True),), [True]),
        ((SuggestionRefused(suggestion_id="s:SOL-1"),), []),
        ((SuggestionRefused(suggestion_id="s:SOL-1"), JUDGED), []),
        ((SuggestionAccepted(suggestion_id="s:KB-1"),), []),
        ((SuggestionAccepted(suggestion_id="s:SOL-9"),), []),
        ((), []),
    ],
)
def test_what_was_used_is_an_attempt_and_what_came_of_it_its_outcome(payloads, succeeded):
    found = told.attempts(written(), events(*payloads), SOLUTIONS)

    assert found.schema == ATTEMPTS.schema
    assert found["succeeded"].to_list() == succeeded


def test_a_search_about_no_ticket_moves_rates_and_is_no_attempt_of_a_ticket():
    said = events(USED, JUDGED, SuggestionAccepted(suggestion_id="other:SOL-1"), TicketReopened(), ticket=EVERY)

    found = told.outcomes(said).sort("ticket_id")
    assert found.select("ticket_id", "target_id", "succeeded").rows() == [
        ("*:other", "SOL-1", True),
        ("*:s", "SOL-1", False),
    ]
    assert told.attempts(written(), said, SOLUTIONS).is_empty()


def test_an_event_stands_over_a_note_whose_words_stay():
    notes = written(("T-1", "SOL-1", True, NOON, "Restarted it."), ("T-2", "SOL-1", True, NOON, "The same."))
    found = told.attempts(notes, events(USED, TicketReopened()), SOLUTIONS)

    assert found.rows() == [
        ("T-1", "SOL-1", False, NOON + timedelta(hours=1), "Restarted it."),
        ("T-2", "SOL-1", True, NOON, "The same."),
    ]
