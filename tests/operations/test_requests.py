"""Requests on both databases: kept with their ticket, leased by one, finished once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from operations.entries import Entry
from operations.inbox import Inbox
from operations.predictions import GivenPrediction, Predictions
from operations.request_rows import KeptRequest, Outcome, Wanted, id_of
from operations.requests import Requests
from operations.store import Store
from warehouse.errors import Conflict

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def requests(store: Store) -> Requests:
    return Requests(store)


@pytest.fixture
def opened(inbox: Inbox, requests: Requests, make_entry: Callable[..., Entry]) -> Callable[..., list[str]]:
    """Keeps tickets under these keys, with their requests, a second apart; their ids."""

    def keep(*keys: str) -> list[str]:
        for number, key in enumerate(keys):
            inbox.append([make_entry(key, ticket=f"T-{key}")], requests.opening(NOW + number * SECOND))
        return [id_of(key) for key in keys]

    return keep


def outcome(entry: Entry | None = None, **said: str) -> Outcome:
    made = GivenPrediction(prediction_id="p", ticket_id="T-a", release="r", made_at=NOW, body="{}")
    found = {"category": "Billing", "priority": "high", "language": "en", "body": "{}", **said}
    return Outcome(**found, entries=[entry] if entry else [], predictions=[made] if entry else [])


def test_a_ticket_and_its_request_are_kept_together_or_not_at_all(
    inbox: Inbox, requests: Requests, make_entry: Callable[..., Entry]
) -> None:
    def fail(connection: Connection, receipts: object) -> None:
        requests.opening(NOW)(connection, receipts)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inbox.append([make_entry("a")], fail)
    assert inbox.last_seq() == 0
    assert requests.find([id_of("a")]) == []

    inbox.append([make_entry("a")])
    with pytest.raises(Conflict):
        inbox.append([make_entry("b"), make_entry("a", body="other")], requests.opening(NOW))
    assert requests.find([id_of("a"), id_of("b")]) == []

    inbox.append([make_entry("a"), make_entry("b")], requests.opening(NOW))
    assert {one.entry_key for one in requests.find([id_of("a"), id_of("b")])} == {"a", "b"}


def test_the_same_ticket_again_is_the_same_request(opened: Callable[..., list[str]], requests: Requests) -> None:
    ids = opened("a")
    (held,) = requests.lease(NOW, 60)
    requests.finish(held, outcome(), NOW)

    assert opened("a") == ids
    (kept,) = requests.find(ids)
    assert (kept.state, kept.category, kept.received_at) == ("done", "Billing", NOW)


def test_a_request_is_leased_by_one_until_its_lease_runs_out(
    opened: Callable[..., list[str]], requests: Requests
) -> None:
    first, second = opened("a", "b")
    later = NOW + 2 * SECOND

    (held,) = requests.lease(later, 60)
    assert (held.id, held.state, held.attempts) == (first, "running", 1)
    assert [one.id for one in requests.lease(later, 60)] == [second]
    assert requests.lease(later + 59 * SECOND, 60) == []
    assert [one.attempts for one in requests.lease(later + 60 * SECOND, 60, 5)] == [2, 2]


def test_who_lost_the_lease_writes_nothing(
    opened: Callable[..., list[str]], requests: Requests, inbox: Inbox, make_entry: Callable[..., Entry], store: Store
) -> None:
    opened("a")
    (slow,) = requests.lease(NOW, 1)
    (quick,) = requests.lease(NOW + SECOND, 60)

    assert not requests.finish(slow, outcome(make_entry("of the slow one", kind="event")), NOW)
    assert not requests.fail(slow, "Late", None, NOW)
    assert inbox.last_seq() == 1
    assert requests.finish(quick, outcome(make_entry("of the quick one", kind="event")), NOW)
    assert not requests.finish(quick, outcome(make_entry("again", kind="event")), NOW)
    assert set(inbox.with_keys(["of the slow one", "of the quick one", "again"])) == {"of the quick one"}
    assert Predictions(store).find("p") is not None


def test_a_result_whose_events_cannot_be_kept_is_not_kept(
    opened: Callable[..., list[str]], requests: Requests, inbox: Inbox, make_entry: Callable[..., Entry], store: Store
) -> None:
    ids = opened("a")
    inbox.append([make_entry("taken", kind="event")])
    (held,) = requests.lease(NOW, 60)

    with pytest.raises(Conflict):
        requests.finish(held, outcome(make_entry("taken", kind="event", body='{"other": 1}')), NOW)
    assert [one.state for one in requests.find(ids)] == ["running"]
    assert Predictions(store).find("p") is None


def test_what_failed_is_due_later_and_what_was_given_up_waits_to_be_replayed(
    opened: Callable[..., list[str]], requests: Requests
) -> None:
    first, second = opened("a", "b")
    later = NOW + 2 * SECOND
    one, two = requests.lease(later, 60, 2)
    requests.fail(one, "StoreUnavailable", later + 5 * SECOND, later)
    requests.fail(two, "x" * 300, None, later)

    assert requests.lease(later + 4 * SECOND, 60) == []
    assert [again.id for again in requests.lease(later + 5 * SECOND, 60)] == [one.id]
    dead = requests.page(Wanted(state="dead"), 10)
    assert [(kept.id, len(kept.last_error or "")) for kept in dead] == [(two.id, 200)]
    assert requests.replay(later, ["RQ-nobody's"]) == []
    assert requests.replay(later) == [two.id]
    assert requests.replay(later, [first, second]) == []
    (again,) = requests.lease(later, 60)
    assert (again.id, again.attempts, again.last_error) == (two.id, 1, None)


def test_what_is_done_is_queued_again_by_its_name_alone(opened: Callable[..., list[str]], requests: Requests) -> None:
    (name,) = opened("a")
    (held,) = requests.lease(NOW, 60)
    requests.finish(held, outcome(), NOW)

    assert requests.replay(NOW) == []
    assert requests.replay(NOW, [name]) == [name]
    assert [(one.id, one.attempts) for one in requests.lease(NOW, 60)] == [(name, 1)]


def test_many_workers_share_what_is_due_and_none_takes_twice(
    opened: Callable[..., list[str]], requests: Requests
) -> None:
    ids = opened(*(f"k{number}" for number in range(40)))
    later = NOW + 60 * SECOND

    def take(_: int) -> list[KeptRequest]:
        found = []
        while leased := requests.lease(later, 60, 3):
            found += leased
        return found

    with ThreadPoolExecutor(6) as pool:
        taken = [one.id for some in pool.map(take, range(6)) for one in some]

    assert sorted(taken) == sorted(ids)


def test_one_that_was_rung_for_is_taken_alone(opened: Callable[..., list[str]], requests: Requests) -> None:
    _, second = opened("a", "b")

    assert [one.id for one in requests.lease(NOW + SECOND, 60, only=[second])] == [second]
    assert requests.lease(NOW + SECOND, 60, only=[second]) == []


def test_pages_and_counts_say_what_is_there(opened: Callable[..., list[str]], requests: Requests) -> None:
    ids = opened("a", "b", "c")
    (held,) = requests.lease(NOW, 60, only=ids[:1])
    requests.finish(held, outcome(), NOW)

    page = requests.page(Wanted(), 2)
    assert [one.id for one in page] == [ids[2], ids[1]]
    assert [one.id for one in requests.page(Wanted(), 2, (page[-1].received_at, page[-1].id))] == [ids[0]]
    assert [one.id for one in requests.page(Wanted(category="Billing", priority="high", language="en"), 9)] == ids[:1]
    assert requests.page(Wanted(category="Billing", state="queued"), 9) == []
    assert [one.id for one in requests.page(Wanted(since=NOW + SECOND, until=NOW + 2 * SECOND), 9)] == [ids[1]]
    counts = {(one.category, one.state): one.requests for one in requests.counts(NOW, NOW + 2 * SECOND)}
    assert counts == {("Billing", "done"): 1, (None, "queued"): 1}
    assert requests.waiting() == (2, NOW + SECOND)
