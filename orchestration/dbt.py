"""The dbt project as Dagster sees it: parsed when its files changed, and its results as rows of the check history."""

import sys
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import dagster as dg
import polars as pl
from dagster_dbt import DbtCliResource, DbtProject
from filelock import FileLock

from warehouse.contracts import quality

DIRECTORY = Path(__file__).parents[1] / "dbt_project"
EXECUTABLE = Path(sys.executable).with_name("dbt")
PROJECT = DbtProject(project_dir=DIRECTORY, profiles_dir=DIRECTORY)


def resource() -> DbtCliResource:
    """dbt as it was installed beside this Python."""
    return DbtCliResource(project_dir=str(DIRECTORY), profiles_dir=str(DIRECTORY), dbt_executable=str(EXECUTABLE))


def manifest() -> Path:
    """The manifest, parsed anew when a file of the project is newer."""
    path = PROJECT.manifest_path
    with FileLock(DIRECTORY / "target.lock"):
        if not path.exists() or path.stat().st_mtime < max(file.stat().st_mtime for file in _files()):
            resource().cli(["parse", "--quiet"], target_path=path.parent).wait()
    return path


def fingerprint() -> int:
    """A number that changes when any file of the project does."""
    digest = blake2b(digest_size=7)
    for file in sorted(_files()):
        digest.update(str(file.relative_to(DIRECTORY)).encode() + b"\0" + file.read_bytes() + b"\0")
    return int.from_bytes(digest.digest())


def _files() -> list[Path]:
    folders = ("models", "seeds", "macros", "tests")
    inside = [file for folder in folders for file in (DIRECTORY / folder).rglob("*") if file.is_file()]
    return [DIRECTORY / "dbt_project.yml", DIRECTORY / "profiles.yml", *inside]


def check_rows(results: Iterable[dg.AssetCheckResult], *, run_id: str, now: datetime) -> pl.DataFrame:
    """dbt's test results in the shape of the check history."""
    rows = [
        {
            "run_id": run_id,
            "table": "/".join(result.asset_key.path) if result.asset_key else "",
            "check": result.check_name,
            "engine": "dbt",
            "checked_at": now,
            "passed": result.passed,
            "severity": "error" if result.severity == dg.AssetCheckSeverity.ERROR else "warn",
            "value": _failures(result),
            "detail": "passed" if result.passed else f"{_failures(result):.0f} rows break {result.check_name}",
            "failing_rows_sql": None,
        }
        for result in results
    ]
    return pl.DataFrame(rows, schema=quality.CHECK_RESULTS.schema)


def _failures(result: dg.AssetCheckResult) -> float:
    metadata = result.metadata or {}
    found = metadata.get("dagster_dbt/failed_row_count")
    return float(found.value) if found is not None and isinstance(found.value, int) else 0.0
