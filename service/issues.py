"""Issues and their neighbours in the graph, as a release published them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from ml.graph.broad import Hit
from ml.graph.index import NAME as GRAPH
from ml.graph.store import Neighbour
from ml.retrieve.filters import Filters
from ml.retrieve.found import Path
from service.opened import Opened
from warehouse.contracts.graph import ISSUE_CHANGES, ISSUES
from warehouse.errors import NotMaterialized
from warehouse.reading import Tables


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets that have one cause, as far as words, errors and remedies tell."""

    issue_id: str
    name: str
    category: str | None
    subcategory: str | None
    products: list[str]
    versions: list[str]
    modules: list[str]
    error_codes: list[str]
    tickets: int
    customers: int
    open_tickets: int
    tickets_last_30_days: int
    trend: float | None
    first_at: datetime
    last_at: datetime
    open_since: datetime | None
    best_solution_id: str | None
    example_ticket_ids: list[str]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that began, was split off `other`, or was merged into it."""

    change: str
    other: str
    at: datetime
    tickets: int


def issues(lake: Tables, opened: Opened, by: dict[str, str | None], order: str, limit: int) -> list[Issue]:
    """The first of the issues that have what is asked for, by `order`. Raises `NotMaterialized`."""
    asked = {name: value for name, value in by.items() if value is not None}
    held = [_of_version(value) if name == "version" else _has(name, value) for name, value in asked.items()]
    rows = _rows(lake, opened).filter(held) if held else _rows(lake, opened)
    ordered = rows.sort(order, "issue_id", descending=[True, False], nulls_last=True).head(limit).collect()
    return [msgspec.convert(row, Issue) for row in ordered.iter_rows(named=True)]


def issue(lake: Tables, opened: Opened, issue_id: str) -> tuple[Issue, list[Change]] | None:
    """One issue and what became of it; None where there is none of that id. Raises `NotMaterialized`."""
    rows = _rows(lake, opened).filter(pl.col("issue_id") == issue_id).collect()
    if rows.is_empty():
        return None
    version = opened.release.manifest.tables.get(ISSUE_CHANGES.path)
    mine = (pl.col("issue_id") == issue_id) | (pl.col("other") == issue_id)
    changes = lake.scan(ISSUE_CHANGES, version=version).filter(mine).sort("at").collect()
    told = [msgspec.convert(row, Change) for row in changes.drop("issue_id").iter_rows(named=True)]
    return msgspec.convert(rows.row(0, named=True), Issue), told


def broad(
    lake: Tables, opened: Opened, question: str, now: datetime, limit: int, *, filters: Filters | None = None
) -> list[tuple[Issue, Hit]] | None:
    """The issues that a broad question asks about, with its tickets in that scope; None for one that is not broad.

    Tickets are counted that `filters` let pass. Raises `NotMaterialized` where there is no graph.
    """
    if opened.finding.graph is None:
        raise opened.fault(GRAPH)
    asking = opened.finding.graph.broad
    scope = asking.scope(question, opened.finding.graph.walker.linker, now)
    if scope is None:
        return None
    allowed = filters.mask(asking.tickets) if filters is not None else None
    hits = asking.answer(scope, limit=limit, allowed=allowed)
    rows = _rows(lake, opened).filter(pl.col("issue_id").is_in([hit.issue_id for hit in hits])).collect()
    known = {row["issue_id"]: msgspec.convert(row, Issue) for row in rows.iter_rows(named=True)}
    return [(known[hit.issue_id], hit) for hit in hits if hit.issue_id in known]


def ignored(opened: Opened, filters: Filters | None) -> list[str]:
    """Filters by which tickets cannot be counted."""
    graph = opened.finding.graph
    if filters is None or graph is None:
        return []
    return [name for name in msgspec.to_builtins(filters) if name not in graph.broad.tickets.columns]


def neighbours(
    opened: Opened, node: str, *, depth: int, kinds: Sequence[str], as_of: datetime | None, limit: int
) -> tuple[str, str, list[Neighbour]] | None:
    """Kind and name of a node, and what is near it; None where there is none of that id. Raises `NotMaterialized`."""
    graph = opened.finding.graph
    if graph is None:
        raise opened.fault(GRAPH)
    found = graph.ask(lambda store: store.node(node))
    if found is None:
        return None
    near: list[Neighbour] = graph.ask(lambda store: store.neighbours(node, depth, kinds, as_of, limit))
    return (*found, near)


def paths(opened: Opened, start: str, end: str, *, as_of: datetime | None, limit: int) -> list[Path] | None:
    """The shortest ways between two nodes; None where one of them is none. Raises `NotMaterialized`."""
    graph = opened.finding.graph
    if graph is None:
        raise opened.fault(GRAPH)
    if graph.ask(lambda store: any(store.node(node) is None for node in (start, end))):
        return None
    found: list[Path] = graph.ask(lambda store: store.paths(start, end, as_of, limit))
    return found


def _has(name: str, value: str) -> pl.Expr:
    lists = {"product": "products", "error_code": "error_codes"}
    return pl.col(lists[name]).list.contains(value) if name in lists else pl.col(name) == value


def _of_version(value: str) -> pl.Expr:
    """Versions stand with their product; one that is named alone is meant of any product."""
    said = pl.element()
    return pl.col("versions").list.eval((said == value) | said.str.ends_with(f" {value}")).list.any()


def _rows(lake: Tables, opened: Opened) -> Any:
    version = opened.release.manifest.tables.get(ISSUES.path)
    if version is None:
        raise NotMaterialized(ISSUES.path, "run `ticketlake build`")
    return lake.scan(ISSUES, version=version)
