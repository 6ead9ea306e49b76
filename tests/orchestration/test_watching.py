"""Moods, classification and pressing tickets follow the tickets, at the cost of what is new."""

from datetime import timedelta

import polars as pl
import pytest

from ml.classify.decisions import NAME as POLICY
from orchestration.defs import categorisation, escalations, mood
from orchestration.defs.features import follow_tickets
from warehouse.contracts import predictions, silver
from warehouse.contracts.anomalies import CATEGORISATION, ESCALATIONS, MOOD
from warehouse.releases import open_release

TABLES = (MOOD, CATEGORISATION, ESCALATIONS)


@pytest.fixture
def policy(learned):
    return open_release(learned.root).artifact(POLICY)


def follow(lake, policy):
    for table in TABLES:
        lake.ensure(table)
    return mood.follow(lake), categorisation.follow(lake, policy), escalations.follow(lake, policy)


def held(lake):
    return {table.name: lake.read(table).sort(table.primary_key) for table in TABLES}


def newer(lake, count, **fields):
    """The last tickets once more, two days later."""
    rows = lake.read(silver.TICKETS).sort("created_at", "ticket_id").tail(count)
    return rows.with_columns(
        ticket_id=pl.lit("NEW-") + pl.col("ticket_id"),
        created_at=pl.col("created_at") + timedelta(days=2),
        resolved_at=pl.lit(None, silver.TICKETS.schema["resolved_at"]),
        **fields,
    )


def test_nothing_new_costs_nothing_and_what_is_new_gives_what_a_fresh_look_gives(learned, policy, tmp_path):
    follow(learned, policy)
    versions = [learned.version(table) for table in TABLES]
    assert follow(learned, policy) == (0, 0, 0)
    assert [learned.version(table) for table in TABLES] == versions

    learned.merge(
        silver.TICKETS, newer(learned, 40, subject=pl.lit("All our data is lost"), customer_sentiment=pl.lit("angry"))
    )
    follow_tickets(learned)
    days, watched, read = follow(learned, policy)
    assert 0 < days <= 3
    assert watched <= 63
    assert read == 40
    found = learned.read(ESCALATIONS).filter(pl.col("ticket_id").str.starts_with("NEW-"))
    assert found.height == 40
    assert all("data_loss" in triggers for triggers in found["triggers"])

    before = held(learned)
    for table in TABLES:
        learned.path(table).rename(tmp_path / table.name)
    follow(learned, policy)
    after = held(learned)
    for table in TABLES:
        assert after[table.name].equals(before[table.name]), table.name


def test_a_late_change_of_one_ticket_changes_the_rows_of_its_days(learned, policy):
    follow(learned, policy)
    first = learned.read(silver.TICKETS).sort("created_at").tail(30).head(1)
    changed = first.with_columns(customer_sentiment=pl.lit("grateful"), subject=pl.lit("We were hacked"))
    learned.merge(silver.TICKETS, changed)
    days, _, read = follow(learned, policy)

    newest = learned.read(silver.TICKETS)["created_at"].max()
    assert 0 < days <= (newest.date() - first["created_at"].item().date()).days + 1
    assert read == 1
    flagged = learned.read(ESCALATIONS).filter(ticket_id=first["ticket_id"].item())
    assert "security" in flagged["triggers"].item()

    learned.merge(silver.TICKETS, first.with_columns(subject=pl.lit("thanks"), description=pl.lit("all good")))
    follow(learned, policy)
    assert learned.read(ESCALATIONS).filter(ticket_id=first["ticket_id"].item()).is_empty()


def test_an_erased_ticket_is_no_longer_pressing(learned, policy):
    learned.merge(silver.TICKETS, newer(learned, 2, subject=pl.lit("Our server crashed")))
    follow(learned, policy)
    gone = learned.read(ESCALATIONS).filter(pl.col("ticket_id").str.starts_with("NEW-")).select("ticket_id")
    assert gone.height == 2
    learned.delete(silver.TICKETS, gone)
    follow(learned, policy)

    assert learned.read(ESCALATIONS).join(gone, on="ticket_id", how="semi").is_empty()


def test_without_predictions_and_policy_there_are_moods_and_words(learned):
    learned.delete(predictions.TICKETS, learned.read(predictions.TICKETS).select(predictions.TICKETS.primary_key))
    days, watched, read = follow(learned, None)

    assert days > 0
    assert watched == 0
    assert read == learned.row_count(silver.TICKETS)
    assert learned.read(CATEGORISATION).is_empty()


def test_a_build_makes_the_tables_and_their_pictures(learned):
    for table in TABLES:
        assert learned.exists(table)
        assert (learned.root / "reports" / "anomalies" / f"{table.name}.svg").read_text().startswith("<?xml")
