"""Behaviour of what is served, over HTTP: minimal changes of a ticket that must, or must not, change the answer.

After the invariance and directional tests of CheckList (Ribeiro et al., ACL 2020).
"""

import pytest

SAID = "the invoice shows a wrong amount since yesterday"
BILL = {"subject": "question 7", "description": SAID, "customer_name": "Anna Berg", "region": "EU"}


def category(client, **changed):
    """The nearest category and its confidence: the lake's few phrasings make almost every other one a novelty."""
    answer = client.post("/v1/predict-ticket", json=BILL | changed)
    assert answer.status_code == 200, answer.text
    found = answer.json()["targets"]["category"]
    if found["label"] != "unknown":
        return found["label"], found["confidence"]
    return found["alternatives"][0]["label"], found["alternatives"][0]["confidence"]


@pytest.mark.parametrize(
    "description",
    [
        "the invocie shows a wrong amount since yesterday",
        "the invoice shows a wrogn amount since yesterday",
        f"Hello team,\n{SAID}",
        f"Dear Sir or Madam,\n\n{SAID}\n\nKind regards\nPeter Alvarez",
        f"Good morning,\n\n{SAID}\n\nBest wishes\nMei Tanaka",
        f"{SAID}, order 4711",
        f"{SAID}, order 90210",
    ],
    ids=["typo", "another typo", "greeting", "letter", "letter of somebody else", "number", "another number"],
)
def test_the_label_is_kept(answering, description):
    assert category(answering, description=description)[0] == category(answering)[0] == "Billing"


def test_names_and_greetings_change_nothing_at_all(answering):
    letters = [
        f"{hello}\n\n{SAID}\n\nKind regards\n{name}"
        for hello, name in (("Hi", "Peter Alvarez"), ("Dear all,", "Mei Tanaka"))
    ]
    assert category(answering, description=letters[0]) == category(answering, description=letters[1])


@pytest.mark.parametrize("changed", [{"region": "APAC"}, {"region": None}, {"customer_name": "Mohammed Al-Sayed"}])
def test_who_asks_and_from_where_changes_nothing_at_all(answering, changed):
    assert category(answering, **changed) == category(answering)


@pytest.mark.parametrize(("his", "hers"), [("he", "she"), ("my husband", "my wife"), ("Mr. Lee", "Ms. Lee")])
def test_words_of_gender_do_not_change_the_label(answering, his, hers):
    one, other = (category(answering, description=f"{who} says that {SAID}") for who in (his, hers))
    assert one[0] == other[0] == "Billing"
    assert one[1] == pytest.approx(other[1], abs=0.15)


def test_the_decisive_words_change_the_label(answering):
    assert category(answering, description="the password is refused at login since yesterday")[0] == "Login"
