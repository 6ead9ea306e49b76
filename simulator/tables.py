"""The conditional probabilities of the model that the catalogue does not hold: naming, priority, mood, urgency."""

from dataclasses import dataclass

import numpy as np

from simulator.catalogue import Catalogue, Floats

PRIORITIES = ("low", "medium", "high", "critical")
SENTIMENTS = ("angry", "confused", "frustrated", "grateful", "neutral", "satisfied")
URGENCIES = ("none", "low", "medium", "high", "critical")
SYMPTOM_COUNT = (0.56, 0.35, 0.09)
PRODUCT_NAMED = (0.56, 0.06)
MODULE_NAMED = (0.42, 0.06)
MODULE_RECORDED_RIGHT = 0.7
CODE_PLACE = (0.38, 0.12, 0.5)
EXCEPTION_TOLD = 0.45

PRIORITY_BY_LEVEL = (
    (0.56, 0.33, 0.09, 0.02),
    (0.22, 0.47, 0.25, 0.06),
    (0.07, 0.29, 0.44, 0.20),
    (0.03, 0.12, 0.38, 0.47),
)
TIER_LIFT = (0.75, 0.85, 1.0, 1.2, 1.35)
URGENCY_BY_PRIORITY = (
    (0.50, 0.33, 0.12, 0.04, 0.01),
    (0.46, 0.11, 0.29, 0.11, 0.03),
    (0.34, 0.03, 0.15, 0.38, 0.10),
    (0.22, 0.01, 0.06, 0.29, 0.42),
)
SENTIMENT_BY_PRIORITY = (
    (0.03, 0.20, 0.10, 0.17, 0.32, 0.18),
    (0.07, 0.21, 0.22, 0.11, 0.28, 0.11),
    (0.20, 0.16, 0.34, 0.06, 0.18, 0.06),
    (0.37, 0.11, 0.34, 0.03, 0.12, 0.03),
)
SENTIMENT_LIFT = {
    "Feature Request": (0.4, 1.2, 0.6, 1.5, 1.1, 1.9),
    "Security": (1.2, 1.2, 0.9, 0.9, 1.1, 0.8),
    "Data Issue": (1.1, 1.1, 1.2, 0.8, 1.0, 0.8),
    "Account Management": (1.0, 1.2, 0.8, 1.2, 1.1, 1.0),
}
GLOOM = (2.8, 0.9, 1.9, 0.3, 0.6, 0.2)
MARKER_NONE, MARKER_RIGHT = 0.36, 0.5
NEAR = (
    (0, 1, 6, 0, 2, 0),
    (1, 0, 3, 1, 4, 0),
    (5, 2, 0, 0, 3, 0),
    (0, 1, 0, 0, 3, 5),
    (1, 3, 2, 2, 0, 2),
    (0, 1, 0, 5, 4, 0),
)


@dataclass(frozen=True)
class Tables:
    """Axes are named in the order of the letters: t tier, u urgency, k marker, g mood, l level, c category,
    r priority, s sentiment, P product, m module of the product, w recorded module, n named module (last: none)."""

    priority_tlr: Floats
    urgency_ru: Floats
    sentiment_gcrs: Floats
    marker_sk: Floats
    marker_gcrk: Floats
    evidence_tgukl_c_r: Floats
    module_pcm: Floats
    recorded_mw: Floats
    named_mn: Floats
    product_named_pn: Floats


def _normalised(values: Floats) -> Floats:
    result: Floats = values / values.sum(axis=-1, keepdims=True)
    return result


def _naming(size: int, right: float, wrong: float) -> Floats:
    """Truth × what is named; the last column is 'nothing is named'."""
    table = np.full((size, size + 1), wrong / (size - 1))
    table[np.arange(size), np.arange(size)] = right
    table[:, size] = 1 - right - wrong
    return table


def build(catalogue: Catalogue) -> Tables:
    """All tables; the mood axis is ordinary, gloomy; the category axis ends with 'no label covers it'."""
    lift = np.array(TIER_LIFT)[:, None, None] ** np.array([-1.0, 0.0, 1.0, 1.5])
    priority = _normalised(np.array(PRIORITY_BY_LEVEL)[None] * lift)
    urgency = np.array(URGENCY_BY_PRIORITY)
    per_category = np.array([SENTIMENT_LIFT.get(name, (1.0,) * 6) for name in (*catalogue.categories, "none")])
    calm = np.array(SENTIMENT_BY_PRIORITY)[None] * per_category[:, None, :]
    sentiment = _normalised(np.stack([calm, calm * np.array(GLOOM)]))
    near = _normalised(np.array(NEAR, dtype=float))
    marker = np.hstack(
        [MARKER_RIGHT * np.eye(6) + (1 - MARKER_NONE - MARKER_RIGHT) * near, np.full((6, 1), MARKER_NONE)]
    )
    shown = sentiment @ marker
    module = np.zeros((len(catalogue.products), len(catalogue.causes), 4))
    for number, product in enumerate(catalogue.products):
        own = [catalogue.modules.index(name) for name in product.modules]
        weight = catalogue.module_weight[:, own]
        total = weight.sum(axis=1, keepdims=True)
        module[number] = np.divide(weight, total, out=np.full_like(weight, 0.25), where=total > 0)
    wrong = (1 - MODULE_RECORDED_RIGHT) / 3
    return Tables(
        priority_tlr=priority,
        urgency_ru=urgency,
        sentiment_gcrs=sentiment,
        marker_sk=marker,
        marker_gcrk=shown,
        evidence_tgukl_c_r=np.einsum("tlr,ru,gcrk->tguklcr", priority, urgency, shown),
        module_pcm=module,
        recorded_mw=np.full((4, 4), wrong) + np.eye(4) * (MODULE_RECORDED_RIGHT - wrong),
        named_mn=_naming(4, *MODULE_NAMED),
        product_named_pn=_naming(len(catalogue.products), *PRODUCT_NAMED),
    )
