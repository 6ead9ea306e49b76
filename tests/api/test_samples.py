"""Requests and answers as the documentation shows them."""

import json
import re
import shutil
from pathlib import Path

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.examples import BODIES
from warehouse.settings import Settings

SAMPLES = Path(__file__).parents[2] / "docs" / "api-samples.md"
INTRODUCTION = """# The API by example

Recorded by `tests/api/test_samples.py` from a small made-up lake; the test fails when an answer differs. Times, ages,
versions and digests are replaced by a placeholder, scores of what is found by 0.5. To record anew:
`pytest tests/api/test_samples.py --record-samples`.
The whole description, with every field, is at `/docs` of a running server.
"""
CALLS = [
    ("Is there anything to serve?", "GET", "/health/ready", None),
    ("Predict on a ticket", "POST", "/v1/predict-ticket",
     {"subject": "Wrong bill", "description": "the invoice shows a wrong amount"}),
    ("Ask what is known of a customer", "GET", "/v1/features/customer/CUST-0007", None),
    ("Send a ticket", "POST", "/v1/tickets", BODIES["postTickets"]["one"]["value"]),
    ("Send an event", "POST", "/v1/events", BODIES["postEvents"]["one"]["value"]),
    ("Look a ticket up", "GET", "/v1/tickets/TK-2026-004711", None),
    ("Ask for a metric", "GET",
     "/v1/metrics/metric_volume_by_day_category_channel_region?category=Billing&day.gte=2026-01-10&limit=2", None),
    ("A field that is wrong", "POST", "/v1/tickets", {"ticket_id": "TK-1", "subject": "x", "created_at": "yesterday"}),
    ("A filter that is wrong", "GET", "/v1/metrics/metric_volume_by_day_category_channel_region?colour=red", None),
]  # fmt: skip
SAID = {"text": "The mooring valve of the zeppelin leaks"}
FINDING = [
    ("Find what solved it", "POST", "/v1/solutions", {**SAID, "filters": {"language": "en"}, "k": 1}),
    ("Tell what became of a suggestion", "POST", "/v1/feedback", {**BODIES["postFeedback"]["one"]["value"]}),
    ("Answer with sources", "POST", "/v1/answers", {**SAID, "k": 1}),
    ("Read an article that is cited", "GET", "/v1/articles/KB-NEW", None),
    ("A filter that no ticket passes", "POST", "/v1/solutions", {**SAID, "filters": {"product": "Nope"}}),
]
"""Asked of a lake that was built with its indexes."""
FIGURE = r"-?\d+\.\d+(?:e-?\d+)?"
FOUND_VARYING = [
    (r'"(answer_id|search_id|idempotency_key|last_at|at|created_at|updated_at)": "[^"]*"', r'"\1": "…"'),
    (r'"((?:indexes|models)/\w+)": "[0-9a-f]{16,}"', r'"\1": "…"'),
    (rf'(": ){FIGURE}(?=[,\n])', r"\g<1>0.5"),
]
VARYING = [
    (r'"(request_id|prediction_id|release|digest|version|received_at|received_time)": "[^"]*"', r'"\1": "…"'),
    (r'"age_seconds": [\d.]+', '"age_seconds": 1.0'),
    (r'"(confidence|weight)": (\d\.\d)\d*', r'"\1": \2'),
    (r'"latency_ms": [\d.]+', '"latency_ms": 10.0'),
    (r'"as_of": "[^"]*"', '"as_of": "…"'),
    (r'"customer_tickets_(\d+)d": [\d.]+', r'"customer_tickets_\1d": 0.0'),
]


@pytest.fixture
def finding(followed, tmp_path):
    """Over a copy of the lake that was built."""
    root = tmp_path / "built"
    shutil.copytree(followed[0], root, symlinks=True)
    with TestClient(create_app(Settings(lake_root=root, _env_file=None))) as client:
        yield client


def found(client) -> list[str]:
    """Samples of finding; feedback is given to the search before it."""
    told, cited = [], {}
    for title, method, path, body in FINDING:
        sent = {**body, **cited} if path == "/v1/feedback" else body
        text, answer = sample(client, title, method, path, sent, [*VARYING, *FOUND_VARYING])
        if path == "/v1/solutions" and answer["solutions"]:
            cited = {"search_id": answer["search_id"], "target_id": answer["solutions"][0]["solution_id"]}
        told.append(text.replace(cited["search_id"], "…"))
    return told


def sample(
    client, title: str, method: str, path: str, body: object, varying: list[tuple[str, str]]
) -> tuple[str, dict[str, object]]:
    answer = client.request(method, path, json=body)
    shown = json.dumps(answer.json(), indent=2, ensure_ascii=False)
    for pattern, replacement in varying:
        shown = re.sub(pattern, replacement, shown)
    data = f" \\\n  -H 'Content-Type: application/json' \\\n  -d '{json.dumps(body)}'" if body is not None else ""
    kind = answer.headers["content-type"]
    text = (
        f"## {title}\n\n```bash\ncurl -s -X {method} 'http://127.0.0.1:8000{path}'{data}\n```\n\n"
        f"{answer.status_code}, `{kind}`:\n\n```json\n{shown}\n```\n"
    )
    return text, answer.json()


def test_the_documented_answers_are_those_that_are_given(client, finding, request):
    told = [sample(client, *call, VARYING)[0] for call in CALLS]
    text = "\n".join([INTRODUCTION, *told, *found(finding)])

    if request.config.getoption("record_samples", default=False):
        SAMPLES.write_text(text, encoding="utf-8")
    assert SAMPLES.read_text(encoding="utf-8") == text


def test_no_sample_shows_an_error_of_ours():
    assert not re.findall(r"^5\d\d,", SAMPLES.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("call", [*CALLS, *FINDING], ids=lambda call: call[0])
def test_every_sample_is_a_call_that_the_document_has(client, call):
    _, method, path, _ = call
    paths = client.get("/docs/openapi.json").json()["paths"]
    known = [re.sub(r"\{\w+\}", "[^/]+", template) for template, item in paths.items() if method.lower() in item]

    assert any(re.fullmatch(pattern, path.split("?")[0]) for pattern in known)
