"""What tickets say is wrong, as it is searched: redacted, without letters' trimmings and without how it ended."""

import polars as pl

from ml.inputs import encoded
from ml.retrieve import redacted as redaction
from ml.retrieve.documents import ERRORS, READ
from ml.retrieve.redacted import people, redacted
from ml.text import entities, sources
from ml.text.entities import Catalogue
from ml.text.vectors import text_hash

COPIED = (
    "ticket_id", "created_at", "language", "customer_id", "product", "product_version", "product_module",
    "category", "subcategory", "customer_tier", "region", "resolved_at",
)  # fmt: skip
WORDS = ("subject", "description", "error_logs", "stack_trace")
COLUMNS = [*COPIED, *WORDS]
"""What is read of tickets."""
NOTHING = Catalogue()
"""No names of ours are looked for."""


def problems(rows: pl.DataFrame, texts: pl.Series | None = None) -> pl.DataFrame:
    """Rows of `search/problems`, one a ticket (`COLUMNS`), in order. `texts` are `encoded` of them, where known.

    `text_hash` is of the text that `features/embeddings` encodes of a ticket, so that its vector stands for the row.
    """
    texts = encoded(rows) if texts is None else texts
    names = people(rows["subject"], rows["description"])
    parts = {**_apart(rows["subject"], texts), "errors": named(rows)}
    safe = redacted(pl.concat(parts.values()), names * len(parts))
    found = {name: safe[place * rows.height :][: rows.height] for place, name in enumerate(parts)}
    return pl.DataFrame({**rows.select(COPIED).to_dict(), **found, "text_hash": text_hash(texts)})


def named(rows: pl.DataFrame) -> pl.Series:
    """Codes, exceptions and top frames that text, log and trace name, a line each, in order, each once."""
    said = rows.select(
        pl.concat_str([pl.col(name).cast(pl.String).fill_null("").str.slice(0, READ) for name in WORDS], separator="\n")
    ).to_series()
    lines: list[dict[str, None]] = [{} for _ in range(rows.height)]
    for text, kind, value in entities.entities(said, NOTHING).select("text", "kind", "value").iter_rows():
        if kind in ERRORS:
            lines[text][value] = None
    return pl.Series("errors", ["\n".join(values) for values in lines], dtype=pl.String)


def digest() -> str:
    """Changes with what `problems` does."""
    return sources.digest(__file__) + redaction.digest() + entities.digest()


def _apart(subjects: pl.Series, texts: pl.Series) -> dict[str, pl.Series]:
    """Title: the first line of cleaned texts that begin with a subject; body: what follows."""
    headed = pl.col("subject").cast(pl.String).fill_null("").str.contains(r"\S")
    lines = pl.col("text").str.splitn("\n", 2).struct
    title = pl.when(headed).then(lines.field("field_0").fill_null("")).otherwise(pl.lit(""))
    body = pl.when(headed).then(lines.field("field_1").fill_null("")).otherwise("text")
    return pl.DataFrame({"subject": subjects, "text": texts}).select(title=title, body=body).to_dict()
