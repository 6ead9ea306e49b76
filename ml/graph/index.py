"""The graph as an artifact: a database, arrays, names and scopes beside each other."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import polars as pl

from ml.graph import arrays, broad, link, store, terms
from ml.graph.broad import Broad
from ml.graph.build import text_of
from ml.graph.link import Linker
from ml.graph.walk import Walk
from ml.text import sources

NAME = "indexes/graph"
LIBRARIES = ("kuzu", "numpy", "polars")
DATABASE, WALK, NAMES, SCOPES = "database", "walk", "names", "scopes"


def write(
    folder: Path, nodes: pl.DataFrame, edges: pl.DataFrame, problems: pl.DataFrame, members: pl.DataFrame
) -> None:
    """All that is served of `graph/nodes` and `graph/edges`, with `search/problems` and `graph/issue_members`."""
    store.write(folder / DATABASE, nodes, edges)
    Walk.of(edges).save(folder / WALK)
    Linker.of(edges, terms.words(text_of(problems)), problems.height).save(folder / NAMES)
    Broad.of(problems, members, edges).save(folder / SCOPES)


def fits(place: Path, inputs: Mapping[str, int], code: str) -> bool:
    """Whether the artifact there was made of these versions by this code."""
    card = json.loads((place / "card.json").read_text(encoding="utf-8"))
    return bool(card.get("inputs") == dict(inputs) and card.get("code") == code)


@cache
def digest() -> str:
    """Changes with what makes the index."""
    return sources.digest(__file__, *(str(module.__file__) for module in (arrays, broad, link, store, terms)))
