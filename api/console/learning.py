"""What people should look at first, which models serve, and how good they were over time."""

from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from api.console.actor import who
from api.console.forms import Form, ReviewForm, form_of
from api.console.queue import given
from api.console.rendering import by_htmx, see, shown
from api.problems import BadRequest
from api.state import Parts, now
from service.access import Caller
from service.console import models, quality
from service.review import ReviewDecision, decide, listed
from warehouse.errors import NotMaterialized

ASKED = 30
ReviewId = Annotated[str, Parameter(pattern="^(RV|RND)-[0-9a-f]{20}$")]
ReleaseId = Annotated[str, Parameter(max_length=32, pattern=r"^\d{6}-[0-9a-f]{12}$")]


@get("/review", sync_to_thread=True, name="console-review")
def queued(request: Request[Any, Any, Any], parts: Parts) -> Response[str]:
    """Labels that people should look at first."""
    try:
        asked = listed(parts.lake, parts.hearing(), target=None, reason=None, actor=who(request).id, limit=ASKED)
        return shown(request, "review.html", asked=asked, missing=None)
    except NotMaterialized as error:
        return shown(request, "review.html", asked=[], missing=str(error))


@post("/review/{review_id:str}", sync_to_thread=True)
def answer(
    request: Request[Any, Any, Any], parts: Parts, caller: Caller, review_id: ReviewId, data: Form
) -> Response[str] | Redirect:
    """Say whether the label is right, which one is, or that one cannot tell."""
    form, at = form_of(data, ReviewForm), now()
    value = form.choice or form.value.strip() or None
    said = ReviewDecision(
        verdict="skip" if form.skip else "correct" if value else "confirm",
        actor=who(request),
        value=None if form.skip else value,
    )
    told = caller.did(f"review.{said.verdict}", review_id, at)
    decide(parts.lake, parts.inbox(), review_id, said, key=None, now=at, told=told)
    word = "skipped" if form.skip else "corrected" if value else "confirmed"
    if by_htmx(request):
        return shown(request, "reviewed.html", word=word)
    return see("/console/review", word)


@get("/models", sync_to_thread=True, name="console-models")
def versions(request: Request[Any, Any, Any], parts: Parts) -> Response[str]:
    """Releases, the newest first, and what the current one serves."""
    known = models.versions(parts.lake.root)
    current = next((one.id for one in known if one.current), None)
    found = models.parts_of(parts.lake.root, current) if current is not None else []
    ordered = sorted(found or [], key=lambda one: (not one.measures, not one.name.startswith("models/"), one.name))
    judged = models.judgements(parts.lake)
    return shown(request, "models.html", versions=known, parts=ordered, current=current, judged=judged)


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
