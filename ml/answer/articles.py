"""Articles as a whole, where a search names their best passage: what is to be done often stands in another one."""

import msgspec
import polars as pl

from ml.retrieve.found import Found
from ml.retrieve.index import Index

MOST = 8_000
"""Characters of an article that are read."""


def whole(found: Found, index: Index | None) -> Found:
    """What was found, each article with all its passages in order, each passage below its heading."""
    if index is None or not found.articles or "path" not in index.documents.columns:
        return found
    wanted = [one.article_id for one in found.articles]
    rows = index.documents.filter(pl.Series(index.alive) & index.documents["article_id"].is_in(wanted))
    number = pl.col("passage_id").str.extract(r"#(\d+)\z").cast(pl.Int64)
    told: dict[str, list[str]] = {}
    for article, path, body in rows.sort("article_id", number).select("article_id", "path", "body").iter_rows():
        lines = told.setdefault(article, [])
        heading = f"## {path}" if path else ""
        lines += [heading] if heading and heading not in lines else []
        lines += [body] if body else []
    articles = [
        msgspec.structs.replace(one, text="\n".join(told.get(one.article_id) or [one.text])[:MOST])
        for one in found.articles
    ]
    return msgspec.structs.replace(found, articles=articles)
