"""The past of customers and products in memory: the published tickets', and that of tickets heard of since.

Totals are additive, so what was heard is added to what was published, and a record that replaces another takes away
what that one had added. One ticket costs a few binary searches; a batch uses `history_features`, and finds the same.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.features.build import from_totals, opened_features
from ml.features.history import KEYS, NARROW, TOTALS, changes, states
from warehouse.contracts.ticket_features import LEVELS, WINDOWS

Totals = NDArray[np.int64]
_NOTHING = np.zeros(len(TOTALS), np.int64)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCHEMA = {
    **{
        f"{level}.{total}{suffix}": pl.Int64
        for level, windows in WINDOWS.items()
        for suffix in ("", *(f"@{days}" for days in windows))
        for total in TOTALS
    },
    **{f"{level}.last_sentiment": pl.String for level in WINDOWS},
}


class Published:
    """The totals of one version of `silver/tickets`, in arrays. Does not change: many may read it at once."""

    def __init__(self, tickets: pl.DataFrame) -> None:
        """`tickets` has the columns `NARROW`, one row per ticket."""
        self.tickets = tickets.select(NARROW).sort("ticket_id")
        self._levels = {level: _Running.of(states(tickets, level)) for level in WINDOWS}
        self._sentiments = {level: _Sentiments.of(changes(tickets, level)) for level in _SPOKEN}

    def before(self, level: str, key: str, at: int) -> Totals:
        """Totals of what happened strictly before `at` (microseconds since 1970)."""
        return self._levels[level].before(key, at)

    def sentiment(self, level: str, key: str, at: int, without: set[str]) -> tuple[int, str, str] | None:
        """Moment, ticket and sentiment of the outcome last known before `at`, of tickets that are not `without`."""
        return self._sentiments[level].before(key, at, without)


class Past:
    """What was published and what was heard since. For one thread at a time; `hear` is the only change."""

    def __init__(self, published: Published) -> None:
        self._published = published
        self._heard: dict[str, dict[str, Any]] = {}
        self._since: defaultdict[tuple[str, str], _Since] = defaultdict(_Since)
        self._replaced: set[str] = set()

    def hear(self, tickets: pl.DataFrame) -> None:
        """Take in records (columns `NARROW`) in the order in which they came.

        As in the lake, only a newer one replaces another, and never moves the time of opening.
        """
        columns = tickets.select(NARROW)
        ids = columns["ticket_id"].implode()
        stored = self._published.tickets.filter(pl.col("ticket_id").is_in(ids))
        standing = {row["ticket_id"]: row for row in stored.iter_rows(named=True)} | self._heard
        gone: dict[str, dict[str, Any]] = {}
        come: dict[str, dict[str, Any]] = {}
        for row in columns.iter_rows(named=True):
            name = row["ticket_id"]
            before = come.get(name) or standing.get(name)
            if before is not None and (_moment(row) <= _moment(before) or row["created_at"] != before["created_at"]):
                continue
            if name in standing:
                gone[name] = standing[name]
            come[name] = row
        self._replaced |= gone.keys()
        self._heard |= come
        self._add(gone, columns.schema, -1)
        self._add(come, columns.schema, 1)

    def features(self, tickets: pl.DataFrame) -> pl.DataFrame:
        """The columns of `features/tickets`, one row per ticket (columns `READ`), in their order."""
        return pl.concat([opened_features(tickets), from_totals(self.totals(tickets))], how="horizontal")

    def totals(self, tickets: pl.DataFrame) -> pl.DataFrame:
        """What `history_features` finds, row by row."""
        moments = tickets["created_at"].to_physical().to_list()
        keys = tickets.select(**KEYS)
        rows = [
            self._row(dict(zip(WINDOWS, named, strict=True)), at)
            for named, at in zip(keys.select(list(WINDOWS)).iter_rows(), moments, strict=True)
        ]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def now(self, level: str, key: str, at: datetime) -> dict[str, Any]:
        """What a ticket opened `at` that moment would know of this key."""
        micros = (at - _EPOCH) // timedelta(microseconds=1)
        row = self._row({level: key}, micros)
        found = from_totals(pl.DataFrame([row], schema=_SCHEMA, orient="row")).row(0, named=True)
        return {name: value for name, value in found.items() if name.startswith(f"{level}_")}

    def _row(self, keys: dict[str, str | None], at: int) -> list[Any]:
        totals: list[Any] = []
        last: list[str | None] = []
        for level, windows in WINDOWS.items():
            key = keys.get(level)
            for days in (0, *windows):
                seen = [None] * len(TOTALS) if key is None else self._before(level, key, at - days * _DAY).tolist()
                totals += seen
            spoken = key is not None and level in _SPOKEN
            last.append(self._sentiment(level, str(key), at) if spoken else None)
        return totals + last

    def _before(self, level: str, key: str, at: int) -> Totals:
        since = self._since.get((level, key))
        found = self._published.before(level, key, at)
        return found if since is None else found + since.before(at)

    def _sentiment(self, level: str, key: str, at: int) -> str | None:
        published = self._published.sentiment(level, key, at, self._replaced)
        since = self._since.get((level, key))
        heard = since.sentiment(at) if since is not None else None
        found = max((one for one in (published, heard) if one is not None), default=None)
        return found[2] if found else None

    def _add(self, rows: dict[str, dict[str, Any]], schema: pl.Schema, sign: int) -> None:
        if not rows:
            return
        frame = pl.DataFrame(list(rows.values()), schema=schema)
        for level in WINDOWS:
            moved = changes(frame, level).with_columns(pl.col("valid_from").to_physical())
            for key, name, at, *amounts, sentiment in moved.iter_rows():
                since = self._since[level, key]
                since.add(at, np.array(amounts, np.int64) * sign)
                if sentiment is not None and level in _SPOKEN:
                    since.say((at, name, sentiment), sign)


@dataclass
class _Since:
    """What was heard about one key: the moments when its totals changed, and what they came to."""

    times: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    sums: Totals = field(default_factory=lambda: np.empty((0, len(TOTALS)), np.int64))
    said: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, at: int, amounts: Totals) -> None:
        place = int(self.times.searchsorted(at))
        self.times = np.insert(self.times, place, at)
        self.sums = np.insert(self.sums, place, self._until(place), axis=0)
        self.sums[place:] += amounts

    def say(self, outcome: tuple[int, str, str], sign: int) -> None:
        if sign > 0:
            insort(self.said, outcome)
        elif outcome in self.said:
            self.said.remove(outcome)

    def before(self, at: int) -> Totals:
        return self._until(int(self.times.searchsorted(at)))

    def sentiment(self, at: int) -> tuple[int, str, str] | None:
        place = bisect_left(self.said, (at,))
        return self.said[place - 1] if place else None

    def _until(self, place: int) -> Totals:
        return self.sums[place - 1] if place else _NOTHING


@dataclass(frozen=True)
class _Running:
    """Running totals, those of each key side by side in the order of time."""

    slices: dict[str, slice]
    times: NDArray[np.int64]
    totals: NDArray[np.int64]

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "_Running":
        times = rows["valid_from"].to_physical().to_numpy()
        return cls(_slices(rows["key"]), times, rows.select(TOTALS).to_numpy())

    def before(self, key: str, at: int) -> Totals:
        place = self.slices.get(key)
        if place is None:
            return _NOTHING
        found = int(self.times[place].searchsorted(at))
        return self.totals[place][found - 1] if found else _NOTHING


@dataclass(frozen=True)
class _Sentiments:
    """Outcomes that a sentiment was recorded of, those of each key side by side in the order of time and ticket."""

    slices: dict[str, slice]
    times: NDArray[np.int64]
    tickets: pl.Series
    sentiments: pl.Series

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "_Sentiments":
        spoken = rows.filter(pl.col("last_sentiment").is_not_null())
        times = spoken["valid_from"].to_physical().to_numpy()
        return cls(_slices(spoken["key"]), times, spoken["ticket_id"], spoken["last_sentiment"])

    def before(self, key: str, at: int, without: set[str]) -> tuple[int, str, str] | None:
        place = self.slices.get(key)
        if place is None:
            return None
        for row in self._newest_first(place, at):
            if self.tickets[row] not in without:
                return int(self.times[row]), self.tickets[row], self.sentiments[row]
        return None

    def _newest_first(self, place: slice, at: int) -> Iterator[int]:
        end = place.start + int(self.times[place].searchsorted(at))
        return iter(range(end - 1, place.start - 1, -1))


_DAY = 86_400 * 1_000_000
_SPOKEN = tuple(level for level in LEVELS if level == "customer")
"""Levels whose last sentiment is a feature."""


def _slices(keys: pl.Series) -> dict[str, slice]:
    """Where the rows of each key lie; rows of one key lie together."""
    runs = keys.rle().struct.unnest() if len(keys) else pl.DataFrame(schema={"len": pl.UInt32, "value": pl.String})
    ends = runs["len"].cum_sum().to_list()
    return {key: slice(end - length, end) for length, key, end in zip(runs["len"], runs["value"], ends, strict=True)}


def _moment(row: dict[str, Any]) -> datetime:
    """How new a record is, as `warehouse.refine` judges it."""
    found: datetime = row["updated_at"] or row["created_at"]
    return found
