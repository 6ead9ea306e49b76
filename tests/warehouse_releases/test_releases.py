import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from warehouse import maintenance, releases
from warehouse.errors import ArtifactDamaged, Conflict, ContractBroken, NotMaterialized

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_an_artifact_of_the_same_content_lies_at_the_same_place(make_artifact):
    first, again, other = make_artifact("a"), make_artifact("a"), make_artifact("b")

    assert first == again
    assert first.digest != other.digest
    assert (first.path / "parts" / "weights.txt").read_text() == "a"


def test_an_artifact_of_another_card_is_another_artifact(make_artifact):
    assert make_artifact(seed=1).digest != make_artifact(seed=2).digest


def test_a_writer_that_fails_leaves_nothing_behind(lake):
    def fail(folder):
        (folder / "half").write_text("x")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        releases.stage(lake, "models/broken", fail, {})

    assert [path for path in (lake.root / "artifacts").rglob("*") if path.name != ".staging"] == []


def test_an_artifact_name_cannot_leave_its_directory(make_artifact):
    with pytest.raises(ContractBroken, match="artifact name"):
        make_artifact(name="../elsewhere")


def test_before_the_first_release_it_is_named_as_missing(lake):
    with pytest.raises(NotMaterialized, match="release is not materialized"):
        releases.open_release(lake.root)
    assert releases.current(lake.root) is None


def test_a_published_release_opens_as_it_was_published(lake, make_artifact, publish):
    artifact = make_artifact()

    published = publish(artifact, tables={"silver/tickets": 3}, inbox_seq=7)
    opened = releases.open_release(lake.root)

    assert opened == published
    assert opened.artifact("models/category_baseline") == artifact
    assert (opened.manifest.tables, opened.manifest.inbox_seq) == ({"silver/tickets": 3}, 7)
    assert opened.manifest.created_at == NOW


def test_an_artifact_that_is_not_in_the_release_is_named(make_artifact, publish):
    with pytest.raises(NotMaterialized, match="models/other"):
        publish(make_artifact()).artifact("models/other")


def test_publishing_the_same_again_is_the_same_release(lake, make_artifact, publish):
    first = publish(make_artifact())
    second = publish(make_artifact())

    assert second.id == first.id
    assert len(releases.history(lake.root)) == 1


def test_who_did_not_know_the_current_release_cannot_replace_it(lake, make_artifact, publish):
    publish(make_artifact("a"))

    with pytest.raises(Conflict, match="expected None"):
        releases.publish(lake, [make_artifact("b")], {}, 0, expected=None, now=NOW)


def test_an_index_made_by_another_encoder_cannot_be_published(lake, make_artifact, publish):
    old, new = make_artifact("old", "models/encoder"), make_artifact("new", "models/encoder")
    index = make_artifact("index", "indexes/solutions", requires={"models/encoder": old.digest})

    with pytest.raises(ContractBroken, match=f"requires models/encoder {old.digest}"):
        publish(new, index)
    assert releases.current_id(lake.root) is None
    publish(old, index)


def test_a_model_of_later_rows_than_the_release_names_cannot_be_published(make_artifact, publish):
    model = make_artifact(inputs={"silver/tickets": 5})

    with pytest.raises(ContractBroken, match="silver/tickets at version 5"):
        publish(model, tables={"silver/tickets": 4})
    publish(model, tables={"silver/tickets": 5})


def test_a_file_that_was_changed_is_noticed_before_it_is_used(lake, make_artifact, publish):
    artifact = make_artifact()
    publish(artifact)
    (artifact.path / "parts" / "weights.txt").write_text("other")

    with pytest.raises(ArtifactDamaged, match="was changed"):
        releases.open_release(lake.root)


@pytest.mark.parametrize("lost", ["card.json", "parts/weights.txt"])
def test_a_file_that_is_missing_is_damage_too(lake, lost, make_artifact, publish):
    artifact = make_artifact()
    publish(artifact)
    (artifact.path / lost).unlink()

    with pytest.raises(ArtifactDamaged, match=r"is missing\. Delete that directory and run `ticketlake build`"):
        releases.open_release(lake.root)


def test_damage_names_the_command_that_mends_it(lake, make_artifact, publish):
    artifact = make_artifact(name="models/category")
    publish(artifact)
    (artifact.path / "card.json").write_text("{")

    with pytest.raises(ArtifactDamaged, match="Delete that directory and run `ticketlake build --learn`"):
        releases.open_release(lake.root)


def test_a_directory_that_is_gone_is_missing_and_the_others_can_be_opened(lake, make_artifact, publish):
    kept, gone = make_artifact("a", "models/encoder"), make_artifact("b", "models/category")
    publish(kept, gone)
    shutil.rmtree(gone.path)

    with pytest.raises(NotMaterialized, match=f"{gone.path} is gone, run `ticketlake build --learn`"):
        releases.open_release(lake.root)
    release, faults = releases.open_parts(lake.root)
    assert (list(release.artifacts), list(faults)) == (["models/encoder"], ["models/category"])


def test_rollback_points_to_an_older_release_and_forth_again(lake, make_artifact, publish):
    first, second = publish(make_artifact("a")), publish(make_artifact("b"))

    assert releases.rollback(lake, first.id).id == first.id
    assert releases.open_release(lake.root).id == first.id
    assert publish(make_artifact("b")).id == second.id
    assert [manifest.id for manifest in releases.history(lake.root)] == [second.id, first.id]


@pytest.mark.parametrize("name", ["000009-0123456789ab", "../../etc/passwd"])
def test_rollback_to_what_is_not_there_is_refused(lake, name, make_artifact, publish):
    current = publish(make_artifact())

    with pytest.raises((NotMaterialized, ContractBroken)):
        releases.rollback(lake, name)
    assert releases.current_id(lake.root) == current.id


def test_retention_keeps_the_newest_the_current_and_what_they_cite(lake, make_artifact, publish):
    published = [publish(make_artifact(content)) for content in "abcd"]
    releases.rollback(lake, published[0].id)

    gone = releases.retain(lake, keep=1, now=NOW)

    assert sorted(gone) == sorted(release.id for release in published[1:3])
    assert releases.open_release(lake.root).id == published[0].id
    assert releases.rollback(lake, published[3].id).id == published[3].id
    assert len(list((lake.root / "artifacts/models/category_baseline").iterdir())) == 2


def test_retention_spares_what_a_build_has_just_staged(lake, make_artifact, publish):
    publish(make_artifact("a"))
    staged = make_artifact("b")
    made = datetime.fromtimestamp(os.stat(staged.path).st_mtime, UTC)

    releases.retain(lake, keep=1, now=made + timedelta(hours=1))
    assert staged.path.exists()

    releases.retain(lake, keep=1, now=made + timedelta(days=2))
    assert not staged.path.exists()


def test_versions_that_a_release_or_its_cards_cite_are_pinned(lake, make_artifact, publish):
    publish(make_artifact(inputs={"silver/tickets": 2}), tables={"silver/tickets": 4, "gold/a": 1})

    assert maintenance.pinned_versions(lake.root) == {"gold/a": [1], "silver/tickets": [2, 4]}


def test_a_card_that_is_gone_pins_nothing(lake, make_artifact, publish):
    artifact = make_artifact(inputs={"silver/tickets": 2})
    publish(artifact, tables={"silver/tickets": 4})
    shutil.rmtree(artifact.path)

    assert maintenance.pinned_versions(lake.root) == {"silver/tickets": [4]}
