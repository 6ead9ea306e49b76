"""The graph of a past alone: issues, names and edges as they would have been, had one stopped then."""

import polars as pl

from ml.graph import build, issues, likeness, terms
from ml.graph.link import Linker
from ml.graph.walk import Walk
from ml.graph.walker import Walker
from ml.retrieve.past import Past

LINKS = ("RELATED_TO", "DUPLICATES")
"""Edges that agents drew."""


def walker(past: Past, outcomes: pl.DataFrame, passages: pl.DataFrame, *, linked: bool = True) -> Walker:
    """Walks through a graph of nothing but this past; without what agents linked where not `linked`.

    `outcomes` are of tickets, as `build.ticket_edges` reads them; what was not known at the time is not in it.
    """
    rows = past.problems
    shown = outcomes if linked else outcomes.with_columns(related_tickets=pl.lit([], dtype=pl.List(pl.String)))
    profiles = likeness.profiles(rows, likeness.unit(past.vectors.copy()), past.attempts)
    labels = issues.clustered(profiles, issues.pairs(rows, shown.select("ticket_id", "related_tickets")))
    members = issues.members(rows, labels, issues.named(rows["ticket_id"], labels, {}))
    texts = build.text_of(rows)
    said = terms.words(texts)
    place = rows.select("customer_id").with_row_index("text").cast({"text": pl.Int64})
    belongs = rows.join(members, on="ticket_id", how="left", maintain_order="left")["issue_id"]
    technical = terms.technical(said, place, belongs, build.codes_of(texts))
    edges = build.whole(
        build.ticket_edges(rows, shown, past.attempts, technical), members, rows, past.solutions, passages
    )
    return Walker(Linker.of(edges, terms.vocabulary(said), rows.height), Walk.of(edges))
