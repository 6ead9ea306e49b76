"""What starts a build by itself."""

from datetime import UTC, datetime

import dagster as dg

from orchestration import liveness, retraining
from orchestration.build import COMMAND, TRIGGER
from orchestration.jobs import after, build, learn, retrain, tell, watch
from warehouse import dropped
from warehouse.settings import settings

UNDER_WAY = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dg.sensor(job=build, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """A build for each new file in `landing/`; the hash of its bytes is the run key, so none runs twice."""
    now = datetime.now(UTC)  # noqa: TID251 how long the files have lain there
    waiting = dropped.waiting(settings().lake_root, now)
    if not waiting:
        return dg.SkipReason(f"nothing in {settings().lake_root / 'landing'}")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=file.load_id, tags={"ticketlake/file": file.path.name}) for file in waiting]
    )


@dg.sensor(job=retrain, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def retraining_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Challengers are trained when corrections, a new label, drift or time ask for it; a tag says what."""
    now = datetime.now(UTC)  # noqa: TID251 how long ago models were trained
    under_way = context.instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY))
    if any(run.job_name in (learn.name, retrain.name) for run in under_way):
        return dg.SkipReason("models are being trained")
    decision = retraining.decide(settings().lake_root, now)
    if decision.because is None:
        return dg.SkipReason(decision.told)
    steps = {"understand": {"config": {"because": decision.because}}} if decision.whatever_grew else {}
    return dg.RunRequest(run_key=decision.key, tags={retraining.TAG: decision.told}, run_config={"ops": steps})


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[build, learn, retrain, watch],
    request_jobs=[watch, tell],
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def after_sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    """After a build the days whose tickets changed are scanned, then signals are told; commands do so themselves."""
    done = context.dagster_run
    if done.tags.get(TRIGGER) == COMMAND:
        return dg.SkipReason("a command goes on by itself")
    name, tags = next(after(done.job_name, settings().lake_root), (tell.name, {}))
    return dg.RunRequest(run_key=done.run_id, job_name=name, tags=tags)


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def dead_runs_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Runs whose process is gone are marked as failed, so that nothing queues behind them."""
    now = datetime.now(UTC)  # noqa: TID251 how long runs have been under way
    dead = liveness.fail_dead_runs(context.instance, settings().lake_root, now)
    return dg.SkipReason(f"marked as failed: {', '.join(dead)}" if dead else "every run under way lives")
