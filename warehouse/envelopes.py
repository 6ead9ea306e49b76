"""Typing of events: the envelope becomes a row of `silver/events`, its payload stays JSON."""

from datetime import datetime
from typing import Any, Literal

import msgspec
import polars as pl

from warehouse.contracts import silver
from warehouse.parse import ROW, Parsed, Refusal
from warehouse.payloads import UPCASTS, VERSIONS
from warehouse.times import EARLIEST, LATEST, parse_times


class Actor(msgspec.Struct, frozen=True):
    """Who did it."""

    kind: Literal["customer", "agent", "system"]
    id: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    """What every event says; times are read leniently, as those of tickets are."""

    type: str
    version: int
    event_time: str | int | float
    actor: Actor
    ticket_id: str
    idempotency_key: str
    payload: msgspec.Raw
    received_time: str | int | float | None = None


_decoder = msgspec.json.Decoder(Envelope)


def parse_events(records: list[bytes], loaded_at: datetime, latest: datetime | None = None) -> Parsed:
    """Type a batch of envelopes; an event that does not say when it was received was received with its load."""
    refused: list[Refusal] = []
    rows: list[dict[str, Any]] = []
    for number, record in enumerate(records):
        try:
            found = _decoder.decode(record)
            version, payload = _payload(found)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = "contract" if isinstance(error, msgspec.ValidationError) else "malformed"
            refused.append(Refusal(number, reason, str(error).replace("`", "'") or type(error).__name__))
            continue
        rows.append(
            {
                ROW: number,
                "event_id": found.idempotency_key,
                "type": found.type,
                "version": version,
                "ticket_id": found.ticket_id,
                "event_time": str(found.event_time),
                "received_time": None if found.received_time is None else str(found.received_time),
                "actor_kind": found.actor.kind,
                "actor_id": found.actor.id,
                "payload": payload,
            }
        )
    names = [column.name for column in silver.EVENTS.columns if column.name != "load_id"]
    frame = pl.DataFrame(rows, schema={ROW: pl.Int64, **{n: _as_text(n) for n in names}})
    frame = frame.with_columns(
        parse_times(frame["event_time"]).alias("event_time"),
        pl.coalesce(parse_times(frame["received_time"]), pl.lit(loaded_at)).alias("received_time"),
    )
    good = pl.col("event_time").is_between(EARLIEST, latest or LATEST).fill_null(value=False)
    detail = "event_time is no time, or out of range: expected ISO 8601, not before 1990 and not after it was received"
    for row, ticket_id in frame.filter(~good).select(ROW, "ticket_id").iter_rows():
        refused.append(Refusal(row, "contract", detail, "event_time", ticket_id))
    return Parsed(frame.filter(good), refused)


def _payload(found: Envelope) -> tuple[int, str]:
    """The payload as JSON with its version: the newest of a type that we know, as it came of any other."""
    said = msgspec.json.decode(found.payload, type=dict[str, Any])
    versions = VERSIONS.get(found.type)
    if versions is None:
        return found.version, msgspec.json.encode(said).decode()
    if found.version not in versions:
        raise msgspec.ValidationError(f"unknown version {found.version} of {found.type}, expected {max(versions)}")
    payload, version = msgspec.convert(said, versions[found.version]), found.version
    while (found.type, version) in UPCASTS:
        payload, version = UPCASTS[found.type, version](payload), version + 1
    return version, msgspec.json.encode(said if version == found.version else payload).decode()


def _as_text(name: str) -> Any:
    dtype = silver.EVENTS.schema[name]
    return pl.String if isinstance(dtype, pl.Datetime) else dtype
