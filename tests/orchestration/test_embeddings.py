"""Each text is encoded once in its life; the encoder is exported once in the life of a lake."""

import json
import shutil

import numpy as np
import polars as pl
import pytest

from ml.inputs import encoded
from ml.text.clean import digest
from ml.text.encoder import load
from ml.text.vectors import text_hash, unpacked
from orchestration.defs import embeddings
from orchestration.defs.embeddings import NAME, embed, export
from warehouse import artifacts
from warehouse.contracts import silver
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.search import PASSAGES, SOLUTIONS
from warehouse.delta import Lake
from warehouse.errors import ArtifactDamaged
from warehouse.releases import open_release

SAID = ["the export is empty", "the export is empty", "the invoice is wrong", ""]


def tickets(words, start=0):
    rows = [
        {"ticket_id": f"T-{n}", "subject": "help", "description": text, "load_id": "l", "record_hash": "h"}
        for n, text in enumerate(words, start)
    ]
    opened = pl.lit("2026-01-01").str.to_datetime(time_unit="us", time_zone="UTC")
    return pl.DataFrame(rows, schema=silver.TICKETS.schema).with_columns(opened.alias("created_at"))


def hashes(lake):
    return set(lake.read(EMBEDDINGS)["text_hash"])


def expected(lake):
    found = set(text_hash(encoded(lake.read(silver.TICKETS))))
    there = [table for table in (PASSAGES, SOLUTIONS) if lake.exists(table)]
    return found.union(*(set(lake.read(table)["text_hash"]) for table in there))


@pytest.fixture
def lake(tmp_path):
    """A lake with four tickets that say three things."""
    lake = Lake(tmp_path / "lake")
    lake.merge(silver.TICKETS, tickets(SAID))
    lake.ensure(EMBEDDINGS)
    return lake


@pytest.fixture
def encoder(lake, encoder_folder):
    """Its encoder, as an artifact."""
    return export(lake, [str(encoder_folder)])


def test_what_two_tickets_say_is_encoded_once_and_can_be_read_back(lake, encoder, encoder_folder):
    assert embed(lake, encoder, print) == 3
    rows = lake.read(EMBEDDINGS).sort("text_hash")
    assert rows.height == 3
    texts = encoded(lake.read(silver.TICKETS).unique("description"))
    order = pl.DataFrame({"hash": text_hash(texts), "text": texts}).sort("hash")
    model = load(encoder_folder)
    assert set(rows["encoder"]) == {model.digest}
    assert np.allclose(unpacked(rows["vector"], model.dimension), model.encode(order["text"].to_list()), atol=1e-2)


def test_letters_that_differ_only_in_greeting_and_signature_are_one_text(lake, encoder):
    letters = ["Hi,\nthe export is empty\n\nRegards\nAnn Lee", "the export is empty\n\nSent from my phone"]
    lake.merge(silver.TICKETS, tickets(letters, start=4))

    assert embed(lake, encoder, print) == 3
    assert hashes(lake) == expected(lake)


def test_vectors_of_texts_that_were_cleaned_in_another_way_go(lake, encoder):
    embed(lake, encoder, print)
    stray = lake.read(EMBEDDINGS).head(1).with_columns(text_hash=pl.lit("of a text cleaned in another way"))
    version = lake.data_version(silver.TICKETS)
    lake.delete(EMBEDDINGS, lake.read(EMBEDDINGS).select(EMBEDDINGS.primary_key))
    lake.append(EMBEDDINGS, stray, progress={f"{silver.TICKETS.path}@{encoder.card['encoder']}@before": version})

    assert embed(lake, export(lake, ["universal"]), print) == 3
    assert hashes(lake) == expected(lake)


def test_nothing_new_commits_nothing(lake, encoder):
    embed(lake, encoder, print)
    before = lake.version(EMBEDDINGS)
    assert embed(lake, encoder, print) == 0
    assert lake.version(EMBEDDINGS) == before


def test_progress_is_told_of_all_that_was_encoded_so_far(lake, encoder, monkeypatch):
    monkeypatch.setattr(embeddings, "BATCH", 2)
    told = []
    assert embed(lake, encoder, told.append) == 3
    assert told == ["2 of 3 texts encoded", "3 of 3 texts encoded"]


def test_new_and_changed_tickets_cost_only_the_texts_that_nobody_said_before(lake, encoder):
    embed(lake, encoder, print)
    lake.merge(silver.TICKETS, tickets(["the invoice is wrong", "a new problem"], start=3))
    told = []
    assert embed(lake, encoder, told.append) == 1
    assert told == ["1 of 1 texts encoded"]
    assert expected(lake) <= hashes(lake)


def test_a_change_that_touches_no_text_moves_progress_and_no_row(lake, encoder):
    embed(lake, encoder, print)
    before = lake.data_version(EMBEDDINGS)
    lake.merge(silver.TICKETS, tickets(SAID).with_columns(category=pl.lit("Billing")))
    assert embed(lake, encoder, print) == 0
    assert lake.data_version(EMBEDDINGS) == before
    source = f"{silver.TICKETS.path}@{encoder.card['encoder']}@{digest()}"
    assert lake.progress(EMBEDDINGS, source) == lake.data_version(silver.TICKETS)


def test_vectors_go_with_the_last_ticket_that_said_it(lake, encoder):
    embed(lake, encoder, print)
    lake.delete(silver.TICKETS, pl.DataFrame({"ticket_id": ["T-0", "T-2"]}))
    embed(lake, encoder, print)
    assert hashes(lake) == expected(lake)
    assert lake.row_count(EMBEDDINGS) == 2


def test_another_encoder_reads_everything_anew_beside_the_old(lake, encoder):
    embed(lake, encoder, print)
    other = export(lake, ["universal"])
    assert embed(lake, other, print) == 3
    assert lake.row_count(EMBEDDINGS) == 6
    assert lake.read(EMBEDDINGS)["vector"].bin.size().unique().sort().to_list() == [512 * 4, 896 * 4]
    assert embed(lake, encoder, print) == 0


def test_what_a_killed_run_has_encoded_is_not_encoded_again(lake, encoder):
    embed(lake, encoder, print)
    half = lake.read(EMBEDDINGS).head(2)
    shutil.rmtree(lake.path(EMBEDDINGS))
    lake.append(EMBEDDINGS, half)
    assert embed(lake, encoder, print) == 1
    assert hashes(lake) == expected(lake)


def test_the_artifact_is_the_same_in_every_lake(lake, encoder, encoder_folder, tmp_path):
    elsewhere = export(Lake(tmp_path / "other"), [str(encoder_folder)])
    assert elsewhere.digest == encoder.digest
    assert elsewhere.card["encoder"] == load(elsewhere.path).digest
    assert elsewhere.card["least_cosine_to_original"]["all-MiniLM-L6-v2"] >= 0.99


def test_an_artifact_that_was_changed_is_refused(lake, encoder):
    weights = encoder.path / "0" / "model.bin"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ArtifactDamaged, match="was changed"):
        artifacts.load(lake.root, NAME, encoder.digest)
    with pytest.raises(ArtifactDamaged, match="truncated, changed or lost"):
        embed(lake, encoder, print)


def test_a_build_exports_embeds_and_publishes_and_a_second_does_neither(built, run):
    lake = Lake(built)
    assert hashes(lake) == expected(lake)
    published = open_release(built).artifact(NAME)
    assert load(published.path).dimension == 896
    before = lake.version(EMBEDDINGS)
    done = run(built, "build", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    versions = {item["asset"]: item["version"] for item in report["built"]}
    assert versions[NAME] == published.digest
    assert lake.version(EMBEDDINGS) == before
