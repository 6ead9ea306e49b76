"""Sentences of texts, what varies taken away: what one letter says is several things, and only one of them may be new.

A ticket that fits nothing is mostly greetings, circumstances and symptoms of known problems. Whole texts of a new kind
lie hardly farther from the past than others; the sentence that says what is new does.
"""

import polars as pl

from ml.text.terms import IDEOGRAPHIC
from ml.text.vectors import text_hash

LEAST_WORDS = 3
LEAST_SIGNS = 4
"""Of Chinese and Japanese, which put no spaces."""
MOST_LETTERS = 300
"""Of a sentence; what comes later is not read."""
_END = r"([.!?;][\s]+|[。！？；\n]|[.!?;]$)"
_MARK = r"\[[A-Z]+\]"
_NO_WORD = r"[^\p{L}\p{M}]+"


def sentences(texts: pl.Series) -> pl.DataFrame:
    """Sentences of texts, each once a text: text (index), sentence (lower case, letters only), text_hash of that.

    `texts` are redacted. Numbers, codes' digits and marks of what was redacted go, so that who says the same again is
    seen to say the same.
    """
    parted = pl.DataFrame(
        {
            "text": pl.int_range(len(texts), dtype=pl.Int64, eager=True),
            "sentence": texts.str.replace_all(_MARK, " ").str.replace_all(_END, "\n").str.split("\n"),
        }
    ).explode("sentence")
    plain = parted.with_columns(
        pl.col("sentence").str.to_lowercase().str.replace_all(_NO_WORD, " ").str.strip_chars().str.head(MOST_LETTERS)
    )
    signs = pl.col("sentence").str.count_matches(rf"[{IDEOGRAPHIC}]")
    words = pl.col("sentence").str.count_matches(" ") + 1
    kept = plain.filter((words >= LEAST_WORDS) | (signs >= LEAST_SIGNS)).unique(maintain_order=True)
    return kept.with_columns(text_hash(kept["sentence"]))
