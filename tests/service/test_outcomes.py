"""Outcomes of suggestions move rates at once, from the inbox; and again from the lake, with the same sums."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from operations.drain import drain
from operations.events import Actor, envelope
from operations.inbox import Inbox
from operations.store import open_store
from service.outcomes import Outcomes
from warehouse.contracts import silver
from warehouse.contracts.search import ATTEMPTS
from warehouse.delta import Lake
from warehouse.payloads import SuggestionAccepted, SuggestionJudged, SuggestionRefused, TicketReopened
from warehouse.refine import refine
from warehouse.releases import Manifest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGENT = Actor("agent", "A-1")
NEW = ("Sync", "2.0")


def manifest(**tables):
    return Manifest("000001-a", NOW, None, {}, tables, 0)


@pytest.fixture
def inbox(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield Inbox(store)
    store.close()


@pytest.fixture
def lake(tmp_path):
    lake, names = Lake(tmp_path / "lake"), silver.TICKETS.schema
    rows = [
        {
            "ticket_id": f"T-{n}",
            "created_at": NOW - timedelta(days=9),
            "resolved_at": NOW - timedelta(days=8),
            "product": "Sync",
            "product_version": "2.0" if n >= 20 else "1.0",
            "kb_articles_viewed": ["KB-1", "KB-2"],
            "kb_articles_helpful": ["KB-1"],
            "load_id": "l",
        }
        for n in range(40)
    ]
    lake.append(silver.TICKETS, pl.DataFrame([{name: one.get(name) for name in names} for one in rows], schema=names))
    return lake


@pytest.fixture
def attempts():
    rows = [
        (f"T-{n}", f"SOL-{solution}", n % (solution + 1) != 0, NOW - timedelta(days=8), "")
        for solution in (1, 2, 3)
        for n in range(20)
    ]
    return pl.DataFrame(rows, schema=ATTEMPTS.schema, orient="row")


def say(inbox, payload, ticket, hours=0):
    at = NOW + timedelta(hours=hours)
    key = f"{type(payload).__name__}-{ticket}-{hours}"
    made = envelope(payload, actor=AGENT, key=key, event_time=at, received_time=at, ticket_id=ticket)
    inbox.append([made.entry()])


def suggestion(ticket, thing):
    return f"s{ticket}:{thing}"


def test_outcomes_move_rates_at_once(lake, inbox, attempts):
    known = Outcomes(lake, manifest(), attempts)
    before = known.standing(inbox).fared("SOL-3", NEW).rate
    for n in range(20, 26):
        say(inbox, SuggestionAccepted(suggestion_id=suggestion(f"T-{n}", "SOL-3")), f"T-{n}")
    helped = known.standing(inbox).fared("SOL-3", NEW)
    for n in range(20, 26):
        say(inbox, SuggestionJudged(suggestion_id=suggestion(f"T-{n}", "SOL-3"), helpful=False), f"T-{n}", 1)
    failed = known.standing(inbox).fared("SOL-3", NEW)

    assert helped.rate > before > failed.rate
    assert (round(helped.tried), round(failed.tried), failed.won) == (6, 6, 0)
    assert known.standing(inbox).fared("SOL-3", ("Sync", "1.0")).rate > 2 * failed.rate


def test_a_ticket_that_is_reopened_takes_the_success_back_and_a_refusal_counts_little(lake, inbox, attempts):
    known = Outcomes(lake, manifest(), attempts)
    say(inbox, SuggestionAccepted(suggestion_id=suggestion("T-30", "SOL-1")), "T-30")
    won = known.standing(inbox).fared("SOL-1", NEW)
    say(inbox, TicketReopened(), "T-30", 2)
    lost = known.standing(inbox).fared("SOL-1", NEW)
    say(inbox, SuggestionRefused(suggestion_id=suggestion("T-31", "SOL-1")), "T-31", 2)
    refused = known.standing(inbox).fared("SOL-1", NEW)

    assert (won.won, lost.won) == (pytest.approx(1, abs=0.01), 0)
    assert (refused.tried - lost.tried) == pytest.approx(0.25, abs=0.01)


def test_articles_fare_by_what_agents_said_of_them_and_by_what_is_heard(lake, inbox, attempts):
    known = Outcomes(lake, manifest(), attempts)
    good, bad = (known.standing(inbox).fared(name).rate for name in ("KB-1", "KB-2"))
    for n in range(30, 36):
        say(inbox, SuggestionAccepted(suggestion_id=suggestion(f"T-{n}", "KB-2")), f"T-{n}")

    assert good > bad
    assert known.standing(inbox).fared("KB-2").rate > bad


def test_after_the_next_build_the_lake_gives_the_same_rates(lake, inbox, attempts):
    heard = Outcomes(lake, manifest(), attempts)
    for n in range(20, 24):
        say(inbox, SuggestionAccepted(suggestion_id=suggestion(f"T-{n}", "SOL-2")), f"T-{n}")
    say(inbox, TicketReopened(), "T-20", 2)
    live = heard.standing(inbox)
    drain(inbox, lake)
    refine(lake)
    built = Outcomes(lake, manifest(**{silver.EVENTS.path: lake.data_version(silver.EVENTS)}), attempts)

    for version in (NEW, None):
        assert built.standing(None).fared("SOL-2", version) == live.fared("SOL-2", version)
        assert built.standing(inbox).fared("SOL-2", version) == live.fared("SOL-2", version)


def test_what_was_never_tried_has_no_standing(tmp_path):
    assert Outcomes(Lake(tmp_path), manifest(), None).standing(None) is None
