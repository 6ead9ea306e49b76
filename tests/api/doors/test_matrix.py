"""Every route with every role, and with everything that opens no door."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from api.access import OPEN, TABLE, need
from api.doors import API, CONSOLE, ISSUER
from operations.keys import ROLES
from service.access import HOLDS


def bearer(secret):
    return {"authorization": f"Bearer {secret}"}


REFUSED = {
    "agent": [
        ("POST", "/v1/tickets"), ("POST", "/v1/events"), ("POST", "/v1/predict-ticket"), ("POST", "/v1/requests"),
        ("POST", "/v1/incidents/{incident_id}/dismiss"), ("POST", "/v1/requests/{request_id}/replay"),
        ("POST", "/v1/erasures"), ("GET", "/metrics"), ("GET", "/health/ready"), ("GET", "/v1/audit"),
        ("POST", "/console/incidents/{incident_id}"), ("POST", "/console/models"),
    ],
    "lead": [
        ("POST", "/v1/tickets"), ("POST", "/v1/predict-tickets"), ("GET", "/v1/audit"), ("POST", "/v1/erasures"),
        ("GET", "/metrics"), ("POST", "/console/models/rollback"),
    ],
    "service": [
        ("POST", "/v1/incidents/{incident_id}/merge"), ("POST", "/v1/requests/{request_id}/replay"),
        ("POST", "/v1/erasures"), ("POST", "/console/incidents"), ("GET", "/v1/audit"),
    ],
    "admin": [("POST", "/v1/nothing-yet"), ("DELETE", "/v1/tickets"), ("GET", "/"), ("POST", "/docs")],
}  # fmt: skip


def routes(app):
    """Every method and path template that the application answers."""
    found = [(method, route.path_format) for route in app.routes for method in sorted(getattr(route, "methods", []))]
    assert len(found) > 40
    return [(method, template) for method, template in found if method != "OPTIONS"]


def ask(client, method, template, **headers):
    """A request that gets to the route; an endless answer is avoided by a wrong header."""
    path = re.sub(r"{entity}", "ticket", template)
    path = re.sub(r"{file_path}|{path}", "swagger-ui.css", path)
    path = re.sub(r"{\w+}", "X-1", path)
    sent = {"content-type": "application/json", "last-event-id": "none", **headers}
    return client.request(method, path, headers=sent, content=b"{" if method == "POST" else None)


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims(key_id, **changed):
    now = datetime.now(UTC)
    said = {"sub": key_id, "iss": ISSUER, "aud": API, "iat": now, "exp": now + timedelta(minutes=5), **changed}
    return {name: value for name, value in said.items() if value is not None}


@pytest.fixture
def useless(secrets, ended, signing):
    """What opens no door, by what is wrong with it; each names a key of an admin that is good otherwise."""
    admin = secrets["admin"]
    id_ = admin.split("_")[1]
    past = datetime.now(UTC) - timedelta(seconds=5)
    plain = {name: int(v.timestamp()) if isinstance(v, datetime) else v for name, v in claims(id_).items()}

    def signed(secret=signing, algorithm="HS256", headers=None, **changed):
        return jwt.encode(claims(id_, **changed), secret, algorithm=algorithm, headers=headers)

    body = segment(plain)
    return {
        "nothing": {},
        "an empty credential": {"authorization": "Bearer "},
        "another scheme": {"authorization": f"Basic {base64.b64encode(f'admin:{admin}'.encode()).decode()}"},
        "words": bearer("open sesame"),
        "a key that ends otherwise": bearer(admin[:-1] + ("0" if admin[-1] != "0" else "1")),
        "the key of another id": bearer(f"tlk_{'0' * 12}_{admin.split('_')[2]}"),
        "half a key": bearer(admin[:40]),
        "a key in capitals": bearer(admin.upper()),
        "a revoked key": bearer(ended["revoked"]),
        "an expired key": bearer(ended["expired"]),
        "a revoked key in the other header": {"x-api-key": ended["revoked"]},
        "a token of a revoked key": bearer(jwt.encode(claims(ended["revoked"].split("_")[1]), signing)),
        "a token of an expired key": bearer(jwt.encode(claims(ended["expired"].split("_")[1]), signing)),
        "a token of no key": bearer(jwt.encode(claims("0" * 12), signing)),
        "a token signed by somebody else": bearer(signed(secret="another secret that is long enough to sign")),
        "an expired token": bearer(signed(exp=past)),
        "a token that never expires": bearer(signed(exp=None)),
        "a token of tomorrow": bearer(signed(iat=datetime.now(UTC) + timedelta(days=1))),
        "a token for the console": bearer(signed(aud=CONSOLE)),
        "a token for several": bearer(signed(aud=[API, CONSOLE])),
        "a token for nobody": bearer(signed(aud=None)),
        "a token of another issuer": bearer(signed(iss="elsewhere")),
        "a token of no issuer": bearer(signed(iss=None)),
        "a token without a subject": bearer(signed(sub=None)),
        "alg none": bearer(f"{segment({'alg': 'none', 'typ': 'JWT'})}.{body}."),
        "alg None": bearer(f"{segment({'alg': 'None', 'typ': 'JWT'})}.{body}."),
        "no alg": bearer(f"{segment({'typ': 'JWT'})}.{body}."),
        "alg HS512": bearer(signed(secret=signing * 2, algorithm="HS512")),
        "alg HS384 of our secret": bearer(signed(secret=signing.ljust(48), algorithm="HS384")),
        "a signature that was cut off": bearer(signed().rsplit(".", 1)[0] + "."),
        "a key of its own in the header": bearer(signed(secret="x" * 32, headers={"jwk": {"kty": "oct", "k": "eHh4"}})),
        "claims that were exchanged": bearer(f"{signed().split('.')[0]}.{body}.{signed(jti='1').split('.')[2]}"),
        "the console's cookie": {"cookie": f"ticketlake_session={signed(aud=CONSOLE)}"},
        "a key in the cookie": {"cookie": f"ticketlake_session={admin}"},
    }  # fmt: skip


def test_every_route_has_an_entry_and_what_has_none_is_closed(guarded):
    missing = [one for one in routes(guarded) if not need(*one)]

    assert missing == []
    assert need("GET", "/v2/anything") == frozenset()
    assert need("PATCH", "/v1/tickets") == frozenset()
    assert need("GET", "/v1/ticketsandmore") == frozenset()
    assert need("GET", "/consoles") == frozenset()


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_must_never_reach_is_closed_to_it(role):
    for method, template in REFUSED[role]:
        assert HOLDS[role].isdisjoint(need(method, template)), (method, template)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_what_the_table_gives_it_and_nothing_else(door, guarded, secrets, role):
    for method, template in routes(guarded):
        roles = need(method, template)
        answer = ask(door, method, template, **bearer(secrets[role]))
        allowed = roles == OPEN or not HOLDS[role].isdisjoint(roles)

        assert (answer.status_code not in (401, 403)) == allowed, (method, template, answer.text)
        assert answer.status_code < 500 or answer.status_code == 503, (method, template, answer.text)
        if not allowed:
            assert answer.status_code == 403
            kind = "text/html" if template.startswith("/console") else "application/problem+json"
            assert answer.headers["content-type"].startswith(kind)


def test_nothing_that_is_no_credential_opens_any_route(door, guarded, useless):
    told = set()
    for method, template in routes(guarded):
        for why, headers in useless.items():
            answer = ask(door, method, template, **headers)
            if need(method, template) == OPEN:
                assert answer.status_code not in (401, 403), (why, method, template)
                continue
            if template.startswith("/console"):
                asked = answer.history[0].headers["location"] if answer.history else None
                assert why == "the console's cookie" or asked == "/console/sign-in", (why, method, template)
                continue
            assert answer.status_code == 401, (why, method, template, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            told.add(json.dumps({k: v for k, v in answer.json().items() if k != "request_id"}))

    assert len(told) == 1


def test_a_token_opens_what_its_key_opens(door, guarded, secrets):
    tokens = {
        role: door.post("/v1/tokens", headers=bearer(secret)).json()["access_token"] for role, secret in secrets.items()
    }
    for role, token in tokens.items():
        for method, template in routes(guarded):
            with_key = ask(door, method, template, **bearer(secrets[role])).status_code
            with_token = ask(door, method, template, **bearer(token)).status_code
            assert with_token == (403 if template == "/v1/tokens" else with_key), (role, method, template)


@pytest.mark.parametrize("headers", [
    lambda key: {"authorization": f"bearer {key}"}, lambda key: {"authorization": f"Bearer  {key} "},
    lambda key: {"x-api-key": key}, lambda key: {"X-Api-Key": f" {key}"},
])  # fmt: skip
def test_a_key_may_come_in_either_header(door, secrets, headers):
    assert door.get("/v1/audit", headers=headers(secrets["admin"])).status_code == 200


def test_methods_are_told_to_everybody_and_nothing_else(door):
    answer = door.options("/v1/audit")

    assert (answer.status_code, answer.text) == (204, "")
    assert "GET" in answer.headers["allow"]


def test_the_documentation_names_every_role_and_what_is_open():
    text = (Path(__file__).parents[3] / "docs" / "security.md").read_text()

    assert all(f"| `{role}` |" in text for role in ROLES)
    assert all(path in text or path.startswith("/console") for path, needs in TABLE.items() if OPEN in needs.values())
