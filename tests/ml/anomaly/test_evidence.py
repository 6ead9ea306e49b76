"""What an incident's tickets have in common that others have not."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ml.anomaly.evidence import causes, examples

START = datetime(2026, 3, 2, tzinfo=UTC)


def tickets(count=400, broken=range(12)):
    """A fifth of all is of version 3.2; the broken ones are all of 3.3, and say E77."""
    return pl.DataFrame(
        {
            "ticket_id": [f"T-{n}" for n in range(count)],
            "created_at": [START + timedelta(minutes=n) for n in range(count)],
            "customer_id": [f"C-{n // 2}" for n in range(count)],
            "product": ["Export" if n in broken or n % 2 else "Import" for n in range(count)],
            "product_version": [
                "3.3" if n in broken or n == 390 else ("3.2" if n % 5 else "3.1") for n in range(count)
            ],
            "product_module": ["writer" if n % 3 else "reader" for n in range(count)],
            "codes": [["E77"] if n in broken else (["E99"] if n == 300 else []) for n in range(count)],
        }
    )


def test_what_all_its_tickets_and_hardly_any_other_have_is_the_likely_cause():
    found = causes(tickets(), [f"T-{n}" for n in range(12)])

    assert {one.entity for one in found[:2]} == {"Version:Export 3.3", "ErrorCode:E77"}
    assert found[0].tickets == found[0].of == 12
    assert found[0].lift > 50
    assert found[0].low < found[0].lift
    assert all(one.low > 1 for one in found)


def test_a_rare_thing_that_one_ticket_has_is_no_cause():
    ids = ["T-300", *(f"T-{n}" for n in range(12))]

    assert "ErrorCode:E99" not in {one.entity for one in causes(tickets(), ids)}
    assert causes(tickets(), ["T-300"]) == []


def test_tickets_that_are_like_all_others_have_no_cause():
    assert causes(tickets(broken=()), [f"T-{n}" for n in range(0, 400, 7)]) == []


def test_without_others_to_compare_with_nothing_is_said():
    some = tickets(12)
    assert causes(some, some["ticket_id"].to_list()) == []
    assert causes(some.clear(), []) == []


def test_the_share_elsewhere_is_that_of_the_other_tickets():
    cause = next(one for one in causes(tickets(), [f"T-{n}" for n in range(12)]) if one.entity == "Version:Export 3.3")
    assert cause.elsewhere == pytest.approx(0.0)


def test_examples_are_of_many_customers_the_newest_first():
    assert examples(tickets(), ["T-5", "T-4", "T-3", "T-2", "T-unknown"]) == ["T-5", "T-3", "T-unknown", "T-4", "T-2"]
