"""Texts as words that can be compared: in eight languages, without knowing in which.

A word stands for its stem: accents and endings go (Porter's stemmer), and so does all after seven letters, which stems
the other languages nearly as well as their own rules (McNamee and Mayfield, "Character n-gram tokenization for European
language text retrieval", 2004). Chinese and Japanese are pairs of characters.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from Stemmer import Stemmer

LENGTH = 7
_DENSE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〇"
_TOKEN = re.compile(
    rf"(?P<dense>[{_DENSE}]+)"
    rf"|(?P<name>[^\W{_DENSE}]*[\d_][^\W{_DENSE}]*(?:[._\-/:#@]+[^\W{_DENSE}]+)+"
    rf"|[^\W\d_{_DENSE}]+(?:[._/:#@]+[^\W{_DENSE}]+)+"
    rf"|[^\W{_DENSE}]*(?:[^\W\d{_DENSE}]\d|\d[^\W\d{_DENSE}]|_)[^\W{_DENSE}]*)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    rf"|(?P<word>[^\W\d_{_DENSE}]+(?:['’][^\W\d_{_DENSE}]+)*)"
)
_MARKS = re.compile("[\u0300-\u036f]")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_LANGUAGES = ("EN_PLUS", "GERMAN", "FRENCH", "SPANISH", "PORTUGUESE", "ITALIAN")
_GLUED = re.compile(r"(?i)\A(?:l|d|j|m|t|s|c|n|qu|un|all|dell|nell|sull|dall)['’]")

Sort = Literal["word", "name", "number", "dense"]


class Token(msgspec.Struct, frozen=True):
    """One word: as written, what it is compared by, what it is, and where it begins."""

    text: str
    key: str
    sort: Sort
    start: int


@lru_cache(maxsize=4_096)
def tokens(text: str) -> tuple[Token, ...]:
    """All tokens in order; a run of Chinese or Japanese as overlapping pairs."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        sort, raw, at = match.lastgroup, match.group(), match.start()
        if sort == "dense":
            found += [Token(raw[i : i + 2], raw[i : i + 2], "dense", at + i) for i in range(max(1, len(raw) - 1))]
        elif sort == "name" and not _DIGITS.fullmatch(raw):
            found.append(Token(raw, raw.lower(), "name", at))
        elif sort == "word":
            found.append(Token(raw, key(raw), "word", at))
        else:
            found.append(Token(raw, raw.replace(",", "."), "number", at))
    return tuple(found)


@lru_cache(maxsize=65_536)
def key(word: str) -> str:
    """What a word is compared by."""
    plain = _GLUED.sub("", plainly(word)) or plainly(word)
    plain = plain.split("'")[0].split("’")[0] or plain
    stem: str = _stemmer().stemWord(plain)
    return stem[:LENGTH]


def plainly(word: str) -> str:
    """In lower case and without accents; the voicing marks of kana stay."""
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", word.casefold())))


@cache
def _stemmer() -> "Stemmer":
    from Stemmer import Stemmer

    return Stemmer("english")


@cache
def idle() -> frozenset[str]:
    """Keys of words that say nothing alone, in six languages."""
    from bm25s import stopwords

    words: Iterable[str] = (word for name in _LANGUAGES for word in getattr(stopwords, f"STOPWORDS_{name}"))
    return frozenset(key(word) for word in words)


def content(text: str) -> list[str]:
    """Keys of the words that say something, in order, repeated as they are."""
    return [token.key for token in tokens(text) if token.sort != "word" or token.key not in idle()]


def likeness(left: Iterable[str], right: Iterable[str]) -> float:
    """Share of the smaller set of keys that the larger holds, 0 for an empty one."""
    a, b = set(left), set(right)
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0
