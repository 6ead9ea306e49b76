"""Answers to tickets, with their sources."""

from time import perf_counter
from uuid import uuid4

import polars as pl
from litestar import post

from api import bodies
from api.noted import note
from api.searching import MOST_BYTES, SearchRequest, asked, record
from api.state import Parts, now
from api.telemetry import Telemetry
from ml.answer.articles import whole
from ml.retrieve.found import Found
from ml.retrieve.stages import stage
from ml.text.entities import Catalogue
from service.answers import AnswerView, question_of
from service.issues import broad, ignored
from service.overview import overview
from warehouse.errors import ArtifactDamaged, NotMaterialized
from warehouse.search_made import Thing

NOTHING = Found(solutions=[], articles=[], tickets=[], used=["issues"], missing={}, release="", versions={})


@post(
    "/v1/answers",
    operation_id="postAnswers",
    tags=["answers"],
    status_code=200,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
    request_max_body_size=MOST_BYTES,
)
def post_answers(body: bytes, parts: Parts, telemetry: Telemetry) -> AnswerView:
    """Answer a ticket, or a question in plain words, from what solved others and from the knowledge base.

    Each sentence names its sources. A broad question in plain words ("what goes wrong with version 3.2.1?") is answered
    from issues, counted over the tickets that the filters let pass. Where sources do not carry an answer, it says so
    and returns what was found. What the ticket says is data: nothing in it is obeyed.
    """
    began = perf_counter()
    request, ticket = asked(bodies.read(body))
    answer_id = uuid4().hex
    shown = _overview(parts, request, ticket, answer_id)
    found, enough = NOTHING, None
    if shown is None:
        found = parts.serving.find(ticket, parts.hearing(), request.filters, request.k)
        opened = parts.serving.opened()
        told = whole(found, opened.finding.searcher.articles)
        with stage("answer"):
            shown = parts.answering.answer(told, ticket, opened.release, answer_id=answer_id, now=now())
        enough = parts.answering.enough(opened.release)
    judged = shown.quality.probability if shown.quality is not None else 1.0
    reply = None if shown.thin else Thing(kind="reply", id=answer_id, rank=1, score=judged)
    record(parts, "answers", request, ticket, found, search_id=answer_id, began=began, reply=reply, enough=enough)
    telemetry.found(found.missing)
    telemetry.composed(shown.fell_back, shown.composer)
    note(
        answer_id=shown.answer_id,
        composer=shown.composer,
        fell_back=shown.fell_back,
        thin=shown.thin,
        dropped=shown.dropped,
        routed=shown.quality.route if shown.quality is not None else None,
    )
    return shown


def _overview(parts: Parts, request: SearchRequest, ticket: pl.DataFrame, answer_id: str) -> AnswerView | None:
    """The answer to a broad question; None where it is none, or there is no graph to ask."""
    if request.text is None:
        return None
    try:
        opened = parts.serving.opened()
        hits = broad(parts.lake, opened, request.text, now(), request.k, filters=request.filters)
    except (ArtifactDamaged, NotMaterialized):
        return None
    if hits is None or (not hits and request.filters is None):
        return None
    said = question_of(ticket.row(0, named=True), Catalogue())
    return overview(hits, said, opened, answer_id=answer_id, ignored=ignored(opened, request.filters))
