"""Alembic's home: `store.open_store` brings a database to the newest revision, under a lock; nobody runs it by hand."""

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from warehouse.errors import FormatMismatch

# Alembic keeps the running environment in a module; two threads may not upgrade at once, not even two databases.
_ONE_AT_A_TIME = Lock()
_ADVISORY_LOCK = 7_165_041_887_001


def upgrade(engine: Engine) -> None:
    """Bring the database behind `engine` to the newest revision, or do nothing when it is there.

    One transaction on either database: killed half-way, it never happened. Raises `FormatMismatch` when the database
    was written by newer code.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        if _revision(connection) == scripts.get_current_head():
            return
    with _ONE_AT_A_TIME, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        _refuse_newer(_revision(connection), scripts)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str | None, scripts: ScriptDirectory) -> None:
    known = [script.revision for script in scripts.walk_revisions()]
    if found is not None and found not in known:
        raise FormatMismatch(
            f"the operational store has revision {found}, expected one of {', '.join(reversed(known))}: "
            "newer code wrote it. Update ticketlake, or give it another DATABASE_URL."
        )
