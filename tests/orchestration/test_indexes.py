"""Indexes: what is new lies beside what stays, until it is much."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from ml.retrieve.index import Index
from ml.retrieve.segment import Segment
from ml.text.vectors import packed
from orchestration.build import build
from orchestration.defs import indexes
from service.finding import Finding
from service.loading import Loading
from service.models import Models
from warehouse import artifacts, releases
from warehouse.artifacts import Artifact
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.search import PASSAGES, PROBLEMS
from warehouse.delta import Lake
from warehouse.errors import ContractBroken
from warehouse.purge import purge

NOW = datetime(2026, 3, 1, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("index_and_die.py")
TICKETS, ARTICLES = indexes.INDEXED


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """An encoder of 16 columns, as far as indexing asks one."""
    folder = tmp_path_factory.mktemp("encoder")
    block = {"kind": "universal", "name": "a", "dimension": 16, "languages": "many", "tokens": 9, "files": {}}
    manifest = {"format": 1, "recipe": "r", "blocks": [block], "fidelity": {}}
    (folder / "encoder.json").write_bytes(msgspec.json.encode(manifest))
    return Artifact("models/encoder", "d", folder, {"encoder": "e", "blocks": {"a": 16}})


def filled(table, values):
    frame = pl.DataFrame(values)
    blanks = [pl.lit(None, dtype).alias(name) for name, dtype in table.schema.items() if name not in values]
    return frame.with_columns(blanks).select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())


def put(lake, numbers, said="the export stops"):
    """Tickets, with a vector each."""
    hashes = [f"h-{said}-{number}" for number in numbers]
    rows = {
        "ticket_id": [f"T-{number:04d}" for number in numbers],
        "created_at": [NOW + timedelta(hours=number) for number in numbers],
        "title": [f"{said} {number}" for number in numbers],
        "body": [said] * len(numbers),
        "errors": [""] * len(numbers),
        "language": ["en"] * len(numbers),
        "text_hash": hashes,
    }
    lake.merge(PROBLEMS, filled(PROBLEMS, rows))
    vectors = np.random.default_rng(numbers[0]).normal(size=(len(numbers), 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    known = {"text_hash": hashes, "encoder": ["e"] * len(numbers), "vector": packed(vectors)}
    lake.merge(EMBEDDINGS, pl.DataFrame(known))


def bring_up(lake, encoder, **options):
    """Index the tickets and publish that, as a build does: what was done, base and delta."""
    base, delta, status = indexes.brought_up(lake, TICKETS, encoder, **options)
    parts = [part for part in (base, delta) if part is not None]
    versions = {PROBLEMS.path: lake.data_version(PROBLEMS)}
    releases.publish(lake, parts, versions, 0, expected=releases.current_id(lake.root), now=NOW)
    return status, base, delta


def opened(lake):
    """What the current release finds tickets with."""
    release = releases.open_release(lake.root)
    loading = Loading(release, {})
    return Finding.load(loading, Models.load(loading, lambda *_: None)).searcher.tickets


def names(index):
    return sorted(index.documents.filter(index.alive)["ticket_id"])


def staged(lake):
    """Everything below artifacts/, with its bytes."""
    return {path: path.stat().st_mtime_ns for path in (lake.root / "artifacts").rglob("*") if path.is_file()}


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    put(lake, range(200))
    lake.ensure(PASSAGES)
    return lake


def test_the_first_build_makes_a_base_and_nothing_beside_it(lake, encoder):
    status, base, delta = bring_up(lake, encoder)

    assert (status, delta) == ("built", None)
    assert base.card["documents"] == 200
    assert base.inputs == {PROBLEMS.path: lake.data_version(PROBLEMS)}
    assert names(opened(lake)) == [f"T-{number:04d}" for number in range(200)]
    assert indexes.brought_up(lake, ARTICLES, encoder) == (None, None, "nothing to index")


def test_what_was_purged_before_it_was_indexed_is_indexed_anew(lake, encoder):
    bring_up(lake, encoder)
    put(lake, range(200, 210))
    purge(lake, PROBLEMS)
    status, base, delta = bring_up(lake, encoder)

    assert (status, delta) == ("built", None)
    assert base.card["documents"] == 210


def test_where_nothing_is_new_nothing_is_staged(lake, encoder):
    first = bring_up(lake, encoder)
    before = staged(lake)

    assert bring_up(lake, encoder) == ("up to date", first[1], None)
    put(lake, range(200, 210))
    second = bring_up(lake, encoder)
    after = staged(lake)
    assert bring_up(lake, encoder) == ("up to date", first[1], second[2])
    assert staged(lake) == after != before


def test_new_changed_and_erased_tickets_are_a_delta_and_the_base_stays(lake, encoder):
    _, base, _ = bring_up(lake, encoder)
    put(lake, range(200, 210))
    assert bring_up(lake, encoder)[2].card["documents"] == 10
    put(lake, [3, 4], said="a submarine dives")
    lake.delete(PROBLEMS, pl.DataFrame({"ticket_id": ["T-0007", "T-0205"]}))
    status, again, delta = bring_up(lake, encoder)

    assert (status, again.digest) == ("delta built", base.digest)
    assert delta.card["documents"] == 11
    assert delta.requires == {TICKETS.name: base.digest}
    index = opened(lake)
    rows = lake.read(PROBLEMS)
    assert names(index) == sorted(rows["ticket_id"])
    shown = index.documents.filter(index.alive).select("ticket_id", "title").sort("ticket_id")
    assert shown.equals(rows.select("ticket_id", "title").sort("ticket_id"))


def test_every_document_has_its_own_vector_in_base_and_delta(lake, encoder):
    bring_up(lake, encoder)
    put(lake, range(200, 210))
    bring_up(lake, encoder)
    index = opened(lake)
    known = dict(lake.read(EMBEDDINGS).select("text_hash", "vector").iter_rows())

    vectors = index.vectors(np.arange(index.documents.height))
    expected = np.array([np.frombuffer(known[name], "<f4") for name in index.documents["text_hash"]])
    assert np.allclose(vectors, expected)


def test_what_is_much_becomes_a_new_base(lake, encoder):
    _, base, _ = bring_up(lake, encoder)
    put(lake, range(200, 200 + int(200 * indexes.MERGED_AT)))
    assert bring_up(lake, encoder)[0] == "delta built"
    put(lake, [230])
    status, merged, delta = bring_up(lake, encoder)

    assert (status, delta) == ("merged", None)
    assert merged.digest != base.digest
    assert merged.card["documents"] == 221
    assert list(releases.current(lake.root).artifacts) == [TICKETS.name]
    assert names(opened(lake)) == sorted(lake.read(PROBLEMS)["ticket_id"])


def test_maintenance_merges_what_is_little_and_nothing_where_there_is_none(lake, encoder):
    _, base, _ = bring_up(lake, encoder)
    assert bring_up(lake, encoder, merge=True) == ("up to date", base, None)
    put(lake, [200])
    bring_up(lake, encoder)

    status, merged, delta = bring_up(lake, encoder, merge=True)
    assert (status, delta, merged.card["documents"]) == ("merged", None, 201)


def test_vectors_of_another_encoder_are_an_index_of_their_own(lake, encoder):
    _, base, _ = bring_up(lake, encoder)
    put(lake, [200])
    bring_up(lake, encoder)
    other = Artifact("models/encoder", "d2", encoder.path, {**encoder.card, "encoder": "e2"})
    status, anew, delta = bring_up(lake, other)

    assert (status, delta) == ("built", None)
    assert anew.digest != base.digest
    assert Segment.load(anew.path).encoder == "e2"


def test_when_the_base_is_gone_it_is_made_again_from_everything(lake, encoder):
    _, base, _ = bring_up(lake, encoder)
    put(lake, [200])
    bring_up(lake, encoder)
    shutil.rmtree(base.path)

    status, again, delta = bring_up(lake, encoder)
    assert (status, delta, again.card["documents"]) == ("built", None, 201)


def test_a_delta_cannot_be_published_without_its_base(lake, encoder):
    bring_up(lake, encoder)
    put(lake, [200])
    delta = bring_up(lake, encoder)[2]

    versions = {PROBLEMS.path: lake.data_version(PROBLEMS)}
    with pytest.raises(ContractBroken, match="requires indexes/tickets"):
        releases.publish(lake, [delta], versions, 0, expected=releases.current_id(lake.root), now=NOW)


def test_killed_while_it_indexes_the_old_index_serves_and_the_next_run_completes(lake, encoder, tmp_path):
    bring_up(lake, encoder)
    put(lake, range(200, 210))
    old = releases.current_id(lake.root)

    def run(root, die_at):
        command = [sys.executable, str(SCRIPT), str(root), str(encoder.path), str(die_at)]
        environment = {"PYTHONPATH": str(REPOSITORY)}
        return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)

    whole = tmp_path / "whole"
    shutil.copytree(lake.root, whole)
    expected = run(whole, 0)
    assert expected.returncode == 0, expected.stderr
    assert "delta built" in expected.stdout
    killed = 0
    for die_at in (2, 6, 11):
        root = tmp_path / f"killed-{die_at}"
        shutil.copytree(lake.root, root)
        died = run(root, die_at)
        killed += died.returncode == -9
        assert releases.current_id(root) == old
        assert names(opened(Lake(root))) == [f"T-{number:04d}" for number in range(200)]
        assert run(root, 0).stdout == expected.stdout

    assert killed == 3


def test_a_second_build_of_a_real_lake_makes_deltas_and_articles_that_came_make_a_base(built_once, followed):
    first, second = (releases.current(root).artifacts for root in (built_once[0], followed[0]))

    assert first[TICKETS.name] == second[TICKETS.name]
    assert TICKETS.name + indexes.DELTA not in first
    assert ARTICLES.name in second.keys() - first.keys()
    delta = artifacts.load(followed[0], TICKETS.name + indexes.DELTA, second[TICKETS.name + indexes.DELTA])
    assert delta.card["documents"] == 26
    made = Index(
        [Segment.load(releases.open_release(followed[0]).artifact(TICKETS.name).path), Segment.load(delta.path)]
    )
    assert names(made) == sorted(Lake(followed[0]).read(PROBLEMS)["ticket_id"])


def test_the_weekly_merge_makes_one_base_and_publishes_it_and_a_second_one_nothing(followed, tmp_path, monkeypatch):
    root = tmp_path / "lake"
    monkeypatch.setenv("LAKE_ROOT", str(root))
    shutil.copytree(followed[0], root, symlinks=True)
    before = releases.current(root)
    assert build(root, job="merge").failures == []
    merged = releases.current(root)

    assert TICKETS.name + indexes.DELTA not in merged.artifacts
    changed = {name for name, digest in merged.artifacts.items() if before.artifacts.get(name) != digest}
    assert changed == {TICKETS.name}
    assert names(opened(Lake(root))) == sorted(Lake(root).read(PROBLEMS)["ticket_id"])
    assert build(root, job="merge").failures == []
    assert releases.current(root).id == merged.id
