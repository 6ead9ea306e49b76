"""Examples for the OpenAPI document: made up, but valid; a test sends every request and checks every answer."""

from typing import Any

TICKET = {
    "ticket_id": "TK-2026-004711",
    "created_at": "2026-03-02T08:15:00Z",
    "subject": "Nightly export stops half-way",
    "description": "Since the update the export ends after 40 % without any message.",
    "product": "DataSync Pro",
    "channel": "email",
    "language": "en",
}
EVENT = {
    "type": "MessageAdded",
    "version": 1,
    "event_time": "2026-03-02T09:00:00Z",
    "actor": {"kind": "customer", "id": "CUST-0042"},
    "ticket_id": "TK-2026-004711",
    "idempotency_key": "message-20260302-0900",
    "payload": {"text": "It happened again tonight."},
}
BODIES: dict[str, dict[str, Any]] = {
    "postTickets": {
        "one": {"value": TICKET},
        "several": {"value": [TICKET, {**TICKET, "ticket_id": "TK-2026-004712"}]},
    },
    "postEvents": {"one": {"value": EVENT}, "several": {"value": [EVENT]}},
    "predictTicket": {"draft": {"value": {name: TICKET[name] for name in ("subject", "description")}}},
}
BODIES["predictTicketUnversioned"] = BODIES["predictTicket"]

_RECEIPTS = {
    "receipts": [
        {
            "idempotency_key": "message-20260302-0900",
            "ticket_id": "TK-2026-004711",
            "seq": 17,
            "received_at": "2026-03-02T09:00:01Z",
            "repeated": False,
        }
    ]
}
_ABOUT = {
    "name": "metric_backlog_by_day",
    "description": "Open tickets at the end of each day. One row per day.",
    "grain": "One row per day.",
    "definition": "tickets opened until then less tickets resolved until then",
    "unit": "tickets",
    "owner": "team:support-analytics",
    "rows": 181,
    "version": 3,
}
_PREDICTION = {
    "category": "Technical Issue",
    "confidence": 0.81,
    "probabilities": {"Data Issue": 0.19, "Technical Issue": 0.81},
    "reasons": [{"term": "export", "weight": 1.42}],
    "model": {
        "name": "models/category_baseline",
        "digest": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "release": "000003-0f1e2d3c4b5a",
    },
}
_READY = {
    "status": "ready",
    "missing": ["models/category_baseline"],
    "parts": [{"name": "silver/tickets", "present": True, "version": "3", "age_seconds": 41.7}],
}
RESPONSES: dict[str, dict[str, Any]] = {
    "postTickets": {"202": _RECEIPTS},
    "postEvents": {"202": _RECEIPTS},
    "predictTicket": {"200": _PREDICTION},
    "predictTicketUnversioned": {"200": _PREDICTION},
    "getTicket": {"200": {"ticket_id": TICKET["ticket_id"], "recorded": TICKET, "events": [], "heard": []}},
    "listMetrics": {"200": {"version": "c0ffee0123456789", "metrics": [_ABOUT]}},
    "getMetric": {
        "200": {
            "version": "c0ffee0123456789",
            "about": _ABOUT,
            "columns": [{"name": "day", "type": "DATE"}, {"name": "open_tickets", "type": "BIGINT"}],
            "total": 181,
            "limit": 1,
            "offset": 0,
            "next": "/v1/metrics/metric_backlog_by_day?limit=1&offset=1",
            "rows": [{"day": "2026-03-01", "open_tickets": 214}],
        }
    },
    "live": {"200": {"status": "alive"}},
    "ready": {"200": _READY, "503": {**_READY, "status": "waiting", "parts": []}},
    "telemetry": {"200": 'ticketlake_artifact_present{artifact="silver/tickets"} 1.0'},
}
