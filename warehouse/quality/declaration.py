"""The Soda contracts of our tables, read without Soda: what is checked, how gravely, and which rows would fail."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from warehouse.errors import ContractBroken
from warehouse.table import Table

FILES = Path(__file__).parent / "contracts"
DATA_SOURCE = "lake"
ROW_COUNT = "row_count"
COMMON = {"qualifier", "name", "threshold"}
KINDS = {
    "missing": COMMON,
    "invalid": COMMON | {"valid_min", "valid_max", "valid_values", "valid_reference_data", "filter"},
    "duplicate": COMMON | {"columns"},
    "failed_rows": COMMON | {"expression", "query"},
    "freshness": COMMON | {"column", "now_variable"},
    "metric": COMMON | {"expression"},
    "row_count": COMMON,
}
"""What a check of each kind may say here. Soda passes over what it does not know, so a misspelt key would go unseen."""

Severity = Literal["error", "warn"]


class Declared(NamedTuple):
    """A check as it is known without running it; `table` is layer/name."""

    table: str
    name: str
    severity: Severity
    description: str


@dataclass(frozen=True)
class Check:
    """One check of a Soda contract: `qualifier` is its name, `name` says what should hold."""

    table: Table
    kind: str
    name: str
    description: str
    columns: tuple[str, ...]
    threshold: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def severity(self) -> Severity:
        """`error` blocks what follows; it is Soda's level `fail`, the default."""
        return "warn" if self.threshold.get("level") == "warn" else "error"


@dataclass(frozen=True)
class Contract:
    """One file: the checks of one table."""

    table: Table
    text: str
    variables: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def references(self) -> tuple[Table, ...]:
        """The other tables that its checks look into."""
        named, known = _named(self.text), known_tables()
        unknown = named - known.keys()
        if unknown:
            raise ContractBroken(f"contract of {self.table.path}: {min(unknown)} is no declared table.")
        return tuple(known[path] for path in sorted(named - {self.table.path}))


def declared(tables: Iterable[Table]) -> list[Declared]:
    """The checks of these tables, without running any: reads our own files and nothing else."""
    return [
        Declared(check.table.path, check.name, check.severity, check.description)
        for contract in contracts(tables)
        for check in contract.checks
    ]


def contracts(tables: Iterable[Table]) -> list[Contract]:
    """The contracts of those tables that have one."""
    return [contract for table in tables if (contract := _read(table))]


def tables_named(sql: str) -> list[Table]:
    """The declared tables that a query names, as in `silver.tickets`: what `views` must show for it to run."""
    known = known_tables()
    return [known[path] for path in sorted(_named(sql.lower()) & known.keys())]


def _named(text: str) -> set[str]:
    layers = sorted({table.layer for table in known_tables().values()})
    return {f"{layer}/{name}" for layer, name in re.findall(rf'\b({"|".join(layers)})"?[./]"?(\w+)', text)}


@cache
def known_tables() -> Mapping[str, Table]:
    """Every declared table by its path."""
    from warehouse.contracts.inventory import TABLES

    return {table.path: table for table in TABLES}


@cache
def _read(table: Table) -> Contract | None:
    file = FILES / f"{table.layer}_{table.name}.yml"
    return parse(table, file.read_text(encoding="utf-8")) if file.exists() else None


def parse(table: Table, text: str) -> Contract:
    """The contract that a file's text holds. Raises `ContractBroken` for what Soda would pass over in silence."""
    import yaml

    document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 it is a safe one
    if document["dataset"] != f"{DATA_SOURCE}/{table.path}":
        message = f"contract of {table.path}: dataset is {document['dataset']}"
        raise ContractBroken(f"{message}, expected {DATA_SOURCE}/{table.path}.")
    listed = [(column["name"], entry) for column in document["columns"] for entry in column["checks"]]
    listed += [(None, entry) for entry in document.get("checks", ())]
    checks = tuple(_check(table, column, entry) for column, entry in listed)
    names = [check.name for check in checks]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ContractBroken(
            f"contract of {table.path}: qualifier {min(repeated)} is used twice, expected one for each check."
        )
    return Contract(table, text, tuple(document.get("variables", ())), checks)


def _check(table: Table, column: str | None, entry: Mapping[str, Any]) -> Check:
    ((kind, body),) = entry.items()
    if kind not in KINDS:
        raise ContractBroken(
            f"contract of {table.path}: no check of kind {kind} is supported, expected one of {', '.join(KINDS)}."
        )
    unknown = body.keys() - KINDS[kind]
    if unknown:
        raise ContractBroken(
            f"contract of {table.path}: {kind} takes no {min(unknown)}, expected {', '.join(sorted(KINDS[kind]))}."
        )
    columns = (column,) if column else tuple(body.get("columns", ())) or tuple(filter(None, [body.get("column")]))
    return Check(table, kind, body["qualifier"], body["name"], columns, body.get("threshold", {}), body)
