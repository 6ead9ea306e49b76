"""A search as it is written down: what was asked, without what names a person, and what was found.

Whoever is erased later is taken out of what other people's searches found.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from warehouse.payloads import EVERY
from warehouse.tombstones import ERASED, Tombstones

Asked = Literal["solutions", "answers", "similar"]
ThingKind = Literal["solution", "article", "ticket", "reply"]
SOUGHT: dict[Asked, ThingKind] = {"solutions": "solution", "answers": "solution", "similar": "ticket"}
"""What a search is for: without one of these it found nothing."""
MOST_THINGS = 10
"""Of each kind, the best so many are written down."""
_BETWEEN = ":"


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found. `rank` counts from 1 among those of its kind; a `score` that is no number is null."""

    kind: ThingKind
    id: str
    rank: Annotated[int, Meta(ge=1)]
    score: float | None


class SearchMade(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Someone searched. `text` is cleaned and redacted, `text_hash` names its vector in `features/embeddings`.

    `returned`: how many were found of what the search is for; `enough`: the score from which the release trusts one.
    Raises `ValueError` for a `search_id` that holds a colon: those of suggestions are made of it.
    """

    search_id: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: Asked
    made_at: Annotated[datetime, Meta(tz=True)]
    text: str
    text_hash: str
    k: int
    used: list[str]
    missing: list[str]
    found: list[Thing]
    returned: int
    latency_ms: float
    version: Literal[1] = 1
    ticket_id: str = EVERY
    filters: dict[str, Any] = {}
    enough: float | None = None
    release: str | None = None
    session: str | None = None
    asker: str | None = None

    def __post_init__(self) -> None:
        """The id must be told apart from what follows it."""
        if _BETWEEN in self.search_id:
            raise ValueError(f"expected a search_id without {_BETWEEN!r}, found {self.search_id!r}")

    @property
    def sought(self) -> list[Thing]:
        """Of what was found that which the search is for, the best first."""
        things = (thing for thing in self.found if thing.kind == SOUGHT[self.kind])
        return sorted(things, key=lambda thing: thing.rank)


_decoder = msgspec.json.Decoder(SearchMade)


def nameless(made: SearchMade, stones: Tombstones) -> SearchMade:
    """The same search; where it found a ticket that was erased since, its place says no more than that."""
    if not stones:
        return made
    found = [
        msgspec.structs.replace(one, id=ERASED) if one.kind == "ticket" and stones.has("ticket", one.id) else one
        for one in made.found
    ]
    return made if found == made.found else msgspec.structs.replace(made, found=found)


def rewritten(record: str | bytes, stones: Tombstones) -> bytes | None:
    """The record of a search without such tickets; None where it names none, or is no search."""
    try:
        made = _decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    safe = nameless(made, stones)
    return None if safe is made else msgspec.json.encode(safe)


def suggestion_id(search_id: str, target_id: str) -> str:
    """The identifier of one thing that one search suggested."""
    return f"{search_id}{_BETWEEN}{target_id}"


def parts(suggestion: str) -> tuple[str, str]:
    """The search and the thing of a suggestion; the thing is empty where it is no suggestion of a search."""
    search_id, _, target_id = suggestion.partition(_BETWEEN)
    return search_id, target_id
