"""The published metrics, listed and filtered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.metrics_file import MetricsFile
from warehouse.errors import TicketlakeError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class UnknownMetric(TicketlakeError):
    """No metric of that name is published."""


class FilterRefused(TicketlakeError):
    """A filter names no column, no operator, or a value of another type."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"{parameter}: {detail}")
        self.parameter = parameter
        self.detail = detail


@dataclass(frozen=True)
class Page:
    """Rows of one metric, in the order of its columns, and how many there are in all."""

    version: str
    about: dict[str, Any]
    columns: list[tuple[str, str]]
    rows: list[dict[str, Any]]
    total: int


def catalogue(metrics: MetricsFile) -> tuple[str, list[dict[str, Any]]]:
    """The version, and what is published: one row a table. Raises `NotMaterialized`."""
    version, connection = metrics.cursor()
    with connection:
        return version, _dicts(connection.execute("select * from _catalogue order by name"))


def page(metrics: MetricsFile, name: str, filters: Sequence[tuple[str, str]], limit: int, offset: int) -> Page:
    """Rows of `name` that pass all filters, such as `("day.gte", "2026-01-01")`; several values of one equality: any.

    Raises `NotMaterialized`, `UnknownMetric`, `FilterRefused`.
    """
    version, connection = metrics.cursor()
    with connection:
        about = _dicts(connection.execute("select * from _catalogue where name = ?", [name]))
        if not about:
            raise UnknownMetric(f"no metric {name!r} is published. GET /v1/metrics lists what is.")
        types = {str(row[0]): str(row[1]) for row in connection.execute(f'describe "{name}"').fetchall()}
        condition, values = _condition(connection, types, filters)
        source = f'from "{name}" where {condition}'
        counted = connection.execute(f"select count(*) {source}", values).fetchone()
        rows = connection.execute(f"select * {source} order by all limit ? offset ?", [*values, limit, offset])
        return Page(version, about[0], list(types.items()), _dicts(rows), int(counted[0]) if counted else 0)


def _condition(
    connection: "DuckDBPyConnection", types: dict[str, str], filters: Sequence[tuple[str, str]]
) -> tuple[str, list[str]]:
    wanted: dict[tuple[str, str], list[str]] = {}
    for parameter, value in filters:
        column, _, operator = parameter.partition(".")
        if column not in types:
            raise FilterRefused(parameter, f"no such column, expected one of {', '.join(types)}")
        if (operator or "eq") not in OPERATORS:
            raise FilterRefused(parameter, f"no operator {operator!r}, expected one of {', '.join(OPERATORS)}")
        if "\x00" in value or not _casts(connection, value, types[column]):
            raise FilterRefused(parameter, f"expected a value of type {types[column]}")
        wanted.setdefault((column, operator or "eq"), []).append(value)
    clauses, values = ["true"], []
    for (column, operator), given in wanted.items():
        one = f'"{column}" {OPERATORS[operator]} cast(? as {types[column]})'
        clauses.append(f"({(' or ' if operator == 'eq' else ' and ').join([one] * len(given))})")
        values.extend(given)
    return " and ".join(clauses), values


def _casts(connection: "DuckDBPyConnection", value: str, dtype: str) -> bool:
    row = connection.execute(f"select try_cast(? as {dtype}) is not null", [value]).fetchone()
    return bool(row and row[0])


def _dicts(result: "DuckDBPyConnection") -> list[dict[str, Any]]:
    names = [str(column[0]) for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
