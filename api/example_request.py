"""Examples of requests and of the queue for the OpenAPI document: made up, but valid."""

from typing import Any

from api.example_answer import ANSWER

REQUEST_ID = "RQ-0f1e2d3c4b5a69788796a5b4"
_TICKET = "TK-2026-004711"
_REPLY = ("answer_id", "sentences", "steps", "alternatives", "thin", "thin_reason", "composer", "language", "quality")
RECEIPT: dict[str, Any] = {
    "id": REQUEST_ID,
    "location": f"/v1/requests/{REQUEST_ID}",
    "ticket_id": _TICKET,
    "received_at": "2026-03-02T08:15:01Z",
    "repeated": False,
}
SUMMARY: dict[str, Any] = {
    "id": REQUEST_ID,
    "ticket_id": _TICKET,
    "status": "done",
    "category": "Technical Issue",
    "priority": "high",
    "language": "en",
    "received_at": "2026-03-02T08:15:01Z",
    "changed_at": "2026-03-02T08:15:02Z",
    "attempts": 1,
    "next_at": None,
    "last_error": None,
}
_MODEL = {"name": "models/priority", "family": "linear_svm", "digest": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}
RESULT: dict[str, Any] = {
    "opened_at": "2026-03-02T08:15:00Z",
    "customer_tier": None,
    "recorded_priority": None,
    "prediction_id": "5d41402abc4b2a76b9719d911017c592",
    "search_id": ANSWER["answer_id"],
    "release": "000003-0f1e2d3c4b5a",
    "targets": {
        "priority": {
            "label": "high",
            "confidence": 0.62,
            "alternatives": [{"label": "medium", "confidence": 0.3}],
            "reasons": [{"term": "export", "weight": 0.8, "value": None}],
            "decision": {
                "action": "suggest",
                "why": "confidence 0.62 is at least 0.55, where 50% were right",
                "threshold": 0.55,
            },
            "served_by": "champion",
            "model": _MODEL,
        }
    },
    "novelty": None,
    "resolution_hours": {"p10": 2.1, "p50": 18.4, "p90": 96.3},
    "escalation": None,
    "summary": ANSWER["summary"],
    "solutions": [
        {
            "solution_id": "SOL-1",
            "text": "Time limit raised to 5 minutes.",
            "score": 0.9,
            "rate": 0.74,
            "attempts": 40,
            "reason": "helped in 30 of 40 attempts",
        }
    ],
    "articles": [{"article_id": "KB-0007", "title": "Exports that end early", "score": 0.7}],
    "similar": [{"ticket_id": "TK-2026-004012", "score": 3.1, "solution_id": "SOL-1"}],
    "answer": {name: ANSWER[name] for name in _REPLY},
    "missing": {"models/severity": "the release has none"},
    "versions": {"models/priority": _MODEL["digest"]},
    "took_ms": {"understand": 21.3, "find": 35.8, "answer": 9.2},
}
RESPONSES: dict[str, dict[str, Any]] = {
    "postRequests": {"202": RECEIPT},
    "listRequests": {"200": {"requests": [SUMMARY], "next": None}},
    "getRequest": {"200": {**SUMMARY, "result": RESULT}},
    "replayRequest": {"202": {**SUMMARY, "status": "queued", "attempts": 0, "next_at": "2026-03-02T09:00:00Z"}},
    "getStats": {
        "200": {
            "from": "2026-02-23T09:00:00Z",
            "to": "2026-03-02T09:00:00Z",
            "requests": 3,
            "by_status": {"done": 2, "queued": 1},
            "categories": [
                {"category": "Technical Issue", "requests": 2, "by_status": {"done": 2}},
                {"category": None, "requests": 1, "by_status": {"queued": 1}},
            ],
            "waiting": 1,
            "waiting_since": "2026-03-02T08:59:58Z",
        }
    },
    "getQueue": {
        "200": {
            "waiting": 1,
            "tickets": [
                {
                    "rank": 1,
                    "ticket_id": _TICKET,
                    "request_id": REQUEST_ID,
                    "cost": 9.31,
                    "reason": "high priority (62% likely) of a customer of tier premium; first response due in 1.2 h",
                    "opened_at": "2026-03-02T08:15:00Z",
                    "waited_hours": 0.8,
                    "promise": "first response",
                    "due_at": "2026-03-02T10:15:00Z",
                    "hours_left": 1.2,
                    "customer_tier": "premium",
                    "priority": {"low": 0.04, "medium": 0.3, "high": 0.62, "critical": 0.04},
                    "recorded_priority": None,
                    "sentiment": "neutral",
                    "escalation": [],
                }
            ],
        }
    },
}
