"""Writing down what was searched and found, without what names a person; no search waits for it to succeed."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from math import isfinite
from typing import Any

import msgspec
import polars as pl

from ml.retrieve import redacted as redaction
from ml.retrieve.found import Found
from ml.text.clean import clean
from ml.text.vectors import text_hash
from operations.entries import Entry
from operations.inbox import Inbox
from warehouse.errors import StoreUnavailable
from warehouse.payloads import EVERY
from warehouse.search_made import MOST_THINGS, SOUGHT, Asked, SearchMade, Thing, ThingKind

_SYSTEM = re.compile(
    r"[A-Za-z]|(?:(?:agent|user|session|bot|client|team|[A-Za-z]{1,3})[-_:#])?[0-9]{1,6}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
"""Identifiers that systems give: letters and a number, or a UUID."""
LONGEST = 20_000
"""Characters of a question that are kept: what comes after them tells questions apart no better."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What someone asked. `text` is as it was written; without a ticket, `ticket_id` is `*`."""

    kind: Asked
    text: str
    k: int
    ticket_id: str = EVERY
    filters: Mapping[str, Any] = {}
    session: str | None = None
    asker: str | None = None


def record_search(inbox: Inbox | None, made: SearchMade) -> bool:
    """Whether it is durable; False where the store does not answer (or there is none), which harms no search."""
    if inbox is None:
        return False
    try:
        inbox.append([entry(made)])
    except StoreUnavailable:
        return False
    return True


def search_made(
    question: Question,
    found: Found,
    *,
    search_id: str,
    made_at: datetime,
    latency_ms: float,
    enough: float | None = None,
    reply: Thing | None = None,
) -> SearchMade:
    """A search as it may be written down.

    `enough` is the score from which this release trusts a result, `reply` an answer that was composed. Of `search_id`
    and a found id the suggestion's id is made: `warehouse.search_made.suggestion_id`.
    """
    kept = found.read or redacted(question.text)
    return SearchMade(
        search_id=search_id,
        kind=question.kind,
        made_at=made_at,
        ticket_id=question.ticket_id,
        text=kept,
        text_hash=text_hash(pl.Series([kept])).item(),
        filters={name: _without_people(value) for name, value in question.filters.items()},
        k=question.k,
        used=found.used,
        missing=sorted(found.missing),
        found=[*things(found), *([reply] if reply else [])],
        returned=len(_ids(found)[SOUGHT[question.kind]]) or int(reply is not None),
        enough=enough,
        release=found.release or None,
        session=whose(question.session),
        asker=whose(question.asker),
        latency_ms=latency_ms,
    )


def entry(made: SearchMade) -> Entry:
    """The inbox entry of a search."""
    return Entry(
        kind="search",
        idempotency_key=key(made.search_id),
        ticket_id=made.ticket_id,
        body=msgspec.json.encode(made).decode(),
        received_at=made.made_at,
    )


def key(search_id: str) -> str:
    """The inbox's key of a search."""
    return f"search:{search_id}"


def redacted(text: str) -> str:
    """A question as it may be kept: what it says, without greeting and signature, and without what identifies."""
    written = pl.Series([text[:LONGEST]], dtype=pl.String)
    known = redaction.parts(redaction.people(written)[0])
    return str(redaction.redacted(clean(written), [known]).item())


def whose(given: str | None) -> str | None:
    """Who asked, or in which session, as it may be kept: an identifier of a system as it is, all else by its digest.

    One person's searches have one digest in either case (BLAKE2b, 64 bit).
    """
    if given is None or not given.strip() or _SYSTEM.fullmatch(given):
        return given
    return f"person-{blake2b(given.strip().casefold().encode(), digest_size=8).hexdigest()}"


def things(found: Found) -> list[Thing]:
    """The ten best of each kind."""
    return [
        Thing(kind=kind, id=id_, rank=rank, score=score if isfinite(score) else None)
        for kind, results in _ids(found).items()
        for rank, (id_, score) in enumerate(results[:MOST_THINGS], 1)
    ]


def _ids(found: Found) -> dict[ThingKind, Sequence[tuple[str, float]]]:
    return {
        "solution": [(one.solution_id, one.score) for one in found.solutions],
        "article": [(one.article_id, one.score) for one in found.articles],
        "ticket": [(one.ticket_id, one.score) for one in found.tickets],
    }


def _without_people(value: Any) -> Any:
    """A filter's value: people type them, too."""
    if isinstance(value, str):
        text = pl.Series([value], dtype=pl.String)
        return redaction.redacted(text, [redaction.parts(redaction.people(text)[0])]).item()
    if isinstance(value, Mapping):
        return {name: _without_people(inner) for name, inner in value.items()}
    return [_without_people(inner) for inner in value] if isinstance(value, list | tuple | set | frozenset) else value
