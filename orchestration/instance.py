"""The Dagster instance below `LAKE_ROOT`: where runs, events and schedules are kept."""

from pathlib import Path
from shutil import copyfile

import dagster as dg

from warehouse.reading import writable

PROJECT = Path(__file__).parents[1]


def home(lake_root: Path) -> Path:
    """DAGSTER_HOME of this lake, with the project's `dagster.yaml` in it, and no invitation over the first page."""
    directory = lake_root / "dagster"
    with writable(lake_root):
        directory.mkdir(parents=True, exist_ok=True)
        source, target = PROJECT / "dagster.yaml", directory / "dagster.yaml"
        if not target.exists() or target.read_bytes() != source.read_bytes():
            copyfile(source, target)
        greeted = directory / ".nux" / "nux.yaml"
        if not greeted.exists():
            greeted.parent.mkdir(exist_ok=True)
            greeted.write_text("seen: 1\n", encoding="utf-8")
    return directory


def instance(lake_root: Path) -> dg.DagsterInstance:
    """The instance that the web server, the daemon and `ticketlake build` share."""
    return dg.DagsterInstance.from_config(str(home(lake_root)))


def recent_runs(lake_root: Path, limit: int = 5) -> list[dict[str, str | None]]:
    """The newest runs, newest first: job, status, start, and why one failed."""
    if not (lake_root / "dagster").is_dir():
        return []
    with instance(lake_root) as dagster:
        return [_describe(dagster, record) for record in dagster.get_run_records(limit=limit)]


def _describe(dagster: dg.DagsterInstance, record: dg.RunRecord) -> dict[str, str | None]:
    run = record.dagster_run
    failed = run.status == dg.DagsterRunStatus.FAILURE
    return {
        "run_id": run.run_id,
        "job": run.job_name,
        "status": run.status.value,
        "started": record.create_timestamp.isoformat(timespec="seconds"),
        "why": "; ".join(failures(dagster, run.run_id)) if failed else None,
    }


def failures(dagster: dg.DagsterInstance, run_id: str) -> list[str]:
    """One line for each step of the run that failed."""
    entries = dagster.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [f"{entry.step_key}: {cause(entry.dagster_event)}" for entry in entries if entry.dagster_event is not None]


def cause(event: dg.DagsterEvent) -> str:
    """The innermost reason that a failed step gives."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip() if error is not None else "failed"
