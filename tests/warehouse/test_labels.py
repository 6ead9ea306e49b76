"""Statements on labels: kept each, weighed together, whenever they arrive."""

import json
from datetime import UTC, datetime
from itertools import permutations

import polars as pl
import pytest

from warehouse.contracts import silver
from warehouse.refine import refine


def said(key, value, day, *, who="A-1", kind="agent", type_="LabelCorrected", version=1, ticket="T-1", **payload):
    return {
        "type": type_,
        "version": version,
        "event_time": f"2026-03-{day:02d}T12:00:00Z",
        "actor": {"kind": kind, "id": who},
        "ticket_id": ticket,
        "idempotency_key": key,
        "payload": {"field": "category", "value": value, **payload},
    }


def record(day, **changes):
    record = {"ticket_id": "T-1", "created_at": "2026-03-01T12:00:00Z", "updated_at": f"2026-03-{day:02d}T12:00:00Z"}
    return {**record, "subject": f"as of day {day}", "category": "Billing", **changes}


@pytest.fixture
def hear(take):
    def run(*things):
        for number, one in enumerate(things):
            take([one], f"{number}-{len(json.dumps(one))}.jsonl")

    return run


@pytest.fixture
def holds(lake):
    def now():
        return lake.read(silver.TICKETS)["category"].item()

    return now


@pytest.fixture
def facts(lake):
    return lambda: lake.read(silver.LABELS).sort("said_at", "label_id")


def test_a_correction_is_a_fact_beside_what_was_recorded(hear, holds, facts):
    hear(record(2), said("e-1", "Login", 4, version=2, previous="Billing", prediction_id="P-1", review_id="RV-1"))

    assert holds() == "Login"
    recorded, corrected = facts().to_dicts()
    assert (recorded["value"], recorded["source"], recorded["kind"], recorded["holds"]) == (
        "Billing",
        "recorded",
        "recorded",
        False,
    )
    assert {name: corrected[name] for name in ("value", "previous", "source", "actor_id", "holds")} == {
        "value": "Login",
        "previous": "Billing",
        "source": "review",
        "actor_id": "A-1",
        "holds": True,
    }
    assert (corrected["prediction_id"], corrected["review_id"]) == ("P-1", "RV-1")
    assert corrected["said_at"] == datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_two_agents_who_disagree_are_kept_as_two_and_the_later_one_holds(hear, holds, facts):
    hear(record(2), said("e-2", "Access", 5, who="A-2"), said("e-1", "Login", 4))

    assert holds() == "Access"
    assert facts().select("value", "actor_id", "holds").rows() == [
        ("Billing", None, False),
        ("Login", "A-1", False),
        ("Access", "A-2", True),
    ]


@pytest.mark.parametrize(
    ("events", "label"),
    [
        ([said("1", "x", 3), said("2", "x", 4, who="A-2"), said("3", "y", 5, who="A-3")], "x"),
        ([said("1", "x", 3), said("2", "y", 4, who="A-2"), said("3", "y", 5)], "y"),
        ([said("1", "x", 3), said("2", "y", 4, who="C-1", kind="customer")], "x"),
        ([said("1", "y", 4, who="C-1", kind="customer")], "y"),
        ([said("1", "x", 3, who="m", kind="system")], "Billing"),
        ([said("1", "x", 3), said("2", "Billing", 4, who="A-2", type_="LabelConfirmed")], "Billing"),
    ],
)
def test_the_label_of_most_agents_holds_and_of_as_many_the_last(hear, holds, events, label):
    hear(record(2), *events)

    assert holds() == label


@pytest.mark.parametrize(("category", "label"), [("Billing", "Login"), ("Access", "Access")])
def test_a_newer_record_that_repeats_what_was_put_right_contradicts_nobody(hear, holds, facts, category, label):
    hear(record(2), said("e-1", "Login", 4, previous="Billing"), record(6, category=category))

    assert holds() == label
    assert facts().filter(source="recorded")["value"].to_list() == [category]
    assert facts().filter(pl.col("holds"))["value"].to_list() == [label]


def test_a_label_whose_statements_were_outlived_is_as_recorded_again(hear, holds):
    hear(record(2), said("e-1", "Login", 3), record(4), said("e-2", "Access", 5, who="A-2", type_="LabelConfirmed"))

    assert holds() == "Access"


def test_any_order_of_arrival_gives_the_same_facts(lake, facts, take):
    told = [record(2), said("1", "x", 4, previous="Billing"), said("2", "y", 3, who="A-2"), record(5)]
    orders = list(permutations(told))[::3]
    for place in range(len(told)):
        batch = []
        for number, order in enumerate(orders):
            one = {**order[place], "ticket_id": f"T-{number}"}
            batch.append(one | ({"idempotency_key": f"{number}-{one['idempotency_key']}"} if "type" in one else {}))
        for kind in (True, False):
            if part := [one for one in batch if ("type" in one) is kind]:
                take(part, f"{place}-{kind}.jsonl")
    rows = facts().with_columns(pl.col("label_id").str.replace(r"^\d+-|T-\d+", ""))
    found = [part.drop("ticket_id", "heard_at").sort("label_id").rows() for part in rows.partition_by("ticket_id")]
    assert len(found) == len(orders)
    assert all(one == found[0] for one in found)
    assert lake.read(silver.TICKETS)["category"].to_list() == ["x"] * len(orders)


def test_what_nobody_speaks_of_costs_nothing(hear, lake, facts):
    hear(record(2), record(2, ticket_id="T-2"))
    assert not lake.exists(silver.LABELS)

    hear(said("e-1", "Login", 4))
    before = lake.version(silver.LABELS)
    refine(lake)
    assert lake.version(silver.LABELS) == before
    assert set(facts()["ticket_id"]) == {"T-1"}


def test_flags_are_labels_too(hear, lake, facts):
    hear(record(2, escalated=False), said("e-1", "yes", 4, version=2, field="escalated"))

    assert lake.read(silver.TICKETS)["escalated"].to_list() == [True]
    assert facts().select("value", "holds").rows() == [("no", False), ("yes", True)]


def test_a_statement_on_an_unknown_ticket_waits_for_it(hear, holds, facts):
    hear(said("e-1", "Login", 4))
    assert facts().select("value", "holds").rows() == [("Login", False)]

    hear(record(2))
    assert facts().select("value", "holds").rows() == [("Billing", False), ("Login", True)]
