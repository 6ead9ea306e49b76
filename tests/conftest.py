"""What tests of several rooms share."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ml.retrieve.found import Found, FoundArticle, FoundSolution, FoundTicket, Tried
from ml.text.minilm_export import load_or_export
from warehouse.settings import silence

silence()
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory):
    """The directory of the default encoder, exported once for all tests and workers of a session."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "encoder"
    load_or_export(folder)
    return folder


@pytest.fixture(scope="session")
def run(encoder_folder):
    """Run the command in a process of its own, as people do: `run(lake_root, *arguments)`."""

    def command(lake_root, *arguments):
        environment = {
            **os.environ,
            "LAKE_ROOT": str(lake_root),
            "DATABASE_URL": "",
            "ENCODER": str(encoder_folder),
            "FAMILIES": "majority,logistic",
        }
        return subprocess.run(
            [str(BIN / "ticketlake"), *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return command


@pytest.fixture(scope="session")
def tickets(tmp_path_factory, run):
    """Simulated tickets: 600 over 60 days, in a JSON array."""
    file = tmp_path_factory.mktemp("simulated") / "tickets.json"
    done = run(file.parent / "unused", "simulate", "--tickets", 600, "--days", 60, "--seed", 3, "--out", file)
    assert done.returncode == 0, done.stderr
    return file


@pytest.fixture(scope="session")
def built_once(tmp_path_factory, tickets, run):
    """The first build of a lake, and what it reported."""
    root = tmp_path_factory.mktemp("built") / "lake"
    done = run(root, "build", tickets, "--json")
    assert done.returncode in (0, 3), done.stderr
    return root, done


@pytest.fixture
def built(built_once, tmp_path):
    """A copy of the built lake that a test may change."""
    root = tmp_path / "lake"
    shutil.copytree(built_once[0], root, symlinks=True)
    return root


PLANTED = {
    "e-mail": "clara.berg@contoso.example",
    "phone": "+49 170 1234567",
    "card": "4111 1111 1111 1111",
    "IBAN": "DE89370400440532013000",
    "token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "account in small letters": "gb82 west 1234 5698 7654 32",
    "social security number": "512-44-7391",
    "full-width e-mail": "clara.berg＠contoso．example",
    "spelled-out e-mail": "berg.clara (at) contoso.example",
    "password": "Rhabarber77!",
    "PIN": "480217",
    "own name": "Hannelore Quistorp",
    "colleague": "Bertram Oyelaran",
    "collègue": "Solange Vauquelin",
    "Kollegin": "Walburga Pfisterhammer",
    "担当": "早乙女 千鶴",
    "同事": "欧阳德馨",
    "signature": "Rosalind Achterberg",
}
"""What identifies somebody, and is in nobody's index, answer or log."""
SPOKEN = (
    "My name is {own name}. My colleague {colleague} can tell you more. Mon collègue {collègue} est absent. "
    "Meine Kollegin {Kollegin} weiß mehr. 担当の{担当}さんに確認。同事{同事}。 "
    "My password {password} and the pin is {PIN}. "
    "Reach me: {e-mail}, {phone}, {card}, {IBAN}, {token}, {account in small letters}, {social security number}, "
    "{full-width e-mail}, {spelled-out e-mail}.\n\nBest regards,\n{signature}"
).format(**PLANTED)
"""All of it as people write it at the end of a letter."""


@pytest.fixture(scope="session")
def planted():
    return PLANTED


@pytest.fixture(scope="session")
def spoken():
    return SPOKEN


@pytest.fixture(scope="session")
def followed(tmp_path_factory, built_once, tickets, run):
    """The built lake, to read, after a second build: with articles, 25 tickets of one new cause that name people, one
    ticket whose text was changed, and what the second build reported."""
    root = tmp_path_factory.mktemp("followed") / "lake"
    shutil.copytree(built_once[0], root, symlinks=True)
    known = [one for one in json.loads(tickets.read_text()) if one["language"] == "en" and one["resolution"]][:25]
    new = [
        {
            **one,
            "ticket_id": f"TK-NEW-{number:02d}",
            "subject": f"The zeppelin does not moor, {PLANTED['e-mail']}",
            "description": f"Mooring valve {number} of the zeppelin leaks since noon. {SPOKEN if number % 5 else ''}",
            "error_logs": f"ERROR_ZEPPELIN_77 for {PLANTED['e-mail']}, token {PLANTED['token']}",
            "resolution": f"Replaced the mooring valve. Called {PLANTED['phone']} and wrote to {PLANTED['e-mail']}. "
            f"Spoke with {PLANTED['colleague']}.\n\nRegards\n{PLANTED['own name']}",
        }
        for number, one in enumerate(known)
    ]
    later = (datetime.fromisoformat(known[0]["updated_at"]) + timedelta(hours=1)).isoformat()
    changed = {**known[0], "subject": "Entirely about a submarine", "updated_at": later}
    article = {
        "article_id": "KB-NEW",
        "title": f"A zeppelin is moored, {PLANTED['e-mail']}",
        "body": "## What to do\n1. Replace the mooring valve of the zeppelin.\n"
        f"2. Ask {PLANTED['colleague']} for more. {SPOKEN}",
        "language": "en",
        "created_at": "2026-01-02T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
    }
    articles, batch = root.parent / "articles.jsonl", root.parent / "more.json"
    told = tickets.with_name(f"{tickets.name}.articles.jsonl").read_text()
    articles.write_text(told + json.dumps(article) + "\n")
    batch.write_text(json.dumps([*new, changed]))
    taken = run(root, "ingest", articles)
    assert taken.returncode == 0, taken.stderr
    done = run(root, "build", batch, "--json")
    assert done.returncode in (0, 3), done.stderr
    return root, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def found():
    """What a finder returns for a ticket about an import with shifted columns."""
    known = datetime(2026, 2, 1, tzinfo=UTC)

    def solution(key, text, score, rate, attempts):
        tried = Tried(attempts=attempts, successes=round(rate * attempts), rate=rate, last_at=known)
        return FoundSolution(
            solution_id=key, text=text, score=score, scores={"keyword": score}, tried=tried, tickets=[], path=None,
            reason="alike",
        )  # fmt: skip

    steps = (
        "## Why\nThe file has one column more than the import profile expects.\n\n## What to do\n"
        "1. Correct the mapping of fields.\n2. Load the file again.\n3. Compare 20 rows with the source."
    )
    article = FoundArticle(
        article_id="KB-0007", passage_id="KB-0007#1", title="Columns are shifted after the import", path="", text=steps,
        score=0.8, scores={"keyword": 0.8}, updated_at=known,
    )  # fmt: skip
    tickets = [
        FoundTicket(
            ticket_id=f"TK-{number}", title="Columns shifted", score=0.7, scores={}, created_at=known,
            solution_id="SOL-1", issue_id=None,
        )
        for number in (1, 2)
    ]  # fmt: skip
    return Found(
        solutions=[
            solution("SOL-1", "Mapping of fields corrected.", 0.9, 0.74, 40),
            solution("SOL-2", "Changed the import profile of export_module.", 0.6, 0.5, 10),
        ],
        articles=[article],
        tickets=tickets,
        used=["keyword", "dense"],
        missing={"graph": "graph is not materialized: run `ticketlake build`"},
        release="000001-0f1e2d3c4b5a",
        versions={"indexes/solutions": "c0ffee"},
    )
