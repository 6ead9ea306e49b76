import stat
from pathlib import Path

import duckdb
import pytest

from warehouse import marts
from warehouse.contracts import gold
from warehouse.errors import NotMaterialized


def one(connection: duckdb.DuckDBPyConnection, query: str) -> object:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_the_file_holds_every_gold_table_and_says_what_they_are(lake, publish):
    publish(rows=6)

    with marts.open_metrics(lake.root) as connection:
        catalogue = connection.execute("select name, grain, unit, rows from _catalogue order by name").fetchall()
        assert [row[0] for row in catalogue] == list(gold.MARTS)
        assert all(one(connection, f"select count(*) from {name}") == rows == 6 for name, _, _, rows in catalogue)
        assert one(connection, "select unit from _catalogue where name = 'metric_backlog_by_day'") == "tickets"
        comment = "select comment from duckdb_columns() where table_name = 'fct_tickets' and column_name = 'status'"
        assert one(connection, comment) == "open or resolved"
        assert one(connection, "select min(created_at) from fct_tickets").tzinfo is not None


def test_any_client_opens_the_link(lake, publish):
    publish()

    with duckdb.connect(str(lake.root / "metrics.duckdb"), read_only=True) as connection:
        assert one(connection, "select count(*) from fct_tickets") == 20


def test_the_file_is_complete_and_read_only(lake, publish):
    file = publish()

    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert (lake.root / "metrics.duckdb").is_symlink()
    assert (lake.root / "metrics.duckdb").resolve() == file


def test_the_same_content_is_the_same_version(lake, publish):
    first = publish()
    written = first.stat().st_mtime_ns, first.stat().st_ino

    second = publish()

    assert second == first
    assert second.stat().st_ino == written[1]


def test_other_content_is_another_version(publish):
    assert publish(seed=1) != publish(seed=2)


def test_a_connection_keeps_its_version_while_the_next_is_published(lake, publish):
    publish(rows=5)
    with marts.open_metrics(lake.root) as old:
        for rows in (6, 7, 8, 9):
            publish(rows=rows)
        assert one(old, "select count(*) from fct_tickets") == 5
    with marts.open_metrics(lake.root) as new:
        assert one(new, "select count(*) from fct_tickets") == 9


def test_the_last_three_versions_are_kept(lake, publish):
    files = [publish(rows=rows) for rows in (1, 2, 3, 4, 5)]

    assert sorted((lake.root / "metrics").iterdir()) == sorted(files[-3:])


@pytest.mark.parametrize("place", ["metrics.duckdb.wal", "beside the file"])
def test_a_log_that_a_careless_client_left_does_not_break_the_next_version(lake, publish, place: str):
    """A real log: a client that writes, and dies before its checkpoint."""
    file = publish(rows=5)
    log = lake.root / place if place.endswith(".wal") else file.with_name(f"{file.name}.wal")
    log.write_bytes(_real_log(lake.root))

    newest = publish(rows=6)

    for path in (lake.root / "metrics.duckdb", newest):
        with duckdb.connect(str(path), read_only=True) as connection:
            assert one(connection, "select count(*) from fct_tickets") == 6
    with marts.open_metrics(lake.root) as connection:
        assert one(connection, "select count(*) from fct_tickets") == 6
    assert not list(lake.root.glob("metrics.duckdb.wal"))
    assert sorted(path.suffix for path in (lake.root / "metrics").iterdir()) == [".duckdb", ".duckdb"]


def _real_log(root: Path) -> bytes:
    scratch = root / "scratch.duckdb"
    connection = duckdb.connect(str(scratch), config={"checkpoint_threshold": "1TB"})
    connection.execute("create table careless as select 1 as x")
    log = scratch.with_name("scratch.duckdb.wal").read_bytes()
    connection.close()
    scratch.unlink()
    assert log
    return log


def test_nothing_published_is_said(tmp_path):
    with pytest.raises(NotMaterialized, match="gold/metrics"):
        marts.open_metrics(tmp_path)


def test_a_link_to_nowhere_is_not_materialized(tmp_path):
    (tmp_path / "metrics.duckdb").symlink_to("metrics/gone.duckdb")

    with pytest.raises(NotMaterialized, match="gold/metrics"):
        marts.open_metrics(tmp_path)


def test_before_gold_there_are_no_metrics(lake):
    with pytest.raises(NotMaterialized, match="gold/"):
        marts.publish_metrics(lake)

    assert not (lake.root / "metrics.duckdb").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "drop table fct_tickets",
        "insert into dim_agents (agent_id) values ('x')",
        "attach '/tmp/other.duckdb'",
        "select * from read_text('/etc/hostname')",
        "copy dim_agents to '/tmp/agents.csv'",
        "set enable_external_access = true",
        "set threads = 1",
        "install httpfs",
    ],
)
def test_a_connection_only_reads_what_is_published(lake, publish, statement: str):
    publish()

    with marts.open_metrics(lake.root) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement)


def test_times_are_utc_wherever_the_reader_is(lake, publish, monkeypatch):
    publish()
    monkeypatch.setenv("TZ", "America/New_York")

    with marts.open_metrics(lake.root) as first, marts.open_metrics(lake.root) as second:
        for connection in (first, second, second.cursor()):
            assert one(connection, "select cast(min(first_ticket_at) as varchar) from dim_agents").endswith("+00")
            assert one(connection, "select current_setting('TimeZone')") == "UTC"
