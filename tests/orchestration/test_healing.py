"""A damaged model: what the error says to do makes it again."""

import re
import shutil

import dagster as dg

from ml.classify import decisions
from orchestration.definitions import defs
from warehouse.artifacts import made_by
from warehouse.releases import open_release

JOBS = {"ticketlake build": "build", "ticketlake build --learn": "learn", "ticketlake build --study": "study"}


def test_each_artifact_names_the_first_command_that_makes_it():
    for asset in (one for one in defs.assets if isinstance(one, dg.AssetsDefinition)):
        for key in (key for key in asset.keys if key.path[0] == "models"):
            made = [job for job in JOBS.values() if key in defs.resolve_job_def(job).asset_layer.executable_asset_keys]
            assert JOBS[made_by("/".join(key.path))] == made[0]


def test_a_champion_that_is_gone_stops_a_plain_build_and_learning_makes_it_again_and_no_other(learned, run):
    before = open_release(learned.root)
    place = before.artifact("models/subcategory").path
    answers = decisions.load(place)
    shutil.rmtree(place)
    plain, done = run(learned.root, "build"), run(learned.root, "build", "--learn")

    assert plain.returncode == 1
    assert f"models/subcategory is not materialized: {place} is gone" in plain.stderr
    assert set(re.findall(r"run `(ticketlake [^`]+)`", plain.stderr)) == {"ticketlake build --learn"}
    assert done.returncode in (0, 3), done.stderr
    after = open_release(learned.root)
    anew = {name for name, part in before.artifacts.items() if after.artifact(name) != part}
    assert anew == {"models/subcategory", decisions.NAME}
    assert decisions.load(after.artifact("models/subcategory").path).equals(answers)


def test_baseline_encoder_and_policy_are_made_again_by_a_plain_build(learned, run):
    before = open_release(learned.root)
    for name in ("models/category_baseline", "models/encoder", "models/decision_policy"):
        shutil.rmtree(before.artifact(name).path)
    done = run(learned.root, "build")

    assert done.returncode in (0, 3), done.stderr
    assert open_release(learned.root).id == before.id
