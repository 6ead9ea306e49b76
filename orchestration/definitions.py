"""The one `Definitions`: what Dagster loads."""

import dagster as dg

import orchestration.defs
from orchestration import checks, jobs, sensors
from orchestration.resources import Artifacts, LakeResource, spec
from warehouse.contracts import gold as gold_tables
from warehouse.contracts import silver as silver_tables
from warehouse.contracts.quality import CHECK_RESULTS

defs = dg.Definitions(
    assets=[
        *dg.load_assets_from_package_module(orchestration.defs),
        spec(CHECK_RESULTS, deps=[table.key for table in (*silver_tables.TABLES, *gold_tables.TABLES)]),
    ],
    asset_checks=[checks.silver_checks, checks.gold_checks],
    jobs=[
        jobs.build,
        jobs.learn,
        jobs.retrain,
        jobs.promote,
        jobs.study,
        jobs.compare,
        jobs.watch,
        jobs.tell,
        jobs.merge,
        jobs.maintain,
    ],
    schedules=[jobs.nightly, jobs.weekly, jobs.weekly_learning, jobs.weekly_merge],
    sensors=[sensors.landing_sensor, sensors.retraining_sensor, sensors.after_sensor, sensors.dead_runs_sensor],
    executor=dg.in_process_executor,
    resources={
        "artifacts": Artifacts(),
        "lake": LakeResource(),
    },
)
