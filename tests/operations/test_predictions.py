from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from operations.predictions import GivenPrediction, Predictions
from operations.store import open_store

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def given(name, ticket="TK-1"):
    return GivenPrediction(prediction_id=name, ticket_id=ticket, release="000001-0", made_at=NOW, body="{}")


def test_what_was_given_is_found_by_its_id(url):
    with closing(open_store(url)) as store:
        Predictions(store).append([given("a"), given("b", ticket=None)])
        Predictions(store).append([])
    with closing(open_store(url)) as store:
        assert Predictions(store).find("b") == given("b", ticket=None)
        assert Predictions(store).find("c") is None


def test_all_are_kept_or_none(url):
    with closing(open_store(url)) as store:
        Predictions(store).append([given("a")])
        with pytest.raises(IntegrityError):
            Predictions(store).append([given("b"), given("a")])
        assert Predictions(store).find("b") is None
