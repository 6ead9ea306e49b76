"""Examples of searches for the OpenAPI document: made up, but valid."""

from typing import Any

RELEASE = "000003-0f1e2d3c4b5a"
_TICKET = {
    "ticket_id": "TK-2026-003117",
    "title": "Export ends half-way",
    "score": 2.91,
    "scores": {"keyword": 4.2, "dense": 0.78},
    "created_at": "2026-02-11T07:40:00Z",
    "solution_id": "SOL-2f1c9a40",
    "issue_id": "ISS-7a0c3b11",
}
_FOUND: dict[str, Any] = {
    "search_id": "0f8fad5bd9cb469fa16570867728950e",
    "ticket_id": "TK-2026-004711",
    "tickets": [_TICKET],
    "used": ["keyword", "dense", "graph"],
    "missing": {
        "models/ranker": "not materialized: ordered by the votes of alike tickets; run `ticketlake build --learn`"
    },
    "release": RELEASE,
    "versions": {"indexes/tickets": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"},
    "recorded": True,
}
SEARCH: dict[str, Any] = {
    **_FOUND,
    "solutions": [
        {
            "solution_id": "SOL-2f1c9a40",
            "text": "Time limit raised to 5 minutes.",
            "score": 0.41,
            "scores": {"fused": -0.9, "rate": 0.81, "graph": 0.02},
            "tried": {"attempts": 40, "successes": 33, "rate": 0.81, "last_at": "2026-02-27T12:00:00Z"},
            "tickets": ["TK-2026-003117"],
            "path": {
                "nodes": ["Ticket:TK-2026-003117", "Issue:ISS-7a0c3b11", "Solution:SOL-2f1c9a40"],
                "edges": ["HAS_ISSUE", "SOLVED_BY"],
                "score": 0.02,
            },
            "reason": "helped in 33 of 40 attempts; tried on 1 of the tickets most alike",
        }
    ],
    "articles": [
        {
            "article_id": "KB-0007",
            "passage_id": "KB-0007#2",
            "title": "An export ends without a message",
            "path": "What to do",
            "text": "Raise the time limit of the call.",
            "score": 2.2,
            "scores": {"keyword": 3.1, "dense": 0.64},
            "updated_at": "2026-01-20T00:00:00Z",
        }
    ],
    "latency_ms": 21.4,
}
SIMILAR = _FOUND
ISSUE: dict[str, Any] = {
    "issue_id": "ISS-7a0c3b11",
    "name": "export time limit",
    "category": "Technical Issue",
    "subcategory": "Performance",
    "products": ["DataSync Pro"],
    "versions": ["DataSync Pro 3.2.1"],
    "modules": ["export_module"],
    "error_codes": ["ERROR_TIMEOUT_504"],
    "tickets": 52,
    "customers": 31,
    "open_tickets": 4,
    "tickets_last_30_days": 17,
    "trend": 1.7,
    "first_at": "2025-11-03T09:12:00Z",
    "last_at": "2026-03-02T08:15:00Z",
    "open_since": "2026-02-25T10:00:00Z",
    "best_solution_id": "SOL-2f1c9a40",
    "example_ticket_ids": ["TK-2026-003117"],
}
ISSUES = {"issues": [ISSUE], "in_scope": [], "release": RELEASE}
ISSUE_VIEW = {
    "issue": ISSUE,
    "changes": [{"change": "opened", "other": "", "at": "2025-11-20T00:00:00Z", "tickets": 9}],
    "release": RELEASE,
}
NEIGHBOURS = {
    "node_id": "Issue:ISS-7a0c3b11",
    "kind": "Issue",
    "name": "export time limit",
    "neighbours": [
        {
            "node_id": "Solution:SOL-2f1c9a40",
            "kind": "Solution",
            "name": "Time limit raised to 5 minutes.",
            "edge": "SOLVED_BY",
            "via": "Issue:ISS-7a0c3b11",
            "depth": 1,
            "since": "2025-11-04T10:00:00Z",
            "attempts": 40,
            "successes": 33,
        }
    ],
    "release": RELEASE,
}
SOLUTION_VIEW = {
    "solution": {
        "solution_id": "SOL-2f1c9a40",
        "text": "Time limit raised to 5 minutes.",
        "sayings": ["Time limit raised to 5 minutes.", "We raised the time limit."],
        "code": "configuration",
        "template": None,
        "tickets": 40,
        "attempts": 40,
        "successes": 33,
        "first_at": "2025-11-05T10:00:00Z",
        "last_at": "2026-02-27T12:00:00Z",
    },
    "release": RELEASE,
}
ARTICLE_VIEW = {
    "article": {
        "article_id": "KB-0007",
        "title": "An export ends without a message",
        "language": "en",
        "product": "DataSync Pro",
        "product_module": "export_module",
        "created_at": "2025-09-01T00:00:00Z",
        "updated_at": "2026-01-20T00:00:00Z",
        "passages": [{"passage_id": "KB-0007#2", "path": "What to do", "text": "Raise the time limit of the call."}],
    },
    "release": RELEASE,
}

PATHS = {
    "start": "Product:DataSync Pro",
    "end": "Solution:SOL-2f1c9a40",
    "paths": [
        {
            "nodes": ["Product:DataSync Pro", "Issue:ISS-7a0c3b11", "Solution:SOL-2f1c9a40"],
            "edges": ["AFFECTS", "SOLVED_BY"],
            "score": 0.5,
        }
    ],
    "release": RELEASE,
}
