"""The closed loop, end to end, with the command that people type; then what follows a rollback."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from operations.events import CATALOGUE
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.releases import open_release

MINUTES = 40
NEW = "Voice Calls"


@pytest.fixture(scope="module")
def story(tmp_path_factory, ticketlake):
    """The lake of the story, and what it told."""
    root = tmp_path_factory.mktemp("loop") / "lake"
    done = ticketlake(root, "demo", "loop", "--tickets", 480, "--keep", root, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return root, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def ticketlake():
    """`ticketlake(lake_root, *arguments)`, with families that are learned in seconds."""
    import sys

    def command(root, *arguments):
        environment = {**os.environ, "LAKE_ROOT": str(root), "DATABASE_URL": "", "ENCODER": "minilm"}
        environment |= {"FAMILIES": "majority,naive_bayes,logistic"}
        return subprocess.run(
            [Path(sys.executable).with_name("ticketlake"), *map(str, arguments)],
            env=environment, capture_output=True, text=True, timeout=MINUTES * 60, check=False,
        )  # fmt: skip

    return command


@pytest.mark.long
def test_a_label_that_nobody_knew_is_learned_from_forty_corrections_and_a_rollback_takes_it_back(story):
    _, told = story
    answers = told["answers"]

    assert answers["before"]["label"] != NEW
    assert answers["after"]["label"] == NEW
    assert answers["rolled_back"]["label"] == answers["before"]["label"]
    assert answers["rolled_back"]["release"] == answers["before"]["release"] != answers["after"]["release"]
    said = {one["step"]: " ".join(one["said"]) for one in told["steps"]}
    assert "40 corrections since it was trained" in said[f"40 corrections by people: {NEW}"]
    assert f"no model knows '{NEW}'" in said[f"40 corrections by people: {NEW}"]
    assert "better: macro F1" in said["challengers are trained, and judged by the gate"]
    assert told["seconds"] >= sum(one["seconds"] for one in told["steps"]) - 1


@pytest.mark.long
def test_what_was_put_back_stays_through_a_build_until_somebody_promotes_the_newer_one(story, ticketlake):
    root, _ = story
    before = open_release(root)
    built = ticketlake(root, "build")
    assert built.returncode in (0, 3), built.stderr
    after = open_release(root)
    status = json.loads(ticketlake(root, "status", "--json").stdout.splitlines()[-1])

    assert after.id != before.id
    assert after.artifact("models/category") == before.artifact("models/category")
    assert "models/category" in status["pinned"]["models"]
    listed = json.loads(ticketlake(root, "models", "list", "--json", "--target", "category").stdout)
    (newer,) = (one["digest"] for one in listed if one["state"] == "promoted")
    done = ticketlake(
        root, "models", "promote", "category", newer[:8], "--reason", "asked for", "--as", "dana", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["digest"] == newer
    assert open_release(root).artifact("models/category").digest == newer
    status = json.loads(ticketlake(root, "status", "--json").stdout.splitlines()[-1])
    assert "models/category" not in (status["pinned"] or {"models": {}})["models"]
    store = open_store(f"sqlite:///{root / 'operations' / 'store.db'}")
    inbox = Inbox(store)
    inbox.stamp()
    heard = [CATALOGUE.read(row.body) for batch in inbox.batches() for row in inbox.read(batch, "event")]
    store.close()
    models = [(one.type, one.actor.id) for one in heard if one.type.startswith("Model")]
    assert models == [("ModelPromoted", "gate"), ("ModelRolledBack", "demo"), ("ModelPromoted", "dana")]
