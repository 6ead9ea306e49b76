"""Challengers that answer unseen, and predictions that are asked for again."""

import json
from contextlib import closing

import msgspec
import pytest
from litestar.testing import TestClient

from api.app import create_app
from operations.predictions import Predictions
from operations.store import open_store
from service.reproducing import reproduce
from service.serving import Serving
from warehouse import releases
from warehouse.errors import NotKnown
from warehouse.pointers import point
from warehouse.settings import Settings

BILL = {"subject": "question 7", "description": "the invoice shows a wrong amount since yesterday"}


def store_of(lake):
    return closing(open_store(Settings(lake_root=lake.root, _env_file=None).database_url))


def test_a_challenger_in_the_shadow_is_kept_with_the_prediction_and_never_answered(learned, learned_once):
    second = next(one for one in learned_once[1]["second"] if one.name == "models/category")
    point(learned.root, "challengers/category", second.name, second.digest)
    app = create_app(Settings(lake_root=learned.root, shadow=True, _env_file=None))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/v1/predict-ticket", json=BILL)
    plain = Serving(learned.root).opened().models.shadow

    assert answer.status_code == 200, answer.text
    assert "shadow" not in answer.text
    assert second.digest not in answer.text
    with store_of(learned) as store:
        kept = Predictions(store).find(answer.json()["prediction_id"])
    shadow = json.loads(kept.body)["shadow"]
    assert set(shadow) == {"category"}
    assert shadow["category"]["model"] == second.digest
    assert shadow["category"]["label"] in ("Billing", "Login")
    assert "invoice" not in kept.body
    assert plain is None


def test_the_champion_and_a_challenger_that_is_gone_cast_no_shadow(learned, learned_once):
    first = next(one for one in learned_once[1]["first"] if one.name == "models/category")
    point(learned.root, "challengers/category", first.name, first.digest)
    point(learned.root, "challengers/priority", "models/priority", "0" * 32)

    assert Serving(learned.root, shadow=True).opened().models.shadow is None


def test_a_prediction_is_the_same_again_also_when_another_model_serves(answering, learned, release_of):
    ticket = {"ticket_id": "TK-SENT", "created_at": "2026-03-01T11:00:00Z", **BILL}
    assert answering.post("/v1/tickets", json=ticket).status_code == 202
    said = answering.post("/v1/predict-ticket", json=ticket).json()
    release_of("second")
    with store_of(learned) as store:
        found = reproduce(learned, store, said["prediction_id"])

    assert releases.current_id(learned.root) != found.release == said["release"]
    assert found.same, found.lines()
    assert {one.target: one.label for one in found.answers} == {
        name: one["label"] for name, one in said["targets"].items()
    }
    assert found.as_dict()["tables"]["silver/tickets"] is not None


def test_another_text_under_the_same_ticket_is_kept_nowhere_and_nothing_is_compared_with_it(answering, learned):
    said = answering.post("/v1/predict-ticket", json={"ticket_id": "TK-0001", **BILL}).json()
    with store_of(learned) as store, pytest.raises(NotKnown, match="none of the records that are kept"):
        reproduce(learned, store, said["prediction_id"])


def test_of_several_records_that_which_was_asked_about_is_found_again(answering, learned):
    ticket = {"ticket_id": "TK-CHANGED", "created_at": "2026-03-01T11:00:00Z", **BILL}
    later = {**ticket, "subject": "cannot log in", "updated_at": "2026-03-01T12:00:00Z"}
    assert answering.post("/v1/tickets", json=ticket).status_code == 202
    assert answering.post("/v1/tickets", json=later).status_code == 202
    said = answering.post("/v1/predict-ticket", json=ticket).json()
    with store_of(learned) as store:
        found = reproduce(learned, store, said["prediction_id"])

    assert found.same, found.lines()
    assert msgspec.json.encode(found.as_dict())


def test_what_named_no_ticket_cannot_be_asked_again_and_says_why(answering, learned):
    said = answering.post("/v1/predict-ticket", json=BILL).json()
    with store_of(learned) as store:
        with pytest.raises(NotKnown, match="the ticket of prediction"):
            reproduce(learned, store, said["prediction_id"])
        with pytest.raises(NotKnown, match="prediction nobody"):
            reproduce(learned, store, "nobody")
