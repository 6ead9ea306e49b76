"""Candidates for new issue types, as rows: groups of strange sentences with their names, customers and versions."""

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly import naming
from ml.anomaly.known import Issues
from ml.anomaly.novel import LEAST_CUSTOMERS, Group
from ml.anomaly.signals import MOST_TICKETS, grouped
from ml.anomaly.usual import RECENT
from ml.graph.summaries import over_represented
from warehouse.contracts.anomalies import NEW_ISSUES

MOST_VERSIONS = 3
"""Versions that a signal names."""
READ: tuple[str, ...] = ()
"""Columns of tickets that `told` needs."""
Vectors = NDArray[np.float32]


class Past(NamedTuple):
    """What candidates are compared with."""

    tickets: Callable[[pl.Series], Vectors]
    """The vectors of tickets by their ids, in the space of `issues`."""
    issues: Issues
    now: datetime


def rows(found: list[Group], strange: pl.DataFrame, vectors: Vectors, past: Past) -> pl.DataFrame:
    """Rows of `anomalies/new_issues`, one a group that enough customers joined.

    `strange` are the sentences that the groups are of (novel.SCHEMA with `version`, the product's with its name) and
    `vectors` (n, d) theirs.
    """
    many = [group for group in found if len(group.joined) >= LEAST_CUSTOMERS]
    if not many:
        return pl.DataFrame(schema=NEW_ISSUES.schema)
    number = np.full(strange.height, -1)
    for place, group in enumerate(many):
        number[group.rows] = place
    placed = strange.with_columns(group=pl.Series(number), owner=pl.coalesce("customer_id", "ticket_id"))
    placed = placed.with_columns(pl.when(pl.col("group") >= 0).then("group"))
    named = naming.terms(placed.select("group", "owner", text="sentence"))
    version = placed.select("ticket_id", "group", "version").unique(["ticket_id", "group"], maintain_order=True)
    most = over_represented(
        version.drop_nulls("group").select(issue_id=pl.col("group").cast(pl.String), value="version"),
        version.select(value="version").drop_nulls(),
        "versions",
    )
    made = pl.DataFrame(
        [_row(group, placed, vectors, past) | {"issue_id": str(place)} for place, group in enumerate(many)],
        schema_overrides={"known_at": pl.Datetime("us", "UTC"), "nearest_issue": pl.String, "likeness": pl.Float64},
    )
    named = named.with_columns(pl.col("group").cast(pl.String))
    joined = made.join(named, left_on="issue_id", right_on="group", how="left").join(most, on="issue_id", how="left")
    joined = joined.with_columns(pl.col("terms", "versions").fill_null([])).with_columns(
        name=pl.when(pl.col("terms").list.len() > 0).then(naming.name()).otherwise("candidate_id")
    )
    return joined.select(pl.col(name).cast(dtype) for name, dtype in NEW_ISSUES.schema.items()).sort("candidate_id")


def told(changed: pl.DataFrame, tickets: pl.DataFrame | None = None) -> pl.DataFrame:
    """Signals of candidates that were found to be new, whether they are quiet by now or not."""
    new = changed.filter(pl.col("known_at").is_not_null() & pl.col("state").is_in(["new", "quiet"]))
    versions = pl.col("versions").list.head(MOST_VERSIONS)
    return grouped(
        new.with_columns(
            kind=pl.lit("new_issue"),
            dimension=pl.lit("issue"),
            series="candidate_id",
            name=pl.format("New: {}", "name"),
            observed=pl.col("tickets").cast(pl.Float64),
            p="growth_p",
            entities=versions.list.eval(pl.lit("Version:") + pl.element()),
        )
    )


def _row(group: Group, placed: pl.DataFrame, vectors: Vectors, past: Past) -> dict[str, object]:
    own = placed[sorted(group.rows)]
    said = vectors[sorted(group.rows)]
    mine = own.unique("ticket_id", keep="first", maintain_order=True)
    deciding = mine.filter(pl.col("created_at") <= (group.known_at or past.now))
    like = past.issues.nearest(past.tickets(deciding["ticket_id"]), group.first_at)
    last = own["created_at"].max()
    state = "forming" if group.known_at is None else "known" if like.fits else "new"
    if state == "new" and isinstance(last, datetime) and last < past.now - RECENT:
        state = "quiet"
    centre = said.mean(axis=0)
    return {
        "candidate_id": f"NEW-{blake2b(group.founder.encode(), digest_size=6).hexdigest()}",
        "state": state,
        "first_at": group.first_at,
        "last_at": last,
        "known_at": group.known_at,
        "tickets": mine.height,
        "customers": len(group.joined),
        "coherence": float((said @ centre).mean() / max(float(np.linalg.norm(centre)), 1e-12)),
        "growth_p": group.p,
        "nearest_issue": like.issue_id,
        "likeness": like.cosine,
        "ticket_ids": mine["ticket_id"].reverse().head(MOST_TICKETS).to_list(),
    }
