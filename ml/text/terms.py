"""Text as a sequence of words; Chinese and Japanese, which put no spaces, as a sequence of characters."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

IDEOGRAPHIC = r"\p{Han}\p{Hiragana}\p{Katakana}ー"
TOKEN = rf"[{IDEOGRAPHIC}]|[\p{{L}}\p{{M}}\p{{N}}_&&[^{IDEOGRAPHIC}]]+"


def said(rows: pl.DataFrame) -> pl.Series:
    """What the customer said when the ticket was opened: subject, then description; empty where there is neither."""
    return rows.select(
        pl.concat_str(
            pl.col("subject").cast(pl.String).fill_null(""),
            pl.lit("\n"),
            pl.col("description").cast(pl.String).fill_null(""),
        )
    ).to_series()


def tokens(texts: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """All tokens of all texts in lower case, in order, and for each the index of its text."""
    found = pl.DataFrame(
        {
            "text": pl.int_range(len(texts), dtype=pl.Int64, eager=True),
            "token": texts.str.to_lowercase().str.extract_all(TOKEN),
        }
    )
    flat = found.explode("token").drop_nulls()
    return flat["text"].to_numpy(), flat["token"]
