"""What is searched: past problems and passages of articles."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import dagster as dg
import polars as pl

from ml.retrieve import articles, problems
from orchestration.resources import RETRIES, LakeResource, Results, expected_errors, result, spec
from warehouse.contracts import silver
from warehouse.contracts.search import PASSAGES, PROBLEMS
from warehouse.delta import Lake
from warehouse.reading import newest
from warehouse.table import Table

BATCH = 8_192
"""Rows whose texts are in memory together."""


class Made(NamedTuple):
    """A table that is made of another one, row by row of that: its rows carry the key of the source.

    Where `code` changes, all of them are made anew.
    """

    source: Table
    target: Table
    columns: Sequence[str]
    make: Callable[[pl.DataFrame], pl.DataFrame]
    code: str


PROBLEM_ROWS = Made(silver.TICKETS, PROBLEMS, problems.COLUMNS, problems.problems, problems.digest())
PASSAGE_ROWS = Made(silver.ARTICLES, PASSAGES, articles.COLUMNS, articles.articles, articles.digest())


@dg.multi_asset(name="past_problems", specs=[spec(PROBLEMS, deps=[silver.TICKETS.key])], retry_policy=RETRIES)
def past_problems(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """What new and changed tickets say is wrong, redacted; erased tickets go."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(PROBLEMS)
        follow(tables, PROBLEM_ROWS)
    yield result(tables, PROBLEMS)


@dg.multi_asset(name="article_passages", specs=[spec(PASSAGES, deps=[silver.ARTICLES.key])], retry_policy=RETRIES)
def article_passages(context: dg.AssetExecutionContext, lake: LakeResource) -> Results:
    """Passages of new and changed articles, redacted; those of articles that are gone go."""
    tables = lake.of(context)
    with expected_errors():
        tables.ensure(PASSAGES)
        follow(tables, PASSAGE_ROWS)
    yield result(tables, PASSAGES)


def follow(lake: Lake, made: Made) -> int:
    """Bring a table up to its source; how many rows of that were read."""
    source, target, columns, make, code = made
    progress = f"{source.path}@{code}"
    with lake.lock(target):
        version, since = lake.data_version(source), lake.progress(target, progress)
        if version is None or since == version:
            return 0
        key = source.primary_key[0]
        changes = newest(lake.changes(source, since, version, columns=columns), key)
        changed = changes.filter(pl.col("_change_type") != "delete").select(columns)
        parts = [make(part).select(target.schema.names()) for part in changed.iter_slices(BATCH) if part.height]
        rows = pl.concat([pl.DataFrame(schema=target.schema), *parts])
        known = lake.scan(target).select(*dict.fromkeys((*target.primary_key, key)))
        if since is not None:
            known = known.filter(pl.col(key).is_in(changes[key].implode()))
        lake.exchange(target, known.collect(), rows, progress={progress: version})
        return changed.height
