"""Examples of the review queue."""

from typing import Any

REVIEW_ID = "RV-0f8fad5bd9cb469fa165"
BODIES: dict[str, dict[str, Any]] = {
    "postReview": {
        "correct": {"value": {"verdict": "correct", "value": "Data Issue", "actor": {"kind": "agent", "id": "A-7"}}},
        "confirm": {"value": {"verdict": "confirm", "actor": {"kind": "agent", "id": "A-7"}}},
        "skip": {"value": {"verdict": "skip", "actor": {"kind": "agent", "id": "A-7"}}},
    }
}
RESPONSES: dict[str, dict[str, Any]] = {
    "listReview": {
        "200": {
            "entries": [
                {
                    "review_id": REVIEW_ID,
                    "ticket_id": "TK-2026-004711",
                    "title": "Nightly export stops half-way",
                    "field": "category",
                    "target": "category",
                    "label": "Technical Issue",
                    "rival": "Data Issue",
                    "confidence": 0.41,
                    "recorded": None,
                    "reason": "uncertain",
                    "why": "the model doubts: another label was nearly as likely; many tickets are like it, "
                    "or errors cost much",
                    "rank": 1,
                    "score": 0.87,
                    "uncertainty": 0.97,
                    "disagreement": 0.58,
                    "density": 0.36,
                    "cost": 1.5,
                    "model": "3809ff55b1ab859389b698156803afe8",
                    "created_at": "2026-03-02T08:15:00Z",
                }
            ]
        }
    },
    "postReview": {
        "202": {
            "idempotency_key": "feedback:5f1d",
            "ticket_id": "TK-2026-004711",
            "seq": 4713,
            "received_at": "2026-03-02T09:00:00Z",
            "repeated": False,
        }
    },
}
