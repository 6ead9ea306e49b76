"""The knowledge base: one article per cause, per kind of work and per subject area, some of them out of date."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from simulator.catalogue import Catalogue, Cause, Floats
from simulator.words import words
from simulator.world import World


@dataclass(frozen=True)
class Library:
    """All articles; `useful` is cause × article: the chance that reading it helps with that cause."""

    records: tuple[dict[str, Any], ...]
    ids: tuple[str, ...]
    useful: Floats
    by_symptom: tuple[tuple[int, ...], ...]


def _heads(symptom: int, rng: np.random.Generator) -> str:
    vocabulary = words("en")
    phrases = vocabulary.heads[symptom]
    spelled = phrases[int(rng.integers(len(phrases)))]
    fill = {"object": "the data", "system": "the other system", "browser": "the browser", "when": "of late"}
    return "".join(literal + fill.get(slot, "") for literal, slot in spelled[int(rng.integers(len(spelled)))])


def _body(catalogue: Catalogue, cause: Cause, solutions: list[str], rng: np.random.Generator) -> str:
    by_id = {solution.id: solution for solution in catalogue.solutions}
    symptoms = [catalogue.symptoms.index(name) for name in cause.symptoms[:4]]
    lines = ["## What you see", *(f"- {_heads(symptom, rng).capitalize()}" for symptom in symptoms)]
    if cause.codes and rng.random() < 0.7:
        lines.append(f"- The log may hold {' or '.join(cause.codes[:2])}")
    lines += ["", "## Why", f"{cause.title}.", "", "## What to do"]
    for number, name in enumerate(solutions, start=1):
        sentence = by_id[name].sentences[int(rng.integers(3))]
        plain = sentence.replace("{module}", "the module").replace("{product}", "product")
        plain = plain.replace("{version}", "the release").replace("{count}", str(int(rng.integers(3, 15))))
        lines.append(f"{number}. {by_id[name].action}. {plain if rng.random() < 0.5 else ''}".rstrip())
    if not solutions:
        lines.append("There is no remedy yet.")
    return "\n".join(lines)


def library(world: World, start: datetime) -> Library:
    """Write the knowledge base of a world; ids are dealt at random, so that they tell nothing."""
    catalogue = world.catalogue
    rng = np.random.default_rng([world.seed, 4])
    drafts: list[tuple[str, str, str | None, str | None, Floats]] = []
    causes = len(catalogue.causes)
    says, labelled = catalogue.says_symptom, catalogue.share > 0
    overlap = says @ says.T
    overlap = overlap / np.diag(overlap)[:, None]
    for row, cause in enumerate(catalogue.causes):
        if not labelled[row]:
            continue
        likely = sorted(cause.solutions, key=lambda pair: -pair[1])
        solutions = [name for name, chance in likely if chance >= 0.3]
        same = np.array([cause.subcategory == other.subcategory for other in catalogue.causes])
        useful = 0.12 * overlap[:, row] * same
        similar = np.argsort(-overlap[row] * catalogue.share * (np.arange(causes) != row), kind="stable")[:4]
        useful[similar] = np.maximum(useful[similar], rng.uniform(0.25, 0.5, 4))
        useful[row] = rng.uniform(0.6, 0.92)
        module = None if "any" in cause.modules else catalogue.modules[int(catalogue.module_weight[row].argmax())]
        drafts.append((cause.title, _body(catalogue, cause, solutions, rng), _owner(catalogue, module), module, useful))
        if rng.random() < 0.25:
            old = "This page was written for an earlier release.\n\n" + _body(catalogue, cause, solutions[-1:], rng)
            stale = np.zeros(causes)
            stale[row] = rng.uniform(0.05, 0.2)
            drafts.append((f"{cause.title} (earlier releases)", old, _owner(catalogue, module), module, stale))
    for solution in catalogue.solutions:
        useful = np.array([0.65 * dict(cause.solutions).get(solution.id, 0.0) for cause in catalogue.causes])
        steps = "\n".join(
            f"{n}. {s.split('.')[0].replace('{module}', 'the module')}." for n, s in enumerate(solution.sentences, 1)
        )
        body = f"## When\nUse this when support asks you to: {solution.action.lower()}.\n\n## Steps\n{steps}"
        body = body.replace("{product}", "product").replace("{count}", "five").replace("{version}", "the release")
        drafts.append((solution.action, body, None, None, useful))
    for number, (category, name) in enumerate(catalogue.subcategories):
        inside = catalogue.subcategory_of == number
        titles = [catalogue.causes[row].title for row in np.flatnonzero(inside & labelled)]
        body = "## What can lie behind it\n" + "\n".join(f"- {title}" for title in titles)
        drafts.append((f"{category}: {name}, an overview", body, None, None, 0.22 * inside))
    return _dealt(world, drafts, start, rng)


def _owner(catalogue: Catalogue, module: str | None) -> str | None:
    return next((product.name for product in catalogue.products if module in product.modules), None)


def _dealt(
    world: World,
    drafts: list[tuple[str, str, str | None, str | None, Floats]],
    start: datetime,
    rng: np.random.Generator,
) -> Library:
    catalogue = world.catalogue
    order = rng.permutation(len(drafts))
    useful = np.stack([drafts[place][4] for place in order], axis=1)
    ids = tuple(f"KB-{number + 1:04d}" for number in range(len(drafts)))
    records = []
    for key, place in zip(ids, order, strict=True):
        title, body, product, module, _ = drafts[place]
        created = start - timedelta(days=int(rng.integers(1, 600)), seconds=int(rng.integers(0, 86_400)))
        updated = created + timedelta(days=int(rng.integers(0, max(1, (start - created).days))))
        release = None
        if product:
            number = [one.name for one in catalogue.products].index(product)
            release = world.versions[number][int(rng.integers(0, 4))]
        records.append(
            {
                "article_id": key,
                "title": title,
                "body": body,
                "product": product,
                "module": module,
                "language": "en",
                "version_from": release,
                "created_at": f"{created:%Y-%m-%dT%H:%M:%SZ}",
                "updated_at": f"{updated:%Y-%m-%dT%H:%M:%SZ}",
            }
        )
    posterior = catalogue.says_symptom * catalogue.share[:, None]
    found = (posterior / np.maximum(posterior.sum(axis=0), 1e-12)).T @ useful
    top = np.argsort(-found, axis=1, kind="stable")[:, :8]
    return Library(tuple(records), ids, useful, tuple(tuple(int(a) for a in row) for row in top))
