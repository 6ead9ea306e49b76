"""Incidents, the signals that they are made of, and what people decide about them."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from litestar import MediaType, Response, get, post
from litestar.params import Parameter
from msgspec import Meta

from api import bodies
from api.paging import MOMENT, Cursor, Limit, Named, moment, place
from api.problems import BadRequest, FieldError
from api.routes.intake import Key, key_of
from api.state import Parts, now
from ml.anomaly.incident import LIVE, Signal
from operations.entries import digest_of
from operations.incident_rows import Action, NewNote
from operations.incidents import IncidentStore
from service import incident_views as views
from service.access import Caller
from service.incident_bodies import Summary
from service.incident_page import page
from service.incident_views import View
from warehouse.errors import Conflict
from warehouse.payloads import Name

Kind = Literal["volume", "trend", "new_issue", "mood", "unanswered", "categorisation"]
Shown = Literal["open", "calm", "closed", "dismissed", "merged"]
IncidentId = Annotated[str, Parameter(pattern="^INC-[0-9a-f]{16}$", description="As `GET /v1/incidents` names it")]


class Anomalies(msgspec.Struct, frozen=True):
    """Signals, the newest first; `next` is the cursor of the next page."""

    anomalies: list[Signal]
    next: str | None


class IncidentList(msgspec.Struct, frozen=True):
    """Incidents, the newest first; `next` is the cursor of the next page."""

    incidents: list[Summary]
    next: str | None


class DecisionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who decides (the name of the key that sends it, unless that is a service's or an admin's), and why."""

    who: Name
    reason: Annotated[str, Meta(min_length=1, max_length=2_000)] | None = None


class MergeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who decides, which incident it becomes part of, and why."""

    who: Name
    into: Annotated[str, Meta(pattern="^INC-[0-9a-f]{16}$")]
    reason: Annotated[str, Meta(min_length=1, max_length=2_000)] | None = None


class DismissRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who dismisses it, and why: the next one like it has to be stronger."""

    who: Name
    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


Decision = DecisionRequest | DismissRequest | MergeRequest


class NoteReceipt(msgspec.Struct, frozen=True):
    """The decision is kept; the worker carries it out within seconds, and the incident says what became of it."""

    incident_id: str
    action: Action
    idempotency_key: str
    made_at: datetime
    repeated: bool


@get("/v1/anomalies", operation_id="listAnomalies", tags=["incidents"], sync_to_thread=True)
def list_anomalies(
    parts: Parts,
    *,
    kind: Kind | None = None,
    dimension: Named = None,
    since: Annotated[str | None, Parameter(query="from", max_length=40, description=f"Known {MOMENT} or later")] = None,
    until: Annotated[str | None, Parameter(query="to", max_length=40, description=f"Known before {MOMENT}")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Anomalies:
    """Everything that was not as expected: one signal a series and window, whether or not it became an incident."""
    by = {"kind": kind, "dimension": dimension}
    return Anomalies(
        *views.anomalies(parts.lake, by, (moment(since, "from"), moment(until, "to")), limit, place(cursor))
    )


@get("/v1/incidents", operation_id="listIncidents", tags=["incidents"], sync_to_thread=True)
def list_incidents(
    parts: Parts,
    *,
    states: Annotated[
        list[Shown] | None, Parameter(query="state", description="Any of these; all if none is named.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> IncidentList:
    """Incidents: signals that belong together, with severity, probability, what is at stake and the likely cause."""
    return IncidentList(*views.listed(store_of(parts), states or [], limit, place(cursor)))


@get("/v1/incidents/{incident_id:str}", operation_id="getIncident", tags=["incidents"], sync_to_thread=True)
def get_incident(parts: Parts, incident_id: IncidentId) -> View:
    """One incident with its signals, its series and their expectation, causes, example tickets, notes."""
    return known_incident(parts, incident_id)


@get(
    "/v1/incidents/{incident_id:str}/report",
    operation_id="getIncidentReport",
    tags=["incidents"],
    media_type=MediaType.HTML,
    sync_to_thread=True,
)
def get_incident_report(parts: Parts, incident_id: IncidentId) -> Response[str]:
    """One page about an incident that opens without a network, to read, print or send."""
    return Response(page(known_incident(parts, incident_id), now()), media_type=MediaType.HTML)


@post(
    "/v1/incidents/{incident_id:str}/acknowledge",
    operation_id="acknowledgeIncident",
    tags=["incidents"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def acknowledge_incident(
    parts: Parts, caller: Caller, incident_id: IncidentId, body: bytes, idempotency_key: Key = None
) -> NoteReceipt:
    """Take an incident on: it is real. Doubts about its series from earlier dismissals get less."""
    sent = bodies.typed(bodies.read(body), DecisionRequest)
    return leave_note(parts, caller, incident_id, "acknowledge", sent=sent, given=idempotency_key)


@post(
    "/v1/incidents/{incident_id:str}/dismiss",
    operation_id="dismissIncident",
    tags=["incidents"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def dismiss_incident(
    parts: Parts, caller: Caller, incident_id: IncidentId, body: bytes, idempotency_key: Key = None
) -> NoteReceipt:
    """Put an incident aside, and say why. What it was about has to be stronger the next time, for some months."""
    sent = bodies.typed(bodies.read(body), DismissRequest)
    return leave_note(parts, caller, incident_id, "dismiss", sent=sent, given=idempotency_key)


@post(
    "/v1/incidents/{incident_id:str}/merge",
    operation_id="mergeIncident",
    tags=["incidents"],
    status_code=202,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def merge_incident(
    parts: Parts, caller: Caller, incident_id: IncidentId, body: bytes, idempotency_key: Key = None
) -> NoteReceipt:
    """Make an incident part of another one that is not over. As of each decision, its `notes` say what came of it."""
    sent = bodies.typed(bodies.read(body), MergeRequest)
    return leave_note(parts, caller, incident_id, "merge", sent=sent, given=idempotency_key)


def leave_note(
    parts: Parts, caller: Caller, incident_id: str, action: Action, *, sent: Decision, given: str | None
) -> NoteReceipt:
    """Keep a decision for the worker; `given` is its idempotency key. Raises `BadRequest`, `Forbidden`."""
    caller.speaks_for([(sent.who, "$.who")])
    into = sent.into if isinstance(sent, MergeRequest) else None
    store = store_of(parts)
    rows = store.find({incident_id, into or incident_id})
    known = {row.incident_id: row.state for row in rows if row.state != "forming"}
    if incident_id not in known:
        raise _unknown(incident_id)
    if into is not None and into not in known:
        raise BadRequest(bodies.UNFIT, FieldError(f"no incident {into} is known", pointer="/into"))
    if into == incident_id:
        raise BadRequest(bodies.UNFIT, FieldError("expected another incident, found itself", pointer="/into"))
    if into is not None and known[into] not in LIVE:
        raise Conflict(f"{into} is {known[into]}: nothing becomes part of an incident that is over.")
    said = msgspec.json.encode((incident_id, action, sent.who, sent.reason, into))
    key = key_of(given, 0, batch=False)
    made_at = now()
    note, repeated = store.note(
        NewNote(
            note_key=f"sent:{key}" if key else f"said:{digest_of(said)}",
            incident_id=incident_id,
            action=action,
            who=sent.who,
            reason=sent.reason,
            merge_into=into,
            made_at=made_at,
        ),
        caller.did(f"incident.{action}", incident_id, made_at, **({"into": into} if into else {})),
    )
    return NoteReceipt(incident_id, action, note.note_key, note.made_at, repeated)


def known_incident(parts: Parts, incident_id: str) -> View:
    """Raises `BadRequest`, a 404 for one that nobody knows."""
    found = views.view(parts.lake, store_of(parts), incident_id)
    if found is None:
        raise _unknown(incident_id)
    return found


def store_of(parts: Parts) -> IncidentStore:
    """Raises `NotMaterialized` where nothing was ever watched."""
    store = IncidentStore(parts.store())
    views.ready(parts.lake, store)
    return store


def _unknown(incident_id: str) -> BadRequest:
    return BadRequest(f"no incident {incident_id} is known", status=HTTPStatus.NOT_FOUND)
