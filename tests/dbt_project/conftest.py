"""One lake with a bit of everything, built by dbt once for all tests of the room."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from warehouse.contracts import gold, silver
from warehouse.delta import Lake
from warehouse.table import Table

START = datetime(2026, 1, 1, tzinfo=UTC)
TICKETS = 1500

Dbt = Callable[..., Any]


def conform(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with every column of the table; those not given are null."""
    missing = [pl.lit(None).alias(name) for name in table.schema if name not in rows.columns]
    return rows.with_columns(missing).select(table.schema.names()).cast(table.schema)


@pytest.fixture(scope="session")
def dbt() -> Dbt:
    """`dbt(root, "build", ...)`: run dbt on the lake at `root` in a process of its own; gives status by node."""

    def run(root: Path, *arguments: str, **variables: object) -> dict[str, str]:
        target = root / "dbt" / "target"
        command = [str(Path(sys.executable).with_name("dbt")), "--quiet", *arguments, "--vars", json.dumps(variables)]
        command += ["--project-dir", str(gold.PROJECT), "--profiles-dir", str(gold.PROJECT)]
        command += ["--target-path", str(target), "--log-path", str(root / "dbt" / "logs")]
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("LAKE_ROOT", str(root))
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        results = json.loads((target / "run_results.json").read_text())["results"]
        return {result["unique_id"]: result["status"] for result in results}

    return run


@pytest.fixture(scope="session")
def as_of() -> datetime:
    """The business clock of the build: a few days after the last ticket."""
    return datetime(2026, 4, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def tickets() -> pl.DataFrame:
    """Tickets with blanks, open ones, unrated ones, and two agents who differ."""
    rng = np.random.default_rng(11)
    n = TICKETS

    def some(values: list[Any], share: float = 0.95) -> list[Any]:
        """Drawn values, null where a tenth or so says nothing."""
        return [
            value if keep else None for value, keep in zip(rng.choice(values, n), rng.random(n) < share, strict=True)
        ]

    articles = [f"KB-{i}" for i in range(30)]
    viewed = [list(map(str, rng.choice(articles, rng.integers(0, 4), replace=False))) for _ in range(n)]
    agents = rng.choice([f"A{i:02}" for i in range(12)], n)
    base = rng.lognormal(2, 1, n)
    hours = np.round(np.where(agents == "A00", base * 5, np.where(agents == "A01", base / 5, base)), 4)
    frame = pl.DataFrame(
        {
            "ticket_id": [f"T{i:05}" for i in range(n)],
            "created_at": [START.timestamp() + s for s in np.sort(rng.random(n)) * 100 * 86400],
            "hours": hours,
            "open": rng.random(n) < 0.1,
            "customer_id": some([f"C{i}" for i in range(200)]),
            "customer_tier": some(["free", "starter", "professional", "premium", "enterprise"]),
            "region": some(["EU", "NA", "APAC"]),
            "channel": some(["email", "chat"]),
            "product": some(["Sync", "Vault"]),
            "product_version": some(["1.0", "1.1", "2.0"]),
            "product_version_age_days": rng.integers(0, 90, n),
            "category": some(["Bug", "Access", "Billing"]),
            "priority": some(["low", "medium", "high", "critical"]),
            "customer_sentiment": some(["angry", "neutral", " "]),
            "agent_id": agents,
            "escalated": some([True, False]),
            "transferred_count": some([0, 0, 1]),
            "resolution_attempts": some([1, 1, 2, 3]),
            "satisfaction_score": some([1, 2, 3, 4, 5], 0.6),
            "kb_articles_viewed": viewed,
            "kb_articles_helpful": [names[: rng.integers(0, len(names) + 1)] for names in viewed],
            "auto_suggested_solutions": viewed,
            "auto_suggestion_accepted": some([True, False]),
            "description": ["words"] * n,
        },
        strict=False,
    )
    created = pl.from_epoch((pl.col("created_at") * 1e6).cast(pl.Int64), "us").dt.replace_time_zone("UTC")
    took = pl.duration(microseconds=(pl.col("hours") * 3.6e9).round().cast(pl.Int64))
    return frame.with_columns(created_at=created).with_columns(
        resolved_at=pl.when(~pl.col("open")).then(pl.col("created_at") + took),
        load_id=pl.lit("load"),
        record_hash=pl.col("ticket_id"),
    )


@pytest.fixture(scope="session")
def events(tickets: pl.DataFrame) -> pl.DataFrame:
    """Messages for two tickets in three, and the fate of some suggestions."""
    rng = np.random.default_rng(12)
    rows = []
    for ticket_id, created_at in tickets.select("ticket_id", "created_at").iter_rows():
        if rng.random() < 0.33:
            continue
        at = created_at
        answer = {"decision": str(rng.choice(["automate", "suggest"])), "label": "Bug", "confidence": 0.7}
        made = {"prediction_id": ticket_id, "release": "r1", "targets": {"category": answer}}
        rows.append(("PredictionMade", ticket_id, START, "system", made))
        for _ in range(rng.integers(1, 4)):
            at += timedelta(minutes=int(rng.integers(1, 600)))
            said = {"text": "words", "visibility": str(rng.choice(["public", "public", "internal"]))}
            rows.append(("MessageAdded", ticket_id, at, str(rng.choice(["agent", "customer"])), said))
        if rng.random() < 0.2:
            shown = {"suggestion_id": ticket_id, "kind": "article", "target_id": "KB-1", "rank": 1, "release": "r1"}
            rows.append(("SuggestionShown", ticket_id, at, "agent", shown))
            if rng.random() < 0.5:
                rows.append(("SuggestionAccepted", ticket_id, at, "agent", {"suggestion_id": ticket_id}))
    names = ["type", "ticket_id", "event_time", "actor_kind", "payload"]
    frame = pl.DataFrame([(*row[:4], json.dumps(row[4])) for row in rows], schema=names, orient="row")
    return frame.with_columns(
        event_id=pl.int_range(pl.len()).cast(pl.String),
        version=pl.lit(1),
        received_time=pl.col("event_time"),
        load_id=pl.lit("load"),
    )


@pytest.fixture(scope="session")
def searches() -> pl.DataFrame:
    """Searches of ten days, most of them used; the last day's may yet be."""
    rng = np.random.default_rng(13)
    n = 300
    used = rng.random(n) < 0.6
    asked = np.sort(rng.random(n)) * 10
    ranks = rng.integers(1, 6, n)
    empty: list[Any] = [[]] * n
    return pl.DataFrame(
        {
            "search_id": [f"S{i:03}" for i in range(n)],
            "kind": rng.choice(["solutions", "answers"], n),
            "asked_at": [START + timedelta(days=float(day)) for day in asked],
            "no_result": rng.random(n) < 0.1,
            "low_score": rng.random(n) < 0.2,
            "rephrased": rng.random(n) < 0.2,
            "unaccepted": [False if yes else True if day < 9 else None for yes, day in zip(used, asked, strict=True)],
            "accepted_rank": [int(rank) if yes else None for yes, rank in zip(used, ranks, strict=True)],
            "latency_ms": rng.lognormal(3, 1, n),
            **dict.fromkeys(("ticket_id", "text", "text_hash", "filters", "load_id"), ["x"] * n),
            **dict.fromkeys(("k", "returned", "shown", "accepted", "edited", "refused"), [1] * n),
            **dict.fromkeys(("stages", "missing", "found", "scores", "articles"), empty),
        }
    )


@pytest.fixture(scope="session")
def labels() -> pl.DataFrame:
    """What two agents said of the same tickets, most of it alike, and a third of some."""
    rng = np.random.default_rng(14)
    rows = []
    for n in range(120):
        truth = str(rng.choice(["Bug", "Access", "Billing"]))
        for agent, sure in (("A00", 0.9), ("A01", 0.8), ("A02", 0.5))[: 2 + (n % 3 == 0)]:
            value = truth if rng.random() < sure else str(rng.choice(["Bug", "Access", "Billing"]))
            rows.append((f"L{n}-{agent}", f"T{n:05}", value, agent, agent == "A00"))
    named = ["label_id", "ticket_id", "value", "actor_id", "holds"]
    said = {"field": "category", "kind": "corrected", "source": "agent"}
    return pl.DataFrame(rows, schema=named, orient="row").with_columns(
        said_at=pl.lit(START), **{k: pl.lit(v) for k, v in said.items()}
    )


@pytest.fixture(scope="session")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    dbt: Dbt,
    tickets: pl.DataFrame,
    events: pl.DataFrame,
    searches: pl.DataFrame,
    labels: pl.DataFrame,
    as_of: datetime,
) -> Lake:
    """The lake after one whole `dbt build`, unit tests included, at a fixed clock."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append(silver.TICKETS, conform(silver.TICKETS, tickets.drop("hours", "open")))
    lake.append(silver.EVENTS, conform(silver.EVENTS, events))
    article = {"article_id": ["KB-1", "KB-x"], "title": ["One", "X"], "body": ["text", "text"], "load_id": ["l", "l"]}
    lake.append(silver.ARTICLES, conform(silver.ARTICLES, pl.DataFrame(article).with_columns(record_hash=pl.lit("h"))))
    lake.append(silver.SEARCH_EVENTS, conform(silver.SEARCH_EVENTS, searches))
    lake.append(silver.LABELS, conform(silver.LABELS, labels))
    dbt(lake.root, "build", as_of=as_of.isoformat())
    return lake
