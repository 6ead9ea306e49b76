"""One run of dbt in this process, which has most of it imported anyway, and what came of it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from filelock import FileLock

from orchestration.dbt import Parsed
from warehouse.contracts import quality
from warehouse.contracts.gold import PROJECT

# Unit tests prove the formulas, whatever the data: they belong to `make test`.
BUILD = ("build", "--exclude-resource-type", "unit_test")
FAILED = ("error", "fail", "runtime error")
UNIQUE_ID = "dagster_dbt/unique_id"

Node = Any
"""What dbt says of one model, seed or test that it ran: `node`, `status`, `failures`, `message`, `execution_time`."""


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold dbt's database and its working files below the lake against every other run."""
    folder = root / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "run.lock"):
        yield


def run(root: Path, parsed: Parsed, *, as_of: datetime, versions: Mapping[str, int | None]) -> list[Node]:
    """Build every model and seed and run every test, on the sources at `versions`; hold `alone` meanwhile.

    Nodes come in the order in which they ended. Raises what dbt raises when it cannot begin.
    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    # Handed over parsed: then changed variables cost nothing.
    manifest = Manifest.from_msgpack(parsed.packed.read_bytes(), decoder=extended_mashumuro_decoder)
    given = {"lake_root": str(root), "as_of": as_of.isoformat(), "versions": json.dumps(versions)}
    try:
        done: Any = dbtRunner(manifest).invoke(
            [
                *("--log-level", "none", "--log-level-file", "info", "--log-path", str(root / "dbt" / "logs")),
                *("--no-write-json", *BUILD, "--target-path", str(root / "dbt" / "target")),
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--vars", json.dumps(given)),
            ]
        )
    finally:
        _close()
    if done.exception is not None:
        raise done.exception
    return list(done.result.results)


def _close() -> None:
    """dbt-duckdb keeps its database open for a next run; who reads what was built needs another kind of connection."""
    from dbt.adapters import factory
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    manager: Any = DuckDBConnectionManager
    reset: Any = factory.reset_adapters
    reset()
    if manager._ENV is not None:
        manager._ENV.close()
    manager.close_all_connections()


def assets(nodes: Sequence[Node], context: dg.AssetExecutionContext) -> Iterator[tuple[dg.AssetKey, float]]:
    """Key and seconds of each asset that was asked for and built, in the order in which they ended."""
    keys = {spec.metadata[UNIQUE_ID]: spec.key for spec in context.assets_def.specs}
    for node in nodes:
        key = keys.get(node.node.unique_id)
        if key is not None and key in context.selected_asset_keys and node.status == "success":
            yield key, node.execution_time


def checks(rows: pl.DataFrame, context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """The newest of these rows of the check history for each check that was asked for."""
    newest = {(row["table"], row["check"]): row for row in rows.sort("checked_at").iter_rows(named=True)}
    for key in context.selected_asset_check_keys:
        row = newest.get(("/".join(key.asset_key.path), key.name))
        if row is not None:
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=row["passed"],
                severity=dg.AssetCheckSeverity(row["severity"].upper()),
                description=row["detail"],
                metadata={name: row[name] for name in ("value", "failing_rows_sql") if row[name] is not None},
            )


def failures(nodes: Sequence[Node]) -> list[str]:
    """One line for each model, seed or test that stops what follows."""
    return [f"{node.node.name}: {_told(node)}" for node in nodes if node.status in FAILED]


def history(nodes: Sequence[Node], context: dg.AssetExecutionContext, *, now: datetime) -> pl.DataFrame:
    """The results of tests in the shape of the check history."""
    keys = {spec.metadata[UNIQUE_ID]: spec.key for spec in context.assets_def.check_specs}
    said = {"run_id": context.run_id, "engine": "dbt", "checked_at": now}
    rows = [
        _row(node, keys[node.node.unique_id]) | said
        for node in nodes
        if node.node.unique_id in keys and node.status != "skipped"
    ]
    return pl.DataFrame(rows, schema=quality.CHECK_RESULTS.schema)


def _row(node: Node, key: dg.AssetCheckKey) -> dict[str, Any]:
    passed = node.status == "pass"
    return {
        "table": "/".join(key.asset_key.path),
        "check": key.name,
        "passed": passed,
        "severity": str(node.node.config.severity).lower(),
        "value": float(node.failures or 0),
        "detail": "passed" if passed else _told(node),
        "failing_rows_sql": _readable(node.node.compiled_code) if node.failures else None,
    }


def _told(node: Node) -> str:
    return " ".join((node.message or str(node.status)).split())


def _readable(query: str) -> str:
    """The query with tables named as people name them, in dbt's database and to `ticketlake sql` alike."""
    return re.sub(r'"warehouse"\."(\w+)"\."(\w+)"', r"\1.\2", query).strip()
