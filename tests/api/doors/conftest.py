"""An API whose callers need keys, over a small lake; each request may come from an address of its own."""

import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from litestar.testing import TestClient

from api.app import create_app
from operations.audit import Who
from operations.keys import ROLES, Keys
from operations.store import open_store
from warehouse.settings import Settings

OPERATOR = Who(subject="terminal:test", role="operator")
SECRET = "a secret of the tests, long enough to sign"
ADDRESS = "x-test-address"


class From:
    """Has a request come from the address that a header names."""

    def __init__(self, app):
        self._app = app
        self._count = 0

    async def __call__(self, scope, receive, send):
        given = dict(scope.get("headers", [])).get(ADDRESS.encode())
        self._count += 1
        number = f"10.{self._count >> 16 & 255}.{self._count >> 8 & 255}.{self._count & 255}"
        await self._app({**scope, "client": (given.decode() if given else number, 1)}, receive, send)


@pytest.fixture(scope="module")
def signing():
    return SECRET


@pytest.fixture(scope="module")
def place(built_lake, tmp_path_factory):
    """Where the lake of these tests lies."""
    root = tmp_path_factory.mktemp("doors") / "lake"
    shutil.copytree(built_lake, root, symlinks=True)
    return root


@pytest.fixture(scope="module")
def guarded(place):
    """The application, with all doors shut."""
    settings = Settings(lake_root=place, api_auth="on", jwt_secret=SECRET, _env_file=None)
    app = create_app(settings)
    app.asgi_handler = From(app.asgi_handler)
    return app


@pytest.fixture(scope="module")
def door(guarded):
    with TestClient(guarded, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def keys(place):
    with closing(open_store(f"sqlite:///{place / 'operations' / 'store.db'}")) as store:
        yield Keys(store)


@pytest.fixture(scope="module")
def make(keys):
    """Makes a key of a role and gives its secret."""

    def one(role, name="A-7", rate=1_000_000, **given):
        return keys.make(name, role, by=OPERATOR, now=datetime.now(UTC), rate=rate, **given)[1]

    return one


@pytest.fixture(scope="module")
def secrets(make):
    """A key of each role."""
    return {role: make(role) for role in ROLES}


@pytest.fixture(scope="module")
def ended(keys, make):
    """Keys that were good once, by what became of them."""
    now = datetime.now(UTC)
    revoked = make("admin")
    keys.revoke(revoked.split("_")[1], by=OPERATOR, now=now)
    past = keys.make(
        "A-7", "admin", by=OPERATOR, now=now - timedelta(days=2), expires_at=now - timedelta(seconds=1)
    )  # fmt: skip
    return {"revoked": revoked, "expired": past[1]}
