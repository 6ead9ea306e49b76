"""Which runs still live: each holds a lock that ends with its process, so that `kill -9` leaves nothing to wait for."""

from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

UNDER_WAY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
STARTING = timedelta(minutes=5)
"""How long a run may be without its lock: its process imports everything first."""
_HELD: dict[str, FileLock] = {}


def hold(lake_root: Path, run_id: str) -> None:
    """Hold the run's lock until this process ends, however it ends."""
    if run_id not in _HELD:
        file = _lock_file(lake_root, run_id)
        file.parent.mkdir(parents=True, exist_ok=True)
        _HELD[run_id] = FileLock(file, thread_local=False)
        _HELD[run_id].acquire()


def fail_dead_runs(instance: dg.DagsterInstance, lake_root: Path, now: datetime) -> list[str]:
    """Mark runs as failed whose process is gone: they count as running, and later ones queue behind them. Their ids."""
    records = instance.get_run_records(dg.RunsFilter(statuses=UNDER_WAY))
    dead = [record.dagster_run for record in records if not _lives(record, lake_root, now)]
    for run in dead:
        instance.report_run_failed(run, "The process of this run is gone: killed, or the machine went down.")
        _lock_file(lake_root, run.run_id).unlink(missing_ok=True)
    return [run.run_id for run in dead]


def _lives(record: dg.RunRecord, lake_root: Path, now: datetime) -> bool:
    run_id = record.dagster_run.run_id
    file = _lock_file(lake_root, run_id)
    if run_id in _HELD:
        return True
    if not file.exists():
        return now - record.update_timestamp < STARTING
    try:
        with FileLock(file, timeout=0):
            return False
    except Timeout:
        return True


def _lock_file(lake_root: Path, run_id: str) -> Path:
    return lake_root / "dagster" / "running" / run_id
