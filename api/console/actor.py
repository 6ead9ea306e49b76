"""In whose name something is done in the console: the caller that was recognised, or the console itself."""

from typing import Any

from litestar import Request

from operations.entries import fault_of_name
from operations.events import Actor

NOBODY = "console"
"""Who acts where nobody is asked who they are."""


def who(request: Request[Any, Any, Any]) -> Actor:
    """The person at the page. A recognised caller (`scope["user"]`) tells its name as `subject`."""
    subject = getattr(request.scope.get("user"), "subject", None)
    if isinstance(subject, str) and fault_of_name(subject) is None:
        return Actor(kind="agent", id=subject)
    return Actor(kind="agent", id=NOBODY)
