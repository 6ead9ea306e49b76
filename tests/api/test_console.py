"""The console over the real application: what its pages say, what its forms do, what nobody gets it to run."""

import json
import re
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import polars as pl
import pytest
from litestar.testing import RequestFactory, TestClient

from api.app import create_app
from api.console.actor import who
from api.examples import OUTCOME
from operations.inbox import Inbox
from operations.store import open_store
from warehouse import releases
from warehouse.contracts import silver
from warehouse.contracts.learning import JUDGEMENTS
from warehouse.contracts.review import QUEUE
from warehouse.delta import Lake
from warehouse.payloads import OWN
from warehouse.settings import Settings

PAGES = [
    "/console",
    "/console?show=all",
    "/console/review",
    "/console/incidents",
    "/console/models",
    "/console/quality",
]
ATTACKS = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload="window.hit=1">',
    "<svg><animate onbegin=window.hit=1 attributeName=x dur=1s></svg>",
    "javascript:window.hit=1",
    "<a href='javascript:window.hit=1'>x</a>",
    "' autofocus onfocus='window.hit=1",
    "</textarea></div><iframe srcdoc='<script>parent.hit=1</script>'>",
    "{{ 7*191 }} {% raw %} ${7*191}",
    '" hx-get="/v1/tickets/TK-0001" hx-trigger="load" x="',
    "<style>@import 'https://evil.example/x.css'</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
]


@pytest.fixture(scope="module")
def root(learned_once, tmp_path_factory):
    """A lake with champions that the tests of this file share."""
    folder = tmp_path_factory.mktemp("console") / "lake"
    shutil.copytree(learned_once[0], folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def console(root):
    """A visitor of a console over that lake."""
    with TestClient(create_app(Settings(lake_root=root, _env_file=None)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def unheard(root):
    """Fails where an event came in meanwhile."""
    before = len(kept(root))
    yield
    assert len(kept(root)) == before


def kept(root):
    """What people said."""
    with closing(open_store(f"sqlite:///{root / 'operations' / 'store.db'}")) as store:
        events = [json.loads(row.body) for row in Inbox(store).since(0, 0) if row.kind == "event"]
    return [event for event in events if event["type"] not in OWN]


def page(client, path, status=200):
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def forms(text, action):
    """The hidden fields of each form with this action, and its buttons."""
    found = []
    for form in re.findall(rf'<form[^>]*action="{re.escape(action)}".*?</form>', text, re.S):
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
        found.append((hidden, re.findall(r'<button[^>]*name="(?:choice|outcome)" value="([^"]*)"', form)))
    return found


def labels(client, ticket_id="TK-0003", target="category"):
    action = f"/console/tickets/{ticket_id}/labels"
    text = page(client, f"/console/tickets/{ticket_id}")
    return action, next(form for form in forms(text, action) if form[0]["target"] == target)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_no_script_but_its_own_and_is_styled_by_its_own_file(console, path):
    text = page(console, path)

    assert not re.search(r"<script(?![^>]*src=\"/console/assets/)", text)
    assert not re.search(r"<[^>]+\s(?:on\w+|style)\s*=", text)
    assert not re.search(r"(?:src|href|action)=\"(?!/|#)", text)
    assert '<a class="skip" href="#main">' in text
    assert text.count("<h1") == 1
    policy = console.get(path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_an_empty_lake_says_what_is_missing(empty, path):
    text = page(empty, path)

    assert "There is no " in text or "ticketlake build" in text or "No ticket is open" in text


def test_files_of_the_pages_come_from_the_package_with_their_licence(console):
    for name in ("htmx-2.0.11.min.js", "console.js", "console.css", "mark.svg", "htmx-LICENSE.txt"):
        answer = console.get(f"/console/assets/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "Zero-Clause BSD" in console.get("/console/assets/htmx-LICENSE.txt").text


def test_the_queue_shows_what_waits_and_what_just_came_in(client):
    client.post("/v1/tickets", json={"ticket_id": "TK-NEW", "subject": "the zeppelin does not moor"})
    text = page(client, "/console")

    assert text.index("the zeppelin does not moor") < text.index("/console/tickets/TK-0")
    assert '<span class="badge">new</span>' in text
    part = client.get("/console", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "the zeppelin does not moor" in part


def test_a_prediction_that_was_given_stands_in_the_queue(answering):
    body = {"ticket_id": "TK-0239", "subject": "question 7", "description": "the invoice shows a wrong amount"}
    said = answering.post("/v1/predict-ticket", json=body).json()["targets"]["category"]["label"]

    row = re.search(r"<tr data-row>(?:(?!</tr>).)*TK-0239.*?</tr>", page(answering, "/console?show=all"), re.S)[0]
    assert said in row


def test_a_ticket_has_its_words_predictions_reasons_and_decisions(console):
    text = page(console, "/console/tickets/TK-0003")

    assert "since yesterday" in text
    assert 'id="target-category"' in text
    assert re.search(r'<ul class="reasons"><li><span>\w+', text)
    assert "nothing to learn: no better than chance" in text
    assert "indexes/tickets is not materialized" in text
    assert page(console, "/console/tickets/TK-9999", 404).count("is known, neither in the lake") == 1


def test_a_correction_by_one_click_becomes_the_event_that_says_what_was_shown(answering, learned):
    action, (hidden, buttons) = labels(answering)
    other = next(label for label in buttons if label != hidden["shown"])
    answer = answering.post(action, data={**hidden, "choice": other}, follow_redirects=False)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/tickets/TK-0003?said=corrected#target-category"
    [event] = kept(learned.root)
    assert (event["type"], event["version"], event["ticket_id"]) == ("LabelCorrected", 2, "TK-0003")
    assert event["actor"] == {"kind": "agent", "id": "console"}
    assert event["payload"] == {"field": "category", "value": other, "previous": hidden["shown"]}
    assert f"Put right to {other}" in page(answering, "/console/tickets/TK-0003")


def test_a_correction_names_the_prediction_that_was_given(answering, learned):
    body = {"ticket_id": "TK-0003", "subject": "question 3", "description": "the invoice shows a wrong amount"}
    given = answering.post("/v1/predict-ticket", json=body).json()
    action, (hidden, _) = labels(answering)
    same = given["targets"]["category"]["label"] == hidden["shown"]
    answering.post(action, data={**hidden, "value": "Shipping", "reason": "it never came"})

    [event] = kept(learned.root)
    assert event["payload"].get("prediction_id") == (given["prediction_id"] if same else None)
    assert (event["payload"]["value"], event["payload"]["reason"]) == ("Shipping", "it never came")


def test_a_confirmed_label_is_confirmed_once_however_often_the_button_is_pressed(answering, learned):
    action, (hidden, _) = labels(answering)
    for _ in "12":
        assert answering.post(action, data={**hidden, "choice": hidden["shown"]}).status_code == 200

    assert [event["type"] for event in kept(learned.root)] == ["LabelConfirmed"]


def test_htmx_is_given_the_part_that_changed_alone(console):
    action, (hidden, _) = labels(console)
    answer = console.post(action, data={**hidden, "value": "Shipping"}, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<section class="card target" id="target-category"')
    assert 'role="status"' in answer.text
    assert "Put right to Shipping" in answer.text


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"target": "priority", "value": "yesterday"}, 400, "one of low, medium, high, critical"),
        ({"target": "resolution_time", "value": "1"}, 400, "no labels of"),
        ({"target": "category", "value": ""}, 400, "has 0 characters"),
        ({"target": "category", "value": "x" * 201}, 400, "Expected `str` of length"),
        ({"nonce": "x", "value": "Billing"}, 400, "Expected `str` matching"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_with_a_page(console, unheard, changed, status, said):
    action, (hidden, _) = labels(console)
    answer = console.post(action, data={**hidden, **changed})

    assert answer.status_code == status
    assert "<html" in answer.text
    assert said in answer.text.replace("&lt;", "<")


@pytest.mark.parametrize(
    ("changed", "headers"),
    [
        ({"_csrf_token": ""}, {}),
        ({"_csrf_token": "A" * 43}, {}),
        ({}, {"Origin": "https://evil.example"}),
        ({}, {"Origin": "null"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_a_form_of_another_page_is_refused(console, unheard, changed, headers):
    action, (hidden, _) = labels(console)

    assert console.post(action, data={**hidden, "value": "Shipping", **changed}, headers=headers).status_code == 403


def test_a_form_without_the_cookie_or_in_another_shape_is_refused(answering, learned):
    action, (hidden, _) = labels(answering)
    assert answering.post(action, json={**hidden, "value": "Shipping"}).status_code == 415
    assert answering.post(action, content=b"x" * 70_000).status_code in (413, 415)
    answering.cookies.clear()
    assert answering.post(action, data={**hidden, "value": "Shipping"}).status_code == 403
    assert not kept(learned.root)


def test_the_cookie_is_for_the_console_alone_and_no_script_reads_it(client):
    cookie = client.get("/console").headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Path=/console" in cookie
    assert "set-cookie" not in client.get("/console").headers


def test_what_became_of_a_suggestion_is_taken_as_feedback_is(client, lake, searched):
    page(client, "/console")
    token = client.cookies["ticketlake_console"]
    sent = {"_csrf_token": token, "search_id": OUTCOME["search_id"], "target_id": OUTCOME["target_id"]}
    answer = client.post("/console/tickets/TK-0001/suggestions", data={**sent, "outcome": "accepted"})
    assert answer.status_code == 200
    assert "Noted: the suggestion was used." in answer.text
    client.post("/console/tickets/TK-0001/suggestions", data={**sent, "outcome": "helped"})

    assert [event["type"] for event in kept(lake.root)] == ["SuggestionShown", "SuggestionAccepted", "SuggestionJudged"]
    unknown = client.post("/console/tickets/TK-0001/suggestions", data={**sent, "search_id": "f", "outcome": "refused"})
    assert (unknown.status_code, "no search of that id is known" in unknown.text) == (404, True)


@pytest.mark.parametrize("attack", ATTACKS)
def test_html_in_a_ticket_is_text_wherever_it_is_shown(console, attack):
    name = f"TK-BAD-{ATTACKS.index(attack)}"
    said = dict.fromkeys(("subject", "description", "error_logs", "product", "customer_tier", "region"), attack)
    assert console.post("/v1/tickets", json={"ticket_id": name, **said}).status_code == 202
    event = {
        "type": "MessageAdded", "version": 1, "event_time": "2026-02-01T00:00:00Z", "ticket_id": name,
        "actor": {"kind": "agent", "id": attack}, "idempotency_key": f"k {name}", "payload": {"text": attack},
    }  # fmt: skip
    assert console.post("/v1/events", json=event).status_code == 202

    for path in ("/console", f"/console/tickets/{name}"):
        text = page(console, path)
        if any(sign in attack for sign in "<>\"'"):
            assert attack not in text
        assert not re.search(r"<(?:script(?! src=\"/console)|iframe|style|img src=x|svg on|svg>)", text)
        assert not re.search(r"""<\w+[^<>]*\s(?:on\w+|srcdoc)=""", text)
        assert not re.search(r"""href=["']?javascript:""", text)
        assert not re.search(r'<(?:h1|td|span|div)[^>]*hx-get="/v1', text)
        assert "1337" not in text


@pytest.mark.parametrize("said", ["<script>", "confirmed<script>", "no such"])
def test_an_address_puts_no_words_into_a_page(console, said):
    assert '<div id="notice" class="notice" role="status"></div>' in page(console, f"/console?said={said}")


@pytest.mark.parametrize(
    "path",
    [
        "/console/models/../../etc",
        "/console/models/x",
        "/console/models/000009-0123456789ab",
        "/console/models/compare?before=x&after=y",
        "/console/incidents/x",
        "/console?show=no",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(console, path):
    answer = console.get(path)

    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text


def test_releases_have_cards_and_two_are_compared(answering, learned, release_of):
    before = releases.current_id(learned.root)
    after = release_of("second").id
    overview = page(answering, "/console/models")
    card = page(answering, f"/console/models/{before}")
    text = page(answering, f"/console/models/compare?before={before}&after={after}")

    assert "ticketlake models rollback" in overview
    assert re.search(rf"{after}</a> <span class=\"badge good\">serves", overview)
    assert "keeps silent" in overview
    assert f"ticketlake models rollback {before}" in card
    assert "Learnability" in card
    assert "<h2>models/category</h2>" in text
    assert re.search(r"Macro F1</th>.*?[+-]0\.\d{3}", text, re.S)
    assert "<h2>models/encoder</h2>" not in text


def test_challengers_are_shown_with_their_verdict_and_why(answering, learned):
    judged = {
        "target": "category", "champion": "none", "trained_because": "drift", "rows": 120, "annotators": "{}",
        "reasons": ["the gain may be nothing <b>"], "measure": "macro_f1", "slices": "[]", "data": "{}",
    }  # fmt: skip
    gained = {"gain": -0.0123, "gain_low": -0.05, "gain_high": 0.02}
    at = datetime(2026, 3, 1, tzinfo=UTC)
    refused = {**judged, **gained, "challenger": "a" * 32, "verdict": "refused", "judged_at": at}
    first = {**judged, "challenger": "b" * 32, "verdict": "promoted", "judged_at": at + timedelta(days=1)}
    learned.merge(JUDGEMENTS, pl.DataFrame([refused, first], schema=JUDGEMENTS.schema))

    text = page(answering, "/console/models")

    assert text.index("bbbbbbbb") < text.index("aaaaaaaa")
    assert re.search(r"refused</span>.*?-0\.012 \(-0\.050 to \+0\.020\)", text, re.S)
    assert "the gain may be nothing &lt;b&gt;" in text
    assert "none to compare with" in text


def test_labels_to_review_are_answered_by_one_button_each(root, console):
    lake = Lake(root)
    numbers = {"confidence": 0.4, "uncertainty": 0.9, "disagreement": None, "density": 0.5, "cost": 1.0, "score": 0.6}
    ticket = lake.scan(silver.TICKETS).select("ticket_id").head(1).collect().item()
    row = {"ticket_id": ticket, "reason": "uncertain", "field": "category", "target": "category", "label": "Login"}
    ids = ["RV-" + letter * 20 for letter in "abc"]
    rows = [
        {
            **row,
            **numbers,
            "review_id": one,
            "rank": rank,
            "rival": "Access",
            "model": "m" * 32,
            "created_at": datetime(2026, 3, 1, tzinfo=UTC),
        }
        for rank, one in enumerate(ids, 1)
    ]
    lake.replace(QUEUE, pl.DataFrame(rows, schema=QUEUE.schema))
    shown = page(console, "/console/review")
    assert shown.count("/console/review/RV-") == 2 * len(ids)

    token = re.search(r'name="_csrf_token" value="([^"]+)"', shown).group(1)
    for one, form, said in ((ids[0], {"choice": "Access"}, "corrected"), (ids[1], {"skip": "yes"}, "skipped")):
        answer = console.post(f"/console/review/{one}", data={"_csrf_token": token, **form}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/review?said={said}")


def test_who_acts_is_the_caller_that_was_recognised():
    request = RequestFactory().get("/console")
    assert who(request).id == "console"
    request.scope["user"] = SimpleNamespace(subject="anna")
    assert who(request).id == "anna"
    request.scope["user"] = SimpleNamespace(subject="an\x00na")
    assert who(request).id == "console"


def test_the_console_goes_on_without_a_store_that_answers(lake):
    url = "postgresql://nobody@127.0.0.1:1/none"
    with TestClient(create_app(Settings(lake_root=lake.root, database_url=url, _env_file=None))) as client:
        assert "The inbox cannot be asked" in page(client, "/console")
        assert "TK-0239" in page(client, "/console")
        assert page(client, "/console/tickets/TK-0239", 503)
        assert lake.exists(silver.TICKETS)
