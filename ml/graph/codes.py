"""Error codes however people write them: `ERROR_TIMEOUT_504`, `ERR-504`, `error timeout 504`."""

import re
from collections.abc import Iterable, Mapping

import polars as pl

PREFIXES = frozenset({"error", "err", "exc", "fault", "fail", "e", "http", "code", "status", "sqlstate", "exception"})
"""Words of a code that say no more than that it is one."""
LONGEST = 5
"""Words of a code that is written in words."""
_WORD = re.compile(r"[A-Za-z]+|[0-9]+")
_KINDS = ("error_code", "exception")
_TOLD = {"text": pl.Int64, "code": pl.String}


def words_of(code: str) -> tuple[str, ...]:
    """The words of a code in lower case, numbers apart."""
    return tuple(word.lower() for word in _WORD.findall(code))


def told(entities: pl.DataFrame) -> pl.DataFrame:
    """Of what was recognised in texts (`ml.text.entities`), codes and exceptions: text, code, each once a text.

    An exception goes by its own name, without its package; a bare number as `HTTP <number>`.
    """
    rows = entities.select("text", "kind", "value").iter_rows()
    named = dict.fromkeys((text, _code(kind, value)) for text, kind, value in rows if kind in _KINDS)
    return pl.DataFrame(list(named), schema=_TOLD, orient="row")


def _code(kind: str, value: str) -> str:
    if kind == "exception":
        return value.rpartition(".")[2]
    return f"HTTP {value}" if value.isascii() and value.isdigit() else value


class Codes:
    """The codes that are known, by all the ways to write them."""

    def __init__(self, codes: Iterable[str]) -> None:
        self.exact: dict[str, str] = {}
        self.spelled: dict[tuple[str, ...], set[str]] = {}
        self.numbered: dict[str, set[str]] = {}
        for code in sorted(set(codes)):
            words = words_of(code)
            self.exact[code.lower()] = code
            own = tuple(word for word in words if word not in PREFIXES)
            for form in {words, own}:
                if len(form) > 1:
                    self.spelled.setdefault(form, set()).add(code)
            for word in own:
                if word.isdigit() and len(word) >= 3:
                    self.numbered.setdefault(word, set()).add(code)

    def find(self, written: str) -> Mapping[str, float]:
        """What a recognised code stands for, with weights that sum to 1; empty for one never seen.

        As it is; else by its words, in order; else by its number.
        """
        if exact := self.exact.get(written.lower()):
            return {exact: 1.0}
        words = words_of(written)
        own = tuple(word for word in words if word not in PREFIXES)
        for form in (words, own):
            if found := self.spelled.get(form):
                return _shared(found)
        numbers = [word for word in own if word in self.numbered]
        return _shared(self.numbered[numbers[-1]]) if numbers else {}

    def spoken(self, text: str) -> Mapping[str, float]:
        """Codes that a text writes in words, such as `error timeout 504`: at least two words, one after the other."""
        words = words_of(text)
        found: dict[str, float] = {}
        for length in range(LONGEST, 1, -1):
            for start in range(len(words) - length + 1):
                form = words[start : start + length]
                if form in self.spelled and any(word.isdigit() or word in PREFIXES for word in form):
                    for code, weight in _shared(self.spelled[form]).items():
                        found[code] = max(found.get(code, 0.0), weight)
        return found


def _shared(codes: set[str]) -> dict[str, float]:
    return {code: 1 / len(codes) for code in sorted(codes)}
