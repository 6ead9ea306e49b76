"""Jobs and their schedules."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from orchestration.defs.ablation import compare_stages
from orchestration.defs.answers import answer_quality
from orchestration.defs.errors import analyse
from orchestration.defs.gate import gate
from orchestration.defs.incidents import mirrored_incidents
from orchestration.defs.indexes import index, solution_ranker
from orchestration.defs.mirror import mirrored
from orchestration.defs.policy import decision_policy
from orchestration.defs.regression import freeze_regression
from orchestration.defs.release import current
from orchestration.defs.signals import all_signals
from orchestration.defs.studied import study_learning
from orchestration.defs.understanding import understand
from orchestration.defs.volume import DAY, DAYS, due, volume_by_window
from orchestration.promotions import BY_HAND
from orchestration.resources import LakeResource
from warehouse import maintenance
from warehouse.contracts.inventory import TABLES
from warehouse.delta import Lake

STUDIED = dg.AssetSelection.assets(study_learning)
COMPARED = dg.AssetSelection.assets(compare_stages)
WATCHED = dg.AssetSelection.assets(volume_by_window)
TOLD = dg.AssetSelection.assets(all_signals, mirrored_incidents)
LATER = STUDIED | COMPARED | WATCHED | TOLD
"""What a build does not bring up to date: what is asked for by itself, or comes after it."""
TRAINED = dg.AssetSelection.assets(freeze_regression, understand, gate, mirrored)
LEARNED = TRAINED | dg.AssetSelection.assets(analyse, solution_ranker, answer_quality)

build = dg.define_asset_job(
    "build",
    selection=dg.AssetSelection.all() - LEARNED - LATER,
    description="Brings every table and metric up to date; what has not changed returns at once.",
    executor_def=dg.in_process_executor,
)

learn = dg.define_asset_job(
    "learn",
    selection=dg.AssetSelection.all() - LATER,
    description="Everything, and where tickets grew: every family of learners for every target, the best one released.",
    executor_def=dg.in_process_executor,
)

retrain = dg.define_asset_job(
    "retrain",
    selection=dg.AssetSelection.all() - LATER - (LEARNED - TRAINED),
    description="What came in, challengers where there is a reason to train them, the gate, and what it promoted.",
    executor_def=dg.in_process_executor,
)

promote = dg.define_asset_job(
    BY_HAND,
    selection=dg.AssetSelection.assets(decision_policy, current, mirrored),
    description="Publishes the models that somebody chose, with the thresholds that belong to them.",
    executor_def=dg.in_process_executor,
)

study = dg.define_asset_job(
    "study",
    selection=dg.AssetSelection.all() - LEARNED - (LATER - STUDIED),
    description="Everything but models, and a long look at learning: cross-validation, tuning, ablations.",
    executor_def=dg.in_process_executor,
)


compare = dg.define_asset_job(
    "compare",
    selection=COMPARED,
    description="What each stage of finding is worth: the past is searched, the newest tickets ask.",
    executor_def=dg.in_process_executor,
)


watch = dg.define_asset_job(
    "watch",
    selection=WATCHED,
    partitions_def=DAYS,
    description="How many tickets came, hour by hour, beside what was to be expected; days may be scanned again.",
    executor_def=dg.in_process_executor,
)


tell = dg.define_asset_job(
    "tell",
    selection=TOLD,
    description="Signals of all detectors, and incidents as the worker left them.",
    executor_def=dg.in_process_executor,
)


def after(job: str, lake_root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """What follows a job that brings tickets: names of jobs, and tags of their runs; asked again after each of them."""
    if job not in (build.name, learn.name, retrain.name):
        return
    if days := due(Lake(lake_root)):
        first, last = (DAYS.get_partition_key_for_timestamp(day.timestamp()) for day in (days[0], days[1] - DAY))
        yield watch.name, {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}
    yield tell.name, {}


merge = dg.define_asset_job(
    "merge",
    selection=dg.AssetSelection.assets(index, current),
    description="Weekly: what is new in the indexes becomes part of their bases.",
    executor_def=dg.in_process_executor,
    config={"ops": {"index": {"config": {"merge": True}}}},
)


@dg.op
def compact_and_vacuum(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Merge small files and remove those that no version still kept refers to."""
    whole = lake.whole()
    pinned = maintenance.pinned_versions(whole.root)
    for table in TABLES:
        done = maintenance.maintain(whole, table, keep_versions=pinned.get(table.path))
        if done is not None:
            context.log.info(f"{table.path}: {done.files_merged} files merged, {done.files_removed} removed")


@dg.job(executor_def=dg.in_process_executor, description="Weekly: compact and vacuum every table.")
def maintain() -> None:
    """Compact and vacuum every table."""
    compact_and_vacuum()


nightly = dg.ScheduleDefinition(
    name="nightly_build", job=build, cron_schedule="0 2 * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
weekly = dg.ScheduleDefinition(
    name="weekly_maintenance", job=maintain, cron_schedule="0 4 * * 0", default_status=dg.DefaultScheduleStatus.RUNNING
)
weekly_learning = dg.ScheduleDefinition(
    name="weekly_learning", job=learn, cron_schedule="0 5 * * 0", default_status=dg.DefaultScheduleStatus.RUNNING
)
weekly_merge = dg.ScheduleDefinition(
    name="weekly_merge", job=merge, cron_schedule="30 3 * * 0", default_status=dg.DefaultScheduleStatus.RUNNING
)
