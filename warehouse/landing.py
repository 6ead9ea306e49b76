"""Landing: files of records become bronze rows, each file in one commit or not at all."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from warehouse import records
from warehouse.blocks import EXPECTED, Block
from warehouse.contracts import bronze
from warehouse.delta import Lake
from warehouse.errors import SourceUnreadable
from warehouse.mapping import Mapping, read_mapping
from warehouse.records import Format
from warehouse.table import Table

Kind = Literal["tickets", "events", "articles"]
TARGETS: dict[Kind, Table] = {"tickets": bronze.TICKETS, "events": bronze.EVENTS, "articles": bronze.ARTICLES}
SIGNS: dict[Kind, frozenset[str]] = {
    "tickets": frozenset({"ticket_id", "created_at"}),
    "events": frozenset({"type", "event_time", "ticket_id"}),
    "articles": frozenset({"article_id", "title"}),
}


@dataclass(frozen=True)
class Landed:
    """One file in bronze: how many records it had, and whether it was there already."""

    load_id: str
    kind: Kind
    received: int
    known: bool


def land(
    lake: Lake,
    file: Path,
    *,
    now: datetime,
    kind: Kind | None = None,
    mapping: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Landed:
    """Append the file's records to bronze in one commit; a file whose bytes are known is not read again.

    Raises `SourceUnreadable`, with nothing loaded, for a file that is broken or holds something else than records.
    """
    rules = read_mapping(mapping)
    load_id = digest(file, rules)
    landed = _landed(lake, load_id)
    if landed is not None:
        return landed
    form = records.recognise(file)
    stream = records.blocks(file, form)
    first = next((block for block in stream if block), None)
    if first is None:
        raise SourceUnreadable(f"{file.name} holds no records, {EXPECTED}.")
    load = Load(load_id, _name(file), kind or _recognise_kind(first, rules, file.name), form, rules)
    with lake.lock(TARGETS[load.kind]):
        # Whoever held the lock before us may have brought the same file.
        landed = _landed(lake, load_id)
        if landed is not None:
            return landed
        rows = _frames(lake, load, chain([first], stream), now, progress)
        commit = lake.append(TARGETS[load.kind], rows, progress={load_id: 1})
    return Landed(load_id, load.kind, commit.inserted, known=False)


def _landed(lake: Lake, load_id: str) -> Landed | None:
    for kind, table in TARGETS.items():
        if lake.progress(table, load_id) is not None:
            return Landed(load_id, kind, _count(lake, table, load_id), known=True)
    return None


def digest(file: Path, rules: Mapping | None = None) -> str:
    """The load's id: the first 16 hex digits of the SHA-256 of the file's bytes, and of the mapping if there is one."""
    try:
        with file.open("rb") as stream:
            hashed = hashlib.file_digest(stream, "sha256")
    except OSError as error:
        raise SourceUnreadable(f"{file} cannot be read: {error.strerror}.") from None
    if rules is not None:
        hashed.update(rules.as_json().encode())
    return hashed.hexdigest()[:16]


def _name(file: Path) -> str:
    """The file's name; bytes of it that are no UTF-8 are escaped."""
    return os.fsencode(file.name).decode("utf-8", "backslashreplace")


def record_hash(record: bytes, key: bytes = b"") -> str:
    """BLAKE2b (128 bit, hex) of a record's bytes; `key` keeps apart records that a mapping makes others of."""
    return hashlib.blake2b(record, digest_size=16, key=key).hexdigest()


def _frames(
    lake: Lake, load: "Load", stream: Iterable[Block], now: datetime, progress: Callable[[int], None] | None
) -> Iterator[pl.DataFrame]:
    """Bronze rows block by block; a record whose bytes bronze already has is noted without them.

    The load is noted when the whole file was read, and so before its rows are committed.
    """
    table = TARGETS[load.kind]
    last, seen = last_sequence(lake, table), known_hashes(lake, table)
    key = hashlib.blake2b(load.rules.as_json().encode(), digest_size=16).digest() if load.rules else b""
    done = 0
    for block in stream:
        hashes = [record_hash(record, key) for _, record in block]
        kept: list[bytes | None] = []
        for (_, record), digest_ in zip(block, hashes, strict=True):
            kept.append(None if digest_ in seen else record)
            seen.add(digest_)
        height = len(block)
        yield pl.DataFrame(
            {
                "sequence": range(last + done + 1, last + done + height + 1),
                "load_id": [load.load_id] * height,
                "source": [load.source] * height,
                "position": [position for position, _ in block],
                "record_hash": hashes,
                "record": kept,
            },
            schema=table.schema,
        )
        done += height
        if progress is not None:
            progress(done)
    _note(lake, load, now)


def last_sequence(lake: Lake, table: Table) -> int:
    """The highest number in bronze order, 0 for none."""
    if not lake.exists(table):
        return 0
    return lake.scan(table).select(pl.col("sequence").max()).collect().item() or 0


def known_hashes(lake: Lake, table: Table) -> set[str]:
    """Hashes of the records whose bytes bronze has."""
    if not lake.exists(table):
        return set()
    kept = lake.scan(table).filter(pl.col("record").is_not_null())
    return set(kept.select("record_hash").collect()["record_hash"])


def _count(lake: Lake, table: Table, load_id: str) -> int:
    return int(lake.scan(table).filter(pl.col("load_id") == load_id).select(pl.len()).collect().item())


@dataclass(frozen=True)
class Load:
    """A file as `bronze/loads` notes it."""

    load_id: str
    source: str
    kind: Kind
    form: Format
    rules: Mapping | None


def _note(lake: Lake, load: Load, now: datetime) -> None:
    noted = {
        "load_id": load.load_id,
        "source": load.source,
        "kind": load.kind,
        "format": load.form,
        "mapping": load.rules.as_json() if load.rules else None,
        "loaded_at": now,
    }
    with lake.lock(bronze.LOADS):
        lake.merge(bronze.LOADS, pl.DataFrame([noted], schema=bronze.LOADS.schema))


def _recognise_kind(block: Block, rules: Mapping | None, name: str) -> Kind:
    """What the first records are. Raises `SourceUnreadable` when they are none of ours."""
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    keys: set[str] = set()
    for _, record in block:
        try:
            found = frozenset(decoder.decode(record))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        keys |= found
        if rules is not None and rules.fits(found):
            return "tickets"
        if rules is None:
            for kind, signs in SIGNS.items():
                if signs <= found:
                    return kind
    seen = ", ".join(sorted(keys)[:8]) or "no JSON objects"
    expected = rules.expected() if rules else "ticket_id and created_at"
    message = f"{name} holds something else than tickets: expected records with {expected}, found {seen}"
    raise SourceUnreadable(f"{message}. Name the columns with --map.")
