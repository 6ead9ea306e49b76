"""Who waits: open tickets of the lake and those just asked about, with what makes their waiting cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import polars as pl

from ml import queueing
from ml.targets import PRIORITY, SENTIMENT, TARGETS
from operations.predictions import Predictions
from operations.request_rows import KeptRequest
from operations.requests import Requests
from service.pressing import Pressed, Pressing
from service.request_result import RequestResult
from service.said import Said, newest, told
from warehouse.contracts import silver
from warehouse.errors import NotMaterialized
from warehouse.payloads import AnswerSent, MessageAdded
from warehouse.reading import Tables

MOST = 1_000
"""Tickets that no build has predicted on and that are asked for at once."""
RECENT = timedelta(days=30)
"""Requests that are older are asked of the lake alone."""
UNASKED = [target.name for target in TARGETS if target not in (PRIORITY, SENTIMENT)]
"""Targets that say nothing of what waiting costs."""
_result = msgspec.json.Decoder(RequestResult)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a ticket that waits."""

    ticket_id: str
    opened_at: datetime
    tier: str | None
    recorded: str | None
    chances: list[float]
    mood: dict[str, float]
    answered: bool = False
    request_id: str | None = None
    pressing: float = 0.0
    triggers: list[str] = []


@dataclass(frozen=True)
class Sources:
    """Where what is known of tickets that wait comes from."""

    lake: Tables
    requests: Requests
    given: Predictions
    pressed: Pressed


def waiting(of: Sources, wall: datetime) -> list[Waiting]:
    """All open tickets, and those asked about lately that the lake does not hold yet.

    A priority or a mood that somebody recorded is taken for certain, else it is what models said: a build, a request,
    or of what came since, a worker. Raises
    `NotMaterialized` where there are neither tickets nor requests.
    """
    lake, requests = of.lake, of.requests
    asked = requests.asked_since(wall - RECENT)
    if not lake.exists(silver.TICKETS):
        if not asked:
            raise NotMaterialized(silver.TICKETS.path)
        return [_of_request(one) for one in requests.find(asked.values())]
    columns = ("ticket_id", "created_at", "customer_tier", "priority", "customer_sentiment")
    rows, resolved = lake.scan(silver.TICKETS), pl.col("resolved_at").is_not_null()
    closed = rows.filter(resolved & pl.col("ticket_id").is_in(list(asked))).select("ticket_id").collect()
    open_ = rows.filter(~resolved).select(columns).collect()
    wanted = [request for ticket, request in asked.items() if ticket not in set(closed["ticket_id"])]
    known = {one.ticket_id: _of_request(one) for one in requests.find(wanted)}
    new = [one for name, one in known.items() if name not in set(open_["ticket_id"])]
    return [*_of_lake(of, open_, known), *new]


def _of_lake(of: Sources, rows: pl.DataFrame, known: Mapping[str, Waiting]) -> list[Waiting]:
    names = rows["ticket_id"].to_list()
    said = dict(newest(of.lake, None, names, UNASKED))
    arrived = [name for name in names if name not in said and name not in known]
    said.update(told(of.given, arrived[:MOST]))
    answered, pressing = _answered(of.lake, names), of.pressed.of(names)
    return [
        _together(row, said.get(row[0], {}), row[0] in answered, pressing.get(row[0]), known.get(row[0]))
        for row in rows.iter_rows()
    ]


def _together(
    row: tuple[Any, ...],
    said: Mapping[str, Said],
    answered: bool,
    pressing: Pressing | None,
    request: Waiting | None,
) -> Waiting:
    """What was recorded, else what a request found out, else what was predicted."""
    name, opened_at, tier, priority, mood = row
    likely, feels = (request.chances, request.mood) if request else _likely(said)
    score, triggers = pressing or ((request.pressing, request.triggers) if request else (0.0, []))
    return Waiting(
        ticket_id=name,
        opened_at=opened_at,
        tier=tier,
        recorded=priority,
        chances=_certain(priority) or likely,
        mood={mood: 1.0} if mood else feels,
        answered=answered,
        request_id=request.request_id if request else None,
        pressing=score,
        triggers=triggers,
    )


def _likely(said: Mapping[str, Said]) -> tuple[list[float], dict[str, float]]:
    """Chances of each priority, and of the mood that was said."""
    priority, mood = said.get(PRIORITY.name), said.get(SENTIMENT.name)
    chances = queueing.chances(priority.label, priority.confidence) if priority else queueing.chances(None, None)
    return chances, {mood.label: mood.confidence} if mood and mood.label and mood.confidence is not None else {}


def _of_request(kept: KeptRequest) -> Waiting:
    """A ticket that the lake does not hold yet, as far as a worker has understood it."""
    result = _result.decode(kept.body) if kept.body else None
    targets = result.targets if result else {}
    priority, mood = targets.get(PRIORITY.name), targets.get(SENTIMENT.name)
    others = {one.label: one.confidence for one in priority.alternatives} if priority else {}
    escalation = result.escalation if result else None
    feelings = {one.label: one.confidence for one in mood.alternatives} if mood else {}
    if mood and mood.label and mood.confidence is not None:
        feelings[mood.label] = mood.confidence
    return Waiting(
        ticket_id=kept.ticket_id,
        opened_at=result.opened_at if result else kept.received_at,
        tier=result.customer_tier if result else None,
        recorded=result.recorded_priority if result else None,
        chances=_certain(result.recorded_priority if result else None)
        or queueing.chances(priority.label if priority else None, priority.confidence if priority else None, others),
        mood=feelings,
        request_id=kept.id,
        pressing=escalation.score if escalation else 0.0,
        triggers=escalation.triggers if escalation else [],
    )


def _certain(priority: str | None) -> list[float] | None:
    return [float(priority == name) for name in PRIORITY.order] if priority in PRIORITY.order else None


def _answered(lake: Tables, names: Sequence[str]) -> set[str]:
    """Those of them that an agent has answered."""
    if not names or not lake.exists(silver.EVENTS):
        return set()
    said = pl.col("type").is_in([MessageAdded.__name__, AnswerSent.__name__]) & (pl.col("actor_kind") == "agent")
    rows = lake.scan(silver.EVENTS).filter(said & pl.col("ticket_id").is_in(names)).select("ticket_id", "payload")
    return {name for name, payload in rows.collect().iter_rows() if _public(msgspec.json.decode(payload))}


def _public(payload: dict[str, Any]) -> bool:
    return bool(payload.get("visibility", "public") == "public")
