"""Who changed what."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter

from api.state import Parts
from operations.audit import AuditLog, AuditRow

MOST = 500


class Audit(msgspec.Struct, frozen=True):
    """Changes, the newest first; `next` is the cursor of the next page."""

    changes: list[AuditRow]
    next: int | None


@get("/v1/audit", operation_id="listAudit", tags=["access"], sync_to_thread=True)
def list_audit(
    parts: Parts,
    *,
    action: Annotated[str | None, Parameter(max_length=64, description="Such as `key.revoke`.")] = None,
    limit: Annotated[int, Parameter(ge=1, le=MOST)] = 50,
    cursor: Annotated[int | None, Parameter(ge=1, le=2**53, description="`next` of the page before.")] = None,
) -> Audit:
    """Who changed policy, incidents, reviews, keys, models, or erased something; in ids, without what was said.

    A request that failed, or repeated an earlier one, changed nothing and is not here.
    """
    found = AuditLog(parts.store()).page(limit + 1, cursor, action)
    page = found[:limit]
    return Audit(page, page[-1].seq if len(found) > limit else None)
