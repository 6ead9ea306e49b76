"""Answers with their sources: what was found, composed, verified, judged and shown without what identifies people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

import msgspec
import polars as pl

from ml.answer.checked import Checked, checked
from ml.answer.compose import Offline
from ml.answer.draft import Composer, Draft, Option, Sentence
from ml.answer.evidence import Evidence, Question, evidence, question
from ml.answer.features import best, features
from ml.answer.llm import Chat, Endpoint
from ml.answer.score import NAME, Judged, Quality
from ml.answer.spoken import in_language, spoken_by
from ml.answer.summarise import Summary, summarise
from ml.answer.verify import Encode
from ml.retrieve.found import Found
from ml.retrieve.redacted import people, redacted
from ml.text.entities import Catalogue
from ml.text.language import language
from warehouse.contracts import silver
from warehouse.contracts.search import SOLUTIONS
from warehouse.reading import Tables
from warehouse.releases import Release
from warehouse.settings import Settings

SHOWN = 1_200
"""Characters of a piece of evidence that are shown."""


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. Each sentence names what supports it among `evidence`; where evidence is `thin`, there are none.

    `composer` composed it, and `fell_back` says why another one did not; `dropped` counts sentences that their sources
    did not carry; `left_out` are sources with sentences that speak to a language model: shown, and given to none.
    `quality` is the probability that this resolves the ticket, and whether a person should answer; null where no ticket
    asked. `language` is that of the answer, which is that of its sources: where they have none in the language of the
    question, it is another one. `missing` are stages of the search that could not answer.
    """

    answer_id: str
    ticket_id: str | None
    sentences: list[Sentence]
    summary: Summary
    steps: list[Sentence]
    alternatives: list[Option]
    evidence: list[Evidence]
    thin: bool
    thin_reason: str | None
    composer: str
    fell_back: str | None
    dropped: int
    left_out: list[str]
    language: str | None = None
    quality: Judged | None
    used: list[str]
    missing: dict[str, str]
    release: str
    versions: dict[str, str]


def answer(
    found: Found,
    asked: Question,
    composer: Composer,
    quality: Quality,
    *,
    answer_id: str,
    now: datetime,
    ticket_id: str | None = None,
    encode: Encode | None = None,
    sayings: Mapping[str, Sequence[str]] | None = None,
) -> AnswerView:
    """Answer a question from what was found for it. `asked` names nobody: it is from `question_of`.

    `sayings` are other words of solutions, by their ids.
    """
    told = _redacted(in_language(evidence(found), asked.language, sayings or {}))
    judged = checked(composer.compose(asked, told), told, encode=encode)
    draft = judged.draft
    return AnswerView(
        answer_id=answer_id,
        ticket_id=ticket_id,
        sentences=[] if draft.thin else draft.sentences,
        summary=summarise(asked),
        steps=[] if draft.thin else draft.steps,
        alternatives=draft.alternatives,
        evidence=[msgspec.structs.replace(one, text=one.text[:SHOWN]) for one in told],
        thin=draft.thin is not None,
        thin_reason=draft.thin,
        composer=draft.composer,
        fell_back=draft.fell_back,
        dropped=len(judged.dropped),
        left_out=draft.left_out,
        language=spoken_by(told, [id_ for one in [*draft.sentences, *draft.steps] for id_ in one.ids]),
        quality=quality.judge(features(judged, asked, told, now)),
        used=found.used,
        missing=found.missing,
        release=found.release,
        versions=found.versions,
    )


def question_of(ticket: dict[str, Any], catalogue: Catalogue) -> Question:
    """A ticket as it is asked about, without what identifies people."""
    texts = [ticket.get(name) or "" for name in ("subject", "description", "error_logs")]
    said = pl.Series(texts, dtype=pl.String)
    named = people(pl.Series(["\n\n".join(texts[:2])], dtype=pl.String))
    title, body, logs = redacted(said, named * len(texts)).to_list()
    spoken = ticket.get("language") or language(pl.Series([body or title], dtype=pl.String))["language"][0]
    return question(title, body, language=spoken, logs=logs, catalogue=catalogue)


def composer_of(settings: Settings) -> Composer:
    """The composer that the settings ask for."""
    if not settings.llm_address:
        return Offline()
    endpoint = Endpoint(
        address=settings.llm_address,
        model=settings.llm_model,
        key=settings.llm_key.get_secret_value(),
        seconds=settings.llm_seconds,
        tokens=settings.llm_tokens,
        retries=settings.llm_retries,
    )
    return Chat(endpoint, Offline())


class Answering:
    """Answers from one release at a time; what belongs to a release is read once. Threads share one."""

    def __init__(self, lake: Tables, composer: Composer) -> None:
        """Opens nothing yet."""
        self._lake = lake
        self._composer = composer
        self._held: tuple[str, Quality, Catalogue, Mapping[str, Sequence[str]]] | None = None
        self._reading = Lock()

    def answer(
        self, found: Found, ticket: pl.DataFrame, release: Release, *, answer_id: str, now: datetime
    ) -> AnswerView:
        """Answer one ticket (a row with the columns `READ`) from what was found for it."""
        quality, catalogue, sayings = self._of(release)
        row = ticket.row(0, named=True)
        asked = question_of(row, catalogue)
        shown = answer(
            found,
            asked,
            self._composer,
            quality,
            answer_id=answer_id,
            now=now,
            ticket_id=row.get("ticket_id"),
            sayings=sayings,
        )
        judge = release.manifest.artifacts.get(NAME, quality.made)
        return msgspec.structs.replace(shown, versions={**shown.versions, NAME: judge})

    def enough(self, release: Release) -> float:
        """The probability below which the release leaves an answer to a person."""
        return self._of(release)[0].threshold

    def _of(self, release: Release) -> tuple[Quality, Catalogue, Mapping[str, Sequence[str]]]:
        with self._reading:
            if self._held is None or self._held[0] != release.id:
                self._held = (release.id, quality_of(release), self._catalogue(release), self._sayings(release))
            return self._held[1:]

    def _catalogue(self, release: Release) -> Catalogue:
        """Products and modules that tickets name."""
        version = release.manifest.tables.get(silver.TICKETS.path)
        if version is None:
            return Catalogue()
        names = self._lake.scan(silver.TICKETS, version=version).select("product", "product_module").unique().collect()
        return Catalogue.of(names["product"], names["product_module"])

    def _sayings(self, release: Release) -> dict[str, Sequence[str]]:
        """Words of each solution, those that are used most first."""
        version = release.manifest.tables.get(SOLUTIONS.path)
        if version is None:
            return {}
        rows = self._lake.scan(SOLUTIONS, version=version).select("solution_id", "sayings").collect()
        return dict(rows.drop_nulls().iter_rows())


def first(shown: AnswerView) -> str | None:
    """The solution that an answer puts first."""
    told = Checked(Draft(sentences=shown.sentences, steps=shown.steps), [], 0.0)
    top = best(told, shown.evidence)
    return top.solution_id if top is not None else None


def quality_of(release: Release) -> Quality:
    """The judge of the release; the shipped one where it has none."""
    artifact = release.artifacts.get(NAME)
    return Quality.shipped() if artifact is None else Quality.load(artifact.path)


def _redacted(told: Sequence[Evidence]) -> list[Evidence]:
    texts = pl.Series([text for one in told for text in (one.title, one.text)], dtype=pl.String)
    plain = redacted(texts).to_list()
    return [
        msgspec.structs.replace(one, title=title, text=text)
        for one, title, text in zip(told, plain[::2], plain[1::2], strict=True)
    ]
