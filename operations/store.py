"""Open the operational database: SQLite in a file, or PostgreSQL by URL; one way to read and one to write."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from operations.migrations import upgrade
from warehouse.errors import SettingsInvalid, StoreUnavailable

T = TypeVar("T")

BUSY_SECONDS = 30
_DEADLOCK = "40P01"
_ATTEMPTS = 5


class Store:
    """An open operational store; safe to share between threads, not across a fork. Made by `open_store`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        sqlite = engine.dialect.name == "sqlite"
        self._writer = engine.execution_options(begin="IMMEDIATE") if sqlite else engine
        # SQLite has one writer; those who wait here are served in turn, those who wait in SQLite sleep and guess.
        self._turn: AbstractContextManager[Any] = Lock() if sqlite else nullcontext()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state for each statement. Raises `StoreUnavailable`."""
        with _readable_errors(self._engine.url), self._engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction; durable when this returns, without trace when it raises.

        `work` runs again when the database broke a deadlock at its cost. Raises `StoreUnavailable`.
        """
        with _readable_errors(self._engine.url), self._turn:
            for _ in range(_ATTEMPTS - 1):
                try:
                    return self._attempt(work)
                except OperationalError as error:
                    if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                        raise
            return self._attempt(work)

    def compact(self) -> None:
        """Leave nothing of deleted rows in the database's files. Raises `StoreUnavailable` where others hold it.

        PostgreSQL gives the space free and overwrites it in its own time.
        """
        with _readable_errors(self._engine.url), self._turn, self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            if self.dialect == "sqlite":
                connection.rollback()
                for statement in ("PRAGMA secure_delete = ON", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    raw.execute(statement).fetchall()
                raw.execute("PRAGMA secure_delete = OFF").fetchall()
            else:
                connection.rollback()
                raw.autocommit = True
                try:
                    raw.execute("VACUUM")
                finally:
                    raw.autocommit = False

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        with self._writer.begin() as connection:
            return work(connection)


def open_store(url: str) -> Store:
    """Open the store at `url`, creating or migrating it first.

    `sqlite:///path` or `postgresql://user@host/database` (psycopg 3). Raises `SettingsInvalid` for any other URL,
    `FormatMismatch` for a store of newer code, `StoreUnavailable` when it cannot be reached.
    """
    parsed = _parse(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    store = Store(engine)
    try:
        with _readable_errors(parsed), _alone(parsed):
            upgrade(store._writer)
    except OSError as error:
        raise StoreUnavailable(f"the operational store cannot be opened: {error}") from error
    return store


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsInvalid("DATABASE_URL is not a URL, expected sqlite:///path or postgresql://host/name.") from None
    backend = parsed.drivername.split("+")[0]
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise SettingsInvalid(f"DATABASE_URL names {backend!r}, expected sqlite:///path or postgresql://host/name.")
    if parsed.database in (None, "", ":memory:"):
        raise SettingsInvalid("DATABASE_URL is SQLite without a file, expected sqlite:///path: memory is not durable.")
    return parsed.set(drivername="sqlite+pysqlite")


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    """SQLite does not wait while another process turns a new file to write-ahead logging, so those who open it do."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    file = Path(str(url.database))
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        with closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        yield


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, max_overflow=-1, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        # The driver's own BEGIN comes too late to be immediate: it is silenced, and ours is sent below.
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url, pool_pre_ping=True, max_overflow=20, hide_parameters=True, isolation_level="READ COMMITTED"
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        # Acknowledged is durable, even where the server's default is to answer before it has written.
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.commit()

    return engine


@contextmanager
def _readable_errors(url: URL) -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError):
        raise  # a defect of ours, not of the place where we write
    except (DBAPIError, sqlite3.Error, PoolExhausted) as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        place = url.render_as_string(hide_password=True)
        raise StoreUnavailable(f"the operational store {place} did not answer as expected: {reason}") from error
