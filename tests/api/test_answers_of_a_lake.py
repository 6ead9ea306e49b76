"""Answers of a lake that was built from files: what stands in an article's list comes out as steps."""

import shutil

import pytest
from litestar.testing import TestClient

from api.app import create_app
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def client(followed, tmp_path_factory):
    root = tmp_path_factory.mktemp("answers") / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    with TestClient(create_app(Settings(lake_root=root, _env_file=None))) as opened:
        yield opened


def test_the_list_of_an_article_comes_as_steps_in_its_order(client):
    said = client.post("/v1/answers", json={"text": "The mooring valve of the zeppelin leaks since noon"}).json()

    assert not said["thin"]
    assert "KB-NEW" in {id_ for step in said["steps"] for id_ in step["ids"]}
    assert [step["text"].split()[0].rstrip("d") for step in said["steps"]][:2] == ["Replace", "Ask"]


def test_a_problem_of_ones_own_is_answered_as_one_however_usual_it_is(client):
    for text in ("Most of the exports of DataSync Pro end half-way.", "We get errors in DataSync Pro when we import."):
        said = client.post("/v1/answers", json={"text": text}).json()
        assert said["composer"] == "offline"
        assert said["quality"] is not None


def test_a_broad_question_is_counted_inside_its_filters(client):
    asked = {"text": "What are the most common problems with DataSync Pro?"}
    whole, none = (
        client.post("/v1/answers", json=asked | more).json() for more in ({}, {"filters": {"region": "Nope"}})
    )

    assert whole["composer"] == none["composer"] == "issues"
    assert whole["sentences"]
    assert none["sentences"] == []
    assert none["thin"]
