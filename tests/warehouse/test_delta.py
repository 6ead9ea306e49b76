"""Tables keep their contract, their lock, and their progress in the commit."""

import subprocess
import sys
from datetime import UTC, datetime
from threading import Thread
from time import monotonic, sleep

import polars as pl
import pytest

from warehouse.contracts import bronze, silver
from warehouse.contracts.bronze import LOADS
from warehouse.delta import Lake
from warehouse.errors import ContractBroken, FormatMismatch, NotMaterialized, SettingsInvalid
from warehouse.maintenance import maintain
from warehouse.reading import FORMAT

AT = datetime(2026, 1, 1, tzinfo=UTC)


def loads(ids, form="json"):
    rows = [{"load_id": i, "source": "s", "kind": "tickets", "format": form, "loaded_at": AT} for i in ids]
    return pl.DataFrame(rows, schema=LOADS.schema)


def test_a_merge_inserts_what_is_new_and_updates_only_what_differs(lake):
    lake.merge(LOADS, loads("ab"))
    done = lake.merge(LOADS, pl.concat([loads("a"), loads("bc", "csv")]))
    assert (done.inserted, done.updated) == (1, 1)
    assert dict(lake.read(LOADS).select("load_id", "format").iter_rows()) == {"a": "json", "b": "csv", "c": "csv"}


def test_nothing_new_commits_nothing(lake):
    lake.merge(LOADS, loads("ab"), progress={"source": 1})
    done = lake.merge(LOADS, loads("ba"), progress={"source": 1})
    assert (done.version, done.changed) == (0, False)


def test_progress_alone_moves_the_version_but_not_the_data_version(lake):
    lake.merge(LOADS, loads("a"), progress={"source": 1})
    lake.merge(LOADS, loads("a"), progress={"source": 2})
    assert (lake.version(LOADS), lake.data_version(LOADS), lake.progress(LOADS, "source")) == (1, 0, 2)
    assert lake.changes(LOADS, 0).is_empty()


def test_an_exchange_deletes_what_has_no_row_any_more_and_leaves_what_was_not_known(lake):
    lake.merge(LOADS, loads("abc"))
    done = lake.exchange(LOADS, loads("ab"), loads("bd", "csv"), progress={"source": 1})
    assert (done.deleted, done.inserted, done.updated) == (1, 1, 1)
    assert dict(lake.read(LOADS).select("load_id", "format").iter_rows()) == {"b": "csv", "c": "json", "d": "csv"}
    assert lake.progress(LOADS, "source") == 1


def test_changes_give_what_was_inserted_updated_and_deleted_since(lake):
    lake.merge(LOADS, loads("ab"))
    lake.merge(LOADS, loads("bc", "csv"))
    lake.delete(LOADS, loads("a").select(LOADS.primary_key))
    found = lake.changes(LOADS, 0).sort("load_id")
    assert list(found.select("load_id", "_change_type").iter_rows()) == [
        ("a", "delete"),
        ("b", "update_postimage"),
        ("c", "insert"),
    ]
    assert lake.changes(LOADS, None)["load_id"].sort().to_list() == ["b", "c"]
    assert lake.changes(LOADS, 1, 1).is_empty()


def test_replacing_with_the_same_rows_in_another_order_commits_nothing(lake):
    lake.replace(LOADS, loads("abc"))
    assert not lake.replace(LOADS, loads("cab")).changed
    done = lake.replace(LOADS, loads("ab"))
    assert (done.changed, lake.row_count(LOADS)) == (True, 2)


def test_a_stream_that_fails_commits_nothing_and_raises_what_failed(lake):
    def rows():
        yield loads("a")
        raise ZeroDivisionError("on the way")

    lake.merge(LOADS, loads("z"))
    with pytest.raises(ZeroDivisionError, match="on the way"):
        lake.append(LOADS, rows())
    assert lake.version(LOADS) == 0
    assert lake.read(LOADS)["load_id"].to_list() == ["z"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (loads("a").drop("source"), "source is missing"),
        (loads("a").with_columns(pl.col("loaded_at").cast(pl.String)), "loaded_at is String, expected Datetime"),
        (loads("a").with_columns(pl.lit(1).alias("extra")), "no column extra"),
        (loads("a").with_columns(pl.lit(None, pl.String).alias("source")), "source is null in 1 rows"),
        (loads("aa"), "1 rows repeat the key"),
    ],
)
def test_rows_that_break_the_contract_are_refused_with_the_column(lake, rows, message):
    with pytest.raises(ContractBroken, match=message):
        lake.merge(LOADS, rows)
    assert not lake.exists(LOADS)


def test_a_table_that_was_never_written_is_said_to_be_missing(lake):
    with pytest.raises(NotMaterialized, match="silver/tickets is not materialized"):
        lake.read(silver.TICKETS)
    assert (lake.version(silver.TICKETS), lake.progress(silver.TICKETS, "x")) == (None, None)


def test_a_lake_of_another_format_is_refused(tmp_path):
    (tmp_path / "FORMAT").write_text(f"{FORMAT + 1}\n")
    with pytest.raises(FormatMismatch, match=f"expects {FORMAT}"):
        Lake(tmp_path)


def test_another_process_waits_for_the_lock(lake, tmp_path):
    held = tmp_path / "held"
    code = f"""
from pathlib import Path
from time import sleep
from warehouse.delta import Lake
from warehouse.reading import FORMAT
from warehouse.contracts.bronze import LOADS
with Lake(Path({str(lake.root)!r})).lock(LOADS):
    Path({str(held)!r}).touch()
    sleep(1.5)
"""
    child = subprocess.Popen([sys.executable, "-c", code])
    while not held.exists():
        sleep(0.01)
    began = monotonic()
    lake.merge(LOADS, loads("a"))
    waited = monotonic() - began
    assert child.wait() == 0
    assert waited > 0.5


def test_rows_come_in_the_order_of_a_column_however_many_files_there_are(lake):
    def records(first, last):
        return pl.DataFrame(
            {
                "sequence": range(first, last),
                "load_id": "l",
                "source": "s",
                "position": range(first, last),
                "record_hash": "h",
                "record": b"r",
            },
            schema=bronze.TICKETS.schema,
        )

    for first in (1, 11, 21):
        lake.append(bronze.TICKETS, records(first, first + 10))
    for _ in ("as written", "after compaction"):
        found = list(lake.ordered(bronze.TICKETS, "sequence", after=5, size=4))
        assert [n for batch in found for n in batch["sequence"]] == list(range(6, 31))
        assert all(batch.height <= 4 for batch in found)
        maintain(lake, bronze.TICKETS)


def test_maintenance_spares_rows_progress_and_data_version(lake):
    for number in range(4):
        lake.merge(LOADS, loads([f"l{number}"]), progress={"source": number})
    done = maintain(lake, LOADS, keep_versions=[2])
    assert done is not None
    assert done.files_merged == 4
    assert (lake.data_version(LOADS), lake.progress(LOADS, "source"), lake.row_count(LOADS)) == (3, 3, 4)
    assert lake.read(LOADS, version=2).height == 3
    assert maintain(lake, silver.TICKETS) is None


@pytest.mark.parametrize("name", ["a b", "höhe", "100%", "q?x*", "a#b", "{x}", "日本"])
def test_a_lake_may_lie_below_a_directory_with_an_odd_name(tmp_path, name):
    lake = Lake(tmp_path / name / "lake")
    lake.merge(LOADS, loads("ab"))
    lake.merge(LOADS, loads("a", "csv"))
    assert lake.read(LOADS).sort("load_id")["format"].to_list() == ["csv", "json"]
    assert lake.changes(LOADS, None).height == 2
    assert lake.changes(LOADS, 0)["load_id"].to_list() == ["a"]


@pytest.mark.parametrize("name", ["a[1]", "a|b", "a\\b", "%20", "a\tb"])
def test_a_directory_that_delta_cannot_name_is_refused_at_once(tmp_path, name):
    with pytest.raises(SettingsInvalid, match="Choose another LAKE_ROOT"):
        Lake(tmp_path / name)


def test_another_thread_waits_for_the_lock_and_the_same_one_does_not(lake):
    order = []

    def other():
        with lake.lock(LOADS):
            order.append("other")

    with lake.lock(LOADS, bronze.TICKETS), lake.lock(LOADS):
        thread = Thread(target=other)
        thread.start()
        thread.join(timeout=0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
