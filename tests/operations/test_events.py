import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.events import CATALOGUE, Actor, Catalogue, EventEnvelope, EventsRefused, Fault, envelope
from operations.inbox import Inbox
from warehouse.errors import Conflict, InvalidEvent
from warehouse.payloads import OF_EVERY_TICKET, OWN, VERSIONS, MessageAdded, Payload

RECEIVED = datetime(2026, 3, 1, 9, tzinfo=UTC)

PAYLOADS: dict[str, dict[str, Any]] = {
    "TicketOpened": {"subject": "Sync stops", "product": "DataSync Pro", "priority": "high"},
    "MessageAdded": {"text": "It still stops.", "visibility": "internal"},
    "TicketResolved": {"resolution": "Cleared the cache.", "resolution_code": "WORKAROUND"},
    "TicketReopened": {"reason": "It came back."},
    "LabelCorrected": {"field": "category", "value": "Data Issue", "previous": "Security"},
    "SuggestionShown": {"suggestion_id": "S-1", "kind": "solution", "target_id": "T-7", "rank": 2, "score": 0.5},
    "SuggestionAccepted": {"suggestion_id": "S-1", "edited": True},
    "SuggestionRefused": {"suggestion_id": "S-1", "reason": "Tried it before."},
    "SuggestionJudged": {"suggestion_id": "S-1", "helpful": False, "text": "Came back."},
    "FeedbackGiven": {"score": 4, "helpful": True, "text": "Thanks."},
    "LabelConfirmed": {"field": "category", "value": "Data Issue", "review_id": "R-1"},
    "ReviewSkipped": {"review_id": "RV-1", "reason": "cannot tell"},
    "PredictionMade": {
        "prediction_id": "P-1",
        "release": "000001-abc",
        "targets": {"category": {"decision": "suggest", "label": "Data Issue", "confidence": 0.7, "model": "d1"}},
    },
    "SolutionsSuggested": {"search_id": "s-1", "release": "000001-abc", "target_ids": ["SOL-1"]},
    "AnswerSent": {"answer_id": "a-1", "suggestion_ids": ["S-1"], "edited": True},
    "IncidentOpened": {"incident_id": "I-1", "name": "Sync fails", "severity": "high"},
    "IncidentDismissed": {"incident_id": "I-1", "reason": "A drill."},
    "ModelPromoted": {"release": "000002-abc", "models": {"models/category": "d2"}, "reason": "Better by 2 points."},
    "ModelRolledBack": {"release": "000001-abc", "reason": "Asked for.", "previous": "000002-abc"},
    "PolicyChanged": {"target": "category", "label": "*", "decision": "automate", "precision": 0.9},
}


def _event(kind: str = "MessageAdded", **other: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "version": max(VERSIONS[kind]),
        "event_time": "2026-03-01T10:00:00+02:00",
        "actor": {"kind": "agent", "id": "A-1"},
        "ticket_id": "*" if kind in OF_EVERY_TICKET else "T-1",
        "idempotency_key": f"key of {kind}",
        "payload": PAYLOADS[kind],
        **other,
    }


def _accept(*events: dict[str, Any], catalogue: Catalogue = CATALOGUE) -> list[EventEnvelope[Any]]:
    return catalogue.accept(json.dumps(list(events)).encode(), RECEIVED)


def _fault(content: dict[str, Any] | bytes) -> Fault:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(EventsRefused) as raised:
        CATALOGUE.accept(raw, RECEIVED)
    (fault,) = raised.value.faults
    return fault


def _try(content: bytes) -> tuple[list[EventEnvelope[Any]], list[Fault]]:
    try:
        return CATALOGUE.accept(content, RECEIVED), []
    except EventsRefused as refused:
        return [], list(refused.faults)


def test_every_type_has_an_example_here() -> None:
    assert PAYLOADS.keys() == VERSIONS.keys()


def _taken(kind: str) -> EventEnvelope[Any]:
    """As it lies in the inbox: from outside, or of our own making."""
    if kind not in OWN:
        return CATALOGUE.accept(json.dumps(_event(kind)).encode(), RECEIVED)[0]
    payload = msgspec.convert(PAYLOADS[kind], VERSIONS[kind][max(VERSIONS[kind])])
    ticket_id = _event(kind)["ticket_id"]
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    actor = Actor(kind="system", id="worker")
    return envelope(payload, actor=actor, key=kind, event_time=at, received_time=RECEIVED, ticket_id=ticket_id)


@pytest.mark.parametrize("kind", sorted(OWN))
def test_what_the_system_alone_says_is_refused_from_outside(kind: str) -> None:
    assert _fault(_event(kind)).path == "$.type"


@pytest.mark.parametrize("kind", PAYLOADS)
def test_an_event_is_read_as_it_was_accepted(kind: str, inbox: Inbox) -> None:
    event = _taken(kind)
    inbox.append([event.entry()])

    (row,) = inbox.for_ticket(event.ticket_id)
    assert CATALOGUE.read(row.body) == event
    assert (event.event_time, event.received_time) == (datetime(2026, 3, 1, 8, tzinfo=UTC), RECEIVED)
    assert json.loads(msgspec.json.encode(event.payload)) == PAYLOADS[kind]


def test_a_batch_keeps_its_order() -> None:
    heard = [kind for kind in PAYLOADS if kind not in OWN]
    assert [event.type for event in _accept(*map(_event, heard))] == heard
    assert _accept() == []


def test_the_same_event_sent_again_later_and_written_otherwise_is_a_repeat(inbox: Inbox) -> None:
    event = _event()
    first = CATALOGUE.accept(json.dumps(event).encode(), RECEIVED)
    utc = {**event, "event_time": "2026-03-01T08:00:00Z"}
    again = CATALOGUE.accept(json.dumps(utc, indent=2, sort_keys=True).encode(), RECEIVED + timedelta(minutes=5))

    (receipt,) = inbox.append([first[0].entry()])
    (repeat,) = inbox.append([again[0].entry()])

    assert (repeat.seq, repeat.repeated, repeat.received_at) == (receipt.seq, True, RECEIVED)


def test_another_event_under_the_same_key_is_a_conflict(inbox: Inbox) -> None:
    inbox.append([_accept(_event())[0].entry()])

    with pytest.raises(Conflict, match="'key of MessageAdded'"):
        inbox.append([_accept(_event(payload={"text": "Other."}))[0].entry()])


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (
            {"type": "TicketClosed"},
            "$.type",
            "unknown type 'TicketClosed', known are TicketOpened (1), MessageAdded (1)",
        ),
        ({"version": 7}, "$.version", "unknown version 7 of MessageAdded, known are 1"),
        ({"version": "1"}, "$.version", "Expected `int`, got `str`"),
        ({"payload": {}}, "$.payload.text", "missing required field"),
        ({"payload": {"text": 3}}, "$.payload.text", "Expected `str`, got `int`"),
        ({"payload": {"text": "a", "txt": "b"}}, "$.payload.txt", "unknown field"),
        ({"payload": {"text": ""}}, "$.payload.text", "length >= 1"),
        ({"payload": None}, "$.payload", "got `null`"),
        ({"type": "TicketOpened", "payload": {}}, "$.payload", "expected a subject or a description, found neither"),
        ({"type": "FeedbackGiven", "payload": {}}, "$.payload", "expected a score, helpful or a text"),
        ({"type": "FeedbackGiven", "payload": {"score": 6}}, "$.payload.score", "<= 5"),
        ({"actor": {"kind": "robot", "id": "1"}}, "$.actor.kind", "'robot'"),
        ({"actor": {"kind": "agent"}}, "$.actor.id", "missing required field"),
        ({"type": "PolicyChanged", "payload": PAYLOADS["PolicyChanged"]}, "$.ticket_id", "expected '*'"),
        ({"ticket_id": "*"}, "$.ticket_id", "is no ticket"),
        ({"ticket_id": ""}, "$.ticket_id", "has 0 characters, expected 1 to 200"),
        ({"idempotency_key": "k" * 201}, "$.idempotency_key", "has 201 characters"),
        ({"idempotency_key": "a\x00b"}, "$.idempotency_key", "cannot be printed"),
        ({"event_time": "yesterday"}, "$.event_time", "RFC3339"),
        ({"event_time": "2026-03-01T10:00:00"}, "$.event_time", "timezone"),
        ({"event_time": "2026-03-09T10:00:00Z"}, "$.event_time", "expected a time that is past"),
        ({"event_time": "0001-01-01T00:00:00+12:00"}, "$.event_time", "that exists in UTC"),
        ({"received_time": "2026-03-01T10:00:00Z"}, "$.received_time", "unknown field"),
    ],
)
def test_what_is_no_event_is_refused_with_its_field(change: dict[str, Any], path: str, said: str) -> None:
    fault = _fault({**_event(), **change})

    assert fault.path == path
    assert said in fault.detail


@pytest.mark.parametrize("missing", sorted(_event()))
def test_every_field_of_the_envelope_is_required(missing: str) -> None:
    fault = _fault({name: value for name, value in _event().items() if name != missing})

    assert fault.path == f"$.{missing}"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"1", b'{"a":' * 100_000, b"[" * 100_000, b"[]x", b'"text"'])
def test_what_is_not_json_is_refused(content: bytes) -> None:
    assert _fault(content).path == "$"


def test_a_batch_with_faults_is_refused_whole_and_names_each() -> None:
    wrong = _event(payload={"text": 1})

    with pytest.raises(InvalidEvent, match=r"\$\[1\]\.payload\.text: .*; \$\[3\]\.type: unknown") as raised:
        _accept(_event(), wrong, _event(), _event(type="X"))
    assert [fault.path for fault in raised.value.faults] == ["$[1].payload.text", "$[3].type"]  # type: ignore[attr-defined]

    with pytest.raises(InvalidEvent, match="and 45 more"):
        _accept(*[wrong] * 50)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(field=st.sampled_from(sorted(_event())), value=json_values, kind=st.sampled_from(sorted(PAYLOADS)))
def test_any_json_in_any_field_is_accepted_and_readable_or_refused_with_a_path(
    field: str, value: Any, kind: str
) -> None:
    events, faults = _try(json.dumps({**_event(kind), field: value}).encode())

    assert all(fault.path.startswith("$") for fault in faults)
    read = [CATALOGUE.read(event.entry().body) for event in events]
    assert [event.version for event in read] == [max(VERSIONS[event.type]) for event in events]
    assert [msgspec.to_builtins(event.payload) for event in read] == [
        msgspec.to_builtins(event.payload) for event in events
    ]
    assert len(events) + len(faults) == 1


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_an_empty_batch(content: bytes) -> None:
    events, faults = _try(content)

    assert events == []
    assert all(fault.path.startswith("$") for fault in faults)


class MessageAddedSecond(Payload, frozen=True):
    """A made-up next version: who may read it becomes a flag."""

    text: str
    internal: bool


class MessageAddedThird(Payload, frozen=True):
    """A made-up version after that: the text becomes a list of paragraphs."""

    paragraphs: list[str]
    internal: bool


LATER = Catalogue(
    {"MessageAdded": {1: MessageAdded, 2: MessageAddedSecond, 3: MessageAddedThird}},
    {
        ("MessageAdded", 1): lambda old: MessageAddedSecond(text=old.text, internal=old.visibility == "internal"),
        ("MessageAdded", 2): lambda old: MessageAddedThird(paragraphs=old.text.split("\n\n"), internal=old.internal),
    },
)


def test_an_old_event_is_read_in_the_newest_version() -> None:
    (kept,) = _accept(_event(payload={"text": "One.\n\nTwo.", "visibility": "internal"}))

    event = LATER.read(kept.entry().body)

    assert (event.version, event.payload) == (3, MessageAddedThird(paragraphs=["One.", "Two."], internal=True))
    assert event.event_time == kept.event_time


def test_what_was_shown_before_tickets_were_suggested_is_read_as_it_is_said_now() -> None:
    (kept,) = _accept(_event("SuggestionShown", version=1))

    event = CATALOGUE.read(kept.entry().body)

    assert (kept.version, event.version) == (1, 2)
    assert msgspec.to_builtins(event.payload) == PAYLOADS["SuggestionShown"]
    ticket = {**PAYLOADS["SuggestionShown"], "kind": "ticket"}
    assert _accept(_event("SuggestionShown", payload=ticket))[0].version == 2
    assert _fault(_event("SuggestionShown", version=1, payload=ticket)).path == "$.payload.kind"


def test_an_old_version_is_still_accepted_and_kept_as_it_was_said() -> None:
    (event,) = _accept(_event(version=2, payload={"text": "One.", "internal": False}), catalogue=LATER)

    assert (event.version, event.payload) == (2, MessageAddedSecond(text="One.", internal=False))


def test_an_event_of_newer_code_is_refused_when_read() -> None:
    (newer,) = _accept(_event(version=3, payload={"paragraphs": [], "internal": False}), catalogue=LATER)

    with pytest.raises(InvalidEvent, match="unknown version 3 of MessageAdded, known are 1"):
        CATALOGUE.read(newer.entry().body)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Catalogue({"CloseTicket": {1: MessageAdded}}), "'CloseTicket' is not past tense"),
        (lambda: Catalogue({"MessageAdded": {1: MessageAdded, 3: MessageAdded}}), "without a gap"),
        (lambda: Catalogue({"MessageAdded": {1: MessageAdded, 2: MessageAdded}}), "needs one upcast"),
    ],
)
def test_a_catalogue_with_a_hole_is_refused(make: Callable[[], Catalogue], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
