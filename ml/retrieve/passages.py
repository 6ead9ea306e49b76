"""Texts in pieces that a model can read whole, each with its title."""

import re

import polars as pl

WORDS = 120
"""Words of a passage, its title aside."""
MOST = 6
"""Passages that are kept of a text: what comes later is seldom what it is about."""
_TRACE = re.compile(r"^[ \t]*(?:at [\w.$<>/]+\(|\.\.\. \d+ more|#\d+ |File \")")
_SPLIT = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|\s*\n\s*\n\s*")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_PER_WORD = 2
"""Ideographs and syllables that count as a word."""


def passages(titles: pl.Series, bodies: pl.Series) -> pl.DataFrame:
    """One row per passage, in order: text (index), passage. Every text has at least one; frames are left out."""
    rows = [
        (text, passage)
        for text, (title, body) in enumerate(zip(titles, bodies, strict=True))
        for passage in cut(title or "", body or "")
    ]
    return pl.DataFrame(rows, schema={"text": pl.Int64, "passage": pl.String}, orient="row")


def cut(title: str, body: str) -> list[str]:
    """Cut a text where sentences end; a longer sentence is cut at its words."""
    found: list[str] = []
    piece: list[str] = []
    length = 0
    for sentence in sentences(body):
        words = _length(sentence)
        if piece and length + words > WORDS:
            found.append(" ".join(piece))
            piece, length = [], 0
        piece.append(sentence)
        length += words
    found.append(" ".join(piece))
    joint = ". " if title and not title.endswith((".", "!", "?")) else " "
    return [f"{title}{joint}{one}".strip() if one else title for one in found[:MOST]]


def sentences(body: str) -> list[str]:
    """What a text says, a sentence each, without the frames of traces."""
    said = "\n".join(line for line in body.splitlines() if not _TRACE.match(line))
    whole = [sentence for part in _SPLIT.split(said) if (sentence := " ".join(part.split()))]
    return [piece for sentence in whole for piece in _pieces(sentence)]


def _pieces(sentence: str) -> list[str]:
    if _length(sentence) <= WORDS:
        return [sentence]
    words = sentence.split()
    if len(words) > WORDS:
        return [" ".join(words[at : at + WORDS]) for at in range(0, len(words), WORDS)]
    width = _PER_WORD * WORDS
    return [sentence[at : at + width] for at in range(0, len(sentence), width)]


def _length(sentence: str) -> int:
    return len(sentence.split()) + len(_DENSE.findall(sentence)) // _PER_WORD
