"""Examples for the OpenAPI document: made up, but valid; a test sends every request and checks every answer."""

from typing import Any

from api import example_erasure as erasures
from api import example_incident as incidents
from api import example_request as requests
from api import example_review as review
from api import example_search as searched
from api.example_answer import ANSWER

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
OUTCOME: dict[str, Any] = {
    "search_id": "0f8fad5bd9cb469fa16570867728950e",
    "target_id": "SOL-2f1c9a40",
    "outcome": "accepted",
    "actor": {"kind": "agent", "id": "A-7"},
}
CORRECTION: dict[str, Any] = {
    "kind": "label",
    "verdict": "corrected",
    "ticket_id": "TK-2026-004711",
    "field": "category",
    "value": "Data Issue",
    "previous": "Security",
    "actor": {"kind": "agent", "id": "A-7"},
}
RATING: dict[str, Any] = {
    "kind": "rating",
    "ticket_id": "TK-2026-004711",
    "score": 4,
    "helpful": True,
    "text": "It runs again, thank you.",
    "actor": {"kind": "customer", "id": "CUST-0042"},
}
SEARCH = {"ticket": {name: TICKET[name] for name in ("ticket_id", "subject", "description", "product")}}
WORDS = {"value": {"text": "How do I raise the time limit of an export?"}}

BODIES: dict[str, dict[str, Any]] = {
    **review.BODIES,
    "postTickets": {
        "one": {"value": TICKET},
        "several": {"value": [TICKET, {**TICKET, "ticket_id": "TK-2026-004712"}]},
    },
    "postEvents": {
        "one": {"value": EVENT},
        "several": {"value": [EVENT]},
        "policy": {
            "value": {
                **EVENT,
                "type": "PolicyChanged",
                "actor": {"kind": "agent", "id": "A-7"},
                "ticket_id": "*",
                "idempotency_key": "policy-20260302",
                "payload": {"target": "category", "label": "Security", "decision": "automate", "precision": 0.99},
            }
        },
    },
    "postFeedback": {
        "one": {"value": OUTCOME},
        "several": {"value": [OUTCOME, {**OUTCOME, "outcome": "helped"}, CORRECTION]},
        "correction": {"value": CORRECTION},
        "rating": {"value": RATING},
    },
    "postSolutions": {"ticket": {"value": {**SEARCH, "filters": {"product": "DataSync Pro"}, "k": 5}}, "text": WORDS},
    "postAnswers": {"ticket": {"value": SEARCH}, "text": WORDS},
    **incidents.BODIES,
    **erasures.BODIES,
    "predictTicket": {"draft": {"value": {name: TICKET[name] for name in ("subject", "description")}}},
}
BODIES["postRequests"] = BODIES["postTickets"]
BODIES["predictTicketUnversioned"] = BODIES["predictTicket"]
BODIES["predictTickets"] = {"drafts": {"value": [BODIES["predictTicket"]["draft"]["value"]]}}

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
_CATEGORY = {"name": "models/category", "family": "linear_svm", "digest": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}
_PREDICTION = {
    "prediction_id": "5d41402abc4b2a76b9719d911017c592",
    "ticket_id": None,
    "release": "000003-0f1e2d3c4b5a",
    "targets": {
        "category": {
            "label": "Technical Issue",
            "confidence": 0.81,
            "alternatives": [{"label": "Data Issue", "confidence": 0.19}],
            "reasons": [{"term": "export", "weight": 1.42, "value": None}],
            "decision": {
                "action": "suggest",
                "why": "confidence 0.81 is at least 0.42, where 50% were right",
                "threshold": 0.42,
            },
            "served_by": "champion",
            "model": _CATEGORY,
        },
        "escalation": {
            "label": None,
            "confidence": None,
            "alternatives": [],
            "reasons": [],
            "decision": {"action": "abstain", "why": "nothing to learn: no better than chance", "threshold": None},
            "served_by": "champion",
            "model": {**_CATEGORY, "name": "models/escalation"},
        },
    },
    "novelty": {"unknown": False, "score": 0.2, "threshold": 1.1, "nearest": ["Technical Issue", "Data Issue"]},
    "resolution_hours": {"p10": 2.1, "p50": 18.4, "p90": 96.3},
    "escalation": {
        "triggers": ["data_loss"],
        "reason": "Says that data are lost (“records … gone”)",
        "score": 0.9,
    },
    "missing": ["models/severity"],
    "latency_ms": 14.2,
    "recorded": True,
}
_READY = {
    "status": "ready",
    "missing": ["models/category_baseline"],
    "parts": [{"name": "silver/tickets", "present": True, "version": "3", "age_seconds": 41.7}],
}
RESPONSES: dict[str, dict[str, Any]] = {
    "postTickets": {"202": _RECEIPTS},
    "postEvents": {"202": _RECEIPTS},
    "postFeedback": {"202": _RECEIPTS},
    "predictTicket": {"200": _PREDICTION},
    "predictTicketUnversioned": {"200": _PREDICTION},
    "predictTickets": {"200": {"predictions": [_PREDICTION]}},
    "postSolutions": {"200": searched.SEARCH},
    "getSimilarTickets": {"200": searched.SIMILAR},
    "getSolution": {"200": searched.SOLUTION_VIEW},
    "getArticle": {"200": searched.ARTICLE_VIEW},
    "postAnswers": {"200": ANSWER},
    "listIssues": {"200": searched.ISSUES},
    "getIssue": {"200": searched.ISSUE_VIEW},
    "getNeighbours": {"200": searched.NEIGHBOURS},
    "getPaths": {"200": searched.PATHS},
    **incidents.RESPONSES,
    **requests.RESPONSES,
    "postTokens": {"201": {"access_token": "eyJhbGciOi…", "token_type": "Bearer", "expires_in": 900}},
    "listAudit": {
        "200": {
            "changes": [
                {
                    "seq": 17,
                    "at": "2026-03-02T09:00:00Z",
                    "key_id": "3f9c0a1b2d4e",
                    "subject": "A-7",
                    "role": "lead",
                    "action": "policy.change",
                    "object": "category/Security",
                    "detail": {"event": "policy-20260302"},
                    "request_id": "0f8fad5bd9cb469fa16570867728950e",
                }
            ],
            "next": None,
        }
    },
    **erasures.RESPONSES,
    **review.RESPONSES,
    "getDecisionPolicy": {
        "200": {
            "release": "000003-0f1e2d3c4b5a",
            "rules": [
                {"target": "*", "label": "*", "decision": "suggest", "precision": 0.5},
                {
                    "target": "category",
                    "label": "Security",
                    "decision": "automate",
                    "precision": 0.99,
                    "set_by": "A-7",
                    "set_at": "2026-03-02T09:00:00Z",
                },
            ],
            "thresholds": {"category": {"Security": {"automate": {"precision": 0.99, "confidence": 0.93}}}},
        }
    },
    "getFeatures": {
        "200": {
            "entity": "customer",
            "id": "CUST-0042",
            "as_of": "2026-03-02T09:00:00Z",
            "release": "000003-0f1e2d3c4b5a",
            "features": {"customer_tickets_7d": 2.0, "customer_tickets_ever": 9.0, "customer_last_sentiment": "angry"},
        }
    },
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
