"""What goes into the inbox and what comes out of it."""

from datetime import datetime
from hashlib import blake2b
from typing import Literal

import msgspec

from warehouse.errors import ContractBroken
from warehouse.payloads import EVERY

Kind = Literal["ticket", "event", "search"]

NAME_LENGTH = 200


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing heard. `body` is JSON text, exactly as bronze will keep it; `received_at` is the edge's clock.

    `digest` stands for what the sender said: two entries of one key are the same when it is. Left out, it is that of
    the body; give it when we added something to the body, such as the time of receipt.
    Raises `ContractBroken` for what one of the databases could not hold.
    """

    kind: Kind
    idempotency_key: str
    ticket_id: str
    body: str
    received_at: datetime
    digest: str = ""

    def __post_init__(self) -> None:
        """Check here, so that both databases accept the same."""
        for field in ("idempotency_key", "ticket_id"):
            fault = fault_of_name(getattr(self, field))
            if fault:
                raise ContractBroken(f"inbox entry: {field} {fault}.")
        if not self.body or "\x00" in self.body or not _is_unicode(self.body):
            raise ContractBroken("inbox entry: body is empty, holds NUL or is not Unicode, expected JSON text.")
        if self.received_at.tzinfo is None:
            raise ContractBroken("inbox entry: received_at has no offset, expected an instant.")
        if not self.digest:
            msgspec.structs.force_setattr(self, "digest", digest_of(self.body.encode()))


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender gets: where the entry lies, since when, and whether it lay there already."""

    idempotency_key: str
    ticket_id: str
    seq: int
    received_at: datetime
    repeated: bool


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it lies in the inbox. `batch` is None until it is stamped; `digest` is that of its entry."""

    seq: int
    kind: str
    idempotency_key: str
    ticket_id: str
    body: str
    digest: str
    received_at: datetime
    batch: int | None


class InboxState(msgspec.Struct, frozen=True, kw_only=True):
    """The inbox in numbers, for one kind."""

    kind: str
    rows: int
    unstamped: int
    last_received_at: datetime
    last_batch: int | None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What the lake does not hold yet: how many entries, and when the oldest came; None where there is none."""

    entries: int
    oldest_at: datetime | None


def digest_of(content: bytes) -> str:
    """BLAKE2b, 128 bit, in hex: the hash by which bronze knows a record too."""
    return blake2b(content, digest_size=16).hexdigest()


def fault_of_name(name: str) -> str | None:
    """Why `name` cannot be an idempotency key or a ticket id; None when it can."""
    if not 1 <= len(name) <= NAME_LENGTH:
        return f"has {len(name)} characters, expected 1 to {NAME_LENGTH}"
    if not name.isprintable():
        return "holds a character that cannot be printed, expected printable text"
    if name != name.strip():
        return "has white space around it, expected none"
    return None


def fault_of_ticket(name: str) -> str | None:
    """Why `name` cannot be the id of one ticket; None when it can."""
    return fault_of_name(name) or ("is no ticket: it stands for all of them" if name == EVERY else None)


def _is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8; half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
