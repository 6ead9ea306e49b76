"""Which canonical solutions truly solve a ticket, in the ids that search returns. For evaluation only."""

from collections.abc import Mapping, Sequence

import polars as pl

from ml.evaluate.ablation import Case

HEAD = 0.5
"""The causes of so many tickets, the most frequent first, are the head."""
UNSEEN = "unseen"


def remedies(attempts: pl.DataFrame, solved_by: pl.DataFrame) -> pl.DataFrame:
    """The true remedy that each canonical solution stands for: the one by which most of its tickets were solved.

    `attempts`: rows of `search/attempts`, of which those that succeeded count; `solved_by`: `ticket_id`, `solved_by`.
    Columns `solution_id`, `remedy`, `tickets` (that say so), `share` (of all that say anything): 1 where what was
    folded together was one. Of equals the first by name.
    """
    told = attempts.filter("succeeded").join(solved_by.drop_nulls("solved_by"), on="ticket_id")
    counted = told.group_by("solution_id", pl.col("solved_by").alias("remedy")).agg(tickets=pl.len())
    shared = counted.with_columns(share=pl.col("tickets") / pl.col("tickets").sum().over("solution_id"))
    ordered = shared.sort("solution_id", "tickets", "remedy", descending=[False, True, False])
    return ordered.unique("solution_id", keep="first", maintain_order=True)


def cases(
    queries: Sequence[str],
    solving: Mapping[str, Sequence[str]],
    known: pl.DataFrame,
    success: Mapping[str, Mapping[str, float]] | None = None,
) -> list[Case]:
    """What solves each query, in canonical ids: those of `known` (as `remedies` gives) whose remedy truly does.

    `solving` names the true remedies of a query; `success`, where given, how often each remedy resolves it. Remedies
    that nobody had tried by then cannot be found and are not missed.
    """
    remedy = dict(known.select("solution_id", "remedy").iter_rows())
    made = []
    for query in queries:
        true = set(solving.get(query, ()))
        relevant = {solution: of for solution, of in remedy.items() if of in true}
        rates = None if success is None else success.get(query, {})
        chance = None if rates is None else {id_: rates[of] for id_, of in remedy.items() if of in rates}
        made.append(Case(query=query, relevant=relevant, success=chance))
    return made


def frequency(past: pl.Series, asked: pl.Series) -> pl.Series:
    """`head`, `tail` or `unseen` for each cause asked about, by how many past tickets had it."""
    counts = past.drop_nulls().value_counts(sort=True, name="n")
    ordered = counts.sort("n", past.name, descending=[True, False])
    before = ordered.with_columns(before=(pl.col("n").cum_sum() - pl.col("n")) / max(1, int(counts["n"].sum())))
    kind = pl.when(pl.col("before") < HEAD).then(pl.lit("head")).otherwise(pl.lit("tail"))
    named = before.select(pl.col(past.name).alias("cause"), frequency=kind)
    joined = pl.DataFrame({"cause": asked}).join(named, on="cause", how="left", maintain_order="left")
    return joined["frequency"].fill_null(UNSEEN)
