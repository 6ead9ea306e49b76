"""Headers of every answer, other origins, and the page of the description in a browser that obeys them."""

import re
import shutil
import socket
import subprocess
import threading
import time

import pytest
import uvicorn
from litestar import Response, get
from litestar.testing import TestClient

from api.app import create_app
from warehouse.settings import Settings

ORIGIN = "https://desk.example"


def app_of(place, **given):
    return create_app(Settings(lake_root=place, api_auth="on", _env_file=None, **given))


@pytest.mark.parametrize(
    ("path", "status", "policy"),
    [
        ("/health/live", 200, "default-src 'none'; base"),
        ("/v1/audit", 401, "default-src 'none'; base"),
        ("/nothing", 404, "default-src 'none'; base"),
        ("/v1/tickets", 405, "default-src 'none'; base"),
        ("/docs", 200, "script-src 'self'; style"),
        ("/docs/ui/swagger-ui.css", 200, "default-src 'none'; base"),
    ],
)
def test_every_answer_says_what_browsers_may_do_with_it(door, path, status, policy):
    answer = door.get(path)

    assert answer.status_code == status
    assert policy in answer.headers["content-security-policy"]
    assert not re.search(r"script-src[^;]*unsafe", answer.headers["content-security-policy"])
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "server" not in answer.headers
    assert ("cache-control" in answer.headers) == (not path.startswith("/docs/ui"))
    assert "strict-transport-security" not in answer.headers


def test_browsers_are_told_to_stay_with_tls_where_there_is_tls(guarded):
    with TestClient(guarded, base_url="https://testserver.local") as client:
        assert client.get("/health/live").headers["strict-transport-security"].startswith("max-age=31536000")


def test_a_page_may_have_a_policy_of_its_own_and_the_console_has_one(place):
    @get("/console/own", media_type="text/html", sync_to_thread=False)
    def own() -> Response[str]:
        return Response("<p>", headers={"Content-Security-Policy": "default-src 'self'"})

    @get("/console/page", media_type="text/html", sync_to_thread=False)
    def page() -> str:
        return "<p>"

    app = create_app(Settings(lake_root=place, _env_file=None))
    app.register(own)
    app.register(page)
    with TestClient(app) as client:
        assert client.get("/console/own").headers.get_list("content-security-policy") == ["default-src 'self'"]
        assert "script-src 'self'; style-src 'self';" in client.get("/console/page").headers["content-security-policy"]


@pytest.mark.parametrize("origin", [ORIGIN, "https://evil.example", "null"])
def test_no_other_origin_is_let_in_unless_it_is_named(place, origin):
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    with TestClient(app_of(place)) as client:
        for answer in (client.get("/health/live", headers=asked), client.options("/v1/tickets", headers=asked)):
            assert not [name for name in answer.headers if name.startswith("access-control")]
    with TestClient(app_of(place, cors_origins=f"{ORIGIN}, https://other.example")) as client:
        answer = client.get("/health/live", headers=asked)
        assert answer.headers.get("access-control-allow-origin") == (ORIGIN if origin == ORIGIN else None)
        assert "access-control-allow-credentials" not in answer.headers
        asked_before = client.options("/v1/tickets", headers=asked)
        assert (asked_before.status_code == 204) == (origin == ORIGIN)


@pytest.mark.parametrize("origins", ["*", "https://a.example/path", "a.example", "https://a.example https://b.example"])
def test_origins_that_are_none_are_refused(tmp_path, origins):
    with pytest.raises(ValueError, match="cors_origins"):
        Settings(lake_root=tmp_path, cors_origins=origins, _env_file=None)


def test_no_script_stands_in_the_page_of_the_description(door):
    page = door.get("/docs").text

    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\bon\w+=|style=", page)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_a_browser_shows_the_description_under_its_policy(guarded, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(guarded, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
             "--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom", f"http://127.0.0.1:{port}/docs"],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        server.should_exit = True
        thread.join(10)

    assert "postTokens" in done.stdout
    assert "Content Security Policy" not in done.stderr
    assert "Refused to" not in done.stderr
