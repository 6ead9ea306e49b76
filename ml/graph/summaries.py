"""Issues as rows that can be read: a name, where and since when, how it grows, what helps best."""

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.graph.terms import surprise
from ml.retrieve.success import least_within, prior, shrunk
from warehouse.contracts.graph import ISSUES

NAMED_BY = 4
"""Terms in a name."""
EXAMPLES = 5
MOST_LISTED = 10
MONTH = timedelta(days=30)
Vectors = NDArray[np.float32]


def summaries(
    problems: pl.DataFrame, members: pl.DataFrame, edges: pl.DataFrame, attempts: pl.DataFrame, vectors: Vectors
) -> pl.DataFrame:
    """Rows of `graph/issues`, from `search/problems`, `graph/issue_members`, edges of tickets, `search/attempts`.

    `vectors` (n, d) of unit length are those of `problems`, row by row. The clock is the newest ticket.
    """
    rows = problems.with_row_index("row").join(members.select("ticket_id", "issue_id"), on="ticket_id")
    if rows.is_empty():
        return pl.DataFrame(schema=ISSUES.schema)
    now = problems.select(pl.col("created_at").max()).item()
    belongs = members.select(source=pl.lit("Ticket:") + pl.col("ticket_id"), issue_id="issue_id")
    said = edges.filter(kind="MENTIONS").join(belongs, on="source")
    codes = _named(said, "ErrorCode")
    version = pl.concat_str("product", "product_version", separator=" ")
    parts = [
        _counted(rows, now),
        names(said),
        _most(rows.select("issue_id", value="product"), "products"),
        _most(rows.select("issue_id", value="product_module"), "modules"),
        _most(codes, "error_codes"),
        over_represented(
            rows.select("issue_id", value=version), problems.select(value=version).drop_nulls(), "versions"
        ),
        best_solutions(attempts, members),
        _examples(rows, vectors),
    ]
    found = parts[0]
    for part in parts[1:]:
        found = found.join(part, on="issue_id", how="left")
    lists = ("products", "modules", "error_codes", "versions")
    fallback = pl.coalesce("name", "subcategory", "category", "issue_id")
    found = found.with_columns(fallback.alias("name"), *(pl.col(name).fill_null([]) for name in lists))
    return found.select(pl.col(name).cast(dtype) for name, dtype in ISSUES.schema.items()).sort("issue_id")


def names(said: pl.DataFrame) -> pl.DataFrame:
    """A name for each issue: the terms and codes that tell it from the others (issue_id, name).

    `said` are MENTIONS edges of tickets with their issue_id. Class-based TF-IDF (Grootendorst, "BERTopic", 2022).
    """
    counted = said.group_by("issue_id", "target").len("count")
    classes = counted.select(pl.col("issue_id").n_unique()).item()
    everywhere = pl.col("count").sum().over("target")
    average = pl.col("count").sum() / max(1, classes)
    scored = counted.with_columns(
        score=pl.col("count") / pl.col("count").sum().over("issue_id") * (1 + average / everywhere).log(),
        word=pl.col("target").str.splitn(":", 2).struct.field("field_1"),
    )
    best = scored.sort("issue_id", "score", "word", descending=[False, True, False])
    return best.group_by("issue_id", maintain_order=True).agg(name=pl.col("word").head(NAMED_BY).str.join(", "))


def over_represented(rows: pl.DataFrame, everywhere: pl.DataFrame, column: str) -> pl.DataFrame:
    """By issue the values that it has more often than all tickets (`value`), the most surprising first (Dunning)."""
    inside = rows.drop_nulls("value").group_by("issue_id", "value").len("both")
    whole = everywhere.group_by("value").len("word")
    sizes = rows.group_by("issue_id").len("size")
    both = inside.join(whole, on="value").join(sizes, on="issue_id")
    scored = both.with_columns(surprise(both["both"], both["word"], both["size"], everywhere.height))
    kept = scored.filter((pl.col("surprise") > 0) & (pl.col("both") > 1))
    ordered = kept.sort("surprise", "value", descending=[True, False])
    return ordered.group_by("issue_id", maintain_order=True).agg(pl.col("value").head(MOST_LISTED).alias(column))


def best_solutions(attempts: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """By issue the solution that most surely helps there: issue_id, best_solution_id.

    A solution's rate in an issue is shrunk towards its rate everywhere, and that towards the rate of all; solutions are
    compared by the rate that each has at least (`least_within`). What never helped in an issue is not its best.
    """
    tried = attempts.join(members.select("ticket_id", "issue_id"), on="ticket_id")
    count = [pl.len().alias("attempts"), pl.col("succeeded").sum().cast(pl.Int64).alias("successes")]
    here = tried.group_by("issue_id", "solution_id").agg(count)
    if here.is_empty():
        return pl.DataFrame(schema={"issue_id": pl.String, "best_solution_id": pl.String})
    overall = attempts.group_by("solution_id").agg(count)
    usual = prior(overall["successes"].to_numpy(), overall["attempts"].to_numpy())
    rate = shrunk(overall["successes"].to_numpy(), overall["attempts"].to_numpy(), usual)
    segment = prior(here["successes"].to_numpy(), here["attempts"].to_numpy())
    here = here.join(overall.select("solution_id", usual=pl.Series(rate)), on="solution_id")
    rated = here.with_columns(
        least=pl.Series(
            least_within(
                here["successes"].to_numpy(), here["attempts"].to_numpy(), here["usual"].to_numpy(), segment.strength
            )
        )
    )
    order = rated.sort("least", "attempts", "solution_id", descending=[True, True, False])
    best = order.filter(pl.col("successes") > 0).unique("issue_id", keep="first", maintain_order=True)
    return best.select("issue_id", best_solution_id="solution_id")


def _counted(rows: pl.DataFrame, now: object) -> pl.DataFrame:
    ago = pl.lit(now) - pl.col("created_at")
    last, before = ago < MONTH, (ago >= MONTH) & (ago < 4 * MONTH)
    unresolved = pl.col("resolved_at").is_null()
    mode = [pl.col(name).drop_nulls().mode().sort().first() for name in ("category", "subcategory")]
    return rows.group_by("issue_id").agg(
        *mode,
        tickets=pl.len(),
        customers=pl.col("customer_id").n_unique(),
        open_tickets=unresolved.sum(),
        tickets_last_30_days=last.sum(),
        trend=pl.when(before.any()).then(last.sum() / (before.sum() / 3)),
        first_at=pl.col("created_at").min(),
        last_at=pl.col("created_at").max(),
        open_since=pl.col("created_at").filter(unresolved).min(),
    )


def _most(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    counted = rows.drop_nulls("value").group_by("issue_id", "value").len()
    ordered = counted.sort("len", "value", descending=[True, False])
    return ordered.group_by("issue_id", maintain_order=True).agg(pl.col("value").head(MOST_LISTED).alias(column))


def _named(said: pl.DataFrame, kind: str) -> pl.DataFrame:
    own = pl.col("target").str.splitn(":", 2).struct
    return said.filter(own.field("field_0") == kind).select("issue_id", value=own.field("field_1"))


def _examples(rows: pl.DataFrame, vectors: Vectors) -> pl.DataFrame:
    """By issue the tickets whose vectors are nearest to its mean."""
    groups = rows["issue_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    order = np.argsort(groups, kind="stable")
    placed = vectors[rows["row"].to_numpy()[order]]
    starts = np.flatnonzero(np.r_[True, np.diff(groups[order]) > 0])
    centres = np.add.reduceat(placed, starts, axis=0)
    near = np.einsum("ij,ij->i", placed, centres[groups[order]])
    ranked = rows.select(pl.col("issue_id", "ticket_id").gather(order)).with_columns(near=pl.Series(near))
    ranked = ranked.sort("near", "ticket_id", descending=[True, False])
    return ranked.group_by("issue_id", maintain_order=True).agg(example_ticket_ids=pl.col("ticket_id").head(EXAMPLES))
