"""One ticket as the console shows it: what was said, what models and searches make of it, what people did."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec
import polars as pl

from ml.retrieve.found import Found
from ml.targets import TARGETS
from operations.entries import digest_of
from operations.inbox import Inbox
from operations.predictions import Predictions
from service.console.acts import correctable
from service.said import newest
from service.searches import Question, key, record_search, search_made
from service.serving import Serving
from service.tickets import Heard, TicketState
from service.understanding import Understood
from warehouse.errors import ArtifactDamaged, NotMaterialized
from warehouse.payloads import EVERY
from warehouse.reading import Tables
from warehouse.search_made import parts

NEAR = 5
"""Solutions, articles and tickets that are shown of each."""
USED = {"SuggestionAccepted": "accepted", "SuggestionRefused": "refused", "SuggestionJudged": "judged"}


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said or done about the ticket, in the past tense."""

    at: datetime
    what: str
    who: str
    payload: Mapping[str, Any]


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who knows said of a label. `confirmed`: it was right; else it is this."""

    value: str
    who: str
    at: datetime
    confirmed: bool


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A target that can be put right: labels to choose from, and what people said of it last."""

    name: str
    choices: list[str]
    ordinal: bool
    put: Put | None
    prediction_id: str | None


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What was found for the ticket. Outcomes go to `search_id`; `outcomes` are those that were told, by thing."""

    found: Found
    search_id: str
    outcomes: Mapping[str, str]


class TicketPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one ticket. `silent` and `lost` say why models, or searches, say nothing."""

    ticket_id: str
    fields: Mapping[str, Any]
    release: str | None
    understood: Understood | None
    silent: str | None
    targets: Mapping[str, Target]
    around: Around | None
    lost: str | None
    timeline: list[Happened]


def fields_of(ticket_id: str, state: TicketState) -> dict[str, Any]:
    """What is known of the ticket: as recorded, with what the inbox heard since."""
    fields: dict[str, Any] = dict(state.recorded or {})
    for entry in state.heard:
        fields |= entry.content if entry.kind == "ticket" else {}
    return {**fields, "ticket_id": ticket_id}


@dataclass(frozen=True)
class Sources:
    """What a page is read from."""

    lake: Tables
    inbox: Inbox
    given: Predictions
    serving: Serving


def page(
    sources: Sources,
    *,
    ticket_id: str,
    state: TicketState,
    draft: pl.DataFrame | None,
    now: datetime,
) -> TicketPage:
    """The page. `draft` is the ticket as a row with the columns `READ`; None: it says nothing yet."""
    release, understood, silent, around, lost = None, None, None, None, None
    events = _events(state)
    if draft is None:
        silent = lost = "The ticket says nothing yet."
    else:
        try:
            release, (understood,) = sources.serving.understand(draft, sources.inbox)
        except (NotMaterialized, ArtifactDamaged) as error:
            silent = str(error)
        try:
            around = _around(sources, ticket_id, draft, events, now)
        except (NotMaterialized, ArtifactDamaged) as error:
            lost = str(error)
    return TicketPage(
        ticket_id=ticket_id,
        fields=fields_of(ticket_id, state),
        release=release,
        understood=understood,
        silent=silent,
        targets=_targets(sources, ticket_id, understood, events),
        around=around,
        lost=lost,
        timeline=sorted(events, key=lambda one: one.at, reverse=True),
    )


def _events(state: TicketState) -> list[Happened]:
    known = [
        Happened(
            at=one["event_time"], what=one["type"], who=one["actor_id"] or one["actor_kind"], payload=one["payload"]
        )
        for one in state.events
    ]
    heard = [found for entry in state.heard for found in _heard(entry)]
    return sorted([*known, *heard], key=lambda one: one.at)


def _heard(entry: Heard) -> Iterator[Happened]:
    if entry.kind != "event":
        return
    said = entry.content
    at = datetime.fromisoformat(said["event_time"])
    yield Happened(at=at, what=said["type"], who=said["actor"]["id"], payload=said["payload"])


def _targets(
    sources: Sources, ticket_id: str, understood: Understood | None, events: list[Happened]
) -> dict[str, Target]:
    if understood is None:
        return {}
    said = newest(sources.lake, sources.given, [ticket_id]).get(ticket_id, {})
    models = sources.serving.opened().models
    found = {}
    for target in TARGETS:
        answer = understood.targets.get(target.name)
        if answer is None or not correctable(target):
            continue
        champion = models.champions.get(target.name)
        before = said.get(target.name)
        same = before is not None and before.label == answer.label
        found[target.name] = Target(
            name=target.name,
            choices=list(target.order) or sorted(champion.classes if champion is not None else []),
            ordinal=bool(target.order),
            put=_put(events, target.column),
            prediction_id=before.prediction_id if before is not None and same else None,
        )
    return found


def _put(events: list[Happened], field: str) -> Put | None:
    mine = [one for one in events if one.what in ("LabelCorrected", "LabelConfirmed") and one.payload["field"] == field]
    if not mine:
        return None
    last = mine[-1]
    return Put(value=last.payload["value"], who=last.who, at=last.at, confirmed=last.what == "LabelConfirmed")


def _around(sources: Sources, ticket_id: str, draft: pl.DataFrame, events: list[Happened], now: datetime) -> Around:
    """What is found, written down once for as long as the same is found for the same words."""
    began = perf_counter()
    inbox, serving = sources.inbox, sources.serving
    found = serving.find(draft, inbox, None, NEAR)
    said = str(draft.select(pl.concat_str(["subject", "description"], separator="\n", ignore_nulls=True)).item())
    ids = [*(one.solution_id for one in found.solutions), *(one.ticket_id for one in found.tickets)]
    search_id = digest_of(msgspec.json.encode(("console", ticket_id, found.release, said, ids)))
    if not inbox.with_keys([key(search_id)]):
        made = search_made(
            Question(kind="solutions", text=said, k=NEAR, ticket_id=ticket_id or EVERY),
            found,
            search_id=search_id,
            made_at=now,
            latency_ms=round((perf_counter() - began) * 1e3, 3),
            enough=serving.opened().finding.searcher.enough,
        )
        record_search(inbox, made)
    return Around(found=found, search_id=search_id, outcomes=_outcomes(events, search_id))


def _outcomes(events: list[Happened], search_id: str) -> dict[str, str]:
    found = {}
    for one in events:
        if one.what in USED:
            search, thing = parts(str(one.payload["suggestion_id"]))
            if search == search_id:
                found[thing] = USED[one.what]
    return found
