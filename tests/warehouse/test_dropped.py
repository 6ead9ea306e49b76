"""Files dropped into the landing folder, and what `ingest` must not need."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from warehouse import dropped, landing
from warehouse.clock import as_of
from warehouse.contracts import bronze, silver
from warehouse.refine import refine

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATER = datetime.now(UTC) + timedelta(hours=1)


def test_good_files_are_taken_and_others_refused_with_the_reason(lake, make):
    folder = lake.root / dropped.FOLDER
    folder.mkdir()
    (folder / "good.jsonl").write_text(json.dumps(make(1)))
    (folder / "bad.json").write_text('[{"ticket_id": "A", "created_at": "2026-01-01", "subject": "s"}')
    (folder / ".hidden").write_text("left alone")
    assert dropped.waiting(lake.root, datetime.now(UTC)) == [], "they may still be written"
    reasons = dropped.take(lake, now=LATER)
    assert len(reasons) == 1
    assert "bad.json ends inside" in reasons[0]
    assert [file.name for file in folder.rglob("good.jsonl")] == ["good.jsonl"]
    assert not (folder / "good.jsonl").exists()
    reason = next((folder / dropped.REFUSED).rglob("bad.json.reason.txt"))
    assert "nothing was loaded" in reason.read_text()
    assert dropped.take(lake, now=LATER) == []
    assert lake.row_count(bronze.TICKETS) == 1


def test_a_file_that_was_landed_but_not_moved_is_not_landed_twice(lake, make):
    folder = lake.root / dropped.FOLDER
    folder.mkdir()
    (folder / "good.jsonl").write_text(json.dumps(make(1)))
    landing.land(lake, folder / "good.jsonl", now=NOW)
    dropped.take(lake, now=LATER)
    assert lake.row_count(bronze.TICKETS) == 1


def test_articles_and_events_are_recognised_and_typed(lake, tmp_path):
    article = {"article_id": "KB-1", "title": "t", "body": "# b", "updated_at": "2026-01-02T00:00:00Z"}
    event = {
        "type": "MessageAdded",
        "version": 1,
        "event_time": "2026-01-03T00:00:00Z",
        "actor": {"kind": "agent", "id": "A"},
        "ticket_id": "T",
        "idempotency_key": "e-1",
        "payload": {"text": "x"},
    }
    other = {**event, "payload": {"text": "something else"}}
    for name, records in {"a.jsonl": [article, {"article_id": "KB-2"}], "e.jsonl": [event, event, other]}.items():
        (tmp_path / name).write_text("\n".join(map(json.dumps, records)))
        landing.land(lake, tmp_path / name, now=NOW)
    refine(lake)
    assert lake.read(silver.ARTICLES)["article_id"].to_list() == ["KB-1"]
    assert lake.read(silver.EVENTS).select("event_id", "actor_kind", "received_time").row(0) == ("e-1", "agent", NOW)
    assert sorted(lake.read(silver.QUARANTINE).select("kind", "reason").iter_rows()) == [
        ("articles", "contract"),
        ("events", "conflict"),
    ]
    assert as_of(lake, NOW) == datetime(2026, 1, 3, tzinfo=UTC)


def test_ingest_imports_no_orchestrator_web_model_or_database(tmp_path, make):
    (tmp_path / "t.jsonl").write_text(json.dumps(make(1)))
    code = """
import atexit, sys
sys.argv = ["ticketlake", "ingest", sys.argv[1]]
from cli.main import main
heavy = {"dagster", "dbt", "sklearn", "litestar", "sqlalchemy", "duckdb", "yaml"}
atexit.register(lambda: print(sorted(heavy & set(sys.modules))))
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "t.jsonl")],
        env={**os.environ, "LAKE_ROOT": str(tmp_path / "lake")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
