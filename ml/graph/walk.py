"""From what a question names, through tickets and issues, to solutions.

Path-constrained random walks (Lao and Cohen, "Relational retrieval using a combination of path-constrained random
walks", 2010): the score of a solution is the probability that a walk ends there, summed over kinds of paths:

    names  ← ticket → issue → solution     what the issues of those who named the same were solved by
    ticket → issue → solution              the issue of a ticket alike
    ticket → solution                      what solved a ticket alike
    ticket ↔ ticket → solution             what solved a ticket that agents linked with one alike

What several names say of the issue is pooled. A walk goes to solutions that helped. Every step uses only what was known
at the time of the question. Runs on arrays, without a database.
"""

from collections.abc import Mapping
from copy import copy
from datetime import datetime
from pathlib import Path as Folder
from typing import NamedTuple, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.graph.arrays import NEVER, RELATIONS, Arrays
from ml.graph.pooling import pooled
from ml.retrieve.found import Path

NAMED, ALIKE, DIRECT, LINKED = 0.6, 0.2, 0.15, 0.05
"""How likely a walk takes each kind of path."""
MOST_TICKETS = 4_000
"""Of a thing that many tickets name, the newest are walked through."""
MOST_ISSUES = 24
"""The likeliest issues are walked on from."""
Floats = NDArray[np.float64]
Weights = list[tuple[int, float]]


class Walked(NamedTuple):
    """A solution (its id, not its node's), the probability that a walk ends there, and the likeliest path to it."""

    solution_id: str
    score: float
    path: Path


class Walk:
    """Walks over the edges of tickets."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays, names = arrays, arrays.names
        self._tickets = {name: at for at, name in enumerate(names.tickets)}
        self._things = {name: at for at, name in enumerate(names.things)}
        self._seen = frozenset(names.seen)

    @classmethod
    def of(cls, edges: pl.DataFrame) -> Self:
        """From rows of `graph/edges`."""
        return cls(Arrays.of(edges))

    @classmethod
    def load(cls, folder: Folder) -> Self:
        """Open what `save` wrote. Raises `ArtifactDamaged`, and `FormatMismatch` for another format."""
        return cls(Arrays.load(folder))

    def save(self, folder: Folder) -> None:
        """Write arrays, and JSON."""
        self._arrays.save(folder)

    def walk(
        self,
        seeds: Mapping[str, float],
        as_of: datetime | None = None,
        limit: int = 100,
        within: pl.Series | None = None,
    ) -> list[Walked]:
        """The solutions that walks from the seeds end at, the likeliest first.

        `seeds` are node ids with weights above 0: names from `Linker.link`, tickets from a search by meaning; the two
        kinds are weighted apart. What is no node is left out. Edges that became known after `as_of` are not used, nor
        tickets (their ids) that are not in `within`.
        """
        if within is not None:
            return self._restricted(within).walk(seeds, as_of, limit)
        names, until = self._arrays.names, _moment(as_of)
        if not names.solutions:
            return []
        things, tickets = _weights(seeds, self._things), _weights(seeds, self._tickets)
        reached = self._reached(things, tickets, until)
        top = np.argsort(-reached.sum(axis=0), kind="stable")[:MOST_ISSUES]
        onward = self._onward(top, until)
        through = reached.sum(axis=0)[top, None] * onward
        total, best = through.sum(axis=0), through.max(axis=0, initial=0.0)
        straight: dict[int, tuple[float, list[int]]] = {}
        for solution, weight, way in self._straight(tickets, until):
            total[solution] += weight
            if weight > max(best[solution], straight.get(solution, (0.0, []))[0]):
                straight[solution] = (weight, way)
        order = np.argsort(-total, kind="stable")[:limit]
        found = []
        for at in order[total[order] > 0].tolist():
            if at in straight:
                path = self._short(straight[at], names.solutions[at])
            else:
                which = int(through[:, at].argmax())
                path = self._long(
                    int(top[which]), names.solutions[at], float(best[at]), reached, (things, tickets, until)
                )
            found.append(Walked(names.solutions[at].partition(":")[2], float(total[at]), path))
        return found

    def issues(self, seeds: Mapping[str, float], as_of: datetime | None = None) -> list[tuple[str, float]]:
        """Issues (their ids) that walks from the seeds come through, the likeliest first."""
        things, tickets = _weights(seeds, self._things), _weights(seeds, self._tickets)
        weights = self._reached(things, tickets, _moment(as_of)).sum(axis=0)
        order = np.argsort(-weights, kind="stable")[:MOST_ISSUES]
        return [(self._arrays.names.issues[at].partition(":")[2], float(weights[at])) for at in order if weights[at]]

    def _restricted(self, tickets: pl.Series) -> "Walk":
        part = copy(self)
        part._arrays = self._arrays.within(tickets)
        return part

    def _reached(self, things: Weights, tickets: Weights, until: int) -> Floats:
        """Probability that a walk from each seed, things first, comes to each issue: (seeds, issues)."""
        arrays, count = self._arrays, len(self._arrays.names.issues)
        found = np.zeros((len(things) + len(tickets), count))
        for row, (thing, _) in enumerate(things):
            near = arrays.issue_of[arrays.named.values[arrays.named.row(thing, until, MOST_TICKETS)]]
            known = near[near >= 0]
            if len(known):
                found[row] = np.bincount(known, minlength=count) / len(known)
        telling = np.flatnonzero(found.any(axis=1))
        if len(telling):
            there = arrays.issue_of[(arrays.issue_of >= 0) & (arrays.opened <= until)]
            weights = np.array([things[row][1] for row in telling.tolist()])
            usual = np.bincount(there, minlength=count) / max(1, len(there))
            found[telling] = NAMED * pooled(found[telling], usual, weights)
        for row, (ticket, weight) in enumerate(tickets, len(things)):
            if arrays.issue_of[ticket] >= 0 and arrays.opened[ticket] <= until:
                found[row, arrays.issue_of[ticket]] = ALIKE * weight
        return found

    def _onward(self, issues: NDArray[np.int64], until: int) -> Floats:
        """Probability that a walk goes from each issue to each solution that helped there: (issues, solutions)."""
        tried, count = self._arrays.tried, len(self._arrays.names.solutions)
        found = np.zeros((len(issues), count))
        for row, issue in enumerate(issues.tolist()):
            part = tried.row(issue, until)
            helped = tried.values[part][tried.marks[part] > 0]
            if len(helped):
                found[row] = np.bincount(helped, minlength=count) / len(helped)
        return found

    def _straight(self, tickets: Weights, until: int) -> list[tuple[int, float, list[int]]]:
        """Solution, probability and tickets on the way, of walks that come through no issue."""
        linked, found = self._arrays.linked, []
        for ticket, weight in tickets:
            found += [(at, DIRECT * weight * share, [ticket]) for at, share in self._helped(ticket, until)]
            near = linked.values[linked.row(ticket, until)].tolist()
            for other in near:
                part = LINKED * weight / len(near)
                found += [(at, part * share, [ticket, other]) for at, share in self._helped(other, until)]
        return found

    def _helped(self, ticket: int, until: int) -> Weights:
        solved = self._arrays.solved
        part = solved.row(ticket, until)
        helped = solved.values[part][solved.marks[part] > 0].tolist()
        return [(solution, 1 / len(helped)) for solution in helped]

    def _short(self, found: tuple[float, list[int]], solution: str) -> Path:
        score, way = found
        linked, tickets = self._arrays.linked, self._arrays.names.tickets
        kinds = []
        if len(way) == 2:
            start, end = linked.starts[way[0]], linked.starts[way[0] + 1]
            kinds = [RELATIONS[int(linked.marks[start:end][linked.values[start:end] == way[1]][0])]]
        return Path(nodes=[*(tickets[at] for at in way), solution], edges=[*kinds, "SOLVED_BY"], score=score)

    def _long(
        self, issue: int, solution: str, score: float, reached: Floats, asked: tuple[Weights, Weights, int]
    ) -> Path:
        """From the seed that brings most to the issue; from a name through the newest ticket of it that has it."""
        arrays, names, (things, tickets, until) = self._arrays, self._arrays.names, asked
        row = int(reached[:, issue].argmax())
        if row >= len(things):
            way, kinds = [names.tickets[tickets[row - len(things)][0]]], ["HAS_ISSUE"]
        else:
            thing = things[row][0]
            near = arrays.named.values[arrays.named.row(thing, until, MOST_TICKETS)]
            newest = int(near[arrays.issue_of[near] == issue][-1])
            way = [names.things[thing], names.tickets[newest]]
            kinds = ["SEEN_IN" if thing in self._seen else "MENTIONS", "HAS_ISSUE"]
        nodes = [*way, names.issues[issue], solution]
        return Path(nodes=nodes, edges=[*kinds, "SOLVED_BY"], score=score)


def _weights(seeds: Mapping[str, float], places: Mapping[str, int]) -> Weights:
    """Places and weights of the seeds that are known, in their order; they sum to 1."""
    known = [(places[name], weight) for name, weight in seeds.items() if name in places and weight > 0]
    total = sum(weight for _, weight in known)
    return [(place, weight / total) for place, weight in known]


def _moment(as_of: datetime | None) -> int:
    return int(NEVER - 1) if as_of is None else round(as_of.timestamp() * 1_000_000)
