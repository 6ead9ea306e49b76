"""The published metrics: a catalogue, and the rows of each."""

from hashlib import blake2b
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from api.state import Parts
from service import metrics

MOST_ROWS = 1_000
FURTHEST = 10_000_000
UNCHANGED = {304: ResponseSpec(None, description="As it was at `If-None-Match`", generate_examples=False)}
_PAGING = ("limit", "offset")


class MetricAbout(msgspec.Struct, frozen=True):
    """One metric, fact or dimension; `definition` and `unit` are those of metrics."""

    name: str
    description: str
    grain: str
    definition: str | None
    unit: str | None
    owner: str
    rows: int
    version: int


class Catalogue(msgspec.Struct, frozen=True):
    """What is published, and the version of the whole."""

    version: str
    metrics: list[MetricAbout]


class MetricColumn(msgspec.Struct, frozen=True):
    """A column and its SQL type."""

    name: str
    type: str


class MetricRows(msgspec.Struct, frozen=True):
    """One page of rows in the order of the columns; `total` counts what passes the filters; `next` is the next page."""

    version: str
    about: MetricAbout
    columns: list[MetricColumn]
    total: int
    limit: int
    offset: int
    next: str | None
    rows: list[dict[str, Any]]


@get("/v1/metrics", operation_id="listMetrics", tags=["metrics"], sync_to_thread=True, responses=UNCHANGED)
def list_metrics(request: Request[Any, Any, Any], parts: Parts) -> Response[Catalogue]:
    """Everything that is published, with definition, grain, unit and owner."""
    etag = _etag(parts.metrics.version(), "")
    if _known(request, etag):
        return _unchanged(etag)
    version, rows = metrics.catalogue(parts.metrics)
    return Response(Catalogue(version, [MetricAbout(**row) for row in rows]), headers={"ETag": _etag(version, "")})


@get("/v1/metrics/{name:str}", operation_id="getMetric", tags=["metrics"], sync_to_thread=True, responses=UNCHANGED)
def get_metric(
    request: Request[Any, Any, Any],
    parts: Parts,
    name: Annotated[str, Parameter(description="As the catalogue names it")],
    limit: Annotated[int, Parameter(ge=1, le=MOST_ROWS, description="Rows a page")] = 100,
    offset: Annotated[int, Parameter(ge=0, le=FURTHEST, description="Rows to pass over")] = 0,
) -> Response[MetricRows]:
    """Rows of one metric.

    Any other query parameter is a filter on a column: `?category=Security`, or with one of the operators `ne`, `gt`,
    `gte`, `lt`, `lte` after a dot: `?day.gte=2026-01-01`. The same column several times means any of the values.
    """
    filters = sorted(item for item in request.query_params.multi_items() if item[0] not in _PAGING)
    query = urlencode([*filters, ("limit", str(limit)), ("offset", str(offset))])
    etag = _etag(parts.metrics.version(), f"{name}?{query}")
    if _known(request, etag):
        return _unchanged(etag)
    page = metrics.page(parts.metrics, name, filters, limit, offset)
    more = offset + len(page.rows) < page.total
    following = urlencode([*filters, ("limit", str(limit)), ("offset", str(offset + limit))])
    rows = MetricRows(
        version=page.version,
        about=MetricAbout(**page.about),
        columns=[MetricColumn(column, dtype) for column, dtype in page.columns],
        total=page.total,
        limit=limit,
        offset=offset,
        next=f"/v1/metrics/{name}?{following}" if more else None,
        rows=page.rows,
    )
    return Response(rows, headers={"ETag": _etag(page.version, f"{name}?{query}")})


def _etag(version: str, asked: str) -> str:
    return f'"{version}-{blake2b(asked.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()}"'


def _unchanged(etag: str) -> Response[Any]:
    return Response(None, status_code=304, headers={"ETag": etag})


def _known(request: Request[Any, Any, Any], etag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in (one.strip().removeprefix("W/") for one in given.split(","))
