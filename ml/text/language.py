"""Which language a text is written in."""

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from lingua import LanguageDetector, LanguageDetectorBuilder

SPOKEN = ("en", "es", "de", "fr", "it", "pt", "ja", "zh")
"""Languages that customers are expected to write in."""
OTHERS = ("nl", "pl", "ru", "tr", "ko", "ar", "he", "hi", "sv", "cs")
"""Languages that are told apart from them, so that they are not taken for one."""
READ = 200
"""Characters that are looked at; more make it slower, not better."""
LEAST = 12
"""Letters below which nothing is said; an ideograph or a syllable counts as four."""
CERTAIN = 0.95
"""Probability from which the small models' answer stands; else the large ones' of `SPOKEN` are asked."""
SURE = 0.35
"""Probability below which nothing is said."""
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

    `texts` are cleaned. Models of letter sequences (lingua): small ones (three letters, 20 MB), which decide nearly
    always; where they are not certain, mostly on some forty characters, larger ones (one to five letters, 160 MB).
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


def _detect(texts: list[str]) -> list[tuple[str | None, float | None]]:
    found = _most_probable(_small(), texts)
    unclear = [place for place, (_, share) in enumerate(found) if share < CERTAIN]
    if unclear:
        for place, best in zip(unclear, _most_probable(_large(), [texts[place] for place in unclear]), strict=True):
            found[place] = best
    return [(name, share) if share >= SURE else (None, None) for name, share in found]


def _most_probable(detector: "LanguageDetector", texts: list[str]) -> list[tuple[str, float]]:
    if len(texts) <= FEW:
        values = [detector.compute_language_confidence_values(text) for text in texts]
    else:
        values = detector.compute_language_confidence_values_in_parallel(texts)
    return [(best.language.iso_code_639_1.name.lower(), best.value) for best, *_ in values]


@cache
def _small() -> "LanguageDetector":
    return _of(*SPOKEN, *OTHERS).with_low_accuracy_mode().build()


@cache
def _large() -> "LanguageDetector":
    return _of(*SPOKEN).build()


def _of(*names: str) -> "LanguageDetectorBuilder":
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_iso_codes_639_1(*(getattr(IsoCode639_1, name.upper()) for name in names))
