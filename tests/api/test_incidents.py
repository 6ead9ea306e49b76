"""Incidents over HTTP: lists, one with everything, what people decide, the page, and the stream of changes."""

import json
import re
import socket
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import httpx
import polars as pl
import pytest
import uvicorn

from api.app import create_app
from ml.anomaly.signals import signals
from operations.incidents import IncidentStore
from operations.store import open_store
from service.incidents import Keeper
from warehouse.contracts.anomalies import SIGNALS, VOLUME
from warehouse.settings import Settings

START = datetime(2026, 2, 27, tzinfo=UTC)
HOUR = timedelta(hours=1)
NASTY = '</title><script src="https://evil.example/x.js">alert(1)</script>'


def told(*hours, series="Export 3.3", kind="volume", name="8 tickets instead of 2"):
    rows = [
        {
            "kind": kind, "dimension": "version", "series": series, "window_start": START + hour * HOUR,
            "window_end": START + (hour + 1) * HOUR, "known_at": START + hour * HOUR, "name": f"{series}: {name}",
            "observed": 8.0, "expected": 2.0, "upper": 5.0, "effect": 4.0, "p": 1e-9,
            "entities": [f"Version:{series}"], "ticket_ids": [f"TK-{n:04d}" for n in range(200, 208)],
        }
        for hour in hours
    ]  # fmt: skip
    return signals(pl.DataFrame(rows))


@pytest.fixture
def watch(lake):
    """Lets the worker look, so many hours after the start, at these signals."""

    def look(hours, rows=None):
        if rows is not None:
            lake.merge(SIGNALS, rows)
        with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
            now = START + hours * HOUR
            return Keeper(lake, IncidentStore(store), false_a_year=2.0).look(now, now)

    return look


@pytest.fixture
def get(client):
    def get(path, status=200, **parameters):
        response = client.get(path, params=parameters)
        assert response.status_code == status, response.text
        return response.json()

    return get


@pytest.fixture
def post(client):
    def post(path, body, status=202, **headers):
        response = client.post(path, json=body, headers=headers)
        assert response.status_code == status, response.text
        return response.json()

    return post


@pytest.fixture
def opened(watch, get):
    """The names of two incidents, the newest first."""
    watch(3, pl.concat([told(0, 1), told(2, series="Import 1.0").with_columns(ticket_ids=pl.lit(["TK-0001"]))]))
    return [one["incident_id"] for one in get("/v1/incidents")["incidents"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/anomalies"),
        ("GET", "/v1/incidents"),
        ("GET", "/v1/incidents/stream"),
        ("GET", "/v1/incidents/INC-0123456789abcdef"),
        ("GET", "/v1/incidents/INC-0123456789abcdef/report"),
        ("POST", "/v1/incidents/INC-0123456789abcdef/acknowledge"),
    ],
)
def test_where_nothing_was_ever_watched_the_asset_is_named(client, method, path):
    answer = client.request(method, path, json={"who": "A-7"} if method == "POST" else None)
    assert (answer.status_code, answer.json()["asset"]) == (503, "anomalies/signals")


def test_signals_come_in_pages_by_what_is_asked_for(watch, get):
    watch(9, pl.concat([told(0, 1, 2), told(1, kind="mood"), told(3, series="Import 1.0")]))

    seen, cursor = [], None
    while True:
        page = get("/v1/anomalies", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += page["anomalies"]
        cursor = page["next"]
        if cursor is None:
            break

    assert len({one["signal_id"] for one in seen}) == len(seen) == 5
    assert [one["known_at"] for one in seen] == sorted((one["known_at"] for one in seen), reverse=True)
    assert [one["kind"] for one in get("/v1/anomalies", kind="mood")["anomalies"]] == ["mood"]
    assert get("/v1/anomalies", dimension="region")["anomalies"] == []
    window = {"from": (START + HOUR).isoformat(), "to": (START + 2 * HOUR).isoformat()}
    assert len(get("/v1/anomalies", **window)["anomalies"]) == 2


@pytest.mark.parametrize(
    ("parameters", "named"),
    [({"from": "2026-01-01T00:00:00"}, "from"), ({"cursor": "nonsense"}, "cursor"), ({"cursor": "ÿ"}, "cursor"),
     ({"kind": "noise"}, "kind"), ({"limit": 0}, "limit")],
)  # fmt: skip
def test_a_wrong_parameter_is_named(watch, get, parameters, named):
    watch(1, told(0))
    problem = get("/v1/anomalies", 400, **parameters)
    assert problem["errors"][0]["parameter"].endswith(named)


def test_incidents_are_listed_by_state(opened, get, watch):
    assert len(opened) == 2
    assert get("/v1/incidents", state=["closed", "calm"])["incidents"] == []
    watch(24 * 9)
    assert len(get("/v1/incidents", state=["closed", "calm"])["incidents"]) == 2
    first = get("/v1/incidents", limit=1)
    assert [one["incident_id"] for one in first["incidents"]] == opened[:1]
    rest = get("/v1/incidents", limit=1, cursor=first["next"])
    assert [one["incident_id"] for one in rest["incidents"]] == opened[1:]
    assert rest["next"] is None


def test_an_incident_has_signals_causes_examples_a_series_and_says_that_nobody_looked_for_a_solution(opened, get):
    found = get(f"/v1/incidents/{opened[1]}")

    assert found["incident"]["tickets"] == 8
    assert [one["series"] for one in found["signals"]] == ["Export 3.3"] * 2
    assert len(found["examples"]) == 8
    assert found["series"][0]["source"] == "signals"
    assert [one["tickets"] for one in found["series"][0]["points"]] == [8.0, 8.0]
    assert found["solution"] is None


def test_a_series_is_that_of_the_table_with_its_expectation(opened, get, lake):
    hours = [n for n in range(-30, 6) if n != -7]
    rows = pl.DataFrame(
        {
            "dimension": "version", "series": "Export 3.3", "frequency": "hour",
            "window_start": [START + n * HOUR for n in hours], "tickets": [8 if n in (0, 1) else 2 for n in hours],
            "expected": 2.1, "upper": 5.0, "p": 0.5, "score": 0.3, "baseline": "own history",
            "alarm": [n in (0, 1) for n in hours],
            "known_at": [START + n * HOUR if n in (0, 1) else None for n in hours],
        }
    ).cast({"window_start": pl.Datetime("us", "UTC"), "known_at": pl.Datetime("us", "UTC")})  # fmt: skip
    lake.merge(VOLUME, rows.select(pl.col(name).cast(dtype) for name, dtype in VOLUME.schema.items()))

    (series,) = get(f"/v1/incidents/{opened[1]}")["series"]

    assert series["source"] == "anomalies/volume"
    assert len(series["points"]) == 36
    assert [one["alarm"] for one in series["points"]].count(True) == 2
    assert [one["tickets"] for one in series["points"]].count(0.0) == 1


def test_who_decides_is_answered_at_once_and_the_worker_carries_it_out(opened, get, post, watch):
    name, other = opened
    first = post(f"/v1/incidents/{name}/acknowledge", {"who": "A-7"})
    again = post(f"/v1/incidents/{name}/acknowledge", {"who": "A-7"})
    post(f"/v1/incidents/{other}/dismiss", {"who": "A-8", "reason": "a load test"})

    assert (first["repeated"], again["repeated"]) == (False, True)
    assert get(f"/v1/incidents/{name}")["notes"][0]["state"] == "waiting"

    watch(3)

    found, dismissed = get(f"/v1/incidents/{name}"), get(f"/v1/incidents/{other}")
    assert found["incident"]["acknowledged_by"] == "A-7"
    assert [one["state"] for one in found["notes"]] == ["carried out"]
    assert (dismissed["incident"]["state"], dismissed["incident"]["reason"]) == ("dismissed", "a load test")


def test_incidents_are_merged(opened, get, post, watch):
    part, kept = opened
    post(f"/v1/incidents/{part}/merge", {"who": "A-7", "into": kept, "reason": "one export"})
    watch(3)

    assert get(f"/v1/incidents/{part}")["incident"]["merged_into"] == kept
    assert len(get(f"/v1/incidents/{kept}")["signals"]) == 3
    assert [one["action"] for one in get(f"/v1/incidents/{kept}")["notes"]] == ["merge"]


def test_a_key_stands_for_one_decision(opened, post):
    path = f"/v1/incidents/{opened[0]}/dismiss"
    post(path, {"who": "A-7", "reason": "one"}, **{"Idempotency-Key": "k1"})
    assert post(path, {"who": "A-7", "reason": "one"}, **{"Idempotency-Key": "k1"})["repeated"]
    post(path, {"who": "A-7", "reason": "two"}, 409, **{"Idempotency-Key": "k1"})


def test_what_is_not_known_or_wrong_is_refused(opened, get, post):
    name = opened[0]
    unknown = "INC-0123456789abcdef"
    get(f"/v1/incidents/{unknown}", 404)
    post(f"/v1/incidents/{unknown}/acknowledge", {"who": "A-7"}, 404)
    assert post(f"/v1/incidents/{name}/merge", {"who": "A-7", "into": unknown}, 400)["errors"][0]["pointer"] == "/into"
    assert post(f"/v1/incidents/{name}/dismiss", {"who": "A-7"}, 400)["errors"][0]["pointer"] == "/reason"
    assert post(f"/v1/incidents/{name}/acknowledge", {"who": ""}, 400)["errors"][0]["pointer"] == "/who"
    get("/v1/incidents/not-one", 400)


class Page(HTMLParser):
    """What a page would fetch or run, and which tags it has."""

    def __init__(self):
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "data", "xlink:href")]


def test_the_page_of_an_incident_stands_alone_and_escapes_what_anybody_wrote(client, watch, get, post):
    watch(2, told(0, 1, series=f"Export {NASTY}", name=NASTY))
    (one,) = get("/v1/incidents")["incidents"]
    post(f"/v1/incidents/{one['incident_id']}/acknowledge", {"who": NASTY, "reason": NASTY})
    watch(2)

    answer = client.get(f"/v1/incidents/{one['incident_id']}/report")
    page = Page()
    page.feed(answer.text)

    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!doctype html>")
    assert "script" not in page.tags
    assert page.addresses == []
    assert {"svg", "polyline", "circle", "table"} <= set(page.tags)
    assert "default-src &#x27;none&#x27;" in answer.text or "default-src 'none'" in answer.text
    assert "&lt;script" in answer.text
    assert not re.search(r"url\(|@import", answer.text)
    assert "@media print" in answer.text


@pytest.fixture
def served(lake):
    """The address of a real server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(Settings(lake_root=lake.root, _env_file=None))
    config = uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(15)
    assert not thread.is_alive()


def events(response, count):
    """So many events of a stream: number, kind, content."""
    found, event = [], {}
    for line in response.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value
        elif not line and "data" in event:
            found.append((int(event["id"]), event["event"], json.loads(event["data"])))
            event = {}
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended after {found}")


def test_the_stream_tells_each_change_within_a_second_or_two_and_goes_on_where_it_broke_off(watch, served):
    watch(1, told(0))
    with httpx.stream("GET", f"{served}/v1/incidents/stream", timeout=20) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        began = time.monotonic()
        watch(4, told(3, series="Import 1.0").with_columns(ticket_ids=pl.lit(["TK-0001"])))
        changed = time.monotonic() - began
        ((number, kind, content),) = events(response, 1)
        assert time.monotonic() - began < changed + 2
    assert (kind, content["type"]) == ("incident.opened", "incident.opened")
    assert content["data"]["name"].startswith("Import")

    watch(24 * 9)
    resume = {"Last-Event-ID": str(number)}
    with httpx.stream("GET", f"{served}/v1/incidents/stream", headers=resume, timeout=20) as response:
        later = events(response, 4)
    assert [one[0] for one in later] == sorted(one[0] for one in later)
    assert later[0][0] > number
    assert sorted(one[1] for one in later) == ["incident.calmed"] * 2 + ["incident.closed"] * 2

    with httpx.stream("GET", f"{served}/v1/incidents/stream", headers={"Last-Event-ID": "0"}, timeout=20) as response:
        assert events(response, 1)[0][1] == "incident.opened"
    wrong = httpx.get(f"{served}/v1/incidents/stream", headers={"Last-Event-ID": "x"})
    assert (wrong.status_code, wrong.json()["errors"][0]["parameter"]) == (400, "Last-Event-ID")


def test_the_console_lists_incidents_shows_one_and_takes_decisions(client, watch, lake, get):
    watch(3, told(0, 1, series=NASTY))
    [name] = [one["incident_id"] for one in get("/v1/incidents")["incidents"]]
    listed, shown = client.get("/console/incidents").text, client.get(f"/console/incidents/{name}").text

    assert f'href="/console/incidents/{name}"' in listed
    for text in (listed, shown):
        assert NASTY not in text
        assert not re.search(r"<script(?! src=\"/console/assets/)", text)
    assert '<polyline class="actual"' in shown or '<circle class="alarm"' in shown
    form = {"_csrf_token": client.cookies["ticketlake_console"], "action": "dismiss"}
    assert client.post(f"/console/incidents/{name}", data=form).status_code == 400
    assert (
        client.post(f"/console/incidents/{name}", data={**form, "_csrf_token": "x", "reason": "r"}).status_code == 403
    )
    part = client.post(
        f"/console/incidents/{name}", data={**form, "reason": NASTY}, headers={"HX-Request": "true"}
    ).text

    assert part.lstrip().startswith('<section class="card" id="decided"')
    assert NASTY not in part
    [note] = get(f"/v1/incidents/{name}")["notes"]
    assert (note["action"], note["who"], note["reason"]) == ("dismiss", "console", NASTY)
    watch(4)
    assert "It is over: dismissed" in client.get(f"/console/incidents/{name}").text
