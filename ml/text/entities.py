"""What can be recognised in a text, and where: codes, versions, names of ours, files, errors, links, urgency."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import polars as pl

from ml.text import sources, spans, urgency
from ml.text.spans import (
    FEW,
    Alternative,
    Words,
    at_edges,
    compile_alternatives,
    find,
    find_words,
    mark,
    marks_of,
    outside,
    searchable,
)

KINDS = (
    "error_code", "version", "product", "module", "path", "exception", "frame", "url", "urgency", "ticket",
)  # fmt: skip
TOP_FRAMES = 3
"""How many frames of a stack trace are kept; the first are nearest to the error, in Python's traces the last."""
EDITIONS = frozenset({
    "enterprise", "professional", "standard", "premium", "ultimate", "edition", "platform", "server", "service",
    "services", "business", "desktop", "mobile", "online", "system", "software", "manager", "client", "studio",
})  # fmt: skip
"""Words of a product's name that do not stand for it alone."""
_EDGE = r"(?-u:\b)"
_SUFFIX = r"(?:-(?:alpha|beta|rc|dev|snapshot|SNAPSHOT)(?:[.-]?[0-9]+)*|(?:a|b|rc)[0-9]+)?(?-u:\b)"
_ALTERNATIVES: list[Alternative] = [
    ("url", "", r"(?i:https?|ftp|wss?)://[A-Za-z0-9\-._~:/?#@!$&'()*+=%\[\]]*[A-Za-z0-9/#=&_~-]"),
    ("url", "", _EDGE + r"www\.[A-Za-z0-9.-]+\.[A-Za-z]{2,24}(?:/[A-Za-z0-9\-._~/?#&=%]*[A-Za-z0-9/])?"),
    ("", "", r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}"),
    ("path", r"File \"", r"[^\"\r\n]+"),
    ("path", "", _EDGE + r"[A-Za-z]:\\(?:[A-Za-z0-9_.$~-]+\\)*[A-Za-z0-9_.$~-]*[A-Za-z0-9_$~-]"),
    ("path", "", r"\\\\[A-Za-z0-9_.$-]+(?:\\[A-Za-z0-9_.$~-]+)*\\[A-Za-z0-9_.$~-]*[A-Za-z0-9_$~-]"),
    ("path", r"(?:^|[^A-Za-z0-9_/.<-])", r"(?:~|\.{1,2})?/(?:[A-Za-z0-9_.@+-]+/)+[A-Za-z0-9_.@+-]*[A-Za-z0-9_@+-]"),
    ("path", r"(?:^|[^A-Za-z0-9_/.<-])",
     r"/(?:etc|var|opt|usr|srv|home|tmp|mnt|data|dev|proc)/[A-Za-z0-9_.-]*[A-Za-z0-9_-]"),
    ("frame", r"(?m:^)[ \t]*at ", r"[A-Za-z_$][A-Za-z0-9_$.<>/]*\([^()\r\n]*\)"),
    ("frame", r"(?m:^)[ \t]*", r"#[0-9]+[ \t]+[A-Za-z_~][^\r\n]*"),
    ("exception", "", _EDGE + r"(?:[a-z][A-Za-z0-9_]*\.)*[A-Z][A-Za-z0-9]*"
     r"(?:Exception|Error|Fault|Warning|Failure|Violation|Detected|Interrupt)" + _EDGE),
    ("exception", r"(?:Caused by: |after throwing (?:an instance of ')?)",
     r"[A-Za-z_][A-Za-z0-9_.]*(?:::[A-Za-z0-9_]+)*"),
    ("exception", "", _EDGE + r"(?:StopIteration|KeyboardInterrupt|SystemExit|GeneratorExit)" + _EDGE),
    ("ticket", "", _EDGE + r"[A-Z]{2,6}-20[0-9]{2}-[0-9]{3,9}" + _EDGE),
    ("error_code", "", _EDGE + r"(?:ERROR|ERR|EXC|FAULT|FAIL|E|SQLSTATE)_[A-Z0-9]+(?:_[A-Z0-9]+)*" + _EDGE),
    ("error_code", "", _EDGE + r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_"
     r"(?:ERROR|ERR|FAILED|FAILURE|EXCEPTION|DENIED|TIMEOUT|REFUSED|INVALID|EXPIRED)(?:_[A-Z0-9]+)*" + _EDGE),
    ("error_code", "", _EDGE + r"0x[0-9A-Fa-f]{4,16}" + _EDGE),
    ("error_code", "", _EDGE + r"(?:ORA|ERR|TS|CS|HTTP|SQL|KB|E|DB|DSN|PG|CVE)-[0-9]{2,5}" + _EDGE),
    ("error_code", "", _EDGE + r"E(?:CONNREFUSED|CONNRESET|TIMEDOUT|NOTFOUND|ACCES|PERM|NOENT|EXIST|PIPE|ADDRINUSE|"
     r"AI_AGAIN|NOSPC|MFILE|NOMEM|HOSTUNREACH)" + _EDGE),
    ("error_code", "", _EDGE + r"E[0-9]{3,5}" + _EDGE),
    ("error_code", "", _EDGE + r"(?:AADSTS|LNK|MSB|NETSDK|PLS|SQL|TS|CS|WSA)[0-9]{4,6}" + _EDGE),
    ("error_code", r"(?i:error|code|fehler|erreur|errore|erro|código|codice|コード|エラー|代码|错误)[ :#：=]{0,3}",
     r"[A-Z]{1,8}[-_]?[0-9]{2,6}" + _EDGE),
    ("error_code", r"(?i:error code|error|http status|http|status code|fehlercode|fehler|erreur|errore|erro|"
     r"código de error|código|codice|エラーコード|エラー|错误代码|错误码|错误)[ :#：=]{0,3}",
     r"[1-5][0-9]{2,4}" + _EDGE),
    ("", "", _EDGE + r"(?:[0-9]{1,2}\.[0-9]{1,2}\.(?:19|20)[0-9]{2}|"
     r"(?:19|20)[0-9]{2}\.[0-9]{1,2}\.[0-9]{1,2})" + _EDGE),
    ("", "", _EDGE + r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])" + _EDGE),
    ("", "", _EDGE + r"[0-9]{1,3}(?:\.[0-9]{3}){2,}" + _EDGE),
    ("version", "", _EDGE + r"[0-9]+(?:\.[0-9]+){2,3}" + _SUFFIX),
    ("version", _EDGE + r"[vV]\.?", r"[0-9]+(?:\.[0-9]+){1,3}" + _SUFFIX),
    ("version", r"(?i:version|versión|versione|versão|release|build|バージョン|版本|リリース)[ :：]{0,3}[vV]?",
     r"[0-9]+(?:\.[0-9]+){1,3}" + _SUFFIX),
]  # fmt: skip
_COMPILED = compile_alternatives(_ALTERNATIVES)
_CODES, _VERSIONS = marks_of(_COMPILED, "error_code"), marks_of(_COMPILED, "version")
_URGENT = Words.of(dict.fromkeys(urgency.ALL, "urgency"))


@dataclass(frozen=True)
class Catalogue:
    """How products and modules are written: alias (lower case) to name."""

    products: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def words(self) -> Words:
        """All aliases and words of urgency, made ready; products win over modules, these over urgency."""
        kinds = dict.fromkeys(urgency.ALL, "urgency") | dict.fromkeys(self.modules, "module")
        return Words.of(kinds | dict.fromkeys(self.products, "product"))

    def name(self, kind: str, alias: str) -> str | None:
        """The name that is meant; null for what is neither product nor module."""
        return {"product": self.products, "module": self.modules}.get(kind, {}).get(alias.lower())

    @classmethod
    def of(
        cls,
        products: Iterable[str | None],
        modules: Iterable[str | None] = (),
        aliases: Mapping[str, Iterable[str]] | None = None,
    ) -> "Catalogue":
        """From columns of tickets (any order, repeated, with nulls) and what else a name goes by, if that is known."""
        return cls(
            _aliases({name.strip() for name in products if name and name.strip()}, aliases or {}, short=True),
            _aliases({name.strip() for name in modules if name and name.strip()}, aliases or {}, short=False),
        )


def entities(texts: pl.Series, catalogue: Catalogue) -> pl.DataFrame:
    """One row per entity: text (index), kind, value (as written), start, end (characters), name (of product or module).

    In order and apart from each other; what a link, a file or a frame contains is not named again.
    """
    said = searchable(texts)
    patterns = find(said, _COMPILED)
    words = find_words(said, catalogue.words)
    if not words.is_empty():
        words = outside(words.filter(at_edges(said, words) & ~_denied(said, words)), patterns)
    found = pl.concat([_top_frames(patterns.filter(pl.col("kind") != "")), words]).sort("text", "start")
    names = [catalogue.name(kind, value) for kind, value in found.select("kind", "value").iter_rows()]
    return found.with_columns(name=pl.Series(names, dtype=pl.String))


def counts(texts: pl.Series) -> pl.DataFrame:
    """How many error codes, versions and words of urgency each text names, row by row; quick for a single one, too."""
    said = searchable(texts)
    marked = mark(said, _COMPILED)
    return pl.DataFrame(
        {
            "error_codes": marked.str.count_matches(_CODES),
            "versions": marked.str.count_matches(_VERSIONS),
            "urgency_words": _urgent(said),
        }
    )


@cache
def digest() -> str:
    """Changes with what `counts` does."""
    return sources.digest(__file__, *(str(module.__file__) for module in (spans, urgency)))


def _urgent(said: pl.Series) -> pl.Series:
    found = pl.Series([0] * len(said), dtype=pl.UInt32)
    if len(said) <= FEW:
        hit = pl.int_range(len(said), dtype=pl.UInt32, eager=True)
    else:
        hit = said.str.contains_any(list(urgency.ALL), ascii_case_insensitive=True).arg_true()
    some = said.gather(hit)
    words = find_words(some, _URGENT)
    if words.is_empty():
        return found
    kept = words.filter(at_edges(some, words) & ~_denied(some, words))
    return found.scatter(hit, np.bincount(kept["text"].to_numpy(), minlength=len(hit)).astype(np.uint32))


def _denied(texts: pl.Series, spans: pl.DataFrame) -> pl.Series:
    """Whether a word of urgency stands beside a word that denies it."""
    urgent = spans.filter(pl.col("kind") == "urgency")["text"].unique()
    said = dict(zip(urgent.to_list(), texts.gather(urgent).to_list(), strict=True))
    rows = spans.select("text", "kind", "start", "end").iter_rows()
    return pl.Series(
        [kind == "urgency" and urgency.denied(said[text], start, end) for text, kind, start, end in rows],
        dtype=pl.Boolean,
    )


def _top_frames(found: pl.DataFrame) -> pl.DataFrame:
    frames = pl.col("kind") == "frame"
    if found.is_empty() or not found.select(frames.any()).item():
        return found
    return found.filter(~frames | (frames.cum_sum().over("text") <= TOP_FRAMES))


def _aliases(names: set[str], given: Mapping[str, Iterable[str]], *, short: bool) -> dict[str, str]:
    """All ways to write each name; one that would mean two of them is left out."""
    meanings: dict[str, set[str]] = {}
    for name in names:
        for alias in {*_forms(name, short=short), *given.get(name, ())}:
            meanings.setdefault(alias.lower(), set()).add(name)
    whole = {name.lower(): name for name in names}
    return {
        alias: whole.get(alias) or next(iter(of)) for alias, of in meanings.items() if alias in whole or len(of) == 1
    }


def _forms(name: str, *, short: bool) -> set[str]:
    """Spaces, underscores, hyphens or nothing between the words; of a product also its first word and its initials."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\sA-Z_\-]+|[A-Z]", name)
    forms = {name, *(glue.join(parts) for glue in (" ", "_", "-", ""))}
    if not short or len(parts) < 2:
        return forms
    first, *rest = name.split()
    head = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\sA-Z_\-]+|[A-Z]", first)
    if rest:
        forms |= {
            word for word in (first, name.rsplit(maxsplit=1)[-1]) if len(word) >= 6 and word.lower() not in EDITIONS
        }
    if rest and len(head) > 1:
        forms |= {" ".join(head), "-".join(head), f"{''.join(word[0] for word in head)} {' '.join(rest)}"}
    initials = "".join(word[0] for word in parts)
    return forms | ({initials} if len(initials) >= 3 else set())
