"""What somebody tries who wishes us ill: no error of ours, no trace of how it is made, nothing of what is elsewhere."""

import base64
import json
import re
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import uvicorn

from api.bodies import MAX_BYTES
from service.access import FRESH_SECONDS

JSON = {"content-type": "application/json"}
NASTY = "<script>alert(1)</script>"
HERE = re.escape(str(Path(__file__).parents[3]))
TRACES = re.compile(rf"Traceback|File \"|\.py\b|site-packages|sqlalchemy|sqlite|litestar|{HERE}|/tmp/|SELECT ", re.I)
POSTS = [
    "/v1/tickets", "/v1/events", "/v1/feedback", "/v1/predict-ticket", "/v1/predict-tickets", "/v1/solutions",
    "/v1/answers", "/v1/incidents/INC-0123456789abcdef/dismiss", "/v1/incidents/INC-0123456789abcdef/merge",
    "/v1/tokens",
]  # fmt: skip
BODIES = {
    "nothing": b"",
    "no json": b"{",
    "not utf-8": b'{"subject": "\xff\xfe"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half a surrogate pair": b'{"subject": "\\ud800"}',
    "NUL": b'{"subject": "a\\u0000b", "description": "x"}',
    "a raw NUL": b'{"subject": "a\x00b"}',
    "deep arrays": b"[" * 100_000,
    "deep arrays that close": b"[" * 5_000 + b"]" * 5_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a number without end": b'{"subject": ' + b"9" * 100_000 + b"}",
    "infinity": b'{"subject": 1e99999, "description": Infinity}',
    "a string": b'"text"',
    "null": b"null",
    "true": b"true",
    "an empty array": b"[]",
    "arrays of nothing": b"[null, null]",
    "too many": b"[" + b"{}," * 5_000 + b"{}]",
    "types that are wrong": b'{"subject": {"a": 1}, "ticket_id": [1], "created_at": true, "text": 5, "who": {}}',
    "names of Python": b'{"__class__": "x", "__init__": {"__globals__": 1}, "constructor": {"prototype": 1}}',
    "the same name twice": b'{"subject": "a", "subject": "b"}',
    "sql": b'{"subject": "\'; DROP TABLE inbox; --", "ticket_id": "1 OR 1=1"}',
    "a template": b'{"subject": "{{7*7}} ${7*7} %s%s%n", "description": "{0.__class__}"}',
}
PATHS = [
    "/../../etc/passwd", "/v1/../../../etc/passwd", "/docs/ui/../../../../../../etc/passwd",
    "/docs/ui/..%2f..%2f..%2f..%2fetc%2fpasswd", "/docs/ui/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/docs/ui/....//....//etc/passwd", "/docs/ui/%00", "/docs/ui/swagger-ui.css%00.html", "/docs/ui//etc/passwd",
    "/docs/ui/..%5c..%5cwindows", "/docs/ui/%c0%ae%c0%ae/etc/passwd", "/docs/ui/%252e%252e%252fetc%252fpasswd",
    "/docs/ui/" + "a" * 5_000,
    "/docs/ui/" + "a/" * 5_000, "/docs/ui/", "/docs/ui/../../operations/jwt_secret",
    "//etc/passwd", "/v1/tickets/%2e%2e%2f%2e%2e%2fetc",
    "/v1/tickets/..", "/v1/tickets/%00", "/v1/tickets/a%00b", "/v1/tickets/%FF", "/v1/tickets/%0d%0aSet-Cookie:a=b",
    "/v1/tickets/" + "a" * 20_000, "/v1/tickets/' OR '1'='1", "/v1/tickets/TK-0001%20UNION%20SELECT",
    "/v1/metrics/..%2f..%2fsilver", "/v1/metrics/metric_backlog_by_day;drop", "/v1/metrics/_catalogue%22",
    "/v1/metrics/metric_volume_by_day_category_channel_region?category=%27%20or%201=1--",
    "/v1/metrics/metric_volume_by_day_category_channel_region?limit=99999999999999999999",
    "/v1/audit?cursor=" + "9" * 5_000, "/v1/audit?limit=-1", "/v1/audit?cursor=1;drop", "/v1/audit?action=%00",
    "/v1/incidents/../audit", "/v1/incidents?cursor=" + "A" * 5_000, "/v1/features/ticket/..%2f..%2f",
    "/v1/features/..%2fx/1", "/v1/articles/..%2f..%2f..%2fetc%2fpasswd", "/v1/solutions/%2e%2e", "/v1/issues/%00",
    "/v1/graph/neighbours?node=%00", "/%", "/%zz", "/?" + "a=b&" * 5_000, "/v1/tickets/{ticket_id}",
    "/.env", "/.git/config",
]  # fmt: skip


def bearer(secret):
    return {"authorization": f"Bearer {secret}"}


def harmless(answer, *, status=None):
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    assert not TRACES.search(answer.text) or answer.headers["content-type"].startswith("text/css"), answer.text
    assert "root:" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers
    if status is not None:
        assert answer.status_code in status, (answer.status_code, answer.text)


@pytest.mark.parametrize("path", POSTS)
def test_no_body_is_an_error_of_ours(door, secrets, path):
    for what, body in BODIES.items():
        answer = door.post(path, content=body, headers={**bearer(secrets["admin"]), **JSON})
        harmless(answer)
        assert answer.status_code != 503 or "not materialized" in answer.text, what


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_is_too_large_is_refused_wherever_it_is_read(door, secrets, path):
    headers = {**bearer(secrets["admin"]), **JSON}
    for body in (b'{"subject": "' + b"a" * MAX_BYTES + b'"}', iter([b"[" + b" " * MAX_BYTES, b"]"])):
        harmless(door.post(path, content=body, headers=headers), status=(201,) if path == "/v1/tokens" else (413,))


def test_a_stranger_has_us_read_nothing(door):
    for path in POSTS:
        harmless(door.post(path, content=b"[" * (MAX_BYTES + 2), headers=JSON), status=(401,))


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_what_a_form_of_another_page_can_send_is_not_taken(door, secrets, kind):
    for path in POSTS[:-1]:
        headers = {**bearer(secrets["admin"]), "content-type": kind}
        harmless(door.post(path, content=b"{}", headers=headers), status=(415,))


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_or_ends_in_an_error_of_ours(door, secrets, path):
    for headers in ({}, bearer(secrets["admin"])):
        harmless(door.get(path, headers=headers))


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PATCH", "DELETE", "PUT", "GETS"])
def test_no_method_is_an_error_of_ours(door, method):
    for path in ("/v1/tickets", "/health/live", "/docs", "/nothing"):
        harmless(door.request(method, path), status=(404, 405))


HEADERS = [
    {"authorization": "Bearer " + "a" * 60_000},
    {"authorization": "Bearer " + ".".join(["a" * 3_000] * 3)},
    {"authorization": "Bearer " + base64.urlsafe_b64encode(b"[" * 20_000).decode() + ".e30.x"},
    {"authorization": "Bearer " + base64.urlsafe_b64encode(b'{"a":' * 9_000).decode() + ".e30.x"},
    {"authorization": "Bearer " + base64.urlsafe_b64encode(b'{"alg": ["HS256"], "typ": 1}').decode() + ".e30.x"},
    {"authorization": "Bearer " + base64.urlsafe_b64encode(b'{"alg": "HS256", "kid": {}}').decode() + ".e30.x"},
    {"authorization": "Bearer " + base64.urlsafe_b64encode(b'{"alg": "HS256", "b64": false}').decode() + "..x"},
    {"authorization": "Bearer " + base64.urlsafe_b64encode(b"9" * 9_000).decode() + ".e30.x"},
    {"authorization": b"Bearer \xff\xfe"},
    {"authorization": "Bearer ...."},
    {"authorization": "Bearer"},
    {"authorization": "bearer bearer bearer"},
    {"x-api-key": "tlk_" + "0" * 50_000},
    {"x-api-key": b"tlk_0123456789ab_" + b"\xe9" * 64},
    {"cookie": "ticketlake_session=" + "a" * 9_000},
    {"cookie": "=;;;=" * 2_000},
    {"host": "evil.example"},
    {"host": "a" * 3_000},
    {"host": "[::1"},
    {"x-request-id": NASTY},
    {"x-request-id": "a" * 10_000},
    {"x-forwarded-for": "1.2.3.4, " * 1_000},
    {"x-http-method-override": "DELETE"},
    {"content-length": "-1"},
    {"accept": "a" * 20_000},
    {"range": "bytes=0-99999999999999999999"},
    {"if-none-match": "W/" * 5_000},
    {"last-event-id": "9" * 5_000},
    {"idempotency-key": NASTY * 500},
    {"origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=range(len(HEADERS)))
def test_no_header_is_an_error_of_ours_or_opens_anything(door, headers):
    for path in ("/v1/tickets/TK-0001", "/docs/ui/swagger-ui.css", "/v1/incidents/stream"):
        answer = door.get(path, headers=headers)
        harmless(answer, status=(200, 206, 304, 400, 416) if path.startswith("/docs") else (400, 401))
        assert "access-control-allow-origin" not in answer.headers
        assert NASTY not in str(answer.headers)


def test_html_in_what_is_sent_comes_back_as_what_it_is(door, secrets):
    headers = {**bearer(secrets["admin"]), **JSON}
    ticket = {"ticket_id": f"T-{NASTY}"[:60], "subject": NASTY, "description": f"<img src=x onerror=alert(1)>{NASTY}"}
    sent = door.post("/v1/tickets", content=json.dumps(ticket), headers=headers)
    assert sent.status_code == 202, sent.text
    answers = [
        sent,
        door.get("/v1/tickets/T-%3Cscript%3Ealert(1)%3C%2Fscript%3E", headers=headers),
        door.get(f"/v1/tickets/{NASTY}", headers=headers),
        door.get(f"/v1/metrics/{NASTY}", headers=headers),
        door.post(f"/v1/{NASTY}", headers=headers),
        door.post("/v1/tickets", content=json.dumps({NASTY: 1, "created_at": NASTY}), headers=headers),
        door.get(f"/docs/ui/{NASTY}"),
    ]
    for answer in answers:
        harmless(answer)
        assert answer.headers["content-type"] in ("application/json", "application/problem+json")


def test_one_key_does_not_see_what_belongs_to_the_doors(door, secrets):
    for role, secret in secrets.items():
        for path in ("/v1/tickets/TK-0001", "/v1/audit", "/health/ready", "/docs/openapi.json", "/v1/decision-policy"):
            text = door.get(path, headers=bearer(secret)).text
            assert secret not in text, (role, path)
            assert secret.split("_")[2] not in text
            assert "a secret of the tests" not in text


def test_an_address_that_fails_too_often_is_not_listened_to_and_others_are(door, make):
    admin = bearer(make("admin"))
    here, there = ({"x-test-address": address} for address in ("203.0.113.7", "203.0.113.8"))
    answers = [door.get("/v1/audit", headers={**bearer("wrong"), **here}) for _ in range(25)]

    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 5
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 3
    assert door.get("/v1/audit", headers={**admin, **here}).status_code == 429
    assert door.get("/v1/audit", headers={**admin, **there}).status_code == 200
    assert door.get("/v1/audit", headers={**admin, **here}).status_code == 200
    assert door.get("/v1/audit", headers=here).status_code == 401


def test_a_key_that_is_in_use_is_not_shut_out_by_others_of_its_address(door, make):
    used, new = bearer(make("agent")), bearer(make("agent"))
    here = {"x-test-address": "203.0.113.9"}
    assert door.get("/v1/queue", headers={**used, **here}).status_code == 200
    time.sleep(FRESH_SECONDS + 0.1)
    for _ in range(25):
        door.get("/v1/queue", headers={**bearer("wrong"), **here})

    assert door.get("/v1/queue", headers={**new, **here}).status_code == 429
    assert door.get("/v1/queue", headers={**used, **here}).status_code == 200


def test_an_address_of_version_6_is_its_network(door):
    codes = [
        door.get("/v1/audit", headers={**bearer("wrong"), "x-test-address": f"2001:db8::{n}"}).status_code
        for n in range(22)
    ]
    assert codes == [401] * 20 + [429] * 2


@pytest.fixture(scope="module")
def listening(guarded):
    """A real server, asked byte by byte."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(guarded, port=port, log_config=None, access_log=False, server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield port
    server.should_exit = True
    thread.join(10)


def exchange(port, sent):
    """What comes back until the server ends it, or has nothing more to say."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as line, suppress(OSError):
        line.sendall(sent)
        while block := line.recv(65536):
            received += block
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * 50_000 + b"\r\n",
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nX\x00Y: 1\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /docs/ui/../../../../../../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET http://evil.example/v1/tickets/TK-0001 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=range(12),
)
def test_bytes_that_are_hardly_http_are_refused_and_the_server_goes_on(listening, sent):
    received = exchange(listening, sent)

    assert not re.match(rb"HTTP/1\.1 5", received)
    assert not TRACES.search(received.decode("latin-1"))
    assert b"root:" not in received
    assert b"\r\nserver:" not in received.lower()
    after = exchange(listening, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert after.startswith(b"HTTP/1.1 200")
    assert b"\r\nserver:" not in after.lower()
