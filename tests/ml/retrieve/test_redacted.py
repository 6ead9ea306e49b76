"""Planted people and secrets of every kind reach none of the rows that are searched."""

from datetime import UTC, datetime

import polars as pl
import pytest

from ml.retrieve import articles, attempts, problems, redacted
from ml.retrieve.notes import spoken as told
from ml.text.entities import Catalogue
from warehouse.contracts import silver

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def ticket(spoken, planted):
    row = {
        "ticket_id": "T-1",
        "created_at": NOW,
        "subject": f"Zeppelin of {planted['e-mail']}",
        "description": f"The mooring valve leaks. {spoken}",
        "error_logs": f"ERROR_ZEPPELIN_77 {planted['e-mail']} {planted['own name']}",
        "resolution": f"Valve replaced. Spoke with {planted['colleague']}. {spoken}",
        "load_id": "l",
        "record_hash": "h",
    }
    return pl.DataFrame([row], schema=silver.TICKETS.schema)


def test_problems_name_nobody(ticket, planted):
    made = problems.problems(ticket).drop("text_hash").write_json()

    assert "mooring valve" in made
    assert [kind for kind, secret in planted.items() if secret in made] == []


def test_notes_name_nobody(ticket, planted):
    made = told(ticket.select("ticket_id", "resolution", "description"), Catalogue()).write_json()

    assert "Valve replaced" in made
    assert [kind for kind, secret in planted.items() if secret in made] == []


def test_articles_name_nobody(spoken, planted):
    row = {
        "article_id": "KB-1",
        "title": f"Mooring, by {planted['e-mail']}",
        "body": f"# Zeppelin\n1. Replace the valve.\n2. {spoken}",
        "language": "en",
        "created_at": NOW,
        "updated_at": NOW,
    }
    made = articles.articles(pl.DataFrame([row], schema=silver.ARTICLES.schema)).drop("text_hash").write_json()

    assert "Replace the valve" in made
    assert [kind for kind, secret in planted.items() if secret in made] == []


def test_a_person_goes_in_whatever_case_and_with_whatever_blanks():
    letter = pl.Series(
        ["My name is Hannah Berger. HANNAH BERGER, hannah berger; Hannah. 担当の井上 直樹さん、井上直樹"]
    )

    made = redacted.redacted(letter, redacted.people(letter))[0]

    assert made == "My name is [PERSON]. [PERSON], [PERSON]; [PERSON]. 担当の[PERSON]さん、[PERSON]"


def test_what_a_row_says_does_not_depend_on_the_rows_beside_it():
    rows = pl.Series(["My name is Hannah Berger.", "Hannah Berger", "ask Monthly Report"] * 20)

    whole = redacted.redacted(rows, redacted.people(rows)).to_list()

    assert whole == [redacted.redacted(one, redacted.people(one))[0] for one in (rows[n : n + 1] for n in range(60))]


def test_rows_are_made_anew_when_redaction_changes():
    code = redacted.digest()

    assert all(code in made for made in (problems.digest(), articles.digest(), attempts.digest()))
