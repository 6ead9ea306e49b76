"""Issues: groups of tickets with one cause, whose ids keep their meaning as tickets arrive.

Tickets are joined to those that are most alike, where both agree (mutual nearest neighbours), and to those that agents
linked; dense groups of that graph are issues. A new ticket joins the issue that most of its nearest neighbours belong
to; those that none wants are grouped among themselves.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.graph.communities import communities
from ml.graph.likeness import Indices, Profiles

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NEIGHBOURS = 15
FINEST = 10.0
"""Resolution of many tickets; of fewer it is less, so that an issue has some tens of them on average."""
TICKETS_PER_RESOLUTION = 1_200
LEAST = 3
"""Tickets that make an issue; fewer are none yet."""
SHARE = 0.2
"""Of its neighbours' likeness that an issue needs to win a ticket."""
STRANGE = 0.005
"""Share of tickets with an issue that are less like any other; what is less like still belongs to none of them."""
SAMPLE = 500
"""Tickets that tell how alike is usual."""
LINK = 1.0
"""What a link by agents weighs, beside a likeness."""
SEED = 0
NONE = -1
Labels = NDArray[np.int64]


def clustered(profiles: Profiles, links: Indices) -> Labels:
    """An issue for each ticket, (n,), from 0; `NONE` where it belongs to none. `links` are pairs of places, (m, 2)."""
    everything = np.arange(len(profiles), dtype=np.int64)
    graph = _graph(profiles, everything, links)
    return _settled(profiles, _groups(graph))


def extended(profiles: Profiles, labels: Labels, links: Indices) -> Labels:
    """`labels` with those that were `NONE` assigned to an issue, or to a new one; nothing else moves.

    Costs what is unassigned times all.
    """
    found = _voted(profiles, labels)
    rest = np.flatnonzero(found == NONE)
    if len(rest) >= LEAST:
        inverse = np.full(len(profiles), NONE, dtype=np.int64)
        inverse[rest] = np.arange(len(rest))
        among = inverse[links].reshape(-1, 2)
        among = among[(among != NONE).all(axis=1)]
        own = _sized(_groups(_graph(profiles, rest, among)))
        base = int(found.max(initial=NONE)) + 1
        found[rest] = np.where(own == NONE, NONE, own + base)
    return found


def pairs(problems: pl.DataFrame, links: pl.DataFrame) -> Indices:
    """Places in `problems`, (m, 2), of what agents linked: ticket_id, related_tickets (lists)."""
    places = problems.select("ticket_id").with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    flat = links.select("ticket_id", other="related_tickets").explode("other").drop_nulls()
    found = flat.join(places, on="ticket_id").join(places, left_on="other", right_on="ticket_id", suffix="_other")
    return found.filter(pl.col("place") != pl.col("place_other")).select("place", "place_other").to_numpy()


def named(tickets: pl.Series, labels: Labels, before: Mapping[str, str]) -> dict[int, str]:
    """An id for each label: that of the issue before which it shares most with (Jaccard), or of its first ticket.

    `tickets` are ids in the order of opening; `before` maps those that had an issue to its id.
    """
    table = pl.DataFrame({"ticket_id": tickets, "label": labels}).filter(pl.col("label") != NONE)
    past = pl.DataFrame({"ticket_id": list(before), "old": list(before.values())}, schema=_PAST)
    both = table.join(past, on="ticket_id").group_by("label", "old").len("shared")
    sizes = table.group_by("label").len("size")
    old = past.group_by("old").len("old_size")
    ranked = (
        both.join(sizes, on="label")
        .join(old, on="old")
        .with_columns(overlap=pl.col("shared") / (pl.col("size") + pl.col("old_size") - pl.col("shared")))
        .sort("overlap", "shared", "old", descending=[True, True, False])
    )
    names: dict[int, str] = {}
    taken: set[str] = set()
    for label, known in ranked.select("label", "old").iter_rows():
        if label not in names and known not in taken:
            names[label] = known
            taken.add(known)
    taken.update(before.values())
    for label, members in table.group_by("label", maintain_order=True).agg("ticket_id").iter_rows():
        if label not in names:
            names[label] = next(name for name in map(issue_id, members) if name not in taken)
            taken.add(names[label])
    return names


def issue_id(ticket_id: str) -> str:
    """The id of an issue that begins with this ticket."""
    return f"ISS-{blake2b(ticket_id.encode(), digest_size=6).hexdigest()}"


def changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What became of issues between two states of `graph/issue_members`: rows of `graph/issue_changes`, without `at`.

    A new id is split off the issue that at least half of its tickets were in, else opened; an id that is gone was
    merged into the one that has most of its tickets now, into `` where it has none left.
    """
    old, new = (rows.select("ticket_id", "issue_id") for rows in (before, after))
    sizes = new.group_by("issue_id").len("tickets")
    moved = new.join(old, on="ticket_id", suffix="_old").group_by("issue_id", "issue_id_old").len("shared")
    begun = sizes.join(old, on="issue_id", how="anti")
    origin = moved.sort("shared", "issue_id_old", descending=[True, False]).unique("issue_id", keep="first")
    begun = begun.join(origin, on="issue_id", how="left").with_columns(
        split=(pl.col("shared") * 2 >= pl.col("tickets")).fill_null(False)
    )
    started = begun.select(
        "issue_id",
        change=pl.when("split").then(pl.lit("split")).otherwise(pl.lit("opened")),
        other=pl.when("split").then(pl.col("issue_id_old")).otherwise(pl.lit("")),
        tickets=pl.col("tickets").cast(pl.Int64),
    )
    gone = old.group_by("issue_id").len("tickets").join(new, on="issue_id", how="anti")
    heir = moved.sort("shared", "issue_id", descending=[True, False]).unique("issue_id_old", keep="first")
    ended = gone.join(heir, left_on="issue_id", right_on="issue_id_old", how="left", suffix="_new").select(
        "issue_id",
        change=pl.lit("merged"),
        other=pl.col("issue_id_new").fill_null(""),
        tickets=pl.col("tickets").cast(pl.Int64),
    )
    return pl.concat([started, ended]).sort("issue_id", "change")


_PAST = {"ticket_id": pl.String, "old": pl.String}


def _graph(profiles: Profiles, rows: Indices, links: Indices) -> "csr_matrix":
    """Mutual nearest neighbours among `rows`, and links (places in `rows`); symmetric, weights above 0."""
    from scipy.sparse import csr_matrix

    size = len(rows)
    parts = [(np.repeat(at, top.shape[1]), top.ravel(), near.ravel()) for at, top, near in _around(profiles, rows)]
    empty = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    heads, tails, near = (np.concatenate([part[i] for part in [empty, *parts]]) for i in range(3))
    kept = near > 0
    directed = csr_matrix((near[kept], (heads[kept], tails[kept])), shape=(size, size))
    mutual = directed.minimum(directed.T)
    linked = csr_matrix((np.full(len(links), LINK), (links[:, 0], links[:, 1])), shape=(size, size))
    return csr_matrix(mutual + linked.maximum(linked.T))


def _groups(graph: "csr_matrix") -> Labels:
    return communities(graph, min(FINEST, max(1.0, graph.shape[0] / TICKETS_PER_RESOLUTION)), seed=SEED)


def _around(profiles: Profiles, rows: Indices) -> list[tuple[Indices, Indices, NDArray[np.float32]]]:
    return list(profiles.nearest(rows, rows, NEIGHBOURS))


def _settled(profiles: Profiles, labels: Labels) -> Labels:
    """Groups that are too small are dissolved; their tickets go where their neighbours are."""
    return _voted(profiles, _sized(labels))


def _sized(labels: Labels) -> Labels:
    groups, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    kept = counts >= LEAST
    numbers = np.where(kept, np.cumsum(kept) - 1, NONE)
    sized: Labels = numbers[inverse] if len(groups) else labels
    return sized


def _voted(profiles: Profiles, labels: Labels) -> Labels:
    """Tickets without an issue join the one with the largest share of their neighbours' likeness, if it suffices."""
    found = labels.copy()
    members, rest = np.flatnonzero(labels != NONE), np.flatnonzero(labels == NONE)
    usual = _usual(profiles, members) if len(rest) else 0.0
    for at, top, near in profiles.nearest(rest, members, NEIGHBOURS):
        votes = pl.DataFrame(
            {
                "row": np.repeat(rest[at], top.shape[1]),
                "label": labels[members[top]].ravel(),
                "near": np.maximum(near, 0).ravel(),
            }
        )
        shares = votes.group_by("row", "label").agg(pl.col("near").sum())
        shares = shares.with_columns(share=pl.col("near") / pl.col("near").sum().over("row"))
        won = shares.sort("share", "label", descending=[True, False]).unique("row", keep="first")
        alike = pl.Series(near.max(axis=1) >= usual)
        won = won.filter(pl.col("share") >= SHARE, pl.col("row").is_in(pl.Series(rest[at]).filter(alike).implode()))
        found[won["row"].to_numpy()] = won["label"].to_numpy()
    return found


def _usual(profiles: Profiles, members: Indices) -> float:
    """The likeness to its nearest neighbour that all but a few tickets with an issue have."""
    some = members[:: max(1, len(members) // SAMPLE)]
    nearest = [near.max(axis=1) for _, _, near in profiles.nearest(some, members, 1)]
    return float(np.quantile(np.concatenate(nearest), STRANGE)) if nearest else 0.0


def kept(tickets: pl.Series, before: pl.DataFrame) -> Labels:
    """The labels of tickets that had an issue before, `NONE` for others; `before` is `graph/issue_members`."""
    known = before.select("ticket_id", label=pl.col("issue_id").rank("dense").cast(pl.Int64) - 1)
    found = tickets.to_frame("ticket_id").join(known, on="ticket_id", how="left", maintain_order="left")
    labels: Labels = found["label"].fill_null(NONE).to_numpy().copy()
    return labels


def members(problems: pl.DataFrame, labels: Labels, names: Mapping[int, str]) -> pl.DataFrame:
    """Rows of `graph/issue_members`, of tickets that belong to one."""
    ids = pl.Series([names.get(label) for label in labels.tolist()], dtype=pl.String)
    return problems.select("ticket_id", issue_id=ids, since="created_at").drop_nulls("issue_id")
