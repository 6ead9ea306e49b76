"""The measurement of searches, on a lake that is small."""

import polars as pl
import pytest

from benchmarks.enlarged import enlarge, larger
from benchmarks.search import added, asking
from benchmarks.searched import TIMED, bare, recall, stages
from ml.retrieve.searcher import TICKETS
from ml.text.encoder import read_manifest
from ml.text.vectors import unpacked
from warehouse.contracts import graph, search
from warehouse.contracts.features import EMBEDDINGS
from warehouse.delta import Lake
from warehouse.releases import open_release

MANY = 3_000


@pytest.fixture
def enlarged(built):
    """A lake of 3,000 tickets made of 600."""
    seconds = larger(built, MANY)
    assert seconds[TICKETS] > 0
    return built


def test_what_is_measured_is_there_and_a_few_more_tickets_cost_less_than_all(enlarged, tmp_path):
    asked = asking(tmp_path, 8)
    found = stages(enlarged, asked)

    assert Lake(enlarged).row_count(search.PROBLEMS) == MANY
    assert open_release(enlarged).artifact(TICKETS).card["documents"] == MANY
    assert {name for name, _, _ in TIMED} <= found.took.keys()
    for name in ("forward of the encoder", "keyword, of tickets and articles", "walk through the graph"):
        assert found.took[name] > 0
    assert sum(found.took[name] for name, _, _ in TIMED) < found.took["all but HTTP"]
    assert set(recall(enlarged, found.vectors).values()) == {1.0}
    assert all(took > 0 for took in bare(enlarged, found.vectors, found.texts).values())
    took = added(enlarged, 30)
    assert 0 < took["empty"] < took["delta"]


def test_new_tickets_are_alike_but_not_the_same_and_hang_together_as_the_old_ones(built):
    lake = Lake(built)
    encoder = open_release(built).artifact("models/encoder")
    before = lake.read(search.PROBLEMS)

    enlarge(lake, encoder, 200)

    made = lake.read(search.PROBLEMS).join(before, on="ticket_id", how="anti")
    assert made.height == 200
    assert made["text_hash"].is_in(lake.read(EMBEDDINGS)["text_hash"].implode()).all()
    assert not made["body"].is_in(before["body"].implode()).all()
    vectors = unpacked(lake.read(EMBEDDINGS).join(made, on="text_hash", how="semi")["vector"], 896)
    blocks = [block.dimension for block in read_manifest(encoder.path).blocks]
    assert (vectors[:, : blocks[0]] ** 2).sum(axis=1) == pytest.approx(1.0, abs=1e-4)
    named = "Ticket:" + made["ticket_id"]
    edges = lake.read(graph.EDGES).filter(pl.col("source").is_in(named.implode()))
    assert edges["source"].n_unique() == 200
