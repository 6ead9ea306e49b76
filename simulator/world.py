"""The simulated world before its first ticket: releases, customers, agents. Seeded; nothing here knows a ticket."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue import Catalogue, Floats
from simulator.people import Person, person

Ints = NDArray[np.int64]

TIERS = ("free", "starter", "professional", "premium", "enterprise")
TIER_SHARE = (0.24, 0.26, 0.24, 0.15, 0.11)
TIER_ACTIVITY = (0.45, 0.7, 1.0, 1.6, 3.2)
TIER_VALUE = ((0, 0), (50, 200), (500, 2000), (20_000, 100_000), (5_000, 20_000))
REGIONS = ("NA", "EU", "LATAM", "APAC", "MEA")
REGION_SHARE = (0.42, 0.33, 0.08, 0.11, 0.06)
UTC_OFFSET = {"NA": -5, "EU": 1, "LATAM": -4, "APAC": 8, "MEA": 3}
LANGUAGE_SHARE = {
    "NA": {"en": 0.9, "es": 0.06, "fr": 0.04},
    "EU": {"en": 0.4, "de": 0.21, "fr": 0.13, "it": 0.11, "es": 0.1, "pt": 0.05},
    "LATAM": {"es": 0.58, "pt": 0.36, "en": 0.06},
    "APAC": {"ja": 0.32, "zh": 0.28, "en": 0.4},
    "MEA": {"en": 0.82, "fr": 0.18},
}
SPECIALIZATIONS = ("database", "enterprise", "performance", "security", "api", "general")
AGENTS = 60
RELEASE_EVERY_DAYS = 42
HISTORY_DAYS = 420


@dataclass(frozen=True)
class Customers:
    """Column arrays, one row per customer."""

    tier: Ints
    region: Ints
    language: NDArray[np.str_]
    organization: Ints
    value: Ints
    born: Ints
    people: tuple[Person, ...]


@dataclass(frozen=True)
class Usage:
    """Who uses which product, how much, and how many days behind its newest release."""

    customer: Ints
    product: Ints
    weight: Floats
    lag: Floats


@dataclass(frozen=True)
class Agents:
    """Column arrays, one row per agent; skill lies in 0..1."""

    specialization: tuple[str, ...]
    months: Ints
    skill: Floats


@dataclass(frozen=True)
class World:
    """Everything that is drawn once per seed. Days are counted from the first simulated day."""

    catalogue: Catalogue
    days: int
    seed: int
    languages: tuple[str, ...]
    release_days: Ints
    versions: tuple[tuple[str, ...], ...]
    version_factor: Floats
    customers: Customers
    usage: Usage
    agents: Agents

    @property
    def releases(self) -> int:
        """Number of releases per product; a cell is `product * releases + release`."""
        return int(self.release_days.shape[1])


def _releases(catalogue: Catalogue, days: int, rng: np.random.Generator) -> tuple[Ints, tuple[tuple[str, ...], ...]]:
    count = (days + HISTORY_DAYS) // RELEASE_EVERY_DAYS + 1
    step = rng.integers(RELEASE_EVERY_DAYS - 12, RELEASE_EVERY_DAYS + 13, size=(len(catalogue.products), count))
    release_days = -HISTORY_DAYS + np.cumsum(step, axis=1) - step[:, :1]
    names = []
    for product in catalogue.products:
        major, minor, patch = product.first_major, int(rng.integers(0, 6)), 0
        row = []
        for kind in rng.choice(3, size=count, p=[0.14, 0.48, 0.38]):
            if kind == 0:
                major, minor, patch = major + 1, 0, 0
            elif kind == 1:
                minor, patch = minor + 1, 0
            else:
                patch += 1
            row.append(f"{major}.{minor}.{patch}")
        names.append(tuple(row))
    return release_days, tuple(names)


def _version_factor(catalogue: Catalogue, releases: int, rng: np.random.Generator) -> Floats:
    """Cause × product × release: a fault comes with one release and goes with a later one."""
    factor = np.exp(rng.normal(0, 0.25, size=(len(catalogue.causes), len(catalogue.products), releases)))
    for row, cause in enumerate(catalogue.causes):
        mended = {name for name, _ in cause.solutions} & {"patch_hotfix", "upgrade_version", "bug_filed"}
        if not mended:
            continue
        for product in range(len(catalogue.products)):
            start = int(rng.integers(0, max(1, releases - 1)))
            stop = start + int(rng.integers(2, 7))
            factor[row, product, :start] *= 0.5
            factor[row, product, start:stop] *= 1.7
            factor[row, product, stop:] *= 0.55
    return factor


def _languages_of(region: Ints, languages: tuple[str, ...], rng: np.random.Generator) -> NDArray[np.str_]:
    chosen = np.empty(len(region), dtype="<U2")
    for index, name in enumerate(REGIONS):
        here = {lang: share for lang, share in LANGUAGE_SHARE[name].items() if lang in languages}
        if not here:
            here = {languages[0]: 1.0}
        share = np.array(list(here.values()))
        rows = np.flatnonzero(region == index)
        chosen[rows] = rng.choice(list(here), size=len(rows), p=share / share.sum())
    return chosen


def _customers(count: int, languages: tuple[str, ...], days: int, rng: np.random.Generator) -> Customers:
    tier = rng.choice(len(TIERS), size=count, p=TIER_SHARE)
    region = rng.choice(len(REGIONS), size=count, p=REGION_SHARE)
    low, high = np.array(TIER_VALUE).T
    language = _languages_of(region, languages, rng)
    born = np.where(rng.random(count) < 0.2, rng.integers(-30, max(days, 1), count), rng.integers(-1000, -30, count))
    return Customers(
        tier=tier,
        region=region,
        language=language,
        organization=rng.integers(1, max(2, count // 7), count),
        value=rng.integers(low[tier], high[tier] + 1),
        born=born,
        people=tuple(person(str(lang), rng) for lang in language),
    )


def _usage(customers: Customers, catalogue: Catalogue, rng: np.random.Generator) -> Usage:
    count = len(customers.tier)
    share = np.array([product.weight for product in catalogue.products])
    activity = np.array(TIER_ACTIVITY)[customers.tier] * rng.gamma(0.8, 1.25, count)
    first = rng.choice(len(share), size=count, p=share / share.sum())
    second = rng.choice(len(share), size=count, p=share / share.sum())
    also = np.flatnonzero((second != first) & (rng.random(count) < 0.45))
    customer = np.concatenate([np.arange(count), also])
    lag = rng.exponential(45, len(customer)) + np.where(rng.random(len(customer)) < 0.12, 240, 0)
    return Usage(
        customer=customer,
        product=np.concatenate([first, second[also]]),
        weight=np.concatenate([activity, 0.5 * activity[also]]),
        lag=lag,
    )


def build(catalogue: Catalogue, *, tickets: int, days: int, seed: int, languages: tuple[str, ...]) -> World:
    """Draw the world. `tickets` sets the number of customers, so that about one in three writes more than once."""
    rng = np.random.default_rng([seed, 1])
    release_days, versions = _releases(catalogue, days, rng)
    count = int(min(max(tickets // 2, 300), 20_000))
    customers = _customers(count, languages, days, rng)
    months = rng.integers(3, 61, AGENTS)
    return World(
        catalogue=catalogue,
        days=days,
        seed=seed,
        languages=languages,
        release_days=release_days,
        versions=versions,
        version_factor=_version_factor(catalogue, release_days.shape[1], rng),
        customers=customers,
        usage=_usage(customers, catalogue, rng),
        agents=Agents(
            specialization=tuple(SPECIALIZATIONS[i] for i in rng.integers(0, len(SPECIALIZATIONS), AGENTS)),
            months=months,
            skill=np.clip(0.35 + months / 110 + rng.normal(0, 0.13, AGENTS), 0.1, 0.98),
        ),
    )
