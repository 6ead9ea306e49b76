"""A support desk, event by event: tickets come, agents take one after the other, promises are kept or broken."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml import queueing
from ml.targets import PRIORITY

Floats = NDArray[np.float64]
TIERS = {"free": 0.10, "starter": 0.16, "professional": 0.21, "premium": 0.22, "enterprise": 0.31}
PRIORITIES = (0.27, 0.37, 0.26, 0.10)
"""Shares of the priorities, in the order of the target."""
MINUTES, SPREAD = 30.0, 0.8
"""Median minutes of work on a ticket, and the standard deviation of their logarithm."""
SIGNAL = 0.5
"""How far the priorities lie apart for who predicts them, in standard deviations of its noise: 43 % are right, as by
the champion of a lake whose tickets are drawn realistically."""
BY_HOUR = 1.0 + 0.8 * np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, 24, endpoint=False))
"""How many come in each hour of a day, beside the mean."""
Rule = Callable[["Desk", NDArray[np.int64], float], int]
"""Of those that wait (places among the tickets) at this hour, the one to take: a place among the waiting."""


@dataclass(frozen=True)
class Desk:
    """Tickets in the order in which they come; times in hours. `hours` and `cost` are (n, priorities)."""

    comes: Floats
    work: Floats
    tiers: pl.Series
    truth: NDArray[np.int64]
    chances: Floats
    hours: Floats
    cost: Floats

    @property
    def promised(self) -> Floats:
        """Hours within which each is to be answered."""
        found: Floats = self.hours[np.arange(len(self.truth)), self.truth]
        return found


def desk(promises: pl.DataFrame, *, days: int, agents: int, load: float, seed: int) -> Desk:
    """So many days at a desk whose agents are busy for this share of the time; priorities are told with noise."""
    random = np.random.default_rng(seed)
    mean = MINUTES / 60 * np.exp(SPREAD**2 / 2)
    counts = random.poisson(np.tile(BY_HOUR / BY_HOUR.mean(), days) * agents * load / mean)
    comes = np.sort(np.repeat(np.arange(len(counts)), counts) + random.random(counts.sum()))
    n = len(comes)
    tiers = pl.Series(random.choice(list(TIERS), n, p=list(TIERS.values())))
    truth = random.choice(len(PRIORITIES), n, p=PRIORITIES)
    heard = random.normal(size=(n, len(PRIORITIES))) + SIGNAL * np.eye(len(PRIORITIES))[truth]
    odds = np.asarray(PRIORITIES) * np.exp(SIGNAL * heard)
    return Desk(
        comes=comes,
        work=MINUTES / 60 * np.exp(random.normal(0, SPREAD, n)),
        tiers=tiers,
        truth=truth,
        chances=odds / odds.sum(axis=1, keepdims=True),
        hours=queueing.promised(promises, tiers, "first_response_hours"),
        cost=queueing.promised(promises, tiers, "waiting_cost"),
    )


def waits(at: Desk, rule: Rule, agents: int) -> Floats:
    """Hours that each ticket waits until an agent takes it. An agent who began a ticket ends it."""
    free = [0.0] * agents
    heapq.heapify(free)
    waited = np.zeros(len(at.comes))
    waiting: list[int] = []
    coming = 0
    while coming < len(at.comes) or waiting:
        now = heapq.heappop(free)
        if not waiting:
            now = max(now, float(at.comes[coming]))
        while coming < len(at.comes) and at.comes[coming] <= now:
            waiting.append(coming)
            coming += 1
        chosen = waiting.pop(rule(at, np.asarray(waiting), now))
        waited[chosen] = now - at.comes[chosen]
        heapq.heappush(free, now + float(at.work[chosen]))
    return waited


def first_come(at: Desk, waiting: NDArray[np.int64], now: float) -> int:
    """First come, first served."""
    return 0


def by_priority(at: Desk, waiting: NDArray[np.int64], now: float) -> int:
    """The likeliest priority, then who came first."""
    return int(np.argmax(at.chances[waiting].argmax(axis=1)))


def by_cost(at: Desk, waiting: NDArray[np.int64], now: float) -> int:
    """What an hour more costs most: the queue's own order."""
    chances, hours, cost = at.chances[waiting], at.hours[waiting], at.cost[waiting]
    values = queueing.expected(now - at.comes[waiting], chances, hours, cost, np.ones(len(waiting)))
    return int(values.argmax())


def knowing(at: Desk, waiting: NDArray[np.int64], now: float) -> int:
    """As `by_cost`, with the priority known for certain."""
    sure = np.eye(len(PRIORITY.order))[at.truth[waiting]]
    hours, cost = at.hours[waiting], at.cost[waiting]
    values = queueing.expected(now - at.comes[waiting], sure, hours, cost, np.ones(len(waiting)))
    return int(values.argmax())
