"""The graph as an artifact: a database, arrays, names and scopes beside each other."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from ml.graph import arrays, broad, link, store, terms
from ml.graph.broad import Broad
from ml.graph.link import Linker
from ml.graph.walk import Walk
from ml.text import sources

NAME = "indexes/graph"
LIBRARIES = ("kuzu", "numpy", "polars")
DATABASE, WALK, NAMES, SCOPES = "database", "walk", "names", "scopes"


def write(
    folder: Path,
    nodes: pl.DataFrame,
    edges: pl.DataFrame,
    problems: pl.DataFrame,
    members: pl.DataFrame,
    *,
    vocabulary: Mapping[str, int],
) -> None:
    """All that is served of `graph/nodes` and `graph/edges`, with `graph/issue_members` and `search/problems`.

    Of `problems` no text is read. `vocabulary` are words that are spelled right (`ml.graph.terms.vocabulary`).
    """
    store.write(folder / DATABASE, nodes, edges)
    Walk.of(edges).save(folder / WALK)
    Linker.of(edges, vocabulary, problems.height).save(folder / NAMES)
    Broad.of(problems, members, edges).save(folder / SCOPES)


def vocabulary(places: Iterable[Path], grouped: int | None, code: str) -> dict[str, int] | None:
    """The words of an index that is there, made of the same grouping by this code; None where there is none such."""
    for place in places:
        card = _card(place)
        if card.get("grouped") == grouped and card.get("code") == code:
            return Linker.load(place / NAMES).vocabulary
    return None


def fits(place: Path, inputs: Mapping[str, int], code: str) -> bool:
    """Whether the artifact there was made of these versions by this code."""
    card = _card(place)
    return bool(card.get("inputs") == dict(inputs) and card.get("code") == code)


def _card(place: Path) -> dict[str, Any]:
    """What the artifact says of itself; nothing where that cannot be read."""
    try:
        card: dict[str, Any] = json.loads((place / "card.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return card


@cache
def digest() -> str:
    """Changes with what makes the index."""
    return sources.digest(__file__, *(str(module.__file__) for module in (arrays, broad, link, store, terms)))
