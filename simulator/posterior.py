"""P(label | what was said): Bayes' rule over the tables that the tickets were drawn from, hence exact."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.catalogue import Catalogue, Floats
from simulator.demand import Day
from simulator.said import Facts
from simulator.tables import CODE_PLACE, EXCEPTION_TOLD, Tables
from simulator.world import World


@dataclass(frozen=True)
class Beliefs:
    """Row per ticket. `record` knows the text, product, version, module, log and day; `text` only the text and the day.

    The last column of categories and subcategories is 'no label covers it'.
    """

    category: Floats
    subcategory: Floats
    priority: Floats
    sentiment: Floats
    category_text: Floats
    subcategory_text: Floats
    true_cause: Floats

    def rows(self) -> list[tuple[Any, ...]]:
        """Row per ticket, in the order of the fields, as plain lists and numbers."""
        return list(zip(*(getattr(self, name).astype(np.float32).tolist() for name in COLUMNS), strict=True))


COLUMNS = ("category", "subcategory", "priority", "sentiment", "category_text", "subcategory_text", "true_cause")


def _likelihood_of_symptoms(facts: Facts, catalogue: Catalogue) -> Floats:
    """P(symptoms in the order told | cause), drawn without replacement; row per ticket, column per cause."""
    says = catalogue.says_symptom.T
    first, second, third = facts.symptoms.T
    likelihood: Floats = says[first].copy()
    gone = says[first].copy()
    for told in (second, third):
        rows = np.flatnonzero(told >= 0)
        chance = says[told[rows]]
        likelihood[rows] *= chance / (1 - gone[rows])
        gone[rows] += chance
    return likelihood


def _named(day: Day, catalogue: Catalogue, tables: Tables, releases: int) -> Floats:
    """P(cause, names) on a day: axes named product, true product, its named module or none, cause."""
    products = len(catalogue.products)
    joint = day.joint.reshape(products, releases, -1).sum(axis=1)
    heard = np.einsum("pcm,mn->pcn", tables.module_pcm, tables.named_mn)
    named: Floats = np.einsum("pc,pq,pcn->qpnc", joint, tables.product_named_pn, heard)
    return named


def beliefs(facts: Facts, day: Day, world: World, tables: Tables) -> Beliefs:
    """Posteriors of a day's tickets."""
    catalogue = world.catalogue
    symptoms = _likelihood_of_symptoms(facts, catalogue)
    evidence = tables.evidence_tgukl_c_r[facts.tier, facts.mood, facts.urgency, facts.marker]
    by_cause = evidence.sum(axis=-1)[:, catalogue.level_of, catalogue.category_of]
    shared = symptoms * by_cause

    places = np.einsum("pcm,mw,mn->pcwn", tables.module_pcm, tables.recorded_mw, tables.named_mn)
    heard = places[facts.product, :, facts.recorded_module, facts.named_module]
    record = shared * day.joint[facts.cell] * heard
    record *= catalogue.shows_code.T[facts.code] * catalogue.shows_exception.T[facts.exception]
    record /= record.sum(axis=1, keepdims=True)

    text = shared * _text_prior(facts, day, world, tables) * _text_code(facts, catalogue)
    text *= _text_exception(facts, catalogue)
    text /= text.sum(axis=1, keepdims=True)

    category, subcategory = np.eye(len(catalogue.categories) + 1), np.eye(len(catalogue.subcategories) + 1)
    to_category, to_subcategory = category[catalogue.category_of], subcategory[catalogue.subcategory_of]
    priority, sentiment = _priority_and_sentiment(
        facts, record, evidence=evidence, by_cause=by_cause, catalogue=catalogue, tables=tables
    )
    return Beliefs(
        category=record @ to_category,
        subcategory=record @ to_subcategory,
        priority=priority,
        sentiment=sentiment,
        category_text=text @ to_category,
        subcategory_text=text @ to_subcategory,
        true_cause=record[np.arange(len(facts)), facts.cause],
    )


def _text_prior(facts: Facts, day: Day, world: World, tables: Tables) -> Floats:
    named = _named(day, world.catalogue, tables, world.releases)
    silent = named[:, :, 4].sum(axis=1)
    prior: Floats = silent[facts.named_product]
    rows = np.flatnonzero(facts.named_module >= 0)
    prior[rows] = named[facts.named_product[rows], facts.product[rows], facts.named_module[rows]]
    return prior


def _text_code(facts: Facts, catalogue: Catalogue) -> Floats:
    """P(code in the text or none | cause); that the place does not depend on the cause matters only for none."""
    only_log = CODE_PLACE[1]
    none = catalogue.shows_code[:, -1] + (1 - catalogue.shows_code[:, -1]) * only_log
    in_text = (facts.place == 1) | (facts.place == 3)
    return np.where(in_text[:, None], catalogue.shows_code.T[facts.code] * (1 - only_log), none)


def _text_exception(facts: Facts, catalogue: Catalogue) -> Floats:
    """P(exception told or not | cause)."""
    shows = catalogue.shows_exception
    silent = 1 - (1 - shows[:, -1]) * EXCEPTION_TOLD
    return np.where(facts.exception_told[:, None], shows.T[facts.exception] * EXCEPTION_TOLD, silent)


def _priority_and_sentiment(
    facts: Facts, record: Floats, *, evidence: Floats, by_cause: Floats, catalogue: Catalogue, tables: Tables
) -> tuple[Floats, Floats]:
    """Sum the causes into level × category, then split by priority and sentiment."""
    levels, categories = evidence.shape[1:3]
    group = np.eye(levels * categories)[catalogue.level_of * categories + catalogue.category_of]
    weight = ((record / by_cause) @ group).reshape(len(facts), levels, categories)
    by_priority = (weight[..., None] * evidence).sum(axis=1)
    shown = tables.marker_gcrk[facts.mood, :, :, facts.marker]
    given = tables.sentiment_gcrs[facts.mood] * tables.marker_sk[:, facts.marker].T[:, None, None, :]
    sentiment = np.einsum("ncr,ncrs->ns", by_priority / shown, given)
    return by_priority.sum(axis=1), sentiment
