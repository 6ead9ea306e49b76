"""Keys: shown once, kept as a hash, ended for good; and the log of who changed what."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from operations.audit import AuditLog, Who, beside
from operations.entries import Entry
from operations.inbox import Inbox
from operations.keys import ROLES, KeyRefused, Keys, Role, UnknownKey, id_of
from operations.store import Store, open_store
from warehouse.errors import Conflict

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
BY = Who(subject="terminal:ann", role="operator")


@pytest.fixture
def keys(store: Store) -> Keys:
    return Keys(store)


@pytest.mark.parametrize("role", ROLES)
def test_a_key_opens_and_the_store_does_not_know_it(store: Store, keys: Keys, role: Role) -> None:
    made, secret = keys.make("A-7", role, by=BY, now=NOW)

    found = keys.find(made.key_id)
    assert found == made
    assert found.opens(secret)
    assert id_of(secret) == made.key_id
    assert (found.role, found.state(NOW), found.made_by) == (role, "valid", "terminal:ann")
    with store.reading() as connection:
        rows = [
            *connection.execute(text("SELECT * FROM api_key")),
            *connection.execute(text("SELECT * FROM audit_log")),
        ]
    assert secret.split("_")[2] not in str(rows)


def test_no_other_key_opens(keys: Keys) -> None:
    made, secret = keys.make("A-7", "admin", by=BY, now=NOW)
    _, other = keys.make("A-7", "admin", by=BY, now=NOW)

    assert not made.opens(other)
    assert not made.opens(secret[:-1])
    assert not made.opens("")


@pytest.mark.parametrize(
    "secret", ["", "tlk_", "tlk_0123456789ab_", "x" + "tlk_0123456789ab_" + "0" * 64, "tlk_0123456789AB_" + "0" * 64]
)
def test_what_is_no_key_has_no_id(secret: str) -> None:
    assert id_of(secret) is None


def test_a_key_ends_at_its_time_and_when_it_is_revoked(keys: Keys) -> None:
    made, _ = keys.make("A-7", "agent", by=BY, now=NOW, expires_at=NOW + HOUR)
    assert [made.state(NOW), made.state(NOW + HOUR)] == ["valid", "expired"]

    keys.revoke(made.key_id, by=BY, now=NOW)
    again = keys.revoke(made.key_id, by=BY, now=NOW + HOUR)
    assert (again.state(NOW), again.revoked_at) == ("revoked", NOW)


def test_a_rotated_key_goes_on_for_a_while_beside_the_new_one(keys: Keys) -> None:
    old, _ = keys.make("import", "service", by=BY, now=NOW, rate=77)
    new, secret = keys.rotate(old.key_id, by=BY, now=NOW, grace=HOUR)

    before = keys.find(old.key_id)
    assert before is not None
    assert [before.state(NOW), before.state(NOW + HOUR)] == ["valid", "expired"]
    assert (new.name, new.role, new.rate, new.opens(secret)) == ("import", "service", 77, True)
    with pytest.raises(KeyRefused, match="is expired"):
        keys.rotate(old.key_id, by=BY, now=NOW + HOUR, grace=HOUR)


def test_rotating_prolongs_nothing(keys: Keys) -> None:
    old, _ = keys.make("import", "service", by=BY, now=NOW, expires_at=NOW + HOUR)
    new, _ = keys.rotate(old.key_id, by=BY, now=NOW, grace=24 * HOUR)

    assert [key.expires_at for key in keys.all()] == [NOW + HOUR] * 2
    assert new.expires_at == NOW + HOUR


def test_the_first_key_is_made_once_whoever_asks_at_once(url: str) -> None:
    def first(_: int) -> str | None:
        with closing(open_store(url)) as store:
            made = Keys(store).first(by=BY, now=NOW)
            return made and made[1]

    with ThreadPoolExecutor(6) as pool:
        secrets = [secret for secret in pool.map(first, range(12)) if secret]
    assert len(secrets) == 1
    with closing(open_store(url)) as store:
        (kept,) = Keys(store).all()
        assert (kept.role, kept.opens(secrets[0])) == ("admin", True)
        Keys(store).revoke(kept.key_id, by=BY, now=NOW)
        assert Keys(store).first(by=BY, now=NOW) is None


@pytest.mark.parametrize(
    "given",
    [{"name": ""}, {"name": "a\nb"}, {"name": "x" * 201}, {"rate": 0}, {"rate": 10**9}, {"expires_at": NOW}],
)
def test_a_key_that_makes_no_sense_is_refused_and_nothing_is_kept(keys: Keys, given: dict[str, object]) -> None:
    with pytest.raises(KeyRefused):
        keys.make(**{"name": "A-7", "role": "agent", "by": BY, "now": NOW, **given})  # type: ignore[arg-type]
    assert keys.all() == []


def test_a_key_that_there_is_not_can_neither_be_revoked_nor_rotated(keys: Keys) -> None:
    with pytest.raises(UnknownKey, match="no key 0123 is known"):
        keys.revoke("0123", by=BY, now=NOW)
    with pytest.raises(UnknownKey):
        keys.rotate("0123", by=BY, now=NOW, grace=HOUR)


def test_each_change_of_a_key_is_one_row_of_the_log(store: Store, keys: Keys) -> None:
    made, _ = keys.make("A-7", "lead", by=BY, now=NOW)
    new, _ = keys.rotate(made.key_id, by=BY, now=NOW, grace=HOUR)
    for _ in "12":
        keys.revoke(new.key_id, by=BY, now=NOW)

    rows = AuditLog(store).page(10)
    assert [(row.action, row.object) for row in rows] == [
        ("key.revoke", new.key_id), ("key.make", new.key_id), ("key.make", made.key_id)
    ]  # fmt: skip
    assert rows[1].detail == {"role": "lead", "replaces": made.key_id}
    assert {(row.subject, row.role, row.key_id, row.at) for row in rows} == {("terminal:ann", "operator", None, NOW)}


def test_the_log_is_read_in_pages_and_by_action(store: Store) -> None:
    log = AuditLog(store)
    log.append(*(BY.did(f"thing.{'even' if n % 2 == 0 else 'odd'}", str(n), NOW) for n in range(7)))
    first = log.page(3)
    rest = log.page(10, before=first[-1].seq)

    assert [row.object for row in [*first, *rest]] == ["6", "5", "4", "3", "2", "1", "0"]
    assert [row.object for row in log.page(2, action="thing.odd")] == ["5", "3"]


def test_what_the_inbox_takes_in_and_its_row_are_kept_together_once(
    store: Store, make_entry: Callable[..., Entry]
) -> None:
    inbox, entry = Inbox(store), make_entry("k")
    told = beside({"k": BY.did("policy.change", "*/*", NOW, event="k")})
    for _ in "12":
        inbox.append([entry, make_entry("other")], told)
    assert len(AuditLog(store).page(10)) == 1

    with pytest.raises(Conflict):
        inbox.append([make_entry("k", body="{}")], told)
    assert len(AuditLog(store).page(10)) == 1
