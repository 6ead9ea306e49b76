"""New issue types: what several customers say that nobody said before, in so short a time that it is no chance.

Sentences unlike any of the past (`ml.anomaly.usual`) are grouped as they come (`ml.anomaly.grouping`). A group is told
of when around its newest sentence so many customers said the like within so few tickets that chance does it with
probability `BY_CHANCE`: of the tickets before, so many said the like; how many of the next ones do is then negative
binomial (Gamma prior of Jeffreys on a Poisson rate). All stretches that end with the newest are looked at, and several
radii: what is said in other words or another language lies farther, what was always said in like words lies near (a
scan statistic in time and space: Kulldorff, "Prospective time periodic geographical disease surveillance using a scan
statistic", 2001). Read ticket by ticket or at once, the same is known at the same time.
"""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, groupby
from operator import itemgetter
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly.grouping import Groups
from ml.anomaly.usual import RECENT, Usual

JOIN = 0.5
"""Cosine with a group's centre from which a sentence says the same."""
RADII = (0.45, 0.5, 0.55, 0.6)
"""Cosines from which a sentence counts as like another."""
BY_CHANCE = 2e-5
LEAST_CUSTOMERS: Final = 3
STRETCH = 1_000
"""Tickets within which customers must say it."""
MOST_TICKETS = 20_000
"""Earlier tickets that count as proof that nobody said it: what stands for the past is bounded, and thinned."""
TOGETHER: Final = 2
"""Customers who say both in one ticket, from which two groups are one."""
SCHEMA = {
    "ticket_id": pl.String,
    "text_hash": pl.String,
    "sentence": pl.String,
    "created_at": pl.Datetime("us", "UTC"),
    "customer_id": pl.String,
}
Vectors = NDArray[np.float32]


@dataclass
class Group:
    """Sentences that mean one thing, or that are said together, as rows of the frame that they came from."""

    founder: str
    """The ticket and the sentence that it began with."""
    first_at: datetime
    rows: list[int] = field(default_factory=list)
    joined: dict[str, int] = field(default_factory=dict)
    """By customer, how many tickets had been opened when the customer first joined."""
    centres: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    p: float = 1.0
    known_at: datetime | None = None

    def take(self, other: "Group") -> None:
        """Become one with another group."""
        self.rows += other.rows
        self.first_at, self.p = min(self.first_at, other.first_at), min(self.p, other.p)
        self.joined = {
            owner: min(group.joined[owner] for group in (self, other) if owner in group.joined)
            for owner in (*self.joined, *other.joined)
        }
        self.centres |= other.centres


def groups(strange: pl.DataFrame, vectors: Vectors, opened: pl.Series, usual: Usual) -> list[Group]:
    """Groups of strange sentences (`SCHEMA`, by created_at and ticket_id) with their vectors, (n, d), of unit length.

    `opened` are the openings of all tickets in order, `usual` says what was said before.
    """
    places = Groups(vectors.shape[1], join=JOIN, window=RECENT)
    found: dict[int, Group] = {}
    both: dict[tuple[int, int], set[str]] = {}
    into: dict[int, int] = {}
    part_of: list[int] = []
    counts = opened.search_sorted(strange["created_at"], "right")
    owners = strange.select(pl.coalesce("customer_id", "ticket_id")).to_series()
    lately = Lately(strange["created_at"], vectors, owners, opened, usual)
    rows = zip(*strange.select("ticket_id", "text_hash", "created_at"), owners, counts, strict=True)
    for ticket, said in groupby(enumerate(rows), key=lambda row: row[1][0]):
        mine: dict[int, Group] = {}
        for row, (_, text, at, owner, count) in said:
            part = places.place(vectors[row], at, owner)
            number = _end(into, part)
            group = mine[number] = found.setdefault(number, Group(f"{ticket} {text}", at))
            group.rows.append(row)
            group.centres[part] = places.centre(part)
            group.joined.setdefault(owner, count)
            part_of.append(part)
            group.p, near = min((group.p, []), lately.chance(row), key=itemgetter(0))
            if group.p <= BY_CHANCE:
                for other in near:
                    number = _unite(found, into, (number, part_of[other]))
                mine[number] = found[number]
                found[number].known_at = found[number].known_at or at
        for pair in combinations(sorted(mine), 2):
            both.setdefault(pair, set()).add(owner)
            if len(both[pair]) == TOGETHER and all(_unheard(found[_end(into, one)], usual) for one in pair):
                _unite(found, into, pair)
    return list(found.values())


class Lately:
    """What was said within the newest tickets, around one of their sentences."""

    def __init__(self, at: pl.Series, vectors: Vectors, owners: pl.Series, opened: pl.Series, usual: Usual) -> None:
        """Strange sentences in order: when, vectors (n, d), who; and as `groups` takes them, openings and the usual."""
        self._vectors, self._opened, self._usual = vectors, opened, usual
        self._owners = owners.rank("dense").to_numpy()
        self._counts = opened.search_sorted(at, "right").cast(pl.Int64).to_numpy()

    def chance(self, row: int) -> tuple[float, list[int]]:
        """Probability of as many customers who say the like of this sentence by then, and the sentences of theirs."""
        now = int(self._counts[row])
        past = now - min(STRETCH, now // 2)
        first = int(np.searchsorted(self._counts, past, "right"))
        cosines = self._vectors[first : row + 1] @ self._vectors[row]
        near = [first + np.flatnonzero(cosines >= radius) for radius in RADII]
        said = [self._joined(rows) for rows in near]
        if len(said[0]) < LEAST_CUSTOMERS:
            return 1.0, []
        before = self._usual.alike(self._vectors[[row]], self._opened[past], RADII)
        odds = [
            (chance(joined, now, min(past, MOST_TICKETS), alike), rows.tolist())
            for joined, alike, rows in zip(said, before, near, strict=True)
            if len(joined) >= LEAST_CUSTOMERS
        ]
        return min(odds, key=itemgetter(0))

    def _joined(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """By customer, how many tickets had been opened when the first of these rows was said."""
        _, places = np.unique(self._owners[rows], return_index=True)
        joined: NDArray[np.int64] = self._counts[rows[places]]
        return joined


def chance(joined: NDArray[np.int64], now: int, past: int, alike: int) -> float:
    """Probability of so many customers after the first in any stretch that ends now, at the rate of the past.

    `joined`: tickets opened when each customer joined; `now`: those opened by now; `past`: tickets before the first, of
    which `alike` said the same. Corrected for the number of stretches.
    """
    from scipy.stats import nbinom

    more = np.arange(LEAST_CUSTOMERS - 1, len(joined))
    stretch = now - np.sort(joined)[::-1][more] + 1
    tails = nbinom.sf(more - 1, alike + 0.5, past / (past + stretch))
    return float(min(1.0, tails.min() * len(more)))


def _unheard(group: Group, usual: Usual) -> bool:
    """Whether nothing like it was said before it began: what is known in other words lends itself to everything."""
    return usual.alike(np.stack(list(group.centres.values())), group.first_at, [JOIN]) == [0]


def _unite(found: dict[int, Group], into: dict[int, int], pair: tuple[int, int]) -> int:
    """Make two groups one, under the number of the one that was told of, else of the older; two that were stay two."""
    first, second = (_end(into, number) for number in pair)
    if first == second or (found[first].known_at and found[second].known_at):
        return first
    kept, gone = (second, first) if found[second].known_at else (first, second)
    found[kept].take(found.pop(gone))
    into[gone] = kept
    return kept


def _end(into: dict[int, int], number: int) -> int:
    while number in into:
        number = into[number]
    return number
