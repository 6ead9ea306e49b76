"""Typing: bronze records to silver rows, and the reasons of those that cannot be.

msgspec decides whether a record keeps the contract and says where it does not; Polars then reads what is left, column
by column. One path for every format: CSV and mapped records are first turned into records of ours.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from warehouse.contracts import silver
from warehouse.mapping import Mapping, from_text
from warehouse.payloads import EVERY
from warehouse.table import TIMESTAMP, Column, Table
from warehouse.times import EARLIEST, LATEST, parse_times

LARGEST = 8 * 1024 * 1024
"""Bytes of a record: what is larger is no ticket, but an attachment or a mistake."""
ROW = "_row"
NOT_NEGATIVE = (
    "previous_tickets", "resolution_time_hours", "resolution_attempts", "agent_experience_months", "transferred_count",
    "account_age_days", "account_monthly_value", "similar_issues_last_30_days", "product_version_age_days",
    "ticket_text_length", "response_count", "attachments_count", "affected_users",
)  # fmt: skip
_SPAN = re.compile(r" - at `\$\.?(\w+)?")


@dataclass(frozen=True)
class Refusal:
    """Why the record in a row of the batch was refused."""

    row: int
    reason: str
    detail: str
    field: str | None = None
    ticket_id: str | None = None


@dataclass
class Parsed:
    """Typed rows, each with the number of its record in the batch (`ROW`), and what was refused."""

    rows: pl.DataFrame
    refused: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True)
class Shape:
    """How records of one kind become rows."""

    fields: tuple[Column, ...]
    struct: type[msgspec.Struct]
    required: tuple[str, ...]
    words: tuple[str, ...] = ()
    """Of these, at least one must say something."""

    @property
    def times(self) -> list[str]:
        """Fields that are points in time."""
        return [column.name for column in self.fields if column.dtype == TIMESTAMP]

    @property
    def schema(self) -> dict[str, Any]:
        """Types as Polars reads them: times still as text."""
        return {c.name: pl.String if c.dtype == TIMESTAMP else c.dtype for c in self.fields}


def _shape(fields: tuple[Column, ...], required: tuple[str, ...], words: tuple[str, ...] = ()) -> Shape:
    python = {pl.String: str, pl.Int64: int, pl.Float64: float, pl.Boolean: bool}

    def annotation(column: Column) -> Any:
        if column.dtype == TIMESTAMP:
            return str | int | float | None
        if column.dtype == silver.STRINGS:
            return list[str | None] | None
        return python[column.dtype] | None  # type: ignore[index]

    struct = msgspec.defstruct("Record", [(c.name, annotation(c), None) for c in fields], gc=False)
    return Shape(fields, struct, required, words)


def _fields(table: Table, *without: str) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.name not in {*without, "load_id", "record_hash"})


TICKET = _shape(silver.TICKET_FIELDS, ("ticket_id", "created_at"), ("subject", "description"))
ARTICLE = _shape(_fields(silver.ARTICLES), ("article_id", "title", "body"))


def parse(
    shape: Shape,
    records: list[bytes],
    *,
    mapping: Mapping | None = None,
    text: bool = False,
    latest: datetime | None = None,
) -> Parsed:
    """Type a batch of records.

    `text`: every value came as text (CSV), so numbers and flags are read from it. `latest`: no time may be later.
    """
    refused: list[Refusal] = []
    kept: list[bytes] = []
    numbers: list[int] = []
    decoder = msgspec.json.Decoder(shape.struct)
    for number, record in enumerate(records):
        try:
            if len(record) > LARGEST:
                detail = f"the record has {len(record):,} bytes, expected at most {LARGEST:,}"
                refused.append(Refusal(number, "contract", detail))
                continue
            if text or mapping is not None:
                kept.append(_ours(record, shape, mapping, text=text))
            else:
                kept.append(_strict(record, decoder, shape))
            numbers.append(number)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            refused.append(_refusal(number, record, error))
    rows = _frame(shape, kept, numbers, refused)
    return _checked(shape, rows, refused, latest or LATEST, mapping.time_format if mapping else None)


def _strict(record: bytes, decoder: Any, shape: Shape) -> bytes:
    """The record, if it keeps the types; whole numbers may be written as 3.0, as exports of data frames do."""
    try:
        decoder.decode(record)
        return record.replace(b"\n", b" ") if b"\n" in record else record
    except msgspec.ValidationError:
        found = msgspec.json.decode(record, type=dict[str, Any])
        whole = {name: int(v) for name, v in found.items() if isinstance(v, float) and v.is_integer()}
        mended = {**found, **{name: v for name, v in whole.items() if shape.schema.get(name) == pl.Int64}}
        known = {name: value for name, value in mended.items() if name in shape.schema}
        encoded = msgspec.json.encode(known)
        decoder.decode(encoded)
        return encoded


def _ours(record: bytes, shape: Shape, mapping: Mapping | None, *, text: bool) -> bytes:
    found = msgspec.json.decode(record)
    if text and isinstance(found, list):
        raise msgspec.DecodeError(f"a row with {len(found)} columns, unlike the header's")
    if not isinstance(found, dict):
        raise msgspec.DecodeError(f"{type(found).__name__}")
    if mapping is not None:
        found = mapping.apply(found)
    if text:
        found = from_text(found, mapping.separator if mapping else ",")
    known = {name: value for name, value in found.items() if name in shape.schema}
    return msgspec.json.encode(msgspec.convert(known, shape.struct, strict=False))


def _frame(shape: Shape, kept: list[bytes], numbers: list[int], refused: list[Refusal]) -> pl.DataFrame:
    """Read the records that msgspec let pass; what Polars alone objects to is found by halving."""
    if not kept:
        return pl.DataFrame(schema={**shape.schema, ROW: pl.Int64})
    try:
        frame = pl.read_ndjson(b"\n".join(kept), schema=shape.schema)
        if frame.height == len(kept):
            return frame.with_columns(pl.Series(ROW, numbers, dtype=pl.Int64))
        why = "it is no JSON object on one line"
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        why = str(error).split("\n", 1)[0][:200]
    if len(kept) == 1:
        refused.append(Refusal(numbers[0], "malformed", f"expected a JSON object, found that {why}"))
        return pl.DataFrame(schema={**shape.schema, ROW: pl.Int64})
    half = len(kept) // 2
    halves = (slice(half), slice(half, None))
    return pl.concat([_frame(shape, kept[part], numbers[part], refused) for part in halves])


def _refusal(number: int, record: bytes, error: Exception) -> Refusal:
    text = str(error) or type(error).__name__
    span = _SPAN.search(text)
    if isinstance(error, msgspec.ValidationError) and span is not None and span[1]:
        return Refusal(number, "contract", text.replace("`", "'"), span[1], _ticket_id(record))
    return Refusal(number, "malformed", f"expected a JSON object, found: {text.replace('`', chr(39))}")


def _ticket_id(record: bytes) -> str | None:
    try:
        found = msgspec.json.decode(record, type=dict[str, Any]).get("ticket_id")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _checked(
    shape: Shape, rows: pl.DataFrame, refused: list[Refusal], latest: datetime, time_format: str | None
) -> Parsed:
    """Parse the times, then refuse rows that break the contract; the first rule that a row breaks is its reason."""
    as_text = rows.select(ROW, *shape.times)
    rows = rows.with_columns(parse_times(rows[name], time_format).alias(name) for name in shape.times)
    rules = list(_rules(shape, rows, as_text, latest))
    broken = pl.coalesce(pl.when(fails).then(pl.lit(index)) for index, (fails, _, _) in enumerate(rules))
    key = shape.fields[0].name
    judged = rows.select(ROW, key, broken.alias("_broken"))
    found = judged.filter(pl.col("_broken").is_not_null())
    for row, id_, rule in found.iter_rows():
        _, name, detail = rules[rule]
        refused.append(Refusal(row, "contract", detail, name, id_ if key == "ticket_id" else None))
    good = rows.filter(judged["_broken"].is_null()) if found.height else rows
    return Parsed(good.select(ROW, *(column.name for column in shape.fields)), refused)


def _rules(
    shape: Shape, rows: pl.DataFrame, as_text: pl.DataFrame, latest: datetime
) -> Iterable[tuple[pl.Expr, str, str]]:
    """What makes a row break the contract: the condition, the field, and the words for it."""
    for name in shape.times:
        given = as_text[name].is_not_null() & (as_text[name].str.strip_chars() != "")
        unread = pl.lit(given & rows[name].is_null())
        yield unread, name, f"{name} is no time, expected ISO 8601 or epoch seconds or milliseconds"
        outside = ~pl.col(name).is_between(EARLIEST, latest)
        yield outside, name, f"{name} is out of range, expected a time after 1990 and not after it was received"
    for name in shape.required:
        blank = pl.col(name).is_null()
        if shape.schema[name] == pl.String and name not in shape.times:
            blank = blank | (pl.col(name).str.strip_chars() == "")
        yield blank, name, f"{name} is missing, expected a value"
    key = pl.col(shape.fields[0].name)
    yield key != key.str.strip_chars(), shape.fields[0].name, f"{shape.fields[0].name} has white space around it"
    yield key == EVERY, shape.fields[0].name, f"{shape.fields[0].name} is {EVERY}, which stands for all of them"
    if shape.words:
        silent = pl.all_horizontal(pl.col(name).fill_null("").str.strip_chars() == "" for name in shape.words)
        yield silent, shape.words[0], f"{' and '.join(shape.words)} are missing, expected one of them"
    names = set(shape.schema)
    if "satisfaction_score" in names:
        outside = ~pl.col("satisfaction_score").is_between(1, 5)
        yield outside, "satisfaction_score", "satisfaction_score is out of range, expected 1 to 5"
    for name in NOT_NEGATIVE:
        if name in names:
            yield pl.col(name) < 0, name, f"{name} is negative, expected zero or more"
            if shape.schema[name] == pl.Float64:
                yield ~pl.col(name).is_finite(), name, f"{name} is no finite number"
