"""Answers to tickets, with their sources."""

from typing import Any
from uuid import uuid4

import polars as pl
import structlog
from litestar import post

from api import bodies
from api.drafts import drafts
from api.problems import BadRequest, FieldError
from api.state import Parts, now
from api.tickets_in import FreeText
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
    ticket = asked(bodies.read(body))
    release = parts.serving.opened().release
    shown = parts.answering.answer(parts.find, ticket, release, answer_id=uuid4().hex, now=now())
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


def asked(value: Any) -> pl.DataFrame:
    """The ticket of a body: a ticket, or `{"text": ...}` as one that says that. Raises `BadRequest`."""
    if not isinstance(value, dict) or value.keys() != {"text"}:
        return drafts([value], ["$"], now())
    text = bodies.typed(value, FreeText).text
    if not text.strip():
        raise BadRequest(bodies.UNFIT, FieldError("expected words, found none", pointer="/text"))
    return drafts([{"description": text}], ["$"], now())
