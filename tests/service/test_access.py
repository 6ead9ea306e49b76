"""Roles, the names that callers speak in, and keys that are remembered for a moment."""

from datetime import UTC, datetime

import pytest

from operations.keys import ROLES, ApiKey
from service.access import FRESH_SECONDS, GRACE_SECONDS, HOLDS, Caller, Forbidden, KeyRing, valid
from warehouse.errors import StoreUnavailable

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def key(key_id="a", revoked_at=None):
    return ApiKey(
        key_id=key_id, name="A-7", role="lead", hash="0" * 64, made_at=NOW, made_by="x", rate=60, revoked_at=revoked_at
    )  # fmt: skip


class Kept:
    """Keys in a store that can be counted and can go away."""

    def __init__(self, *keys):
        self.keys = {one.key_id: one for one in keys}
        self.asked = 0
        self.gone = False

    def find(self, key_id):
        self.asked += 1
        if self.gone:
            raise StoreUnavailable("gone")
        return self.keys.get(key_id)


@pytest.fixture
def kept():
    return Kept(key())


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def ring(kept, clock):
    return KeyRing(lambda: kept, lambda: clock[0])


def test_a_key_is_remembered_for_a_moment_and_then_looked_up_again(ring, kept, clock):
    assert ring.fresh("a") is None
    assert ring.ask("a") == ring.fresh("a") == key()

    kept.keys["a"] = key(revoked_at=NOW)
    clock[0] += FRESH_SECONDS
    assert ring.fresh("a") is None
    assert valid(ring.ask("a"), NOW) is None


def test_what_is_no_key_is_asked_for_each_time_and_not_remembered(ring, kept):
    assert [ring.ask("b"), ring.ask("b"), ring.fresh("b")] == [None, None, None]
    assert kept.asked == 2


def test_a_key_that_is_deleted_is_forgotten(ring, kept):
    ring.ask("a")
    kept.keys.clear()
    assert ring.ask("a") is None
    assert ring.fresh("a") is None


def test_known_keys_go_on_for_minutes_while_the_store_is_gone_and_unknown_ones_do_not(ring, kept, clock):
    ring.ask("a")
    kept.gone = True
    clock[0] += GRACE_SECONDS
    assert ring.ask("a") == key()
    with pytest.raises(StoreUnavailable):
        ring.ask("b")

    clock[0] += 1
    with pytest.raises(StoreUnavailable):
        ring.ask("a")


def test_admins_have_every_right_and_leads_and_services_not_those_of_each_other():
    assert HOLDS["admin"] == set(ROLES)
    assert "service" not in HOLDS["lead"]
    assert "lead" not in HOLDS["service"]
    assert all("agent" in HOLDS[role] for role in ROLES)


@pytest.mark.parametrize(("role", "free"), [("agent", False), ("lead", False), ("service", True), ("admin", True)])
def test_only_services_and_admins_speak_for_others(role, free):
    caller = Caller(subject="A-7", role=role)
    caller.speaks_for([("A-7", "$.who")])
    if free:
        caller.speaks_for([("A-8", "$.who")])
        return
    with pytest.raises(Forbidden) as refused:
        caller.speaks_for([("A-7", "$[0].who"), ("A-8", "$[1].who")])
    assert [fault.path for fault in refused.value.faults] == ["$[1].who"]
