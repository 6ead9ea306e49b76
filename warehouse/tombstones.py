"""Who was erased, so that no old file brings them back: keyed hashes of their ids, which nobody can read the ids from.

`erased/key` is the key, `erased/tombstones.jsonl` one line an id, only ever added to. Whoever has the lake can ask
whether a given id was erased; without the key even that cannot be tried.
"""

import json
import os
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import polars as pl
from filelock import FileLock

from warehouse.artifacts import write_durably

Subject = Literal["customer", "ticket"]
FOLDER = "erased"
KEY, LINES = "key", "tombstones.jsonl"
ERASED = "erased"
"""Reason for which records of theirs are refused."""
MARK = "erased:"
"""What stands before the keyed hash of a record that is gone."""


@dataclass(frozen=True)
class Tombstones:
    """Those of one lake as they were when they were read; false where nobody was erased."""

    key: bytes
    digests: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.digests)

    def digest(self, kind: str, value: str) -> str:
        """BLAKE2b (128 bit, hex) under the lake's key."""
        return blake2b(f"{kind}\0{value}".encode(), digest_size=16, key=self.key).hexdigest()

    def has(self, kind: Subject, value: str | None) -> bool:
        """Whether that id was erased."""
        return value is not None and self.digest(kind, value) in self.digests

    def mask(self, kind: Subject, ids: pl.Series) -> pl.Series:
        """For each id whether it was erased; each different one is hashed once."""
        known = [one for one in ids.drop_nulls().unique() if self.has(kind, one)]
        return ids.is_in(known).fill_null(value=False)

    def marked(self, record_hash: str) -> str:
        """What stands for the hash of a record that is gone: nobody can ask by it what the record said."""
        return record_hash if record_hash.startswith(MARK) else MARK + self.digest("record", record_hash)


def read(root: Path) -> Tombstones:
    """Those of the lake at `root`, none where nobody was erased."""
    lines = root / FOLDER / LINES
    if not lines.exists():
        return Tombstones(b"", frozenset())
    said = lines.read_text(encoding="utf-8").splitlines()
    return Tombstones(_key(root), frozenset(json.loads(line)["digest"] for line in said))


def add(root: Path, kind: Subject, ids: Iterable[str], *, now: datetime) -> Tombstones:
    """Set one for each of these ids, durably; those that have one keep it."""
    (root / ".locks").mkdir(parents=True, exist_ok=True)
    with FileLock(root / ".locks" / "erased.lock"):
        known = Tombstones(_key(root), read(root).digests)
        digests = sorted({known.digest(kind, one) for one in ids} - known.digests)
        if digests:
            lines = root / FOLDER / LINES
            said = lines.read_text(encoding="utf-8") if lines.exists() else ""
            more = [json.dumps({"kind": kind, "digest": one, "erased_at": now.isoformat()}) for one in digests]
            write_durably(lines, "".join([said, *(f"{line}\n" for line in more)]))
        return Tombstones(known.key, known.digests | set(digests))


def sealed(root: Path) -> Tombstones:
    """As `read`, with the key made where there is none: for hashes of ids that are not erased yet."""
    (root / ".locks").mkdir(parents=True, exist_ok=True)
    with FileLock(root / ".locks" / "erased.lock"):
        return Tombstones(_key(root), read(root).digests)


def _key(root: Path) -> bytes:
    place = root / FOLDER / KEY
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{KEY}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    return place.read_bytes()


def of_rows(stones: Tombstones, rows: pl.DataFrame, *, actors: Collection[str] = ("customer",)) -> pl.Series:
    """Which of these rows are of someone erased: by ticket, customer, or the customer who acted."""
    found = pl.Series([False] * rows.height, dtype=pl.Boolean)
    if "ticket_id" in rows.columns:
        found |= stones.mask("ticket", rows["ticket_id"])
    if "customer_id" in rows.columns:
        found |= stones.mask("customer", rows["customer_id"])
    if "actor_id" in rows.columns:
        by_customers = rows["actor_kind"].is_in(list(actors))
        found |= stones.mask("customer", rows["actor_id"]) & by_customers
    if "payload" in rows.columns:
        found |= stones.mask("customer", rows["payload"].str.json_path_match("$.customer_id"))
        suggested = rows["payload"].str.json_path_match("$.suggestion_id").str.extract("^[^:]*:(.+)$")
        found |= stones.mask("ticket", suggested)
    return found
