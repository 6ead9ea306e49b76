"""Who wrote, and how to reach them, is in nothing that is searched, found, answered or logged."""

import json
import re
import shutil
from contextlib import closing

import pytest
from litestar.testing import TestClient

from api.app import create_app
from operations.drain import drain
from operations.inbox import Inbox
from operations.store import open_store
from warehouse import releases
from warehouse.contracts import graph, search, silver
from warehouse.delta import Lake
from warehouse.refine import refine
from warehouse.settings import Settings

QUERY = {
    "e-mail": "otto.brahm@fabrikam.example",
    "phone": "+1 415 555 2671",
    "card": "5555 5555 5555 4444",
    "IBAN": "GB33BUKB20201555555555",
    "token": "sk_live_51H8aBcDeFgHiJkLmNoPqRsT",
    "password": "Stachelbeere9!",
    "name": "Ottilie Brahmkamp",
}
ASKING = {"asker": "ottilie.brahm@fabrikam.example", "session": "Ottilie Brahmkamp"}


def spellings(secret):
    """A secret as it is written, and without its blanks."""
    return {secret, secret.replace(" ", "")}


@pytest.fixture(scope="module")
def told(followed, tmp_path_factory, spoken):
    """A lake that was asked for the planted cause in every way, by people who name themselves; what it answered."""
    root = tmp_path_factory.mktemp("private") / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    named = "{e-mail} {phone} {card} {IBAN} {token}. My password {password}. I am {name}.".format(**QUERY)
    ticket = {
        "ticket_id": "TK-PRIVATE",
        "subject": f"Zeppelin, {QUERY['e-mail']}",
        "description": f"The mooring valve of the zeppelin leaks. {named}",
        "error_logs": f"ERROR_ZEPPELIN_77 {named}",
    }
    text = f"zeppelin mooring valve {named} {spoken}"
    answers = []
    with TestClient(create_app(Settings(lake_root=root, _env_file=None))) as client:
        for path in ("/v1/solutions", "/v1/answers"):
            for body in ({"ticket": ticket, "explain": "full", "k": 50}, {"text": text, "k": 50, "explain": "full"}):
                answers.append(client.post(path, json=body | ASKING))
            answers.append(client.post(path, json={"text": text, "filters": {"product": QUERY["e-mail"]}, **ASKING}))
            answers.append(client.post(path, json={"text": text, "filters": {"nobody": QUERY["e-mail"]}}))
        answers.append(client.get("/v1/tickets/TK-NEW-03/similar", params={"k": 50}))
        issues = client.get("/v1/issues", params={"limit": 100})
        answers.append(issues)
        for one in issues.json()["issues"]:
            node = {"node": f"Issue:{one['issue_id']}", "limit": 100, "depth": 1}
            answers += [client.get("/v1/graph/neighbours", params=node)]
    return root, answers


def test_no_answer_names_anybody(told, planted):
    said = [one.text for one in told[1]]

    assert sum("zeppelin" in one.lower() for one in said) >= 6
    for secret in [*planted.values(), *QUERY.values()]:
        assert not [one[:200] for one in said if any(known in one for known in spellings(secret))]


def test_no_file_of_an_index_names_anybody(told, planted):
    root, found = told[0], 0
    for name in releases.open_release(root).artifacts:
        for path in (root / "artifacts" / name).rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            found += b"zeppelin" in content.lower()
            for secret in planted.values():
                assert not any(known.encode() in content for known in spellings(secret)), path
    assert found >= 3


def test_no_log_names_anybody_or_quotes_what_was_asked(told, planted):
    files = [path for path in (told[0] / "logs").rglob("*") if path.is_file()]
    said = "\n".join(path.read_text() for path in files)

    assert said.count('"searched"') + said.count("searched") >= 6
    assert "zeppelin" not in said.lower()
    for secret in [*planted.values(), *QUERY.values()]:
        assert not any(known in said for known in spellings(secret))


def test_no_table_that_is_searched_names_anybody_though_silver_does(told, planted):
    lake = Lake(told[0])
    recorded = lake.read(silver.TICKETS).write_json()
    tables = [table for table in (*search.TABLES, *graph.TABLES) if lake.exists(table)]
    assert {search.PROBLEMS, search.SOLUTIONS, search.PASSAGES, graph.NODES, graph.ISSUES} <= set(tables)
    for table in tables:
        said = lake.read(table).drop("vector", strict=False).write_json()
        for kind, secret in planted.items():
            assert secret in recorded, kind
            assert not any(known in said for known in spellings(secret)), (table.path, kind)


def test_what_was_asked_is_kept_without_who_asked(told, planted):
    with closing(open_store(f"sqlite:///{told[0] / 'operations' / 'store.db'}")) as store:
        kept = [entry.body for entry in Inbox(store).for_tickets(["*", "TK-PRIVATE", "TK-NEW-03"])]

    assert sum("zeppelin" in one.lower() for one in kept) >= 6
    for secret in [*planted.values(), *QUERY.values(), *ASKING.values()]:
        assert not [one for one in kept if any(known in one for known in spellings(secret))]
    assert any(re.search(r"\[EMAIL\]", one) for one in kept)
    assert len({json.loads(one)["asker"] for one in kept} - {None}) == 1


def test_what_silver_keeps_of_searches_names_nobody(told, planted):
    with closing(open_store(f"sqlite:///{told[0] / 'operations' / 'store.db'}")) as store:
        drain(Inbox(store), Lake(told[0]))
    refine(Lake(told[0]))
    rows = Lake(told[0]).read(silver.SEARCH_EVENTS)
    said = rows.write_json()

    assert rows["text"].str.contains("zeppelin").sum() >= 6
    for secret in [*planted.values(), *QUERY.values(), *ASKING.values()]:
        assert not any(known in said for known in spellings(secret))
