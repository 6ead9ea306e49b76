"""New issue types and unanswered questions follow their tables: what is new is read, and read once."""

import shutil
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import polars as pl
import pytest

from ml.text.encoder import read_manifest
from ml.text.vectors import packed
from orchestration.defs import novel, unanswered
from warehouse.artifacts import Artifact
from warehouse.contracts.anomalies import NEW_ISSUES, SENTENCES, STRANGE_SENTENCES, UNANSWERED
from warehouse.contracts.features import EMBEDDINGS
from warehouse.contracts.search import PROBLEMS
from warehouse.contracts.silver import SEARCH_EVENTS
from warehouse.delta import Lake

START = datetime(2026, 3, 2, tzinfo=UTC)
PARTS = (
    ("the invoice", "our export", "the nightly report", "a login", "the password", "my dashboard", "the backup",
     "this import", "the mail", "a chart"),
    ("is wrong", "does not load", "stops halfway", "takes for ever", "shows an error", "was lost", "is empty",
     "cannot be opened", "came twice", "looks strange"),
    ("since monday", "for our accountant", "in the new office", "after the update", "on every computer",
     "when we are many", "without any message", "at the end of the month", "with large files", "for one colleague"),
)  # fmt: skip
A_DAY = 40
PLANTED = (
    "the zeppelin does not want to moor at our mast", "our zeppelin cannot moor at the mast",
    "mooring the zeppelin at its mast fails", "the zeppelin drifts off while we moor it",
    "we cannot moor the zeppelin", "the mast does not hold the zeppelin", "our zeppelin came off its mast",
    "the zeppelin will not moor", "der zeppelin lässt sich nicht am mast festmachen",
    "no zeppelin can moor at the mast",
)  # fmt: skip


def shaped(table, rows):
    """The rows as the table has them, what they lack null or empty."""
    frame = pl.DataFrame(rows)
    blanks = []
    for column in table.columns:
        if column.name not in frame.columns:
            empty = {pl.String: "", pl.Float64: 0.0, pl.Int64: 0, pl.Boolean: False}.get(column.dtype, [])
            blanks.append(pl.lit(empty if column.name in table.required else None, column.dtype).alias(column.name))
    return frame.with_columns(blanks).select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())


def usual(days):
    sentences = [" ".join(parts) for parts in product(*PARTS)]
    order = np.random.default_rng(2).permutation(len(sentences))
    return [
        (START + timedelta(minutes=36 * number), f"C-{number % 97}", sentences[order[number % len(order)]])
        for number in range(days * A_DAY)
    ]


def planted():
    begin = START + timedelta(days=26)
    return [(begin + timedelta(hours=number), f"N-{number}", text) for number, text in enumerate(PLANTED)]


def put(lake, tickets, prefix):
    lake.merge(
        PROBLEMS,
        shaped(
            PROBLEMS,
            [
                {
                    "ticket_id": f"{prefix}-{number:05d}",
                    "created_at": at,
                    "customer_id": customer,
                    "title": "",
                    "body": f"{text}. Thank you, [PERSON]",
                    "errors": "",
                    "product": "Mast",
                    "product_version": "1.0",
                    "text_hash": f"{prefix}-{number}",
                }
                for number, (at, customer, text) in enumerate(tickets)
            ],
        ),
    )


@pytest.fixture(scope="module")
def encoder(encoder_folder):
    manifest = read_manifest(encoder_folder)
    card = {"encoder": manifest.digest, "blocks": {block.name: block.dimension for block in manifest.blocks}}
    return Artifact("models/encoder", "d", encoder_folder, card)


def fresh(root):
    lake = Lake(root)
    for table in (PROBLEMS, EMBEDDINGS, SENTENCES, STRANGE_SENTENCES, NEW_ISSUES, UNANSWERED, SEARCH_EVENTS):
        lake.ensure(table)
    return lake


@pytest.fixture(scope="module")
def watched(tmp_path_factory, encoder):
    """A lake that took in the usual first and what is new a day later."""
    lake = fresh(tmp_path_factory.mktemp("novel") / "lake")
    put(lake, usual(26), "T")
    first = novel.follow(lake, encoder, print)
    put(lake, planted(), "N")
    return lake, first, novel.follow(lake, encoder, print)


def test_an_empty_lake_has_no_candidates(tmp_path, encoder):
    lake = fresh(tmp_path / "lake")
    assert novel.follow(lake, encoder, print) == 0
    assert unanswered.follow(lake, encoder) == 0
    assert lake.read(NEW_ISSUES).is_empty()
    assert lake.read(UNANSWERED).is_empty()


def test_one_ticket_is_no_candidate(tmp_path, encoder):
    lake = fresh(tmp_path / "lake")
    put(lake, planted()[:1], "T")
    assert novel.follow(lake, encoder, print) == 1
    assert lake.read(NEW_ISSUES).is_empty()
    assert lake.read(SENTENCES)["strange"].to_list() == [False]


def test_a_new_topic_is_found_and_only_new_tickets_are_read(watched):
    lake, first, then = watched
    assert (first, then) == (26 * A_DAY, len(PLANTED))
    found = lake.read(NEW_ISSUES).filter(pl.col("known_at").is_not_null())
    assert found["state"].to_list() == ["new"]
    assert "zeppelin" in found["terms"][0]
    assert set(found["ticket_ids"][0]) <= {f"N-{number:05d}" for number in range(len(PLANTED))}


def test_the_same_again_does_nothing(watched, encoder):
    lake, _, _ = watched
    before = [lake.version(table) for table in (SENTENCES, STRANGE_SENTENCES, NEW_ISSUES)]
    assert novel.follow(lake, encoder, print) == 0
    assert [lake.version(table) for table in (SENTENCES, STRANGE_SENTENCES, NEW_ISSUES)] == before


def test_no_name_nor_sentence_holds_what_was_redacted(watched):
    lake, _, _ = watched
    assert not lake.read(STRANGE_SENTENCES)["sentence"].str.contains("person").any()
    assert not lake.read(NEW_ISSUES)["name"].str.contains("person").any()


def test_erased_tickets_leave_neither_sentence_nor_candidate(watched, encoder, tmp_path):
    shutil.copytree(watched[0].root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    lake.delete(PROBLEMS, pl.DataFrame({"ticket_id": [f"N-{number:05d}" for number in range(len(PLANTED))]}))
    assert novel.follow(lake, encoder, print) == len(PLANTED)
    assert lake.read(NEW_ISSUES).filter(pl.col("known_at").is_not_null()).is_empty()
    assert not lake.read(STRANGE_SENTENCES)["sentence"].str.contains("zeppelin").any()
    assert lake.read(SENTENCES)["first_at"].max() < START + timedelta(days=26)


def test_unanswered_topics_follow_the_searches(tmp_path, encoder):
    lake = fresh(tmp_path / "lake")
    width = sum(encoder.card["blocks"].values())
    draw = np.random.default_rng(1)
    names = [f"usual {number}" for number in range(12)] + ["moor a zeppelin"]
    vectors = draw.normal(size=(len(names), width)).astype(np.float32)
    rows = pl.DataFrame({"text_hash": names, "encoder": encoder.card["encoder"], "vector": packed(vectors)})
    lake.append(EMBEDDINGS, rows)

    def asked(number, text, failed):
        return {
            "search_id": f"s-{number:04d}", "asked_at": START + timedelta(minutes=20 * number), "ticket_id": "*",
            "asker": f"A-{number}", "text": text, "text_hash": text, "low_score": failed,
        }  # fmt: skip

    some = [asked(number, names[number % 12], number % 9 == 0) for number in range(200)]
    lake.append(SEARCH_EVENTS, shaped(SEARCH_EVENTS, some))
    assert unanswered.follow(lake, encoder) == 200
    assert lake.read(UNANSWERED).filter(pl.col("known_at").is_not_null()).is_empty()
    more = [asked(200 + number, names[12], True) for number in range(6)]
    lake.append(SEARCH_EVENTS, shaped(SEARCH_EVENTS, more))
    unanswered.follow(lake, encoder)
    found = lake.read(UNANSWERED).filter(pl.col("known_at").is_not_null())
    assert found["examples"].to_list() == [["moor a zeppelin"]]
    assert found["terms"].to_list() == [["moor", "zeppelin"]]
    assert unanswered.follow(lake, encoder) == 0
