"""Names of people in Japanese and Chinese texts, by what stands beside them."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

_CUES = tomllib.loads(Path(__file__).with_name("mentions.toml").read_text(encoding="utf-8"))
_JA, _ZH = _CUES["ja"], _CUES["zh"]
_HAN = r"\u4e00-\u9fff"
_DENSE = re.compile(f"[{_HAN}\\u3040-\\u30ff]")
_DATE = r"[0-9]{1,4}[./-]"


def _either(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(patterns, key=lambda pattern: (-len(pattern), pattern)))})"


_SPACED = rf"[{_HAN}々]{{1,3}}[ \u3000](?:[{_HAN}々]{{1,3}}|[\u3041-\u309f]{{2,4}}?)"
_ANY_JA = rf"(?:{_SPACED}|[{_HAN}々]{{2,4}}|[\u30a1-\u30fa][\u30a1-\u30ff]{{1,9}})"
_NAME_ZH = rf"(?:{'|'.join(_ZH['compound'])}|[{_ZH['surnames']}])[{_HAN}]{{1,2}}"
_NEXT_ZH = rf"(?=[^{_HAN}]|\Z|[{_ZH['functional']}])"
_JAPANESE = re.compile(
    rf"{_either(_JA['before'])}({_SPACED})(?![{_HAN}々])|({_SPACED})(?={_either(_JA['told'])})|({_ANY_JA})(?={_either(_JA['honorific'])})"
    rf"|^[ \t>]{{0,8}}({_SPACED})(?=[、，,]? ?{_DATE})",
    re.MULTILINE,
)
_CHINESE = re.compile(
    rf"{_either(_ZH['before'])}({_NAME_ZH}){_NEXT_ZH}|({_NAME_ZH})(?={_either(_ZH['after'])})"
    rf"|^[ \t>]{{0,8}}(?:[0-9./-]{{3,10}}[ ,，]{{0,2}})?({_NAME_ZH})(?=[，,、 ]{{0,2}}(?:{_DATE}|写道))",
    re.MULTILINE,
)
_LINE_JA, _LINE_ZH = re.compile(_SPACED), re.compile(_NAME_ZH)


def mentioned(text: str) -> Iterator[str]:
    """The names that a text mentions, as they are written."""
    if not _DENSE.search(text):
        return
    for found in _JAPANESE.finditer(text):
        name = next(filter(None, found.groups()))
        if not any(word in name for word in _JA["no_name"]):
            yield name
    for found in _CHINESE.finditer(text):
        if name := _chinese(next(filter(None, found.groups()))):
            yield name


def name_of(line: str) -> str | None:
    """The name that a line of a signature is, or ends with after firm and department."""
    if _LINE_JA.fullmatch(line):
        return line
    last = line.rsplit(" ", maxsplit=1)[-1]
    return last if _LINE_ZH.fullmatch(last) and _chinese(last) == last else None


def _chinese(name: str) -> str:
    plain = name[:-1] if name[2:] and name[-1] in _ZH["functional"] else name
    return "" if any(plain.startswith(word) for word in _ZH["no_name"]) else plain
