"""What later tickets are judged by: the truth, where a simulator wrote one, or what is recorded to have solved them."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from ml.evaluate.ablation import Case
from ml.evaluate.solving import cases, frequency, remedies
from ml.retrieve.past import Past
from warehouse.errors import NotMaterialized

SHORT, LONG = 120, 400
"""Characters below which a text is short, and from which it is long."""


class Judged(NamedTuple):
    """A case and its kinds a question, and the categories that it has: ticket_id, category, subcategory."""

    cases: list[Case]
    groups: pl.DataFrame
    recorded: pl.DataFrame


def by_record(everything: Past, past: Past, asked: pl.DataFrame) -> Judged:
    """What is recorded: a solution solves a ticket when it did. `asked` are rows of problems."""
    helped = everything.attempts.filter("succeeded").join(asked.select("ticket_id"), on="ticket_id")
    tried = set(past.attempts["solution_id"])
    solved: dict[str, list[str]] = {}
    for ticket, solution in helped.select("ticket_id", "solution_id").iter_rows():
        if solution in tried:
            solved.setdefault(ticket, []).append(solution)
    found = [Case(query=name, relevant={one: one for one in solved.get(name, [])}) for name in asked["ticket_id"]]
    groups = _kinds(asked, frequency(past.problems["subcategory"], asked["subcategory"]))
    return Judged(found, groups, asked.select("ticket_id", "category", "subcategory"))


def by_truth(truth: Path, everything: Past, past: Past, asked: pl.DataFrame) -> Judged:
    """What truly solves each. Raises `NotMaterialized` where `truth` holds none."""
    needed = ("tickets", "solvers", "solutions")
    if any(not (truth / f"{name}.parquet").exists() for name in needed):
        raise NotMaterialized(str(truth), "name the folder of truth that `ticketlake simulate` wrote")
    tickets, solvers, solutions = (pl.read_parquet(truth / f"{name}.parquet") for name in needed)
    solving = dict(solvers.select("ticket_id", pl.col("solutions").fill_null([])).iter_rows())
    rates: dict[str, dict[str, float]] = {}
    for cause, solution, chance in solutions.select("cause", "solution", "success").iter_rows():
        rates.setdefault(cause, {})[solution] = chance
    mine = asked.select("ticket_id").join(tickets, on="ticket_id", how="left", maintain_order="left")
    success = {name: rates.get(cause, {}) for name, cause in mine.select("ticket_id", "cause").iter_rows()}
    standing = remedies(everything.attempts, tickets.select("ticket_id", "solved_by"))
    standing = standing.filter(pl.col("solution_id").is_in(past.attempts["solution_id"].unique().implode()))
    found = cases(asked["ticket_id"].to_list(), solving, standing, success)
    before = past.problems.select("ticket_id").join(tickets, on="ticket_id")["cause"]
    kinds = _kinds(asked, frequency(before, mine["cause"]))
    return Judged(found, kinds, mine.select("ticket_id", "category", "subcategory"))


def _kinds(asked: pl.DataFrame, common: pl.Series) -> pl.DataFrame:
    length = pl.col("title").str.len_chars() + pl.col("body").str.len_chars()
    size = pl.when(length < SHORT).then(pl.lit("short")).when(length < LONG).then(pl.lit("normal"))
    named = pl.when(pl.col("errors") != "").then(pl.lit("names an error")).otherwise(pl.lit("names none"))
    return asked.select("language", length=size.otherwise(pl.lit("long")), errors=named).with_columns(frequency=common)
