"""Incidents, and what people decide about them."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from api.console.actor import who
from api.console.forms import DecisionForm, Form, form_of
from api.console.rendering import by_htmx, see, shown
from api.problems import BadRequest
from api.routes.incidents import (
    DecisionRequest,
    DismissRequest,
    IncidentId,
    known_incident,
    leave_note,
    store_of,
)
from api.state import Parts
from service import incident_views as views
from service.access import Caller
from service.incident_bodies import Summary
from service.incident_chart import chart
from service.incident_views import View
from warehouse.errors import NotMaterialized

MOST = 100


@get("/incidents", sync_to_thread=True, name="console-incidents")
def incidents(
    request: Request[Any, Any, Any], parts: Parts, every: Annotated[bool, Parameter(query="all")] = False
) -> Response[str]:
    """Incidents, the newest first: those that go on, or all."""
    missing: str | None = None
    found: list[Summary] = []
    try:
        found, _ = views.listed(store_of(parts), [] if every else ["open", "calm"], MOST, None)
    except NotMaterialized as error:
        missing = str(error)
    return shown(request, "incidents.html", incidents=found, missing=missing, every=every)


@get("/incidents/{incident_id:str}", sync_to_thread=True, name="console-incident")
def incident(request: Request[Any, Any, Any], parts: Parts, incident_id: IncidentId) -> Response[str]:
    """One incident with its series, likely causes, tickets and decisions."""
    return _page(request, known_incident(parts, incident_id), "incident.html")


@post("/incidents/{incident_id:str}", sync_to_thread=True)
def decide(
    request: Request[Any, Any, Any], parts: Parts, caller: Caller, incident_id: IncidentId, data: Form
) -> Response[str] | Redirect:
    """Acknowledge an incident, or dismiss it with a reason."""
    form = form_of(data, DecisionForm)
    reason = form.reason.strip() or None
    name = who(request).id
    if form.action == "acknowledge":
        leave_note(parts, caller, incident_id, form.action, sent=DecisionRequest(name, reason), given=None)
    elif reason is None:
        raise BadRequest("say why it is dismissed: the next one like it has to be stronger")
    else:
        leave_note(parts, caller, incident_id, form.action, sent=DismissRequest(name, reason), given=None)
    said = "dismissed" if form.action == "dismiss" else "acknowledged"
    if by_htmx(request):
        return _page(request, known_incident(parts, incident_id), "incident_decide.html")
    return see(f"/console/incidents/{incident_id}", said, "decided")


def _page(request: Request[Any, Any, Any], view: View, template: str) -> Response[str]:
    return shown(request, template, view=view, charts=[(one, chart(one)) for one in view.series])
