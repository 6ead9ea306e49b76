"""Requests and answers as the documentation shows them."""

import json
import re
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.example_review import REVIEW_ID
from api.examples import BODIES
from ml.anomaly.signals import signals
from operations.audit import Who
from operations.inbox import Inbox
from operations.incidents import IncidentStore
from operations.keys import Keys
from operations.requests import Requests
from operations.store import open_store
from service.erasing import Eraser, finish
from service.incidents import Keeper
from service.requests import RequestWork
from service.serving import Serving
from service.working import RequestTurns
from warehouse.contracts.anomalies import SIGNALS
from warehouse.contracts.review import QUEUE
from warehouse.delta import Lake
from warehouse.settings import Settings

SAMPLES = Path(__file__).parents[2] / "docs" / "api-samples.md"
INTRODUCTION = """# The API by example

Recorded by `tests/api/test_samples.py` from a small made-up lake; the test fails when an answer differs. Times, ages,
versions, digests and secrets are replaced by a placeholder, scores and hours that vary by 0.5; where a list ends with
`"…"` there are more. To record anew: `pytest tests/api/test_samples.py --record-samples`.
The whole description, with every field, is at `/docs` of a running server.
"""


class Call(NamedTuple):
    """A sample, what it is for, and the request.

    `{id}` in its path is what the answer before named; `key` the variable of the shell that holds its secret; `most`
    how many entries of each list are shown.
    """

    title: str
    why: str
    method: str
    path: str
    body: Any = None
    key: str | None = None
    most: int | None = None


SAID = {"text": "The mooring valve of the zeppelin leaks"}
ASKED = {
    "ticket_id": "TK-ASKED",
    "created_at": "2026-07-01T09:00:00Z",
    "subject": "The zeppelin does not moor",
    "description": "Mooring valve of the zeppelin leaks since noon.",
    "customer_tier": "enterprise",
}
METRIC = "/v1/metrics/metric_volume_by_day_category_channel_region"
CALLS = [
    Call("Is there anything to serve?", "For whatever sends traffic to servers: 503 until there is enough to answer.",
         "GET", "/health/ready"),
    Call("Predict on a ticket", "What models say of a ticket, at once; the ticket itself is not taken in.",
         "POST", "/v1/predict-ticket", {"subject": "Wrong bill", "description": "the invoice shows a wrong amount"}),
    Call("Ask what is known of a customer", "The features that models read of a customer or a ticket.",
         "GET", "/v1/features/customer/CUST-0007"),
    Call("Send a ticket", "A ticket, or an array of them, to be kept; the same again is kept once.",
         "POST", "/v1/tickets", BODIES["postTickets"]["one"]["value"]),
    Call("Send an event", "What happened to a ticket since: a message, a change, a resolution.",
         "POST", "/v1/events", BODIES["postEvents"]["one"]["value"]),
    Call("Look a ticket up", "What the lake holds of a ticket, and what came in since it was last refined.",
         "GET", "/v1/tickets/TK-2026-004711"),
    Call("Ask for a metric", "Rows of a metric for a report, filtered by its columns, page by page.",
         "GET", f"{METRIC}?category=Billing&day.gte=2026-01-10&limit=2"),
    Call("A field that is wrong", "Whatever is refused is told as a problem (RFC 9457) that points at the field.",
         "POST", "/v1/tickets", {"ticket_id": "TK-1", "subject": "x", "created_at": "yesterday"}),
    Call("A filter that is wrong", "Of a query, the problem names the parameter.", "GET", f"{METRIC}?colour=red"),
]  # fmt: skip
FINDING = [
    Call("Find what solved it", "Solutions, articles and alike tickets for a problem, each with what speaks for it.",
         "POST", "/v1/solutions", {**SAID, "filters": {"language": "en"}, "k": 1}),
    Call("Tell what became of a suggestion", "What somebody did with it, by the `search_id` that the search gave.",
         "POST", "/v1/feedback", BODIES["postFeedback"]["one"]["value"]),
    Call("Put a label right", "The same path takes what somebody who knows says of a label; `confirmed`: it is right.",
         "POST", "/v1/feedback", BODIES["postFeedback"]["correction"]["value"]),
    Call("Hand on a customer's rating", "And how the customer judged the help: a score, whether it helped, words.",
         "POST", "/v1/feedback", BODIES["postFeedback"]["rating"]["value"]),
    Call("Answer with sources", "A reply to send, each sentence with the sources that it rests on.",
         "POST", "/v1/answers", {**SAID, "k": 1}),
    Call("Read an article that is cited", "What a source says, whole.", "GET", "/v1/articles/KB-NEW"),
    Call("A filter that no ticket passes", "Nothing found is no error; `missing` says which filter it was.",
         "POST", "/v1/solutions", {**SAID, "filters": {"product": "Nope"}}),
]  # fmt: skip
"""Asked of a lake that was built with its indexes, as are the requests."""
REQUESTS = [
    Call("Have a ticket worked on", "All of it without waiting: the ticket is kept, and a worker takes it from there.",
         "POST", "/v1/requests", ASKED),
    Call("Ask what became of a request", "Until a worker is through, `status` is `queued` or `running`, `result` null.",
         "GET", "/v1/requests/{id}", most=1),
    Call("List requests", "The newest first, without results; `status=dead` lists those that were given up.",
         "GET", "/v1/requests?status=done&limit=1"),
    Call("Count requests", "How many came in a window (`from`, `to`; else the last seven days), and how many wait.",
         "GET", "/v1/stats"),
    Call("Ask which ticket to take next", "Open tickets, those first whose waiting costs most, each with the reason.",
         "GET", "/v1/queue?limit=1"),
]  # fmt: skip
JUDGING = [
    Call("Ask what to review", "Labels that somebody who knows should look at, those first that teach models most.",
         "GET", "/v1/review?target=category&limit=1"),
    Call("Decide a review", "`confirm` the label, `correct` it, or `skip`; the entry leaves the queue at once.",
         "POST", f"/v1/review/{REVIEW_ID}", BODIES["postReview"]["correct"]["value"]),
    Call("List incidents", "Signals that belong together: how bad, how likely to be real, what probably caused them.",
         "GET", "/v1/incidents?state=open&limit=1"),
]  # fmt: skip
GUARDED = [
    Call("Exchange a key for a token", "Where callers need keys (`API_AUTH=on`): to send instead, for a while.",
         "POST", "/v1/tokens", key="KEY"),
    Call("Take an incident on", "Says that it is real, and who has it in hand; `dismiss` and `merge` work alike.",
         "POST", "/v1/incidents/{id}/acknowledge", BODIES["acknowledgeIncident"]["taken on"]["value"], key="TOKEN"),
    Call("Ask who changed what", "The audit log, the newest first: ids, and never what was said.",
         "GET", "/v1/audit?limit=1", key="TOKEN"),
]  # fmt: skip
ERASING = [
    Call("Forget a customer", "Or, with `ticket_id`, one ticket. All that is held of them goes; the worker does it.",
         "POST", "/v1/erasures", {**BODIES["postErasures"]["customer"]["value"], "customer_id": "CUST-0003"}),
    Call("Ask how far an erasure is", "Once it is `done` the receipt says how much went, and from where.",
         "GET", "/v1/erasures/{id}"),
]  # fmt: skip
EVERY = [*CALLS, *FINDING, *REQUESTS, *JUDGING, *GUARDED, *ERASING]
FIGURE = r"-?\d+\.\d+(?:e-?\d+)?"
VARYING = [
    (r'"(request_id|prediction_id|release|digest|version|received_at|received_time)": "[^"]*"', r'"\1": "…"'),
    (r'"age_seconds": [\d.]+', '"age_seconds": 1.0'),
    (r'"(confidence|weight)": (\d\.\d)\d*', r'"\1": \2'),
    (r'"latency_ms": [\d.]+', '"latency_ms": 10.0'),
    (r'"as_of": "[^"]*"', '"as_of": "…"'),
    (r'"customer_tickets_(\d+)d": [\d.]+', r'"customer_tickets_\1d": 0.0'),
]
ALL_VARYING = [
    *VARYING,
    (r'"(answer_id|search_id|key_id|idempotency_key|access_token|model)": "[^"]*"', r'"\1": "…"'),
    (r'"(\w+_at|at|from|to|waiting_since)": "[^"]*"', r'"\1": "…"'),
    (r'"((?:indexes|models)/\w+)": "[0-9a-f]{16,}"', r'"\1": "…"'),
    (r'"(models/\w+)@[0-9a-f]+"', r'"\1@…"'),
    (r'"files of older versions": \d+', '"files of older versions": 10'),
    (r"((?:due in|response|resolution) )[\d.]+ (?:min|h|days)", r"\1…"),
    (rf'(": ){FIGURE}(?=[,\n])', r"\g<1>0.5"),
]
NOW = datetime(2026, 2, 27, 3, tzinfo=UTC)


@pytest.fixture
def finding(followed, tmp_path):
    """Over a copy of the lake that was built."""
    root = tmp_path / "built"
    shutil.copytree(followed[0], root, symlinks=True)
    with TestClient(create_app(Settings(lake_root=root, _env_file=None))) as client:
        yield client, Lake(root)


@pytest.fixture
def watched(client, lake):
    """With something to review and an incident."""
    asked = {
        "review_id": REVIEW_ID, "ticket_id": "TK-0001", "field": "category", "target": "category", "label": "Login",
        "rival": "Billing", "reason": "uncertain", "rank": 1, "model": "0" * 32, "created_at": NOW, "confidence": 0.4,
        "uncertainty": 0.9, "disagreement": 0.5, "density": 0.5, "cost": 1.0, "score": 0.6,
    }  # fmt: skip
    signal = {
        "kind": "volume", "dimension": "version", "series": "Export 3.3", "window_start": NOW - timedelta(hours=1),
        "window_end": NOW, "known_at": NOW, "name": "Export 3.3: 6 tickets instead of 2", "observed": 6.0,
        "expected": 2.0, "upper": 5.0, "effect": 3.0, "p": 1e-9, "entities": ["Version:Export 3.3"],
        "ticket_ids": [f"TK-{number:04d}" for number in range(208, 214)],
    }  # fmt: skip
    lake.replace(QUEUE, pl.DataFrame([asked], schema=QUEUE.schema))
    lake.merge(SIGNALS, signals(pl.DataFrame([signal])))
    with closing(store_of(lake)) as store:
        Keeper(lake, IncidentStore(store), false_a_year=2.0).look(NOW, NOW)
    return client


def store_of(lake):
    return open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")


def found(client) -> list[str]:
    """Samples of finding; feedback is given to the search before it."""
    told, cited = [], {}
    for call in FINDING:
        sent = call._replace(body={**call.body, **cited}) if "search_id" in (call.body or {}) else call
        text, answer = sample(client, sent)
        if call.path == "/v1/solutions" and answer["solutions"]:
            cited = {"search_id": answer["search_id"], "target_id": answer["solutions"][0]["solution_id"]}
        told.append(text.replace(cited["search_id"], "…"))
    return told


def worked(client, lake) -> list[str]:
    """Samples of requests; a worker takes the first before the others."""
    posted, *later = REQUESTS
    text, receipt = sample(client, posted)
    with closing(store_of(lake)) as store:
        work = RequestWork(lake, Serving(lake.root), Inbox(store))
        assert RequestTurns(Requests(store), work, lambda: datetime.now(UTC)).take()
    return [text, *(sample(client, call, id_=receipt["id"])[0] for call in later)]


def judged(client) -> tuple[list[str], str]:
    """Samples of what people decide, and the incident that they show."""
    told = [sample(client, call) for call in JUDGING]
    return [text for text, _ in told], told[-1][1]["incidents"][0]["incident_id"]


def guarded(lake, incident: str) -> list[str]:
    """Samples of callers that need keys."""
    settings = Settings(lake_root=lake.root, api_auth="on", _env_file=None)
    with closing(store_of(lake)) as store:
        operator = Who(subject="terminal:ops", role="operator")
        secret = Keys(store).make("A-7", "admin", by=operator, now=datetime.now(UTC))[1]
    exchange, *later = GUARDED
    with TestClient(create_app(settings)) as client:
        text, answer = sample(client, exchange, secret=secret)
        token = answer["access_token"]
        return [text, *(sample(client, call, id_=incident, secret=token)[0] for call in later)]


def erased(client, lake) -> list[str]:
    """Samples of an erasure, which is carried out between them."""
    asked, state = ERASING
    text, answer = sample(client, asked)
    with closing(store_of(lake)) as store:
        Eraser(lake, store).look(NOW)
        finish(lake.root, store, lambda _: None, now=lambda: NOW)
    told = [text, sample(client, state, id_=answer["erasure_id"])[0]]
    return [one.replace(answer["erasure_id"], "ERA-…") for one in told]


def sample(client, call: Call, varying=ALL_VARYING, *, id_: str = "", secret: str = "") -> tuple[str, Any]:
    path, headers = call.path.format(id=id_), {"Authorization": f"Bearer {secret}"} if call.key else {}
    answer = client.request(call.method, path, json=call.body, headers=headers)
    value = answer.json()
    shown = json.dumps(shortened(value, call.most), indent=2, ensure_ascii=False)
    for pattern, replacement in varying:
        shown = re.sub(pattern, replacement, shown)
    sent = f' \\\n  -H "Authorization: Bearer ${call.key}"' if call.key else ""
    if call.body is not None:
        sent += f" \\\n  -H 'Content-Type: application/json' \\\n  -d '{json.dumps(call.body)}'"
    place = answer.headers.get("location")
    kind = f"`{answer.headers['content-type']}`" + (f", `Location: {place}`" if place else "")
    text = (
        f"## {call.title}\n\n{call.why}\n\n"
        f"```bash\ncurl -s -X {call.method} 'http://127.0.0.1:8000{path}'{sent}\n```\n\n"
        f"{answer.status_code}, {kind}:\n\n```json\n{shown}\n```\n"
    )
    return text, value


def shortened(value: Any, most: int | None) -> Any:
    """With so many entries of each list, and a sign that there are more."""
    if isinstance(value, dict):
        return {name: shortened(one, most) for name, one in value.items()}
    if isinstance(value, list):
        more = [] if most is None or len(value) <= most else ["…"]
        return [shortened(one, most) for one in value[:most]] + more
    return value


def test_the_documented_answers_are_those_that_are_given(client, lake, finding, request):
    told = [sample(client, call, VARYING)[0] for call in CALLS]
    told += [*found(finding[0]), *worked(*finding)]
    decisions, incident = judged(request.getfixturevalue("watched"))
    text = "\n".join([INTRODUCTION, *told, *decisions, *guarded(lake, incident), *erased(client, lake)])

    if request.config.getoption("record_samples", default=False):
        SAMPLES.write_text(text, encoding="utf-8")
    assert SAMPLES.read_text(encoding="utf-8") == text


def test_no_sample_shows_an_error_of_ours():
    assert not re.findall(r"^5\d\d,", SAMPLES.read_text(encoding="utf-8"), re.MULTILINE)


def test_no_sample_shows_a_secret():
    assert not re.findall(r"tlk_[0-9a-f]|eyJ\w", SAMPLES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("call", EVERY, ids=lambda call: call.title)
def test_every_sample_is_a_call_that_the_document_has(client, call):
    paths = client.get("/docs/openapi.json").json()["paths"]
    known = [re.sub(r"\{\w+\}", "[^/]+", template) for template, item in paths.items() if call.method.lower() in item]

    assert any(re.fullmatch(pattern, call.path.split("?")[0]) for pattern in known)
