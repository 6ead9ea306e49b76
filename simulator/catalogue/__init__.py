"""What the simulated world is made of: products, causes, codes, solutions, and how they hang together."""

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HERE = Path(__file__).parent
VAGUE = ("not_working", "something_off", "need_help")
WITHOUT_CODE = {
    "Technical Issue": 0.42,
    "Data Issue": 0.45,
    "Security": 0.55,
    "Account Management": 0.78,
    "Feature Request": 0.86,
    "none": 0.6,
}
WITHOUT_TRACE = {
    "Technical Issue": 0.6,
    "Data Issue": 0.66,
    "Security": 0.8,
    "Account Management": 0.93,
    "Feature Request": 0.95,
    "none": 0.85,
}


@dataclass(frozen=True)
class Cause:
    """A root cause: what goes wrong, where it occurs, how it shows, what helps."""

    id: str
    category: str
    subcategory: str
    share: float
    level: int
    modules: tuple[str, ...]
    symptoms: tuple[str, ...]
    codes: tuple[str, ...]
    exceptions: tuple[str, ...]
    solutions: tuple[tuple[str, float], ...]
    title: str


@dataclass(frozen=True)
class Solution:
    """What an agent does, and the sentences in which it is written down."""

    id: str
    code: str
    template: str
    minutes: int
    action: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Product:
    """A product, its modules and the names that customers give it."""

    name: str
    initials: str
    surface: tuple[str, ...]
    modules: tuple[str, ...]
    weight: float
    first_major: int


@dataclass(frozen=True)
class Catalogue:
    """The tables of the generative model; the first axis of every matrix is the cause."""

    products: tuple[Product, ...]
    modules: tuple[str, ...]
    causes: tuple[Cause, ...]
    solutions: tuple[Solution, ...]
    symptoms: tuple[str, ...]
    codes: tuple[str, ...]
    exceptions: tuple[str, ...]
    categories: tuple[str, ...]
    subcategories: tuple[tuple[str, str], ...]
    category_of: NDArray[np.int64]
    subcategory_of: NDArray[np.int64]
    level_of: NDArray[np.int64]
    share: Floats
    module_weight: Floats
    says_symptom: Floats
    shows_code: Floats
    shows_exception: Floats


def _lines(name: str) -> list[str]:
    return (HERE / name).read_text(encoding="utf-8").splitlines()


def _products() -> tuple[Product, ...]:
    with (HERE / "products.toml").open("rb") as file:
        rows = tomllib.load(file)["product"]
    return tuple(
        Product(
            row["name"],
            row["initials"],
            tuple(row["surface"]),
            tuple(row["modules"]),
            float(row["weight"]),
            row["first_major"],
        )
        for row in rows
    )


def _solutions() -> tuple[Solution, ...]:
    found = []
    for line in _lines("solutions.txt"):
        if line and not line.startswith("#"):
            key, code, template, minutes, action, sentences = (part.strip() for part in line.split(" | "))
            found.append(
                Solution(key, code, template, int(minutes), action, tuple(s.strip() for s in sentences.split(";;")))
            )
    return tuple(found)


def _causes() -> tuple[Cause, ...]:
    found, category, subcategory, share, rank = [], "", "", 0.0, 0
    for line in _lines("causes.txt"):
        if line.startswith("##"):
            category, subcategory, text = (part.strip() for part in line.removeprefix("##").split(" / "))
            share, rank = float(text), 0
        elif line and not line.startswith("#"):
            key, level, modules, symptoms, codes, exceptions, solutions, title = (
                part.strip() for part in line.split("|")
            )
            rank += 1
            pairs = (text.split(":") for text in solutions.split())
            found.append(
                Cause(
                    key,
                    category,
                    subcategory,
                    share / rank**0.6,
                    int(level),
                    tuple(modules.split()),
                    tuple(symptoms.split()),
                    tuple("ERROR_" + code for code in codes.split()),
                    tuple(exceptions.split()),
                    tuple((name, float(chance)) for name, chance in pairs),
                    title,
                )
            )
    return tuple(found)


def _normalised(matrix: Floats) -> Floats:
    result: Floats = matrix / matrix.sum(axis=-1, keepdims=True)
    return result


def _module_weight(cause: Cause, products: tuple[Product, ...], modules: tuple[str, ...]) -> Floats:
    """How often the cause occurs in each module; names before initials before 'any'."""
    weight = np.zeros(len(modules))
    for rank, word in enumerate(cause.modules):
        whole = [product for product in products if word in ("any", product.initials)]
        names = [name for product in whole for name in product.modules] or [word]
        for name in names:
            weight[modules.index(name)] += 1.0 / (1 + 0.4 * rank) if not whole else 0.35
    return weight


def _own(words: list[tuple[str, ...]], names: tuple[str, ...], ratio: float) -> Floats:
    """Row per cause: its own words, each `ratio` times as frequent as the one before."""
    own = np.zeros((len(words), len(names)))
    for row, listed in enumerate(words):
        for rank, name in enumerate(listed):
            own[row, names.index(name)] += ratio**rank
    return _normalised(own)


def _kin(own: Floats, groups: list[str]) -> Floats:
    """The mean of all causes of the same group, row per cause."""
    names = np.array(groups)
    return np.stack([own[names == group].mean(axis=0) for group in groups])


def _codes(causes: tuple[Cause, ...], words: list[tuple[str, ...]], names: tuple[str, ...], ratio: float) -> Floats:
    """Mostly a cause's own codes, some that are common in its category, a few from anywhere."""
    own = _own(words, names, ratio)
    return 0.64 * own + 0.24 * _kin(own, [cause.category for cause in causes]) + 0.12 / len(names)


def _with_kindred_remedies(causes: tuple[Cause, ...], says: Floats) -> tuple[Cause, ...]:
    """A remedy that one cause would dominate helps its look-alikes now and then, so that it gives no cause away."""
    share = np.array([cause.share for cause in causes])
    alike = says @ says.T
    np.fill_diagonal(alike, -1.0)
    remedies = [dict(cause.solutions) for cause in causes]
    for name in sorted({name for cause in causes for name, _ in cause.solutions}):
        weight = np.array([own.get(name, 0.0) ** 2 for own in remedies]) * share
        first = int(weight.argmax())
        if weight[first] < 0.45 * weight.sum():
            continue
        ranked = [int(row) for row in np.argsort(-alike[first] * (share > 0), kind="stable")]
        for row in [row for row in ranked if name not in remedies[row]][:3]:
            remedies[row][name] = 0.42
    return tuple(replace(cause, solutions=tuple(own.items())) for cause, own in zip(causes, remedies, strict=True))


def _symptom_table(causes: tuple[Cause, ...], symptoms: tuple[str, ...]) -> Floats:
    """Mostly a cause's own symptoms, some of its subcategory's, some that say nothing, a few that mislead."""
    own = _own([cause.symptoms for cause in causes], symptoms, 0.78)
    kin = _kin(own, [cause.category + cause.subcategory for cause in causes])
    vague = np.zeros(len(symptoms))
    vague[[symptoms.index(name) for name in VAGUE]] = 1 / len(VAGUE)
    stray = np.array(
        [0.0 if name in ("assistant_invents", "partner_shop", "device_pairing") else 1.0 for name in symptoms]
    )
    return _normalised(0.85 * own + 0.06 * kin + 0.05 * vague + 0.04 * stray / stray.sum())


@cache
def load() -> Catalogue:
    """The one catalogue; reading it takes milliseconds and happens once."""
    products, causes = _products(), _causes()
    modules = tuple(name for product in products for name in product.modules)
    with (HERE.parent / "phrases" / "en.toml").open("rb") as file:
        symptoms = tuple(tomllib.load(file)["symptom"])
    codes = tuple(sorted({code for cause in causes for code in cause.codes}))
    exceptions = tuple(sorted({name for cause in causes for name in cause.exceptions}))
    subcategories = tuple(sorted({(c.category, c.subcategory) for c in causes if c.category != "none"}))
    categories = tuple(sorted({category for category, _ in subcategories}))
    no_code = np.array([WITHOUT_CODE[cause.category] for cause in causes])[:, None]
    no_trace = np.array([WITHOUT_TRACE[cause.category] for cause in causes])[:, None]
    code_table = _codes(causes, [cause.codes for cause in causes], codes, 0.75)
    exception_table = _codes(causes, [cause.exceptions for cause in causes], exceptions, 0.7)
    says = _symptom_table(causes, symptoms)
    causes = _with_kindred_remedies(causes, says)
    return Catalogue(
        products=products,
        modules=modules,
        causes=causes,
        solutions=_solutions(),
        symptoms=symptoms,
        codes=codes,
        exceptions=exceptions,
        categories=categories,
        subcategories=subcategories,
        category_of=np.array(
            [categories.index(c.category) if c.category != "none" else len(categories) for c in causes]
        ),
        subcategory_of=np.array(
            [
                subcategories.index((c.category, c.subcategory)) if c.category != "none" else len(subcategories)
                for c in causes
            ]
        ),
        level_of=np.array([cause.level for cause in causes]),
        share=np.array([cause.share for cause in causes]),
        module_weight=np.stack([_module_weight(cause, products, modules) for cause in causes]),
        says_symptom=says,
        shows_code=np.hstack([code_table * (1 - no_code), no_code]),
        shows_exception=np.hstack([exception_table * (1 - no_trace), no_trace]),
    )
