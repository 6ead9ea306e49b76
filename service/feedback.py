"""What people did with suggestions, and what they say of tickets, as events: all or none."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from operations.entries import Entry, Receipt, digest_of, fault_of_name
from operations.events import Actor, EventsRefused, Fault, Instant, envelope
from operations.inbox import Inbox
from service.searches import key as key_of_search
from service.statements import Last, Statement
from service.statements import fault as fault_of_statement
from warehouse.errors import TicketlakeError
from warehouse.payloads import (
    Name,
    Payload,
    SuggestionAccepted,
    SuggestionJudged,
    SuggestionRefused,
    SuggestionShown,
    Text,
)
from warehouse.search_made import MOST_THINGS, SearchMade, Thing, parts, suggestion_id
from warehouse.times import AHEAD_OF_US

Outcome = Literal["shown", "accepted", "edited", "refused", "helped", "not_helped"]
_searches = msgspec.json.Decoder(SearchMade)


class SuggestionOutcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What became of one suggestion: `search_id` and `target_id`, or the `suggestion_id` that is made of both.

    `edited`: it was used with changes; `helped` and `not_helped`: how it turned out. Without `event_time` it happened
    now.
    """

    outcome: Outcome
    actor: Actor
    search_id: Name | None = None
    target_id: Name | None = None
    suggestion_id: Name | None = None
    event_time: Instant | None = None
    text: Annotated[Text | None, Meta(description="Why, in a few words")] = None
    idempotency_key: Name | None = None

    def __post_init__(self) -> None:
        """Either way of naming it, not both."""
        if (self.suggestion_id is None) == (self.search_id is None or self.target_id is None):
            raise ValueError("expected a suggestion_id, or a search_id and a target_id")
        if self.suggestion_id is not None and (self.search_id or self.target_id):
            raise ValueError("expected a suggestion_id, or a search_id and a target_id, found both")

    @property
    def named(self) -> tuple[str, str]:
        """The search and the thing it found."""
        return parts(self.suggestion_id) if self.suggestion_id else (self.search_id or "", self.target_id or "")


class UnknownSearch(TicketlakeError):
    """Outcomes of searches that were never written down; `faults` name them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("no search of that id is known: take it from the search's answer, if that says `recorded`")
        self.faults = tuple(faults)


Feedback = SuggestionOutcome | Statement


def take_outcomes(
    inbox: Inbox, sent: Sequence[Feedback], places: Sequence[str], keys: Sequence[str | None], now: datetime
) -> list[Receipt]:
    """Append the events of this feedback in one transaction, one receipt each.

    Of whatever was used or put aside somebody has seen it, so that is written, too, once. `keys` stand for those that
    feedback does not bring; without any, the same again is a repetition. Raises `UnknownSearch`, `EventsRefused`,
    `Conflict`.
    """
    outcomes = [(one, at) for one, at in zip(sent, places, strict=True) if isinstance(one, SuggestionOutcome)]
    searches = _known(inbox, {one.named[0] for one, _ in outcomes})
    unknown = [
        Fault(f"{at}.{'suggestion_id' if one.suggestion_id else 'search_id'}", "no search of that id is known")
        for one, at in outcomes
        if one.named[0] not in searches
    ]
    if unknown:
        raise UnknownSearch(unknown)
    faults = [
        _fault(one, searches[one.named[0]], at, now)
        if isinstance(one, SuggestionOutcome)
        else fault_of_statement(one, at, now)
        for one, at in zip(sent, places, strict=True)
    ]
    if found := [fault for fault in faults if fault is not None]:
        raise EventsRefused(found)
    last = Last(inbox, (one.ticket_id for one in sent if not isinstance(one, SuggestionOutcome)))
    entries: list[Entry] = []
    own = []
    for one, key in zip(sent, keys, strict=True):
        mine = one.idempotency_key or key
        if isinstance(one, SuggestionOutcome):
            implied, entry = _entries(one, searches[one.named[0]], mine, now)
            entries += [*implied, entry]
        else:
            entries.append(last.entry(one, mine, now))
        own.append(len(entries) - 1)
    receipts = inbox.append(entries)
    return [receipts[index] for index in own]


def _known(inbox: Inbox, search_ids: set[str]) -> Mapping[str, SearchMade]:
    """The searches of these ids; a name that is none is not asked for."""
    keys = [key_of_search(search_id) for search_id in search_ids if search_id]
    rows = inbox.with_keys(keys)
    found = [_searches.decode(row.body) for row in rows.values() if row.kind == "search"]
    return {search.search_id: search for search in found}


def _fault(one: SuggestionOutcome, search: SearchMade, at: str, now: datetime) -> Fault | None:
    search_id, target_id = one.named
    named = f"{at}.{'suggestion_id' if one.suggestion_id else 'target_id'}"
    fault = fault_of_name(suggestion_id(search_id, target_id))
    if fault or not target_id:
        return Fault(named, fault or "names a search, but nothing that it found")
    if _thing(search, target_id) is None:
        return Fault(named, f"search {search_id} found no {target_id!r} among its {MOST_THINGS} best of a kind")
    if one.event_time is not None and not search.made_at - AHEAD_OF_US <= one.event_time <= now + AHEAD_OF_US:
        return Fault(f"{at}.event_time", f"expected a time that is past, and not before {search.made_at.isoformat()}")
    return None


def _thing(search: SearchMade, target_id: str) -> Thing | None:
    return next((thing for thing in search.found if thing.id == target_id), None)


def _entries(one: SuggestionOutcome, search: SearchMade, key: str | None, now: datetime) -> tuple[list[Entry], Entry]:
    """What the outcome implies, and the outcome itself."""
    search_id, target_id = one.named
    suggestion = suggestion_id(search_id, target_id)
    thing = _thing(search, target_id)
    if thing is None:
        raise ValueError(f"{suggestion} is no suggestion")
    said = digest_of(msgspec.json.encode(one))
    at = one.event_time or now

    def event(payload: Payload, key: str, digest: str) -> Entry:
        made = envelope(payload, actor=one.actor, key=key, event_time=at, received_time=now, ticket_id=search.ticket_id)
        return msgspec.structs.replace(made.entry(), digest=digest)

    shown = SuggestionShown(
        suggestion_id=suggestion,
        kind=thing.kind,
        target_id=target_id,
        rank=thing.rank,
        score=thing.score,
        release=search.release,
    )
    payload = _payload(one, shown)
    implied = [] if payload is shown else [event(shown, _key("shown", suggestion), digest_of(suggestion.encode()))]
    return implied, event(payload, key or _key(one.outcome, said), said)


def _payload(one: SuggestionOutcome, shown: SuggestionShown) -> Payload:
    suggestion = shown.suggestion_id
    match one.outcome:
        case "shown":
            return shown
        case "accepted" | "edited":
            return SuggestionAccepted(suggestion_id=suggestion, edited=one.outcome == "edited")
        case "refused":
            return SuggestionRefused(suggestion_id=suggestion, reason=one.text)
        case _:
            return SuggestionJudged(suggestion_id=suggestion, helpful=one.outcome == "helped", text=one.text)


def _key(*said: str) -> str:
    return f"feedback:{digest_of('/'.join(said).encode())}"
