"""Tables that stay open say what the log says."""

import shutil
from threading import Event, Thread

import polars as pl
import pytest

from warehouse.errors import NotMaterialized
from warehouse.maintenance import MANY, gather
from warehouse.opened import MOST, OpenTables
from warehouse.table import Column, Table

COUNTED = Table("test", "counted", "One row is a name.", (Column("name", pl.String, "Its name."),), ("name",))


@pytest.fixture
def opens(monkeypatch):
    """The Delta tables that were opened."""
    import deltalake

    counted, before = [], deltalake.DeltaTable.__init__

    def init(self, *given, **named):
        counted.append(given)
        before(self, *given, **named)

    monkeypatch.setattr(deltalake.DeltaTable, "__init__", init)
    return counted


def add(lake, *names):
    return lake.append(COUNTED, pl.DataFrame({"name": names}), progress={"source": len(names)})


def names(tables, version=None):
    return sorted(tables.scan(COUNTED, version=version).collect()["name"])


def test_read_again_and_again_a_table_is_opened_once_for_each_commit(lake, opens):
    tables = OpenTables(lake.root)
    with pytest.raises(NotMaterialized):
        tables.open(COUNTED)
    for expected in (["a"], ["a", "b"], ["a", "b", "c"]):
        add(lake, expected[-1])
        opens.clear()
        for _ in range(5):
            assert names(tables) == expected
            assert tables.version(COUNTED) == len(expected) - 1
            assert tables.progress(COUNTED, "source") == 1
        assert len(opens) == 1


def test_a_version_stays_what_it_was_and_the_newest_moves_on(lake, opens):
    tables = OpenTables(lake.root)
    first = add(lake, "a").version
    assert names(tables, first) == ["a"]
    add(lake, "b")
    assert (names(tables, first), names(tables)) == (["a"], ["a", "b"])
    opens.clear()
    assert (names(tables, first), names(tables)) == (["a"], ["a", "b"])
    assert opens == []


def test_a_table_that_was_made_anew_is_read_anew(lake):
    tables = OpenTables(lake.root)
    add(lake, "a")
    assert names(tables) == ["a"]
    shutil.rmtree(lake.path(COUNTED))
    with pytest.raises(NotMaterialized):
        tables.open(COUNTED)
    add(lake, "b")
    assert names(tables) == ["b"]


def test_no_more_are_open_than_so_many(lake):
    tables = OpenTables(lake.root)
    for number in range(MOST + 5):
        add(lake, str(number))
        names(tables, number)
    assert len(tables._held) == MOST
    assert names(tables, 0) == ["0"]


def test_threads_that_read_while_another_writes_meet_whole_commits(lake):
    tables, stop, wrong = OpenTables(lake.root), Event(), []
    add(lake, "0a", "0b")

    def read():
        while not stop.is_set():
            found = names(tables)
            if len(found) % 2 or found != sorted(
                f"{number}{half}" for number in range(len(found) // 2) for half in "ab"
            ):
                wrong.append(found)

    readers = [Thread(target=read) for _ in range(4)]
    for one in readers:
        one.start()
    for number in range(1, 10):
        add(lake, f"{number}a", f"{number}b")
    stop.set()
    for one in readers:
        one.join(20)
    assert wrong == []
    assert len(names(tables)) == 20


def test_small_files_are_gathered_once_there_are_many_and_no_row_is_another(lake):
    tables = OpenTables(lake.root)
    for number in range(MANY - 1):
        add(lake, f"{number:02}")
    before, version = names(tables), lake.data_version(COUNTED)
    assert gather(lake, COUNTED) == 0
    add(lake, "last")
    assert gather(lake, COUNTED) == MANY
    assert len(tables.files(COUNTED)) == len(lake.files(COUNTED)) == 1
    assert names(tables) == sorted([*before, "last"])
    assert lake.data_version(COUNTED) == version + 1
    assert lake.changes(COUNTED, version)["name"].to_list() == ["last"]
    add(lake, "more")
    assert sorted(lake.changes(COUNTED, version)["name"]) == ["last", "more"]
    assert gather(lake, COUNTED) == 0
