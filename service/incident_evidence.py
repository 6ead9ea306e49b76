"""What the lake knows of an incident: who wrote, what is at stake, what its tickets share, what helped before."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec
import polars as pl

from ml.anomaly.evidence import READ, Cause, causes, examples, period
from ml.anomaly.incident import Incident
from ml.anomaly.severity import Desk
from warehouse.contracts import silver
from warehouse.contracts.graph import EDGES
from warehouse.reading import Tables

CUSTOMERS_OF = timedelta(days=28)
"""Customers who wrote within so long are all that could be affected."""
VALUED = ["ticket_id", "created_at", "customer_id", "account_monthly_value"]
_CODE, _TICKET = "ErrorCode:", "Ticket:"


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """A known solution: what the finder puts first for an example ticket, and how often it worked."""

    solution_id: str
    text: str
    rate: float
    attempts: int
    for_ticket: str
    reason: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` says why no solution is suggested; both are null while nobody has asked yet."""

    causes: tuple[Cause, ...] = ()
    example_tickets: tuple[str, ...] = ()
    solution: Suggested | None = None
    missing: str | None = None

    @property
    def cause(self) -> Cause | None:
        """The likeliest."""
        return self.causes[0] if self.causes else None


def desk(lake: Tables, ticket_ids: Collection[str], now: datetime) -> Desk:
    """Who wrote these tickets, and what the accounts of all who wrote of late are worth, as they said last."""
    if not lake.exists(silver.TICKETS):
        return Desk()
    wanted = pl.col("ticket_id").is_in(list(ticket_ids)) | (pl.col("created_at") >= now - CUSTOMERS_OF)
    rows = lake.scan(silver.TICKETS).select(VALUED).filter(wanted).drop_nulls("customer_id").collect()
    worth = rows.drop_nulls("account_monthly_value").sort("created_at", "ticket_id")
    worth = worth.unique("customer_id", keep="last", maintain_order=True)
    of_late = rows.filter(pl.col("created_at") >= now - CUSTOMERS_OF).select("customer_id").unique()
    total = float(worth.join(of_late, on="customer_id", how="semi")["account_monthly_value"].sum())
    mine = rows.filter(pl.col("ticket_id").is_in(list(ticket_ids)))
    return Desk(
        dict(mine.select("ticket_id", "customer_id").iter_rows()),
        dict(worth.select("customer_id", "account_monthly_value").iter_rows()),
        total or None,
    )


def arrived(lake: Tables, ticket_ids: Collection[str]) -> bool:
    """Whether the lake holds all of these tickets."""
    if not lake.exists(silver.TICKETS):
        return False
    mine = pl.col("ticket_id").is_in(list(ticket_ids))
    held: int = lake.scan(silver.TICKETS).filter(mine).select(pl.len()).collect().item()
    return held == len(set(ticket_ids))


def evidence(lake: Tables, incidents: Iterable[Incident]) -> dict[str, Evidence]:
    """By incident what speaks for it; silver is read once for all of them."""
    known = {one.incident_id: one for one in incidents}
    if not known or not lake.exists(silver.TICKETS):
        return {name: Evidence(example_tickets=one.ticket_ids[:20]) for name, one in known.items()}
    times = {name: period(one) for name, one in known.items()}
    first, last = min(start for start, _ in times.values()), max(end for _, end in times.values())
    rows = lake.scan(silver.TICKETS).select(READ).filter(pl.col("created_at").is_between(first, last)).collect()
    rows = rows.join(_codes(lake, rows["ticket_id"]), on="ticket_id", how="left")
    found = {}
    for name, one in known.items():
        during = rows.filter(pl.col("created_at").is_between(*times[name]))
        tickets = one.ticket_ids
        found[name] = Evidence(causes=tuple(causes(during, tickets)), example_tickets=tuple(examples(during, tickets)))
    return found


def _codes(lake: Tables, tickets: pl.Series) -> pl.DataFrame:
    """Error codes that tickets name, as the graph has read them: ticket_id, codes."""
    if not lake.exists(EDGES):
        return pl.DataFrame(schema={"ticket_id": pl.String, "codes": pl.List(pl.String)})
    mentions = lake.scan(EDGES).filter(pl.col("kind") == "MENTIONS", pl.col("target").str.starts_with(_CODE))
    named = mentions.filter(pl.col("source").is_in((_TICKET + tickets).implode()))
    pairs = named.select(
        ticket_id=pl.col("source").str.strip_prefix(_TICKET), codes=pl.col("target").str.strip_prefix(_CODE)
    )
    return pairs.collect().group_by("ticket_id").agg("codes")
