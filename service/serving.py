"""The release and the metrics that are served now: kept open, exchanged whole when newer ones are published."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ml.classify.baseline import NAME as CATEGORY_BASELINE
from ml.classify.linear import CategoryModel, Prediction
from warehouse import releases
from warehouse.errors import NotMaterialized, TicketlakeError
from warehouse.releases import Release

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Opened:
    """One release with everything in it loaded."""

    release: Release
    category: CategoryModel | None


@dataclass(frozen=True)
class Answer:
    """A prediction, and the model that made it."""

    prediction: Prediction
    model: str
    digest: str
    release: str


class Serving:
    """Threads share one. Whoever notices a newer release opens it; the others go on with the one they have."""

    def __init__(self, root: Path) -> None:
        """Opens nothing yet: the lake may still be empty."""
        self._root = root
        self._opened: Opened | None = None
        self._opening = Lock()
        self.refused: dict[str, TicketlakeError] = {}
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

    def predict_category(self, subject: str | None, description: str | None) -> Answer:
        """The category of a ticket. Raises `NotMaterialized` naming the model, or the release, that is missing."""
        try:
            opened = self.opened()
        except NotMaterialized as missing:
            raise NotMaterialized(CATEGORY_BASELINE) from missing
        if opened.category is None:
            raise NotMaterialized(CATEGORY_BASELINE)
        artifact = opened.release.artifact(CATEGORY_BASELINE)
        prediction = opened.category.explain(subject, description)
        return Answer(prediction, artifact.name, artifact.digest, opened.release.id)

    def _exchange(self) -> Opened:
        held = self._opened
        current = releases.current_id(self._root)
        if held is not None and held.release.id == current:
            return held
        try:
            release = releases.open_release(self._root)
            self._opened = Opened(release, _category(release))
        except TicketlakeError as error:
            if held is None:
                raise
            self.refused[str(current)] = error
            return held
        return self._opened


def _category(release: Release) -> CategoryModel | None:
    if CATEGORY_BASELINE not in release.artifacts:
        return None
    return CategoryModel.load(release.artifact(CATEGORY_BASELINE).path)


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
