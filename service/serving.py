"""The release and the metrics that are served now: kept open, exchanged whole when newer ones are published."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import polars as pl

from ml.classify.baseline import NAME as BASELINE
from operations.inbox import Inbox
from service.models import Failed, Models
from service.online import Online
from service.understanding import Understood, understand
from warehouse import releases
from warehouse.delta import Lake
from warehouse.errors import NotMaterialized, StoreUnavailable
from warehouse.releases import Release

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Opened:
    """One release with everything in it loaded."""

    release: Release
    models: Models
    online: Online


def _nobody(target: str, family: str, error: Exception) -> None:
    """Nobody listens."""


class Serving:
    """Threads share one. Whoever notices a newer release opens it; the others go on with the one they have."""

    def __init__(self, root: Path, failed: Failed = _nobody) -> None:
        """Opens nothing yet: the lake may still be empty. `failed` hears of a family that could not answer."""
        self._root = root
        self._failed = failed
        self._opened: Opened | None = None
        self._opening = Lock()
        self.refused: dict[str, Exception] = {}
        """Releases that could not be opened, and why; an older one is served in their place."""

    def opened(self) -> Opened:
        """The current release. Raises `NotMaterialized("release")` before the first."""
        held, current = self._opened, releases.current_id(self._root)
        if current is None:
            raise NotMaterialized("release")
        if held is not None and (held.release.id == current or current in self.refused):
            return held
        if not self._opening.acquire(blocking=held is None):
            assert held is not None  # noqa: S101 only then do we not wait
            return held
        try:
            return self._exchange()
        finally:
            self._opening.release()

    def understand(
        self, tickets: pl.DataFrame, inbox: Inbox | None, *, full: bool = False
    ) -> tuple[str, list[Understood]]:
        """The release, and what its models say of tickets (columns `READ`).

        Raises `NotMaterialized` naming the baseline where no model, or no release, could say anything.
        """
        try:
            opened = self.opened()
        except NotMaterialized as missing:
            raise NotMaterialized(BASELINE) from missing
        try:
            features = opened.online.features(inbox, tickets)
        except StoreUnavailable:
            features = opened.online.features(None, tickets)
        found = understand(opened.models, tickets, features, full=full, failed=self._failed)
        if not all(one.targets for one in found):
            raise NotMaterialized(BASELINE)
        return opened.release.id, found

    def _exchange(self) -> Opened:
        held = self._opened
        current = releases.current_id(self._root)
        if held is not None and held.release.id == current:
            return held
        try:
            release = releases.open_release(self._root)
            models = Models.load(release, held.models if held else None, self._failed)
            self._opened = Opened(release, models, Online(Lake(self._root), release.manifest))
        except Exception as error:  # whatever is wrong with it, the older one is whole
            if held is None:
                raise
            self.refused[str(current)] = error
            return held
        return self._opened


class MetricsFile:
    """The published metrics, opened once a version; each thread asks through its own cursor."""

    def __init__(self, root: Path) -> None:
        """Opens nothing yet."""
        self._root = root
        self._lock = Lock()
        self._held: tuple[str, DuckDBPyConnection] | None = None

    def version(self) -> str:
        """Changes when what the metrics say changes. Raises `NotMaterialized`."""
        from warehouse.marts import LINK

        try:
            return (self._root / LINK).readlink().stem
        except OSError:
            raise NotMaterialized("gold/metrics") from None

    def cursor(self) -> "tuple[str, DuckDBPyConnection]":
        """A version, and a connection to it for one thread. Raises `NotMaterialized`."""
        from warehouse.marts import open_metrics

        with self._lock:
            version = self.version()
            if self._held is None or self._held[0] != version:
                self._held = (version, open_metrics(self._root))
            held, connection = self._held
            return held, connection.cursor()
