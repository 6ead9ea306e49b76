"""The public Twitter customer-support export: replies chain into one ticket."""

import csv
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.errors import SettingsInvalid, SourceUnreadable
from warehouse.ingest import ingest
from warehouse.mapping import read_mapping

NOW = datetime(2026, 7, 1, tzinfo=UTC)
COLUMNS = ["tweet_id", "author_id", "inbound", "created_at", "text", "response_tweet_id", "in_response_to_tweet_id"]


def tweet(tweet_id, parent, author, minute, text="words", inbound=None):
    """A row as the export writes it; authors with a number are customers."""
    asks = author.isdigit() if inbound is None else inbound
    at = f"Tue Oct 31 22:{minute:02d}:47 +0000 2017"
    return [str(tweet_id), author, str(asks), at, text, "", "" if parent is None else str(parent)]


def write(file, rows):
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return file


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def take(lake, tmp_path):
    def run(rows, name="tweets.csv"):
        return ingest(lake, write(tmp_path / name, rows), now=NOW, mapping="twitter")

    return run


def test_a_chain_of_replies_becomes_one_ticket_with_its_messages(lake, take):
    report = take(
        [
            tweet(1, None, "115712", 10, 'my phone is\nbroken, "again" 😡'),
            tweet(2, 1, "HelpDesk", 15, "@115712 sorry to hear"),
            tweet(3, 2, "115712", 20, "since monday"),
            tweet(4, 3, "HelpDesk", 25, "fixed now"),
            tweet(5, None, "999", 30, "another matter"),
        ]
    )
    assert (report.received, report.new, report.quarantined) == (5, 5, 0)
    tickets = lake.read(silver.TICKETS).sort("ticket_id")
    assert tickets["ticket_id"].to_list() == ["1", "5"]
    assert tickets["description"][0] == 'my phone is\nbroken, "again" 😡'
    assert tickets["channel"].unique().to_list() == ["twitter"]
    assert tickets["created_at"][0] == datetime(2017, 10, 31, 22, 10, 47, tzinfo=UTC)
    events = lake.read(silver.EVENTS).sort("event_time")
    assert events["ticket_id"].to_list() == ["1", "1", "1"]
    assert events["actor_kind"].to_list() == ["agent", "customer", "agent"]
    assert json.loads(events["payload"][0]) == {"text": "@115712 sorry to hear"}


def test_the_order_of_rows_does_not_matter(lake, take):
    take([tweet(4, 3, "Desk", 25), tweet(3, 2, "7", 20), tweet(1, None, "7", 10), tweet(2, 1, "Desk", 15)])
    assert lake.read(silver.TICKETS)["ticket_id"].to_list() == ["1"]
    assert set(lake.read(silver.EVENTS)["ticket_id"]) == {"1"}


def test_a_late_reply_in_a_later_file_finds_its_ticket(lake, take):
    take([tweet(1, None, "7", 10), tweet(2, 1, "Desk", 15)])
    report = take([tweet(3, 2, "7", 20), tweet(4, 1, "Desk", 30)], "later.csv")
    assert (report.received, report.new) == (2, 2)
    assert lake.read(silver.TICKETS)["ticket_id"].to_list() == ["1"]
    assert lake.read(silver.EVENTS).sort("event_id")["ticket_id"].to_list() == ["1", "1", "1"]


def test_a_reply_to_a_message_that_nobody_has_is_a_ticket_of_its_own(lake, take):
    take([tweet(8, 6, "7", 10), tweet(9, 8, "Desk", 11)])
    assert lake.read(silver.TICKETS)["ticket_id"].to_list() == ["8"]
    assert lake.read(silver.EVENTS)["ticket_id"].to_list() == ["8"]


def test_messages_that_answer_in_a_circle_do_not_hang(lake, take):
    report = take([tweet(1, 2, "7", 10), tweet(2, 1, "Desk", 11), tweet(3, None, "8", 12)])
    assert report.received == 3
    assert "3" in set(lake.read(silver.TICKETS)["ticket_id"])


def test_a_long_chain_is_one_ticket(lake, take):
    rows = [tweet(n, n - 1 if n > 1 else None, "7" if n % 2 else "Desk", n % 60) for n in range(1, 301)]
    take(rows)
    assert lake.read(silver.TICKETS)["ticket_id"].to_list() == ["1"]
    assert lake.row_count(silver.EVENTS) == 299


def test_rows_that_are_broken_are_quarantined_with_their_line(lake, take):
    broken = tweet(2, 1, "Desk", 15)
    broken[3] = "yesterday"
    report = take([tweet(1, None, "7", 10), broken, ["3", "7"]])
    assert (report.received, report.new, report.quarantined) == (3, 1, 2)
    assert lake.read(silver.QUARANTINE)["position"].sort().to_list() == [3, 4]


def test_the_same_file_again_changes_nothing(lake, take):
    rows = [tweet(1, None, "7", 10), tweet(2, 1, "Desk", 15)]
    take(rows)
    before = {table.path: lake.version(table) for table in silver.TABLES}
    again = take(rows)
    assert (again.received, again.unchanged) == (2, 2)
    assert {table.path: lake.version(table) for table in silver.TABLES} == before


def test_a_mapping_names_columns_values_and_constants(lake, tmp_path):
    rules = tmp_path / "ours.toml"
    rules.write_text(
        """
        separator = ";"
        time_format = "%d.%m.%Y %H:%M"
        [fields]
        ticket_id = "Ticket No"
        created_at = "Opened"
        subject = "Title"
        priority = "Urgency"
        tags = "Labels"
        previous_tickets = "Earlier"
        escalated = "Escalated"
        [constants]
        channel = "email"
        [values.priority]
        Urgent = "critical"
        """
    )
    file = tmp_path / "export.csv"
    file.write_text(
        "Ticket No,Opened,Title,Urgency,Labels,Earlier,Escalated,Other\n"
        'A-1,31.01.2026 14:05,"Broken, badly",Urgent,red;blue,3,true,x\n'
        "A-2,31.02.2026 14:05,Impossible day,low,,,,\n"
    )
    report = ingest(lake, file, now=NOW, mapping=str(rules))
    assert (report.new, report.quarantined) == (1, 1)
    row = lake.read(silver.TICKETS).row(0, named=True)
    assert row["created_at"] == datetime(2026, 1, 31, 14, 5, tzinfo=UTC)
    assert (row["priority"], row["channel"], row["tags"]) == ("critical", "email", ["red", "blue"])
    assert (row["previous_tickets"], row["escalated"], row["subject"]) == (3, True, "Broken, badly")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[fields]\nticket = 'No'\n", "no field ticket"),
        ("[fields]\nsubject = 'Title'\n", "ticket_id is missing"),
        ("[fields\n", "is not valid"),
        ("unknown = 1\n", "is not valid"),
    ],
)
def test_a_mapping_that_is_wrong_says_how(tmp_path, text, message):
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(SettingsInvalid, match=message):
        read_mapping(str(file))


def test_a_mapping_that_is_not_there_names_those_that_are():
    with pytest.raises(SettingsInvalid, match="twitter"):
        read_mapping("facebook")


def test_a_mapping_for_another_file_is_refused_before_anything_is_loaded(lake, tmp_path):
    file = tmp_path / "plain.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(SourceUnreadable, match="tweet_id"):
        ingest(lake, file, now=NOW, mapping="twitter")
    assert not lake.exists(silver.TICKETS)


def test_text_is_kept_as_it_was_written(lake, take):
    words = '日本語 — ünïcode, "quotes", line\nbreak'
    take([tweet(1, None, "7", 10, words)])
    assert lake.read(silver.TICKETS).select(pl.col("description")).item() == words
