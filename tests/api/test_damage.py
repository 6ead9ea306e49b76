"""Damaged models over HTTP: what is whole is served, what is not is said, and what is mended is taken up."""

import json
import shutil
from contextlib import contextmanager

import pytest
from litestar.testing import TestClient

from api.app import create_app
from ml.classify import baseline
from warehouse import artifacts, releases
from warehouse.settings import Settings

BILL = {"subject": "question 7", "description": "the invoice shows a wrong amount since yesterday"}
WEIGHTS = "0/weights.npy"


def flip(place):
    content = bytearray((place / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (place / WEIGHTS).write_bytes(content)


def cut(place):
    content = (place / WEIGHTS).read_bytes()
    (place / WEIGHTS).write_bytes(content[:-9])


def lose_a_file(place):
    (place / WEIGHTS).unlink()


def lose_the_card(place):
    (place / artifacts.CARD).unlink()


DAMAGES = [flip, cut, lose_a_file, lose_the_card, shutil.rmtree]


@contextmanager
def started(lake):
    """A client of an API that was started on the lake as it is now."""
    app = create_app(Settings(lake_root=lake.root, _env_file=None))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def predict(client):
    answer = client.post("/v1/predict-ticket", json=BILL)
    assert answer.status_code == 200, answer.text
    return answer.json()


def served(found):
    return {name: answer["served_by"] for name, answer in found["targets"].items()}


def parts(client):
    return {part["name"]: part for part in client.get("/health/ready").json()["parts"]}


def place(lake, name):
    return releases.open_release(lake.root).artifact(name).path


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_champion_that_a_start_finds_damaged_is_left_out_and_said(learned, damage):
    damaged = place(learned, "models/category")
    damage(damaged)
    with started(learned) as client:
        found, health, told = predict(client), client.get("/health/ready").json(), parts(client)

    assert served(found) == {"category": "baseline", "subcategory": "champion", "priority": "champion"}
    assert "models/category" in found["missing"]
    assert (health["status"], health["missing"]) == ("ready", ["models/category"])
    assert str(damaged) in told["models/category"]["detail"]
    assert "ticketlake build --learn" in told["models/category"]["detail"]
    assert told["release"]["version"] == found["release"]
    lines = [json.loads(line) for line in (learned.root / "logs" / "api.log").read_text().splitlines()]
    (error,) = (line for line in lines if line["level"] == "error")
    assert error["part"] == "models/category"
    assert str(damaged) in error["detail"]


def test_a_champion_that_is_made_again_is_served_without_a_restart(learned, tmp_path):
    gone = place(learned, "models/category")
    gone.rename(tmp_path / "aside")
    with started(learned) as client:
        before = served(predict(client))
        (tmp_path / "aside").rename(gone)
        after, health = served(predict(client)), client.get("/health/ready").json()

    assert (before["category"], after["category"]) == ("baseline", "champion")
    assert health["missing"] == []


def test_without_its_encoder_the_baseline_answers(learned):
    shutil.rmtree(place(learned, "models/encoder"))
    with started(learned) as client:
        found, told = predict(client), parts(client)

    assert served(found) == {"category": "baseline"}
    assert "models/subcategory" in found["missing"]
    assert told["models/encoder"]["detail"].endswith("is gone, run `ticketlake build`")


def test_without_its_policy_nothing_is_automated(learned):
    flipped = place(learned, "models/decision_policy") / "policy.json"
    flipped.write_text("{}")
    with started(learned) as client:
        found, policy = predict(client), client.get("/v1/decision-policy")

    assert served(found)["category"] == "champion"
    assert found["targets"]["category"]["decision"]["action"] == "abstain"
    assert (policy.status_code, str(flipped.parent) in policy.json()["detail"]) == (503, True)


def test_where_every_model_is_damaged_it_is_said_which_and_what_to_do(learned):
    for artifact in releases.open_release(learned.root).artifacts.values():
        (artifact.path / artifacts.CARD).write_text("{}")
    with started(learned) as client:
        answer, health = client.post("/v1/predict-ticket", json=BILL), client.get("/health/ready").json()

    assert answer.status_code == 503
    assert f"{baseline.NAME} has digest" in answer.json()["detail"]
    assert "Delete that directory and run `ticketlake build`." in answer.json()["detail"]
    assert {"models/category", "models/encoder", baseline.NAME} <= set(health["missing"])


def test_a_champion_whose_files_are_as_they_were_made_and_cannot_be_read_is_left_out_too(learned):
    def write(folder):
        (folder / "champion.json").write_text("{}")

    current = releases.open_release(learned.root)
    unreadable = artifacts.stage(learned.root, "models/category", write, dict(current.artifact("models/category").card))
    chosen = {**current.artifacts, "models/category": unreadable}.values()
    tables = current.manifest.tables
    releases.publish(learned, chosen, tables, 0, expected=current.id, now=current.manifest.created_at)
    with started(learned) as client:
        found, told = predict(client), parts(client)

    assert (served(found)["category"], served(found)["subcategory"]) == ("baseline", "champion")
    assert told["models/category"]["present"] is False
    assert "cannot be loaded" in told["models/category"]["detail"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_newer_release_that_is_damaged_is_refused_and_the_older_one_keeps_answering(answering, release_of, damage):
    sound = predict(answering)
    newer = release_of("second")
    damage(newer.artifact("models/category").path)

    again = predict(answering)

    assert again["release"] == sound["release"]
    assert served(again) == served(sound)
    assert "models/category" in parts(answering)["release"]["detail"]


def test_a_refused_release_is_taken_once_it_is_whole(answering, release_of, tmp_path):
    sound = predict(answering)
    newer = release_of("second")
    gone = newer.artifact("models/category").path
    gone.rename(tmp_path / "aside")
    refused = predict(answering)
    (tmp_path / "aside").rename(gone)

    assert refused["release"] == sound["release"]
    assert predict(answering)["release"] == newer.id
    assert "detail" not in parts(answering)["release"]
