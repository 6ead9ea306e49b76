"""What keys and tokens open, for how long, how often, and in whose name."""

import asyncio
import json
import socket
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import polars as pl
import pytest
import uvicorn
from litestar import Request, get, post
from litestar.testing import AsyncTestClient, TestClient

from api.app import create_app
from api.doors import API, CONSOLE, COOKIE, ISSUER, SESSION_LIFE
from api.examples import BODIES
from ml.anomaly.signals import signals
from operations.audit import AuditLog, Who
from operations.store import open_store
from service.access import FRESH_SECONDS
from warehouse.contracts.anomalies import SIGNALS
from warehouse.delta import Lake
from warehouse.errors import SettingsInvalid
from warehouse.settings import Settings

JSON = {"content-type": "application/json"}
BY = Who(subject="terminal:test", role="operator")
POLICY = BODIES["postEvents"]["policy"]["value"]


def bearer(secret):
    return {"authorization": f"Bearer {secret}"}


def id_of(secret):
    return secret.split("_")[1]


@get("/console/page", sync_to_thread=False)
def console_page(request: Request) -> str:
    return request.user.subject


@post("/console/page", sync_to_thread=False)
def console_post() -> str:
    return "done"


@get("/console/sign-in/made")
async def signing_in(request: Request) -> str:
    return (await request.app.state.doors.sign_in(request.query_params["key"], request)).to_header(header="")


@pytest.fixture(scope="module")
def console(guarded):
    for handler in (console_page, console_post, signing_in):
        guarded.register(handler)


def test_a_token_says_for_whom_and_how_long_and_carries_no_secret(door, secrets, signing):
    answer = door.post("/v1/tokens", headers=bearer(secrets["agent"]))

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    said = answer.json()
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 900)
    claims = jwt.decode(said["access_token"], signing, algorithms=["HS256"], audience=API, issuer=ISSUER)
    assert claims["sub"] == id_of(secrets["agent"])
    assert claims["exp"] - claims["iat"] == 900
    assert secrets["agent"].split("_")[2] not in json.dumps(claims)


def test_a_token_is_not_made_of_a_token(door, secrets):
    token = door.post("/v1/tokens", headers=bearer(secrets["admin"])).json()["access_token"]

    assert door.post("/v1/tokens", headers=bearer(token)).status_code == 403


def test_a_revoked_key_and_its_tokens_stop_within_seconds(door, keys, make):
    secret = make("admin")
    token = door.post("/v1/tokens", headers=bearer(secret)).json()["access_token"]
    assert door.get("/v1/audit", headers=bearer(token)).status_code == 200

    keys.revoke(id_of(secret), by=BY, now=datetime.now(UTC))
    time.sleep(FRESH_SECONDS + 0.1)

    assert [door.get("/v1/audit", headers=bearer(one)).status_code for one in (secret, token)] == [401, 401]


def test_a_key_ends_at_its_time_even_while_it_is_remembered(door, make):
    secret = make("admin", expires_at=datetime.now(UTC) + timedelta(seconds=1))
    assert door.get("/v1/audit", headers=bearer(secret)).status_code == 200

    time.sleep(1.1)
    assert door.get("/v1/audit", headers=bearer(secret)).status_code == 401


def test_a_server_that_starts_again_knows_keys_and_tokens(place, keys, make, guarded):
    settings = Settings(lake_root=place, api_auth="on", _env_file=None)
    secret = make("admin")

    async def ask(headers, path="/v1/audit", method="GET"):
        async with AsyncTestClient(create_app(settings)) as client:
            return await client.request(method, path, headers=headers)

    token = asyncio.run(ask(bearer(secret), "/v1/tokens", "POST")).json()["access_token"]
    assert asyncio.run(ask(bearer(token))).status_code == 200
    made = place / "operations" / "jwt_secret"
    assert (len(made.read_text()), made.stat().st_mode & 0o777) == (64, 0o600)


def test_a_rate_is_told_used_up_and_given_back(door, make):
    secret = make("admin", rate=30)
    answers = [door.get("/v1/audit", headers=bearer(secret)) for _ in range(33)]

    assert [answer.status_code for answer in answers] == [200] * 30 + [429] * 3
    assert answers[0].headers["ratelimit-policy"] == '"key";q=30;w=60'
    assert answers[0].headers["ratelimit"].startswith('"key";r=29;t=')
    assert answers[-1].headers["ratelimit"].startswith('"key";r=0;t=')
    assert answers[-1].headers["retry-after"] in ("1", "2")
    assert answers[-1].json()["status"] == 429
    token = door.post("/v1/tokens", headers=bearer(secret))
    assert token.status_code == 429
    time.sleep(2.1)
    assert door.get("/v1/audit", headers=bearer(secret)).status_code == 200


def test_two_applications_over_one_lake_count_together(place, door, make):
    secret = make("admin", rate=20)
    with TestClient(create_app(Settings(lake_root=place, api_auth="on", _env_file=None))) as other:
        codes = [
            (door, other)[n % 2].get("/v1/audit", headers=bearer(secret)).status_code for n in range(24)
        ]  # fmt: skip

    assert codes == [200] * 20 + [429] * 4


def test_agents_and_leads_speak_for_themselves_and_services_for_others(door, place, secrets):
    def policy(key, actor):
        return {**POLICY, "idempotency_key": f"p-{key}-{actor}", "actor": {"kind": "agent", "id": actor}}

    def send(role, actor):
        return door.post("/v1/events", json=policy(role, actor), headers=bearer(secrets[role]))

    assert send("lead", "A-7").status_code == 202
    assert send("admin", "A-9").status_code == 202
    refused = send("lead", "A-9")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (403, "/actor/id")
    assert send("service", "A-7").status_code == 403
    assert send("agent", "A-7").status_code == 403
    message = BODIES["postEvents"]["one"]["value"]
    assert door.post("/v1/events", json=message, headers=bearer(secrets["service"])).status_code == 202
    assert door.post("/v1/events", json=message, headers=bearer(secrets["lead"])).status_code == 403
    both = [policy("mixed", "A-7"), message]
    assert door.post("/v1/events", json=both, headers=bearer(secrets["lead"])).status_code == 403


def test_feedback_in_the_name_of_another_agent_is_refused(door, secrets):
    outcome = {**BODIES["postFeedback"]["one"]["value"], "actor": {"kind": "agent", "id": "A-8"}}

    refused = door.post("/v1/feedback", json=[outcome], headers=bearer(secrets["agent"]))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (403, "/0/actor/id")
    unknown = [
        door.post("/v1/feedback", json=outcome, headers=bearer(secrets[role])).status_code
        for role in ("service", "admin")
    ]
    mine = door.post("/v1/feedback", json={**outcome, "actor": {"kind": "agent", "id": "A-7"}},
                     headers=bearer(secrets["agent"])).status_code  # fmt: skip
    assert [*unknown, mine] == [404, 404, 404]


def test_a_change_is_written_down_once_with_who_did_it_and_by_which_request(door, secrets):
    event = {**POLICY, "idempotency_key": "audited", "actor": {"kind": "agent", "id": "A-7"}}
    headers = {**bearer(secrets["lead"]), "x-request-id": "request-1"}
    for _ in "12":
        assert door.post("/v1/events", json=event, headers=headers).status_code == 202
    door.post("/v1/events", json={**event, "payload": {}, "idempotency_key": "x"}, headers=headers)

    changes = door.get("/v1/audit?action=policy.change", headers=bearer(secrets["admin"])).json()["changes"]
    (row,) = [row for row in changes if row["detail"] == {"event": "audited"}]
    assert row["object"] == "category/Security"
    assert (row["subject"], row["role"], row["key_id"]) == ("A-7", "lead", id_of(secrets["lead"]))
    assert row["request_id"] == "request-1"


def test_the_audit_log_is_read_page_by_page_from_the_newest(door, secrets, make):
    for _ in range(5):
        make("agent")
    seen, cursor = [], ""
    while cursor is not None:
        page = door.get(f"/v1/audit?limit=3{cursor and f'&cursor={cursor}'}", headers=bearer(secrets["admin"])).json()
        seen += [row["seq"] for row in page["changes"]]
        cursor = page["next"]

    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 1
    assert len(seen) == seen[0]


def test_the_console_takes_a_cookie_that_only_it_takes(door, console, secrets, make, keys, signing):
    secret = make("agent", name="A-9")
    cookie = door.get("/console/sign-in/made", params={"key": secret}).text
    assert all(part in cookie for part in ("HttpOnly", "Path=/console", "SameSite=strict", "Max-Age=28800"))
    session = {"cookie": cookie.split(";")[0]}

    assert door.get("/console/page", headers=session).text == "A-9"
    assert door.get("/v1/issues", headers=session).status_code == 401
    assert door.get("/console/page", headers=bearer(session["cookie"].split("=", 1)[1])).status_code == 401
    assert door.get("/console/page").status_code == 401
    assert door.get("/console/sign-in/made", params={"key": secret + "0"}).status_code == 401
    claims = jwt.decode(session["cookie"].split("=", 1)[1], signing, algorithms=["HS256"], audience=CONSOLE)
    assert claims["exp"] - claims["iat"] == SESSION_LIFE.total_seconds()

    keys.revoke(id_of(secret), by=BY, now=datetime.now(UTC))
    time.sleep(FRESH_SECONDS + 0.1)
    assert door.get("/console/page", headers=session).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver.local"}, 401),
        ({"sec-fetch-site": "same-site"}, 401),
        ({"origin": "http://testserver.local"}, 201),
        ({"origin": "https://evil.example"}, 401),
        ({"origin": "null"}, 401),
        ({}, 401),
    ],
)
def test_a_page_from_elsewhere_cannot_use_the_cookie_to_change_something(door, console, secrets, headers, status):
    cookie = door.get("/console/sign-in/made", params={"key": secrets["agent"]}).text.split(";")[0]
    assert cookie.startswith(f"{COOKIE}=")

    assert door.post("/console/page", headers={"cookie": cookie, **headers}).status_code == status


def test_keys_that_were_known_go_on_while_the_store_is_gone_and_others_wait(place, make, tmp_path):
    secret, other = make("admin"), make("admin")
    app = create_app(Settings(lake_root=place, api_auth="on", _env_file=None))
    with TestClient(app) as client:
        assert client.get("/docs/openapi.json").status_code == 200
        assert client.get("/v1/decision-policy", headers=bearer(secret)).status_code == 503  # none was trained
        assert client.get("/v1/metrics", headers=bearer(secret)).status_code == 200
        parts = app.state.parts
        parts.close()
        parts._url = "postgresql://nobody@127.0.0.1:1/none"
        time.sleep(FRESH_SECONDS + 0.1)

        assert client.get("/v1/metrics", headers=bearer(secret)).status_code == 200
        gone = client.get("/v1/metrics", headers=bearer(other))
        assert (gone.status_code, gone.headers["retry-after"]) == (503, "15")


def test_a_stream_ends_with_the_key_that_opened_it(place, keys, make):
    series = {"kind": "volume", "dimension": "version", "series": "Export 3.3", "name": "8 tickets instead of 2"}
    times = dict.fromkeys(("window_start", "window_end", "known_at"), datetime(2026, 3, 1, tzinfo=UTC))
    figures = {"observed": 8.0, "expected": 2.0, "upper": 5.0, "effect": 4.0, "p": 1e-9}
    things = {"entities": ["Version:Export 3.3"], "ticket_ids": ["TK-0001"]}
    Lake(place).merge(SIGNALS, signals(pl.DataFrame([{**series, **times, **figures, **things}])))
    secret = make("agent")
    app = create_app(Settings(lake_root=place, api_auth="on", _env_file=None))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        url = f"http://127.0.0.1:{port}/v1/incidents/stream"
        with httpx.stream("GET", url, headers=bearer(secret), timeout=30) as stream:
            lines = stream.iter_lines()
            assert next(lines) == ": open"
            began = time.monotonic()
            keys.revoke(id_of(secret), by=BY, now=datetime.now(UTC))
            list(lines)
            assert time.monotonic() - began < FRESH_SECONDS + 5
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize(
    ("auth", "host", "guarded"),
    [
        ("auto", "127.0.0.1", False), ("auto", "::1", False), ("auto", "localhost", False),
        ("auto", "127.8.8.8", False),
        ("auto", "0.0.0.0", True), ("auto", "::", True), ("auto", "desk.example", True), ("auto", "192.168.1.2", True),
        ("on", "127.0.0.1", True), ("off", "127.0.0.1", False), ("off-everywhere", "0.0.0.0", False),
    ],
)  # fmt: skip
def test_doors_are_shut_where_other_machines_reach(tmp_path, auth, host, guarded):
    assert Settings(lake_root=tmp_path, api_auth=auth, api_host=host, _env_file=None).guarded is guarded


def test_doors_that_are_open_to_other_machines_by_mistake_start_nothing(tmp_path):
    settings = Settings(lake_root=tmp_path, api_auth="off", api_host="0.0.0.0", _env_file=None)
    with pytest.raises(SettingsInvalid, match="API_AUTH=off-everywhere"):
        create_app(settings)


def test_a_short_secret_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JWT_SECRET has fewer than 32 characters"):
        Settings(lake_root=tmp_path, jwt_secret="short", _env_file=None)


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "secret").write_text("x" * 40 + "\n")
    settings = Settings(lake_root=tmp_path, jwt_secret_file=tmp_path / "secret", _env_file=None)
    assert settings.jwt_secret.get_secret_value() == "x" * 40


def test_open_doors_say_so_and_answer_only_to_names_of_this_machine(place):
    app = create_app(Settings(lake_root=place, _env_file=None), behind_socket=True)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert "Nobody needs a key here" in client.get("/docs/openapi.json").json()["info"]["description"]
        assert client.post("/v1/tokens").status_code == 409
        for host, status in (
            ("localhost:8000", 200),
            ("[::1]:8000", 200),
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
        ):
            assert client.get("/v1/metrics", headers={"host": host}).status_code == status, host


def test_who_changes_something_behind_open_doors_is_anyone(client, lake):
    assert client.post("/v1/events", json=POLICY).status_code == 202
    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        (row,) = AuditLog(store).page(10)
    assert (row.subject, row.action, row.key_id) == ("anyone", "policy.change", None)
