"""Champions over HTTP: what they say, when they keep silent, how they are exchanged."""

import gc
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psutil
import pytest

from operations.predictions import Predictions
from operations.store import open_store
from service.serving import Serving
from warehouse import releases
from warehouse.settings import Settings

BILL = {"subject": "question 7", "description": "the invoice shows a wrong amount since yesterday"}


def predict(client, body=BILL, **query):
    answer = client.post("/v1/predict-ticket", json=body, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_target_has_label_confidence_reasons_version_and_decision(answering, learned):
    found = predict(answering)
    category, sub = found["targets"]["category"], found["targets"]["subcategory"]

    assert (category["label"], category["served_by"]) == ("Billing", "champion")
    decision = category["decision"]
    assert "were right" in decision["why"]
    assert (decision["action"] != "abstain") == (category["confidence"] >= decision["threshold"])
    assert {reason["term"] for reason in category["reasons"]} & {"invoice", "amount", "wrong", "meaning of the text"}
    release = releases.open_release(learned.root)
    assert category["model"]["digest"] == release.artifact("models/category").digest
    assert sub["label"].startswith("Billing")
    assert found["novelty"]["unknown"] is False
    assert "models/severity" in found["missing"]
    assert found["latency_ms"] > 0


def test_where_nothing_can_be_learned_nothing_is_said_and_why(answering):
    silent = predict(answering)["targets"]["priority"]

    assert (silent["label"], silent["confidence"], silent["decision"]["action"]) == (None, None, "abstain")
    assert silent["decision"]["why"] == "nothing to learn: no better than chance"


def test_what_fits_no_category_is_unknown_with_the_nearest(answering):
    strange = {"subject": "量子", "description": "zebra harmonica flux capacitor on the moon, in verse and in rhyme"}
    found = predict(answering, strange)

    assert found["novelty"]["unknown"] is True
    for name in ("category", "subcategory"):
        assert found["targets"][name]["label"] == "unknown"
        assert found["targets"][name]["decision"]["action"] == "abstain"
        assert found["targets"][name]["alternatives"]


def test_many_are_answered_as_each_alone(answering):
    bodies = [BILL, {"description": "the password is refused at login"}, {**BILL, "ticket_id": "TK-0001"}]
    many = answering.post("/v1/predict-tickets", json=bodies).json()["predictions"]

    assert [one["ticket_id"] for one in many] == [None, None, "TK-0001"]
    assert len({one["prediction_id"] for one in many}) == 3
    for body, one in zip(bodies, many, strict=True):
        alone = predict(answering, body)["targets"]["category"]
        assert one["targets"]["category"]["label"] == alone["label"]
        assert one["targets"]["category"]["confidence"] == pytest.approx(alone["confidence"], abs=1e-4)


@pytest.mark.parametrize("body", [{}, [], "x", [BILL, {"subject": " "}], [BILL] * 1001])
def test_what_is_no_array_of_tickets_is_refused(answering, body):
    assert answering.post("/v1/predict-tickets", json=body).status_code == 400


def test_full_reasons_are_more_of_the_same(answering):
    brief, full = predict(answering), predict(answering, explain="full")

    few, many = (found["targets"]["category"]["reasons"] for found in (brief, full))
    assert many[: len(few)] == few
    assert len(many) > len(few)
    assert answering.post("/v1/predict-ticket", json=BILL, params={"explain": "long"}).status_code == 400


def test_a_prediction_is_kept_without_a_word_of_the_ticket(answering, learned, capfd):
    secret = "Zwiebelkuchen"
    found = predict(answering, {**BILL, "description": f"{BILL['description']} {secret}", "ticket_id": "TK-9"})

    with closing(open_store(Settings(lake_root=learned.root, _env_file=None).database_url)) as store:
        kept = Predictions(store).find(found["prediction_id"])
    assert found["recorded"] is True
    assert (kept.ticket_id, kept.release) == ("TK-9", found["release"])
    assert '"category":{"label":' in kept.body
    log = (learned.root / "logs" / "api.log").read_text()
    assert found["prediction_id"] in log
    for told in (kept.body, log, *capfd.readouterr()):
        assert secret not in told
    assert "Billing" not in log


def test_a_ticket_that_was_just_received_counts(answering):
    ticket = {"ticket_id": "NEW-1", "subject": "hello", "customer_id": "CUST-NEW"}
    assert answering.get("/v1/features/customer/CUST-NEW").status_code == 404
    assert answering.get("/v1/features/ticket/NEW-1").status_code == 404
    predict(answering)
    answering.post("/v1/tickets", json=ticket)

    customer = answering.get("/v1/features/customer/CUST-NEW").json()
    own = answering.get("/v1/features/ticket/NEW-1").json()

    assert customer["features"]["customer_tickets_7d"] == 1
    assert own["features"]["customer_tickets_ever"] == 0
    assert own["features"]["words"] == 1
    assert answering.get("/v1/features/ticket/TK-0005").json()["features"]["customer_tickets_ever"] == 0


def test_features_that_nobody_built_are_named(empty, answering):
    for path in ("/v1/features/ticket/T", "/v1/features/customer/C"):
        assert empty.get(path).status_code == 503
        assert empty.get(path).json()["asset"] == "release"
    assert answering.get("/v1/features/agent/A").status_code in (400, 404)


def test_champions_are_exchanged_without_a_failed_request(answering, learned, release_of):
    stop: list[bool] = []
    published = [releases.open_release(learned.root)]
    predict(answering)

    def read(_):
        seen = set()
        while not stop:
            found = predict(answering)
            seen.add((found["release"], found["targets"]["category"]["model"]["digest"]))
        return seen

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, number) for number in range(8)]
        try:
            for which in ("second", "first", "second"):
                published.append(release_of(which))
                while predict(answering)["release"] != published[-1].id:
                    pass
        finally:
            stop.append(True)
        seen = {pair for reader in readers for pair in reader.result()}

    assert seen <= {(one.id, one.artifact("models/category").digest) for one in published}
    assert len(seen) > 1


def test_a_release_that_is_replaced_leaves_nothing_behind_and_what_it_shares_is_not_loaded_again(learned, release_of):
    serving = Serving(learned.root)
    first = serving.opened()
    encoder, gone = first.models.encoder, weakref.ref(first.models.champions["category"])
    kept = first.models.champions["subcategory"]
    release_of("second")
    second = serving.opened()
    del first
    gc.collect()

    assert gone() is None
    assert second.models.encoder is encoder
    assert second.models.champions["subcategory"] is kept


@pytest.mark.long
def test_fifty_exchanges_do_not_make_memory_grow(learned, release_of):
    serving, process = Serving(learned.root), psutil.Process()
    used = []
    for number in range(60):
        release_of(("second", "first")[number % 2])
        serving.opened()
        gc.collect()
        used.append(process.memory_info().rss)

    assert max(used[-10:]) - max(used[5:15]) < 20 * 2**20


def test_answering_loads_no_library_that_only_trains(learned):
    script = f"""
import sys
from pathlib import Path
from litestar.testing import TestClient
from api.app import create_app
from warehouse.settings import Settings

with TestClient(create_app(Settings(lake_root=Path({str(learned.root)!r}), _env_file=None))) as client:
    assert client.post("/v1/predict-ticket", json={BILL!r}, params={{"explain": "full"}}).status_code == 200
print(sorted({{"tensorflow", "keras", "torch", "transformers", "dagster"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_the_policy_is_told_with_what_follows_from_it(answering, learned):
    found = answering.get("/v1/decision-policy").json()

    assert found["release"] == releases.open_release(learned.root).id
    assert {rule["decision"]: rule["precision"] for rule in found["rules"]} == {"automate": 0.9, "suggest": 0.5}
    threshold = found["thresholds"]["category"]["Billing"]["automate"]
    assert predict(answering)["targets"]["category"]["decision"]["threshold"] == threshold["confidence"]


def test_without_a_policy_it_is_named_as_missing(client):
    answer = client.get("/v1/decision-policy")

    assert (answer.status_code, answer.json()["asset"]) == (503, "models/decision_policy")
