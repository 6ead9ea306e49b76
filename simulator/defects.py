"""A few records that are broken, doubled or late, as real exports have them; each is an extra record."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

SHARE = 0.003
HELD = 100
Record = dict[str, Any]


def _without(field: str) -> Callable[[Record], Record]:
    return lambda record: {key: value for key, value in record.items() if key != field}


def _with(field: str, value: Any) -> Callable[[Record], Record]:
    return lambda record: {**record, field: value}


BREAKS: dict[str, Callable[[Record], Record]] = {
    "created_at_missing": _without("created_at"),
    "ticket_id_missing": _without("ticket_id"),
    "created_at_impossible": _with("created_at", "2026-02-31T25:61:00Z"),
    "ticket_id_null": _with("ticket_id", None),
    "description_is_object": _with("description", {"text": ["?"]}),
}


class Defects:
    """Decides after each record whether an extra one follows, and which outcome its loading must have."""

    def __init__(self, array: bool, draw: random.Random) -> None:
        self.array, self.draw = array, draw
        self.held: list[Record] = []

    def after(self, record: Record) -> tuple[bytes, str, str, str] | None:
        """Line, ticket id, kind and expected outcome of an extra record; mostly nothing."""
        if len(self.held) < HELD:
            self.held.append(record)
        else:
            self.held[int(self.draw.random() * HELD)] = record
        if self.draw.random() >= SHARE:
            return None
        place = int(self.draw.random() * len(self.held))
        chosen = self.held[place]
        key = str(chosen["ticket_id"])
        kind = self.draw.choice(("malformed", "malformed", "duplicate", "newer", "older"))
        if kind == "duplicate":
            return msgspec.json.encode(chosen), key, "exact_duplicate", "unchanged"
        if kind == "malformed":
            return self._malformed(chosen, key)
        self.held.pop(place)
        if kind == "newer":
            return msgspec.json.encode(_moved(chosen, 3600 * 30)), key, "newer_update", "updated"
        return msgspec.json.encode(_moved(chosen, -60)), key, "older_update", "quarantined"

    def _malformed(self, record: Record, key: str) -> tuple[bytes, str, str, str]:
        if not self.array and self.draw.random() < 0.6:
            line = msgspec.json.encode(record)
            if self.draw.random() < 0.7:
                return line[: int(len(line) * self.draw.uniform(0.2, 0.9))].rstrip(), key, "line_cut", "quarantined"
            return line[:40] + b"\xff\xfe" + line[40:], key, "invalid_utf8", "quarantined"
        kind = self.draw.choice(sorted(BREAKS))
        return msgspec.json.encode(BREAKS[kind](record)), key, kind, "quarantined"


def _moved(record: Record, seconds: int) -> Record:
    """The same ticket as it stood earlier or later."""
    at = datetime.fromisoformat(record["updated_at"]) + timedelta(seconds=seconds)
    return {
        **record,
        "updated_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "response_count": record["response_count"] + (1 if seconds > 0 else -1),
    }
