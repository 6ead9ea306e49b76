"""The catalogue of events in `docs/events`: it says what the code takes, and what was promised once stays so."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from operations.event_readme import TOLD
from operations.event_schemas import faults, files, is_version, schemas, write
from operations.events import CATALOGUE, Actor, envelope
from warehouse.errors import ContractBroken
from warehouse.payloads import UPCASTS, VERSIONS, IncidentOpened, PredictedLabel, PredictionMade

FOLDER = Path(__file__).parents[2] / "docs" / "events"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_the_files_say_what_the_code_says() -> None:
    found = {file.relative_to(FOLDER).as_posix(): file.read_text() for file in FOLDER.rglob("*") if file.is_file()}

    assert found == files()


def test_every_type_is_explained_and_every_older_version_leads_to_the_newest() -> None:
    assert TOLD.keys() == VERSIONS.keys()
    assert set(UPCASTS) == {(name, version) for name, known in VERSIONS.items() for version in sorted(known)[:-1]}


def test_every_schema_is_one() -> None:
    for schema in schemas().values():
        Draft202012Validator.check_schema(schema)


def test_what_a_version_allows_the_next_one_allows() -> None:
    made = schemas()

    for name, versions in VERSIONS.items():
        for version in sorted(versions)[:-1]:
            assert faults(made[f"{name}.v{version}.json"], made[f"{name}.v{version + 1}.json"]) == []


def test_a_version_that_was_released_is_not_written_again(tmp_path: Path) -> None:
    assert write(tmp_path) == sorted(files())
    assert write(tmp_path) == []
    file = tmp_path / "FeedbackGiven.v1.json"
    older = json.loads(file.read_text())
    older["$defs"]["FeedbackGiven"]["properties"]["stars"] = {"type": "integer"}
    file.write_text(json.dumps(older))
    (tmp_path / "README.md").write_text("old")

    with pytest.raises(ContractBroken, match=r"FeedbackGiven\.v1\.json"):
        write(tmp_path)

    assert (tmp_path / "README.md").read_text() == "old"


def test_words_that_explain_a_version_may_change(tmp_path: Path) -> None:
    write(tmp_path)
    file = tmp_path / "FeedbackGiven.v1.json"
    older = json.loads(file.read_text())
    older["$defs"]["FeedbackGiven"]["description"] = "Said otherwise."
    file.write_text(json.dumps(older))

    assert write(tmp_path) == ["FeedbackGiven.v1.json"]


def test_changes_that_break_senders_are_found() -> None:
    older = schemas()["LabelCorrected.v1.json"]
    body = older["$defs"]["LabelCorrectedV1"]
    gone, required, narrowed, typed = (copy.deepcopy(older) for _ in range(4))
    del gone["$defs"]["LabelCorrectedV1"]["properties"]["previous"]
    required["$defs"]["LabelCorrectedV1"]["required"] = [*body["required"], "previous"]
    narrowed["$defs"]["LabelCorrectedV1"]["properties"]["field"]["enum"] = body["properties"]["field"]["enum"][1:]
    typed["$defs"]["LabelCorrectedV1"]["properties"]["value"] = {"type": "integer"}

    assert faults(older, gone) == ["$.previous is gone"]
    assert faults(older, required) == ["$.previous is required now"]
    assert faults(older, narrowed) == ["$.field lost category"]
    assert faults(older, typed) == ["$.value is of another type"]
    assert not is_version("envelope.kept.json")


@pytest.mark.parametrize(
    "payload",
    [
        IncidentOpened(incident_id="INC-1", name="Export 3.3", severity="high"),
        PredictionMade(
            prediction_id="p", release="r", targets={"category": PredictedLabel(decision="abstain", confidence=0.2)}
        ),
    ],
)
def test_what_we_say_ourselves_is_what_its_schema_says_and_can_be_read(payload: msgspec.Struct) -> None:
    kind = type(payload).__name__
    said = envelope(payload, actor=Actor("system", "worker"), key="k", event_time=NOW, received_time=NOW)  # type: ignore[arg-type]

    Draft202012Validator(schemas()[f"{kind}.v1.json"]).validate(msgspec.to_builtins(payload))
    assert CATALOGUE.read(said.entry().body).payload == payload
