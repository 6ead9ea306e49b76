"""The review queue as people see it: what the lake asks, without what was answered since."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
import polars as pl
from msgspec import Meta

from operations.audit import Audited, beside
from operations.entries import Entry, Receipt, digest_of
from operations.events import CATALOGUE, Actor, EventsRefused, Fault, envelope
from operations.inbox import Inbox
from service.statements import LabelStatement, Last
from warehouse.contracts import search, silver
from warehouse.contracts.review import QUEUE
from warehouse.errors import NotMaterialized, TicketlakeError
from warehouse.payloads import Name, ReviewSkipped, Text
from warehouse.reading import Tables

Reason = Literal["uncertain", "disagreement", "random"]
VOICES = {"random": 2}
"""People who are asked the same, by reason; one where nothing is said."""
WHY = {
    "uncertain": "the model doubts: another label was nearly as likely; many tickets are like it, or errors cost much",
    "disagreement": "the models that vote on it do not agree",
    "random": "drawn at random, so that quality is known without bias; two people are asked",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question: is `label` right for this field of this ticket? `title` is the redacted subject,
    `rival` what is likeliest if not.

    `recorded` is what the ticket says now, null where it says nothing; `score` is doubt (or disagreement) times density
    times cost.
    """

    review_id: str
    ticket_id: str
    title: str | None
    field: str
    target: str
    label: str
    rival: str | None
    confidence: float
    recorded: str | None
    reason: Reason
    why: str
    rank: int
    score: float
    uncertainty: float
    disagreement: float | None
    density: float
    cost: float
    model: str
    created_at: datetime


class ReviewDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`confirm`: the label that was asked about is right; `correct`: `value` is; `skip`: one cannot tell."""

    verdict: Literal["correct", "confirm", "skip"]
    actor: Actor
    value: Name | None = None
    reason: Annotated[Text | None, Meta(description="Why, in a few words")] = None

    def __post_init__(self) -> None:
        """A value with a correction, and only there."""
        if (self.verdict == "correct") != (self.value is not None):
            raise ValueError("expected a value with a correction, and only there")


class UnknownReview(TicketlakeError):
    """The queue has no such entry."""


def listed(
    lake: Tables, inbox: Inbox | None, *, target: str | None, reason: Reason | None, actor: str | None, limit: int
) -> list[Asked]:
    """The first entries of the queue that are still open; for an `actor`, those that this person may answer.

    Raises `NotMaterialized`.
    """
    rows = lake.scan(QUEUE).filter(*_named(target=target, reason=reason)).sort("rank", "field").collect()
    said = _said(inbox, rows["ticket_id"]) if inbox is not None else {}
    open_ = [_open(said, row, actor) for row in rows.select("review_id", "ticket_id", "field", "reason").iter_rows()]
    return _asked(lake, rows.filter(pl.Series(open_, dtype=pl.Boolean)).head(limit))


def decide(
    lake: Tables,
    inbox: Inbox,
    review_id: str,
    decision: ReviewDecision,
    *,
    key: str | None,
    now: datetime,
    told: Audited,
) -> Receipt:
    """Append what somebody decided about an entry, and `told`: who changed it.

    Raises `UnknownReview`, `EventsRefused`, `Conflict`.
    """
    rows = lake.scan(QUEUE).filter(review_id=review_id).collect() if lake.exists(QUEUE) else pl.DataFrame()
    if rows.is_empty():
        raise UnknownReview(f"the review queue has no entry {review_id!r}: it was settled, or a newer model was asked")
    (asked,) = _asked(lake, rows)
    if decision.verdict == "skip":
        said = digest_of(msgspec.json.encode((review_id, decision)))
        made = envelope(
            ReviewSkipped(review_id=review_id, reason=decision.reason),
            actor=decision.actor,
            key=key or f"review:{said}",
            event_time=now,
            received_time=now,
            ticket_id=asked.ticket_id,
        )
        return _append(inbox, msgspec.structs.replace(made.entry(), digest=said), told)
    value = decision.value or asked.label
    corrected = value != asked.label or (asked.recorded is not None and asked.recorded != value)
    try:
        statement = LabelStatement(
            ticket_id=asked.ticket_id,
            actor=decision.actor,
            verdict="corrected" if corrected else "confirmed",
            field=asked.field,  # type: ignore[arg-type]
            value=value,
            previous=asked.recorded if corrected else None,
            review_id=review_id,
            reason=decision.reason if corrected else None,
        )
    except ValueError as error:
        raise EventsRefused([Fault("$.value", str(error))]) from None
    return _append(inbox, Last(inbox, [asked.ticket_id]).entry(statement, key, now), told)


def _append(inbox: Inbox, entry: Entry, told: Audited) -> Receipt:
    (receipt,) = inbox.append([entry], beside({entry.idempotency_key: told}))
    return receipt


def _named(**wanted: str | None) -> list[pl.Expr]:
    found = [pl.col(name) == value for name, value in wanted.items() if value is not None]
    return found or [pl.lit(True)]


def _said(inbox: Inbox, tickets: Sequence[str] | pl.Series) -> dict[tuple[str, str], set[str]]:
    """Who said something of a ticket's field, or skipped an entry, by ticket and field or entry."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in inbox.for_tickets(sorted(set(tickets))):
        if row.kind == "event":
            event = CATALOGUE.read(row.body)
            if event.actor.kind != "system" and event.type in ("LabelCorrected", "LabelConfirmed"):
                found.setdefault((event.ticket_id, event.payload.field), set()).add(event.actor.id)
            elif event.type == "ReviewSkipped":
                found.setdefault(("skipped", event.payload.review_id), set()).add(event.actor.id)
    return found


def _open(said: dict[tuple[str, str], set[str]], row: tuple[str, ...], actor: str | None) -> bool:
    review_id, ticket_id, field, reason = row
    settled, skipped = said.get((ticket_id, field), set()), said.get(("skipped", review_id), set())
    if actor is None:
        return not settled and not skipped
    return len(settled) < VOICES.get(reason, 1) and actor not in settled | skipped


def _asked(lake: Tables, rows: pl.DataFrame) -> list[Asked]:
    recorded, titles = _recorded(lake, rows), _titles(lake, rows)
    return [
        msgspec.convert(
            {
                **row,
                "title": titles.get(row["ticket_id"]),
                "recorded": recorded.get((row["ticket_id"], row["field"])),
                "why": WHY[row["reason"]],
            },
            Asked,
        )
        for row in rows.iter_rows(named=True)
    ]


def _recorded(lake: Tables, rows: pl.DataFrame) -> dict[tuple[str, str], str]:
    fields = rows["field"].unique().to_list()
    if not fields or not lake.exists(silver.TICKETS):
        return {}
    mine = pl.col("ticket_id").is_in(rows["ticket_id"].implode())
    known = lake.scan(silver.TICKETS).filter(mine).select("ticket_id", *fields).collect()
    flags = {True: "yes", False: "no"}
    return {
        (row["ticket_id"], field): flags.get(row[field], row[field]) if isinstance(row[field], bool) else row[field]
        for row in known.iter_rows(named=True)
        for field in fields
        if row[field] is not None
    }


def _titles(lake: Tables, rows: pl.DataFrame) -> dict[str, str]:
    try:
        known = lake.scan(search.PROBLEMS)
    except NotMaterialized:
        return {}
    mine = pl.col("ticket_id").is_in(rows["ticket_id"].implode())
    return dict(known.filter(mine).select("ticket_id", "title").collect().iter_rows())
