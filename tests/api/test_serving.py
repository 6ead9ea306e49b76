import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.examples import BODIES
from ml.classify import baseline
from warehouse import releases
from warehouse.settings import Settings

PATHS = {
    "postTickets": "/v1/tickets",
    "postEvents": "/v1/events",
    "postFeedback": "/v1/feedback",
    "predictTickets": "/v1/predict-tickets",
}
VOLUME = "/v1/metrics/metric_volume_by_day_category_channel_region"


def test_a_prediction_says_what_why_and_which_model(client, lake):
    answer = client.post("/v1/predict-ticket", json={"subject": "help", "description": "a wrong amount on the invoice"})

    release = releases.open_release(lake.root)
    assert answer.status_code == 200
    assert answer.json()["release"] == release.id
    found = answer.json()["targets"]["category"]
    assert found["label"] == "Billing"
    assert found["confidence"] > 0.5
    assert [other["label"] for other in found["alternatives"]] == ["Login"]
    assert {reason["term"] for reason in found["reasons"]} & {"invoice", "amount", "wrong amount", "a wrong"}
    assert (found["served_by"], found["decision"]["action"]) == ("baseline", "suggest")
    assert found["model"] == {
        "name": "models/category_baseline",
        "family": "tfidf_logistic",
        "digest": release.artifact(baseline.NAME).digest,
    }
    assert "models/category" in answer.json()["missing"]


def test_both_paths_predict_the_same(client):
    draft = {"description": "the password is refused"}

    plain, versioned = (client.post(path, json=draft).json() for path in ("/predict-ticket", "/v1/predict-ticket"))
    assert plain["targets"] == versioned["targets"]


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        ({}, ""),
        ({"subject": " "}, ""),
        ({"subject": 5}, "/subject"),
        ({"subject": "x", "priority": []}, "/priority"),
        ({"subject": "x", "created_at": "1950-01-01T00:00:00Z"}, "/created_at"),
    ],
)
def test_a_draft_that_says_nothing_or_the_wrong_thing_is_refused(client, draft, pointer):
    answer = client.post("/v1/predict-ticket", json=draft)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert answer.json()["detail"] == "the body is not a ticket that can be predicted on"


def test_before_any_build_the_missing_asset_is_named(empty):
    answers = {
        "models/category_baseline": empty.post("/v1/predict-ticket", json={"subject": "x"}),
        "gold/metrics": empty.get("/v1/metrics"),
        "silver/tickets": empty.get("/v1/tickets/T-1"),
    }

    for asset, answer in answers.items():
        assert (answer.status_code, answer.json()["asset"]) == (503, asset)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"].isdigit()


def test_a_release_without_a_model_names_the_model(lake, client):
    releases.publish(
        lake, [], {}, 0, expected=releases.current_id(lake.root), now=releases.history(lake.root)[0].created_at
    )

    answer = client.post("/v1/predict-ticket", json={"subject": "x"})

    assert (answer.status_code, answer.json()["asset"]) == (503, "models/category_baseline")
    assert "models/category_baseline" in client.get("/health/ready").json()["missing"]


def test_a_newer_release_is_served_without_a_restart_and_rollback_too(client, lake, republish):
    draft = {"subject": "the invoice"}
    first = client.post("/v1/predict-ticket", json=draft).json()["release"]
    republish(1)
    second = client.post("/v1/predict-ticket", json=draft).json()["release"]
    releases.rollback(lake, first)
    third = client.post("/v1/predict-ticket", json=draft).json()["release"]

    assert first != second
    assert third == first


def test_a_release_that_is_damaged_is_not_served_in_place_of_a_sound_one(client, lake, republish):
    draft = {"subject": "the invoice"}
    sound = client.post("/v1/predict-ticket", json=draft).json()["release"]
    republish(1)
    damaged = releases.open_release(lake.root)
    (damaged.artifact(baseline.NAME).path / "bias.npy").write_bytes(b"x")

    assert client.post("/v1/predict-ticket", json=draft).json()["release"] == sound
    parts = {part["name"]: part for part in client.get("/health/ready").json()["parts"]}
    assert parts["release"]["version"] == sound
    assert "a newer release is not served" in parts["release"]["detail"]


def test_liveness_asks_nothing_and_readiness_says_what_is_missing(client, empty):
    assert client.get("/health/live").json() == empty.get("/health/live").json() == {"status": "alive"}
    ready, waiting = client.get("/health/ready"), empty.get("/health/ready")

    assert (ready.status_code, ready.json()["status"], ready.json()["missing"]) == (200, "ready", [])
    parts = {part["name"]: part for part in ready.json()["parts"]}
    for name in ("silver/tickets", "gold/metrics", "release", "models/category_baseline"):
        assert parts[name]["version"]
        assert parts[name]["age_seconds"] >= 0
    assert (waiting.status_code, waiting.json()["status"]) == (503, "waiting")
    assert waiting.json()["missing"] == ["silver/tickets", "gold/metrics", "release", "models/category_baseline"]


def test_a_store_that_cannot_be_reached_is_said_and_the_rest_is_served(lake):
    url = "postgresql://nobody@127.0.0.1:1/none"
    with TestClient(create_app(Settings(lake_root=lake.root, database_url=url, _env_file=None))) as client:
        posted = client.post("/v1/tickets", json={"ticket_id": "T", "subject": "x"})

        assert (posted.status_code, posted.headers["content-type"]) == (503, "application/problem+json")
        assert client.get("/health/ready").json()["missing"] == ["operations/inbox"]
        assert client.get("/metrics").status_code == 200
        assert client.get(VOLUME).status_code == 200


def test_prometheus_counts_requests_by_route_and_knows_what_waits(client):
    client.post("/v1/tickets", json={"ticket_id": "T-1", "subject": "x"})
    client.get("/v1/tickets/T-1")
    client.get("/nowhere/T-1")
    text = client.get("/metrics").text

    assert 'ticketlake_http_requests_total{method="GET",route="/v1/tickets/{ticket_id}",status="200"} 1.0' in text
    assert 'route="(unknown)",status="404"' in text
    assert "ticketlake_inbox_undrained 1.0" in text
    assert re.search(r'ticketlake_artifact_age_seconds\{artifact="models/category_baseline"\} \d', text)
    assert "T-1" not in text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nope", 404), ("DELETE", "/v1/metrics", 405)])
def test_also_what_no_route_answers_is_a_problem_with_the_request_id(client, method, path, status):
    answer = client.request(method, path, headers={"X-Request-ID": "mine-1"})

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "mine-1"
    assert answer.json()["title"]


def test_a_request_id_that_could_forge_a_log_line_is_replaced(client):
    given = client.get("/health/live", headers={"X-Request-ID": 'x" level="error'}).headers["x-request-id"]

    assert re.fullmatch("[0-9a-f]{32}", given)


def test_the_log_has_every_request_and_never_what_a_ticket_says(client, lake, capfd):
    secret = "Zwiebelkuchen-4711"
    said = {"ticket_id": "TK-5", "subject": secret, "description": secret}
    client.post("/v1/tickets", json=said, headers={"X-Request-ID": "r-1"})
    client.post("/v1/tickets", json={**said, "tags": secret})
    client.post("/v1/predict-ticket", json={"subject": secret})
    client.post("/v1/events", json={"type": secret})
    client.get(f"/{secret}?q={secret}")
    client.get(f"{VOLUME}?category={secret}")
    client.get("/v1/tickets/TK-5")

    lines = (lake.root / "logs" / "api.log").read_text()
    assert secret not in lines + "".join(capfd.readouterr())
    answered = [json.loads(line) for line in lines.splitlines() if '"answered"' in line]
    assert len(answered) == 7
    assert (answered[0]["request_id"], answered[0]["route"], answered[0]["status"]) == ("r-1", "/v1/tickets", 202)


def test_what_fails_unexpectedly_is_logged_without_its_message(client, lake):
    shutil_target = lake.root / "silver" / "tickets" / "_delta_log"
    for file in shutil_target.glob("*.json"):
        file.write_text('{"Zwiebelkuchen": ')

    answer = client.get("/v1/tickets/TK-0003")

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "Zwiebelkuchen" not in answer.text
    log = (lake.root / "logs" / "api.log").read_text()
    assert '"failed"' in log
    assert "Zwiebelkuchen" not in log


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            PATHS.get(name, "/predict-ticket"),
            example,
        )
        for name, examples in BODIES.items()
        if name in PATHS or name.startswith("predictTicket")
        for example in examples.values()
    ],
)
def test_every_example_in_the_description_is_accepted(client, searched, path, body):
    assert client.post(path, json=body["value"]).status_code in (200, 202)


def test_fifty_readers_see_whole_releases_while_new_ones_are_published(client, lake, republish):
    known = {releases.current_id(lake.root): releases.open_release(lake.root).artifact(baseline.NAME).digest}
    stop: list[bool] = []

    def read(_: int) -> list[tuple[str, str]]:
        seen = []
        while not stop:
            predicted = client.post("/v1/predict-ticket", json={"subject": "the invoice"})
            metric = client.get(f"{VOLUME}?limit=1")
            assert (predicted.status_code, metric.status_code) == (200, 200)
            seen.append((predicted.json()["release"], predicted.json()["targets"]["category"]["model"]["digest"]))
        return seen

    with ThreadPoolExecutor(50) as pool:
        readers = [pool.submit(read, number) for number in range(50)]
        try:
            for round_ in range(1, 4):
                republish(round_)
                release = releases.open_release(lake.root)
                known[release.id] = release.artifact(baseline.NAME).digest
        finally:
            stop.append(True)
        seen = {pair for reader in readers for pair in reader.result()}

    assert seen <= set(known.items())
    assert len(seen) > 1
