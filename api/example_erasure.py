"""Examples of erasures for the OpenAPI document: made up, but valid."""

from typing import Any

ERASURE: dict[str, Any] = {
    "erasure_id": "ERA-0f1e2d3c4b5a6978",
    "kind": "customer",
    "state": "waiting",
    "who": "privacy desk",
    "reason": "request of 2 March",
    "requested_at": "2026-03-02T09:00:00Z",
    "forgotten_at": None,
    "completed_at": None,
    "receipt": {},
    "models": [],
    "error": None,
}
DONE = {
    **ERASURE,
    "state": "done",
    "forgotten_at": "2026-03-02T09:00:02Z",
    "completed_at": "2026-03-02T09:14:41Z",
    "receipt": {"bronze/tickets": 3, "operations/inbox": 2, "silver/events": 5, "silver/tickets": 3},
    "models": ["models/category@0f1e2d3c4b5a69788796a5b4c3d2e1f0"],
}
_WHY = {"who": "privacy desk", "reason": "request of 2 March"}
BODIES: dict[str, dict[str, Any]] = {
    "postErasures": {
        "customer": {"value": {"customer_id": "CUST-0042", **_WHY}},
        "ticket": {"value": {"ticket_id": "TK-2026-004711", **_WHY}},
    }
}
RESPONSES: dict[str, dict[str, Any]] = {"postErasures": {"202": ERASURE}, "getErasure": {"200": DONE}}
