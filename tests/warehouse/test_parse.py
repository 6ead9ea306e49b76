"""Records become typed rows; what cannot be is refused with the field and the reason."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from warehouse.mapping import Mapping
from warehouse.parse import LARGEST, TICKET, parse
from warehouse.times import parse_times

SOUND = {"ticket_id": "T", "created_at": "2026-01-01T00:00:00Z", "subject": "s"}
TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)


def typed(**changes):
    """The row of one record, or its refusal."""
    record = {name: value for name, value in {**SOUND, **changes}.items() if value is not ...}
    parsed = parse(TICKET, [json.dumps(record).encode()])
    return parsed.rows.to_dicts()[0] if parsed.rows.height else parsed.refused[0]


@pytest.mark.parametrize(
    "said",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00.000Z",
        "2026-03-01T11:00:00+01:00",
        "2026-03-01T04:30:00-0530",
        "2026-03-01 10:00:00",
        " 2026-03-01T10:00 ",
        1_772_359_200,
        1_772_359_200.0,
        1_772_359_200_000,
        "1772359200",
        "1772359200000",
        1.7723592e12,
    ],
)
def test_a_time_is_read_however_it_is_written(said):
    assert typed(created_at=said)["created_at"] == TEN


def test_a_time_keeps_its_microseconds():
    expected = TEN + timedelta(microseconds=123_456)
    assert typed(created_at="2026-03-01T10:00:00.123456Z")["created_at"] == expected
    assert typed(created_at=1_772_359_200_123)["created_at"] == TEN + timedelta(milliseconds=123)


@pytest.mark.parametrize(
    "said",
    [
        "2026-02-30T00:00:00Z",
        "2026-13-01",
        "yesterday",
        "nan",
        "inf",
        "1e400",
        1e300,
        -1,
        0,
        "0001-01-01",
        "9999-01-01",
    ],
)
def test_an_impossible_time_is_refused_with_its_field(said):
    refusal = typed(resolved_at=said)
    assert (refusal.reason, refusal.field, refusal.ticket_id) == ("contract", "resolved_at", "T")


def test_no_time_lies_long_after_the_receipt_of_its_record():
    record = [json.dumps({**SOUND, "updated_at": "2026-01-03T00:00:00Z"}).encode()]
    assert parse(TICKET, record, latest=datetime(2026, 1, 4, tzinfo=UTC)).rows.height == 1
    assert parse(TICKET, record, latest=datetime(2026, 1, 2, tzinfo=UTC)).refused[0].field == "updated_at"


def test_a_format_of_ones_own_wins_over_a_number():
    found = parse_times(pl.Series(["20260301", None, "x"]), "%Y%m%d")
    assert found.to_list() == [datetime(2026, 3, 1, tzinfo=UTC), None, None]


def test_whole_numbers_may_be_written_with_a_point():
    assert typed(satisfaction_score=3.0, previous_tickets=2.0)["satisfaction_score"] == 3
    assert typed(satisfaction_score=3.5).field == "satisfaction_score"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ticket_id": ...}, "ticket_id"),
        ({"ticket_id": " "}, "ticket_id"),
        ({"ticket_id": 7}, "ticket_id"),
        ({"created_at": None}, "created_at"),
        ({"created_at": True}, "created_at"),
        ({"subject": ""}, "subject"),
        ({"satisfaction_score": 6}, "satisfaction_score"),
        ({"previous_tickets": -1}, "previous_tickets"),
        ({"tags": "a"}, "tags"),
        ({"tags": [["a"]]}, "tags"),
        ({"escalated": "yes"}, "escalated"),
        ({"description": {"text": "nested"}}, "description"),
    ],
)
def test_what_breaks_the_contract_is_refused_with_its_field(changes, field):
    refusal = typed(**changes)
    assert (refusal.reason, refusal.field) == ("contract", field)
    assert "expected" in refusal.detail.lower()


NO_RECORDS = [
    *(b"null", b"3", b"[]", b"{", b'{"a":"\xff"}', b'{"a":"\\ud800"}', b"[" * 9_000),
    b'{"previous_tickets":99999999999999999999}',
]


@pytest.mark.parametrize("record", NO_RECORDS)
def test_what_is_no_record_is_refused_and_its_neighbours_are_not(record):
    sound = json.dumps(SOUND).encode()
    parsed = parse(TICKET, [sound, record, sound])
    assert parsed.rows["_row"].to_list() == [0, 2]
    assert [refusal.row for refusal in parsed.refused] == [1]


def test_a_record_that_is_too_large_is_refused_unread():
    refusal = typed(description="x" * LARGEST)
    assert refusal.reason == "contract"
    assert f"bytes, expected at most {LARGEST:,}" in refusal.detail


def test_text_becomes_numbers_flags_and_lists():
    rows = [{**SOUND, "previous_tickets": "4", "escalated": "true", "tags": "a, b", "satisfaction_score": ""}]
    row = parse(TICKET, [json.dumps(row).encode() for row in rows], text=True).rows.to_dicts()[0]
    assert (row["previous_tickets"], row["escalated"], row["tags"], row["satisfaction_score"]) == (
        4,
        True,
        ["a", "b"],
        None,
    )


def test_a_row_of_another_length_than_the_header_says_so():
    refusal = parse(TICKET, [b'["a","b"]'], text=True).refused[0]
    assert "a row with 2 columns, unlike the header's" in refusal.detail


def test_identifiers_that_are_numbers_elsewhere_are_text_here():
    rules = Mapping(fields={"ticket_id": "id", "created_at": "at", "subject": "title"})
    record = json.dumps({"id": 17, "at": "2026-01-01", "title": "t", "other": {}}).encode()
    assert parse(TICKET, [record], mapping=rules).rows["ticket_id"].to_list() == ["17"]
