"""Features know the past and nothing else, and are the same for a batch as for one ticket."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.features import FEATURES, FENCED, NARROW, READ, check_fence, model_table, states, ticket_features
from ml.features.opened import EXPRESSIONS
from warehouse.contracts import silver
from warehouse.contracts.ticket_features import TICKETS, AsOf, FeatureColumn
from warehouse.errors import ContractBroken

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = st.integers(0, 24 * 120)
TEXT = st.one_of(
    st.none(), st.text(max_size=40), st.sampled_from(["URGENT! ERR-500 in 4.0.2?", "至急\n\n", "\u202eabc 😀"])
)


@st.composite
def histories(draw):
    """Up to 25 tickets of few customers and products, with ties in time, gaps, and outcomes in any order."""
    rows = []
    for number in range(draw(st.integers(1, 25))):
        opened = START + timedelta(hours=draw(HOURS))
        resolved = draw(st.one_of(st.none(), st.integers(0, 2000)))
        updated = draw(st.one_of(st.none(), st.integers(0, 3000)))
        rows.append(
            {
                "ticket_id": f"T-{number}",
                "created_at": opened,
                "resolved_at": None if resolved is None else opened + timedelta(hours=resolved),
                "updated_at": None if updated is None else opened + timedelta(hours=updated),
                "customer_id": draw(st.sampled_from([None, "a", "b"])),
                "product": draw(st.sampled_from([None, "p", "q"])),
                "product_module": draw(st.sampled_from([None, "m"])),
                "product_version": draw(st.sampled_from([None, "1.0.0", "2.0.0"])),
                "region": draw(st.sampled_from([None, "EU", "NA", "Nowhere"])),
                "escalated": draw(st.sampled_from([None, True, False])),
                "customer_sentiment": draw(st.sampled_from([None, "angry", "neutral"])),
                "subject": draw(TEXT),
                "description": draw(TEXT),
            }
        )
    return typed(rows)


def typed(rows):
    schema = {name: dtype for name, dtype in silver.TICKETS.schema.items() if name not in {"load_id", "record_hash"}}
    return pl.DataFrame(rows, schema=schema)


def one_by_one(tickets):
    """As the service sees them: each alone, before its own outcome is recorded."""
    parts = [ticket_features(row.select(READ), tickets.select(NARROW)) for row in tickets.iter_slices(1)]
    return pl.concat(parts)


@settings(max_examples=60, deadline=None)
@given(histories())
def test_a_batch_and_one_ticket_give_identical_values(tickets):
    batch = ticket_features(tickets, tickets)

    assert batch.equals(one_by_one(tickets))
    assert dict(batch.schema) == dict(TICKETS.schema)


@settings(max_examples=100, deadline=None)
@given(histories(), HOURS, st.integers(1, 5000))
def test_another_future_does_not_change_a_feature_of_the_past(tickets, hours, shift):
    now = START + timedelta(hours=hours)
    before = tickets.filter(pl.col("created_at") <= now)
    known = pl.max_horizontal("created_at", "updated_at", "resolved_at") < now
    later = timedelta(hours=shift)
    other = tickets.with_columns(
        pl.when(pl.col("created_at") > now)
        .then(pl.col("created_at") + later)
        .otherwise("created_at")
        .alias("created_at"),
        pl.when(known).then("resolved_at").alias("resolved_at"),
        pl.when(known).then("updated_at").otherwise(now + later).alias("updated_at"),
        pl.when(known).then("escalated").otherwise(~pl.col("escalated").fill_null(False)).alias("escalated"),
        pl.when(known).then("customer_sentiment").otherwise(pl.lit("delighted")).alias("customer_sentiment"),
    )

    assert ticket_features(before, tickets).equals(ticket_features(before, other))
    assert ticket_features(before, tickets).equals(ticket_features(before, before))


@settings(max_examples=60, deadline=None)
@given(histories())
def test_what_is_counted_is_what_a_loop_over_the_rows_counts(tickets):
    built = ticket_features(tickets, tickets)

    for row, found in zip(tickets.iter_rows(named=True), built.iter_rows(named=True), strict=True):
        earlier = [
            other
            for other in tickets.iter_rows(named=True)
            if row["customer_id"] and other["customer_id"] == row["customer_id"]
        ]
        opened = [other for other in earlier if other["created_at"] < row["created_at"]]
        week = [other for other in opened if other["created_at"] >= row["created_at"] - timedelta(days=7)]
        closed = [
            other
            for other in earlier
            if other["resolved_at"] and max(other["resolved_at"], other["updated_at"] or START) < row["created_at"]
        ]
        if row["customer_id"] is None:
            assert found["customer_tickets_ever"] is None
            continue
        assert found["customer_tickets_ever"] == len(opened)
        assert found["customer_tickets_7d"] == len(week)
        assert found["customer_resolved_ever"] == len(closed)
        share = sum(bool(other["escalated"]) for other in closed) / len(closed) if closed else None
        assert found["customer_escalated_share"] == (None if share is None else pytest.approx(share, abs=1e-6))


@settings(max_examples=30, deadline=None)
@given(histories())
def test_intervals_of_a_history_follow_each_other_without_gap_or_overlap(tickets):
    found = states(tickets, "customer")

    for history in found.partition_by("key"):
        assert history["valid_from"].is_sorted()
        assert history["valid_from"].n_unique() == history.height
        assert history["valid_to"].to_list() == [*history["valid_from"].to_list()[1:], None]


def test_an_outcome_is_known_when_it_was_recorded_and_not_when_its_ticket_was_opened():
    hour = timedelta(hours=1)
    first = {"ticket_id": "1", "created_at": START, "resolved_at": START + 5 * hour, "updated_at": START + 8 * hour}
    asked = [{"ticket_id": str(n), "created_at": START + n * hour} for n in (4, 6, 8, 9)]
    tickets = typed([{**row, "customer_id": "a", "escalated": True} for row in [first, *asked]])

    built = ticket_features(tickets, tickets)

    assert built["customer_escalated_share"].to_list() == [None, None, None, None, 1.0]
    assert built["customer_resolution_hours"].to_list() == [None, None, None, None, 5.0]


def test_words_codes_and_holidays_are_counted():
    row = {"ticket_id": "1", "created_at": datetime(2026, 12, 25, 20, tzinfo=UTC), "region": "EU"}
    said = {"subject": "URGENT!", "description": "ERR-500 since 4.0.2?\nbitte sofort", "error_logs": "a\nb\n"}

    found = ticket_features(typed([{**row, **said}]), typed([])).row(0, named=True)

    expected = {"urgency_words": 2, "error_codes": 1, "versions": 1, "lines": 3, "questions": 1, "exclamations": 1}
    expected |= {
        "holiday": 1,
        "after_office": 1,
        "weekend": 0,
        "log_lines": 2,
        "has_error_log": 1,
        "has_stack_trace": 0,
    }
    assert {name: found[name] for name in expected} == expected


def test_every_feature_says_what_it_means_and_where_it_comes_from():
    assert all(feature.description and feature.source and feature.owner for feature in FEATURES)
    assert {field for feature in FEATURES for field in feature.source} <= set(silver.TICKETS.schema)
    assert set(silver.TICKETS.schema) >= FENCED


def test_learners_get_float32_and_strings_alone():
    table = model_table(ticket_features(typed([]), typed([])))

    assert set(table.schema.values()) == {pl.Float32, pl.String}
    assert not FENCED & set(table.columns)


@pytest.mark.parametrize("field", sorted(FENCED))
def test_a_field_known_only_afterwards_breaks_the_build(field):
    honest = FeatureColumn("leak", pl.Float32, "Declares what it reads", source=(field,))
    silent = FeatureColumn("leak", pl.Float32, "Declares something else", source=("subject",), as_of=AsOf.KNOWN)

    with pytest.raises(ContractBroken, match=field):
        check_fence([*FEATURES, honest], EXPRESSIONS)
    with pytest.raises(ContractBroken, match=field):
        check_fence([*FEATURES, silent], {**EXPRESSIONS, "leak": pl.col(field)})
