"""What is asked, read once: by words, by meaning, by what is recorded and what is predicted of it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

Scores = NDArray[np.float32]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket, or one text. What is not known is null, or nothing."""

    asked: pl.DataFrame
    """One row of title, body, errors and language."""
    vector: Scores | None
    """All blocks of the encoder, (dimension,)."""
    shared: Scores | None
    """The block that languages share, (d,)."""
    product: str | None = None
    product_version: str | None = None
    product_module: str | None = None
    categories: Mapping[str, float] = {}
    """Calibrated probabilities of those that a classifier thinks of; they need not sum to 1."""
    subcategories: Mapping[str, float] = {}
    at: datetime | None = None
    ticket_id: str | None = None
    """A ticket is never its own answer."""
