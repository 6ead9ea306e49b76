"""The release that is served now: kept open, exchanged whole when a newer one is published."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import TypeVar

import msgspec
import polars as pl

from ml.classify.baseline import NAME as BASELINE
from ml.features import READ
from ml.retrieve.filters import Filters
from ml.retrieve.found import Found
from ml.retrieve.question import Question
from ml.retrieve.searcher import TICKETS
from ml.retrieve.stages import stage
from ml.retrieve.standing import Standing
from operations.inbox import Inbox
from service.finding import ASKED, DELTA, Finding, asked, shortened
from service.forgotten import Forgotten
from service.loading import Loaded, Loading
from service.models import Failed, Models
from service.online import Online
from service.outcomes import Outcomes
from service.together import Together
from service.understanding import Understood, understand
from warehouse import artifacts, releases
from warehouse.artifacts import made_by
from warehouse.contracts import silver
from warehouse.errors import NotMaterialized, StoreUnavailable, TicketlakeError
from warehouse.opened import OpenTables
from warehouse.releases import Release

Damaged = Callable[[str, Exception], object]
Ticket = tuple[pl.DataFrame, Inbox | None]
"""A row, and the inbox that says what came of late, where it can be asked."""
T = TypeVar("T")
AT_ONCE = 16
"""Tickets that are done together: a ticket of 16 costs a third of one alone, and of more hardly less."""
Traces = Mapping[tuple[str, str], artifacts.Trace]
"""By name and digest."""


@dataclass(frozen=True)
class Opened:
    """One release with everything in it loaded."""

    release: Release
    models: Models
    finding: Finding
    online: Online
    outcomes: Outcomes
    understood: Together[Ticket, Understood]
    """What the models say of one ticket; of several that wait, at once."""
    asked: Together[Ticket, Question]
    """One ticket as a question."""
    turn: Lock
    """One thread searches at a time: several in each other's way need a third more processor for the same answers."""
    loaded: Loaded
    faults: Mapping[str, TicketlakeError]
    """What is wrong with those artifacts that are left out."""

    def fault(self, name: str) -> TicketlakeError:
        """Why there is no artifact of this name to be asked."""
        return self.faults.get(name) or NotMaterialized(name, f"run `{made_by(name)}`")


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
        self._shadows = root if shadow else None
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
        with stage("understand"):
            if tickets.height == 1 and not full:
                found = [opened.understood((tickets, inbox))]
            else:
                features = _features(opened.online, tickets, inbox)
                found = understand(opened.models, tickets, features, full=full, failed=self._failed)
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
        ticket = shortened(ticket)
        with stage("question"):
            question = opened.asked((ticket, inbox))
        with stage("find"):
            searcher = replace(opened.finding.searcher, standing=_standing(opened, inbox))
            with opened.turn:
                found = searcher.find(question, filters, k, full=full)
        title, body, *_ = question.asked.row(0)
        return msgspec.structs.replace(
            self.forgotten.left(found),
            release=opened.release.id,
            versions=dict(opened.finding.versions),
            read="\n".join(filter(None, (title, body))),
        )

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
            models = Models.load(loading, self._failed, self._shadows)
            finding = Finding.load(loading, models)
            wrong = [(name, release.manifest.artifacts[name]) for name in faults]
            lake = OpenTables(self._root)
            online = Online(lake, release.manifest)
            outcomes = Outcomes(lake, release.manifest, finding.attempts)
            understood = _together(READ, online, partial(understand, models, full=False), self._failed)
            questions = _together(ASKED, online, partial(asked, models), self._failed)
            opened = Opened(
                release, models, finding, online, outcomes, understood, questions, Lock(), loading.loaded, faults
            )
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


def _into(found: Future[T], work: Callable[[], T]) -> None:
    try:
        found.set_result(work())
    except Exception as error:
        found.set_exception(error)


def _together(
    names: Sequence[str], online: Online, work: Callable[..., Sequence[T]], failed: Failed
) -> Together[Ticket, T]:
    """`work` on tickets (columns `names`) and their features. Where a model fails on several, each is asked alone."""
    columns = [pl.col(name).cast(silver.TICKETS.schema[name]) for name in names]
    nothing = [pl.lit(None).alias(name) for name in names]

    def of(calls: Sequence[Ticket]) -> Sequence[T]:
        rows = [
            row.with_columns(one for one in nothing if one.meta.output_name() not in row.columns) for row, _ in calls
        ]
        tickets = pl.concat([row.select(columns) for row in rows])
        inbox = next((inbox for _, inbox in calls if inbox is not None), None)
        features = _features(online, tickets, inbox)
        return work(tickets, features, failed=failed if len(calls) == 1 else _raise)

    return Together(of, AT_ONCE)


def _raise(_: str, __: str, error: Exception) -> None:
    raise error


def _features(online: Online, tickets: pl.DataFrame, inbox: Inbox | None) -> pl.DataFrame:
    """With what the inbox heard, as long as it can be asked."""
    try:
        return online.features(inbox, tickets)
    except StoreUnavailable:
        return online.features(None, tickets)


def _standing(opened: Opened, inbox: Inbox | None) -> Standing | None:
    """With what the inbox heard, as long as it can be asked."""
    try:
        return opened.outcomes.standing(inbox)
    except StoreUnavailable:
        return opened.outcomes.standing(None)


def _lost(held: Opened | None, opened: Opened) -> TicketlakeError | None:
    """What is wrong with a part that would be missed in exchange for what is held."""
    if held is None:
        return None
    missed = held.faults if held.release.id == opened.release.id else {}
    return next((error for name, error in opened.faults.items() if name not in missed), None)
