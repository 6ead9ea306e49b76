"""What texts are searched by: stems of words, pairs of Chinese and Japanese characters, names whole and in parts."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

import polars as pl

from ml.text.terms import IDEOGRAPHIC

LONGEST = 80
"""Characters; a longer name is searched by its parts only."""
_LETTER = rf"[\p{{L}}\p{{M}}\p{{N}}_$&&[^{IDEOGRAPHIC}]]"
_RAW = rf"[{IDEOGRAPHIC}]+|{_LETTER}+(?:[.\-/:#@]+{_LETTER}+)*"
_JOINTS = re.compile(r"[.\-/:#@]+")
_WORDS = re.compile(r"[A-Z0-9]+(?![a-z])|[A-Z]?[^\W_A-Z]+")
_VERSION = re.compile(r"[vV]?\d+(?:\.\w+)+\Z")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〇]")
_NAMES = {
    "en": "english", "es": "spanish", "de": "german", "fr": "french", "it": "italian", "pt": "portuguese",
    "nl": "dutch", "sv": "swedish", "ru": "russian", "tr": "turkish", "ar": "arabic", "hi": "hindi",
    "pl": "polish", "cs": "czech",
}  # fmt: skip
"""Languages that have a stemmer; texts of others, and of none that is known, are taken for English."""
DEFAULT = "en"


def terms(texts: pl.Series, languages: pl.Series) -> pl.DataFrame:
    """All terms of all texts in order: text (index), term. `languages` are ISO 639-1 codes or null, row by row."""
    spoken = languages.cast(pl.String).replace_strict({name: name for name in _NAMES}, default=DEFAULT)
    raw = (
        pl.DataFrame({"raw": texts.cast(pl.String).fill_null("").str.extract_all(_RAW), "language": spoken})
        .with_row_index("text")
        .explode("raw")
        .drop_nulls("raw")
    )
    kinds = raw.select("language", "raw").unique()
    expanded = [expand(token, _stemmer(language), _idle(language)) for language, token in kinds.iter_rows()]
    known = kinds.with_columns(term=pl.Series(expanded, dtype=pl.List(pl.String)))
    found = raw.join(known, on=["language", "raw"], how="left", maintain_order="left").explode("term")
    return found.select(pl.col("text").cast(pl.Int64), "term").drop_nulls("term")


@lru_cache(maxsize=64)
def counted(fields: tuple[tuple[str | None, int], ...], language: str | None) -> Mapping[str, int]:
    """The terms of one text whose fields count so often: what `terms` finds of many, quicker for one.

    Kept for a moment, because one question is asked of several indexes.
    """
    spoken = language if language in _NAMES else DEFAULT
    found: Counter[str] = Counter()
    texts = pl.Series([text or "" for text, _ in fields], dtype=pl.String)
    for (_, weight), field in zip(fields, texts.str.extract_all(_RAW).to_list(), strict=True):
        for token in field:
            for term in _expanded(spoken, token):
                found[term] += weight
    return found


@lru_cache(maxsize=100_000)
def _expanded(language: str, token: str) -> tuple[str, ...]:
    return tuple(expand(token, _stemmer(language), _idle(language)))


def expand(token: str, stem: Callable[[str], str], idle: frozenset[str] = frozenset()) -> list[str]:
    """Return the terms of one token: stems of its words, and the token itself where it is more than a word.

    Of a qualified name also each of its names, and the last two together: `fs.FileSystem.mkdirs` is found by
    `FileSystem.mkdirs`, by `FileSystem`, and by `file`.
    """
    if _DENSE.match(token):
        return [token[at : at + 2] for at in range(max(1, len(token) - 1))]
    if _VERSION.match(token):
        return [".".join(token.lower().split(".")[:length]) for length in range(2, token.count(".") + 2)]
    names = [name for name in _JOINTS.split(token) if name.strip("_$")]
    parts = [[word.lower() for word in _WORDS.findall(name)] for name in names]
    found = [stem(word) for words in parts for word in words if word not in idle]
    wholes = [name.lower() for name, words in zip(names, parts, strict=True) if len(words) > 1]
    if len(names) > 1:
        wholes += {".".join(names[-2:]).lower(), token.lower()} if "." in token or "#" in token else {token.lower()}
    return found + [whole for whole in wholes if len(whole) <= LONGEST]


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    from Stemmer import Stemmer

    stemmer = Stemmer(_NAMES[language])
    stem: Callable[[str], str] = stemmer.stemWord
    return stem


@cache
def _idle(language: str) -> frozenset[str]:
    """Words that say nothing alone."""
    from bm25s import stopwords

    lists = {
        "en": stopwords.STOPWORDS_EN_PLUS, "de": stopwords.STOPWORDS_GERMAN, "fr": stopwords.STOPWORDS_FRENCH,
        "es": stopwords.STOPWORDS_SPANISH, "pt": stopwords.STOPWORDS_PORTUGUESE, "it": stopwords.STOPWORDS_ITALIAN,
        "nl": stopwords.STOPWORDS_DUTCH, "sv": stopwords.STOPWORDS_SWEDISH, "ru": stopwords.STOPWORDS_RUSSIAN,
        "tr": stopwords.STOPWORDS_TURKISH,
    }  # fmt: skip
    return frozenset(lists.get(language, ()))
