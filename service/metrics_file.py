"""The metrics that are served now: kept open, exchanged whole when newer ones are published."""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from warehouse.errors import NotMaterialized
from warehouse.marts import LINK, open_metrics

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class MetricsFile:
    """The published metrics, opened once a version; each thread asks through its own cursor."""

    def __init__(self, root: Path) -> None:
        """Opens nothing yet."""
        self._root = root
        self._lock = Lock()
        self._held: tuple[str, DuckDBPyConnection] | None = None

    def version(self) -> str:
        """Changes when what the metrics say changes. Raises `NotMaterialized`."""
        try:
            return (self._root / LINK).readlink().stem
        except OSError:
            raise NotMaterialized("gold/metrics") from None

    def cursor(self) -> tuple[str, "DuckDBPyConnection"]:
        """A version, and a connection to it for one thread. Raises `NotMaterialized`."""
        with self._lock:
            version = self.version()
            if self._held is None or self._held[0] != version:
                self._held = (version, open_metrics(self._root))
            held, connection = self._held
            return held, connection.cursor()
