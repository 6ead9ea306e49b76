"""What is drawn for a day's tickets as discrete facts, before any word is chosen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue import Floats
from simulator.demand import Day
from simulator.tables import CODE_PLACE, EXCEPTION_TOLD, SYMPTOM_COUNT, Tables
from simulator.world import REGIONS, UTC_OFFSET, Ints, World

LOCAL_HOURS = np.array(
    [1, 1, 1, 1, 1, 2, 4, 10, 28, 42, 46, 42, 30, 36, 44, 42, 36, 26, 14, 9, 7, 5, 3, 2], dtype=float
)


@dataclass(frozen=True)
class Facts:
    """One day's tickets in order of time, one array per fact. -1 stands for 'not said' unless stated otherwise.

    `symptoms` is in the order told; `code` and `exception` index their catalogue list, its length meaning none;
    `place` is 0 nowhere, 1 text, 2 log, 3 both; modules are counted within the product.
    """

    second: Ints
    incident: NDArray[np.str_]
    cell: Ints
    product: Ints
    release: Ints
    usage: Ints
    customer: Ints
    cause: Ints
    module: Ints
    recorded_module: Ints
    named_product: Ints
    named_module: Ints
    symptoms: Ints
    code: Ints
    place: Ints
    exception: Ints
    exception_told: NDArray[np.bool_]
    mood: Ints
    tier: Ints
    priority: Ints
    sentiment: Ints
    urgency: Ints
    marker: Ints

    def __len__(self) -> int:
        return len(self.cause)


def pick(rows: Floats, rng: np.random.Generator) -> Ints:
    """One index per row of a table of probabilities."""
    total = np.cumsum(rows, axis=-1)
    chosen: Ints = (rng.random((len(rows), 1)) * total[:, -1:] > total).sum(axis=-1)
    return chosen


def draw(day: Day, count: int, world: World, *, tables: Tables, gloom: Floats, rng: np.random.Generator) -> Facts:
    """Draw `count` tickets of a day."""
    catalogue = world.catalogue
    incident, cell, cause = _cells_and_causes(day, count, rng)
    product, release = cell // world.releases, cell % world.releases
    usage = _customers(day, cell, world, rng)
    customer = world.usage.customer[usage]
    second = _seconds(world.customers.region[customer], rng)
    order = np.argsort(second, kind="stable")
    second, incident, cell, cause = second[order], incident[order], cell[order], cause[order]
    product, release, usage, customer = product[order], release[order], usage[order], customer[order]

    module = pick(tables.module_pcm[product, cause], rng)
    code = pick(catalogue.shows_code[cause], rng)
    exception = pick(catalogue.shows_exception[cause], rng)
    told = (exception < len(catalogue.exceptions)) & (rng.random(count) < EXCEPTION_TOLD)
    place = 1 + rng.choice(3, size=count, p=CODE_PLACE)
    tier = world.customers.tier[customer]
    mood = gloom[product].astype(np.int64)
    priority = pick(tables.priority_tlr[tier, catalogue.level_of[cause]], rng)
    sentiment = pick(tables.sentiment_gcrs[mood, catalogue.category_of[cause], priority], rng)
    named_product, named_module = pick(tables.product_named_pn[product], rng), pick(tables.named_mn[module], rng)
    marker = pick(tables.marker_sk[sentiment], rng)
    return Facts(
        second=second,
        incident=incident,
        cell=cell,
        product=product,
        release=release,
        usage=usage,
        customer=customer,
        cause=cause,
        module=module,
        recorded_module=pick(tables.recorded_mw[module], rng),
        named_product=np.where(named_product == len(catalogue.products), -1, named_product),
        named_module=np.where(named_module == 4, -1, named_module),
        symptoms=_symptoms(catalogue.says_symptom[cause], rng),
        code=code,
        place=np.where(code == len(catalogue.codes), 0, place),
        exception=exception,
        exception_told=told,
        mood=mood,
        tier=tier,
        priority=priority,
        sentiment=sentiment,
        urgency=pick(tables.urgency_ru[priority], rng),
        marker=np.where(marker == 6, -1, marker),
    )


def _cells_and_causes(day: Day, count: int, rng: np.random.Generator) -> tuple[NDArray[np.str_], Ints, Ints]:
    rates = np.array([1.0, *day.extra])
    source = rng.choice(len(rates), size=count, p=rates / rates.sum())
    causes = day.base.shape[1]
    total = np.cumsum(day.base.ravel())
    flat = np.searchsorted(total, rng.random(count) * total[-1], side="right")
    flat = np.minimum(flat, len(total) - 1)
    cell, cause = flat // causes, flat % causes
    incident = np.full(count, "", dtype="<U40")
    for number, one in enumerate(day.incidents, start=1):
        rows = np.flatnonzero(source == number)
        cells, share = day.cells_of(one)
        cell[rows] = rng.choice(cells, size=len(rows), p=share)
        cause[rows], incident[rows] = one.cause, one.id
    return incident, cell, cause


def _customers(day: Day, cell: Ints, world: World, rng: np.random.Generator) -> Ints:
    """For each ticket a user of that product and version, the busy ones more often."""
    usage = world.usage
    cells = usage.product * world.releases + day.release_in_use
    weight = usage.weight * (world.customers.born[usage.customer] <= day.number)
    order = np.argsort(cells, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weight[order])])
    start = np.searchsorted(cells[order], cell, side="left")
    stop = np.searchsorted(cells[order], cell, side="right")
    point = total[start] + rng.random(len(cell)) * (total[stop] - total[start])
    place = np.clip(np.searchsorted(total, point, side="right") - 1, start, stop - 1)
    chosen: Ints = order[place]
    return chosen


def _seconds(region: Ints, rng: np.random.Generator) -> Ints:
    """Second of the day in UTC, from the office hours of the customer's region."""
    local = rng.choice(24, size=len(region), p=LOCAL_HOURS / LOCAL_HOURS.sum())
    offset = np.array([UTC_OFFSET[name] for name in REGIONS])[region]
    second: Ints = ((local - offset) % 24) * 3600 + rng.integers(0, 3600, len(region))
    return second


def _symptoms(weights: Floats, rng: np.random.Generator) -> Ints:
    """One to three symptoms without repetition, in the order drawn (Gumbel top-k, Vieira 2014)."""
    keys = np.log(np.maximum(weights, 1e-300)) + rng.gumbel(size=weights.shape)
    top = np.argpartition(-keys, 3, axis=1)[:, :3]
    rank = np.argsort(-np.take_along_axis(keys, top, axis=1), axis=1, kind="stable")
    chosen = np.take_along_axis(top, rank, axis=1)
    told = 1 + rng.choice(3, size=len(weights), p=SYMPTOM_COUNT)
    return np.where(np.arange(3) < told[:, None], chosen, -1)


def part(facts: Facts, rows: slice) -> Facts:
    """Some of the tickets."""
    return Facts(**{name: getattr(facts, name)[rows] for name in Facts.__dataclass_fields__})
