"""Who calls, what they may do, and in whose name: roles, and keys as they are looked up for each request."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from time import monotonic

import msgspec

from operations.audit import Audited, Who
from operations.events import Fault
from operations.keys import ApiKey, Keys, Role
from warehouse.errors import StoreUnavailable, TicketlakeError

HOLDS: Mapping[Role, frozenset[Role]] = {
    "agent": frozenset({"agent"}),
    "lead": frozenset({"agent", "lead"}),
    "service": frozenset({"agent", "service"}),
    "admin": frozenset({"agent", "lead", "service", "admin"}),
}
"""By role the roles whose rights it has: leads decide, services bring in; neither does the other's work."""
FRESH_SECONDS = 2.0
"""How long a key is believed without being looked up: the longest that a revoked one goes on."""
GRACE_SECONDS = 300.0
"""How long keys that were looked up before go on while the store cannot be asked."""


class Forbidden(TicketlakeError):
    """A caller asks for what its role does not allow; `faults` say which parts of the request."""

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent a request: the name and role of a key, and how many requests a minute it may send.

    `request_id` is that of the request it sends.
    """

    subject: str
    role: Role
    key_id: str | None = None
    rate: int = 0
    request_id: str | None = None

    def may(self, roles: Iterable[Role]) -> bool:
        """Whether its role has the rights of one of these."""
        return not HOLDS[self.role].isdisjoint(roles)

    def demand(self, role: Role, what: str) -> None:
        """Raises `Forbidden` where the role does not have the rights of this one."""
        if not self.may([role]):
            raise Forbidden(f"{what} needs the role {role}, and this key has the role {self.role}.")

    def speaks_for(self, claimed: Iterable[tuple[str, str]]) -> None:
        """Raises `Forbidden` where somebody else is claimed to have acted; `claimed` are ids with their JSON paths.

        Services and admins hand on what others did; agents and leads speak for themselves.
        """
        if self.role in ("agent", "lead"):
            detail = f"expected {self.subject!r}, whose key this is: only services and admins speak for others"
            faults = [Fault(path, detail) for id_, path in claimed if id_ != self.subject]
            if faults:
                raise Forbidden("somebody else is claimed to have done it", faults)

    def did(self, action: str, object_: str, at: datetime, **detail: str) -> Audited:
        """The row of the audit log that says what was changed; `detail` is ids, by name."""
        return self.told.did(action, object_, at, **detail)

    @property
    def told(self) -> Who:
        """As the audit log names this caller."""
        return Who(subject=self.subject, role=self.role, key_id=self.key_id, request_id=self.request_id)


ANYONE = Caller(subject="anyone", role="admin")
"""The caller where the doors are open."""


class Held(msgspec.Struct, frozen=True):
    """A key as it was at that time."""

    key: ApiKey
    asked_at: float


class KeyRing:
    """Keys that were looked up lately. What is no key is not remembered, so it holds no more than there are."""

    def __init__(self, keys: Callable[[], Keys], clock: Callable[[], float] = monotonic) -> None:
        """`keys` opens the store, and may raise `StoreUnavailable`; `clock` is in seconds."""
        self._keys = keys
        self._clock = clock
        self._held: dict[str, Held] = {}

    def fresh(self, key_id: str) -> ApiKey | None:
        """The key if it was looked up a moment ago; asks nobody."""
        held = self._held.get(key_id)
        return held.key if held is not None and self._clock() - held.asked_at < FRESH_SECONDS else None

    def knows(self, key_id: str) -> bool:
        """Whether that was a key when it was looked up last."""
        return key_id in self._held

    def ask(self, key_id: str) -> ApiKey | None:
        """The key as the store has it now; for some minutes as it had it before, where it does not answer.

        Raises `StoreUnavailable` for a key that was not looked up before.
        """
        now = self._clock()
        try:
            found = self._keys().find(key_id)
        except StoreUnavailable:
            held = self._held.get(key_id)
            if held is None or now - held.asked_at > GRACE_SECONDS:
                raise
            return held.key
        if found is None:
            self._held.pop(key_id, None)
        else:
            self._held[key_id] = Held(found, now)
        return found


def valid(key: ApiKey | None, now: datetime) -> Caller | None:
    """Who has this key; None for one that is not valid any more."""
    if key is None or key.state(now) != "valid":
        return None
    return Caller(subject=key.name, role=key.role, key_id=key.key_id, rate=key.rate)
