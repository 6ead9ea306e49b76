"""Where in texts something stands: marked by regular expressions of linear time, then read off for all at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

OPEN, NEXT, CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
"""Marks: noncharacters, which stand in no text (Unicode, 23.7)."""
FILLER = "\ufffc"
"""What stands for a character that is not to be searched any more."""
SCHEMA = {"text": pl.Int64, "kind": pl.String, "value": pl.String, "start": pl.Int64, "end": pl.Int64}
"""One row per span: index of the text, kind, what stands there, and where (characters, end exclusive)."""
FEW = 32
"""Up to so many texts are read one by one."""
_MARKS = "[\ufdd0-\ufdd2]"
_MARK = re.compile(_MARKS)

Alternative = tuple[str, str, str]
"""Kind, what must stand before (no part of the span), and a pattern that never matches nothing; Rust's regex crate."""


def searchable(texts: pl.Series) -> pl.Series:
    """As many characters in each text as before; null is empty, and a mark becomes a filler."""
    if len(texts) <= FEW:
        said = ["" if text is None else _MARK.sub(FILLER, text) for text in texts.cast(pl.String).to_list()]
        return pl.Series(texts.name, said, dtype=pl.String)
    filled = texts.cast(pl.String).fill_null("")
    return filled.str.replace_all(_MARKS, FILLER) if filled.str.contains(_MARKS).any() else filled


def compile_alternatives(alternatives: Sequence[Alternative]) -> tuple[str, str, list[str]]:
    """Pattern, replacement and kinds for `find`."""
    numbered = list(enumerate(alternatives))
    pattern = "|".join(f"(?P<b{n}>{before})(?P<v{n}>{what})" for n, (_, before, what) in numbered)
    before = "".join(f"${{b{n}}}" for n, _ in numbered)
    value = NEXT.join(f"${{v{n}}}" for n, _ in numbered)
    return pattern, f"{before}{OPEN}{value}{CLOSE}", [kind for kind, _, _ in alternatives]


def find(texts: pl.Series, compiled: tuple[str, str, list[str]]) -> pl.DataFrame:
    """Spans (`SCHEMA`) of the leftmost matches, the first alternative winning, in order. `texts` are `searchable`."""
    return _read_off(texts, mark(texts, compiled), compiled[2])


def mark(texts: pl.Series, compiled: tuple[str, str, list[str]]) -> pl.Series:
    """The texts with marks around what `find` finds."""
    return texts.str.replace_all(compiled[0], compiled[1])


def marks_of(compiled: tuple[str, str, list[str]], kind: str) -> str:
    """A pattern that matches once in a marked text for each span of this kind."""
    places = "|".join(f"{NEXT}{{{n}}}" for n, one in enumerate(compiled[2]) if one == kind)
    return f"{OPEN}(?:{places})[^{NEXT}{CLOSE}]"


@dataclass(frozen=True)
class Words:
    """Words made ready to be found: kind by lower case, and how each may be replaced by itself with marks."""

    kinds: Mapping[str, str]
    longest_first: list[str]
    marked: list[str]
    written: frozenset[str]

    @classmethod
    def of(cls, kinds: Mapping[str, str]) -> "Words":
        """From word to kind; of words that differ in case the first one's kind counts."""
        ordered = sorted((word for word in kinds if word), key=lambda word: (-len(word), word))
        lower: dict[str, str] = {}
        for word in ordered:
            lower.setdefault(word.lower(), kinds[word])
        marked = [f"{OPEN}{word}{CLOSE}" for word in ordered]
        return cls(lower, ordered, marked, frozenset(ordered))

    def as_written(self, value: str) -> bool:
        """Whether the word is spelled like this, or in capitals."""
        return value in self.written or (value.isupper() and value.lower() in self.kinds)

    def among(self, texts: pl.Series) -> "Words":
        """Those that occur at all; for a few texts that is quicker than to build the automaton of all."""
        lower = "\n".join(texts.to_list()).lower()
        return Words.of({word: self.kinds[word.lower()] for word in self.longest_first if word.lower() in lower})


def find_words(texts: pl.Series, words: Words) -> pl.DataFrame:
    """Spans (`SCHEMA`) of words, the longest first, ASCII letters in either case, inside longer words too.

    Aho and Corasick, "Efficient string matching" (1975). `value` is what stands in the text.
    """
    if len(texts) <= FEW:
        words = words.among(texts)
    if not words.longest_first:
        return pl.DataFrame(schema=SCHEMA)
    marked = texts.str.replace_many(words.longest_first, words.marked, ascii_case_insensitive=True, leftmost=True)
    found = _read_off(texts, marked, [""])
    said = _said(texts, found)
    places = zip(found["text"], found["start"], found["end"], strict=True)
    values = [said[text][start:end] for text, start, end in places]
    return found.with_columns(
        value=pl.Series(values, dtype=pl.String),
        kind=pl.Series([words.kinds[value.lower()] for value in values], dtype=pl.String),
    )


def at_edges(texts: pl.Series, spans: pl.DataFrame) -> pl.Series:
    """Whether each span begins and ends where a word does; between scripts without spaces every place is such a one."""
    said = _said(texts, spans)
    places = zip(spans["text"], spans["start"], spans["end"], strict=True)
    return pl.Series([_edges(said[text], start, end) for text, start, end in places], dtype=pl.Boolean)


def put(texts: pl.Series, spans: pl.DataFrame, literals: Sequence[str]) -> pl.Series:
    """The texts with a literal in place of each span; spans in order and apart from each other."""
    if spans.is_empty():
        return texts
    said = _said(texts, spans)
    pieces: dict[int, list[str]] = {text: [] for text in said}
    reached = dict.fromkeys(said, 0)
    for (text, start, end), literal in zip(spans.select("text", "start", "end").iter_rows(), literals, strict=True):
        pieces[text] += (said[text][reached[text] : start], literal)
        reached[text] = end
    whole = ["".join(parts) + said[text][reached[text] :] for text, parts in pieces.items()]
    return texts.clone().scatter(list(pieces), whole)


def outside(spans: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The spans that overlap none of the others (these apart from each other, both in order)."""
    if spans.is_empty() or others.is_empty():
        return spans
    width = int(max(spans["end"].max(), others["end"].max())) + 1  # type: ignore[arg-type, type-var]
    base, other = spans["text"].to_numpy() * width, others["text"].to_numpy() * width
    begins, ends = other + others["start"].to_numpy(), other + others["end"].to_numpy()
    place = np.searchsorted(ends, base + spans["start"].to_numpy(), side="right")
    free = place == len(ends)
    free |= begins[np.minimum(place, len(ends) - 1)] >= base + spans["end"].to_numpy()
    return spans.filter(pl.Series(free))


def _said(texts: pl.Series, spans: pl.DataFrame) -> dict[int, str]:
    """The texts that have spans."""
    hit = spans["text"].unique()
    return dict(zip(hit.to_list(), texts.gather(hit).to_list(), strict=True))


def _read_off(texts: pl.Series, marked: pl.Series, kinds: list[str]) -> pl.DataFrame:
    hit = np.flatnonzero((marked.str.len_bytes() != texts.str.len_bytes()).to_numpy())
    if not len(hit):
        return pl.DataFrame(schema=SCHEMA)
    if len(hit) <= FEW:
        return _read_few(marked, hit.tolist(), kinds)
    pieces = pl.DataFrame({"text": hit, "piece": marked.gather(hit).str.split(OPEN)}).explode("piece")
    parts = pieces.select("text", pl.col("piece").str.splitn(CLOSE, 2).struct.unnest())
    read = parts.select(
        pl.col("text").cast(pl.Int64),
        inside=pl.col("field_0").str.strip_chars(NEXT),
        block=pl.col("field_0").str.len_chars(),
        after_marks=pl.col("field_0").str.strip_chars_start(NEXT).str.len_chars(),
        width=pl.col("field_0").str.strip_chars(NEXT).str.len_chars().cast(pl.Int64),
        rest=pl.col("field_1").str.len_chars().cast(pl.Int64),
    )
    text, width, rest = read["text"].to_numpy(), read["width"].to_numpy(), read["rest"].fill_null(0).to_numpy()
    reached = np.cumsum(width + rest)
    first = np.concatenate([[0], np.flatnonzero(np.diff(text)) + 1])
    base = np.repeat((reached - width - rest)[first], np.diff([*first, len(text)]))
    start = reached - width - rest - base
    number = (read["block"] - read["after_marks"]).to_numpy()
    spans = pl.DataFrame(
        {
            "text": text,
            "kind": pl.Series(kinds, dtype=pl.String).gather(np.minimum(number, len(kinds) - 1)),
            "value": read["inside"],
            "start": start,
            "end": start + width,
        },
        schema=SCHEMA,
    )
    return spans.filter(read["rest"].is_not_null())


def _read_few(marked: pl.Series, hit: list[int], kinds: list[str]) -> pl.DataFrame:
    """The same for a few texts, where setting up the columns would cost more than the reading."""
    rows = []
    for text in hit:
        plain, *pieces = marked[text].split(OPEN)
        start = len(plain)
        for piece in pieces:
            block, rest = piece.split(CLOSE)
            inside = block.lstrip(NEXT)
            value = inside.rstrip(NEXT)
            rows.append((text, kinds[len(block) - len(inside)], value, start, start + len(value)))
            start += len(value) + len(rest)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _edges(said: str, start: int, end: int) -> bool:
    before, after = said[start - 1 : start] if start else "", said[end : end + 1]
    return not (_joined(before, said[start]) or _joined(said[end - 1], after))


def _joined(left: str, right: str) -> bool:
    """Whether two neighbours are of one word."""
    return bool(left and right) and _wordly(left) and _wordly(right)


def _wordly(letter: str) -> bool:
    return (letter.isalnum() or letter == "_") and not "\u2e80" <= letter <= "\ufaff"
