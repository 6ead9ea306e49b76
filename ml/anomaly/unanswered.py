"""Unanswered questions: topics that people search for and are not helped with, more often than is usual here.

Searches that mean one thing are grouped as they come. A search failed where nothing was found, or nothing that the
release trusts, where what was suggested was refused, or where the same person soon asked it in other words. Of the
people who asked, how many fail by chance is beta-binomial, with the failures of all other searches so far as prior. A
topic of failures that was never asked before and that no ticket is about is told of as soon as it grows beyond chance:
people search before they write.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.anomaly import naming
from ml.anomaly.grouping import Groups
from ml.anomaly.novel import chance
from ml.anomaly.signals import MOST_TICKETS, grouped
from warehouse.contracts.anomalies import UNANSWERED

JOIN = 0.55
"""Cosine with a topic's centre from which a search asks the same."""
ALIKE = 0.5
"""Cosine from which a ticket says what a topic asks."""
WINDOW: Final = timedelta(days=14)
SOON = timedelta(minutes=10)
"""After a search, for so long another one of the same person in other words is the same question asked again."""
BY_CHANCE = 1e-3
LEAST_ASKERS: Final = 3
MOST_EXAMPLES = 10
READ = ("search_id", "asked_at", "asker", "session", "text", "text_hash", "no_result", "low_score", "refused",
        "accepted", "helped", "rephrased")  # fmt: skip
"""Columns of `silver/search_events` that are read."""
TOLD: tuple[str, ...] = ()
"""Columns of tickets that `told` needs."""
Vectors = NDArray[np.float32]


@dataclass
class Topic:
    """Searches alike, as rows of the frame that they came from."""

    first_at: datetime
    before: int
    """Searches that were made before."""
    rows: list[int] = field(default_factory=list)
    askers: dict[str, bool] = field(default_factory=dict)
    """Whether each who asked was failed."""
    failed: dict[str, int] = field(default_factory=dict)
    """By asker, how many searches had been made when the asker was first failed."""
    p: float = 1.0
    known_at: datetime | None = None


@dataclass(frozen=True)
class Tickets:
    """Tickets in the order of opening, with vectors in the space of the searches, (n, d), of unit length."""

    created_at: pl.Series
    vectors: Vectors

    def alike(self, centre: NDArray[np.float32], since: datetime, until: datetime) -> int:
        """How many opened in that time say what is asked."""
        first = int(self.created_at.search_sorted(since, "left"))
        last = int(self.created_at.search_sorted(until, "right"))
        return int((self.vectors[first:last] @ centre >= ALIKE).sum())


def unanswered(searches: pl.DataFrame, vectors: Vectors, tickets: Tickets) -> pl.DataFrame:
    """Rows of `anomalies/unanswered`, one a topic that failed enough people.

    `searches` (`READ`) by asked_at and search_id, `vectors` (n, d) theirs, of unit length.
    """
    if searches.is_empty():
        return pl.DataFrame(schema=UNANSWERED.schema)
    judged = failures(searches, vectors)
    found = [topic for topic in _topics(judged, vectors, tickets) if len(topic.failed) >= LEAST_ASKERS]
    if not found:
        return pl.DataFrame(schema=UNANSWERED.schema)
    placed = np.full(judged.height, -1)
    for number, topic in enumerate(found):
        placed[topic.rows] = number
    grouped = judged.with_columns(group=pl.Series(placed)).with_columns(pl.when(pl.col("group") >= 0).then("group"))
    named = naming.terms(grouped.select("group", "owner", "text"))
    made = pl.DataFrame(
        [_row(number, topic, judged, vectors, tickets) for number, topic in enumerate(found)],
        schema_overrides={"known_at": pl.Datetime("us", "UTC")},
    )
    joined = made.join(named, on="group", how="left").with_columns(pl.col("terms").fill_null([]))
    called = pl.when(pl.col("terms").list.len() > 0).then(naming.name()).otherwise("topic_id")
    joined = joined.with_columns(name=called)
    return joined.select(pl.col(name).cast(dtype) for name, dtype in UNANSWERED.schema.items()).sort("topic_id")


def failures(searches: pl.DataFrame, vectors: Vectors) -> pl.DataFrame:
    """The searches with `owner` (who asked; of nobody known, the search), and whether they `missed` (found too
    little), were `put_aside`, `again` (asked again in other words), and `failed` in any of these ways."""
    owned = searches.with_columns(owner=pl.coalesce("asker", "session", "search_id"))
    order = owned.with_row_index("row").sort("owner", "asked_at", "search_id")
    later = order.select("row", "owner", "asked_at", "text_hash", nxt=pl.col("row").shift(-1).over("owner"),
                         gap=pl.col("asked_at").shift(-1).over("owner") - pl.col("asked_at"),
                         other=pl.col("text_hash").shift(-1).over("owner")).drop_nulls("nxt")  # fmt: skip
    near = (vectors[later["row"].to_numpy()] * vectors[later["nxt"].to_numpy()]).sum(axis=1) >= JOIN
    asked = later.filter(pl.Series(near) & (pl.col("gap") <= SOON) & (pl.col("other") != pl.col("text_hash")))
    again = np.zeros(searches.height, dtype=bool)
    again[asked["row"].to_numpy()] = True
    return owned.with_columns(
        missed=pl.col("no_result") | pl.col("low_score").fill_null(False),
        put_aside=((pl.col("refused") > 0) & (pl.col("accepted") == 0)) | ~pl.col("helped").fill_null(True),
        again=pl.col("rephrased") | pl.Series(again),
    ).with_columns(failed=pl.col("missed") | pl.col("put_aside") | pl.col("again"))


def told(changed: pl.DataFrame, tickets: pl.DataFrame | None = None) -> pl.DataFrame:
    """Signals of topics that were found worth telling."""
    return grouped(
        changed.filter(pl.col("known_at").is_not_null()).with_columns(
            kind=pl.lit("unanswered"),
            dimension=pl.lit("topic"),
            series="topic_id",
            name=pl.format("Unanswered: {}", "name"),
            observed=pl.col("failed").cast(pl.Float64),
            entities=pl.lit([], pl.List(pl.String)),
            ticket_ids=pl.lit([], pl.List(pl.String)),
        )
    )


def _topics(judged: pl.DataFrame, vectors: Vectors, tickets: Tickets) -> list[Topic]:
    places, found = Groups(vectors.shape[1], join=JOIN, window=WINDOW), dict[int, Topic]()
    asked, failed = 0, 0
    for row, (at, owner, bad) in enumerate(judged.select("asked_at", "owner", "failed").iter_rows()):
        number = places.place(vectors[row], at, owner)
        topic = found.setdefault(number, Topic(at, row))
        topic.rows.append(row)
        asked, failed = asked + 1, failed + bad
        new = bad and owner not in topic.failed
        topic.askers[owner] = topic.askers.get(owner, False) or bad
        if not new:
            continue
        topic.failed[owner] = row + 1
        if len(topic.failed) >= LEAST_ASKERS:
            own = judged[topic.rows]["failed"]
            _weigh(topic, asked - len(own), failed - int(own.sum()))
            unseen = tickets.alike(places.centre(number), topic.first_at - WINDOW, at) == 0
            early = _growth(topic, row + 1) if unseen else 1.0
            topic.p = min(topic.p, early)
            if topic.known_at is None and topic.p <= BY_CHANCE:
                topic.known_at = at
    return list(found.values())


def _weigh(topic: Topic, others: int, failed: int) -> None:
    from scipy.stats import betabinom

    tail = betabinom.sf(len(topic.failed) - 1, len(topic.askers), failed + 0.5, others - failed + 0.5)
    topic.p = min(topic.p, float(tail))


def _growth(topic: Topic, made: int) -> float:
    """Probability of so many failed people on a topic that nobody asked about before it began."""
    return chance(np.array(list(topic.failed.values())), made, topic.before, 0) if topic.before else 1.0


def _row(number: int, topic: Topic, judged: pl.DataFrame, vectors: Vectors, tickets: Tickets) -> dict[str, object]:
    own = judged[topic.rows]
    centre = vectors[topic.rows].mean(axis=0)
    last = own["asked_at"][-1]
    named = own.filter(pl.col("asker").is_not_null() | pl.col("session").is_not_null())
    return {
        "group": number,
        "topic_id": f"TOP-{blake2b(own['search_id'][0].encode(), digest_size=6).hexdigest()}",
        "first_at": topic.first_at,
        "last_at": last,
        "known_at": topic.known_at,
        "searches": own.height,
        "askers": named["owner"].n_unique(),
        "failed": int(own["missed"].sum()),
        "refused": int(own["put_aside"].sum()),
        "rephrased": int(own["again"].sum()),
        "tickets": tickets.alike(centre / max(float(np.linalg.norm(centre)), 1e-12), topic.first_at - WINDOW, last),
        "p": topic.p,
        "examples": own["text"].unique(maintain_order=True).reverse().head(MOST_EXAMPLES).to_list(),
        "search_ids": own["search_id"].reverse().head(MOST_TICKETS).to_list(),
    }
