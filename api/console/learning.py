"""What people should look at first, which models serve, and how good they were over time."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import Parameter

from api.console.queue import given
from api.console.rendering import shown
from api.problems import BadRequest
from api.state import Parts, now
from service.console import models, quality, review
from warehouse.errors import NotMaterialized

ReleaseId = Annotated[str, Parameter(max_length=32, pattern=r"^\d{6}-[0-9a-f]{12}$")]


@get("/review", sync_to_thread=True, name="console-review")
def queued(request: Request[Any, Any, Any], parts: Parts) -> Response[str]:
    """Tickets whose labels people should look at first."""
    try:
        return shown(request, "review.html", rows=review.queued(parts.lake), missing=None)
    except NotMaterialized as error:
        return shown(request, "review.html", rows=[], missing=str(error))


@get("/models", sync_to_thread=True, name="console-models")
def versions(request: Request[Any, Any, Any], parts: Parts) -> Response[str]:
    """Releases, the newest first, and what the current one serves."""
    known = models.versions(parts.lake.root)
    current = next((one.id for one in known if one.current), None)
    found = models.parts_of(parts.lake.root, current) if current is not None else []
    ordered = sorted(found or [], key=lambda one: (not one.measures, not one.name.startswith("models/"), one.name))
    return shown(request, "models.html", versions=known, parts=ordered, current=current)


@get("/models/compare", sync_to_thread=True, name="console-compare")
def compare(request: Request[Any, Any, Any], parts: Parts, before: ReleaseId, after: ReleaseId) -> Response[str]:
    """Two releases side by side."""
    found = models.compared(parts.lake.root, before, after)
    if found is None:
        raise BadRequest("one of these releases is not kept", status=HTTPStatus.NOT_FOUND)
    return shown(request, "compare.html", compared=found, before=before, after=after)


@get("/models/{release_id:str}", sync_to_thread=True, name="console-release")
def release(request: Request[Any, Any, Any], parts: Parts, release_id: ReleaseId) -> Response[str]:
    """One release with the cards of what is in it."""
    found = models.parts_of(parts.lake.root, release_id)
    if found is None:
        raise BadRequest(f"no release {release_id} is kept", status=HTTPStatus.NOT_FOUND)
    known = models.versions(parts.lake.root)
    return shown(request, "release.html", version=next(one for one in known if one.id == release_id), parts=found)


@get("/quality", sync_to_thread=True, name="console-quality")
def over_time(request: Request[Any, Any, Any], parts: Parts) -> Response[str]:
    """Plots of how good the answers were."""
    return shown(request, "quality.html", groups=quality.groups(parts.lake, given(parts), now()))
