"""The lake's tables as dbt sources (a dbt-duckdb plugin), read at exactly the version that the run was given.

dbt-duckdb's own `delta` plugin takes version 0 for "not given" and opens the newest."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import SourceConfig

from warehouse.contracts.inventory import TABLES
from warehouse.delta import Lake
from warehouse.errors import SettingsInvalid

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DECLARED = {table.path: table for table in TABLES}


class Plugin(BasePlugin):
    """Config in the profile: `versions`, the Delta version by table as JSON; a table not in it is read at its newest.

    In the profile, not with the sources: what is said there is part of the parsed project, and parsed again each time.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Make room for dbt's own database, which anyone may delete. Raises `SettingsInvalid`."""
        profile: Any = self.creds
        database = Path(profile.path)
        self._root = database.parents[1]
        if not database.is_absolute():
            message = f"LAKE_ROOT: expected an absolute path in dbt's environment, found {self._root}"
            raise SettingsInvalid(f"{message}. Export it, for dbt may run in another directory.")
        database.parent.mkdir(parents=True, exist_ok=True)
        self._versions: dict[str, int] = json.loads(plugin_config["versions"])

    def configure_connection(self, conn: "DuckDBPyConnection") -> None:
        """Make the sources' schema before dbt's threads begin: two that make it at once conflict."""
        conn.execute("create schema if not exists silver")

    def load(self, source_config: SourceConfig) -> Any:
        """The table as a lazy frame: a query reads only the rows and columns it needs. Raises `NotMaterialized`.

        Not as an Arrow dataset, which cannot compare with statistics of the string views that merges write.
        """
        path = f"{source_config.schema}/{source_config.identifier}"
        return Lake(self._root).scan(DECLARED[path], version=self._versions.get(path))

    def default_materialization(self) -> str:
        """A view: nothing is copied."""
        return "view"
