"""A lake as a build leaves it: silver, gold, metrics.duckdb, and a release with a trained model."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.examples import OUTCOME
from ml import features, targets
from ml.classify import baseline, decisions
from ml.classify.champion import Champion
from ml.classify.decisions import Rule
from ml.evaluate.splits import time_split
from ml.inputs import encoded, of_one
from ml.targets import Target
from ml.text import encoder as encoders
from ml.understand import Past, learn_target
from operations.inbox import Inbox
from operations.store import open_store
from service.searches import entry
from warehouse import artifacts, marts, releases
from warehouse.artifacts import Artifact
from warehouse.contracts import gold, silver, ticket_features
from warehouse.delta import Lake
from warehouse.search_made import SearchMade, Thing
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
            "customer_id": [f"CUST-{n % 12:04d}" for n in range(count)],
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
    known = lake.data_version(ticket_features.TICKETS)
    inputs = {silver.TICKETS.path: version}
    model, card = baseline.train(lake.read(silver.TICKETS, columns=baseline.COLUMNS), seed=seed, inputs=inputs)
    artifact = releases.stage(lake, baseline.NAME, model.save, card.as_dict())
    tables = inputs if known is None else {**inputs, ticket_features.TICKETS.path: known}
    return releases.publish(lake, [artifact], tables, 0, expected=releases.current_id(lake.root), now=NOW)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-samples", action="store_true", help="Write docs/api-samples.md anew.")


@pytest.fixture(scope="session")
def built_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = Lake(tmp_path_factory.mktemp("built") / "lake")
    rows = tickets()
    lake.replace(silver.TICKETS, rows)
    lake.replace(ticket_features.TICKETS, features.ticket_features(rows.select(features.READ), rows))
    publish_metrics(lake, days=30)
    publish_model(lake, seed=7)
    return lake.root


def champion(root: Path, past: Past, target: Target, audit: dict[str, str], above: Champion | None = None) -> Artifact:
    """A champion for the target, staged as a build does."""
    found = learn_target(past, target, ["linear_svm", "logistic"], seed=1, above=above)
    return artifacts.stage(root, f"models/{target.name}", found.save, {**found.card.as_dict(), "learnability": audit})


def decided(root: Path, *champions: Artifact) -> Artifact:
    """What becomes of their answers, staged as a build does."""
    rules = [Rule("*", "*", "automate", 0.9), Rule("*", "*", "suggest", 0.5)]
    names = {one.name.removeprefix("models/"): one for one in champions}
    thresholds = {name: decisions.thresholds(rules, name, decisions.load(one.path)) for name, one in names.items()}
    return artifacts.stage(root, decisions.NAME, decisions.Policy(rules, thresholds).save, {})


@pytest.fixture(scope="session")
def learned_once(
    built_lake: Path, encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, list[Artifact]]]:
    """A lake whose release has champions, and two versions of the one for categories."""
    root = tmp_path_factory.mktemp("learned") / "lake"
    shutil.copytree(built_lake, root, symlinks=True)
    lake = Lake(root)

    def copy(folder: Path) -> None:
        shutil.copytree(encoder_folder, folder, dirs_exist_ok=True)

    encoder = encoders.load(encoder_folder)
    staged = [artifacts.stage(root, "models/encoder", copy, {"encoder": encoder.digest})]
    rows = lake.read(silver.TICKETS)
    rng = np.random.default_rng(4)
    more = {"subcategory": rows["category"] + rng.choice([" 1", " 2"], len(rows)), "resolved_at": rows["created_at"]}
    rows = rows.with_columns(**more, priority=pl.Series(rng.choice(["low", "high"], len(rows))))
    known = lake.read(ticket_features.TICKETS)
    texts = encoded(rows)
    inputs = of_one(rows, texts, known, encoder.encode(texts.to_list()))
    split = time_split(rows["created_at"])
    assert split is not None
    versions = dict(releases.open_release(root).manifest.tables)
    past = Past(rows, inputs, split, NOW, versions)
    learnable = {"verdict": "learnable", "reason": "it is"}
    category = champion(root, past, targets.CATEGORY, learnable)
    other = champion(
        root, replace(past, rows=rows.with_columns(category=rows["category"].reverse())), targets.CATEGORY, learnable
    )
    under = champion(root, past, targets.SUBCATEGORY, learnable, Champion.load(category.path))
    silent = champion(root, past, targets.PRIORITY, {"verdict": "nothing to learn", "reason": "no better than chance"})
    baseline_ = releases.open_release(root).artifact(baseline.NAME)
    parts = {
        name: [*staged, one, under, silent, baseline_, decided(root, one, under, silent)]
        for name, one in (("first", category), ("second", other))
    }
    releases.publish(lake, parts["first"], versions, 0, expected=releases.current_id(root), now=NOW)
    return root, parts


@pytest.fixture
def learned(learned_once: tuple[Path, dict[str, list[Artifact]]], tmp_path: Path) -> Lake:
    shutil.copytree(learned_once[0], tmp_path / "learned", symlinks=True)
    return Lake(tmp_path / "learned")


@pytest.fixture
def release_of(learned: Lake, learned_once: tuple[Path, dict[str, list[Artifact]]]):
    """Publishes the `first` or the `second` champion for categories."""

    def publish(which: str) -> releases.Release:
        parts = [artifacts.load(learned.root, one.name, one.digest) for one in learned_once[1][which]]
        tables = releases.open_release(learned.root).manifest.tables
        return releases.publish(learned, parts, tables, 0, expected=releases.current_id(learned.root), now=NOW)

    return publish


@pytest.fixture
def answering(learned: Lake) -> Iterator[TestClient[Litestar]]:
    """A client of an API that answers with champions."""
    app = create_app(Settings(lake_root=learned.root, _env_file=None))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


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
def searched(lake: Lake) -> SearchMade:
    """The search that the document's examples speak of, written down."""
    made = SearchMade(
        search_id=OUTCOME["search_id"],
        kind="solutions",
        made_at=NOW,
        ticket_id="TK-0001",
        text="export stops",
        text_hash="0" * 32,
        k=10,
        used=["keyword"],
        missing=[],
        found=[
            Thing(kind="solution", id=OUTCOME["target_id"], rank=1, score=0.9),
            Thing(kind="ticket", id="TK-0002", rank=1, score=0.4),
        ],
        returned=1,
        latency_ms=3.0,
        release="r1",
    )
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        Inbox(store).append([entry(made)])
    return made


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
