"""Answers over HTTP: what is sent, what comes back, what is never shown."""

import pytest

TICKET = {"ticket_id": "TK-9", "subject": "Columns shifted", "description": "In the import all columns are shifted."}


@pytest.fixture
def asking(answering, found):
    """Sends a body to a server that finds the same for everybody."""
    answering.app.state.parts.serving.find = lambda *_: found

    def ask(body, status=200):
        response = answering.post("/v1/answers", json=body)
        assert response.status_code == status, response.text
        return response.json()

    return ask


def test_a_ticket_is_answered_with_sources_steps_summary_and_a_probability(asking):
    shown = asking({"ticket": TICKET})

    ids = {one["id"] for one in shown["evidence"]}
    assert shown["sentences"]
    for said in (*shown["sentences"], *shown["steps"], *shown["alternatives"]):
        assert said["ids"]
        assert set(said["ids"]) <= ids
    assert [step["text"] for step in shown["steps"]] == [
        "Correct the mapping of fields.", "Load the file again.", "Compare 20 rows with the source.",
    ]  # fmt: skip
    assert shown["alternatives"][0]["ids"] == ["SOL-2"]
    assert (shown["thin"], shown["thin_reason"], shown["composer"]) == (False, None, "offline")
    quality = shown["quality"]
    assert (quality["probability"] is None) == (quality["weights"] == "shipped")
    assert set(shown["quality"]["parts"]) == set(shown["quality"]["features"])
    assert 1 <= len(shown["summary"]["sentences"]) <= 3
    assert shown["ticket_id"] == "TK-9"
    assert shown["versions"] == {"indexes/solutions": "c0ffee", "models/answer_quality": "shipped"}
    assert shown["missing"].keys() == {"graph"}


def test_plain_words_are_answered_like_a_ticket_that_says_them(asking):
    free = asking({"text": TICKET["description"]})
    ticket = asking({"ticket": {"description": TICKET["description"]}})

    for name in ("sentences", "steps", "alternatives", "summary", "evidence"):
        assert free[name] == ticket[name]
    assert free["answer_id"] != ticket["answer_id"]


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": " \n"}, {"text": 7}, {"text": None}, [], "x", [TICKET], TICKET,
             {"ticket": {"subject": " "}}, {"ticket": {"created_at": "yesterday", "subject": "x"}}],
)  # fmt: skip
def test_what_asks_nothing_is_refused(asking, body):
    assert asking(body, 400)["errors"]


def test_what_no_one_built_is_named(answering, empty):
    for client in (answering, empty):
        response = client.post("/v1/answers", json={"ticket": TICKET})
        assert response.status_code == 503
        assert response.json()["asset"] == "indexes/tickets"


@pytest.mark.parametrize(
    "text",
    ["😀 help " * 500, "مرحبا لا أستطيع تسجيل الدخول",
     "'; DROP TABLE tickets; --", "MATCH (n) DETACH DELETE n", "\u202egnihtemos",
     "a" * 1_000_000],
)  # fmt: skip
def test_strange_words_are_answered(asking, text):
    shown = asking({"text": text})

    assert shown["steps"]
    assert len(shown["summary"]["text"]) < 2_000


@pytest.mark.parametrize("text", ["%s%n{}{{}}", "<script>alert(1)</script>", "the", "of a 😀"])
def test_what_has_no_word_that_says_something_is_not_answered(asking, text):
    shown = asking({"text": text})

    assert (shown["thin"], shown["sentences"], shown["steps"]) == (True, [], [])
    assert shown["quality"]["probability"] == 0


@pytest.mark.parametrize("text", ["😀" * 500, "."])
def test_what_has_no_word_is_refused(asking, text):
    assert asking({"text": text}, status=400)["errors"][0]["pointer"] == "/text"


def test_nobody_is_named_in_an_answer_or_a_log(asking, learned, found, capfd):
    secrets = ("clara.berg@contoso.example", "+49 170 1234567", "DE89370400440532013000")
    said = f"Columns shifted. Write to {secrets[0]} or call {secrets[1]}, account {secrets[2]}."
    response = asking({"ticket": {"subject": f"Columns, {secrets[0]}", "description": said}})

    log = (learned.root / "logs" / "api.log").read_text()
    for told in (str(response), log, *capfd.readouterr()):
        for secret in secrets:
            assert secret not in told
    assert "Columns" not in log
    assert response["answer_id"] in log
    assert "[EMAIL]" in response["summary"]["text"]
