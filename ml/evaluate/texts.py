"""How well texts are read: language, entities and what identifies, each against the simulator's truth."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from ml.text.clean import clean
from ml.text.entities import Catalogue, entities
from ml.text.language import language
from ml.text.names import signed
from ml.text.redact import redact
from ml.text.terms import said
from warehouse.errors import SourceUnreadable

FIELDS = ("subject", "description", "error_logs", "stack_trace")
COLUMNS = ("ticket_id", *FIELDS, "product", "product_module")
PII = ("email", "phone", "card", "iban", "ip", "token", "person")
ENTITIES = ("error_code", "version", "product", "module", "path", "exception", "url", "urgency", "ticket")
_SPAN = ["ticket_id", "field", "kind", "start", "end"]


def read(path: Path) -> pl.DataFrame:
    """`COLUMNS` of tickets, one JSON object a line, plain or gzip; broken lines and second copies are left out.

    Raises `SourceUnreadable` where there is no ticket at all.
    """
    content = path.read_bytes()
    rows: dict[str, dict[str, str | None]] = {}
    for line in (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).splitlines():
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(record, dict) and isinstance(record.get("ticket_id"), str):
            fields = {name: record.get(name) for name in COLUMNS}
            text = {name: value if isinstance(value, str) else None for name, value in fields.items()}
            rows.setdefault(record["ticket_id"], text)
    if not rows:
        raise SourceUnreadable(f"{path}: no tickets; expected one JSON object with ticket_id and description a line.")
    return pl.DataFrame(list(rows.values()), schema=dict.fromkeys(COLUMNS, pl.String))


def beside(path: Path) -> Path:
    """Where the simulator writes the truth of a file of tickets."""
    return path.with_name(f"{path.name}.truth")


def measure(tickets: pl.DataFrame, truth: Path) -> dict[str, Any]:
    """Language, PII and entities of tickets (`COLUMNS`) against `spans.parquet` and `tickets.parquet` of this folder.

    Raises `SourceUnreadable` where they are not.
    """
    for name in ("spans.parquet", "tickets.parquet"):
        if not (truth / name).exists():
            raise SourceUnreadable(f"{truth}: no {name}; expected the truth folder that `ticketlake simulate` writes.")
    spans = pl.read_parquet(truth / "spans.parquet")
    languages = pl.read_parquet(truth / "tickets.parquet", columns=["ticket_id", "language"])
    known = tickets.join(languages, on="ticket_id", how="semi", maintain_order="left")
    if known.is_empty():
        raise SourceUnreadable(f"{truth}: no ticket of the file is known there; expected the file's own truth.")
    return {
        "tickets": known.height,
        "language": language_accuracy(known, languages),
        "pii": scores(known, found_pii(known), spans, PII),
        "entities": scores(known, found_entities(known), spans, ENTITIES),
    }


def language_accuracy(tickets: pl.DataFrame, truth: pl.DataFrame, least: int = 40) -> dict[str, Any]:
    """Share of tickets whose language is right (unanswered is wrong), of cleaned texts of at least `least` characters.

    `excerpts` is the same for the first `least` characters of each description alone.
    """
    texts, excerpts = clean(said(tickets)), clean(tickets["description"]).str.slice(0, least)
    found = tickets.select(
        "ticket_id",
        long=texts.str.len_chars() >= least,
        whole=language(texts)["language"],
        cut=excerpts.str.len_chars() >= least,
        excerpt=language(excerpts)["language"],
    )
    joined = found.join(truth, on="ticket_id").with_columns(pl.col("whole", "excerpt").eq_missing(pl.col("language")))
    long, cut = joined.filter("long"), joined.filter("cut")
    by = long.group_by("language").agg(pl.col("whole").mean()).sort("language")
    return {
        "tickets": long.height,
        "accuracy": long["whole"].mean(),
        "by_language": dict(by.iter_rows()),
        "excerpts": {"tickets": cut.height, "accuracy": cut["excerpt"].mean()},
    }


def found_pii(tickets: pl.DataFrame) -> pl.DataFrame:
    """What `redact` finds in each field, with the names that the tickets themselves sign with."""
    names = signed(tickets["description"])
    return _in_fields(tickets, lambda texts: redact(texts, names)[1])


def found_entities(tickets: pl.DataFrame) -> pl.DataFrame:
    """What `entities` finds in each field, with the catalogue that the tickets' own columns make."""
    catalogue = Catalogue.of(tickets["product"], tickets["product_module"])
    return _in_fields(tickets, lambda texts: entities(texts, catalogue))


def scores(
    tickets: pl.DataFrame, found: pl.DataFrame, truth: pl.DataFrame, kinds: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 of each kind; a span is right if both ends are. `tickets` are all in the truth.

    Null is what cannot be said: precision where nothing was found, recall where there was nothing to find.
    """
    known = truth.join(tickets.select("ticket_id"), on="ticket_id", how="semi")
    result = {}
    for kind in kinds:
        wanted = known.filter(pl.col("kind") == kind).select(_SPAN).cast({"start": pl.Int64, "end": pl.Int64}).unique()
        ours = found.filter(pl.col("kind") == kind).select(_SPAN).unique()
        right = ours.join(wanted, on=_SPAN, how="semi").height
        result[kind] = {
            "spans": wanted.height,
            "precision": right / ours.height if ours.height else None,
            "recall": right / wanted.height if wanted.height else None,
            "f1": 2 * right / (ours.height + wanted.height) if ours.height + wanted.height else None,
        }
    return result


def _in_fields(tickets: pl.DataFrame, find: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    frames = []
    for field in FIELDS:
        spans = find(tickets[field])
        frames.append(
            spans.select("kind", "start", "end").with_columns(
                tickets["ticket_id"].gather(spans["text"]).alias("ticket_id"), pl.lit(field).alias("field")
            )
        )
    return pl.concat(frames)
