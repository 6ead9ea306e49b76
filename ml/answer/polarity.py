"""Words that turn a statement round, in eight languages: negations, opposites, how sure it is, numbers in words.

Where a word denies in one language and not in another, it counts in both: what is compared is a sentence with its
source, and what both have is no difference.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ml.answer.wording import Token, key, plainly, tokens

_NEGATIONS_DENSE = re.compile(
    "(?:ません|避け|無駄|間違い|ないで|なけれ|なかった|なく|ない|ずに|できず|せず|未だ|未|無し|不要|不可|不能|禁止)"
    "|(?:避免|徒劳|不是|不会|不要|不能|不可|没有|並不|并不|从未|從未|无法|無法|切勿|请勿|[不没沒无未勿别非])"
)
_CONTRACTED = ((re.compile(r"(?i)\bcan['’]?t\b|\bcannot\b"), "can not"), (re.compile(r"(?i)\bwon['’]t\b"), "will not"),
               (re.compile(r"(?i)n['’]t\b"), " not"), (re.compile(r"(?i)\bno longer\b|\bnicht mehr\b"), "not"),
               (re.compile(r"(?i)\bn['’e] ?(?=(?:\w+ ){1,2}plus\b)"), "pas "))  # fmt: skip

WRITTEN = Path(__file__).with_name("polarity.toml")
_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "mis", "de", "des", "a")
_MAY_DENSE = re.compile("かもしれ|可能性|恐らく|おそらく|場合があり|时可能|可能会|也许|或许|大概")
_MUST_DENSE = re.compile("必ず|絶対|常に|だけ|のみ|必须|一定|绝对|总是|永远|只能")
_DENSE_NUMBERS = {
    "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9", "十": "10", "百": "100",
    "千": "1000", "两": "2",
}  # fmt: skip
_DENSE_NUMBER = re.compile(
    "[二三四五六七八九十百千两](?=[0-9]*(?:つ|個|个|回|次|分|時|时|小时|日|天|週|周|月|年|秒|人|件|台|名))"
)
_WIDE = str.maketrans("０１２３４５６７８９", "0123456789")


@dataclass(frozen=True)
class _Words:
    """`polarity.toml` made ready: words without accents, keys of opposites and leads, numbers in digits."""

    negations: Set[str]
    may: Set[str]
    must: Set[str]
    leads: Set[str]
    opposites: Mapping[str, Set[str]]
    opposites_dense: Sequence[tuple[str, ...]]
    values: Mapping[str, str]


def leads(token: Token) -> bool:
    """Whether a word only leads to what is said."""
    return token.key in _words().leads


def expanded(text: str) -> str:
    """With contracted negations in full, and digits as digits."""
    for pattern, full in _CONTRACTED:
        text = pattern.sub(full, text)
    return text.translate(_WIDE)


def negations(text: str) -> list[int]:
    """Where words stand that deny; `text` is `expanded`."""
    places = [
        token.start for token in tokens(text) if token.sort == "word" and plainly(token.text) in _words().negations
    ]
    return sorted(places + [match.start() for match in _NEGATIONS_DENSE.finditer(text)])


def denies(token: Token) -> bool:
    """Whether a word does nothing but deny."""
    return plainly(token.text) in _words().negations


def numbers(text: str) -> dict[int, str]:
    """Numbers by where they stand, words in digits; `one` is not told from the article, and left out."""
    found = {token.start: _plain(token.key) for token in tokens(text) if token.sort == "number"}
    for token in tokens(text):
        if token.sort == "word" and plainly(token.text) in _words().values:
            found[token.start] = _words().values[plainly(token.text)]
    for match in _DENSE_NUMBER.finditer(text):
        found[match.start()] = _DENSE_NUMBERS[match.group()]
    return found


def opposed(one: str, text: str, source: set[str]) -> bool:
    """Whether the source says the opposite of a word (`one` its key, `text` as written) and not the word."""
    if one in source:
        return False
    if _words().opposites.get(one, frozenset()) & source:
        return True
    plain = plainly(text)
    less = (
        key(plain[len(prefix) :]) for prefix in _PREFIXES if plain.startswith(prefix) and len(plain) > len(prefix) + 3
    )
    return any(other in source for other in less) or any(key(prefix + plain) in source for prefix in _PREFIXES)


def opposed_dense(text: str, source: str) -> bool:
    """The same for Chinese and Japanese, whole texts."""
    return any(
        left in text and left not in source and right in source and right not in text
        for left, right in _words().opposites_dense
    )


def surer(text: str, source: str) -> bool:
    """Whether a text takes away a doubt of its source, or adds a certainty."""
    says, told = ({plainly(token.text) for token in tokens(one)} for one in (text, source))
    may = _words().may
    doubt = (told & may and not says & may) or (_MAY_DENSE.search(source) and not _MAY_DENSE.search(text))
    certain = {key(word) for word in says & _words().must} - {key(word) for word in told}
    return bool(doubt or certain or (_MUST_DENSE.search(text) and not _MUST_DENSE.search(source)))


def _plain(number: str) -> str:
    """`1.000`, `1,000` and `1000` are one; `4.2.0` is none of them."""
    return number.replace(".", "") if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", number) else number


@cache
def _words() -> _Words:
    said = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))
    sets = {name: frozenset(map(plainly, said[name].split())) for name in ("negations", "may", "must")}
    opposites: dict[str, set[str]] = {}
    for pair in said["opposites"].split():
        left, right = map(key, pair.split("/"))
        if left != right:
            opposites.setdefault(left, set()).add(right)
            opposites.setdefault(right, set()).add(left)
    dense = [tuple(pair.split("/")) for pair in said["opposites_dense"].split()]
    return _Words(
        **sets,
        leads=frozenset(map(key, said["leads"].split())),
        opposites=opposites,
        opposites_dense=[*dense, *((right, left) for left, right in dense)],
        values={plainly(word): value for value, words in said["numbers"].items() for word in words.split()},
    )
