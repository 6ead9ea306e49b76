"""What reports of one fault share by name: codes, exceptions, classes, methods, settings, files, tickets."""

import re

import polars as pl

from ml.text.entities import Catalogue, entities

KINDS = ("error_code", "exception", "frame", "path", "url", "version", "ticket")
LONGEST = 120
_KEY = r"\b[A-Z][A-Z0-9]{1,15}-[0-9]{1,7}\b"
_HUMPED = r"\b[A-Za-z$][A-Za-z0-9$]*[a-z0-9][A-Z][A-Za-z0-9$]*\b"
_CAPPED = r"\b[A-Z]{2,}[a-z]{3,}[A-Za-z0-9$]*\b"
_SNAKE = r"\b[A-Za-z][A-Za-z0-9$]*(?:_[A-Za-z0-9$]+)+\b"
_DOTTED = r"\b[A-Za-z$][A-Za-z0-9_$-]*(?:[.#][A-Za-z_$][A-Za-z0-9_$-]*)+\b"
_CALLED = r"\b[A-Za-z_$][A-Za-z0-9_$]{2,}\(\)"
_NAMES = "|".join((_KEY, _DOTTED, _SNAKE, _HUMPED, _CAPPED, _CALLED))
_PART = re.compile(r"[.#/\\:]+")
_IS_NAME = re.compile(r"[a-z0-9][A-Z]|_|[A-Z]{2}[a-z]{3}")
_FRAME = re.compile(r"\(.*")


def mentions(texts: pl.Series) -> pl.DataFrame:
    """Each name once a text: text (index), name, in no order.

    Names are in lower case; of a qualified one also its parts:
    `org.apache.fs.FileSystem.mkdirs(FileSystem.java:12)` names `filesystem.mkdirs` and `filesystem`.
    """
    recognised = entities(texts, Catalogue()).filter(pl.col("kind").is_in(KINDS)).select("text", raw="value")
    written = (
        pl.DataFrame({"raw": texts.cast(pl.String).fill_null("").str.extract_all(_NAMES)})
        .with_row_index("text")
        .select(pl.col("text").cast(pl.Int64), "raw")
        .explode("raw")
        .drop_nulls("raw")
    )
    raw = pl.concat([recognised, written]).unique()
    kinds = raw.select("raw").unique()
    known = kinds.with_columns(name=pl.Series([forms(one) for one in kinds["raw"]], dtype=pl.List(pl.String)))
    named = raw.join(known, on="raw").select("text", "name").explode("name")
    return named.drop_nulls("name").unique()


def forms(raw: str) -> list[str]:
    """The names under which what is written here is known."""
    plain = _FRAME.sub("", raw).strip(" /.")
    parts = [part for part in _PART.split(plain) if part]
    found = {plain.lower(), ".".join(parts[-2:]).lower()} | {part.lower() for part in parts if _IS_NAME.search(part)}
    return sorted(name for name in found if 2 < len(name) <= LONGEST)
