"""Names of people by what stands beside them: introductions, forms of address, colleagues, who signs and who wrote.

The cues are in `mentions.toml`, greetings and closings in `letters.toml`; a name is found by its shape beside a cue, so
that the first word of a sentence, a product or a place alone is none. Linear in the length of a text.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ml.text import kanji, letters
from ml.text.fold import fold
from ml.text.spans import OPEN

WRITTEN = Path(__file__).with_suffix(".toml")
"""The cues, by kind and language."""
_CUES = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))
NEVER = frozenset(word for words in _CUES["never"].values() for word in words)
"""Words, in lower case, of which no name is made."""
LONGEST = 200_000
"""Characters of a text in which names are looked for."""
BESIDE = 64
"""Characters before and after a name that are read."""
FULL, WORDS = 2, 3
"""Words of a full name, and of the longest one; particles are not counted."""
PARTICLES = frozenset(
    {"de", "da", "do", "dos", "das", "di", "del", "della", "van", "von", "der", "den", "la", "le", "bin", "al", "el"}
    | {"ter", "zu", "y", "e"}
)
_UPPER = "".join(map(chr, filter(lambda code: chr(code).isupper(), [*range(0x250), *range(0x370, 0x530)])))
_WORD = rf"[{_UPPER}](?:\.(?:[{_UPPER}]\.)?(?!\w)|[\w'’-]{{1,30}})"
_RUN = re.compile(
    rf"(?<![\w@/\\$#.'’-]){_WORD}(?:[ \u00a0](?:(?:{'|'.join(sorted(PARTICLES))}) ){{0,2}}{_WORD}){{0,7}}"
)
_PIECE = re.compile(r"\S+")
_PREFIX = re.compile(r"^(?:Mc|Mac|Fitz|De|Di|La|Le|Van)(?=[A-Z])")
_APART = re.compile(r"['’-]")
_PARTS = re.compile(r"\s*[|,，、/;·<(\[（]\s*|\s+[-–—]\s+")
_DATE = r"[0-9]{1,4}[./-][0-9./-]{1,8}"


_BESIDE_SCHEMA = {"words": pl.Int64, "beside": pl.String}


class _Candidate(NamedTuple):
    text: int
    name: str
    words: int
    beside: str
    """What stands before, a mark, and what stands after."""


def _any(part: str) -> str:
    """All languages' cues of a part."""
    return fold(_either(pattern for patterns in _CUES[part].values() for pattern in patterns))


def _plain(part: str) -> str:
    """The patterns of a part of `letters.toml` that are words."""
    found = letters.patterns_of(part)
    return fold(_either(pattern for pattern in found if not re.search(r"\\[wZ]|\.\{|\[\^", pattern)))


def _either(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(patterns, key=lambda pattern: (-len(pattern), pattern)))})"


_GAP = r"(?: ?\n|[ \x{a0}\t]{1,3})"
_HEAD = r"\n[ \t>]{0,8}"
_EDGE = r"(?-u:\b)"
_TITLE = rf"{_EDGE}{_any('title')}"
_SMALL = rf"(?:(?:{'|'.join(sorted(PARTICLES))}) ){{0,2}}"
_ANYONE = [
    rf"{_TITLE}{_GAP}{_SMALL}{OPEN}",
    rf"{_EDGE}(?i:{_any('anyone')}){_GAP}{_SMALL}{OPEN}",
    rf"{_HEAD}(?i:{_plain('hello')}|{_plain('dear')})(?: {_any('title')})?[ ,]{{1,2}}{OPEN} ?(?:[,:!\n]|\z)",
    rf"{_HEAD}(?i:{_plain('closing')}) ?[,.!~–—-]{{0,3}}[ \n]{{1,3}}{OPEN}[ .]{{0,2}}(?:\n|\z)",
]
"""Beside a name, even of one word; Rust's regex crate."""
_FULL = [
    rf"{_EDGE}(?i:{_any('full')})(?:{_GAP}{_any('title')})?{_GAP}{OPEN}",
    rf"{OPEN}(?i:{_any('told')})",
    rf"{OPEN}[\"']? ?[<(\[](?:mailto:)?[^\s<>()\[\]]{{1,64}}@",
    rf"{_HEAD}{OPEN},? ?(?:(?:le|am|on|el|em|il) )?{_DATE}[^\n]{{0,12}}[:：]",
    rf"(?i:schrieb|scrisse) ?(?:{_DATE},? ?)?{OPEN} ?[:：]",
    rf"(?:{_DATE}|[0-9])[.,]{{0,2}} ?[^\n]{{0,12}}{OPEN} ?(?i:{_plain('wrote')})",
]
"""Beside a name of two words or more."""
_FIRM = rf"{OPEN},? ?(?i:{_any('firm')})(?:[^A-Za-z]|\z)"
_HAS = pl.col("beside").str.contains
_TOLD = pl.any_horizontal(map(_HAS, _ANYONE)) | ((pl.col("words") >= FULL) & pl.any_horizontal(map(_HAS, _FULL)))
_NAMED = _TOLD & ~_HAS(_FIRM)
"""What is a name of somebody, by what stands beside it."""


def mentioned(texts: pl.Series) -> list[list[str]]:
    """Text by text the names that it mentions, each once, as they are written."""
    said = [(text or "")[:LONGEST] for text in texts.cast(pl.String).to_list()]
    found: list[dict[str, None]] = [dict.fromkeys(kanji.mentioned(text)) for text in said]
    candidates = [one for place, text in enumerate(said) for one in _candidates(place, text)]
    for text, name in _beside(candidates):
        found[text][name] = None
    return [list(names) for names in found]


def name_of(line: str) -> str | None:
    """The full name that a line of a letter's end gives before or after firm and department; null where it has none."""
    for part in _PARTS.split(line.strip(" ,.。、-–—~*")):
        plain = part.title() if part.isupper() else part
        found = _RUN.fullmatch(plain)
        if found and _name(plain.split(" "))[1] >= FULL and _name(plain.split(" "))[0] == plain:
            return part
        if name := kanji.name_of(part):
            return name
    return None


def _beside(candidates: list[_Candidate]) -> Iterator[tuple[int, str]]:
    """Text and name of the candidates beside which a cue stands, no company."""
    if not candidates:
        return
    there = pl.DataFrame([(one.words, one.beside) for one in candidates], schema=_BESIDE_SCHEMA, orient="row")
    for place in there.select_seq(_NAMED).to_series().arg_true():
        yield candidates[place].text, candidates[place].name


def _candidates(place: int, text: str) -> Iterator[_Candidate]:
    """What is written as a name is, with what stands before and after it."""
    plain, said = "\n" + fold(text), "\n" + text
    for run in _RUN.finditer(said):
        pieces = [(piece.start(), piece[0]) for piece in _PIECE.finditer(run[0])]
        for number, (start, _) in enumerate(pieces):
            name, words = _name([piece for _, piece in pieces[number:]])
            if not words:
                continue
            first = run.start() + start
            end = first + len(name)
            beside = f"{plain[max(0, first - BESIDE) : first]}{OPEN}{plain[end : end + BESIDE]}"
            yield _Candidate(place, name, words, beside)


def _name(pieces: list[str]) -> tuple[str, int]:
    """The name that these words begin with, and of how many it is, particles not counted."""
    taken: list[str] = []
    last = words = 0
    for piece in pieces:
        if piece in PARTICLES and taken:
            taken.append(piece)
            continue
        initial = piece.endswith(".") and len(piece) <= len("A.B.")
        word = piece if initial else piece.rstrip("'’-")
        if words == WORDS or not (initial or _proper(word)):
            break
        taken.append(word)
        words += 1
        last = last if initial else len(taken)
        if word != piece:
            break
    kept = taken[:last]
    return " ".join(kept), sum(word not in PARTICLES for word in kept)


def _proper(word: str) -> bool:
    """Whether a word is written as a name is: Anna, O'Neill, Jean-Luc, McKay; neither IBM nor DataSync nor Support."""
    parts = [part for part in _APART.split(_PREFIX.sub("", word)) if part]
    shaped = (
        any(len(part) > 1 for part in parts)
        and word[0].isupper()
        and all(part.isalpha() and part[1:].islower() + (len(part) == 1) for part in parts)
    )
    return bool(shaped) and not any(len(part) > 1 and part.lower() in NEVER for part in parts)
