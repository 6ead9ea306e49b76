"""What Prometheus and the log are told of predictions, searches and errors; never what a ticket says."""

import asyncio
import json
import re
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from api import logs
from api.middleware import Observed
from api.noted import note
from api.telemetry import MOST_LABELS, OTHER, Telemetry
from ml.classify.decisions import Decision
from ml.retrieve.stages import heard, stage
from operations.backlog import backlog
from operations.store import open_store
from service.drift import Drifts
from service.understanding import Answer, Understood, Version
from warehouse.contracts.anomalies import DRIFT

BILL = {"subject": "question 7", "description": "the invoice shows a wrong amount since yesterday"}
SECRET = {**BILL, "subject": "Zwiebelkuchen 7"}


class Nothing(Collector):
    def collect(self):
        return iter(())


def samples(client):
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def of(found, name, **labels):
    return sum(value for (named, own), value in found.items() if named == name and labels.items() <= dict(own).items())


def test_each_answer_is_counted_by_target_label_and_decision_with_its_confidence(answering):
    said = [answering.post("/v1/predict-ticket", json=BILL).json()["targets"] for _ in range(3)]
    found = samples(answering)

    for target in ("category", "priority"):
        label, decision = said[0][target]["label"] or "(none)", said[0][target]["decision"]["action"]
        named = {"target": target, "label": label, "decision": decision}
        assert of(found, "ticketlake_predictions_total", **named) == 3
    assert of(found, "ticketlake_prediction_confidence_count", target="category") == 3
    assert of(found, "ticketlake_prediction_confidence_count", target="priority") == 0
    for name in ("history", "understand"):
        assert of(found, "ticketlake_stage_seconds_count", stage=name) == 3
    assert of(found, "ticketlake_stage_seconds_sum", stage="understand") > 0
    answering.post("/v1/predict-ticket", json=SECRET)
    assert "Zwiebelkuchen" not in answering.get("/metrics").text


def test_the_log_line_of_a_prediction_says_release_models_and_decisions_and_no_word_of_the_ticket(answering, learned):
    said = answering.post("/v1/predict-ticket", json=SECRET, headers={"X-Request-ID": "r-7"}).json()
    answering.post("/v1/predict-tickets", json=[BILL, SECRET])
    lines = [json.loads(line) for line in (learned.root / "logs" / "api.log").read_text().splitlines()]
    one, many = (line for line in lines if line.get("route", "").startswith("/v1/predict"))

    assert (one["request_id"], one["release"], one["prediction_id"]) == ("r-7", said["release"], said["prediction_id"])
    assert one["decisions"] == {name: target["decision"]["action"] for name, target in said["targets"].items()}
    family, digest = one["models"]["category"].split(":")
    model = said["targets"]["category"]["model"]
    assert (family, digest) == (model["family"], model["digest"][:12])
    assert one["ms"] > 0
    assert sum(many["decisions"]["category"].values()) == many["tickets"] == 2
    assert not re.search("Zwiebel|invoice|Billing", json.dumps([one, many]))


def test_errors_are_counted_by_kind(client, empty):
    client.post("/v1/predict-ticket", json={})
    client.get("/nowhere")
    empty.post("/v1/predict-ticket", json=BILL)

    assert of(samples(client), "ticketlake_errors_total", kind="400") == 1
    assert of(samples(client), "ticketlake_errors_total", kind="404") == 1
    assert of(samples(empty), "ticketlake_errors_total", kind="NotMaterialized") == 1


def test_the_baseline_in_the_champions_place_is_a_fallback(client):
    client.post("/v1/predict-ticket", json=BILL)

    assert of(samples(client), "ticketlake_fallbacks_total", part="category", instead="baseline") == 1


def test_the_release_its_parts_and_what_waits_are_told(answering, learned):
    answering.post("/v1/tickets", json={"ticket_id": "T-1", "subject": "x"})
    assert answering.app.state.parts.serving.opened()
    found = samples(answering)

    assert of(found, "ticketlake_release_info") == 1
    assert of(found, "ticketlake_artifact_info", artifact="models/category") == 1
    assert of(found, "ticketlake_release_refused") == 0
    assert of(found, "ticketlake_inbox_undrained") == 1
    assert 0 <= of(found, "ticketlake_inbox_oldest_seconds") < 60


def test_labels_that_nobody_foresaw_do_not_grow_without_end():
    telemetry = Telemetry(Nothing())
    for number in range(MOST_LABELS + 20):
        answer = Answer(f"label {number}", 0.5, [], [], Decision("suggest", ""), "champion", Version("", "", ""))
        telemetry.predicted([Understood({"category": answer}, None, None, None, [])])

    text = telemetry.text().decode()
    assert len(re.findall(r"^ticketlake_predictions_total\{", text, re.M)) == MOST_LABELS + 1
    assert f'label="{OTHER}",target="category"}} 20.0' in text
    assert isinstance(telemetry.registry, CollectorRegistry)


def test_what_a_route_notes_stands_beside_what_every_line_says_and_never_in_its_place(capsys):
    async def app(scope, receive, send):
        note(status="mine", route="mine", answer_id="a-1")
        await send({"type": "http.response.start", "status": 201, "headers": []})

    async def ask():
        scope = {"type": "http", "method": "GET", "headers": [], "path_template": "/x"}
        await Observed(app, Telemetry(Nothing()))(scope, None, sent)

    async def sent(_):
        return None

    logs.configure(None, "info")
    asyncio.run(ask())
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["status"], line["route"], line["answer_id"]) == (201, "/x", "a-1")


def test_stages_are_told_to_who_listens_also_when_they_fail():
    told = []
    with stage("nobody"), heard(lambda name, seconds: told.append((name, seconds >= 0))):
        with stage("outer"), stage("inner"):
            pass
        with pytest.raises(ValueError, match="x"), stage("broken"):
            raise ValueError("x")

    assert told == [("inner", True), ("outer", True), ("broken", True)]


def test_drift_is_the_newest_day_of_each_model_and_part_and_follows_the_table(lake):
    drifts = Drifts(lake)
    assert drifts.newest() == []
    lake.replace(DRIFT, drift([("a", 1, 0.5, 1.0), ("b", 2, 3.0, 1.5), ("c", 2, 1.0, 2.0)]))
    [found] = drifts.newest()

    assert (found.model, found.part, found.ratio, found.drifted) == ("*", "input", 2.0, 1)
    lake.replace(DRIFT, drift([("a", 3, 0.5, 1.0)]))
    assert [(one.ratio, one.drifted) for one in drifts.newest()] == [(0.5, 0)]


def drift(rows):
    first = date(2026, 1, 1)
    return pl.DataFrame(
        [
            {"model": "*", "part": "input", "name": name, "day": first + timedelta(days=day), "rows": 100,
             "method": "PSI", "value": value, "threshold": threshold, "p": 0.5, "drifted": value > threshold}
            for name, day, value, threshold in rows
        ],
        schema=DRIFT.schema,
    )  # fmt: skip


def test_requests_are_told_where_a_store_keeps_them(tmp_path):
    from sqlalchemy import text

    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    before = backlog(store)
    store.write(lambda connection: connection.execute(text("drop table if exists request")))
    store.write(lambda connection: connection.execute(text("create table request (state text, received_at timestamp)")))
    rows = "('queued', '2026-01-02 00:00:00'), ('queued', '2026-01-01 00:00:00'), ('done', '2025-01-01 00:00:00')"
    store.write(lambda connection: connection.execute(text(f"insert into request values {rows}")))

    assert before in (None, {})
    assert backlog(store) == {"queued": (2, datetime(2026, 1, 1, tzinfo=UTC))}
    store.close()
