from datetime import UTC, datetime

import polars as pl
import pytest
from litestar.testing import TestClient

from api.app import create_app
from ml.classify import baseline
from service.missing import why
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.settings import Settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def fill(lake):
    def run(labels):
        rows = [
            {"ticket_id": f"T-{n}", "created_at": NOW, "subject": "s", "category": label, "load_id": "l"}
            for n, label in enumerate(labels)
        ]
        lake.append(silver.TICKETS, pl.DataFrame(rows, schema=silver.TICKETS.schema))

    return run


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([None] * 2_000, "no labelled tickets: category is empty in all 2,000"),
        ([None] * 10 + ["Billing"], "too few labelled tickets: 1 of 11 tickets have a category, in 1 class; "),
        (["Billing"] * 200, "200 of 200 tickets have a category, in 1 class; expected at least"),
    ],
)
def test_a_model_that_no_build_can_make_says_what_is_wanting(lake, fill, labels, reason):
    fill(labels)

    assert reason in str(why(lake, baseline.NAME))


def test_what_a_build_would_make_has_no_other_reason(lake, fill):
    assert why(lake, baseline.NAME) is None
    fill(["Billing", "Login"] * 100)
    assert why(lake, baseline.NAME) is None
    assert why(lake, "gold/metrics") is None


def test_the_answer_says_it(lake, fill):
    fill([None] * 30)
    with TestClient(create_app(Settings(lake_root=lake.root, _env_file=None))) as client:
        answer = client.post("/v1/predict-ticket", json={"subject": "invoice"})

    assert (answer.status_code, answer.json()["asset"]) == (503, baseline.NAME)
    assert answer.json()["detail"].endswith("no labelled tickets: category is empty in all 30")
