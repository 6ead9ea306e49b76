"""What the routes work with: one lake, one open release, one inbox; made once an application."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import msgspec
import structlog

from api.logs import where
from ml.classify.baseline import NAME as CATEGORY_BASELINE
from operations import drain
from operations.backlog import backlog
from operations.entries import Waiting
from operations.inbox import Inbox
from operations.predictions import Predictions
from operations.requests import Requests
from operations.store import Store, open_store
from operations.wakeups import Bell
from service.answers import Answering, composer_of
from service.metrics_file import MetricsFile
from service.pressing import Pressed
from service.serving import Serving
from service.waiting import Sources
from service.watch import Clock
from warehouse import artifacts, releases
from warehouse.contracts import silver
from warehouse.errors import TicketlakeError
from warehouse.opened import OpenTables
from warehouse.settings import Settings

METRICS = "gold/metrics"
INBOX = "operations/inbox"
PATIENCE = 1.0
"""Seconds that who asks what is served waits for a release to be opened."""
WAITING_STATES = ("queued", "running", "dead")


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is served: whether it is there, which version, how old; else what to do."""

    name: str
    present: bool
    version: str | None = None
    age_seconds: float | None = None
    detail: str | None = None


class Parts:
    """Opened on first use, so that the API starts on an empty lake and before its database does."""

    def __init__(self, settings: Settings) -> None:
        self.lake = OpenTables(settings.lake_root)
        self.serving = Serving(settings.lake_root, _tell, _damaged, shadow=settings.shadow)
        self.metrics = MetricsFile(settings.lake_root)
        self.answering = Answering(self.lake, composer_of(settings))
        self.clock = Clock(self.lake)
        self._pressed = Pressed(self.lake)
        self._url = settings.database_url
        self._store: Store | None = None
        self._opening = Lock()
        self._queue_url = settings.queue_url.get_secret_value()
        self._bell: Bell | None = None

    def store(self) -> Store:
        """The operational store. Raises `StoreUnavailable`, and is asked again next time."""
        with self._opening:
            if self._store is None:
                self._store = open_store(self._url)
            return self._store

    def inbox(self) -> Inbox:
        """The inbox. Raises `StoreUnavailable`."""
        return Inbox(self.store())

    def requests(self) -> Requests:
        """The requests. Raises `StoreUnavailable`."""
        return Requests(self.store())

    def waits(self) -> Sources:
        """What is known of tickets that wait. Raises `StoreUnavailable`."""
        store = self.store()
        return Sources(self.lake, Requests(store), Predictions(store), self._pressed)

    def ring(self, request_ids: list[str]) -> None:
        """Wake workers for these requests, where there is a queue to ring by; nobody waits for it."""
        if not self._queue_url:
            return
        with self._opening:
            if self._bell is None:
                self._bell = Bell(self._queue_url, _unheard)
        self._bell.ring(request_ids)

    def hearing(self) -> Inbox | None:
        """The inbox for those who can do without; None while the store cannot be reached."""
        try:
            return self.inbox()
        except TicketlakeError as error:
            structlog.get_logger("api").warning("the inbox cannot be heard", error=type(error).__name__)
            return None

    def warm_up(self) -> None:
        """Open the release, so that the first request finds everything loaded."""
        if releases.current_id(self.lake.root) is None:
            structlog.get_logger("api").info("nothing to serve yet")
            return
        try:
            self.serving.opened()
        except Exception as error:  # whoever asks first is told what it is
            _damaged("release", error)

    def close(self) -> None:
        """Give the database's connections back."""
        with self._opening:
            if self._store is not None:
                self._store.close()
                self._store = None
            if self._bell is not None:
                self._bell.close()
                self._bell = None

    def waiting(self) -> Waiting | None:
        """Entries that bronze does not hold yet; None while the store cannot say."""
        try:
            return self.inbox().waiting(drain.progress(self.lake))
        except TicketlakeError as error:
            structlog.get_logger("api").warning("the inbox cannot be asked", error=type(error).__name__)
            return None

    def backlog(self) -> dict[str, tuple[int, datetime | None]]:
        """By state the requests that are not done, and when the oldest came; empty while the store cannot say."""
        try:
            kept = backlog(self.store())
        except TicketlakeError:
            return {}
        return {} if kept is None else {state: kept.get(state, (0, None)) for state in WAITING_STATES}

    def readiness(self) -> list[Part]:
        """Everything that is served, by name."""
        return [self._tickets(), self._metrics(), *self._artifacts(), self._inbox()]

    def _tickets(self) -> Part:
        log = self.lake.path(silver.TICKETS) / "_delta_log"
        if not log.is_dir():
            return _missing(silver.TICKETS.path)
        version = self.lake.version(silver.TICKETS)
        return Part(name=silver.TICKETS.path, present=True, version=str(version), age_seconds=_age(log))

    def _metrics(self) -> Part:
        try:
            version, cursor = self.metrics.cursor()
        except TicketlakeError as error:
            return Part(name=METRICS, present=False, detail=str(error))
        cursor.close()
        file = self.lake.root / "metrics" / f"{version}.duckdb"
        return Part(name=METRICS, present=True, version=version, age_seconds=_age(file))

    def _artifacts(self) -> list[Part]:
        try:
            opened = self.serving.glance(PATIENCE)
        except TicketlakeError as error:
            gone = Part(name="release", present=False, detail=str(error))
            return [gone, _missing(CATEGORY_BASELINE)]
        if opened is None:
            return [Part(name="release", present=False, detail="it is being loaded: some seconds")]
        release = opened.release
        made = releases_age(release.manifest)
        newer = self.serving.refused.get(releases.current_id(self.lake.root) or "")
        detail = f"a newer release is not served: {newer}" if newer else None
        found = [Part(name="release", present=True, version=release.id, age_seconds=made, detail=detail)]
        for name in sorted(release.artifacts.keys() - opened.faults.keys()):
            artifact = release.artifacts[name]
            age = _age(artifact.path / artifacts.CARD)
            found.append(Part(name=name, present=True, version=artifact.digest, age_seconds=age))
        found += [Part(name=name, present=False, detail=str(fault)) for name, fault in sorted(opened.faults.items())]
        named = CATEGORY_BASELINE in release.manifest.artifacts
        return found if named else [*found, _missing(CATEGORY_BASELINE)]

    def _inbox(self) -> Part:
        try:
            self.inbox().last_seq()
        except TicketlakeError as error:
            return Part(name=INBOX, present=False, detail=type(error).__name__)
        return Part(name=INBOX, present=True)


def _tell(target: str, family: str, error: Exception) -> None:
    """Of a family that could not answer; never what it was asked."""
    log = structlog.get_logger("api")
    log.warning("a model failed", target=target, family=family, error=type(error).__name__)


def _unheard(said: str) -> None:
    """Of a queue that does not answer."""
    structlog.get_logger("api").warning("workers are not woken", detail=said)


def _damaged(name: str, error: Exception) -> None:
    """Of a release, or a part of one, that is not served. Our own messages name its place; others may quote tickets."""
    detail = str(error) if isinstance(error, TicketlakeError) else where(error)
    structlog.get_logger("api").error("a part is not served", part=name, error=type(error).__name__, detail=detail)


def now() -> datetime:
    """The wall clock: this is an edge."""
    return datetime.now(UTC)  # noqa: TID251


def releases_age(manifest: releases.Manifest) -> float:
    """Seconds since the release was published."""
    return round((now() - manifest.created_at).total_seconds(), 1)


def _missing(name: str) -> Part:
    return Part(name=name, present=False, detail=f"{name} is not materialized: run `ticketlake build`")


def _age(path: Path) -> float | None:
    try:
        return round(max(0.0, now().timestamp() - path.stat().st_mtime), 1)
    except FileNotFoundError:
        return None
