"""Files of every format come in once, whole or not at all; what breaks the contract is kept with its reason."""

import csv
import gzip
import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from warehouse.contracts import bronze, silver
from warehouse.delta import Lake
from warehouse.errors import SourceUnreadable
from warehouse.ingest import ingest

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data"
TICKETLAKE = Path(sys.executable).with_name("ticketlake")


def as_csv(records):
    rows = [{k: ",".join(v) if isinstance(v, list) else v for k, v in record.items()} for record in records]
    lines = []
    writer = csv.DictWriter(type("Sink", (), {"write": lambda _, text: lines.append(text)})(), list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return "".join(lines).encode()


FORMATS = {
    "compact array": lambda records: json.dumps(records, separators=(",", ":")).encode(),
    "pretty array": lambda records: json.dumps(records, indent=2).encode(),
    "lines": lambda records: "\n".join(map(json.dumps, records)).encode(),
    "lines with CRLF and blank ones": lambda records: ("\r\n\r\n".join(map(json.dumps, records)) + "\r\n").encode(),
    "array with a byte order mark": lambda records: b"\xef\xbb\xbf" + json.dumps(records).encode(),
    "CSV": as_csv,
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_tickets(lake, make, tmp_path, form, packed):
    records = [make(number) for number in range(50)]
    content = FORMATS[form](records)
    file = tmp_path / "export"
    file.write_bytes(gzip.compress(content) if packed else content)
    report = ingest(lake, file, now=NOW)
    assert (report.received, report.new, report.quarantined) == (50, 50, 0)
    found = lake.read(silver.TICKETS).sort("ticket_id")
    assert found["subject"].to_list() == [record["subject"] for record in records]
    assert found["tags"].to_list() == [["a", "b"]] * 50
    assert found["escalated"].to_list() == [False] * 50
    assert found["created_at"].unique().to_list() == [datetime(2026, 3, 1, 10, tzinfo=UTC)]


def test_the_same_file_again_is_unchanged_and_commits_nothing(lake, make, take):
    records = [make(1), b"broken", make(2)]
    first = take(records)
    before = {table.path: lake.version(table) for table in (*bronze.TABLES, *silver.TABLES)}
    again = take(records)
    assert (first.new, first.quarantined) == (2, 1)
    assert (again.received, again.unchanged, again.quarantined) == (3, 2, 1)
    assert {table.path: lake.version(table) for table in (*bronze.TABLES, *silver.TABLES)} == before


def test_the_same_bytes_are_kept_once_and_the_same_content_is_unchanged(lake, make, take):
    take([make(1), make(2)])
    report = take([make(1), json.dumps(make(2), indent=None, separators=(" , ", ": ")).encode()], "again.jsonl")
    assert (report.received, report.unchanged) == (2, 2)
    assert lake.read(bronze.TICKETS)["record"].null_count() == 1


def test_a_newer_record_replaces_the_ticket_and_older_or_equal_ones_are_quarantined(lake, make, take):
    take([make(1, subject="first")])
    report = take(
        [
            make(1, subject="newer", updated_at="2026-03-03T10:00:00Z"),
            make(1, subject="older", updated_at="2026-03-01T10:00:00Z"),
            make(1, subject="as old", updated_at="2026-03-03T10:00:00Z"),
            make(1, subject="newest", updated_at="2026-03-04T10:00:00Z", tags=...),
        ],
        "second.jsonl",
    )
    assert (report.received, report.new, report.updated, report.quarantined) == (4, 0, 2, 2)
    ticket = lake.read(silver.TICKETS).row(0, named=True)
    assert (ticket["subject"], ticket["tags"]) == ("newest", None)
    refused = lake.read(silver.QUARANTINE).sort("position")
    assert refused["reason"].to_list() == ["stale", "conflict"]
    assert refused["position"].to_list() == [2, 3]
    assert json.loads(refused["record"][1])["subject"] == "as old"
    assert refused["source"].unique().to_list() == ["second.jsonl"]


def test_a_record_that_was_superseded_and_comes_again_is_stale(lake, make, take):
    old, new = make(1), make(1, updated_at="2026-04-01T10:00:00Z")
    take([old, new])
    report = take([old], "old.jsonl")
    assert (report.unchanged, report.quarantined) == (0, 1)
    refused = lake.read(silver.QUARANTINE).row(0, named=True)
    assert (refused["reason"], json.loads(refused["record"])) == ("stale", old)


def test_only_the_required_fields_are_needed(lake, take):
    report = take(
        [
            {"ticket_id": "A", "created_at": "2026-01-01", "subject": "s"},
            {"ticket_id": "B", "created_at": 1767225600000, "description": "d"},
            {"ticket_id": "C", "created_at": 1767225600, "description": "d", "strange": {"x": [1]}},
            {"ticket_id": "D", "created_at": "2026-01-01T00:00:00Z"},
            {"ticket_id": "E", "subject": "s"},
            {"created_at": "2026-01-01T00:00:00Z", "subject": "s"},
        ]
    )
    assert (report.new, report.quarantined) == (3, 3)
    assert lake.read(silver.TICKETS)["created_at"].unique().to_list() == [datetime(2026, 1, 1, tzinfo=UTC)]
    assert lake.read(silver.QUARANTINE).sort("position")["field"].to_list() == ["subject", "created_at", "ticket_id"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"[]", "holds no records"),
        (b"<html><body>no</body></html>", "begins with"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "begins with"),
        (b'[{"name": "x"}, {"name": "y"}]', "something else than tickets"),
        (b'{"name": "x"}\n{"name": "y"}', "something else than tickets"),
        (b"a,b\n1,2\n", "something else than tickets"),
        (b"[1, 2, 3]", "something else than tickets"),
        (b'[{"ticket_id": "A", "created_at": "2026-01-01", "subject": "s"}, {"ticket_id": "B"', "ends inside"),
        (b'[{"ticket_id": "A", "created_at": "2026-01-01", "subject": "s"},', "ends inside"),
        (b'[{"ticket_id": "A", "created_at": "2026-01-01", "subject": "s"}] trailing', "goes on after the end"),
        (b'[{"ticket_id": "A", "created_at": "2026-01-01", "subject": "s"}, oops, {}]', "no valid JSON"),
    ],
)
def test_something_else_than_tickets_is_one_error_and_nothing_is_loaded(lake, tmp_path, content, message):
    file = tmp_path / "file.json"
    file.write_bytes(content)
    with pytest.raises(SourceUnreadable, match=message):
        ingest(lake, file, now=NOW)
    assert not any(lake.exists(table) and lake.row_count(table) for table in (*bronze.TABLES[1:], *silver.TABLES))


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
def test_a_gzip_that_ends_early_loads_nothing(lake, make, tmp_path, kept):
    random.seed(4)
    records = [make(n, description=random.randbytes(900).hex()) for n in range(9000)]
    whole = gzip.compress("\n".join(map(json.dumps, records)).encode(), compresslevel=1)
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(SourceUnreadable, match="ends early"):
        ingest(lake, file, now=NOW)
    assert not lake.exists(silver.TICKETS)
    file.write_bytes(whole)
    assert ingest(lake, file, now=NOW).new == 9000


def broken(record, kind, number):
    """One of the ways in which a line goes wrong."""
    encoded = json.dumps(record).encode()
    match kind:
        case 0:
            return encoded[: 1 + number % 100]
        case 1:
            return json.dumps({**record, "previous_tickets": "three"}).encode()
        case 2:
            return json.dumps({**record, "created_at": "2026-02-31T10:00:00Z"}).encode()
        case 3:
            return b"null"
        case 4:
            return json.dumps({**record, "created_at": None}).encode()
        case 5:
            return json.dumps({**record, "subject": {"deep": "y" * (10_000_000 if number < 400 else 10)}}).encode()
        case 6:
            return encoded.replace(b"subject ", b"\xff\xfe ")
        case 7:
            return json.dumps({**record, "tags": {"a": [1, {"b": 2}]}}).encode()
        case 8:
            return b"[" + encoded + b"]"
        case 9:
            return b'{"ticket_id": ' + b"[" * 3000 + b"]" * 3000 + b"}"
        case _:
            return json.dumps({**record, "satisfaction_score": 9}).encode()


def test_a_corrupted_file_gives_every_good_record_and_a_reason_for_every_bad_one(make, tmp_path):
    random.seed(1)
    bad = set(random.sample(range(10_000), 1_000))
    file = tmp_path / "corrupted.jsonl"
    with file.open("wb") as stream:
        for number in range(10_000):
            record = make(number)
            line = broken(record, number % 11, number) if number in bad else json.dumps(record).encode()
            stream.write(line + b"\n")
    root = tmp_path / "lake"
    done = subprocess.run(
        [TICKETLAKE, "ingest", file, "--json"],
        env={**os.environ, "LAKE_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert set(report) == {"received", "new", "updated", "unchanged", "quarantined", "seconds"}
    assert (report["received"], report["new"], report["quarantined"]) == (10_000, 9_000, 1_000)
    lake = Lake(root)
    refused = lake.read(silver.QUARANTINE)
    assert set(refused["position"]) == {number + 1 for number in bad}
    assert set(refused["reason"]) == {"malformed", "contract"}
    assert refused["detail"].str.len_chars().min() > 10
    assert lake.row_count(silver.TICKETS) == 9_000


@pytest.mark.skipif(not SHARED.exists(), reason="the real sample is not part of the repository (../shared/data)")
@pytest.mark.parametrize(("name", "count"), [("tickets-sample.json.gz", 5_500), ("tickets-epoch-ms.json", 100)])
def test_real_exports_come_in_whole(lake, name, count):
    report = ingest(lake, SHARED / name, now=NOW)
    assert (report.received, report.new, report.quarantined) == (count, count, 0)
    assert lake.read(silver.TICKETS).select(pl.col("created_at", "resolved_at").null_count()).row(0) == (0, 0)
