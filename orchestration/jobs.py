"""Jobs and their schedules."""

import dagster as dg

from orchestration.defs.ablation import compare_stages
from orchestration.defs.answers import answer_quality
from orchestration.defs.errors import analyse
from orchestration.defs.indexes import index, solution_ranker
from orchestration.defs.mirror import mirrored
from orchestration.defs.release import current
from orchestration.defs.studied import study_learning
from orchestration.defs.understanding import understand
from orchestration.resources import LakeResource
from warehouse import maintenance
from warehouse.contracts.inventory import TABLES

STUDIED = dg.AssetSelection.assets(study_learning)
COMPARED = dg.AssetSelection.assets(compare_stages)
LEARNED = dg.AssetSelection.assets(understand, analyse, solution_ranker, answer_quality, mirrored)

build = dg.define_asset_job(
    "build",
    selection=dg.AssetSelection.all() - LEARNED - STUDIED - COMPARED,
    description="Brings every table and metric up to date; what has not changed returns at once.",
    executor_def=dg.in_process_executor,
)

learn = dg.define_asset_job(
    "learn",
    selection=dg.AssetSelection.all() - STUDIED - COMPARED,
    description="Everything, and where tickets grew: every family of learners for every target, the best one released.",
    executor_def=dg.in_process_executor,
)

study = dg.define_asset_job(
    "study",
    selection=dg.AssetSelection.all() - LEARNED - COMPARED,
    description="Everything but models, and a long look at learning: cross-validation, tuning, ablations.",
    executor_def=dg.in_process_executor,
)


compare = dg.define_asset_job(
    "compare",
    selection=COMPARED,
    description="What each stage of finding is worth: the past is searched, the newest tickets ask.",
    executor_def=dg.in_process_executor,
)


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
