"""Which language a text is written in."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from lingua import LanguageDetector

SPOKEN = ("en", "es", "de", "fr", "it", "pt", "ja", "zh")
"""Languages that customers are expected to write in."""
OTHERS = ("nl", "pl", "ru", "tr", "ko", "ar", "he", "hi", "sv", "cs")
"""Languages that are told apart from them, so that they are not taken for one."""
READ = 200
"""Characters that are looked at; more make it slower, not better."""
LEAST = 12
"""Letters below which nothing is said; an ideograph or a syllable counts as four."""
SURE, AHEAD = 0.5, 1.5
"""Probability, and how many times that of the next language, below which nothing is said."""
FEW = 8
"""Up to so many texts are read one by one."""
SCHEMA = {"language": pl.String, "confidence": pl.Float64}
_NO_WORDS = (
    r"https?://\S+|\S*@\S+|[A-Za-z]:\\\S+|\S*[/\\]\S*[/\\]\S*|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|\b\w*[a-z][A-Z]\w*\b|"
    r"\b\w*_\w+\b|\S*\d\S*|\[[A-Z]+\]"
)
_DENSE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"


def language(texts: pl.Series) -> pl.DataFrame:
    """ISO 639-1 code and probability, row by row; null where too little is said, or nothing with any certainty.

    `texts` are cleaned. Models of letter sequences (lingua), restricted to `SPOKEN` and `OTHERS`.
    """
    words = texts.cast(pl.String).fill_null("").str.slice(0, 4 * READ)
    dense = words.str.count_matches(_DENSE)
    plain = words.str.replace_all(_NO_WORDS, " ")
    # Codes and names are no language, except in scripts that put no spaces around them.
    read = pl.select(pl.when(dense > 0).then(words).otherwise(plain)).to_series().str.slice(0, READ)
    enough = (read.str.count_matches(r"\p{L}") + 3 * dense) >= LEAST
    found = iter(_detect(read.filter(enough).to_list()))
    rows = [next(found) if there else (None, None) for there in enough]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _detect(texts: Sequence[str]) -> list[tuple[str | None, float | None]]:
    detector = _detector()
    if len(texts) <= FEW:
        values = [detector.compute_language_confidence_values(text) for text in texts]
    else:
        values = detector.compute_language_confidence_values_in_parallel(list(texts))
    return [
        (best.language.iso_code_639_1.name.lower(), best.value)
        if best.value >= max(SURE, AHEAD * second.value)
        else (None, None)
        for best, second, *_ in values
    ]


@cache
def _detector() -> "LanguageDetector":
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, name.upper()) for name in (*SPOKEN, *OTHERS)]
    # Models of three letters: a tenth of the memory, and as right from forty characters on.
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()
