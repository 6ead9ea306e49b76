"""One release with everything in it loaded, and what it is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Self, TypeVar

import msgspec
import polars as pl

from ml.features import READ
from ml.retrieve.filters import Filters
from ml.retrieve.found import Found
from ml.retrieve.question import Question
from ml.retrieve.stages import stage
from ml.retrieve.standing import Standing
from operations.inbox import Inbox
from service.finding import ASKED, Finding, asked, shortened
from service.loading import Loaded, Loading
from service.models import Failed, Models
from service.online import Online
from service.outcomes import Outcomes
from service.together import Together
from service.understanding import Understood, understand
from warehouse.artifacts import made_by
from warehouse.contracts import silver
from warehouse.errors import NotMaterialized, StoreUnavailable, TicketlakeError
from warehouse.opened import OpenTables
from warehouse.releases import Release

Ticket = tuple[pl.DataFrame, Inbox | None]
"""A row, and the inbox that says what came of late, where it can be asked."""
T = TypeVar("T")
AT_ONCE = 16
"""Tickets that are done together: a ticket of 16 costs a third of one alone, and of more hardly less."""


@dataclass(frozen=True)
class Opened:
    """Threads share one."""

    release: Release
    models: Models
    finding: Finding
    online: Online
    outcomes: Outcomes
    loaded: Loaded
    faults: Mapping[str, TicketlakeError]
    """What is wrong with those artifacts that are left out."""
    failed: Failed
    """Hears of a family that could not answer."""
    understood: Together[Ticket, Understood]
    """What the models say of one ticket; of several that wait, at once."""
    asked: Together[Ticket, Question]
    """One ticket as a question."""
    turn: Lock
    """One thread searches at a time: several in each other's way need a third more processor for the same answers."""

    @classmethod
    def load(cls, root: Path, loading: Loading, failed: Failed, *, shadow: bool) -> Self:
        """Load what changed since the release before."""
        release = loading.release
        models = Models.load(loading, failed, root if shadow else None)
        finding = Finding.load(loading, models)
        lake = OpenTables(root)
        online = Online(lake, release.manifest)
        return cls(
            release,
            models,
            finding,
            online,
            Outcomes(lake, release.manifest, finding.attempts),
            loading.loaded,
            loading.faults,
            failed,
            _together(READ, online, partial(understand, models, full=False), failed),
            _together(ASKED, online, partial(asked, models), failed),
            Lock(),
        )

    def fault(self, name: str) -> TicketlakeError:
        """Why there is no artifact of this name to be asked."""
        return self.faults.get(name) or NotMaterialized(name, f"run `{made_by(name)}`")

    def understand(self, tickets: pl.DataFrame, inbox: Inbox | None, *, full: bool) -> Sequence[Understood]:
        """What the models say of tickets (columns `READ`)."""
        with stage("understand"):
            if tickets.height == 1 and not full:
                return [self.understood((tickets, inbox))]
            features = _features(self.online, tickets, inbox)
            return understand(self.models, tickets, features, full=full, failed=self.failed)

    def find(self, ticket: pl.DataFrame, inbox: Inbox | None, filters: Filters | None, k: int, *, full: bool) -> Found:
        """What is found for a ticket (a row with the columns `READ`), with what of it was read."""
        with stage("question"):
            question = self.asked((shortened(ticket), inbox))
        with stage("find"):
            searcher = replace(self.finding.searcher, standing=self._standing(inbox))
            with self.turn:
                found = searcher.find(question, filters, k, full=full)
        title, body, *_ = question.asked.row(0)
        return msgspec.structs.replace(
            found,
            release=self.release.id,
            versions=dict(self.finding.versions),
            read="\n".join(filter(None, (title, body))),
        )

    def _standing(self, inbox: Inbox | None) -> Standing | None:
        """With what the inbox heard, as long as it can be asked."""
        try:
            return self.outcomes.standing(inbox)
        except StoreUnavailable:
            return self.outcomes.standing(None)


def _together(
    names: Sequence[str], online: Online, work: Callable[..., Sequence[T]], failed: Failed
) -> Together[Ticket, T]:
    """`work` on tickets (columns `names`) and their features. Where a model fails on several, each is asked alone."""
    columns = [pl.col(name).cast(silver.TICKETS.schema[name]) for name in names]

    def of(calls: Sequence[Ticket]) -> Sequence[T]:
        rows = [
            row.with_columns(pl.lit(None).alias(name) for name in names if name not in row.columns) for row, _ in calls
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
    with stage("history"):
        try:
            return online.features(inbox, tickets)
        except StoreUnavailable:
            return online.features(None, tickets)
