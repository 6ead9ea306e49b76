"""What happened before: counts and earlier tickets that later ones refer to. Memory does not grow with the tickets."""

import random
from collections import deque
from datetime import datetime

import numpy as np

from simulator.world import World

KEPT = 60
SIMILAR_DAYS = 30


class History:
    """Updated ticket by ticket, in order of time."""

    def __init__(self, world: World) -> None:
        self.per_customer = [0] * len(world.customers.tier)
        self.by_cause: list[deque[tuple[str, datetime | None, bool]]] = [
            deque(maxlen=KEPT) for _ in world.catalogue.causes
        ]
        self.recent: deque[str] = deque(maxlen=500)
        self.today = np.zeros((len(world.catalogue.products), 4), dtype=np.int64)
        self.days: deque[np.ndarray] = deque(maxlen=SIMILAR_DAYS)
        self.window = self.today.copy()
        self.seen = [0] * len(world.catalogue.causes)

    def new_day(self) -> None:
        """Close a day: what came in on it counts as similar from now on, for 30 days."""
        self.days.append(self.today.copy())
        self.window = np.sum(self.days, axis=0)
        self.today[:] = 0

    def previous(self, customer: int) -> int:
        """Earlier tickets of the customer; counts this one for the next."""
        self.per_customer[customer] += 1
        return self.per_customer[customer] - 1

    def similar(self, product: int, module: int) -> int:
        """Tickets with the same product and recorded module on the 30 days before today."""
        self.today[product, module] += 1
        return int(self.window[product, module])

    def solvers(self, cause: int, at: datetime) -> list[str]:
        """Earlier tickets of the cause that had been solved by then, newest first."""
        found = [key for key, end, good in reversed(self.by_cause[cause]) if good and end is not None and end <= at]
        return found[:20]

    def links(self, cause: int, draw: random.Random) -> list[str]:
        """What an agent links after closing: a few of the same cause, now and then a wrong one."""
        same = [key for key, _, _ in self.by_cause[cause]]
        if not same or not self.recent:
            return []
        found: list[str] = []
        for _ in range(draw.choice((1, 2, 2, 3))):
            wrong = draw.random() < 0.2
            key = draw.choice(self.recent) if wrong else same[-1 - int(draw.random() ** 2 * len(same))]
            if key not in found:
                found.append(key)
        return found

    def add(self, key: str, cause: int, resolved_at: datetime | None, solved: bool) -> None:
        """Remember a ticket."""
        self.by_cause[cause].append((key, resolved_at, solved))
        self.recent.append(key)
        self.seen[cause] += 1
