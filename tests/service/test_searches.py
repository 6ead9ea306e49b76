"""Searches from the finder's routes to silver, by way of the real inbox, and what becomes of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.retrieve.found import Found, FoundArticle, FoundSolution, FoundTicket, Tried
from operations.drain import drain
from operations.entries import Entry
from operations.events import Actor, EventsRefused
from operations.inbox import Inbox
from operations.store import open_store
from service.feedback import SuggestionOutcome, UnknownSearch, take_outcomes
from service.searches import Question, record_search, redacted, search_made
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.errors import Conflict
from warehouse.outcomes import asked_again
from warehouse.refine import refine

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
AGENT = Actor("agent", "A-7")
SECRETS = ["jane.doe@example.com", "+49 170 1234567", "4111 1111 1111 1111", "Petronella Quast"]


def found(*solutions: str, score: float = 0.9, articles: tuple[str, ...] = (), tickets: tuple[str, ...] = ()) -> Found:
    tried = Tried(attempts=1, successes=1, rate=0.5, last_at=None)
    return Found(
        solutions=[
            FoundSolution(
                solution_id=id_,
                text="x",
                score=score / n,
                scores={},
                tried=tried,
                tickets=[],
                path=None,
                reason="",
            )
            for n, id_ in enumerate(solutions, 1)
        ],
        articles=[
            FoundArticle(
                article_id=id_, passage_id=id_, title="", path="", text="", score=0.1, scores={}, updated_at=None
            )
            for id_ in articles
        ],
        tickets=[
            FoundTicket(ticket_id=id_, title="", score=0.3, scores={}, created_at=NOW, solution_id=None, issue_id=None)
            for id_ in tickets
        ],
        used=["keyword", "dense"],
        missing={"graph": "not materialized"},
        release="r1",
        versions={},
    )


@pytest.fixture
def inbox(tmp_path: Path) -> Any:
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as store:
        yield Inbox(store)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def search(inbox: Inbox, id_: str, text: str = "the export stops", *, at: datetime = NOW, **more: Any) -> None:
    what = more.pop("found", None) or found("SOL-1", "SOL-2", "SOL-3", articles=("KB-1",))
    enough = more.pop("enough", None)
    question = Question(**{"kind": "solutions", "text": text, "k": 10, **more})
    assert record_search(inbox, search_made(question, what, search_id=id_, made_at=at, latency_ms=12.5, enough=enough))


def say(inbox: Inbox, search_id: str, target: str, outcome: str, *, at: datetime, key: str | None = None) -> Any:
    said = SuggestionOutcome(
        outcome=outcome, actor=AGENT, search_id=search_id, target_id=target, event_time=at, idempotency_key=key
    )  # type: ignore[arg-type]
    return take_outcomes(inbox, [said], ["$"], [None], at)


def load(inbox: Inbox, lake: Lake) -> pl.DataFrame:
    drain(inbox, lake)
    refine(lake)
    return lake.read(silver.SEARCH_EVENTS).sort("asked_at", "search_id")


def one(rows: pl.DataFrame, id_: str) -> dict[str, Any]:
    return rows.row(by_predicate=pl.col("search_id") == id_, named=True)


def test_a_search_reaches_silver_with_what_it_found(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "s1", ticket_id="T-1", filters={"product": "Sync"}, asker="A-7", session="x", enough=0.5)

    row = one(load(inbox, lake), "s1")

    assert row["found"] == ["SOL-1", "SOL-2", "SOL-3"]
    assert row["scores"] == [0.9, 0.45, 0.3]
    assert (row["articles"], row["stages"], row["missing"]) == (["KB-1"], ["keyword", "dense"], ["graph"])
    assert (row["best_score"], row["low_score"], row["no_result"]) == (0.9, False, False)
    assert (row["ticket_id"], row["asker"], row["session"], row["release"]) == ("T-1", "A-7", "x", "r1")
    assert json.loads(row["filters"]) == {"product": "Sync"}
    assert (row["unaccepted"], row["shown"], row["accepted"]) == (None, 0, 0)
    assert lake.read(bronze.SEARCH_EVENTS).height == 1


def test_what_names_a_person_reaches_neither_bronze_nor_silver(inbox: Inbox, lake: Lake) -> None:
    said = f"Hello,\nexport fails for {SECRETS[0]}, call {SECRETS[1]}, card {SECRETS[2]}\n\nBest regards,\n{SECRETS[3]}"
    search(inbox, "s1", said, filters={"customer": SECRETS[0], "words": [SECRETS[1]]})

    row = one(load(inbox, lake), "s1")

    kept = b"".join(lake.read(bronze.SEARCH_EVENTS)["record"]).decode() + json.dumps(row, default=str)
    assert "export fails" in row["text"]
    for secret in SECRETS:
        assert secret not in kept, secret
        assert secret.encode() not in b"".join(file.read_bytes() for file in lake.root.rglob("*.parquet")), secret


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("My name is Hannah Berger, password hunter22!", "My name is [PERSON], password [TOKEN]"),
        ("SSN 512-44-7391, de89370400440532013000", "SSN [SSN], [IBAN]"),
        ("hannah.berger＠example．com, hannah (at) example.com", "[EMAIL], [EMAIL]"),
        (
            "export stops for HANNAH BERGER, says my colleague Hannah Berger",
            "export stops for [PERSON], says my colleague [PERSON]",
        ),
        ("The Monthly Report of Analytics Dashboard is empty", "The Monthly Report of Analytics Dashboard is empty"),
    ],
)
def test_a_question_is_kept_without_who_asked_or_what_opens_a_door(text: str, kept: str) -> None:
    assert redacted(text) == kept


def test_searches_of_one_person_are_told_together_without_saying_who(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "s1", "the export stops", asker="Jane.Doe@example.com", session="Petronella Quast")
    search(
        inbox, "s2", "nightly export stops", at=NOW + MINUTE, asker="jane.doe@example.com ", session="+49 170 1234567"
    )
    search(inbox, "s3", "invoice", at=NOW + MINUTE, asker="A-7", session="7f9c24e5-2f1c-4b3a-9d7e-0a1b2c3d4e5f")

    rows = load(inbox, lake)

    first, second, third = (one(rows, id_) for id_ in ("s1", "s2", "s3"))
    assert first["asker"] == second["asker"] != first["session"]
    assert first["rephrased"]
    assert (third["asker"], third["session"]) == ("A-7", "7f9c24e5-2f1c-4b3a-9d7e-0a1b2c3d4e5f")
    said = rows.write_json() + b"".join(lake.read(bronze.SEARCH_EVENTS)["record"]).decode()
    for secret in ("ane.", "Petronella", "Quast", "170 1234567", "1701234567"):
        assert secret not in said


def test_one_question_has_one_id_whatever_person_it_names() -> None:
    assert redacted("mail from a@example.com bounces") == redacted("mail from b@example.org bounces")


def test_failures_are_told_apart(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "none", "aaa", found=found(articles=("KB-1",)), enough=0.5)
    search(inbox, "low", "bbb", found=found("SOL-1", score=0.2), enough=0.5)
    search(inbox, "good", "ccc", found=found("SOL-1"), enough=0.5)
    search(inbox, "later", "ddd", at=NOW + DAY + MINUTE)

    rows = load(inbox, lake)

    failures = rows.select("search_id", "no_result", "low_score", "unaccepted", "rephrased").sort("search_id").rows()
    assert failures == [
        ("good", False, False, True, False),
        ("later", False, None, None, False),
        ("low", False, True, True, False),
        ("none", True, None, True, False),
    ]


def test_a_later_acceptance_updates_the_row_of_its_search(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "s1", "aaa")
    search(inbox, "s2", "bbb")
    assert one(load(inbox, lake), "s1")["unaccepted"] is None
    say(inbox, "s1", "SOL-2", "edited", at=NOW + MINUTE)
    say(inbox, "s1", "SOL-3", "refused", at=NOW + MINUTE)
    say(inbox, "s1", "SOL-2", "helped", at=NOW + DAY)

    first, second = (one(load(inbox, lake), id_) for id_ in ("s1", "s2"))

    assert (first["shown"], first["accepted"], first["edited"], first["refused"]) == (2, 1, 1, 1)
    assert (first["accepted_rank"], first["accepted_at"]) == (2, NOW + MINUTE)
    assert (first["helped"], first["unaccepted"]) == (True, False)
    assert (second["accepted"], second["unaccepted"]) == (0, True)


def test_what_is_accepted_after_a_day_counts_but_came_too_late(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "s1")
    load(inbox, lake)
    say(inbox, "s1", "SOL-1", "accepted", at=NOW + 2 * DAY)

    row = one(load(inbox, lake), "s1")

    assert (row["accepted"], row["unaccepted"]) == (1, True)


def test_the_last_word_on_a_suggestion_counts(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "s1")
    say(inbox, "s1", "SOL-1", "accepted", at=NOW + MINUTE)
    say(inbox, "s1", "SOL-1", "refused", at=NOW + 2 * MINUTE)

    row = one(load(inbox, lake), "s1")

    assert (row["accepted"], row["refused"], row["accepted_rank"]) == (0, 1, None)


@pytest.mark.parametrize(
    ("again", "after", "who", "expected"),
    [
        ("nightly export stops half way", 5 * MINUTE, {"asker": "A-1"}, True),
        ("nightly export stops half way", 5 * MINUTE, {"session": "s"}, True),
        ("nightly export stops half way", 5 * MINUTE, {"ticket_id": "T-1"}, True),
        ("nightly export stops half way", 11 * MINUTE, {"asker": "A-1"}, False),
        ("nightly export stops half way", 5 * MINUTE, {}, False),
        ("the export stops", 5 * MINUTE, {"asker": "A-1"}, False),
        ("invoice shows a wrong amount", 5 * MINUTE, {"asker": "A-1"}, False),
    ],
)
def test_a_question_asked_again_in_other_words_is_a_failure(
    inbox: Inbox, lake: Lake, again: str, after: timedelta, who: dict[str, str], expected: bool
) -> None:
    search(inbox, "s1", "the export stops", **who)
    search(inbox, "s2", again, at=NOW + after, **who)

    rows = load(inbox, lake)

    assert one(rows, "s1")["rephrased"] is expected
    assert one(rows, "s2")["rephrased"] is False


def test_a_question_asked_again_in_the_next_load_is_a_failure_of_the_first(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "s1", "同期が失敗しました", asker="A-1")
    assert not one(load(inbox, lake), "s1")["rephrased"]
    search(inbox, "s2", "毎晩同期が失敗します", at=NOW + MINUTE, asker="A-1")

    assert one(load(inbox, lake), "s1")["rephrased"]


def test_the_same_words_with_other_filters_are_another_question(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "s1", asker="A-1")
    search(inbox, "s2", at=NOW + MINUTE, asker="A-1", filters={"product": "Sync"})

    assert one(load(inbox, lake), "s1")["rephrased"]


@given(
    minutes=st.lists(st.integers(0, 40), min_size=1, max_size=12),
    words=st.lists(st.sampled_from(["export stops", "export stops now", "wrong invoice"]), min_size=12, max_size=12),
)
@settings(max_examples=50, deadline=None)
def test_the_last_question_of_a_person_is_never_one_asked_again(minutes: list[int], words: list[str]) -> None:
    n = len(minutes)
    rows = pl.DataFrame(
        {
            "search_id": [f"s{i:02}" for i in range(n)],
            "asked_at": [NOW + m * MINUTE for m in minutes],
            "asker": ["A"] * n,
            "session": pl.Series([None] * n, dtype=pl.String),
            "ticket_id": ["*"] * n,
            "text": words[:n],
            "text_hash": words[:n],
            "filters": ["{}"] * n,
        }
    )

    again = set(asked_again(rows))

    last = rows.sort("asked_at", "search_id")["search_id"][-1]
    assert last not in again
    assert not {row for row in again if rows.filter(pl.col("search_id") == row)["text"].item() == "wrong invoice"}


def _history(inbox: Inbox, step: Callable[[], object]) -> None:
    search(inbox, "s1", "the export stops", asker="A-1", ticket_id="T-1")
    search(inbox, "s2", "nightly export stops", at=NOW + MINUTE, asker="A-1")
    step()
    say(inbox, "s2", "SOL-1", "accepted", at=NOW + 5 * MINUTE)
    step()
    search(inbox, "s3", "export stops at night", at=NOW + 6 * MINUTE, asker="A-1")
    say(inbox, "s1", "KB-1", "shown", at=NOW + 7 * MINUTE)
    step()
    say(inbox, "s2", "SOL-1", "not_helped", at=NOW + DAY)
    search(inbox, "s4", "wrong invoice", at=NOW + 2 * DAY, found=found())
    step()


def test_many_loads_say_what_one_says(tmp_path: Path) -> None:
    states = []
    for name, often in (("many", True), ("one", False)):
        lake = Lake(tmp_path / name)
        with closing(open_store(f"sqlite:///{tmp_path / name}.db")) as store:
            inbox = Inbox(store)
            _history(inbox, lambda: load(inbox, lake) if often else None)  # noqa: B023
            states.append(load(inbox, lake))

    assert states[0].equals(states[1])
    assert states[0]["rephrased"].to_list() == [True, True, False, False]


def test_loading_again_commits_nothing(inbox: Inbox, lake: Lake) -> None:
    _history(inbox, lambda: None)
    load(inbox, lake)
    before = lake.version(silver.SEARCH_EVENTS), lake.version(bronze.SEARCH_EVENTS)

    load(inbox, lake)

    assert (lake.version(silver.SEARCH_EVENTS), lake.version(bronze.SEARCH_EVENTS)) == before


def test_whatever_a_finder_or_a_caller_says_is_kept(inbox: Inbox, lake: Lake) -> None:
    odd = found("SOL-" + "x" * 400, "SOL-2", score=float("nan"))
    search(inbox, "s1", "", found=odd, asker="a" * 300, session="", filters={"at": NOW, "of": {1}, "name": "\x00"})
    search(inbox, "s2", "🦊 \u202e שלום ' or 1=1; MATCH (n) DETACH DELETE n", k=0)

    rows = load(inbox, lake)

    assert rows.height == 2
    assert one(rows, "s1")["scores"] == [None, None]
    assert one(rows, "s1")["best_score"] is None
    assert "MATCH (n)" in one(rows, "s2")["text"]


def test_a_question_of_a_million_characters_is_kept_in_part(inbox: Inbox, lake: Lake) -> None:
    search(inbox, "s1", "wört " * 200_000)

    assert 10_000 < len(one(load(inbox, lake), "s1")["text"]) <= 20_000


def test_an_entry_that_is_no_search_is_quarantined_and_holds_no_other_back(inbox: Inbox, lake: Lake) -> None:
    for key, body in (("bad", "{}"), ("worse", '{"type"')):
        inbox.append([Entry(kind="search", idempotency_key=key, ticket_id="*", body=body, received_at=NOW)])
    search(inbox, "s1")

    assert load(inbox, lake)["search_id"].to_list() == ["s1"]
    refused = lake.read(silver.QUARANTINE)
    assert refused.select("kind", "reason").sort("reason").rows() == [
        ("search_events", "contract"),
        ("search_events", "malformed"),
    ]


DIE = """
import os, signal, sys
from pathlib import Path
from operations.drain import drain
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.delta import Lake
from warehouse.refine import refine

left = int(sys.argv[3])

class Dying(Lake):
    def commit(self, *arguments, **more):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return super().commit(*arguments, **more)

lake = Dying(Path(sys.argv[2]))
drain(Inbox(open_store(sys.argv[1])), lake)
refine(lake)
"""


def test_killed_before_any_commit_the_next_load_ends_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with closing(open_store(url)) as store:
        inbox = Inbox(store)
        _history(inbox, lambda: None)
        expected = load(inbox, Lake(tmp_path / "whole"))
        killed = 0
        for left in range(0, 20, 3):
            root = tmp_path / f"killed-{left}"
            command = [sys.executable, "-c", DIE, url, str(root), str(left)]
            done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
            killed += done.returncode == -signal.SIGKILL
            lake = Lake(root)

            assert load(inbox, lake).equals(expected), left
            assert lake.read(bronze.SEARCH_EVENTS).height == 4
    assert killed >= 3


def test_an_outcome_of_an_unknown_search_is_refused_with_its_place(inbox: Inbox) -> None:
    with pytest.raises(UnknownSearch) as refused:
        say(inbox, "nowhere", "SOL-1", "accepted", at=NOW)

    assert [fault.path for fault in refused.value.faults] == ["$.search_id"]


def test_an_outcome_of_something_the_search_did_not_find_is_refused(inbox: Inbox) -> None:
    search(inbox, "s1")

    with pytest.raises(EventsRefused):
        say(inbox, "s1", "SOL-99", "accepted", at=NOW)
    assert [row.kind for row in inbox.since(0, 0)] == ["search"]


def test_outcomes_go_in_together_or_not_at_all(inbox: Inbox) -> None:
    search(inbox, "s1")
    good = SuggestionOutcome(outcome="accepted", actor=AGENT, suggestion_id="s1:SOL-1")
    bad = SuggestionOutcome(outcome="accepted", actor=AGENT, suggestion_id="s1:SOL-99")

    with pytest.raises(EventsRefused):
        take_outcomes(inbox, [good, bad], ["$[0]", "$[1]"], [None, None], NOW)
    assert [row.kind for row in inbox.since(0, 0)] == ["search"]


def test_the_same_outcome_again_is_a_repetition_and_another_under_its_key_a_conflict(inbox: Inbox) -> None:
    search(inbox, "s1")
    for key in (None, "k"):
        first, again = (
            take_outcomes(
                inbox, [SuggestionOutcome(outcome="accepted", actor=AGENT, suggestion_id="s1:SOL-1")], ["$"], [key], at
            )[0]
            for at in (NOW, NOW + MINUTE)
        )
        assert (first.repeated, again.repeated, first.seq) == (False, True, again.seq)

    with pytest.raises(Conflict):
        say(inbox, "s1", "SOL-2", "refused", at=NOW + MINUTE, key="k")


def test_a_store_that_does_not_answer_holds_no_search_back(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with closing(open_store(f"sqlite:///{file}")) as store:
        question = Question(kind="solutions", text="x", k=1)
        assert record_search(Inbox(store), search_made(question, found(), search_id="s", made_at=NOW, latency_ms=1.0))
    for beside in tmp_path.glob("store.db*"):
        beside.unlink()
    file.mkdir()

    made = search_made(question, found(), search_id="t", made_at=NOW, latency_ms=1.0)
    assert not record_search(Inbox(store), made)
    assert not record_search(None, made)
