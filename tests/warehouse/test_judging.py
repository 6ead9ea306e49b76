"""What is said twice, too late, or before its time: judged by what stands, in the order in which bronze has it."""

import json
import os
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import polars as pl
import pytest

from warehouse.contracts import bronze, silver
from warehouse.errors import ContractBroken
from warehouse.ingest import ingest
from warehouse.landing import land
from warehouse.mapping import read_mapping
from warehouse.refine import refine

NOW = datetime(2026, 7, 1, tzinfo=UTC)
EVENT = {
    "type": "TicketResolved",
    "version": 1,
    "event_time": "2026-06-01T10:00:00Z",
    "actor": {"kind": "agent", "id": "A-1"},
    "ticket_id": "T-1",
    "idempotency_key": "e-1",
    "payload": {"resolution": "restart"},
}


def figures(report):
    """new, updated, unchanged, quarantined."""
    assert report.received == report.new + report.updated + report.unchanged + report.quarantined
    return report.new, report.updated, report.unchanged, report.quarantined


def reasons(lake):
    """Reasons in quarantine, in bronze order."""
    return lake.read(silver.QUARANTINE).sort("load_id", "position")["reason"].to_list()


def hear(lake, *records):
    """Append records to bronze as the drain does: one load for ever, with their bytes, whatever came before."""
    first = 1 + (lake.read(bronze.TICKETS)["sequence"].max() or 0) if lake.exists(bronze.TICKETS) else 1
    load = {"load_id": "inbox", "source": "inbox", "kind": "tickets", "format": "inbox", "loaded_at": NOW}
    lake.merge(bronze.LOADS, pl.DataFrame([{**load, "mapping": None}], schema=bronze.LOADS.schema))
    bodies = [json.dumps(record).encode() for record in records]
    rows = {
        "sequence": range(first, first + len(bodies)),
        "load_id": ["inbox"] * len(bodies),
        "source": ["inbox"] * len(bodies),
        "position": range(first, first + len(bodies)),
        "record_hash": [blake2b(body, digest_size=16).hexdigest() for body in bodies],
        "record": bodies,
    }
    lake.append(bronze.TICKETS, pl.DataFrame(rows, schema=bronze.TICKETS.schema), progress={"inbox": first})


def test_an_event_said_again_is_unchanged_and_one_that_says_something_else_is_a_conflict(lake, take):
    assert figures(take([EVENT], "a.jsonl")) == (1, 0, 0, 0)
    assert figures(take([EVENT, {**EVENT, "more": 1}], "b.jsonl")) == (0, 0, 2, 0)
    later = {**EVENT, "event_time": "2026-06-02T10:00:00Z"}
    assert figures(take([later, {**EVENT, "payload": {"resolution": "update"}}], "c.jsonl")) == (0, 0, 0, 2)
    assert reasons(lake) == ["conflict", "conflict"]
    assert lake.read(silver.EVENTS)["event_time"].to_list() == [datetime(2026, 6, 1, 10, tzinfo=UTC)]


def test_an_event_received_later_is_the_same_event(lake, take, tmp_path):
    take([EVENT], "a.jsonl")
    file = tmp_path / "again.jsonl"
    file.write_text(json.dumps(EVENT, indent=None, separators=(",", ":")))
    assert figures(ingest(lake, file, now=NOW + timedelta(days=3))) == (0, 0, 1, 0)


def test_the_inbox_and_files_are_judged_alike(lake, make, take):
    take([make(1)], "a.jsonl")
    hear(lake, make(1), make(1, updated_at="2026-03-01T10:00:00Z"), make(2))
    assert refine(lake) == {"inbox": {"unchanged": 1, "quarantined": 1, "new": 1}}
    assert reasons(lake) == ["stale"]


def test_bronze_order_counts_where_the_inbox_comes_before_and_after_a_file(lake, make, take):
    hear(lake, make(1))
    newer, newest = make(1, updated_at="2026-03-03T10:00:00Z"), make(1, updated_at="2026-03-04T10:00:00Z")
    landed = lake.root.parent / "b.jsonl"
    landed.write_text(json.dumps(newer))
    land(lake, landed, now=NOW)
    hear(lake, newest)
    outcomes = refine(lake)
    assert outcomes.pop("inbox") == {"new": 1, "updated": 1}
    assert list(outcomes.values()) == [{"updated": 1}]
    assert lake.row_count(silver.QUARANTINE) == 0


def test_what_was_refused_is_refused_again_at_its_new_place(lake, make, take):
    bad = [make(1, satisfaction_score=9), b"broken", make(2, created_at="never")]
    assert figures(take(bad, "a.jsonl")) == (0, 0, 0, 3)
    assert figures(take([make(3), *bad, *bad], "b.jsonl")) == (1, 0, 0, 6)
    found = lake.read(silver.QUARANTINE)
    assert found["record"].null_count() == 0
    assert found.group_by("record").len()["len"].to_list() == [3, 3, 3]


def test_a_record_from_tomorrow_is_refused_until_its_day_has_come(lake, make, tmp_path):
    early, other = tmp_path / "early.jsonl", tmp_path / "later.jsonl"
    tomorrow = make(1, created_at="2026-07-03T00:00:00Z", updated_at=None)
    early.write_text("\n".join(map(json.dumps, [make(0), tomorrow])))
    other.write_text("\n".join(map(json.dumps, [make(0), make(2), tomorrow])))
    assert figures(ingest(lake, early, now=NOW)) == (1, 0, 0, 1)
    assert figures(ingest(lake, other, now=NOW + timedelta(days=5))) == (2, 0, 1, 0)


def test_versions_and_repetitions_within_one_file_are_judged_in_its_order(lake, make, take):
    first, second = make(1), make(1, updated_at="2026-03-05T10:00:00Z", subject="second")
    report = take([first, first, second, first, second, make(2)])
    assert figures(report) == (2, 1, 2, 1)
    assert reasons(lake) == ["stale"]
    assert lake.read(silver.TICKETS).sort("ticket_id")["subject"].to_list() == ["second", "subject 2"]
    assert lake.data_version(silver.TICKETS) == 0


def test_a_ticket_is_not_opened_twice_whatever_later_records_say(lake, make, take):
    moved = make(1, created_at="2026-02-01T10:00:00Z", updated_at="2026-04-01T10:00:00Z", subject="moved")
    newer = make(1, updated_at="2026-03-05T10:00:00Z", subject="newer")
    assert figures(take([make(1)], "a.jsonl")) == (1, 0, 0, 0)
    assert figures(take([moved, newer], "b.jsonl")) == (0, 1, 0, 1)
    refused = lake.read(silver.QUARANTINE).row(0, named=True)
    assert (refused["reason"], refused["field"], refused["ticket_id"]) == ("conflict", "created_at", "T-00001")
    assert lake.read(silver.TICKETS)["subject"].to_list() == ["newer"]


def test_versions_of_one_ticket_are_judged_across_batches(lake, make, take):
    def versions(day):
        return [make(number, updated_at=f"2026-04-{day:02d}T00:00:00Z") for number in range(5_000)]

    report = take([*versions(1), *versions(2), *versions(1), *versions(3)])
    assert figures(report) == (5_000, 10_000, 0, 5_000)
    assert lake.read(silver.TICKETS)["updated_at"].unique().to_list() == [datetime(2026, 4, 3, tzinfo=UTC)]


def test_another_mapping_makes_other_records_of_the_same_file(lake, tmp_path):
    file, wrong, right = tmp_path / "a.csv", tmp_path / "wrong.toml", tmp_path / "right.toml"
    file.write_text("no,opened,closed,title\n1,2026-01-01,never,a\n2,2026-01-02,never,b\n")
    wrong.write_text('[fields]\nticket_id = "no"\ncreated_at = "closed"\nsubject = "title"\n')
    right.write_text('[fields]\nticket_id = "no"\ncreated_at = "opened"\nsubject = "title"\n')
    assert figures(ingest(lake, file, now=NOW, mapping=str(wrong))) == (0, 0, 0, 2)
    assert figures(ingest(lake, file, now=NOW, mapping=str(right))) == (2, 0, 0, 0)
    assert figures(ingest(lake, file, now=NOW, mapping=str(right))) == (0, 0, 2, 0)
    assert read_mapping(str(right)).fits(frozenset({"no", "x"}))


@pytest.mark.parametrize("name", ["t [1] %20 ü.jsonl", "quo'te\".jsonl", "line\nend.jsonl", b"no-utf8-\xff.jsonl"])
def test_a_file_may_have_any_name(lake, make, tmp_path, name):
    file = tmp_path / (os.fsdecode(name) if isinstance(name, bytes) else name)
    file.write_text(json.dumps(make(1)))
    assert figures(ingest(lake, file, now=NOW)) == (1, 0, 0, 0)


def test_rows_of_a_load_that_nobody_knows_say_what_to_restore(lake):
    hear(lake, {"ticket_id": "T-1", "created_at": "2026-06-01T00:00:00Z", "subject": "s"})
    lake.delete(bronze.LOADS, lake.read(bronze.LOADS))

    with pytest.raises(ContractBroken, match="rows of load inbox, expected it in bronze/loads"):
        refine(lake)
