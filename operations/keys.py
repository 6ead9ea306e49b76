"""Keys of callers: made from 256 random bits, shown once, kept as a hash.

A hash that is slow by design (scrypt, Argon2) makes guessing dear where people choose secrets. Nobody guesses 256
random bits, at whatever speed, so one SHA-256 is as safe and costs a request a microsecond (NIST SP 800-63B, 5.1.2.2,
asks for a slow one below 112 bits only). The id stands in front of the secret, so that a key is looked up by what is no
secret, and its hash compared in constant time.
"""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from secrets import token_hex
from typing import Literal, get_args

import msgspec
from sqlalchemy import Connection, func, insert, select, text, update

from operations.audit import Who, put
from operations.entries import fault_of_name
from operations.schema import api_key
from operations.store import Store
from warehouse.errors import TicketlakeError

Role = Literal["agent", "lead", "service", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
RATES: dict[Role, int] = {"agent": 600, "lead": 600, "service": 6_000, "admin": 600}
"""Requests a minute, where a key is made without a number of its own."""
MOST_A_MINUTE = 1_000_000
FORM = re.compile(r"tlk_([0-9a-f]{12})_[0-9a-f]{64}")
"""What a key looks like; scanners for leaked secrets can be given it."""
FIRST = "first admin"
_MAKERS_LOCK = 7_165_041_887_002


class UnknownKey(TicketlakeError):
    """A key is named that there is not."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no key {key_id} is known: `ticketlake keys list` names them.")


class KeyRefused(TicketlakeError):
    """A key that is asked for cannot be made."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept. `name` is who acts with it; `rate` is in requests a minute."""

    key_id: str
    name: str
    role: Role
    hash: str
    made_at: datetime
    made_by: str
    rate: int
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> Literal["valid", "revoked", "expired"]:
        """What it is worth now."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"

    def opens(self, secret: str) -> bool:
        """Whether this is the key, in a time that does not tell how much of it is right."""
        return compare_digest(hashed(secret), self.hash)


def hashed(secret: str) -> str:
    """What is kept of a key."""
    return sha256(secret.encode()).hexdigest()


def id_of(secret: str) -> str | None:
    """The id within what looks like a key; None for anything else."""
    found = FORM.fullmatch(secret)
    return found[1] if found else None


class Keys:
    """Every method is one transaction; each change is in the audit log."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(
        self,
        name: str,
        role: Role,
        *,
        by: Who,
        now: datetime,
        expires_at: datetime | None = None,
        rate: int | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its secret, which is not to be had again. Raises `KeyRefused`."""
        made, secret = _new(name, role, by, now, expires_at=expires_at, rate=rate)
        self._store.write(lambda connection: _keep(connection, made, by))
        return made, secret

    def first(self, *, by: Who, now: datetime) -> tuple[ApiKey, str] | None:
        """An admin's key where there never was any key; None elsewhere. Of several who ask at once, one gets it."""
        made, secret = _new(FIRST, "admin", by, now)

        def work(connection: Connection) -> bool:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKERS_LOCK})
            if connection.scalar(select(func.count()).select_from(api_key)):
                return False
            _keep(connection, made, by)
            return True

        return (made, secret) if self._store.write(work) else None

    def rotate(self, key_id: str, *, by: Who, now: datetime, grace: timedelta) -> tuple[ApiKey, str]:
        """A new key like this one, which ends after `grace`. Raises `UnknownKey`, `KeyRefused` if it ended."""

        def work(connection: Connection) -> tuple[ApiKey, str]:
            old = _known(connection, key_id)
            if old.state(now) != "valid":
                raise KeyRefused(f"key {key_id} is {old.state(now)}: make another one.")
            new, secret = _new(old.name, old.role, by, now, expires_at=old.expires_at, rate=old.rate)
            end = min(now + grace, old.expires_at or now + grace)
            connection.execute(update(api_key).where(api_key.c.key_id == key_id).values(expires_at=end))
            _keep(connection, new, by, replaces=key_id)
            return new, secret

        return self._store.write(work)

    def revoke(self, key_id: str, *, by: Who, now: datetime) -> ApiKey:
        """End a key, for good; once it is ended, again changes nothing. Raises `UnknownKey`."""

        def work(connection: Connection) -> ApiKey:
            old = _known(connection, key_id)
            if old.revoked_at is not None:
                return old
            connection.execute(update(api_key).where(api_key.c.key_id == key_id).values(revoked_at=now))
            put(connection, [by.did("key.revoke", key_id, now)])
            return msgspec.structs.replace(old, revoked_at=now)

        return self._store.write(work)

    def find(self, key_id: str) -> ApiKey | None:
        """The key of this id."""
        with self._store.reading() as connection:
            return _find(connection, key_id)

    def all(self) -> list[ApiKey]:
        """Every key that there ever was, the oldest first."""
        with self._store.reading() as connection:
            rows = connection.execute(select(api_key).order_by(api_key.c.made_at, api_key.c.key_id)).mappings()
            return [ApiKey(**row) for row in rows]


def _new(
    name: str, role: Role, by: Who, now: datetime, *, expires_at: datetime | None = None, rate: int | None = None
) -> tuple[ApiKey, str]:
    fault = fault_of_name(name)
    if fault:
        raise KeyRefused(f"the name of a key {fault}.")
    if expires_at is not None and expires_at <= now:
        raise KeyRefused(f"a key that ends at {expires_at.isoformat()} has ended: expected a time to come.")
    if rate is not None and not 1 <= rate <= MOST_A_MINUTE:
        raise KeyRefused(f"a rate of {rate} a minute is none: expected 1 to {MOST_A_MINUTE:,}.")
    key_id = token_hex(6)
    secret = f"tlk_{key_id}_{token_hex(32)}"
    made = ApiKey(
        key_id=key_id,
        name=name,
        role=role,
        hash=hashed(secret),
        made_at=now,
        made_by=by.subject,
        expires_at=expires_at,
        rate=rate or RATES[role],
    )
    return made, secret


def _keep(connection: Connection, made: ApiKey, by: Who, **detail: str) -> None:
    connection.execute(insert(api_key), [msgspec.structs.asdict(made)])
    put(connection, [by.did("key.make", made.key_id, made.made_at, role=made.role, **detail)])


def _find(connection: Connection, key_id: str) -> ApiKey | None:
    row = connection.execute(select(api_key).where(api_key.c.key_id == key_id)).mappings().one_or_none()
    return None if row is None else ApiKey(**row)


def _known(connection: Connection, key_id: str) -> ApiKey:
    found = _find(connection, key_id)
    if found is None:
        raise UnknownKey(key_id)
    return found
