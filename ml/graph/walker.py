"""Walks from a question: what it names and which tickets are alike, to solutions."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

import polars as pl

from ml.graph.index import NAME, NAMES, WALK
from ml.graph.link import Linker
from ml.graph.things import node
from ml.graph.walk import Walk
from ml.retrieve.evidence import Walked
from ml.retrieve.question import Question

__all__ = ["NAME", "Walker"]


class Walker:
    """Threads may share one."""

    def __init__(self, linker: Linker, walk: Walk) -> None:
        self.linker, self.walk = linker, walk

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Of an artifact `indexes/graph`. Raises `ArtifactDamaged`, and `FormatMismatch` for another format."""
        return cls(Linker.load(folder / NAMES), Walk.load(folder / WALK))

    def __call__(
        self,
        question: Question,
        tickets: Mapping[str, float],
        as_of: datetime | None = None,
        within: pl.Series | None = None,
    ) -> Walked:
        """By solution how likely a walk ends there, and the likeliest way; `tickets` are alike ones, with weights.

        What became known after `as_of` is not used, nor a ticket (its id) that is not in `within`.
        """
        title, body, errors, _ = question.asked.row(0)
        said = "\n".join(part for part in (title, body, errors) if part)
        named = self.linker.link(said, product=question.product, version=question.product_version).seeds
        seeds = {**named, **{node("Ticket", name): weight for name, weight in tickets.items()}}
        return {one.solution_id: (one.score, one.path) for one in self.walk.walk(seeds, as_of, within=within)}
