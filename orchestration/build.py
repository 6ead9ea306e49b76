"""One build from start to end in this process, told step by step to whoever watches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, Literal
from uuid import uuid4

import dagster as dg

from orchestration.instance import cause, instance
from orchestration.liveness import fail_dead_runs
from warehouse.errors import BuildFailed

State = Literal["started", "done", "failed", "skipped"]


@dataclass(frozen=True)
class Step:
    """A step that changed its state."""

    name: str
    state: State
    seconds: float


@dataclass(frozen=True)
class Built:
    """A table, model or release as a build left it."""

    asset: str
    rows: int | None
    version: str | None


@dataclass
class BuildReport:
    """What a build did."""

    run_id: str
    seconds: float = 0.0
    built: list[Built] = field(default_factory=list)
    quarantined: int = 0
    checks_passed: int = 0
    warnings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


STATES: dict[dg.DagsterEventType, State] = {
    dg.DagsterEventType.STEP_START: "started",
    dg.DagsterEventType.STEP_SUCCESS: "done",
    dg.DagsterEventType.STEP_FAILURE: "failed",
    dg.DagsterEventType.STEP_SKIPPED: "skipped",
}
TRIGGER, COMMAND = "ticketlake/trigger", "command"
"""Tag of a run that a command started, which goes on by itself."""
LAND = "land"
"""The step that is told of files."""


def build(
    lake_root: Path,
    *,
    files: Sequence[Path] = (),
    mapping: str | None = None,
    job: str = "build",
    config: Mapping[str, Mapping[str, Any]] | None = None,
    watch: Callable[[Step | str], None] = lambda _: None,
) -> BuildReport:
    """Run a job over the asset graph and report it; failures are in the report.

    `config` is that of further steps, by name. `watch` is told of steps, and what they say on their way.
    """
    from orchestration.definitions import defs
    from orchestration.jobs import after

    began = monotonic()
    report = BuildReport(run_id=str(uuid4()))
    with instance(lake_root) as dagster:
        fail_dead_runs(dagster, lake_root, datetime.now(UTC))  # noqa: TID251 the edge where a build begins

        def run(name: str, run_id: str, tags: Mapping[str, str]) -> None:
            dagster.add_event_listener(run_id, lambda entry: _hear(entry, began, report, watch))
            asked = defs.resolve_job_def(name)
            steps = {step: dict(values) for step, values in (config or {}).items()} if name == job else {}
            if any(node.name == LAND for node in asked.nodes):
                steps[LAND] = {"files": [str(file) for file in files], "mapping": mapping}
            _run(dagster, asked, run_id, steps, tags)

        run(job, report.run_id, {})
        for name, tags in after(job, lake_root):
            if not report.failures:
                run(name, str(uuid4()), tags)
    report.seconds = round(monotonic() - began, 2)
    return report


def _run(
    dagster: dg.DagsterInstance,
    job: dg.JobDefinition,
    run_id: str,
    steps: Mapping[str, Mapping[str, Any]],
    tags: Mapping[str, str],
) -> None:
    run_config = {
        "ops": {step: {"config": values} for step, values in steps.items()},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }
    try:
        _interruptible(
            lambda: job.execute_in_process(
                instance=dagster,
                run_id=run_id,
                raise_on_error=False,
                run_config=run_config,
                tags={TRIGGER: COMMAND, **tags},
            )
        )
    except KeyboardInterrupt:
        run = dagster.get_run_by_id(run_id)
        if run is not None:
            dagster.report_run_canceled(run, "Interrupted: Ctrl-C, or SIGTERM.")
        raise


def outcome(report: BuildReport) -> BuildReport:
    """The report of a build that succeeded. Raises `BuildFailed` for one that did not."""
    if report.failures:
        raise BuildFailed(
            f"build {report.run_id} failed: {'; '.join(report.failures).rstrip('.')}. See `ticketlake status`."
        )
    return report


def _interruptible(work: Callable[[], object]) -> None:
    """Do it in a thread, so that Ctrl-C is heard here and at once.

    In the main thread Dagster takes the signal for one step's failure and goes on with those that do not need it. Who
    interrupts ends the process: tables are whole whenever it dies.
    """
    failure: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failure.append(error)

    thread = Thread(target=run, name="build", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(1.0)
    if failure:
        raise failure[0]


def _hear(entry: dg.EventLogEntry, began: float, report: BuildReport, watch: Callable[[Step | str], None]) -> None:
    event = entry.dagster_event
    if event is None:
        watch(entry.user_message)
        return
    if event.event_type in STATES and event.step_key is not None:
        watch(Step(event.step_key, STATES[event.event_type], monotonic() - began))
    if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
        made = event.step_materialization_data.materialization
        built = _built(made)
        report.built[:] = [*(one for one in report.built if one.asset != built.asset), built]
        report.quarantined += _number(made, "quarantined") or 0
    if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        _judge(event.asset_check_evaluation_data, report)
    if event.event_type == dg.DagsterEventType.STEP_FAILURE:
        report.failures.append(f"{event.step_key}: {cause(event)}")


def _built(materialization: dg.AssetMaterialization) -> Built:
    version = (materialization.tags or {}).get("dagster/data_version")
    return Built(materialization.asset_key.to_user_string(), _number(materialization, "dagster/row_count"), version)


def _number(materialization: dg.AssetMaterialization, name: str) -> int | None:
    found = materialization.metadata.get(name)
    return found.value if found is not None and isinstance(found.value, int) else None


def _judge(check: Any, report: BuildReport) -> None:
    if check.passed:
        report.checks_passed += 1
        return
    why = f" ({check.description})" if check.description else ""
    line = f"{check.asset_key.to_user_string()}: {check.check_name}{why}"
    blocking = check.severity == dg.AssetCheckSeverity.ERROR
    (report.failures if blocking else report.warnings).append(line)
