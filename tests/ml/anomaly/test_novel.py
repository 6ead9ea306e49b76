"""New issue types: what nobody said before and several customers say is found early, at the same ticket either way."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.anomaly import candidates, novel, usual
from ml.anomaly.candidates import Past
from ml.anomaly.known import Issues
from ml.anomaly.sentences import sentences
from ml.anomaly.usual import Usual, kept
from warehouse.contracts.anomalies import NEW_ISSUES, SIGNALS

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DIMENSION = 64
TOPICS = 40
DAYS = 40


class World:
    """Tickets that say one sentence each: usual ones about known topics, and what a test adds."""

    def __init__(self, seed=0):
        self.draw = np.random.default_rng(seed)
        self.topics = self.draw.normal(size=(TOPICS, DIMENSION))
        self.rows, self.vectors = [], []
        for number in range(48 * DAYS):
            topic = int(self.draw.integers(TOPICS))
            self.say(START + number * HOUR / 2, f"C-{number % 300}", f"usual {topic} {number}", self.topics[topic])

    def say(self, at, customer, text, direction, spread=0.35):
        noise = self.draw.normal(size=DIMENSION) * spread * np.linalg.norm(direction) / DIMENSION**0.5
        vector = direction + noise
        self.rows.append((f"T-{len(self.rows):05d}", at, customer, text))
        self.vectors.append((vector / np.linalg.norm(vector)).astype(np.float32))

    def new(self, at, count, *, customers=None, direction=None, text="the zeppelin does not moor", apart=3 * HOUR):
        direction = self.draw.normal(size=DIMENSION) if direction is None else direction
        first = len(self.rows)
        for number in range(count):
            customer = f"N-{number if customers is None else number % customers}"
            self.say(at + number * apart, customer, f"{text} {'abcdefghijklmnopqrstuvwxyz'[number]}", direction)
        return [f"T-{number:05d}" for number in range(first, first + count)]

    def tickets(self):
        frame = pl.DataFrame(
            self.rows,
            schema={"ticket_id": pl.String, "created_at": pl.Datetime("us", "UTC"), "customer_id": pl.String,
                    "sentence": pl.String},
            orient="row",
        )  # fmt: skip
        return frame.with_row_index("v").with_columns(text_hash="sentence").sort("created_at", "ticket_id")


def watched(world, borders=()):
    """Groups and their sentences, of tickets that came in parts that end at these moments."""
    rows, vectors = world.tickets(), np.array(world.vectors)
    judged, own = pl.DataFrame(schema=usual.SCHEMA), np.zeros((0, DIMENSION), np.float32)
    edges = [datetime.min.replace(tzinfo=UTC), *borders, datetime.max.replace(tzinfo=UTC)]
    for start, end in pairwise(edges):
        part = rows.filter((pl.col("created_at") >= start) & (pl.col("created_at") < end))
        part = part.join(judged, on="text_hash", how="anti", maintain_order="left").unique(
            "text_hash", keep="first", maintain_order=True
        )
        read = vectors[part["v"].to_numpy()]
        fresh = Usual(judged, own).judge(part.select("text_hash", first_at="created_at"), read)
        own = np.concatenate([own, read[fresh.select(kept()).to_series().to_numpy()]])
        judged = pl.concat([judged, fresh])
    strange = rows.join(judged.filter("strange"), on="text_hash").sort("created_at", "ticket_id")
    strange = strange.with_columns(version=pl.lit("Moor 1.0"))
    said = vectors[strange["v"].to_numpy()]
    return novel.groups(strange, said, rows["created_at"], Usual(judged, own)), strange, said


def made(world, issues=None, borders=()):
    groups, strange, said = watched(world, borders)
    rows = world.tickets()
    place = dict(rows.select("ticket_id", "v").iter_rows())
    vectors = np.array(world.vectors)
    past = Past(
        lambda ids: vectors[[place[one] for one in ids]],
        Issues.none(DIMENSION) if issues is None else issues,
        rows["created_at"].max(),
    )
    return candidates.rows(groups, strange, said, past)


def test_a_new_topic_is_found_by_its_twelfth_ticket_and_nothing_else_is():
    world = World()
    planted = world.new(START + 35 * 24 * HOUR, 14)

    found = made(world).filter(pl.col("known_at").is_not_null())

    assert found.height == 1
    row = found.row(0, named=True)
    twelfth = START + 35 * 24 * HOUR + 11 * 3 * HOUR
    assert row["known_at"] <= twelfth
    assert set(row["ticket_ids"]) <= set(planted)
    assert row["state"] == "new"
    assert row["first_at"] == START + 35 * 24 * HOUR
    assert "zeppelin" in row["name"]
    assert row["versions"] == [] or row["versions"] == ["Moor 1.0"]


def test_what_is_said_in_other_words_each_time_is_found_around_the_newest_sentence():
    world = World()
    common, begin = world.draw.normal(size=DIMENSION), START + 35 * 24 * HOUR
    for number in range(8):
        direction = common + 0.9 * world.draw.normal(size=DIMENSION)
        world.new(begin + number * HOUR, 1, direction=direction, text=f"the airship will not moor {number}")
        world.rows[-1] = (*world.rows[-1][:2], f"N-{number}", world.rows[-1][3])

    found = made(world).filter(pl.col("known_at").is_not_null())

    assert found.height == 1
    assert found["customers"][0] >= novel.LEAST_CUSTOMERS
    assert found["known_at"][0] <= begin + 7 * HOUR


def test_nothing_is_found_where_nothing_is_new():
    assert made(World(1)).filter(pl.col("known_at").is_not_null()).is_empty()


def test_one_customer_who_writes_ten_times_is_one_customer():
    world = World()
    world.new(START + 35 * 24 * HOUR, 10, customers=1)
    assert made(world).is_empty()


def test_more_of_what_is_known_is_not_new():
    world = World()
    world.new(START + 35 * 24 * HOUR, 20, direction=world.topics[0])
    assert made(world).filter(pl.col("known_at").is_not_null()).is_empty()


def test_a_reworded_known_issue_becomes_known_and_tells_nothing():
    world = World()
    direction = world.draw.normal(size=DIMENSION)
    world.new(START + 35 * 24 * HOUR, 14, direction=direction)
    other = world.draw.normal(size=(3, DIMENSION))
    centres = np.repeat(np.vstack([direction, other]), 10, axis=0)
    members = centres + world.draw.normal(size=centres.shape) * 0.5
    members = (members / np.linalg.norm(members, axis=1, keepdims=True)).astype(np.float32)
    issue = pl.DataFrame({"issue_id": [f"ISS-{n // 10}" for n in range(40)], "since": [START] * 40})

    found = made(world, Issues(issue, members)).filter(pl.col("known_at").is_not_null())

    assert found["state"].to_list() == ["known"]
    assert found["nearest_issue"].to_list() == ["ISS-0"]
    assert candidates.told(found).is_empty()


def test_an_issue_that_began_later_does_not_make_a_candidate_known():
    world = World()
    direction = world.draw.normal(size=DIMENSION)
    world.new(START + 35 * 24 * HOUR, 14, direction=direction)
    late = pl.DataFrame({"issue_id": ["ISS-0"] * 10, "since": [START + 36 * 24 * HOUR] * 10})
    members = np.repeat(direction[None] / np.linalg.norm(direction), 10, axis=0).astype(np.float32)

    found = made(world, Issues(late, members)).filter(pl.col("known_at").is_not_null())

    assert found["state"].to_list() == ["new"]
    assert found["nearest_issue"].to_list() == [None]


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(1, 24 * DAYS + 40), min_size=1, max_size=3, unique=True))
def test_a_replay_in_parts_gives_what_a_batch_gives(hours):
    world = World()
    world.new(START + 35 * 24 * HOUR, 14)
    borders = [START + hour * HOUR + HOUR / 2 for hour in sorted(hours)]
    whole, parts = made(world), made(world, borders=borders)
    assert whole.height
    assert parts.equals(whole)


def test_what_comes_later_changes_nothing_of_when_it_was_known():
    short, long = World(), World()
    short.new(START + 35 * 24 * HOUR, 10)
    long.new(START + 35 * 24 * HOUR, 20)
    one, other = (made(world).filter(pl.col("known_at").is_not_null()) for world in (short, long))
    keep = ["candidate_id", "known_at", "first_at"]
    assert one.select(keep).equals(other.select(keep))


def test_a_candidate_that_nobody_writes_about_any_more_is_quiet_and_its_signal_stands():
    world = World()
    world.new(START + 24 * 24 * HOUR, 14)
    found = made(world).filter(pl.col("known_at").is_not_null())
    told = candidates.told(found)
    assert found["state"].to_list() == ["quiet"]
    assert told.schema == SIGNALS.schema
    assert told["kind"].to_list() == ["new_issue"]
    assert told["known_at"].to_list() == found["known_at"].to_list()
    assert candidates.told(found).equals(told)


def test_one_ticket_and_none_are_no_candidate():
    none = pl.DataFrame(schema={**novel.SCHEMA, "version": pl.String})
    empty = np.zeros((0, DIMENSION), np.float32)
    blank = Usual(pl.DataFrame(schema=usual.SCHEMA), empty)
    opened = pl.Series([START], dtype=pl.Datetime("us", "UTC"))
    assert novel.groups(none, empty, opened, blank) == []
    one = none.vstack(pl.DataFrame([("T", "h", "a b c", START, "C", None)], schema=none.schema, orient="row"))
    groups = novel.groups(one, np.eye(1, DIMENSION, dtype=np.float32), opened, blank)
    assert len(groups) == 1
    past = Past(lambda _: empty, Issues.none(DIMENSION), START)
    assert candidates.rows(groups, one, np.eye(1, DIMENSION, dtype=np.float32), past).equals(
        pl.DataFrame(schema=NEW_ISSUES.schema)
    )
    first = pl.DataFrame({"text_hash": ["h"], "first_at": [START]})
    assert blank.judge(first, np.eye(1, DIMENSION, dtype=np.float32))["strange"].to_list() == [False]


@pytest.mark.parametrize("alike", [0, 3])
def test_chance_falls_with_customers_and_rises_with_what_was_said_before(alike):
    joined = np.arange(100, 106)
    odds = [novel.chance(joined[:count], 106, 100, alike) for count in (3, 4, 5, 6)]
    assert odds == sorted(odds, reverse=True)
    assert novel.chance(joined, 106, 100, alike) < novel.chance(joined, 106, 100, alike + 5)
    assert all(0 < one <= 1 for one in odds)


def test_sentences_leave_out_what_varies_and_marks_of_what_was_redacted():
    said = sentences(
        pl.Series(["Order 17 is lost! Call [PHONE] now please.\nOrder 18 is lost", "追加機能が届かない。"])
    )
    assert said["sentence"].to_list() == ["order is lost", "call now please", "追加機能が届かない"]
    assert said["text"].to_list() == [0, 0, 1]
    assert sentences(pl.Series([], dtype=pl.String)).is_empty()
