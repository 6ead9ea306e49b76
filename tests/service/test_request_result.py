"""What is kept of a result: numbers that JSON has, and reasons that name nobody."""

import msgspec
import polars as pl
import pytest

from ml.classify.decisions import Decision
from ml.classify.learner import Reason
from service.request_result import articles, similar, solutions, without_people
from service.understanding import Answer, Version

LETTER = "Hello, my name is Zebulon Quartermain. The invoice is wrong.\n\nRegards\nZebulon Quartermain"


@pytest.fixture
def answer():
    """An answer for these reasons."""

    def make(*terms):
        reasons = [Reason(term, 1.0) for term in terms]
        decision = Decision("suggest", "it is likely")
        return {"category": Answer("Billing", 0.9, [], reasons, decision, "champion", Version("m", "f", "d"))}

    return make


def test_a_reason_that_names_somebody_is_left_out(answer):
    ticket = pl.DataFrame({"subject": ["Wrong bill"], "description": [LETTER]})
    said = answer("invoice", "zebulon", "mr Quartermain", "zeb@example.com", "invoice is wrong")

    kept = without_people(said, ticket)["category"]

    assert [one.term for one in kept.reasons] == ["invoice", "invoice is wrong"]
    assert (kept.label, kept.confidence) == ("Billing", 0.9)


def test_an_answer_without_reasons_stays_as_it_is(answer):
    ticket = pl.DataFrame(
        {"subject": [None], "description": [LETTER]}, schema={"subject": pl.String, "description": pl.String}
    )

    assert without_people(answer(), ticket) == answer()


def test_what_was_found_is_kept_in_numbers_that_json_has(found):
    odd = msgspec.structs.replace(
        found,
        solutions=[msgspec.structs.replace(found.solutions[0], score=float("-inf"))],
        tickets=[msgspec.structs.replace(found.tickets[0], score=float("nan"))],
    )

    assert [one.score for one in (*solutions(odd), *similar(odd), *articles(odd))] == [None, None, 0.8]
    assert [one.solution_id for one in solutions(found)] == ["SOL-1", "SOL-2"]
    assert (solutions(found)[0].rate, solutions(found)[0].attempts) == (0.74, 40)
