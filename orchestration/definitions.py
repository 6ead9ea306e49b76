"""The one `Definitions`: what Dagster loads."""

import dagster as dg

from orchestration import checks, jobs, sensors
from orchestration.defs import (
    ablation,
    answers,
    audit,
    bronze,
    embeddings,
    errors,
    features,
    gold,
    graph,
    indexes,
    mirror,
    models,
    policy,
    predictions,
    release,
    search,
    silver,
    solutions,
    studied,
    understanding,
)
from orchestration.resources import Artifacts, LakeResource, spec
from warehouse.contracts import gold as gold_tables
from warehouse.contracts import silver as silver_tables
from warehouse.contracts.quality import CHECK_RESULTS

defs = dg.Definitions(
    assets=[
        bronze.land,
        silver.refine,
        gold.dbt_models,
        gold.metrics,
        audit.learnability,
        models.category_baseline,
        embeddings.encoder,
        search.past_problems,
        search.article_passages,
        solutions.canonical_solutions,
        embeddings.embeddings,
        features.ticket_features,
        studied.study_learning,
        understanding.understand,
        policy.decision_policy,
        errors.analyse,
        predictions.predict,
        graph.issue_members,
        graph.knowledge_graph,
        graph.graph_index,
        indexes.index,
        indexes.known_solutions,
        indexes.solution_ranker,
        answers.answer_quality,
        ablation.compare_stages,
        release.current,
        mirror.mirrored,
        spec(CHECK_RESULTS, deps=[table.key for table in (*silver_tables.TABLES, *gold_tables.TABLES)]),
    ],
    asset_checks=[checks.silver_checks, checks.gold_checks],
    jobs=[jobs.build, jobs.learn, jobs.study, jobs.compare, jobs.merge, jobs.maintain],
    schedules=[jobs.nightly, jobs.weekly, jobs.weekly_learning, jobs.weekly_merge],
    sensors=[sensors.landing_sensor, sensors.dead_runs_sensor],
    executor=dg.in_process_executor,
    resources={
        "artifacts": Artifacts(),
        "lake": LakeResource(),
    },
)
