"""How soon incidents were known, and how many were told that are none: against what a simulation planted.

For evaluation only: the truth says which tickets an incident brought, no detector reads it.
"""

import polars as pl

FEWEST = 8
"""Tickets below which an incident does not count as one."""
ITS_OWN = 0.15
"""Share of what a finding speaks of that must be an incident's for the finding to be of it; at least three tickets."""
LEAST = 3
FIFTH = 5


def matched(found: pl.DataFrame, planted: pl.DataFrame) -> pl.DataFrame:
    """The findings with `incident`: which planted one each speaks of, null for none.

    `found`: finding, known_at, ticket_ids; `planted`: ticket_id, incident, of tickets that an incident brought.
    """
    spoken = found.select("finding", size=pl.col("ticket_ids").list.len(), ticket_id="ticket_ids").explode("ticket_id")
    own = spoken.join(planted, on="ticket_id").group_by("finding", "incident").agg(pl.len(), pl.col("size").first())
    enough = own.filter((pl.col("len") >= LEAST) & (pl.col("len") >= ITS_OWN * pl.col("size")))
    best = enough.sort("len", "incident", descending=[True, False]).unique("finding", keep="first")
    return found.join(best.select("finding", "incident"), on="finding", how="left", maintain_order="left")


def judged(found: pl.DataFrame, incidents: pl.DataFrame, planted: pl.DataFrame) -> pl.DataFrame:
    """One row per incident of `FEWEST` tickets or more: kind, tickets, and of the first finding that speaks of it
    `after` (tickets by then) and `hours` (since its fifth ticket, not below 0); null where none does.

    `found` is what `matched` gives, `incidents`: incident, kind; `planted` has `created_at`, too.
    """
    first = found.drop_nulls("incident").group_by("incident").agg(pl.col("known_at").min())
    own = (
        planted.sort("created_at")
        .group_by("incident")
        .agg(tickets=pl.len(), fifth=pl.col("created_at").slice(FIFTH - 1, 1).first(), opened="created_at")
    )
    joined = incidents.select("incident", "kind").join(own, on="incident").filter(pl.col("tickets") >= FEWEST)
    known = joined.join(first, on="incident", how="left")
    since = ((pl.col("known_at") - pl.col("fifth")).dt.total_seconds() / 3600).clip(lower_bound=0)
    counted = known.explode("opened").filter(pl.col("opened") <= pl.col("known_at"))
    after = counted.group_by("incident").agg(after=pl.len())
    return (
        known.with_columns(hours=since)
        .join(after, on="incident", how="left")
        .select("incident", "kind", "tickets", "after", "hours")
        .sort("kind", "incident")
    )


def summary(rows: pl.DataFrame, *, within_hours: float, within_tickets: int) -> pl.DataFrame:
    """By kind: how many, the share that was found, found in time, and medians of hours and tickets."""
    return (
        rows.group_by("kind")
        .agg(
            incidents=pl.len(),
            found=pl.col("hours").is_not_null().mean(),
            within_hours=(pl.col("hours") <= within_hours).fill_null(False).mean(),
            within_tickets=(pl.col("after") <= within_tickets).fill_null(False).mean(),
            median_hours=pl.col("hours").median(),
            median_tickets=pl.col("after").median(),
        )
        .sort("kind")
    )
