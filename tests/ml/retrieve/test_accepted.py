"""Suggestions that were used count as attempts."""

from datetime import UTC, datetime

import polars as pl
import pytest

from ml.retrieve import accepted
from warehouse.contracts.search import ATTEMPTS
from warehouse.contracts.silver import SEARCH_EVENTS

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def searched():
    def rows(*searches):
        usual = {"kind": "solutions", "ticket_id": "T-1", "found": ["SOL-1", "SOL-2"], "accepted_at": NOON}
        named = [{"search_id": f"s{number}", **usual, **one} for number, one in enumerate(searches)]
        return pl.DataFrame(named, schema=SEARCH_EVENTS.schema)

    return rows


def test_the_accepted_rank_names_the_solution(searched):
    found = accepted.attempts(searched({"accepted_rank": 2}))

    assert found.schema == ATTEMPTS.schema
    assert found.select("ticket_id", "solution_id", "succeeded").rows() == [("T-1", "SOL-2", True)]


def test_what_did_not_help_is_a_failed_attempt(searched):
    assert accepted.attempts(searched({"accepted_rank": 1, "helped": False}))["succeeded"].to_list() == [False]


@pytest.mark.parametrize(
    "search",
    [
        {"accepted_rank": None},
        {"accepted_rank": 1, "ticket_id": "*"},
        {"accepted_rank": 1, "kind": "similar"},
        {"accepted_rank": 7},
    ],
)
def test_what_was_not_used_for_a_ticket_is_no_attempt(searched, search):
    assert accepted.attempts(searched(search)).is_empty()


def test_of_two_searches_the_later_outcome_counts(searched):
    later = {"accepted_rank": 1, "helped": False, "accepted_at": NOON.replace(hour=15)}
    found = accepted.attempts(searched({"accepted_rank": 1}, later))

    assert found["succeeded"].to_list() == [False]


def test_what_is_written_stands_over_what_was_clicked(searched):
    used = accepted.attempts(searched({"accepted_rank": 1}, {"accepted_rank": 2}))
    written = used.head(1).with_columns(succeeded=pl.lit(False), saying=pl.lit("Tried in vain."))
    both = accepted.joined(written, used)

    assert dict(both.select("solution_id", "succeeded").iter_rows()) == {"SOL-1": False, "SOL-2": True}
