"""The versioned envelope of an event: accepted from outside, kept as it was said, upcast when it is read."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from operations.entries import Entry, digest_of, fault_of_name
from warehouse.errors import InvalidEvent
from warehouse.payloads import EVERY, OF_EVERY_TICKET, OWN, UPCASTS, VERSIONS, Name, Payload, Upcasts, Versions
from warehouse.times import AHEAD_OF_US, EARLIEST

P = TypeVar("P")

Instant = Annotated[datetime, Meta(tz=True)]
_SHOWN = 5

_PAST_TENSE = re.compile(r"([A-Z][a-z]+)+(ed|en|wn|[Mm]ade|[Ss]ent|Back)")
_PATH = re.compile(r"(?P<detail>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(?P<field>.*)`")


class Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who did it."""

    kind: Literal["customer", "agent", "system"]
    id: Name


class SubmittedEvent(msgspec.Struct, Generic[P], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event as its sender writes it: the envelope without the time of receipt."""

    type: str
    version: int
    event_time: Instant
    actor: Actor
    ticket_id: str
    idempotency_key: str
    payload: P


class EventEnvelope(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """An event as it is kept. `received_time` is set by the server; both times are in UTC."""

    type: str
    version: int
    event_time: Instant
    received_time: Instant
    actor: Actor
    ticket_id: str
    idempotency_key: str
    payload: P

    def entry(self) -> Entry:
        """The inbox entry of this event. The same event received again later has the same digest."""
        said = {field: getattr(self, field) for field in self.__struct_fields__ if field != "received_time"}
        return Entry(
            kind="event",
            idempotency_key=self.idempotency_key,
            ticket_id=self.ticket_id,
            body=msgspec.json.encode(self).decode(),
            received_at=self.received_time,
            digest=digest_of(msgspec.json.encode(said)),
        )


def envelope(
    payload: Payload, *, actor: Actor, key: str, event_time: datetime, received_time: datetime, ticket_id: str = EVERY
) -> EventEnvelope[Any]:
    """An event that we write ourselves, in the newest version of its type."""
    kind = type(payload).__name__
    return EventEnvelope(
        type=kind,
        version=max(VERSIONS[kind]),
        event_time=event_time,
        received_time=received_time,
        actor=actor,
        ticket_id=ticket_id,
        idempotency_key=key,
        payload=payload,
    )


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with what was sent: a JSON path such as `$[3].payload.text`, and why."""

    path: str
    detail: str


class EventsRefused(InvalidEvent):
    """At least one of the events sent is not one; `faults` names the first fault of each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        shown = [f"{fault.path}: {fault.detail}" for fault in faults[:_SHOWN]]
        rest = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        super().__init__("; ".join(shown + rest))
        self.faults = tuple(faults)


class Catalogue:
    """The types and versions of events that are known, and how to read the old ones."""

    def __init__(self, versions: Versions = VERSIONS, upcasts: Upcasts = UPCASTS) -> None:
        """Raises `ValueError` for a name that is not past tense, a gap in the versions, or a missing upcast."""
        self._versions = versions
        self._upcasts = upcasts
        self._submitted: dict[tuple[str, int], msgspec.json.Decoder[SubmittedEvent[Any]]] = {}
        self._kept: dict[tuple[str, int], msgspec.json.Decoder[EventEnvelope[Any]]] = {}
        for name, payloads in versions.items():
            _check_type(name, sorted(payloads), upcasts)
            for version, payload in payloads.items():
                self._submitted[name, version] = msgspec.json.Decoder(SubmittedEvent[payload])  # type: ignore[valid-type]
                self._kept[name, version] = msgspec.json.Decoder(EventEnvelope[payload])  # type: ignore[valid-type]

    @property
    def known(self) -> str:
        """Every type with its versions, for people."""
        return ", ".join(f"{name} ({_list(versions)})" for name, versions in self._versions.items())

    def accept(self, content: bytes, received_at: datetime) -> list[EventEnvelope[Any]]:
        """The events in a request's body: one object, or an array of them. Raises `EventsRefused`; all or none."""
        if content.lstrip()[:1] != b"[":
            return [self._accept(content, "$", received_at)]
        events: list[EventEnvelope[Any]] = []
        faults: list[Fault] = []
        for index, raw in enumerate(_decode(msgspec.json.Decoder(list[msgspec.Raw]), content, "$")):
            try:
                events.append(self._accept(bytes(raw), f"$[{index}]", received_at))
            except EventsRefused as refused:
                faults.extend(refused.faults)
        if faults:
            raise EventsRefused(faults)
        return events

    def read(self, body: str | bytes) -> EventEnvelope[Any]:
        """A kept event in the newest version of its type. Raises `EventsRefused` for one of newer code."""
        content = body.encode() if isinstance(body, str) else body
        event = _decode(self._kept[self._known_version(content, "$")], content, "$")
        while (event.type, event.version) in self._upcasts:
            payload = self._upcasts[event.type, event.version](event.payload)
            event = msgspec.structs.replace(event, version=event.version + 1, payload=payload)
        return event

    def _accept(self, content: bytes, at: str, received_at: datetime) -> EventEnvelope[Any]:
        event = _decode(self._submitted[self._known_version(content, at)], content, at)
        for field in ("ticket_id", "idempotency_key"):
            fault = fault_of_name(getattr(event, field))
            if fault:
                raise EventsRefused([Fault(f"{at}.{field}", fault)])
        if event.type in OWN:
            raise EventsRefused([Fault(f"{at}.type", f"{event.type} is said by the system alone")])
        if (event.ticket_id == EVERY) != (event.type in OF_EVERY_TICKET):
            found = "is no ticket" if event.ticket_id == EVERY else f"expected {EVERY!r}: it concerns no single ticket"
            raise EventsRefused([Fault(f"{at}.ticket_id", found)])
        said = {field: getattr(event, field) for field in event.__struct_fields__}
        said["event_time"] = _instant(event.event_time, received_at, f"{at}.event_time")
        return EventEnvelope(**said, received_time=received_at.astimezone(UTC))

    def _known_version(self, content: bytes, at: str) -> tuple[str, int]:
        header = _decode(_HEADER, content, at)
        if header.type not in self._versions:
            raise EventsRefused([Fault(f"{at}.type", f"unknown type {header.type[:100]!r}, known are {self.known}")])
        versions = self._versions[header.type]
        if header.version not in versions:
            detail = f"unknown version {header.version} of {header.type}, known are {_list(versions)}"
            raise EventsRefused([Fault(f"{at}.version", detail)])
        return header.type, header.version


class _Header(msgspec.Struct):
    type: str
    version: int


_HEADER = msgspec.json.Decoder(_Header)
T = TypeVar("T")


def _decode(decoder: "msgspec.json.Decoder[T]", content: bytes, at: str) -> T:
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        raise EventsRefused([_fault(str(error), at)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventsRefused([Fault(at, f"expected JSON, found something else: {error}")]) from None


def _fault(message: str, at: str) -> Fault:
    found = _PATH.fullmatch(message)
    detail, path = (found["detail"], found["path"] or "") if found else (message, "")
    field = _FIELD.fullmatch(detail)
    return Fault(f"{at}{path}.{field['field']}" if field else f"{at}{path}", detail)


def _instant(event_time: datetime, received_at: datetime, at: str) -> datetime:
    try:
        instant = event_time.astimezone(UTC)
    except OverflowError:
        raise EventsRefused([Fault(at, f"expected an instant that exists in UTC, found {event_time}")]) from None
    if not EARLIEST <= instant <= received_at + AHEAD_OF_US:
        found = f"found {instant.isoformat()}, received {received_at.isoformat()}"
        detail = f"expected a time that is past, and not before {EARLIEST.year}; {found}"
        raise EventsRefused([Fault(at, detail)])
    return instant


def _list(versions: Any) -> str:
    return ", ".join(str(version) for version in sorted(versions))


def _check_type(name: str, versions: list[int], upcasts: Upcasts) -> None:
    if not _PAST_TENSE.fullmatch(name):
        raise ValueError(f"event type {name!r} is not past tense, such as TicketOpened")
    if versions != list(range(1, len(versions) + 1)):
        raise ValueError(f"{name} has versions {versions}, expected 1, 2, ... without a gap")
    missing = [version for version in versions[:-1] if (name, version) not in upcasts]
    if missing or (name, versions[-1]) in upcasts:
        raise ValueError(f"{name} needs one upcast from each version but the newest, found none from {missing}")


CATALOGUE = Catalogue()
