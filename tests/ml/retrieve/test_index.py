"""An index: a base that stays and what is new beside it, searched as one."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
import polars as pl
import pytest

from ml.retrieve import segment
from ml.retrieve.evidence import fused
from ml.retrieve.index import Index
from ml.retrieve.segment import DOCUMENTS, GRAPH, SETTINGS, VECTORS, WORDS, Segment
from warehouse.errors import ArtifactDamaged, ContractBroken, FormatMismatch

OLD, NEW = slice(0, 440), slice(440, 480)
CHANGED, GONE = (5, 17, 101), (6, 18, 102, 103)


def places_of(index, question, k=10):
    """The k best by words and meaning: ids, in order."""
    near = index.search(question.asked, question.shared)
    best = np.argsort(-fused(near, 0.3, 1.0), kind="stable")[:k]
    return index.documents["ticket_id"].gather(near.places[best]).to_list()


def gain(names, causes, cause):
    """nDCG@10, where every ticket of the cause is right."""
    right = np.array([causes[name] == cause for name in names])
    return float((right / np.log2(np.arange(2, len(right) + 2))).sum() / (1 / np.log2(np.arange(2, 12))).sum())


@pytest.fixture(scope="module")
def made(desk):
    return desk(480, seed=8)


@pytest.fixture(scope="module")
def grown(made):
    """A base of most tickets; beside it the rest, three that were changed and four that are gone."""
    base = Segment.build(made.problems[OLD], made.vectors[OLD], key="ticket_id", encoder="planted")
    said = made.problems[list(CHANGED)].with_columns(title=pl.lit("zeppelin"), body=pl.lit("zeppelin crashed"))
    rows = pl.concat([made.problems[NEW], said])
    vectors = np.concatenate([made.vectors[NEW], -made.vectors[list(CHANGED)]])
    gone = [f"T-{at:05d}" for at in GONE]
    delta = base.delta(rows, vectors, [*rows["ticket_id"], *gone], "digest of the base")
    stays = np.ones(480, dtype=bool)
    stays[[*GONE, *CHANGED]] = False
    stays[NEW] = False
    whole = Index.of(
        pl.concat([made.problems.filter(stays), rows]),
        np.concatenate([made.vectors[stays], vectors]),
        key="ticket_id",
        encoder="planted",
    )
    return base, delta, whole


def test_base_and_delta_find_what_an_index_built_anew_does(made, grown):
    base, delta, whole = grown
    both = Index([base, delta])
    causes = dict(zip(made.problems["ticket_id"], made.causes, strict=True))
    asking = [at for at in range(480) if at not in (*CHANGED, *GONE)][::2]
    found = []
    for at, question in zip(asking, made.past().questions(asking), strict=True):
        names = [places_of(index, question) for index in (both, whole)]
        found.append([gain(one, causes, made.causes[at]) for one in names])

    ours, anew = np.mean(found, axis=0)
    assert 0.5 < anew < 0.999
    assert abs(ours - anew) < 0.005


def test_what_is_gone_is_never_found_and_of_what_changed_only_the_newer_version(made, grown):
    base, delta, _ = grown
    both = Index([base, delta])
    gone = {f"T-{at:05d}" for at in GONE}

    for at, question in zip((*GONE, *CHANGED), made.past().questions([*GONE, *CHANGED]), strict=True):
        before = places_of(Index([base]), question, 500)
        after = places_of(both, question, 500)
        assert made.problems["ticket_id"][at] in before
        assert len(after) == len(set(after))
        assert not gone & set(after)
    new = pl.DataFrame({"title": ["zeppelin"], "body": [""], "errors": [""], "language": ["en"]})
    found = both.search(new, None)
    assert sorted(both.documents["ticket_id"].gather(found.places)) == [f"T-{at:05d}" for at in CHANGED]
    assert both.documents["title"].gather(found.places).unique().to_list() == ["zeppelin"]


def test_what_may_be_found_counts_each_ticket_once(grown):
    base, delta, whole = grown
    both = Index([base, delta])

    assert both.alive.sum() == whole.documents.height == 480 - len(GONE)
    assert both.documents.filter(both.alive)["ticket_id"].is_unique().all()


def test_saved_then_loaded_it_finds_the_same(made, grown, tmp_path):
    base, delta, _ = grown
    for name, one in (("base", base), ("delta", delta)):
        (tmp_path / name).mkdir()
        one.save(tmp_path / name)
    again = Index([Segment.load(tmp_path / "base"), Segment.load(tmp_path / "delta")])
    before = Index([base, delta])

    assert Segment.load(tmp_path / "delta").base == "digest of the base"
    for question in made.past().questions([1, 5, 100, 470]):
        ours, theirs = (index.search(question.asked, question.shared) for index in (before, again))
        assert ours.places.tolist() == theirs.places.tolist()
        assert np.allclose(fused(ours, 0.3, 1.0), fused(theirs, 0.3, 1.0))


def test_a_delta_that_only_takes_away_can_be_saved_and_searched(made, grown, tmp_path):
    base = grown[0]
    base.delta(made.problems[:0], made.vectors[:0], ["T-00000"], "digest").save(tmp_path)
    both = Index([base, Segment.load(tmp_path)])
    [question] = made.past().questions([0])

    assert places_of(Index([base]), question)[0] == "T-00000"
    assert "T-00000" not in places_of(both, question, 500)
    assert len(places_of(both, question, 500)) > 100


@pytest.mark.parametrize("name", [SETTINGS, DOCUMENTS, VECTORS, f"{WORDS}/keyword.json", f"{WORDS}/vocab.index.json"])
@pytest.mark.parametrize("left", [None, 0, 60])
def test_a_file_that_is_cut_or_gone_is_told(grown, tmp_path, name, left):
    grown[1].save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if left is not None:
        (tmp_path / name).write_bytes(whole[:left])

    with pytest.raises(ArtifactDamaged, match="ticketlake build"):
        Segment.load(tmp_path)


def test_a_segment_of_another_format_is_refused(grown, tmp_path):
    grown[1].save(tmp_path)
    text = (tmp_path / SETTINGS).read_text()
    (tmp_path / SETTINGS).write_text(text.replace('"format":1', '"format":2'))

    with pytest.raises(FormatMismatch, match="format 2, expected 1"):
        Segment.load(tmp_path)


def test_segments_of_two_encoders_make_no_index(made, grown):
    other = Segment.build(made.problems[NEW], made.vectors[NEW], key="ticket_id", encoder="another")
    with pytest.raises(ContractBroken, match="different encoders"):
        Index([grown[0], other])


def test_without_a_vector_words_alone_are_asked_and_without_words_meaning_alone(made):
    index = made.index()
    [question] = made.past().questions([4])
    by_words = index.search(question.asked, None)
    by_meaning = index.search(question.asked, question.shared, words=False)

    assert by_words.keyword.max() > 1
    assert not by_words.dense.any()
    assert not by_words.cosines.any()
    assert by_meaning.places[by_meaning.cosines.argmax()] == 4
    assert not by_meaning.keyword.any()


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_an_empty_index_finds_nothing(made):
    index = Index.of(made.problems[:0], made.vectors[:0], key="ticket_id", encoder="planted")
    [question] = made.past().questions([4])

    assert len(index.search(question.asked, question.shared).places) == 0


@pytest.fixture(scope="module")
def large(desk, tmp_path_factory):
    """5,000 tickets, enough for a graph of their vectors, on the disk."""
    made, folder = desk(5_000, seed=2, dimension=96), tmp_path_factory.mktemp("large")
    Segment.build(made.problems, made.vectors, key="ticket_id", encoder="planted").save(folder)
    return made, folder


def written(folder):
    """Digests of all files."""
    return {path: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def asked_near(made, count, seed=0):
    """Vectors between those of two tickets of a cause."""
    draw = np.random.default_rng(seed)
    vectors = made.vectors[draw.integers(0, 5_000, count)] + draw.normal(scale=0.05, size=(count, 96))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_the_graph_finds_98_of_100_nearest(large):
    made, folder = large
    loaded = Segment.load(folder)
    asked = asked_near(made, 200)
    exact = np.argsort(-(made.vectors @ asked.T), axis=0)[:10].T
    found = [set(loaded.nearest(one, 10, None).tolist()) for one in asked]

    assert (folder / GRAPH).is_dir()
    recall = np.mean([len(one & set(right.tolist())) / 10 for one, right in zip(found, exact, strict=True)])
    assert recall >= 0.98


def test_chroma_writes_nothing_where_the_index_lies(large):
    made, folder = large
    before = written(folder)
    loaded = Segment.load(folder)
    index = Index([loaded])
    questions = made.past().questions(range(20))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda one: index.search(one.asked, one.shared).places.tolist(), questions))

    assert all(at in places for at, places in enumerate(found))
    assert written(folder) == before
    assert {path.parent for path in before} >= {folder, folder / GRAPH}


def test_with_a_graph_too_what_is_gone_is_not_found_and_all_that_passes_is(large):
    made, folder = large
    base = Segment.load(folder)
    [question] = made.past().questions([0])
    nearest = base.nearest(question.shared, 150, None)
    gone = [f"T-{at:05d}" for at in nearest[:120]]
    both = Index([base, base.delta(made.problems[:0], made.vectors[:0], gone, "digest")])
    found = both.search(question.asked, question.shared, k=100, words=False)
    few = np.zeros(5_000, dtype=bool)
    few[[nearest[0], nearest[130], 4_000]] = True

    assert len(found.places) == 100
    assert not set(nearest[:120]) & set(found.places)
    assert len(set(nearest[120:]) & set(found.places)) >= 29
    assert set(both.search(question.asked, question.shared, few).places) == {nearest[130], 4_000}


@pytest.mark.parametrize("name", ["chroma.sqlite3", "header.bin"])
def test_a_graph_that_chroma_cannot_read_is_told(large, tmp_path, name):
    folder = tmp_path / "copy"
    shutil.copytree(large[1], folder)
    [file] = (folder / GRAPH).rglob(name)
    file.write_bytes(file.read_bytes()[:10])

    with pytest.raises(ArtifactDamaged, match="Chroma"):
        Segment.load(folder)


def test_a_small_base_is_compared_whole_without_a_graph(grown, tmp_path):
    grown[0].save(tmp_path)
    assert grown[0].documents.height < segment.FEWEST
    assert not (tmp_path / GRAPH).exists()
