"""Tickets that are drawn but not yet told."""

from dataclasses import dataclass
from typing import Any

from simulator.demand import Day
from simulator.labels import Recorded
from simulator.said import Facts


@dataclass(frozen=True)
class Batch:
    """Tickets of one day; `beliefs` are the rows of `posterior.Beliefs`."""

    day: Day
    facts: Facts
    beliefs: list[tuple[Any, ...]]
    recorded: Recorded
    first_id: int
