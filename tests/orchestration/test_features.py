"""Features follow the change feed, and end as if they had been computed at once."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml import features
from orchestration.defs.features import follow_histories, follow_tickets
from warehouse.contracts import silver
from warehouse.contracts.ticket_features import CUSTOMERS, PRODUCTS, TABLES, TICKETS
from warehouse.delta import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)


def made(numbers, *, resolved=True):
    """Tickets an hour apart, of five customers and two products, resolved after two days."""
    rows = [
        {
            "ticket_id": f"T-{n:04d}",
            "created_at": START + timedelta(hours=n),
            "updated_at": START + timedelta(hours=n + 48 * resolved),
            "resolved_at": START + timedelta(hours=n + 48) if resolved else None,
            "escalated": bool(np.random.default_rng(n).random() < 0.3),
            "customer_id": f"C-{n % 5}",
            "product": f"P{n % 2}",
            "subject": f"subject {n}",
            "load_id": "load",
            "record_hash": f"{n:032d}",
        }
        for n in numbers
    ]
    return pl.DataFrame(rows, schema=silver.TICKETS.schema)


def follow(lake):
    for table in TABLES:
        lake.ensure(table)
    follow_histories(lake, CUSTOMERS, features.CUSTOMERS)
    follow_histories(lake, PRODUCTS, features.PRODUCTS)
    return follow_tickets(lake)


def same_as_at_once(lake):
    tickets = lake.read(silver.TICKETS)
    past = tickets.select(features.NARROW)
    expected = features.ticket_features(tickets.select(features.READ), past).sort("ticket_id")
    customers = features.states(past, "customer").sort("key", "valid_from")
    products = pl.concat([features.states(past, level) for level in features.PRODUCTS]).sort("key", "valid_from")
    assert lake.read(TICKETS).sort("ticket_id").equals(expected)
    assert lake.read(CUSTOMERS).sort("key", "valid_from").equals(customers)
    assert lake.read(PRODUCTS).sort("key", "valid_from").equals(products)


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    lake.merge(silver.TICKETS, made(range(200)))
    assert follow(lake) == 200
    return lake


def test_new_tickets_alone_are_computed(lake):
    lake.merge(silver.TICKETS, made(range(200, 230)))

    assert follow(lake) == 30
    same_as_at_once(lake)


def test_nothing_new_costs_nothing(lake):
    versions = [lake.version(table) for table in TABLES]

    assert follow(lake) == 0
    assert [lake.version(table) for table in TABLES] == versions


def test_an_outcome_that_changes_reaches_the_tickets_opened_after_it(lake):
    lake.merge(silver.TICKETS, made([20, 21], resolved=False))

    assert follow(lake) == 2
    same_as_at_once(lake)


def test_a_late_ticket_reaches_the_tickets_opened_after_it(lake):
    lake.merge(silver.TICKETS, made([100]).with_columns(ticket_id=pl.lit("late"), record_hash=pl.lit("late")))

    assert follow(lake) == 1
    same_as_at_once(lake)


def test_a_ticket_that_becomes_another_customers_leaves_the_history_of_the_one_before(lake):
    lake.merge(silver.TICKETS, made([20]).with_columns(customer_id=pl.lit("C-4"), product=pl.lit("P1")))

    assert follow(lake) == 1
    same_as_at_once(lake)


def test_an_erased_ticket_leaves_no_trace(lake):
    lake.delete(silver.TICKETS, made([20]).select("ticket_id"))

    assert follow(lake) == 0
    same_as_at_once(lake)
