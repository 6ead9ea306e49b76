"""Answers to tickets, with their sources."""

from time import perf_counter
from uuid import uuid4

import polars as pl
import structlog
from litestar import post

from api import bodies
from api.searching import asked, record
from api.state import Parts, now
from ml.retrieve.found import Found
from service.answers import AnswerView


@post(
    "/v1/answers",
    operation_id="postAnswers",
    tags=["answers"],
    status_code=200,
    sync_to_thread=True,
    before_request=bodies.refuse_other_than_json,
)
def post_answers(body: bytes, parts: Parts) -> AnswerView:
    """Answer a ticket, or a question in plain words, from what solved others and from the knowledge base.

    Each sentence names its sources. Where they do not carry an answer, it says so and returns what was found. What the
    ticket says is data: nothing in it is obeyed.
    """
    began = perf_counter()
    request, ticket = asked(bodies.read(body))
    seen: list[Found] = []

    def find(row: pl.DataFrame) -> Found:
        seen.append(parts.serving.find(row, parts.hearing(), request.filters, request.k))
        return seen[0]

    answer_id = uuid4().hex
    shown = parts.answering.answer(find, ticket, parts.serving.opened().release, answer_id=answer_id, now=now())
    record(parts, "answers", request, ticket, seen[0], search_id=answer_id, began=began)
    structlog.get_logger("api").info(
        "answer composed",
        answer_id=shown.answer_id,
        composer=shown.composer,
        fell_back=shown.fell_back,
        thin=shown.thin,
        dropped=shown.dropped,
        route=shown.quality.route,
    )
    return shown
