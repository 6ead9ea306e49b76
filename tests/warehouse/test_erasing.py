"""Someone is erased from what was received and refined, for good, and nobody else is touched."""

import gzip
import json
import shutil
from datetime import UTC, datetime

import polars as pl
import pytest

from warehouse import dropped, erasing, landing, leftovers, tombstones
from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.errors import VersionGone
from warehouse.ingest import ingest
from warehouse.purge import purge
from warehouse.refine import refine

NOW = datetime(2026, 7, 1, tzinfo=UTC)
WORDS = ("Zxqvperson", "CUST-ZXQV", "T-ZXQV-1")


def theirs(make, number=1, **changes):
    said = {name: f"Zxqvperson {name}" for name in ("subject", "description", "error_logs", "resolution", "region")}
    return make(number, ticket_id=f"T-ZXQV-{number}", customer_id="CUST-ZXQV", **{**said, **changes})


def happened(key, ticket, actor):
    return {
        "type": "MessageAdded",
        "version": 1,
        "event_time": "2026-03-03T12:00:00Z",
        "actor": {"kind": "customer", "id": actor},
        "ticket_id": ticket,
        "idempotency_key": key,
        "payload": {"text": f"words of {actor}"},
    }


def forget(lake, customer="CUST-ZXQV"):
    tickets = erasing.mark(lake, "customer", customer, [], now=NOW)
    done = erasing.erase(lake, tombstones.read(lake.root), {customer, *tickets})
    for table in (*silver.TABLES, *bronze.TABLES):
        purge(lake, table)
    return done


@pytest.fixture
def peopled(lake, take, make):
    """Two tickets of one customer, one of them changed since, their events, a broken record; and others."""
    take([make(7, customer_id="CUST-OTHER"), theirs(make), theirs(make, 2), make(8)], "a.jsonl")
    take([theirs(make, updated_at="2026-03-04T10:00:00Z", subject="Zxqvperson again")], "b.jsonl")
    take([theirs(make, 3, previous_tickets="Zxqvperson, no number")], "c.jsonl")
    take([happened("e-1", "T-ZXQV-1", "CUST-ZXQV"), happened("e-2", "T-00007", "CUST-OTHER")], "d.jsonl")
    return lake


def others(lake):
    tickets = lake.read(silver.TICKETS).filter(pl.col("customer_id").ne_missing("CUST-ZXQV"))
    events = lake.read(silver.EVENTS).filter(pl.col("ticket_id") != "T-ZXQV-1")
    return tickets.sort("ticket_id").to_dicts(), events.sort("event_id").to_dicts()


def test_no_byte_of_the_lake_holds_them_and_others_are_as_they_were(peopled):
    before = others(peopled)
    assert leftovers.found(peopled.root, WORDS)

    done = forget(peopled)

    assert leftovers.found(peopled.root, WORDS) == []
    assert others(peopled) == before
    assert done.counts == {"bronze/tickets": 4, "bronze/events": 1, "silver/quarantine": 1, "silver/tickets": 2,
                           "silver/events": 1}  # fmt: skip
    assert done.elsewhere == {"a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"}


def test_doing_it_again_changes_nothing(peopled):
    forget(peopled)
    before = {table.path: peopled.data_version(table) for table in (silver.TICKETS, bronze.TICKETS, silver.EVENTS)}

    assert forget(peopled).counts == {}
    assert {table: peopled.data_version(t) for t in silver.TABLES if (table := t.path) in before} == {
        name: version for name, version in before.items() if name.startswith("silver")
    }


def test_an_old_file_does_not_bring_them_back(peopled, take, make):
    forget(peopled)
    refine(peopled)
    before = others(peopled)

    report = take([theirs(make), theirs(make, 9), make(11)], "again.jsonl")

    assert (report.new, report.quarantined) == (1, 2)
    refused = peopled.read(silver.QUARANTINE).filter(reason="erased")
    assert refused["record"].to_list() == ["", ""]
    assert set(refused["ticket_id"]) == {None}
    assert leftovers.found(peopled.root, WORDS) == []
    assert len(others(peopled)[0]) == len(before[0]) + 1


def test_what_happens_to_their_tickets_later_is_refused(peopled, take):
    forget(peopled)

    late = [happened("e-7", "T-ZXQV-1", "A-1"), happened("e-8", "T-00008", "CUST-ZXQV")]

    assert take(late, "late.jsonl").quarantined == 2
    assert leftovers.found(peopled.root, WORDS) == []


def test_the_lake_without_its_silver_refines_what_is_left(peopled):
    forget(peopled)
    before = others(peopled)
    for name in ("tickets", "events", "quarantine"):
        shutil.rmtree(peopled.root / "silver" / name)

    refine(Lake(peopled.root))

    assert others(peopled) == before
    assert peopled.row_count(silver.QUARANTINE) == 0


def test_the_tombstones_tell_nobody_who_it_was(peopled):
    forget(peopled)
    folder = peopled.root / tombstones.FOLDER

    assert (folder / tombstones.KEY).stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in (folder / tombstones.LINES).read_text().splitlines()]
    assert sorted(line["kind"] for line in lines) == ["customer", "ticket", "ticket", "ticket"]
    assert not leftovers.mentions(folder / tombstones.LINES, WORDS)
    stones = tombstones.read(peopled.root)
    assert stones.has("customer", "CUST-ZXQV")
    assert not stones.has("ticket", "CUST-ZXQV")


def test_a_dropped_file_that_held_them_goes_and_is_still_known(lake, make, tmp_path):
    place = lake.root / "landing" / "theirs.jsonl.gz"
    place.parent.mkdir(parents=True)
    place.write_bytes(gzip.compress((json.dumps(theirs(make)) + "\n" + json.dumps(make(2)) + "\n").encode()))
    copy = shutil.copy(place, tmp_path / "copy.jsonl.gz")
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert dropped.take(lake, now=later) == []
    refine(lake)
    assert leftovers.found(lake.root / "landing", WORDS)

    forget(lake)

    assert leftovers.found(lake.root, WORDS) == []
    assert landing.land(lake, tmp_path / copy, now=NOW).known


def test_a_mapped_record_of_theirs_goes_too(lake, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[fields]\nticket_id = "nr"\ncustomer_id = "who"\nsubject = "text"\ncreated_at = "at"\n')
    rows = "nr,who,text,at\n17,CUST-ZXQV,Zxqvperson writes,2026-03-01T10:00:00Z\n18,CUST-9,other,2026-03-01T10:00:00Z\n"
    (tmp_path / "theirs.csv").write_text(rows)
    ingest(lake, tmp_path / "theirs.csv", now=NOW, mapping=str(rules))

    forget(lake)

    assert lake.read(silver.TICKETS)["ticket_id"].to_list() == ["18"]
    assert leftovers.found(lake.root, WORDS) == []


def test_who_was_reading_while_a_purge_went_on_begins_anew(peopled, take, make):
    source, mine = silver.TICKETS, f"{silver.TICKETS.path}@mine"
    seen = peopled.data_version(source)
    take([make(20)], "e.jsonl")
    purge(peopled, source)
    peopled.append(silver.EVENTS, [], progress={mine: seen})

    assert peopled.progress(silver.EVENTS, mine) is None
    peopled.append(silver.EVENTS, [], progress={mine: peopled.data_version(source)})
    assert peopled.progress(silver.EVENTS, mine) == peopled.data_version(source)


def test_who_followed_goes_on_after_a_purge_and_who_was_behind_is_told(peopled, take, make):
    seen = peopled.data_version(silver.TICKETS)
    take([make(20)], "e.jsonl")
    caught_up = peopled.data_version(silver.TICKETS)

    purge(peopled, silver.TICKETS)
    take([make(21)], "f.jsonl")

    assert peopled.changes(silver.TICKETS, caught_up)["ticket_id"].to_list() == ["T-00021"]
    with pytest.raises(VersionGone, match="was purged"):
        peopled.changes(silver.TICKETS, seen)
    assert peopled.read(silver.TICKETS, version=seen).height == 6 - 1
    assert purge(peopled, silver.TICKETS) > 0
    assert peopled.row_count(silver.TICKETS) == 6
