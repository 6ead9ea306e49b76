"""Writes a realistic simulation: tickets, truth and articles appear together or not at all."""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from simulator import PROGRESS_EVERY, SimulationReport
from simulator.defects import Defects
from simulator.realistic import Simulation
from simulator.tables import PRIORITIES, SENTIMENTS
from simulator.truth import Truth
from simulator.words import languages
from simulator.write import is_array, ticket_file


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A directory that takes its name when it is complete."""
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        yield part
        shutil.rmtree(path, ignore_errors=True)
        part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_realistic(
    tickets: int,
    days: int,
    seed: int,
    out: Path,
    *,
    end: datetime,
    further: int,
    spoken: tuple[str, ...],
    progress: Callable[[int], None] | None,
) -> SimulationReport:
    """See `simulator.simulate`."""
    array = is_array(out)
    run = Simulation(tickets=tickets, days=days, seed=seed, end=end, languages=spoken or languages(), further=further)
    defects = Defects(array, random.Random(f"{seed}/defects/{further}"))
    directory, articles = out.with_name(out.name + ".truth"), out.with_name(out.name + ".articles.jsonl")
    skipped = tickets if further else 0
    found = 0
    with _aside(directory) as part, ticket_file(out) as file, Truth(part) as truth:
        for number, one in enumerate(run.written(), start=1):
            if progress and number % PROGRESS_EVERY == 0:
                progress(number)
            if number <= skipped:
                continue
            file.write(one.record)
            truth.add("tickets", [one.ticket])
            truth.add("spans", one.spans)
            truth.add("solvers", [one.solvers])
            extra = defects.after(one.record)
            if extra:
                line, key, kind, expected = extra
                truth.add("defects", [(file.write_raw(line), key, kind, expected)])
                found += 1
        _describe(run, truth)
    aside = articles.with_name(articles.name + ".part")
    aside.write_bytes(b"".join(msgspec.json.encode(article) + b"\n" for article in run.library.records))
    aside.replace(articles)
    if progress:
        progress(tickets + further)
    written = further or tickets
    return SimulationReport(out, written, written + found, found, directory, articles)


def _describe(run: Simulation, truth: Truth) -> None:
    """The tables about the world itself."""
    catalogue = run.catalogue
    truth.add("causes", [_cause_row(cause) for cause in catalogue.causes])
    actions = {solution.id: solution.action for solution in catalogue.solutions}
    truth.add(
        "solutions",
        [(cause.id, name, actions[name], chance) for cause in catalogue.causes for name, chance in cause.solutions],
    )
    useful = run.library.useful
    truth.add(
        "articles",
        [
            (cause.id, key, float(useful[row, column]))
            for row, cause in enumerate(catalogue.causes)
            for column, key in enumerate(run.library.ids)
            if useful[row, column] >= 0.05
        ],
    )
    truth.add(
        "incidents",
        [
            (
                one.id,
                one.kind,
                None if one.kind in ("new_issue_type", "unanswered_wave") else catalogue.products[one.product].name,
                run.world.versions[one.product][one.release] if one.kind in ("volume_spike", "slow_burn") else None,
                catalogue.causes[one.cause].id if one.cause >= 0 else None,
                run.start + timedelta(days=one.start),
                run.start + timedelta(days=one.stop),
                one.strength,
                run.hits[one.id],
            )
            for one in run.incidents
        ],
    )
    names: dict[str, list[str]] = {
        "category": [*catalogue.categories, "none of these"],
        "subcategory": [*(name for _, name in catalogue.subcategories), "none of these"],
        "priority": list(PRIORITIES),
        "sentiment": list(SENTIMENTS),
    }
    truth.add("labels", [(target, n, label) for target, some in names.items() for n, label in enumerate(some)])


def _cause_row(cause: Any) -> tuple[Any, ...]:
    labelled = cause.category != "none"
    return (
        cause.id,
        cause.category if labelled else None,
        cause.subcategory if labelled else None,
        cause.title,
        cause.level,
        list(cause.modules),
        list(cause.symptoms),
        list(cause.codes),
    )
