"""Signals of all detectors in one table: what each found, under identifiers that stay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg
import polars as pl

from ml.anomaly import candidates, categorisation, mood, unanswered, volume, volume_plot
from orchestration.pictures import shown
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse.contracts import silver
from warehouse.contracts.anomalies import CATEGORISATION, MOOD, NEW_ISSUES, SIGNALS, UNANSWERED, VOLUME
from warehouse.delta import Lake
from warehouse.table import Table


@dataclass(frozen=True)
class Detector:
    """A table of findings: kinds of signals that its alarms are, what of tickets these are told with, and how."""

    table: Table
    kinds: tuple[str, ...]
    alarms: pl.Expr
    read: Sequence[str]
    told: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]


ALARM, KNOWN = pl.col("alarm"), pl.col("known_at").is_not_null()
NOTHING = ("ticket_id",)
DETECTORS = (
    Detector(VOLUME, ("volume", "trend"), ALARM, volume.READ, volume.told),
    Detector(NEW_ISSUES, ("new_issue",), KNOWN, NOTHING, candidates.told),
    Detector(MOOD, ("mood",), ALARM, mood.READ, mood.told),
    Detector(UNANSWERED, ("unanswered",), KNOWN, NOTHING, unanswered.told),
    Detector(CATEGORISATION, ("categorisation",), ALARM, categorisation.READ, categorisation.told),
)


@dg.multi_asset(
    name="signals",
    specs=[spec(SIGNALS, deps=[*(detector.table.key for detector in DETECTORS), silver.TICKETS.key])],
    retry_policy=RETRIES,
)
def all_signals(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """What is not as expected, of whatever kind; a finding that did not last is taken back."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(SIGNALS)
        changed = sum([follow(tables, detector) for detector in DETECTORS])
        picture = shown(tables.root, "volume", lambda: volume_plot.draw(_late(tables)), changed=bool(changed))
    written = result(tables, SIGNALS)
    yield written._replace(metadata={**(written.metadata or {}), **picture})


def _late(lake: Lake) -> pl.DataFrame:
    """The newest rows of volume, as many days as are drawn."""
    if not lake.exists(VOLUME):
        return pl.DataFrame(schema=VOLUME.schema)
    rows = lake.scan(VOLUME)
    return rows.filter(
        pl.col("window_start") > pl.col("window_start").max() - pl.duration(days=volume_plot.DAYS)
    ).collect()


def follow(lake: Lake, detector: Detector) -> int:
    """Bring signals up to what a detector found; how many are new, differ or are gone."""
    with lake.lock(SIGNALS):
        version, since = lake.data_version(detector.table), lake.progress(SIGNALS, detector.table.path)
        if version is None or since == version:
            return 0
        rows = lake.scan(detector.table).filter(detector.alarms).collect()
        tickets = lake.scan(silver.TICKETS).select(detector.read).collect()
        found = detector.told(rows, tickets)
        mine = lake.scan(SIGNALS).filter(pl.col("kind").is_in(detector.kinds)).select("signal_id").collect()
        commit = lake.exchange(SIGNALS, mine, found, progress={detector.table.path: version})
        return commit.deleted + commit.inserted + commit.updated
