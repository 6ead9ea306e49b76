"""Weights of the stages from documents that answer themselves: one half of a text asks for the other half.

The inverse cloze task (Lee, Chang and Toutanova, "Latent retrieval for weakly supervised open domain question
answering", 2019), with every other sentence in place of one.
"""

import numpy as np
import polars as pl

from ml.retrieve.documents import prepared
from ml.retrieve.finder import FINDER, PLAIN, Finder
from ml.retrieve.fusion import fit, standardised
from ml.retrieve.passages import sentences
from ml.text.encoder import Encoder

STAGES = ("keyword", "dense", "entities")
"""What can be weighed so: a half has no title of its own, and is as old as the other."""
DOCUMENTS, QUERIES = 1_000, 300
SENTENCES = 4
"""A text of fewer is too short to be halved."""


def learned(documents: pl.DataFrame, encoder: Encoder, *, seed: int) -> dict[str, float]:
    """A weight for each of `STAGES`, the shipped ones where no document can be halved. `documents` are `prepared`."""
    order = np.random.default_rng(seed).permutation(documents.height)
    texts = documents.select("title", "body", "language")[order].iter_rows()
    halves = [
        (title, said, language)
        for title, body, language in texts
        if len(said := sentences(body)) >= SENTENCES
    ][:DOCUMENTS]  # fmt: skip
    start = np.array([FINDER.weights[name] for name in STAGES])
    if not halves:
        return dict(zip(STAGES, start.tolist(), strict=True))
    answers = _rows([("", " ".join(said[0::2]), language) for _, said, language in halves])
    asked = _rows([(title, " ".join(said[1::2]), language) for title, said, language in halves[:QUERIES]])
    finder, everything = Finder.build(answers, encoder, seed=seed), np.ones(answers.height, dtype=bool)
    signals = []
    for row in range(asked.height):
        found = finder.signals(asked[row], encoder)
        columns = [found[name] if name in PLAIN else standardised(found[name], everything) for name in STAGES]
        signals.append(np.column_stack(columns).astype(np.float64))
    return dict(zip(STAGES, fit(signals, range(asked.height), start).tolist(), strict=True))


def _rows(texts: list[tuple[str, str, str | None]]) -> pl.DataFrame:
    schema = {"title": pl.String, "text": pl.String, "language": pl.String}
    return prepared(pl.DataFrame(texts, schema=schema, orient="row"))
