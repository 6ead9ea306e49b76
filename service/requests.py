"""The work on a request: understand the ticket, sum it up, find solutions, compose an answer, say what came of it.

Whatever a release does not have is missing from the result, which says so: a request of a lake without any model is
done with a summary, a language and the triggers that words alone pull, and done again once there is a release.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from time import perf_counter
from typing import Protocol

import msgspec
import polars as pl

from ml.anomaly.escalation import FEATURES, Escalation, escalations
from ml.answer.articles import whole
from ml.answer.compose import Offline
from ml.answer.summarise import summarise
from ml.features import READ
from ml.inputs import encoded
from ml.retrieve.found import Found
from ml.targets import PRIORITY
from ml.text.entities import Catalogue
from operations.entries import Entry, digest_of
from operations.inbox import Inbox
from operations.request_rows import KeptRequest, Outcome
from service.answers import Answering, AnswerView, question_of
from service.finding import shortened
from service.request_events import entries, prediction
from service.request_result import KEPT, RequestResult, articles, reply, similar, solutions, without_people
from service.searches import Question, entry, search_made
from service.serving import Serving
from service.understanding import Understood
from warehouse import releases
from warehouse.contracts.ticket_features import TICKETS as TICKET_FEATURES
from warehouse.errors import ArtifactDamaged, NotMaterialized, TicketlakeError
from warehouse.owners import is_of
from warehouse.parse import TICKET, parse
from warehouse.reading import Tables
from warehouse.search_made import Thing

SOUGHT = 10
"""Of each kind that a search looks for, and writes down."""


LONGEST_NAME = 40
"""Characters of a tier's or a language's name; what is longer is none."""


class TicketGone(TicketlakeError):
    """The ticket of a request is to be forgotten, or is gone."""


class Counts(Protocol):
    """Hears of what was done, as Prometheus is told."""

    def predicted(self, understood: Sequence[Understood], /) -> object:
        """What models said of tickets."""

    def found(self, missing: Mapping[str, str], /) -> object:
        """What a search did without."""

    def took(self, stage: str, seconds: float, /) -> object:
        """How long a stage took."""


class RequestWork:
    """Does the work with what is served now. Threads share one."""

    def __init__(self, lake: Tables, serving: Serving, inbox: Inbox, counts: Counts | None = None) -> None:
        """Opens nothing yet."""
        self._counts = counts
        self._lake = lake
        self._serving = serving
        self._inbox = inbox
        self._answering = Answering(lake, Offline())

    def served(self) -> bool:
        """Whether there is a release."""
        return releases.current_id(self._lake.root) is not None

    def prepare(self) -> None:
        """Open the release that is served now, which may take longer than a lease; without one there is less to do."""
        with suppress(TicketlakeError):
            self._serving.opened()

    def work(self, held: KeptRequest, now: datetime) -> Outcome:
        """The outcome of a leased request; what it says elsewhere is named after the lease, which one outcome ends.

        Raises `TicketGone`, and whatever else goes wrong beside what a release does not have.
        """
        record = self._record(held)
        ticket = record.select(READ)
        took: dict[str, float] = {}
        missing: dict[str, str] = {}
        ids = {kind: digest_of(f"{kind}:{held.id}:{held.lease}".encode()) for kind in ("prediction", "search")}
        with _timed(took, "understand"):
            release, said = self._understood(ticket, missing)
        with _timed(took, "find"):
            found = self._found(ticket, missing)
        with _timed(took, "answer"):
            shown = self._answered(found, ticket, ids["search"], now, missing)
        self._count(said, found, took)
        asked = question_of(ticket.row(0, named=True), Catalogue())
        priority = record["priority"].item()
        result = RequestResult(
            opened_at=record["created_at"].item(),
            customer_tier=_named(record["customer_tier"].item()),
            recorded_priority=priority if priority in PRIORITY.order else None,
            prediction_id=ids["prediction"] if said else None,
            search_id=ids["search"] if found else None,
            release=release or (found.release if found else None),
            targets=without_people(said.targets, ticket) if said else {},
            novelty=said.novelty if said else None,
            resolution_hours=said.resolution_hours if said else None,
            escalation=said.escalation if said else _pressing(ticket),
            summary=shown.summary if shown else summarise(asked),
            solutions=solutions(found) if found else [],
            articles=articles(found) if found else [],
            similar=similar(found) if found else [],
            answer=reply(shown) if shown else None,
            missing=missing,
            versions={
                **({one.model.name: one.model.digest for one in said.targets.values()} if said else {}),
                **(shown.versions if shown else found.versions if found else {}),
            },
            took_ms=took,
        )
        given = prediction(held, result, now)
        events = [*entries(held, result, given, now)]
        if found:
            events.append(self._searched(ticket, found, shown, search_id=ids["search"], now=now, took=took))
        return Outcome(
            category=_label(result, "category"),
            priority=_label(result, "priority"),
            language=_named(asked.language),
            body=msgspec.json.encode(result).decode(),
            entries=events,
            predictions=given,
        )

    def _count(self, said: Understood | None, found: Found | None, took: Mapping[str, float]) -> None:
        if self._counts is None:
            return
        if said is not None:
            self._counts.predicted([said])
        if found is not None:
            self._counts.found(found.missing)
        for stage, milliseconds in took.items():
            self._counts.took(stage, milliseconds / 1e3)

    def _record(self, held: KeptRequest) -> pl.DataFrame:
        """The ticket as it was sent, a row of silver's columns."""
        row = self._inbox.with_keys([held.entry_key]).get(held.entry_key)
        rows = parse(TICKET, [row.body.encode()]).rows if row is not None else pl.DataFrame()
        if row is None or rows.is_empty() or is_of(self._serving.forgotten.stones(), row.body):
            raise TicketGone(f"the ticket of {held.id} was erased, or is of somebody who was. Nothing is to be done.")
        return rows

    def _understood(self, ticket: pl.DataFrame, missing: dict[str, str]) -> tuple[str | None, Understood | None]:
        try:
            release, (said,) = self._serving.understand(ticket, self._inbox)
        except (NotMaterialized, ArtifactDamaged) as error:
            missing["models"] = str(error)
            return None, None
        missing.update(dict.fromkeys(said.missing, "the release has none"))
        return release, said

    def _found(self, ticket: pl.DataFrame, missing: dict[str, str]) -> Found | None:
        try:
            found = self._serving.find(ticket, self._inbox, k=SOUGHT)
        except (NotMaterialized, ArtifactDamaged) as error:
            missing["search"] = str(error)
            return None
        missing.update(found.missing)
        return found

    def _answered(
        self, found: Found | None, ticket: pl.DataFrame, answer_id: str, now: datetime, missing: dict[str, str]
    ) -> AnswerView | None:
        if found is None:
            return None
        opened = self._serving.opened()
        told = whole(msgspec.structs.replace(found, solutions=found.solutions[:KEPT]), opened.finding.searcher.articles)
        try:
            row = shortened(ticket)
            return self._answering.answer(told, row, opened.release, answer_id=answer_id, now=now)
        except (NotMaterialized, ArtifactDamaged) as error:
            missing["answer"] = str(error)
            return None

    def _searched(
        self,
        ticket: pl.DataFrame,
        found: Found,
        shown: AnswerView | None,
        *,
        search_id: str,
        now: datetime,
        took: dict[str, float],
    ) -> Entry:
        """The search as others are written down, so that outcomes of what it found can be told."""
        said = ticket.select(pl.concat_str(["subject", "description"], separator="\n", ignore_nulls=True)).item()
        judged = shown.quality.probability if shown is not None and shown.quality is not None else 1.0
        thing = (
            Thing(kind="reply", id=search_id, rank=1, score=judged) if shown is not None and not shown.thin else None
        )
        made = search_made(
            Question(kind="answers", text=str(said), k=SOUGHT, ticket_id=ticket["ticket_id"][0]),
            found,
            search_id=search_id,
            made_at=now,
            latency_ms=took["find"] + took["answer"],
            enough=self._answering.enough(self._serving.opened().release),
            reply=thing,
        )
        return entry(made)


def _pressing(ticket: pl.DataFrame) -> Escalation | None:
    """Why a ticket needs a person now, by its words and its customer alone."""
    unknown = pl.DataFrame([{}], schema={name: TICKET_FEATURES.schema[name] for name in FEATURES})
    return escalations(ticket, encoded(ticket), unknown)[0]


def _named(said: str | None) -> str | None:
    """What a field says that has names for its values, where it is short enough to be one."""
    return said if said is not None and len(said) <= LONGEST_NAME else None


def _label(result: RequestResult, target: str) -> str | None:
    answer = result.targets.get(target)
    return answer.label if answer is not None else None


@contextmanager
def _timed(took: dict[str, float], stage: str) -> Iterator[None]:
    began = perf_counter()
    yield
    took[stage] = round((perf_counter() - began) * 1000, 3)
