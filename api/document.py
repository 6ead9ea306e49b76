"""The OpenAPI document and the page that shows it, without any other network than this server."""

import json
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

from api.examples import BODIES, RESPONSES
from api.problems import PROBLEM_JSON, Problem
from api.routes.erasures import CustomerErasure, TicketErasure
from api.routes.incidents import DecisionRequest, DismissRequest, MergeRequest
from api.searching import SearchRequest
from api.tickets_in import Ticket, TicketDraft
from operations.events import CATALOGUE, SubmittedEvent
from service.feedback import SuggestionOutcome
from service.review import ReviewDecision
from service.statements import CustomerRating, LabelStatement

UI_FILES = "/docs/ui"
LONGEST_PATH = 200
"""Bytes; names of files may have 255."""
START_FILE = "/docs/start.js"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" type="image/png" href="{ui}/favicon-32x32.png"><link rel="stylesheet" href="{ui}/swagger-ui.css">
<script src="{ui}/swagger-ui-bundle.js" defer></script><script src="{start}" defer></script>
</head><body><div id="swagger"></div></body></html>
"""
START = b"""SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#swagger",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
COMPONENTS = "#/components/schemas/"


class Event(SubmittedEvent[dict[str, Any]], frozen=True, forbid_unknown_fields=True):
    """What happened to a ticket; the payload depends on type and version."""


def ui_folder() -> Path:
    """Swagger UI's files, as its package brings them."""
    vendor = Path(str(files("swagger_ui_bundle"))) / "vendor"
    return max(vendor.glob("swagger-ui-*"))


async def refuse_impossible(request: Request[Any, Any, Any]) -> None:
    """Litestar's `before_request` where files are served: names that no file can have are those of no file."""
    path = request.scope["path"]
    if "\x00" in path or len(path.encode(errors="replace")) > LONGEST_PATH:
        raise NotFoundException


class Document(JsonRenderPlugin):
    """The completed document as JSON."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Called once an application; Litestar keeps the answer."""
        return self.render_json(request, complete(openapi_schema))


class Page(OpenAPIRenderPlugin):
    """Swagger UI from our own files; no script stands in the page, so that its policy allows none."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page, which fetches the document."""
        return PAGE.format(title=escape(openapi_schema["info"]["title"]), ui=UI_FILES, start=START_FILE).encode()


class Start(OpenAPIRenderPlugin):
    """The script that starts Swagger UI."""

    def __init__(self) -> None:
        super().__init__(path="/start.js", media_type="text/javascript")  # type: ignore[arg-type]

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The same for everybody."""
        return START


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add what Litestar cannot know: bodies that the routes read themselves, problems, and recorded examples."""
    document = json.loads(json.dumps(document))
    decisions = [DecisionRequest, DismissRequest, MergeRequest]
    erasures = [CustomerErasure, TicketErasure]
    feedback = [SuggestionOutcome, LabelStatement, CustomerRating]
    types = [Ticket, TicketDraft, Event, SearchRequest, ReviewDecision, *decisions, *erasures, Problem, *feedback]
    schemas, components = msgspec.json.schema_components(types, ref_template=COMPONENTS + "{name}")
    ticket, draft, event, search, review, decision, dismissal, merge, customer, one, problem, *said = schemas
    document.setdefault("components", {}).setdefault("schemas", {}).update(components)
    bodies = {
        "postTickets": _one_or_many(ticket),
        "postRequests": _one_or_many(ticket),
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
        "postErasures": {"anyOf": [customer, one]},
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
