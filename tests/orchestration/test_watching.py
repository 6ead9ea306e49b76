"""Moods, classification and pressing tickets follow the tickets, at the cost of what is new."""

import shutil
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.anomaly import drawn
from ml.classify import decisions
from ml.classify.decisions import Policy, Threshold
from orchestration.defs import categorisation, escalations, mood
from orchestration.defs.features import follow_tickets
from orchestration.pictures import shown
from warehouse import artifacts
from warehouse.contracts import predictions, silver
from warehouse.contracts.anomalies import CATEGORISATION, ESCALATIONS, MOOD
from warehouse.delta import Lake

TABLES = (MOOD, CATEGORISATION, ESCALATIONS)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = ["Billing", "Login", "Sync"]
COUNT = 1_200


def made(seed=5):
    """Tickets of 80 days, all closed; every fortieth says that data are lost."""
    rng = np.random.default_rng(seed)
    at = [FIRST + timedelta(minutes=int(minute)) for minute in np.sort(rng.integers(0, 80 * 1440, COUNT))]
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T-{number:04d}" for number in range(COUNT)],
            "created_at": at,
            "resolved_at": [
                one + timedelta(hours=int(hours)) for one, hours in zip(at, rng.integers(1, 90, COUNT), strict=True)
            ],
            "customer_id": [f"C-{one}" for one in rng.integers(0, 300, COUNT)],
            "customer_tier": rng.choice(["free", "enterprise"], COUNT),
            "product": rng.choice(["Ledger", "Archive"], COUNT),
            "product_module": rng.choice(["api", "ui"], COUNT),
            "category": rng.choice(LABELS, COUNT),
            "escalated": rng.random(COUNT) < 0.1,
            "customer_sentiment": rng.choice(["angry", "neutral", "satisfied"], COUNT),
            "subject": ["Question" if number % 40 else "All our data is lost" for number in range(COUNT)],
            "load_id": ["l"] * COUNT,
        }
    )
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in silver.TICKETS.schema.items() if name not in rows]
    return rows.with_columns(missing).select(pl.col(name).cast(of) for name, of in silver.TICKETS.schema.items())


def answers(tickets, seed=6):
    """What two models said of each."""
    rng = np.random.default_rng(seed)
    said = {
        "category": (rng.choice(LABELS, tickets.height), rng.uniform(0.3, 1, tickets.height)),
        "escalation": (rng.choice(["no", "yes"], tickets.height, p=[0.9, 0.1]), rng.uniform(0.5, 1, tickets.height)),
    }
    frames = [
        tickets.select("ticket_id", "created_at").with_columns(
            target=pl.lit(target), model=pl.lit(f"m-{target}"), family=pl.lit("f"), part=pl.lit("later"),
            label=pl.Series(labels, dtype=pl.String), confidence=pl.Series(sure),
        )
        for target, (labels, sure) in said.items()
    ]  # fmt: skip
    found = pl.concat(frames)
    missing = [pl.lit(None, pl.Float64).alias(name) for name in ("hours_p10", "hours_p50", "hours_p90")]
    return found.with_columns(missing).select(predictions.TICKETS.schema.names())


def add(lake, tickets):
    lake.merge(silver.TICKETS, tickets)
    lake.merge(predictions.TICKETS, answers(tickets))
    follow_tickets(lake)


@pytest.fixture
def policy_of(tmp_path):
    """A policy that acts on risks from a probability on."""

    def stage(least):
        sure = {label: {"suggest": Threshold(0.5, 0.5)} for label in LABELS}
        found = Policy([], {"category": sure, "escalation": {"yes": {"suggest": Threshold(0.3, least)}}})
        return artifacts.stage(tmp_path / "artifacts", decisions.NAME, found.save, {})

    return stage


@pytest.fixture
def policy(policy_of):
    return policy_of(0.9)


@pytest.fixture
def lake(tmp_path):
    found = Lake(tmp_path / "lake")
    add(found, made().filter(pl.col("created_at") < FIRST + timedelta(days=70)))
    return found


def follow(lake, policy):
    for table in TABLES:
        lake.ensure(table)
    return mood.follow(lake), categorisation.follow(lake, policy), escalations.follow(lake, policy)


def held(lake):
    return {table.name: lake.read(table).sort(table.primary_key) for table in TABLES}


def test_nothing_new_costs_nothing(lake, policy):
    assert follow(lake, policy) == (70, 70, lake.row_count(silver.TICKETS))
    versions = [lake.version(table) for table in TABLES]

    assert follow(lake, policy) == (0, 0, 0)
    assert [lake.version(table) for table in TABLES] == versions


def test_what_comes_late_with_gaps_and_changes_gives_what_a_fresh_look_gives(lake, policy):
    follow(lake, policy)
    rest = made().filter(pl.col("created_at") >= FIRST + timedelta(days=70))
    late = rest["created_at"] < FIRST + timedelta(days=75)
    add(lake, rest.filter(~late))
    days, watched, read = follow(lake, policy)
    assert days == watched == 10
    assert read == (~late).sum()
    add(lake, rest.filter(late))
    follow(lake, policy)
    changed = made()[800:801].with_columns(
        category=pl.lit("Login"),
        resolved_at=pl.col("resolved_at") + timedelta(days=4),
        customer_sentiment=pl.lit("angry"),
    )
    lake.merge(silver.TICKETS, changed)
    follow(lake, policy)
    lake.delete(silver.TICKETS, made()[900:905].select("ticket_id"))
    follow(lake, policy)

    before = held(lake)
    for table in TABLES:
        shutil.rmtree(lake.path(table))
    follow(lake, policy)
    after = held(lake)
    for table in TABLES:
        assert after[table.name].height > 20
        assert after[table.name].equals(before[table.name]), table.name


def test_a_ticket_is_pressing_as_long_as_it_says_so(lake, policy):
    follow(lake, policy)
    one = lake.read(silver.TICKETS).filter(ticket_id="T-0041")
    was = lake.read(ESCALATIONS).filter(ticket_id="T-0041")
    lake.merge(silver.TICKETS, one.with_columns(subject=pl.lit("We were hacked")))
    assert follow(lake, policy)[2] == 1
    assert "security" in lake.read(ESCALATIONS).filter(ticket_id="T-0041")["triggers"].item()

    lake.merge(silver.TICKETS, one)
    follow(lake, policy)
    assert lake.read(ESCALATIONS).filter(ticket_id="T-0041").equals(was)
    lake.delete(silver.TICKETS, pl.DataFrame({"ticket_id": ["T-0040"]}))
    follow(lake, policy)
    assert lake.read(ESCALATIONS).filter(ticket_id="T-0040").is_empty()


def test_a_risk_above_the_policys_threshold_is_pressing_and_follows_it(lake, policy_of):
    said = lake.read(predictions.TICKETS).filter(target="escalation", label="yes")
    for table in TABLES:
        lake.ensure(table)
    for least, read in ((0.9, lake.row_count(silver.TICKETS)), (0.8, None), (0.95, None), (None, None)):
        risky = said.filter(pl.col("confidence") >= least) if least else said.clear()
        seen = escalations.follow(lake, policy_of(least))
        found = lake.read(ESCALATIONS).filter(pl.col("triggers").list.contains("risk"))

        assert set(found["ticket_id"]) == set(risky["ticket_id"])
        assert seen == read if read else seen < 0.1 * lake.row_count(silver.TICKETS)
        assert escalations.follow(lake, policy_of(least)) == 0


def test_without_predictions_and_policy_there_are_moods_and_words(tmp_path):
    lake = Lake(tmp_path / "bare")
    lake.merge(silver.TICKETS, made())
    days, watched, read = follow(lake, None)

    assert (days, watched, read) == (80, 0, COUNT)
    assert lake.read(CATEGORISATION).is_empty()
    assert set(lake.read(ESCALATIONS)["triggers"].explode()) == {"data_loss"}


def test_a_lake_without_tickets_has_empty_tables(tmp_path, policy):
    assert follow(Lake(tmp_path / "empty"), policy) == (0, 0, 0)


@pytest.mark.parametrize(
    ("table", "draw"),
    [(MOOD, drawn.moods), (CATEGORISATION, drawn.classification), (ESCALATIONS, drawn.pressing)],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_picture_is_drawn_the_same_each_time_and_shown_when_something_changed(lake, policy, table, draw):
    follow(lake, policy)
    rows = lake.read(table)
    told = shown(lake.root, table.name, lambda: draw(rows), changed=True)
    file = lake.root / "reports" / "anomalies" / f"{table.name}.svg"
    first = file.read_bytes()
    again = shown(lake.root, table.name, lambda: draw(rows), changed=True)

    assert first.startswith(b"<?xml")
    assert b64encode(first).decode() in told["picture"].value
    assert again == told
    assert set(shown(lake.root, table.name, lambda: draw(rows), changed=False)) == {"report"}
    file.unlink()
    shown(lake.root, table.name, lambda: draw(rows.clear()), changed=False)
    assert file.exists()


def test_a_build_makes_the_tables_and_their_pictures(built_once):
    lake = Lake(built_once[0])

    for table in TABLES:
        assert lake.exists(table)
        assert (lake.root / "reports" / "anomalies" / f"{table.name}.svg").exists()
    assert not lake.read(MOOD).is_empty()
    assert not lake.read(ESCALATIONS).is_empty()
