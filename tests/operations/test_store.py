from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from operations.schema import metadata
from operations.store import Store, open_store
from warehouse.errors import FormatMismatch, SettingsInvalid, StoreUnavailable


def _open_and_close(url: str) -> str:
    with closing(open_store(url)) as store:
        return store.dialect


def test_migrations_make_the_schema_that_the_code_declares(store: Store) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_store_opens_again_with_what_it_held(url: str) -> None:
    with closing(open_store(url)) as store:
        store.write(lambda connection: connection.execute(text("UPDATE inbox_stamp SET last_batch = 41")))

    with closing(open_store(url)) as store, store.reading() as connection:
        assert connection.scalar(text("SELECT last_batch FROM inbox_stamp")) == 41


def test_threads_that_open_a_new_store_at_once_create_it_once(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(_open_and_close, [url] * 16))) == 16


def test_processes_that_open_a_new_store_at_once_create_it_once(url: str) -> None:
    with get_context("spawn").Pool(2) as pool:
        assert len(pool.map(_open_and_close, [url] * 6, chunksize=1)) == 6
    with closing(open_store(url)) as store, store.reading() as connection:
        assert connection.scalars(text("SELECT last_batch FROM inbox_stamp")).all() == [0]


def test_a_migration_that_dies_half_way_never_happened(url: str) -> None:
    with closing(open_store(url)) as store:

        def fail(connection: object) -> None:
            connection.execute(text("DROP TABLE inbox"))  # type: ignore[attr-defined]
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            store.write(fail)
        with store.reading() as connection:
            assert connection.scalar(text("SELECT count(*) FROM inbox")) == 0


def test_a_store_of_newer_code_is_refused(url: str) -> None:
    with closing(open_store(url)) as store:
        store.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))

    with pytest.raises(FormatMismatch, match=r"revision 9999, expected one of 0001.*Update ticketlake"):
        open_store(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root@localhost/x", "names 'mysql', expected sqlite:///path or postgresql://host/name"),
        ("sqlite://", "memory is not durable"),
        ("sqlite:///:memory:", "memory is not durable"),
        ("store.db", "is not a URL, expected sqlite:///path"),
    ],
)
def test_a_url_that_cannot_hold_a_store_is_refused(url: str, said: str) -> None:
    with pytest.raises(SettingsInvalid, match=said):
        open_store(url)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnavailable, match=r"ann:\*\*\*@127\.0\.0\.1:1/x") as raised:
        open_store("postgresql://ann:secret@127.0.0.1:1/x")
    assert "secret" not in str(raised.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"something else " * 1000)

    with pytest.raises(StoreUnavailable, match=r"store\.db .* not a database"):
        open_store(f"sqlite:///{tmp_path / 'store.db'}")


def test_a_place_where_no_file_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnavailable, match=r"cannot be opened: .*file"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'store.db'}")


def test_sqlite_acknowledges_only_what_it_has_synced(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as store, store.reading() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2}


def test_postgresql_acknowledges_only_what_it_has_synced(new_postgresql_url: Callable[[], str]) -> None:
    url = new_postgresql_url()
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off")

    with closing(open_store(url)) as store, store.reading() as opened:
        assert opened.scalar(text("SHOW synchronous_commit")) == "on"


def test_errors_do_not_repeat_what_people_wrote(store: Store) -> None:
    statement = text("INSERT INTO inbox (no_such_column) VALUES (:words)")

    with pytest.raises(Exception, match="inbox") as raised:
        store.write(lambda connection: connection.execute(statement, {"words": "my private words"}))
    assert "my private words" not in str(raised.value)
