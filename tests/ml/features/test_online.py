"""A replayed day: whatever was published before and heard since, a ticket's features are those of a batch."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.features import NARROW, READ, ticket_features
from ml.features.online import Past, Published
from warehouse.contracts import silver

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = {name: dtype for name, dtype in silver.TICKETS.schema.items() if name not in {"load_id", "record_hash"}}


@st.composite
def records(draw):
    """A record of each of up to 15 tickets, then up to 10 that say something else of some of them."""
    count = draw(st.integers(1, 15))
    names = [*range(count), *draw(st.lists(st.integers(0, count - 1), max_size=10))]
    rows, said = [], {}
    for place, number in enumerate(names):
        opened = said.setdefault(number, START + timedelta(hours=draw(st.integers(0, 24 * 100))))
        resolved = draw(st.one_of(st.none(), st.integers(-5, 500)))
        rows.append(
            {
                "ticket_id": f"T-{number}",
                "created_at": opened,
                "resolved_at": None if resolved is None else opened + timedelta(hours=resolved),
                "updated_at": draw(st.one_of(st.none(), st.just(opened + timedelta(hours=draw(st.integers(0, 900)))))),
                "customer_id": draw(st.sampled_from([None, "a", "b"])),
                "product": draw(st.sampled_from([None, "p", "q", "p:m"])),
                "product_module": draw(st.sampled_from([None, "m"])),
                "product_version": draw(st.sampled_from([None, "1.0.0", "2.0.0"])),
                "region": draw(st.sampled_from([None, "EU", "Nowhere"])),
                "escalated": draw(st.sampled_from([None, True, False])),
                "customer_sentiment": draw(st.sampled_from([None, "angry", "neutral"])),
                "subject": f"record {place}",
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA)


def newest(rows):
    """As the lake folds them: a record stands until a newer one comes."""
    standing = {}
    for row in rows.iter_rows(named=True):
        before = standing.get(row["ticket_id"])
        moment = row["updated_at"] or row["created_at"]
        if before is None or moment > (before["updated_at"] or before["created_at"]):
            standing[row["ticket_id"]] = row
    return pl.DataFrame(list(standing.values()), schema=SCHEMA)


@settings(max_examples=150, deadline=None)
@given(records(), st.data())
def test_whatever_was_published_and_heard_the_values_are_those_of_a_batch(rows, data):
    borders = sorted(data.draw(st.lists(st.integers(0, rows.height), min_size=1, max_size=4)))
    past = Past(Published(newest(rows[: borders[0]]).select(NARROW)))
    for start, end in zip(borders, [*borders[1:], rows.height], strict=True):
        past.hear(rows[start:end])
    asked = newest(rows)

    batch = ticket_features(asked.select(READ), asked.select(NARROW))

    assert past.features(asked.select(READ)).equals(batch)
    for row in asked.iter_slices(1):
        assert past.features(row.select(READ)).equals(batch.filter(pl.col("ticket_id") == row["ticket_id"][0]))


@settings(max_examples=40, deadline=None)
@given(records())
def test_what_is_heard_again_counts_once(rows):
    asked = newest(rows)
    past = Past(Published(asked.select(NARROW)))
    before = past.features(asked.select(READ))

    past.hear(rows)
    past.hear(rows)

    assert past.features(asked.select(READ)).equals(before)


def test_a_ticket_a_minute_ago_counts():
    minute = timedelta(minutes=1)
    first = {"ticket_id": "1", "created_at": START, "customer_id": "a", "product": "p"}
    second = {**first, "ticket_id": "2", "created_at": START + minute}
    past = Past(Published(pl.DataFrame(schema=SCHEMA).select(NARROW)))

    past.hear(pl.DataFrame([first], schema=SCHEMA))
    found = past.features(pl.DataFrame([second], schema=SCHEMA).select(READ)).row(0, named=True)

    assert (found["customer_tickets_7d"], found["product_tickets_ever"]) == (1, 1)
    assert past.now("customer", "a", START + 2 * minute)["customer_tickets_ever"] == 1
    assert past.now("customer", "nobody", START)["customer_tickets_ever"] == 0
