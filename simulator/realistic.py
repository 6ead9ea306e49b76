"""Realistic tickets, day by day: draw facts, tell them, let support work on them, write record and truth."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np

from simulator import catalogue as catalogues
from simulator import incidents, labels, posterior, said, tables
from simulator.agents import Desk
from simulator.articles import library
from simulator.batch import Batch
from simulator.demand import Demand
from simulator.history import History
from simulator.letter import CHANNEL_SHARE, CHANNELS
from simulator.record import Clerk, Written
from simulator.world import Ints, build

CHUNK = 2_000


class Simulation:
    """One seeded run over `days` days that end at `end`; `further` tickets follow on the day after."""

    def __init__(
        self, *, tickets: int, days: int, seed: int, end: datetime, languages: tuple[str, ...], further: int = 0
    ) -> None:
        self.catalogue = catalogues.load()
        self.seed, self.days, self.further = seed, days, further
        self.start = end - timedelta(days=days)
        self.now = end + timedelta(days=1 if further else 0)
        self.world = build(self.catalogue, tickets=tickets, days=days, seed=seed, languages=languages)
        self.tables = tables.build(self.catalogue)
        self.incidents = incidents.plan(self.world)
        self.demand = Demand(
            self.world, self.incidents, first_day=date(self.start.year, self.start.month, self.start.day)
        )
        self.library = library(self.world, self.start)
        self.desk = Desk(self.world, self.library)
        self.history = History(self.world)
        self.counts = self._counts(tickets)
        self.hits = dict.fromkeys((incident.id for incident in self.incidents), 0)

    def _counts(self, tickets: int) -> Ints:
        volume = np.array([self.demand.volume(day) for day in range(self.days)])
        rng = np.random.default_rng([self.seed, 5])
        counts = rng.multinomial(tickets, volume / volume.sum())
        return np.append(counts, self.further) if self.further else counts

    def batches(self) -> Iterator[Batch]:
        """All days in order, large days in pieces."""
        first_id = 1
        for number, count in enumerate(self.counts):
            day = self.demand.day(number)
            gloom = incidents.gloomy(self.incidents, number, len(self.catalogue.products))
            rng = np.random.default_rng([self.seed, 6, number])
            facts = said.draw(day, int(count), self.world, tables=self.tables, gloom=gloom, rng=rng)
            for start in range(0, int(count), CHUNK):
                piece = said.part(facts, slice(start, start + CHUNK))
                beliefs = posterior.beliefs(piece, day, self.world, self.tables)
                recorded = labels.record(piece, beliefs, self.catalogue, rng)
                yield Batch(day, piece, beliefs.rows(), recorded, first_id + start)
            first_id += int(count)
            self.history.new_day()

    def written(self) -> Iterator[Written]:
        """All tickets in order of time, with their truth."""
        clerk = Clerk(self.world, self.desk, self.history, self.now)
        for batch in self.batches():
            draw = random.Random(f"{self.seed}/{batch.day.number}/{batch.first_id}")
            channels = draw.choices(CHANNELS, CHANNEL_SHARE, k=len(batch.facts))
            for row, channel in enumerate(channels):
                if batch.facts.incident[row]:
                    self.hits[str(batch.facts.incident[row])] += 1
                yield clerk.write(batch, row, channel, draw)
