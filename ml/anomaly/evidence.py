"""What speaks for an incident: what its tickets have in common that others have not, and tickets to read."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
import polars as pl

from ml.anomaly.incident import Incident
from ml.graph.things import node

READ = ["ticket_id", "created_at", "customer_id", "product", "product_version", "product_module"]
"""Columns of `silver/tickets`; beside them `codes`, the error codes that each names, where that is known."""
PERIOD = timedelta(days=7)
"""Tickets of at least so long are compared with."""
FEWEST = 3
"""Tickets of an incident that must have a thing in common before it can be the cause."""
NORMAL = 1.96
"""Standard errors to the lower bound, of 97.5 %."""
MOST_CAUSES, MOST_EXAMPLES = 5, 20


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that an incident's tickets have more often than others of the same time.

    `tickets` of the incident's `of` have it, and the share `elsewhere` of the others; `lift` is the ratio of shares,
    `low` its lower bound, `explained` the share of the incident that would not be there without it, at least.
    """

    entity: str
    tickets: int
    of: int
    elsewhere: float
    lift: float
    low: float
    explained: float


def period(incident: Incident) -> tuple[datetime, datetime]:
    """From when to when tickets are compared: while it lasted, and some days at least."""
    first = min((one.window_start for one in incident.signals), default=incident.first_at)
    return min(first, incident.last_at - PERIOD), incident.last_at


def causes(tickets: pl.DataFrame, ticket_ids: Collection[str]) -> list[Cause]:
    """The likeliest first; `tickets` (columns `READ`) are all of the period, the incident's among them.

    Relative risk with its log-normal interval, half a ticket added to each count (Katz et al., "Obtaining confidence
    intervals for the risk ratio in cohort studies", Biometrics 1978); ordered by the attributable share (Levin, 1953)
    at the lower bound: what few tickets have, or a thing that is everywhere, explains little.
    """
    inside = pl.col("ticket_id").is_in(list(ticket_ids))
    n, m = tickets.filter(inside).height, tickets.filter(~inside).height
    if n < FEWEST or m == 0:
        return []
    said = _said(tickets).with_columns(inside=inside)
    counted = said.group_by("entity").agg(k=pl.col("inside").sum(), o=(~pl.col("inside")).sum())
    k, o = pl.col("k") + 0.5, pl.col("o") + 0.5
    error = (1 / k - 1 / (n + 1) + 1 / o - 1 / (m + 1)).sqrt()
    rated = counted.filter(pl.col("k") >= FEWEST).with_columns(lift=(k / (n + 1)) / (o / (m + 1)))
    rated = rated.with_columns(low=pl.col("lift") * (-NORMAL * error).exp()).filter(pl.col("low") > 1)
    ordered = rated.with_columns(explained=pl.col("k") / n * (1 - 1 / pl.col("low")))
    first = ordered.sort("explained", "lift", "entity", descending=[True, True, False]).head(MOST_CAUSES)
    return [
        Cause(
            entity=row["entity"],
            tickets=row["k"],
            of=n,
            elsewhere=row["o"] / m,
            lift=row["lift"],
            low=row["low"],
            explained=row["explained"],
        )
        for row in first.iter_rows(named=True)
    ]


def examples(tickets: pl.DataFrame, ticket_ids: Sequence[str]) -> list[str]:
    """Tickets to read first: the newest of each customer, then the others; `ticket_ids` come the newest first."""
    order = pl.DataFrame({"ticket_id": list(ticket_ids)}, schema={"ticket_id": pl.String}).with_row_index("place")
    known = order.join(tickets.select("ticket_id", "customer_id"), on="ticket_id", how="left", maintain_order="left")
    who = pl.coalesce("customer_id", "ticket_id")
    again = known.with_columns(again=pl.col("place").rank("ordinal").over(who))
    return again.sort("again", "place")["ticket_id"].head(MOST_EXAMPLES).to_list()


def _said(tickets: pl.DataFrame) -> pl.DataFrame:
    """Each thing that a ticket names, once: ticket_id, entity."""
    version = pl.concat_str("product", "product_version", separator=" ")
    parts = [
        tickets.select("ticket_id", entity=pl.lit(node(kind, "")) + name).drop_nulls()
        for kind, name in (
            ("Product", pl.col("product")),
            ("Version", version),
            ("Module", pl.col("product_module")),
        )
    ]
    if "codes" in tickets.columns:
        codes = tickets.select("ticket_id", code="codes").explode("code").drop_nulls()
        parts.append(codes.select("ticket_id", entity=pl.lit(node("ErrorCode", "")) + pl.col("code")))
    return pl.concat(parts).unique()
