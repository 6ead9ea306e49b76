"""Unanswered questions: topics that fail more than is usual, and what people search for before they write."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.anomaly.naming import terms
from ml.anomaly.unanswered import Tickets, failures, told, unanswered
from warehouse.contracts.anomalies import SIGNALS, UNANSWERED
from warehouse.contracts.silver import SEARCH_EVENTS

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DIMENSION = 48


class Desk:
    """People who search about topics, one direction each; `usual` of them fail now and then."""

    def __init__(self, usual=0.2, count=400):
        self.draw = np.random.default_rng(5)
        self.topics = np.linalg.qr(self.draw.normal(size=(DIMENSION, DIMENSION)))[0][:30]
        self.rows, self.vectors = [], []
        for number in range(count):
            topic = number % 20
            self.ask(START + number * HOUR, f"A-{number}", topic, f"usual thing {topic}", self.draw.random() < usual)

    def ask(self, at, asker, topic, text, failed=False, **more):
        vector = self.topics[topic] + self.draw.normal(size=DIMENSION) * 0.05
        number = len(self.rows)
        blank = dict.fromkeys(("ticket_id", "session", "helped")) | {"no_result": False, "rephrased": False}
        self.rows.append(
            blank
            | {"search_id": f"s-{number:05d}", "asked_at": at, "asker": asker, "text": text, "text_hash": text,
               "low_score": failed, "refused": 0, "accepted": 0}
            | more
        )  # fmt: skip
        self.vectors.append((vector / np.linalg.norm(vector)).astype(np.float32))

    def found(self, tickets=()):
        rows = pl.DataFrame(self.rows, schema_overrides={"helped": pl.Boolean, "session": pl.String})
        rows = rows.with_row_index("v").sort("asked_at", "search_id")
        vectors = np.array(self.vectors).reshape(-1, DIMENSION)[rows["v"].to_numpy()]
        opened = pl.Series([at for at, _ in tickets], dtype=SEARCH_EVENTS.schema["asked_at"])
        about = np.array([self.topics[topic] for _, topic in tickets], np.float32).reshape(-1, DIMENSION)
        return unanswered(rows, vectors, Tickets(opened, about))


LATER = START + 300 * HOUR


def known(rows):
    return rows.filter(pl.col("known_at").is_not_null())


def test_a_topic_that_fails_nearly_all_who_ask_is_found_and_named():
    desk = Desk()
    for number in range(6):
        desk.ask(LATER + number * HOUR, f"B-{number}", 25, f"how to moor a zeppelin {number}", True)

    row = known(desk.found()).row(0, named=True)

    assert known(desk.found()).height == 1
    assert "zeppelin" in row["name"]
    assert (row["searches"], row["askers"], row["failed"], row["tickets"]) == (6, 6, 6, 0)
    assert LATER < row["known_at"] <= LATER + 5 * HOUR
    assert row["first_at"] == LATER


def test_usual_failures_are_not_told():
    assert known(Desk().found()).is_empty()


def test_where_everything_fails_no_topic_stands_out():
    desk = Desk(usual=1.0)
    assert known(desk.found()).is_empty()


def test_one_person_who_asks_ten_times_is_one_person():
    desk = Desk()
    for number in range(10):
        desk.ask(LATER + number * HOUR, "B-1", 25, f"how to moor a zeppelin {number}", True)
    assert known(desk.found()).is_empty()


def test_who_is_answered_now_and_then_is_not_a_topic():
    desk = Desk()
    for number in range(20):
        desk.ask(LATER + number * HOUR, f"B-{number}", 25, f"how to moor a zeppelin {number}", number % 5 == 0)
    assert known(desk.found([(LATER - HOUR, 25)])).is_empty()


def test_tickets_that_say_the_same_are_counted():
    desk = Desk()
    for number in range(8):
        desk.ask(LATER + number * HOUR, f"B-{number}", 25, f"how to moor a zeppelin {number}", True)
    rows = desk.found([(LATER - HOUR, 25), (LATER, 3), (LATER + HOUR, 25), (LATER + 400 * HOUR, 25)])
    assert known(rows)["tickets"].to_list() == [2]


def test_a_question_asked_again_soon_in_other_words_has_failed():
    desk = Desk(count=0)
    minute = timedelta(minutes=1)
    desk.ask(START, "A", 1, "moor")
    desk.ask(START + minute, "A", 1, "berth")
    desk.ask(START + 2 * minute, "A", 2, "another thing")
    desk.ask(START + 60 * minute, "A", 2, "that other thing")
    desk.ask(START + 61 * minute, "A", 2, "that other thing")
    rows = pl.DataFrame(desk.rows, schema_overrides={"helped": pl.Boolean, "session": pl.String})
    assert failures(rows, np.array(desk.vectors))["again"].to_list() == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("more", "failed"),
    [
        ({}, False),
        ({"no_result": True}, True),
        ({"low_score": None}, False),
        ({"refused": 1}, True),
        ({"refused": 1, "accepted": 1}, False),
        ({"helped": False}, True),
        ({"helped": True}, False),
    ],
)
def test_what_counts_as_failed(more, failed):
    desk = Desk(count=0)
    desk.ask(START, "A", 1, "moor", **more)
    rows = pl.DataFrame(desk.rows, schema_overrides={"helped": pl.Boolean, "low_score": pl.Boolean})
    assert failures(rows, np.array(desk.vectors))["failed"].to_list() == [failed]


def test_what_comes_later_changes_nothing_of_when_it_was_known():
    short, long = Desk(), Desk()
    for number in range(12):
        for desk in (short, long)[number >= 6 :]:
            desk.ask(LATER + number * HOUR, f"B-{number}", 25, f"how to moor a zeppelin {number}", True)
    keep = ["topic_id", "first_at", "known_at"]
    assert known(short.found()).height == 1
    assert known(short.found()).select(keep).equals(known(long.found()).select(keep))


def test_no_search_and_one_search_are_no_topic():
    none = pl.DataFrame(schema=SEARCH_EVENTS.schema)
    tickets = Tickets(none["asked_at"], np.zeros((0, 1), np.float32))
    assert unanswered(none, np.zeros((0, 1), np.float32), tickets).equals(pl.DataFrame(schema=UNANSWERED.schema))
    desk = Desk(count=0)
    desk.ask(START, None, 1, "moor", True)
    assert desk.found().is_empty()


def test_signals_are_of_what_is_known_and_the_same_each_time():
    desk = Desk()
    for number in range(6):
        desk.ask(LATER + number * HOUR, f"B-{number}", 25, f"how to moor a zeppelin {number}", True)
    rows = desk.found()
    signals = told(rows)
    assert signals.schema == SIGNALS.schema
    assert signals["series"].to_list() == known(rows)["topic_id"].to_list()
    assert signals["name"][0].startswith("Unanswered: ")
    assert told(rows).equals(signals)
    assert told(rows.clear()).is_empty()


def test_a_word_that_only_one_person_wrote_names_nothing():
    said = pl.DataFrame(
        {
            "group": [0, 0, 0, None, None],
            "owner": ["a", "b", "c", "d", "e"],
            "text": ["the zeppelin petronella", "the zeppelin quast", "the zeppelin", "the harbour", "the sea is calm"],
        }
    )
    found = terms(said)
    assert found["terms"].to_list() == [["zeppelin"]]
