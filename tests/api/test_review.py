"""The review queue over the real application."""

from datetime import UTC, datetime

import polars as pl
import pytest

from api.example_review import BODIES, REVIEW_ID
from warehouse.contracts.review import QUEUE

EXAMPLES = BODIES["postReview"]


@pytest.fixture
def asked(lake):
    numbers = {"confidence": 0.4, "uncertainty": 0.9, "disagreement": 0.5, "density": 0.5, "cost": 1.0, "score": 0.6}
    said = {"review_id": REVIEW_ID, "ticket_id": "TK-0001", "reason": "uncertain", "rank": 1, "field": "category"}
    when = {
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
        "label": "Login",
        "rival": None,
        "target": "category",
        "model": "m",
    }
    lake.replace(QUEUE, pl.DataFrame([{**said, **numbers, **when}], schema=QUEUE.schema))


def test_an_entry_is_shown_and_goes_when_it_is_decided(client, asked):
    (entry,) = client.get("/v1/review", params={"target": "category", "reason": "uncertain", "limit": 5}).json()[
        "entries"
    ]
    assert (entry["review_id"], entry["label"], entry["recorded"] in ("Billing", "Login")) == (REVIEW_ID, "Login", True)

    answer = client.post(f"/v1/review/{REVIEW_ID}", json=EXAMPLES["correct"]["value"])
    assert answer.status_code == 202, answer.text
    assert answer.json()["ticket_id"] == "TK-0001"
    assert client.get("/v1/review").json()["entries"] == []
    (heard,) = client.get("/v1/tickets/TK-0001").json()["heard"]
    assert heard["content"]["payload"]["review_id"] == REVIEW_ID
    assert heard["content"]["payload"]["value"] == "Data Issue"


@pytest.mark.parametrize("verdict", EXAMPLES)
def test_each_verdict_is_taken(client, asked, verdict):
    assert client.post(f"/v1/review/{REVIEW_ID}", json=EXAMPLES[verdict]["value"]).status_code == 202


def test_what_is_not_in_the_queue_is_not_found(client, asked):
    gone = f"RV-{'0' * 20}"
    assert client.post(f"/v1/review/{gone}", json=EXAMPLES["confirm"]["value"]).status_code == 404
    assert client.post("/v1/review/nonsense", json=EXAMPLES["confirm"]["value"]).status_code == 400


def test_a_lake_without_a_queue_says_so(client):
    answer = client.get("/v1/review")

    assert (answer.status_code, answer.json()["asset"]) == (503, "learning/review_queue")


@pytest.mark.parametrize(
    "body",
    [
        {"verdict": "confirm"},
        {"verdict": "correct", "actor": {"kind": "agent", "id": "A-1"}},
        {"verdict": "confirm", "value": "x", "actor": {"kind": "agent", "id": "A-1"}},
        {"verdict": "like", "actor": {"kind": "agent", "id": "A-1"}},
    ],
)
def test_what_is_no_decision_is_refused(client, asked, body):
    assert client.post(f"/v1/review/{REVIEW_ID}", json=body).status_code == 400
