"""What became of tickets, as labels of the answers that would have been given to them.

Agents try one remedy of several that would have done, so that an answer which names another one is no failure for
certain. Where a ticket belongs to an issue, how often that solution resolved the issue's other tickets stands for what
would have become of it here (imputation of potential outcomes, Rubin, 1974), shrunk to how often it helps anywhere; one
that resolved none of them is wrong.
"""

import polars as pl

OUTCOME = "resolved"
TRUST = 4.0
"""Attempts that the rate of a solution on all issues counts for."""
FEWEST = 5
"""Attempts on the other tickets of an issue below which it tells nothing."""


def outcomes(answers: pl.DataFrame, attempts: pl.DataFrame, members: pl.DataFrame | None = None) -> pl.DataFrame:
    """`answers` with `resolved`, 0 to 1: whether what they put first resolves the ticket; null where nobody can tell.

    `answers` has ticket_id and solution_id (null where an answer names none: it resolves nothing), `attempts`
    ticket_id, solution_id, succeeded, `members` ticket_id and issue_id. A solution that was tried on the ticket did
    what is recorded; one that was not does what it did on the issue; without an issue, a ticket that another one
    resolved counts as not resolved by this.
    """
    own = attempts.group_by("ticket_id", "solution_id").agg(tried=pl.col("succeeded").any().cast(pl.Float64))
    solved = attempts.filter("succeeded").select("ticket_id", other=pl.lit(0.0)).unique()
    rows = answers.select("ticket_id", "solution_id").join(
        own, on=["ticket_id", "solution_id"], how="left", maintain_order="left"
    )
    rows = rows.join(solved, on="ticket_id", how="left", maintain_order="left")
    rows = rows.with_columns(none=pl.when(pl.col("solution_id").is_null()).then(0.0))
    told = ["tried", "none", "other"]
    if members is not None:
        rows = _on_issues(rows, attempts, members)
        told.insert(2, "fared")
    return answers.with_columns(rows.select(pl.coalesce(told).alias(OUTCOME)).to_series())


def _on_issues(rows: pl.DataFrame, attempts: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """With `fared`: the shrunk rate of the solution on the issue's other tickets."""
    issues = members.select("ticket_id", "issue_id").unique("ticket_id")
    known = attempts.join(issues, on="ticket_id")
    counted = (pl.len().alias("a"), pl.col("succeeded").sum().alias("s"))
    whole = known.group_by("issue_id").agg(*counted)
    each = known.group_by("issue_id", "solution_id").agg(*counted)
    mine = known.group_by("ticket_id").agg(*counted)
    usual = attempts.group_by("solution_id").agg(usual=pl.col("succeeded").cast(pl.Float64).mean())
    joined = (
        rows.join(issues, on="ticket_id", how="left", maintain_order="left")
        .join(whole, on="issue_id", how="left", maintain_order="left", suffix="_issue")
        .join(mine, on="ticket_id", how="left", maintain_order="left", suffix="_own")
        .join(each, on=["issue_id", "solution_id"], how="left", maintain_order="left", suffix="_each")
        .join(usual, on="solution_id", how="left", maintain_order="left")
    )
    others = pl.col("a") - pl.col("a_own").fill_null(0)
    tries, helped = (pl.col(f"{name}_each").fill_null(0) for name in ("a", "s"))
    rate = pl.when(helped > 0).then((helped + TRUST * pl.col("usual").fill_null(0.0)) / (tries + TRUST)).otherwise(0.0)
    return joined.with_columns(fared=pl.when(others >= FEWEST).then(rate))
