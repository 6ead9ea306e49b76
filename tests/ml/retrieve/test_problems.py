"""What tickets say is wrong, as it is searched."""

from datetime import UTC, datetime

import polars as pl

from ml.inputs import encoded
from ml.retrieve.problems import problems
from ml.text.vectors import text_hash
from warehouse.contracts.search import PROBLEMS
from warehouse.contracts.silver import TICKETS
from warehouse.enforcement import check

LETTER = """Hello support,

the export fails with ERROR_TIMEOUT_504. My colleague Petra Lindner, petra@example.org, sees it too. Petra calls you.

Kind regards
Petra Lindner
+49 30 901820"""


def frame(**columns):
    known = {"ticket_id": "T-1", "created_at": datetime(2026, 3, 1, tzinfo=UTC), "subject": "Re: Export fails"}
    rows = [{**known, "description": LETTER, "load_id": "l", "record_hash": "h", **columns}]
    return pl.DataFrame(rows, schema=TICKETS.schema)


def test_title_and_body_are_the_cleaned_text_without_the_names_of_who_signed():
    found = problems(frame())
    assert found["title"].to_list() == ["Export fails"]
    assert found["body"].to_list() == [
        "the export fails with ERROR_TIMEOUT_504. My colleague [PERSON], [EMAIL], sees it too. [PERSON] calls you."
    ]
    check(PROBLEMS, found)


def test_without_a_subject_all_is_body_and_without_anything_all_is_empty():
    found = problems(pl.concat([frame(subject=None, description="It fails."), frame(subject=None, description=None)]))
    assert found.select("title", "body").rows() == [("", "It fails."), ("", "")]


def test_errors_are_named_once_from_text_log_and_trace():
    trace = "java.io.IOException: gone\n\tat a.b.C.d(C.java:12)\n\tat a.b.C.e(C.java:14)"
    found = problems(frame(error_logs="2026 ERROR_TIMEOUT_504 on 10.20.30.40", stack_trace=trace))
    assert found["errors"].to_list() == [
        "ERROR_TIMEOUT_504\njava.io.IOException\na.b.C.d(C.java:12)\na.b.C.e(C.java:14)"
    ]


def test_the_vector_of_the_ticket_stands_for_the_row():
    rows = frame()
    assert problems(rows)["text_hash"].to_list() == text_hash(encoded(rows)).to_list()


def test_what_one_ticket_says_does_not_depend_on_those_beside_it():
    first, second = frame(), frame(ticket_id="T-2", description="Petra is in the office.")
    together = problems(pl.concat([first, second]))
    assert together.equals(pl.concat([problems(first), problems(second)]))
    assert together["body"].to_list()[1] == "Petra is in the office."
