"""A lake as a build leaves it: silver, gold, metrics.duckdb, and a release with a trained model."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from ml.classify import baseline
from warehouse import marts, releases
from warehouse.contracts import gold, silver
from warehouse.delta import Lake
from warehouse.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAID = {"Billing": "the invoice shows a wrong amount", "Login": "the password is refused at login"}


def tickets(count: int = 240) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    labels = rng.choice(list(SAID), count)
    rows = pl.DataFrame(
        {
            "ticket_id": [f"TK-{n:04d}" for n in range(count)],
            "created_at": [NOW - timedelta(hours=count - n) for n in range(count)],
            "subject": [f"question {n}" for n in range(count)],
            "description": [f"{SAID[label]} since yesterday" for label in labels],
            "category": np.where(rng.random(count) < 0.9, labels, rng.permutation(labels)),
            "language": ["en"] * count,
            "load_id": ["0123456789abcdef"] * count,
            "record_hash": ["0" * 32] * count,
        }
    )
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in silver.TICKETS.schema.items() if name not in rows]
    return rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in silver.TICKETS.schema.items())


def backlog(days: int) -> pl.DataFrame:
    """Rows for the metric of volume by day: made up, of the declared types."""
    table = gold.MARTS["metric_volume_by_day_category_channel_region"].table
    values = {
        "day": [date(2026, 1, 1) + timedelta(days=n // 2) for n in range(days * 2)],
        "category": ["Billing", "Login"] * days,
        "channel": ["email"] * days * 2,
        "region": ["EU"] * days * 2,
    }
    numbers = {
        name: list(range(days * 2)) for name, dtype in table.schema.items() if name not in values and dtype.is_numeric()
    }
    rows = pl.DataFrame({**values, **numbers})
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in table.schema.items() if name not in rows]
    return rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())


def publish_metrics(lake: Lake, days: int) -> None:
    for table in gold.TABLES:
        filled = table.name == "metric_volume_by_day_category_channel_region"
        lake.replace(table, backlog(days) if filled else pl.DataFrame(schema=table.schema))
    marts.publish_metrics(lake)


def publish_model(lake: Lake, seed: int) -> releases.Release:
    version = lake.version(silver.TICKETS)
    assert version is not None
    inputs = {silver.TICKETS.path: version}
    model, card = baseline.train(lake.read(silver.TICKETS, columns=baseline.COLUMNS), seed=seed, inputs=inputs)
    artifact = releases.stage(lake, baseline.NAME, model.save, card.as_dict())
    return releases.publish(lake, [artifact], inputs, 0, expected=releases.current_id(lake.root), now=NOW)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-samples", action="store_true", help="Write docs/api-samples.md anew.")


@pytest.fixture(scope="session")
def built_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = Lake(tmp_path_factory.mktemp("built") / "lake")
    lake.replace(silver.TICKETS, tickets())
    publish_metrics(lake, days=30)
    publish_model(lake, seed=7)
    return lake.root


@pytest.fixture
def lake(built_lake: Path, tmp_path: Path) -> Lake:
    shutil.copytree(built_lake, tmp_path / "lake", symlinks=True)
    return Lake(tmp_path / "lake")


@pytest.fixture
def app(lake: Lake) -> Litestar:
    return create_app(Settings(lake_root=lake.root, _env_file=None))


@pytest.fixture
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[TestClient[Litestar]]:
    """A client of an API whose lake nobody has built."""
    settings = Settings(lake_root=tmp_path / "empty", _env_file=None)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def republish(lake: Lake):
    """Publishes newer metrics and another model, as a second build would."""

    def again(round_: int) -> None:
        publish_metrics(lake, days=30 + round_)
        publish_model(lake, seed=7 + round_)

    return again
