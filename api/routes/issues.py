"""Issues, and the graph around them."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import Parameter

from api.problems import REFUSED, BadRequest, FieldError
from api.state import Parts, now
from ml.graph.store import Neighbour
from ml.graph.things import EDGE_KINDS
from ml.retrieve.found import Path
from operations.entries import NAME_LENGTH
from service import issues as service
from service.issues import Change, Issue

MOST = 100
LONGEST = 1_000
Order = Literal["tickets", "tickets_last_30_days", "trend", "first_at", "last_at"]
Named = Annotated[str | None, Parameter(max_length=NAME_LENGTH)]
Limit = Annotated[int, Parameter(ge=1, le=MOST)]


class InScope(msgspec.Struct, frozen=True, kw_only=True):
    """An issue of a broad question: its tickets of those asked about, how over-represented, the newest of them."""

    issue: Issue
    tickets: int
    of: int
    lift: float
    examples: list[str]


class IssueList(msgspec.Struct, frozen=True, kw_only=True):
    """Issues; `in_scope` in their place for a question."""

    issues: list[Issue]
    in_scope: list[InScope]
    release: str


class IssueView(msgspec.Struct, frozen=True, kw_only=True):
    """An issue, and how it came about."""

    issue: Issue
    changes: list[Change]
    release: str


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """A node and what is near it."""

    node_id: str
    kind: str
    name: str
    neighbours: list[Neighbour]
    release: str


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """Ways between two nodes, each with its nodes and, between them, kinds of edges."""

    start: str
    end: str
    paths: list[Path]
    release: str


@get("/v1/issues", operation_id="listIssues", tags=["issues"], sync_to_thread=True)
def list_issues(
    parts: Parts,
    *,
    product: Named = None,
    version: Named = None,
    category: Named = None,
    subcategory: Named = None,
    error_code: Named = None,
    order: Order = "tickets",
    limit: Limit = 20,
    q: Annotated[str | None, Parameter(max_length=LONGEST, description="A broad question in plain words.")] = None,
) -> IssueList:
    """Issues by what they affect, or those that a broad question asks about ("what goes wrong with version 3.2.1?").

    `version` is written with its product, `DataSync Pro 3.2.1`, or alone, `3.2.1`, of any product. A question that
    names nothing of ours is a 400.
    """
    opened = parts.serving.opened()
    if q is None:
        by = {
            "product": product,
            "version": version,
            "category": category,
            "subcategory": subcategory,
            "error_code": error_code,
        }
        found = service.issues(parts.lake, opened, by, order, limit)
        return IssueList(issues=found, in_scope=[], release=opened.release.id)
    hits = service.broad(parts.lake, opened, q, now(), limit)
    if hits is None:
        detail = "expected a broad question that names a product, version, module, error code, category or region"
        raise BadRequest("the question asks about no scope of tickets", FieldError(detail, parameter="q"))
    scope = [
        InScope(issue=issue, tickets=hit.tickets, of=hit.of, lift=hit.lift, examples=hit.examples)
        for issue, hit in hits
    ]
    return IssueList(issues=[], in_scope=scope, release=opened.release.id)


@get("/v1/issues/{issue_id:str}", operation_id="getIssue", tags=["issues"], sync_to_thread=True)
def get_issue(parts: Parts, issue_id: Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH)]) -> IssueView:
    """One issue: how large, since when, which versions, what helps best, and what it was split off or merged into."""
    opened = parts.serving.opened()
    found = service.issue(parts.lake, opened, issue_id)
    if found is None:
        raise BadRequest(f"no issue {issue_id!r} is known", status=HTTPStatus.NOT_FOUND)
    return IssueView(issue=found[0], changes=found[1], release=opened.release.id)


@get("/v1/graph/neighbours", operation_id="getNeighbours", tags=["issues"], sync_to_thread=True)
def get_neighbours(
    parts: Parts,
    *,
    node: Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH, description="Such as `Issue:ISS-…`.")],
    depth: Annotated[int, Parameter(ge=1, le=3)] = 1,
    kinds: Annotated[list[str] | None, Parameter(description="Kinds of edges; all if none is named.")] = None,
    as_of: datetime | None = None,
    limit: Limit = 50,
) -> Neighbourhood:
    """What hangs together with a node of the graph, the nearest first."""
    wrong = sorted(set(kinds or []) - set(EDGE_KINDS))
    if wrong:
        detail = f"expected {', '.join(EDGE_KINDS)}, found {wrong[0]!r}"
        raise BadRequest(REFUSED, FieldError(detail, parameter="kinds"))
    _zoned(as_of)
    opened = parts.serving.opened()
    found = service.neighbours(opened, node, depth=depth, kinds=kinds or [], as_of=as_of, limit=limit)
    forgotten = parts.serving.forgotten
    if found is None or forgotten.is_node(node):
        raise BadRequest(f"no node {node!r} is known", status=HTTPStatus.NOT_FOUND)
    kind, name, near = found
    return Neighbourhood(node_id=node, kind=kind, name=name, neighbours=forgotten.near(near), release=opened.release.id)


@get("/v1/graph/paths", operation_id="getPaths", tags=["issues"], sync_to_thread=True)
def get_paths(
    parts: Parts,
    *,
    start: Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH, description="Such as `Product:Pro`.")],
    end: Annotated[str, Parameter(min_length=1, max_length=NAME_LENGTH, description="Such as `Solution:SOL-…`.")],
    as_of: datetime | None = None,
    limit: Annotated[int, Parameter(ge=1, le=50)] = 5,
) -> Paths:
    """The shortest ways between two nodes of the graph, of at most five edges."""
    _zoned(as_of)
    opened = parts.serving.opened()
    found = service.paths(opened, start, end, as_of=as_of, limit=limit)
    forgotten = parts.serving.forgotten
    if found is None or forgotten.is_node(start) or forgotten.is_node(end):
        raise BadRequest(f"no node {start!r}, or none {end!r}, is known", status=HTTPStatus.NOT_FOUND)
    shown = [one for one in found if not any(map(forgotten.is_node, one.nodes))]
    return Paths(start=start, end=end, paths=shown, release=opened.release.id)


def _zoned(as_of: datetime | None) -> None:
    """Raises `BadRequest` for a moment without a time zone."""
    if as_of is not None and as_of.tzinfo is None:
        detail = "expected a moment with a time zone, such as 2026-01-31T00:00:00Z"
        raise BadRequest(REFUSED, FieldError(detail, parameter="as_of"))
