"""The OpenAPI document and the page that shows it, without any other network than this server."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin

from api.examples import BODIES, RESPONSES
from api.problems import PROBLEM_JSON, Problem
from api.routes.incidents import DecisionRequest, DismissRequest, MergeRequest
from api.searching import SearchRequest
from api.tickets_in import Ticket, TicketDraft
from operations.events import CATALOGUE, SubmittedEvent
from service.feedback import SuggestionOutcome
from service.review import ReviewDecision
from service.statements import CustomerRating, LabelStatement

UI_FILES = "/docs/ui"
COMPONENTS = "#/components/schemas/"


class Event(SubmittedEvent[dict[str, Any]], frozen=True, forbid_unknown_fields=True):
    """What happened to a ticket; the payload depends on type and version."""


def ui_folder() -> Path:
    """Swagger UI's files, as its package brings them."""
    vendor = Path(str(files("swagger_ui_bundle"))) / "vendor"
    return max(vendor.glob("swagger-ui-*"))


class Document(JsonRenderPlugin):
    """The completed document as JSON."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Called once an application; Litestar keeps the answer."""
        return self.render_json(request, complete(openapi_schema))


class Page(SwaggerRenderPlugin):
    """Swagger UI from our own files."""

    def __init__(self) -> None:
        super().__init__(
            path="/",
            js_url=f"{UI_FILES}/swagger-ui-bundle.js",
            css_url=f"{UI_FILES}/swagger-ui.css",
            standalone_preset_js_url=f"{UI_FILES}/swagger-ui-standalone-preset.js",
            favicon=f"<link rel='icon' type='image/png' href='{UI_FILES}/favicon-32x32.png'>",
        )

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page, with the completed document inside."""
        return super().render(request, complete(openapi_schema))


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add what Litestar cannot know: bodies that the routes read themselves, problems, and recorded examples."""
    document = json.loads(json.dumps(document))
    decisions = [DecisionRequest, DismissRequest, MergeRequest]
    feedback = [SuggestionOutcome, LabelStatement, CustomerRating]
    types = [Ticket, TicketDraft, Event, SearchRequest, ReviewDecision, *decisions, Problem, *feedback]
    schemas, components = msgspec.json.schema_components(types, ref_template=COMPONENTS + "{name}")
    ticket, draft, event, search, review, decision, dismissal, merge, problem, *said = schemas
    document.setdefault("components", {}).setdefault("schemas", {}).update(components)
    bodies = {
        "postTickets": _one_or_many(ticket),
        "postEvents": _one_or_many(event),
        "postFeedback": _one_or_many({"anyOf": said}),
        "predictTicket": draft,
        "predictTicketUnversioned": draft,
        "postSolutions": search,
        "postAnswers": search,
        "postReview": review,
        "acknowledgeIncident": decision,
        "dismissIncident": dismissal,
        "mergeIncident": merge,
        "predictTickets": {"type": "array", "items": draft, "minItems": 1, "maxItems": 1000},
    }
    for path in document["paths"].values():
        for operation in path.values():
            operation_id = operation["operationId"]
            if operation_id in bodies:
                content = {"schema": bodies[operation_id], "examples": BODIES[operation_id]}
                operation["requestBody"] = {"required": True, "content": {"application/json": content}}
            if operation_id == "postEvents":
                operation["description"] += f"\n\nTypes and their versions: {CATALOGUE.known}."
            operation["summary"] = operation["description"].partition("\n")[0].rstrip(".")
            _answers(operation, problem)
    return document


def _answers(operation: dict[str, Any], problem: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("400", None)
    responses["default"] = {
        "description": "What is wrong, where, and what to do (RFC 9457)",
        "content": {PROBLEM_JSON: {"schema": problem}},
    }
    for status, example in RESPONSES.get(operation["operationId"], {}).items():
        for content in responses.get(status, {}).get("content", {}).values():
            content["example"] = example


def _one_or_many(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1, "maxItems": 1000}]}
