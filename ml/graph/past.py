"""The graph of a past alone: issues, names and edges as they would have been, had one stopped then."""

import polars as pl

from ml.graph import build, issues, likeness, terms
from ml.graph.link import Linker
from ml.graph.walk import Walk
from ml.graph.walker import Walker
from ml.retrieve.past import Past
from ml.text.vectors import unit


def walker(past: Past, outcomes: pl.DataFrame, passages: pl.DataFrame, *, linked: bool = True) -> Walker:
    """Walks through a graph of nothing but this past; without what agents linked where not `linked`.

    `outcomes` are of tickets, as `build.ticket_edges` reads them; what was not known at the time is not in it.
    """
    rows = past.problems
    shown = outcomes if linked else outcomes.with_columns(related_tickets=pl.lit([], dtype=pl.List(pl.String)))
    profiles = likeness.profiles(rows, unit(past.vectors), past.attempts)
    labels = issues.clustered(profiles, issues.pairs(rows, shown.select("ticket_id", "related_tickets")))
    members = issues.members(rows, labels, issues.named(rows["ticket_id"], labels, {}))
    said = terms.words(build.text_of(rows))
    tickets = build.ticket_edges(rows, shown, past.attempts, build.technical(rows, members, said))
    edges = build.whole(tickets, members, rows, past.solutions, passages)
    return Walker(Linker.of(edges, terms.vocabulary(said), rows.height), Walk.of(edges))
