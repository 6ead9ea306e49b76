"""Mappings: TOML files that say which of other people's columns are which fields of a ticket."""

import json
import re
import tomllib
from collections.abc import Mapping as Dict
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from warehouse.contracts import silver
from warehouse.errors import SettingsInvalid

SHIPPED = Path(__file__).parent / "mappings"
FIELDS = {column.name: column.dtype for column in silver.TICKET_FIELDS}
TIMES = ("created_at", "updated_at", "resolved_at")
LISTS = frozenset(column.name for column in silver.TICKET_FIELDS if column.dtype == silver.STRINGS)


class Thread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns of a list of messages that answer each other: each chain is one ticket."""

    id: str
    parent: str
    author: str
    inbound: str
    text: str
    created_at: str


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`fields`: our field = their column. `constants`: our field = value. `values`: our field = {theirs = ours}."""

    fields: dict[str, str] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    time_format: str | None = None
    separator: str = ","
    thread: Thread | None = None

    def __post_init__(self) -> None:
        """Refuse fields that tickets do not have."""
        unknown = {*self.fields, *self.constants, *self.values} - FIELDS.keys()
        if unknown:
            known = ", ".join(FIELDS)
            raise ValueError(f"no field {', '.join(sorted(unknown))}; fields are {known}")
        if self.thread is None and "ticket_id" not in self.fields:
            raise ValueError("fields.ticket_id is missing, expected the column that identifies a ticket")

    def as_json(self) -> str:
        """The mapping as it is kept with its load."""
        return msgspec.json.encode(self).decode()

    def columns(self) -> frozenset[str]:
        """Their columns without which nothing can be read."""
        if self.thread is not None:
            return frozenset({self.thread.id, self.thread.parent, self.thread.text, self.thread.created_at})
        return frozenset({self.fields["ticket_id"]})

    def fits(self, keys: frozenset[str]) -> bool:
        """Whether a record with these keys is one that the mapping is for."""
        return self.columns() <= keys

    def expected(self) -> str:
        """The columns by name, for messages."""
        return ", ".join(sorted(self.columns()))

    def apply(self, record: Dict[str, Any]) -> dict[str, Any]:
        """Their record as one of ours; values keep their types."""
        ours: dict[str, Any] = {**self.constants}
        for field, column in self.fields.items():
            value = record.get(column)
            if isinstance(value, int) and not isinstance(value, bool) and FIELDS[field] == pl.String:
                value = str(value)  # identifiers are often numbers
            if isinstance(value, str):
                value = self.values.get(field, {}).get(value, value)
            ours[field] = value
        return ours


def read_mapping(name: str | Path | None) -> Mapping | None:
    """The mapping in a file, or one that is shipped under this name. Raises `SettingsInvalid`."""
    if name is None:
        return None
    shipped = SHIPPED / f"{name}.toml"
    file = shipped if re.fullmatch(r"\w+", str(name)) and shipped.exists() else Path(name)
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Mapping)
    except FileNotFoundError:
        names = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.toml")))
        raise SettingsInvalid(f"mapping {name}: no such file, and the shipped mappings are {names}.") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"mapping {file} is not valid: {error}.") from None


def from_json(text: str | None) -> Mapping | None:
    """The mapping as `bronze/loads` keeps it."""
    return msgspec.json.decode(text, type=Mapping) if text else None


def from_text(record: Dict[str, Any], separator: str = ",") -> dict[str, Any]:
    """A record whose values are all text (CSV), with lists split and empty values taken for missing."""
    return {
        name: (None if value == "" else _split(value, separator) if name in LISTS and isinstance(value, str) else value)
        for name, value in record.items()
    }


def _split(value: str, separator: str) -> list[str]:
    if value.startswith("["):
        try:
            found = json.loads(value)
        except json.JSONDecodeError:
            return [value]
        return [str(item) for item in found] if isinstance(found, list) else [value]
    return [part.strip() for part in value.split(separator) if part.strip()]
