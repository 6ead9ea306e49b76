"""The console behind shut doors: who has a key signs in with it, and is who the key says."""

import re

import pytest
from litestar.testing import TestClient

SAME = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def visitor(guarded):
    """A browser without cookies."""
    with TestClient(guarded, raise_server_exceptions=False, base_url="http://testserver.local") as client:
        yield client


def token(page):
    return re.search(r'name="_csrf_token" value="([^"]+)"', page.text).group(1)


def sign_in(visitor, key):
    page = visitor.get("/console/sign-in")
    form = {"_csrf_token": token(page), "key": key}
    return visitor.post("/console/sign-in", data=form, headers=SAME, follow_redirects=False)


def test_without_a_key_every_page_leads_to_the_one_that_asks_for_it(visitor):
    for path in ("/console", "/console/review", "/console/incidents", "/console/models", "/console/quality"):
        answer = visitor.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in"), path
    part = visitor.get("/console", headers={"hx-request": "true"}, follow_redirects=False)
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/console/sign-in")


def test_a_wrong_key_is_refused_and_the_right_one_opens_the_pages_until_signing_out(visitor, make):
    refused = sign_in(visitor, "tlk_0123456789ab_" + "0" * 64)
    assert refused.status_code == 401
    assert "key" in refused.text

    assert sign_in(visitor, make("agent", name="A-31")).headers["location"] == "/console"
    page = visitor.get("/console")
    assert page.status_code == 200
    assert "A-31" in page.text
    gone = visitor.post("/console/sign-out", data={"_csrf_token": token(page)}, headers=SAME, follow_redirects=False)
    assert gone.headers["location"] == "/console/sign-in"
    assert visitor.get("/console", follow_redirects=False).status_code == 303


def test_an_agent_reads_incidents_and_a_lead_decides(visitor, make):
    sign_in(visitor, make("agent", name="A-32"))
    page = visitor.get("/console")
    form = {"_csrf_token": token(page), "action": "acknowledge"}
    answer = visitor.post("/console/incidents/INC-1", data=form, headers=SAME, follow_redirects=False)
    assert answer.status_code == 403
