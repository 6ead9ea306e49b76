"""How many tickets a day brings, of which cause, for which product and version: exact intensities, no words."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from simulator.catalogue import Floats
from simulator.incidents import Incident
from simulator.world import Ints, World

WEEKDAY = (1.18, 1.14, 1.08, 1.04, 0.96, 0.32, 0.28)
MONTH_START = ("wrong_tax", "double_booking", "card_expired", "discount_lost", "old_billing_contact", "seats_used_up")
AFTER_RELEASE = (
    "settings_migration",
    "stale_frontend",
    "bad_migration",
    "upgrade_stuck",
    "mixed_versions",
    "moved_menu",
)


@dataclass(frozen=True)
class Day:
    """One day's intensities: `base` is cell × cause and sums to one, `extra` one number per active incident."""

    number: int
    date: date
    base: Floats
    cell_share: Floats
    release_in_use: Ints
    incidents: tuple[Incident, ...]
    extra: Floats

    @property
    def joint(self) -> Floats:
        """P(cell, cause) of a ticket of this day, incidents included."""
        joint = self.base.copy()
        for incident, rate in zip(self.incidents, self.extra, strict=True):
            joint[_cells(incident, self), incident.cause] += rate * self._split(incident)
        total: Floats = joint / joint.sum()
        return total

    def _split(self, incident: Incident) -> Floats:
        cells = _cells(incident, self)
        share = self.cell_share[cells]
        split: Floats = share / share.sum()
        return split

    def cells_of(self, incident: Incident) -> tuple[Ints, Floats]:
        """Cells that an incident hits, and how its extra tickets spread over them."""
        return _cells(incident, self), self._split(incident)


def _cells(incident: Incident, day: Day) -> Ints:
    """Spikes and slow burns hit one product and version (or the product, if nobody runs that version); others all."""
    used = day.cell_share > 0
    products = 5
    product_of = np.arange(len(used)) // (len(used) // products)
    release_of = np.arange(len(used)) % (len(used) // products)
    if incident.kind in ("volume_spike", "slow_burn"):
        narrow = used & (product_of == incident.product) & (release_of == incident.release)
        chosen = narrow if narrow.any() else used & (product_of == incident.product)
        return np.flatnonzero(chosen if chosen.any() else used)
    return np.flatnonzero(used)


class Demand:
    """The intensities of every day of a world."""

    def __init__(self, world: World, incidents: tuple[Incident, ...], first_day: date) -> None:
        self.world, self.incidents, self.first_day = world, incidents, first_day
        catalogue = world.catalogue
        in_product = np.zeros((len(catalogue.causes), len(catalogue.products)))
        for number, product in enumerate(catalogue.products):
            own = [catalogue.modules.index(name) for name in product.modules]
            in_product[:, number] = catalogue.module_weight[:, own].sum(axis=1)
        in_product /= in_product.max(axis=1, keepdims=True)
        share = np.bincount(world.usage.product, weights=world.usage.weight, minlength=len(catalogue.products))
        reach = in_product @ (share / share.sum())
        factor = world.version_factor.mean(axis=2).mean(axis=1)
        self.rate = (catalogue.share / reach / factor)[:, None] * in_product
        ids = [cause.id for cause in catalogue.causes]
        self.month_start = np.array([name in MONTH_START for name in ids])
        self.after_release = np.array([name in AFTER_RELEASE for name in ids])
        self.phase = np.random.default_rng([world.seed, 3]).uniform(0, 2 * np.pi, len(ids))

    def volume(self, day: int) -> float:
        """Relative number of tickets of a day."""
        today = self.first_day + timedelta(days=day)
        year = 1 + 0.1 * np.cos(2 * np.pi * (today.timetuple().tm_yday - 20) / 365)
        trend = 1 + 0.25 * day / max(self.world.days, 1)
        extra = sum(incident.surplus(day) for incident in self.incidents)
        return float(WEEKDAY[today.weekday()] * year * trend * (1 + extra))

    def day(self, day: int) -> Day:
        """Intensities of one day."""
        world, usage = self.world, self.world.usage
        releases = world.releases
        days_since = day - usage.lag
        release = np.zeros(len(usage.product), dtype=np.int64)
        for product in range(len(world.catalogue.products)):
            rows = usage.product == product
            release[rows] = np.searchsorted(world.release_days[product], days_since[rows], side="right") - 1
        release = np.maximum(release, 0)
        alive = world.customers.born[usage.customer] <= day
        cells = len(world.catalogue.products) * releases
        share = np.bincount(usage.product * releases + release, weights=usage.weight * alive, minlength=cells)
        share = share / share.sum()
        base = share[:, None] * self._causes_given_cell(day)
        active = tuple(incident for incident in self.incidents if incident.surplus(day) > 0)
        return Day(
            number=day,
            date=self.first_day + timedelta(days=day),
            base=base / base.sum(),
            cell_share=share,
            release_in_use=release,
            incidents=active,
            extra=np.array([incident.surplus(day) for incident in active]),
        )

    def _causes_given_cell(self, day: int) -> Floats:
        """Cell × cause: the catalogue's rate, moved by version, season, month and the age of the release."""
        world = self.world
        today = self.first_day + timedelta(days=day)
        season = 1 + 0.25 * np.sin(2 * np.pi * today.timetuple().tm_yday / 365 + self.phase)
        season = season * np.where(self.month_start & (today.day <= 6), 2.6, 1.0)
        age = day - world.release_days
        fresh = ((age >= 0) & (age < 21))[:, :, None] & self.after_release
        table = np.moveaxis(world.version_factor, 0, -1) * self.rate.T[:, None, :] * season
        table = np.where(fresh, table * 3.0, table)
        flat: Floats = table.reshape(-1, table.shape[-1])
        return flat
