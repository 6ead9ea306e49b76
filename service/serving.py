"""The release that is served now: kept open, exchanged whole when a newer one is published."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Lock, Thread

import polars as pl

from ml.classify.baseline import NAME as BASELINE
from ml.retrieve.filters import Filters
from ml.retrieve.found import Found
from ml.retrieve.searcher import TICKETS
from operations.inbox import Inbox
from service.finding import DELTA
from service.forgotten import Forgotten
from service.loading import Loading
from service.models import Failed
from service.opened import Opened
from service.understanding import Understood
from warehouse import artifacts, releases
from warehouse.errors import NotMaterialized, TicketlakeError

Damaged = Callable[[str, Exception], object]
Traces = Mapping[tuple[str, str], artifacts.Trace]
"""By name and digest."""


def _nobody(*_: object) -> None:
    """Nobody listens."""


class Serving:
    """Threads share one. Whoever notices a newer release opens it; the others go on with the one they have.

    A newer release that is not whole is refused while an older one is held; with none held, its sound parts are served.
    Both are tried again when somebody touches the files that were wrong.
    """

    def __init__(
        self, root: Path, failed: Failed = _nobody, damaged: Damaged = _nobody, *, shadow: bool = False
    ) -> None:
        """Opens nothing yet: the lake may still be empty.

        `failed` hears of a family that could not answer, `damaged` of what is wrong with a release or a part of it.
        With `shadow`, challengers answer too, unseen.
        """
        self._shadow = shadow
        self._root = root
        self.forgotten = Forgotten(root)
        self._failed = failed
        self._damaged = damaged
        self._opened: Opened | None = None
        self._opening = Lock()
        self._wrong: dict[str, Traces] = {}
        """By release the artifacts that were wrong with it when it was last tried, with their files as they were."""
        self.refused: dict[str, Exception] = {}
        """Releases that could not be opened, and why; an older one is served in their place."""

    def opened(self) -> Opened:
        """The current release. Raises `NotMaterialized("release")` before the first."""
        held, current = self._opened, releases.current_id(self._root)
        if current is None:
            raise NotMaterialized("release")
        if held is not None and self._settled(held, current):
            return held
        if not self._opening.acquire(blocking=held is None):
            assert held is not None  # noqa: S101 only then do we not wait
            return held
        try:
            return self._exchange()
        finally:
            self._opening.release()

    def glance(self, seconds: float) -> Opened | None:
        """`opened`, waiting no longer than this; then what is held, None where somebody still opens the first."""
        held, current = self._opened, releases.current_id(self._root)
        if held is not None and current is not None and self._settled(held, current):
            return held
        found: Future[Opened] = Future()
        Thread(target=_into, args=(found, self.opened), name="open", daemon=True).start()
        try:
            return found.result(seconds)
        except TimeoutError:
            return self._opened

    def understand(
        self, tickets: pl.DataFrame, inbox: Inbox | None, *, full: bool = False
    ) -> tuple[str, list[Understood]]:
        """The release, and what its models say of tickets (columns `READ`).

        Raises `NotMaterialized` naming the baseline where no model, or no release, could say anything, and
        `ArtifactDamaged` where the baseline is.
        """
        try:
            opened = self.opened()
        except NotMaterialized as missing:
            raise NotMaterialized(BASELINE) from missing
        found = [*opened.understand(tickets, inbox, full=full)]
        if not all(one.targets for one in found):
            raise opened.fault(BASELINE)
        return opened.release.id, found

    def find(
        self,
        ticket: pl.DataFrame,
        inbox: Inbox | None,
        filters: Filters | None = None,
        k: int = 10,
        *,
        full: bool = False,
    ) -> Found:
        """Solutions, articles and past tickets for one ticket (a row with the columns `READ`).

        Raises `NotMaterialized` naming the index where no release has one, `ArtifactDamaged` where it is damaged.
        """
        try:
            opened = self.opened()
        except NotMaterialized as missing:
            raise NotMaterialized(TICKETS) from missing
        if opened.finding.searcher.tickets is None:
            raise opened.faults.get(TICKETS + DELTA) or opened.fault(TICKETS)
        return self.forgotten.left(opened.find(ticket, inbox, filters, k, full=full))

    def _settled(self, held: Opened, current: str) -> bool:
        """Whether there is nothing to open: what is held is whole, or what was wrong has not been touched since."""
        wrong = self._wrong.get(current)
        return held.release.id == current if wrong is None else self._traces(wrong) == wrong

    def _exchange(self) -> Opened:
        held, current = self._opened, str(releases.current_id(self._root))
        if held is not None and self._settled(held, current):
            return held
        wrong: list[tuple[str, str]] = []
        try:
            release, faults = releases.open_parts(self._root)
            current = release.id
            loading = Loading(release, held.loaded if held else {}, faults, self._root)
            opened = Opened.load(self._root, loading, self._failed, shadow=self._shadow)
            wrong = [(name, release.manifest.artifacts[name]) for name in faults]
            if lost := _lost(held, opened):
                raise lost
        except Exception as error:  # whatever is wrong with it, what is held is better
            if held is None:
                raise
            self._wrong[current] = self._traces(wrong)
            self.refused[current] = error
            self._damaged("release", error)
            return held
        self.refused.pop(current, None)
        self._wrong.pop(current, None)
        if wrong:
            self._wrong[current] = self._traces(wrong)
        for name, fault in faults.items():
            self._damaged(name, fault)
        self._opened = opened
        return opened

    def _traces(self, parts: Iterable[tuple[str, str]]) -> Traces:
        return {part: artifacts.trace(self._root, *part) for part in parts}


def _into(found: Future[Opened], work: Callable[[], Opened]) -> None:
    try:
        found.set_result(work())
    except Exception as error:
        found.set_exception(error)


def _lost(held: Opened | None, opened: Opened) -> TicketlakeError | None:
    """What is wrong with a part that would be missed in exchange for what is held."""
    if held is None:
        return None
    missed = held.faults if held.release.id == opened.release.id else {}
    return next((error for name, error in opened.faults.items() if name not in missed), None)
