"""Landing: files of records become bronze rows, each file in one commit or not at all."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from warehouse import records
from warehouse.contracts import bronze
from warehouse.delta import Lake
from warehouse.errors import SourceUnreadable, TicketlakeError
from warehouse.mapping import Mapping, read_mapping
from warehouse.records import Block, Format
from warehouse.table import Table

Kind = Literal["tickets", "events", "articles"]
TARGETS: dict[Kind, Table] = {"tickets": bronze.TICKETS, "events": bronze.EVENTS, "articles": bronze.ARTICLES}
SIGNS: dict[Kind, frozenset[str]] = {
    "tickets": frozenset({"ticket_id", "created_at"}),
    "events": frozenset({"type", "event_time", "ticket_id"}),
    "articles": frozenset({"article_id", "title"}),
}
FOLDER = "landing"
TAKEN = "taken"
REFUSED = "refused"


@dataclass(frozen=True)
class Landed:
    """One file in bronze: how many records it had, and whether it was there already."""

    load_id: str
    kind: Kind
    received: int
    known: bool


@dataclass(frozen=True)
class Dropped:
    """A file that somebody put into the landing folder."""

    path: Path
    load_id: str


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
    load_id = digest(file)
    for target, table in TARGETS.items():
        if lake.progress(table, load_id) is not None:
            return Landed(load_id, target, _count(lake, table, load_id), known=True)
    form = records.recognise(file)
    stream = records.blocks(file, form)
    first = next((block for block in stream if block), None)
    if first is None:
        raise SourceUnreadable(f"{file.name} holds no records, {records.EXPECTED}.")
    found = kind or _recognise_kind(first, rules, file.name)
    table = TARGETS[found]
    with lake.lock(table):
        load = Load(load_id, file.name, found, form)
        _note(lake, load, rules, now)
        rows = _frames(lake, load, chain([first], stream), progress)
        commit = lake.append(table, rows, progress={load_id: 1})
    return Landed(load_id, found, commit.inserted, known=False)


def digest(file: Path) -> str:
    """The load's id: the first 16 hex digits of the SHA-256 of the file's bytes."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
    except OSError as error:
        raise SourceUnreadable(f"{file} cannot be read: {error.strerror}.") from None


def record_hash(record: bytes) -> str:
    """BLAKE2b (128 bit, hex) of a record's bytes."""
    return hashlib.blake2b(record, digest_size=16).hexdigest()


def dropped(root: Path) -> list[Dropped]:
    """Files in the landing folder that nobody has taken in yet, oldest name first."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return [Dropped(path, digest(path)) for path in files]


def take_dropped(lake: Lake, *, now: datetime) -> list[str]:
    """Land what was dropped; taken files move to `taken/`, others with a reason to `refused/`. Returns the reasons."""
    refused = []
    for file in dropped(lake.root):
        try:
            land(lake, file.path, now=now)
            target = file.path.parent / TAKEN / file.load_id / file.path.name
        except TicketlakeError as error:
            refused.append(str(error))
            target = file.path.parent / REFUSED / file.load_id / file.path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.with_name(f"{target.name}.reason.txt").write_text(f"{error}\n", encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        file.path.replace(target)
    return refused


def _frames(
    lake: Lake, load: "Load", stream: Iterable[Block], progress: Callable[[int], None] | None
) -> Iterator[pl.DataFrame]:
    """Bronze rows block by block; a record whose bytes bronze already has is noted without them."""
    table = TARGETS[load.kind]
    last, seen = last_sequence(lake, table), known_hashes(lake, table)
    done = 0
    for block in stream:
        hashes = [record_hash(record) for _, record in block]
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


def _note(lake: Lake, load: Load, rules: Mapping | None, now: datetime) -> None:
    noted = {
        "load_id": load.load_id,
        "source": load.source,
        "kind": load.kind,
        "format": load.form,
        "mapping": rules.as_json() if rules else None,
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
        except (msgspec.DecodeError, UnicodeDecodeError):
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
