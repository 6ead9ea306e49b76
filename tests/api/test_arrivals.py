"""Tickets that came since the last build are predicted on as they come, once."""

from contextlib import closing
from datetime import UTC, datetime

import msgspec
import polars as pl
import pytest

from api.telemetry import Telemetry
from operations.drain import drain
from operations.inbox import Inbox
from operations.predictions import GivenPrediction, Predictions
from operations.store import open_store
from service.arrivals import AT_ONCE, Arrivals
from service.serving import Serving
from warehouse.contracts import predictions, silver
from warehouse.refine import refine

BILL = {"subject": "question 7", "description": "the invoice shows a wrong amount since yesterday"}


@pytest.fixture
def store(learned):
    with closing(open_store(f"sqlite:///{learned.root / 'operations' / 'store.db'}")) as opened:
        yield opened


@pytest.fixture
def send(answering, learned, store):
    def sent(*names, **fields):
        for name in names:
            assert answering.post("/v1/tickets", json={**BILL, **fields, "ticket_id": name}).status_code == 202
        drain(Inbox(store), learned)
        refine(learned)

    return sent


def arrivals(lake, store, counts=None):
    return Arrivals(lake, Serving(lake.root), store, lambda: datetime.now(UTC), counts)


def test_nothing_is_predicted_before_the_first_models(learned, store, send):
    send("T-1")
    assert arrivals(learned, store).look() == 0
    assert Predictions(store).newest(["T-1"]) == []


def test_what_came_is_predicted_on_once_whoever_looks(answering, learned, store, send):
    learned.ensure(predictions.TICKETS)
    waiting = learned.read(silver.TICKETS).filter(pl.col("resolved_at").is_null())["ticket_id"].to_list()
    counts = Telemetry()
    first = arrivals(learned, store, counts)
    looks = []
    while looked := first.look():
        looks.append(looked)
    assert sum(looks) == len(waiting)
    assert max(looks) == AT_ONCE
    assert {one.ticket_id for one in Predictions(store).newest(waiting)} == set(waiting)

    send("T-1", "T-2")
    assert first.look() == 2
    assert first.look() == 0
    assert arrivals(learned, store).look() == AT_ONCE, "one that begins anew asks the store what was said before"
    given = Predictions(store).newest(["T-1"])[0]
    said = answering.post("/v1/predict-ticket", json={**BILL, "ticket_id": "T-9"}).json()["targets"]["category"]
    category = msgspec.json.decode(given.body)["targets"]["category"]
    assert (category["label"], category["confidence"]) == (said["label"], pytest.approx(said["confidence"], abs=1e-4))
    rows = [row for row in Inbox(store).for_ticket("T-1") if '"PredictionMade"' in row.body]
    assert len(rows) == 1
    assert "invoice" not in rows[0].body + given.body
    total = sum(
        sample.value
        for family in counts.registry.collect()
        for sample in family.samples
        if sample.name == "ticketlake_predictions_total" and sample.labels["target"] == "category"
    )
    assert total == len(waiting) + 2


def test_a_ticket_that_was_resolved_meanwhile_or_asked_about_is_not_predicted_on(answering, learned, store, send):
    learned.ensure(predictions.TICKETS)
    looking = arrivals(learned, store)
    while looking.look():
        pass
    asked = answering.post("/v1/predict-ticket", json={**BILL, "ticket_id": "T-1"}).json()["prediction_id"]
    send("T-1")
    send("T-2", resolved_at=datetime.now(UTC).isoformat())
    while looking.look():
        pass
    assert [one.prediction_id for one in Predictions(store).newest(["T-1", "T-2"])] == [asked]


def test_the_queue_orders_what_came_by_what_was_said_of_it(answering, learned, store, send):
    send("T-HIGH", "T-LOW")
    for name, label in (("T-HIGH", "critical"), ("T-LOW", "low")):
        model = {"name": "models/priority", "family": "logistic", "digest": "d"}
        said = {"label": label, "confidence": 0.9, "decision": "suggest", "served_by": "champion", "model": model}
        body = msgspec.json.encode({"targets": {"priority": said}}).decode()
        given = GivenPrediction(
            prediction_id=f"p-{name}", ticket_id=name, release="r", made_at=datetime.now(UTC), body=body
        )
        Predictions(store).append([given])
    named = {one["ticket_id"]: one for one in answering.get("/v1/queue?limit=500").json()["tickets"]}

    assert named["T-HIGH"]["priority"]["critical"] == 0.9
    assert named["T-LOW"]["priority"]["low"] == 0.9
    assert named["T-HIGH"]["rank"] < named["T-LOW"]["rank"]
