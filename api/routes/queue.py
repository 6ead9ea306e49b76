"""The queue: which ticket to take next."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter

from api.state import Parts, now
from service.queue import QueueEntry, queue

MOST = 500


class Queue(msgspec.Struct, frozen=True):
    """Open tickets, those first whose waiting costs most; `waiting` counts all of them."""

    waiting: int
    tickets: list[QueueEntry]


@get("/v1/queue", operation_id="getQueue", tags=["requests"], sync_to_thread=True)
def get_queue(
    parts: Parts,
    limit: Annotated[int, Parameter(ge=1, le=MOST)] = 50,
    offset: Annotated[int, Parameter(ge=0, le=1_000_000)] = 0,
) -> Queue:
    """Open tickets and requests by what an hour more of waiting is expected to cost, each with its reason.

    The cost grows with the share of the promised time that is used up (generalised c-mu rule), weighed by how likely
    each priority is, by the customer's tier and mood, and by what needs a person now. `sla_targets.csv` has the
    promises and the costs.
    """
    found = queue(parts.waits(), parts.clock, now())
    return Queue(len(found), found[offset : offset + limit])
