"""What a question names: codes, versions, files, products and modules, also where a product's name is shortened.

A short form takes the first letter of every word of a name and any of the others in their order, as authors do
(Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text", 2003).
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec
import polars as pl

from ml.text.entities import Catalogue, entities

KINDS = frozenset({"error_code", "version", "product", "module", "path", "exception", "url", "ticket"})
"""Kinds of entities that say what a ticket is about."""
SHORTEST = 3
"""Letters of a short form."""
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]")
_STATED = re.compile(
    r"(?:(?<=[.!?。！？\n] )|(?<=[。！？\n])|\A)[^\W\d_]{2,15}(?: [^\W\d_]{2,15})? ?[:：] ?"
    r"((?!//)(?=[^\n]*[^\W\d_])[^\n.:!?。！？：]{2,40})(?=[.。\n]|\Z)"
)


class Entity(msgspec.Struct, frozen=True, order=True):
    """A name in a text: kind, the name meant, and as it is written there."""

    kind: str
    name: str
    written: str


def named_in(texts: Sequence[str], catalogue: Catalogue) -> list[Entity]:
    """Each name once, as it is first written, in the order of the texts."""
    rows = entities(pl.Series(texts, dtype=pl.String), catalogue).select("kind", "value", "name").iter_rows()
    found = [(kind, name or value, value) for kind, value, name in rows if kind in KINDS]
    products = {name for kind, name, _ in found if kind == "product"}
    short = shortened("\n".join(texts), tuple(sorted(set(catalogue.products.values()) - products)))
    return list({(kind, name): Entity(kind, name, value) for kind, name, value in reversed([*found, *short])}.values())[
        ::-1
    ]


def stated(text: str) -> list[str]:
    """What stands behind a label and a colon as a sentence of its own, such as `Area: night shift`."""
    return [value.strip() for value in _STATED.findall(text)]


def shortened(text: str, products: Iterable[str]) -> list[tuple[str, str, str]]:
    """Kind, product and short form of products of two words and more; a form that fits several is left out."""
    fits: dict[str, set[str]] = {}
    for product in products:
        if pattern := _short_form(product):
            for match in pattern.finditer(text):
                if sum(letter.isalpha() for letter in match.group()) >= SHORTEST:
                    fits.setdefault(match.group(), set()).add(product)
    return [("product", next(iter(names)), form) for form, names in fits.items() if len(names) == 1]


@cache
def _short_form(product: str) -> re.Pattern[str] | None:
    parts = _PART.findall(product)
    if len(parts) < 2:
        return None
    each = (re.escape(part[0]) + "".join(f"(?i:{re.escape(one)})?" for one in part[1:]) for part in parts)
    return re.compile(r"\b" + "[-_ ]?".join(each) + r"\b")
