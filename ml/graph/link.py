"""What a text names, as nodes of the graph."""

from collections.abc import Mapping
from math import log1p
from pathlib import Path
from typing import Self

import msgspec
import polars as pl

from ml.graph.codes import Codes, told
from ml.graph.spelling import Spelling
from ml.graph.terms import words
from ml.graph.things import kind_of, node
from ml.text.entities import Catalogue, entities
from warehouse.errors import ArtifactDamaged, FormatMismatch

FORMAT = 1
FILE = "names.json"
LONGEST_TEXT = 20_000
"""Characters that are read; what follows in a longer text names nothing new."""
CORRECTED = 0.7
"""What a name is worth that was corrected, beside one that was written right."""
MOST_CORRECTIONS = 40
LINKED = ("Product", "Version", "Module", "ErrorCode", "Term")


class Linked(msgspec.Struct, frozen=True):
    """Nodes that a text names, weighted by rarity; `unknown` names have no node, `corrected` were misspelled."""

    seeds: dict[str, float]
    unknown: list[str]
    corrected: dict[str, str]


class _Stored(msgspec.Struct, frozen=True):
    format: int
    tickets: int
    frequency: dict[str, int]
    words: dict[str, int]


class Linker:
    """Names of products, versions, modules, codes and terms, with how many tickets have each."""

    def __init__(self, frequency: Mapping[str, int], vocabulary: Mapping[str, int], tickets: int) -> None:
        """`frequency` maps node ids to tickets, `vocabulary` ordinary words to tickets: they are spelled right."""
        self._frequency, self._words, self._tickets = dict(frequency), dict(vocabulary), tickets
        keys: dict[str, list[str]] = {kind: [] for kind in LINKED}
        for node_id in sorted(frequency):
            kind = kind_of(node_id)
            if kind in keys:
                keys[kind].append(node_id.partition(":")[2])
        self._catalogue = Catalogue.of(keys["Product"], keys["Module"])
        self._codes = Codes(keys["ErrorCode"])
        self._terms = frozenset(keys["Term"])
        self._versions = _versions(keys["Version"], keys["Product"])
        self._spelling = Spelling(self._spelled(keys))

    @classmethod
    def of(cls, edges: pl.DataFrame, vocabulary: Mapping[str, int], tickets: int) -> Self:
        """From `graph/edges`, words that are spelled right (`ml.graph.terms.vocabulary`), and the number of tickets."""
        from_tickets = edges.filter(
            pl.col("source").str.starts_with("Ticket:") & pl.col("kind").is_in(["MENTIONS", "SEEN_IN"])
        )
        counted = from_tickets.group_by("target").len().sort("target")
        return cls(dict(counted.iter_rows()), vocabulary, tickets)

    @property
    def vocabulary(self) -> dict[str, int]:
        """Words that are spelled right, with how many tickets say them."""
        return dict(self._words)

    def link(self, text: str, *, product: str | None = None, version: str | None = None) -> Linked:
        """Seeds of a walk. `product` and `version` are fields of a ticket; what they name counts as said.

        A version belongs to the product that is named with it, to every product that has it where none is.
        """
        said = pl.Series([text[:LONGEST_TEXT]])
        found = entities(said, self._catalogue)
        weights: dict[str, float] = {}
        unknown: list[str] = []
        corrected: dict[str, str] = {}
        products = {name for kind, name in found.select("kind", "name").iter_rows() if kind == "product"}
        products |= {product} if product else set()
        versions = {value.lstrip("vV. ") for value in found.filter(kind="version")["value"]}
        versions |= {version} if version else set()
        for name in sorted(products):
            _add(weights, node("Product", name), 1.0)
        for name in found.filter(kind="module")["name"]:
            _add(weights, node("Module", name), 1.0)
        for number in sorted(versions):
            owners = self._versions.get(number, ())
            mine = [owner for owner in owners if owner in products] or owners
            for owner in mine:
                _add(weights, node("Version", f"{owner} {number}"), 1 / len(mine))
            unknown += [] if owners else [number]
        for code in told(found)["code"]:
            meant = self._codes.find(code)
            for one, weight in meant.items():
                _add(weights, node("ErrorCode", one), weight)
            unknown += [] if meant else [code]
        for one, weight in self._codes.spoken(said[0]).items():
            _add(weights, node("ErrorCode", one), weight)
        for word in words(said)["term"].sort():
            self._word(word, weights, corrected)
        seeds = {name: weight * self._rarity(name) for name, weight in weights.items() if name in self._frequency}
        unknown += [name for name in weights if name not in self._frequency]
        return Linked(seeds, sorted(set(unknown)), corrected)

    def save(self, folder: Path) -> None:
        """Write JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        stored = _Stored(FORMAT, self._tickets, self._frequency, self._words)
        (folder / FILE).write_bytes(msgspec.json.encode(stored))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote. Raises `ArtifactDamaged`, and `FormatMismatch` for another format."""
        try:
            stored = msgspec.json.decode((folder / FILE).read_bytes(), type=_Stored)
        except (OSError, msgspec.DecodeError) as error:
            message = f"{folder} holds no names of a graph: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None
        if stored.format != FORMAT:
            found = f"{folder} has format {stored.format}, expected {FORMAT}."
            raise FormatMismatch(f"{found} Run `ticketlake build` to make it again.")
        return cls(stored.frequency, stored.words, stored.tickets)

    def _spelled(self, keys: Mapping[str, list[str]]) -> dict[str, int]:
        """Single words that are names: terms, and products and modules of one word."""
        known = {term: self._frequency[node("Term", term)] for term in keys["Term"]}
        for kind, aliases in (("Product", self._catalogue.products), ("Module", self._catalogue.modules)):
            for alias, name in aliases.items():
                if alias.isalpha():
                    known[alias] = self._frequency[node(kind, name)]
        return known

    def _word(self, word: str, weights: dict[str, float], corrected: dict[str, str]) -> None:
        if word in self._terms:
            _add(weights, node("Term", word), 1.0)
            return
        if word in self._words or len(corrected) >= MOST_CORRECTIONS:
            return
        meant = self._spelling.correct(word)
        if meant is None:
            return
        corrected[word] = meant
        for kind, aliases in (("Product", self._catalogue.products), ("Module", self._catalogue.modules)):
            if meant in aliases:
                _add(weights, node(kind, aliases[meant]), CORRECTED)
                return
        _add(weights, node("Term", meant), CORRECTED)

    def _rarity(self, node_id: str) -> float:
        return log1p(self._tickets / self._frequency[node_id])


def _add(weights: dict[str, float], node_id: str, weight: float) -> None:
    weights[node_id] = max(weight, weights.get(node_id, 0.0))


def _versions(keys: list[str], products: list[str]) -> dict[str, tuple[str, ...]]:
    """Products by the number of a version."""
    owners: dict[str, list[str]] = {}
    for key in keys:
        product, _, number = key.rpartition(" ")
        if product in products:
            owners.setdefault(number, []).append(product)
    return {number: tuple(names) for number, names in owners.items()}
