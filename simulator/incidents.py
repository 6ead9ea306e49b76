"""What goes wrong for a while: planned once per world, felt as extra tickets or worse moods on some days."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulator.catalogue import Floats
from simulator.world import World

Kind = Literal["volume_spike", "slow_burn", "sentiment_drop", "new_issue_type", "unanswered_wave"]
UNANSWERED = ("new_reporting_duty", "new_currency")
UNLABELLED = ("assistant_fiction", "marketplace_dispute", "device_returns")
PER_HALF_YEAR: dict[Kind, int] = {
    "volume_spike": 8,
    "slow_burn": 3,
    "sentiment_drop": 3,
    "new_issue_type": 3,
    "unanswered_wave": 2,
}


@dataclass(frozen=True)
class Incident:
    """A window in days [start, stop); `strength` is the share of the ordinary daily volume that comes on top."""

    id: str
    kind: Kind
    product: int
    release: int
    cause: int
    start: int
    stop: int
    strength: float

    def surplus(self, day: int) -> float:
        """Extra tickets on a day, as a share of all ordinary tickets of that day."""
        if not self.start <= day < self.stop or self.kind == "sentiment_drop":
            return 0.0
        if self.kind == "volume_spike":
            return self.strength * 0.6 ** (day - self.start)
        if self.kind == "slow_burn":
            return self.strength * (day - self.start + 1) / (self.stop - self.start)
        return self.strength


def plan(world: World) -> tuple[Incident, ...]:
    """All incidents of the world, each kind at least once when there are four weeks to hold them."""
    rng = np.random.default_rng([world.seed, 2])
    found: list[Incident] = []
    for kind, often in PER_HALF_YEAR.items():
        count = round(often * world.days / 180)
        if world.days >= 28:
            count = max(1, count)
        found += [_draw(world, kind, number, rng) for number in range(count)]
    return tuple(found)


def _draw(world: World, kind: Kind, number: int, rng: np.random.Generator) -> Incident:
    length, strength = {
        "volume_spike": (3, rng.uniform(0.35, 0.8)),
        "slow_burn": (int(min(40, world.days // 2)), rng.uniform(0.06, 0.12)),
        "sentiment_drop": (int(rng.integers(6, 13)), 0.0),
        "new_issue_type": (int(rng.integers(12, 26)), rng.uniform(0.03, 0.06)),
        "unanswered_wave": (int(rng.integers(10, 20)), rng.uniform(0.04, 0.08)),
    }[kind]
    start = int(rng.integers(min(7, world.days // 3), max(8, world.days - length)))
    product = int(rng.choice(len(world.catalogue.products)))
    released = np.searchsorted(world.release_days[product], start, side="right") - 1
    release = max(0, int(released) - int(rng.integers(0, 3)))
    return Incident(
        id=f"INC-{kind.replace('_', '-')}-{number + 1:02d}",
        kind=kind,
        product=product,
        release=release,
        cause=_cause(world, kind, number, product, rng),
        start=start,
        stop=start + length,
        strength=float(strength),
    )


def _cause(world: World, kind: Kind, number: int, product: int, rng: np.random.Generator) -> int:
    catalogue = world.catalogue
    ids = [cause.id for cause in catalogue.causes]
    if kind == "new_issue_type":
        return ids.index(UNLABELLED[number % len(UNLABELLED)])
    if kind == "unanswered_wave":
        return ids.index(UNANSWERED[number % len(UNANSWERED)])
    if kind == "sentiment_drop":
        return -1
    own = [catalogue.modules.index(name) for name in catalogue.products[product].modules]
    here = catalogue.module_weight[:, own].sum(axis=1) * (catalogue.share > 0) * (catalogue.level_of >= 1)
    return int(rng.choice(len(ids), p=here / here.sum()))


def gloomy(incidents: tuple[Incident, ...], day: int, products: int) -> Floats:
    """1.0 for products whose customers are in a bad mood that day, else 0.0."""
    mood = np.zeros(products)
    for incident in incidents:
        if incident.kind == "sentiment_drop" and incident.start <= day < incident.stop:
            mood[incident.product] = 1.0
    return mood
