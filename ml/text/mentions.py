"""Names of people by what stands beside them: introductions, forms of address, colleagues, who signs and who wrote.

The cues are in `mentions.toml`, greetings and closings in `letters.toml`; a name is found by its shape beside a cue, so
that the first word of a sentence, a product or a place alone is none.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import polars as pl

from ml.text import letters
from ml.text.spans import Alternative, compile_alternatives, find, searchable

WRITTEN = Path(__file__).with_suffix(".toml")
"""The cues, by kind and language."""
_CUES = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))
NEVER = frozenset(word for words in _CUES["never"].values() for word in words)
"""Words, in lower case, of which no name is made."""
LONGEST = 20_000
"""Characters of a text in which names are looked for."""
_UPPER, _LETTER = "[A-ZÀ-ÖØ-ÞĀ-ſ]", "[A-Za-zÀ-ÖØ-öø-ſ0-9_'’-]"
_WORD = f"{_UPPER}{_LETTER}{{1,30}}"
_SMALL = r"(?: (?:de|da|do|dos|das|di|del|della|van|von|der|den|la|le|bin|al|el|ter|zu|y|e))"
_INITIAL = r"[A-Z]\."
_REST = rf"(?:(?: {_INITIAL})?{_SMALL}{{0,2}} {_WORD})"
_ONE = rf"{_WORD}{_REST}{{0,2}}"
_FULL = rf"(?:{_WORD}|{_INITIAL}(?: ?{_INITIAL})?){_REST}{{1,2}}"
_EDGE = r"(?-u:\b)"
_GAP = r"[ \x{a0}\t\r\n]{1,3}"
_HEAD = r"(?m:^)[ \t>]{0,8}"
_HAN, _KANA = r"\x{4e00}-\x{9fff}", r"\x{3041}-\x{309f}"
_KANJI = f"[{_HAN}々]"
_JA = rf"(?:{_KANJI}{{1,4}}[ 　](?:{_KANJI}{{1,3}}|[{_KANA}]{{2,4}})|{_KANJI}{{2,4}}|[\x{{30a1}}-\x{{30fa}}][\x{{30a1}}-\x{{30ff}}]{{1,9}})"
_JA_FULL = rf"(?:{_KANJI}{{1,3}}[ 　](?:{_KANJI}{{1,3}}|[{_KANA}]{{2,4}}))"
_ZH = rf"[{_CUES['zh']['surnames']}][{_HAN}]{{1,2}}"
_FULL_SIZE = 2
"""Words of a full name."""
_PARTICLES = frozenset(_SMALL.strip("(?: )").split("|"))
_PIECE = re.compile(r"[^\s,:;!?()<>\[\]\"/|]+")
_LONE = re.compile(r"[A-Z]\.(?:[A-Z]\.)?")
_PREFIX = re.compile(r"^(?:Mc|Mac|Fitz|De|Di|La|Le|Van)(?=[A-Z])")


def _any(part: str) -> str:
    """All languages' cues of a part, the longest pattern first."""
    return _either(pattern for patterns in _CUES[part].values() for pattern in patterns)


def _plain(part: str) -> str:
    """The patterns of a part of `letters.toml` that are words."""
    return _either(pattern for pattern in letters.patterns_of(part) if not re.search(r"\\w|\.\{|\[\^|\\Z", pattern))


def _either(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(patterns, key=lambda pattern: (-len(pattern), pattern)))})"


_TITLED: list[Alternative] = [
    ("one", rf"{_EDGE}{_any('title')}{_GAP}", rf"(?:{_SMALL[4:-1].join(['(?:', ') '])}){{0,2}}{_ONE}"),
]
_ALTERNATIVES: list[Alternative] = [
    ("one", rf"{_HEAD}(?i:{_plain('hello')}|{_plain('dear')})(?: {_any('title')})?[ ,]{{1,2}}",
     rf"{_ONE} ?(?:[,:!]|(?m:$))"),
    ("one", rf"{_HEAD}(?i:{_plain('closing')})[ ]?[,.!~–—-]{{0,3}}[ ]{{1,2}}", rf"{_ONE}[ .]{{0,2}}(?m:$)"),
    ("one", rf"{_EDGE}(?i:{_any('anyone')}){_GAP}", _ONE),
    ("full", rf"{_EDGE}(?i:{_any('full')}){_GAP}", _FULL),
    ("full", "", rf"{_EDGE}{_FULL}(?i:{_any('told')})"),
    ("full", "", rf"{_EDGE}{_FULL}[\"']? ?[<(\[](?:mailto:)?[^\s<>()\[\]]{{1,64}}@"),
    ("full", _HEAD, rf"{_FULL}, ?[0-9]{{1,4}}[./-][0-9./-]{{1,8}}[^\n]{{0,12}}[:：]"),
    ("full", _EDGE + r"(?i:schrieb|scrisse|on|le|el|em|il|am) ?(?:[0-9./-]{3,10},? ?){0,2}", rf"{_FULL}(?: ?[:：]| (?i:{_plain('wrote')}))"),
    ("ja", _either(_CUES["ja"]["before"]), rf"{_JA}{_either(_CUES['ja']['after'])}"),
    ("ja", "", rf"{_JA}{_either(_CUES['ja']['honorific'])}"),
    ("ja", _HEAD, rf"{_JA_FULL}[、，,]? ?[0-9]{{1,4}}[./-]"),
    ("zh", _either(_CUES["zh"]["before"]), rf"{_ZH}(?:[^{_HAN}]|\z|[{_CUES['zh']['functional']}])"),
    ("zh", "", rf"{_ZH}{_either(_CUES['zh']['after'])}"),
    ("zh", _HEAD + r"(?:[0-9./-]{3,10}[ ,，]{0,2})?", rf"{_ZH}[，,、 ]{{0,2}}(?:[0-9]{{1,4}}[./-]|写道)"),
]  # fmt: skip
_JA_PARTS = re.compile(r"([\u4e00-\u9fff々]{1,4}[ \u3000][\u4e00-\u9fff々]{1,3}|[\u4e00-\u9fff々]{1,4}[ \u3000][\u3040-\u309f]{2,4}?"
                       r"|[\u4e00-\u9fff々]{2,4}|[\u30a0-\u30ff]{2,10})")  # fmt: skip
_JA_SPACED = re.compile(r"[\u4e00-\u9fff々]{1,3}[ \u3000](?:[\u4e00-\u9fff々]{1,3}|[\u3040-\u309f]{2,4})")
_PARTS = re.compile(r"\s*[|,，、/;·<(\[（]\s*|\s+[-–—]\s+")
_ZH_PARTS = re.compile(rf"[{_CUES['zh']['surnames']}][\u4e00-\u9fff]{{1,2}}")


@cache
def _compiled() -> list[tuple[str, str, list[str]]]:
    return [compile_alternatives(_TITLED), compile_alternatives(_ALTERNATIVES)]


def mentioned(texts: pl.Series) -> list[list[str]]:
    """Text by text the names that it mentions, each once, as they are written; linear in the length of a text."""
    said = searchable(texts.cast(pl.String).str.slice(0, LONGEST))
    found: list[dict[str, None]] = [{} for _ in range(len(said))]
    spans = pl.concat([find(said, cues) for cues in _compiled()])
    for text, kind, value in spans.select("text", "kind", "value").iter_rows():
        name = _read(kind, value)
        if name:
            found[text][name] = None
    return [list(names) for names in found]


def _read(kind: str, value: str) -> str:
    """The name that a candidate begins with; empty where it is none."""
    if kind == "ja":
        return _japanese(value)
    if kind == "zh":
        return _chinese(value)
    return _latin(value, 1 if kind == "one" else _FULL_SIZE)


def _latin(value: str, least: int) -> str:
    """The leading words that make a name, if they are as many as `least`, particles not counted."""
    end = reached = words = 0
    for piece in _PIECE.finditer(value):
        word, between = piece[0].rstrip("'’-"), value[reached : piece.start()]
        reached = piece.end()
        if between.strip(" \u00a0") or word.casefold() in NEVER and word not in _PARTICLES:
            break
        if word in _PARTICLES:
            continue
        initial = _LONE.fullmatch(word) is not None
        stem = word if initial else word.rstrip(".")
        if not (initial or _proper(stem)):
            break
        end, words = piece.start() + len(stem), words + 1
        if stem != word:
            break
    return value[:end] if words >= least and len(value[:end]) > len("A.") else ""


def _proper(word: str) -> bool:
    """Whether a word is written as a name is: Anna, O'Neill, Jean-Luc, McKay; neither IBM nor DataSync."""
    parts = [part for part in re.split(r"['’-]", _PREFIX.sub("", word)) if part]
    return len(word) > 1 and word[0].isupper() and all(part.isalpha() and part[1:] == part[1:].lower() for part in parts)


def _japanese(value: str) -> str:
    found = _JA_PARTS.match(value)
    name = found[0] if found else ""
    return "" if not name or any(word in name for word in _CUES["ja"]["no_name"]) else name


def _chinese(value: str) -> str:
    found = _ZH_PARTS.match(value)
    name = found[0] if found else ""
    if name[2:] and name[2] in _CUES["zh"]["functional"]:
        name = name[:2]
    return "" if any(name.startswith(word) for word in _CUES["zh"]["no_name"]) else name


def name_of(line: str) -> str | None:
    """The full name that a line of a letter's end gives before or after firm and department; null where it has none."""
    for part in _PARTS.split(line.strip(" ,.。、-–—~*")):
        plain = part.title() if part.isupper() else part
        if plain and _latin(plain, _FULL_SIZE) == plain:
            return part
        last = part.split(" ")[-1] if not _JA_PARTS.fullmatch(part) else part
        if _ZH_PARTS.fullmatch(last) and _chinese(last) == last:
            return last
        if _JA_SPACED.fullmatch(part):
            return part
    return None
