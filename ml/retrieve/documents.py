"""What is searched, and what asks, in one shape: title, body, errors, language."""

import polars as pl

from ml.text.entities import Catalogue, entities
from ml.text.language import language

ERRORS = ("error_code", "exception", "frame")
READ = 20_000
"""Characters of a text that are read."""


def prepared(rows: pl.DataFrame) -> pl.DataFrame:
    """title, body, errors, language, days, row by row, from title and text; `language` is detected where it is missing.

    `days` are those from 1970 to `created_at`, null where that is unknown.
    `errors` are the codes, exceptions and top frames that title and text name. A body that repeats the title is empty.
    """
    title = rows["title"].cast(pl.String).fill_null("").str.slice(0, READ)
    text = rows["text"].cast(pl.String).fill_null("").str.slice(0, READ)
    repeated = text.str.strip_chars() == title.str.strip_chars()
    body = text.zip_with(~repeated, pl.repeat("", len(text), eager=True))
    said = pl.select(pl.concat_str(title, pl.lit("\n"), body)).to_series()
    found = entities(said, Catalogue()).filter(pl.col("kind").is_in(ERRORS))
    errors = found.group_by("text").agg(pl.col("value").unique(maintain_order=True).str.join("\n"))
    spoken = rows["language"] if "language" in rows.columns else language(said)["language"]
    return (
        pl.DataFrame({"title": title, "body": body, "language": spoken, "days": _days(rows)})
        .with_row_index("text")
        .with_columns(pl.col("text").cast(pl.Int64))
        .join(errors, on="text", how="left", maintain_order="left")
        .select("title", "body", pl.col("value").fill_null("").alias("errors"), "language", "days")
    )


def _days(rows: pl.DataFrame) -> pl.Series:
    if "created_at" not in rows.columns:
        return pl.repeat(None, rows.height, dtype=pl.Float64, eager=True)
    return rows["created_at"].dt.epoch("s") / 86_400
