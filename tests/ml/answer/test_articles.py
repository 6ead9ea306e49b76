"""Articles as people write them, cut into passages and indexed, come out of a search as steps in their order."""

from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl
import pytest

from ml.answer.articles import whole
from ml.answer.checked import checked
from ml.answer.compose import Offline
from ml.answer.evidence import Evidence, evidence, question
from ml.answer.spoken import in_language, spoken_by
from ml.retrieve.articles import articles
from ml.retrieve.index import Index
from warehouse.contracts.silver import ARTICLES

ASKED = question("Columns shifted", "All columns are shifted in the import.")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BODY = """## What you see
- Columns are shifted after the import
- The totals are wrong

## Why
The file has one column more than the import profile expects.

## What to do
1. Correct the **mapping** of fields. It is in the profile.
2. Load the file again
   - only the last one
3. Compare 20 rows with the source.
"""


def indexed(body):
    known = {"article_id": "KB-0007", "title": "Import", "body": body, "language": "en", "created_at": NOW}
    passages = articles(pl.DataFrame([{**known, "load_id": "l", "record_hash": "h"}], schema=ARTICLES.schema))
    documents = passages.rename({"text": "body"}).with_columns(errors=pl.lit(""))
    vectors = np.eye(documents.height, 8, dtype=np.float32)
    return Index.of(documents, vectors, key="passage_id", encoder="none")


@pytest.fixture
def composed(found):
    def compose(body, **changed):
        seen = msgspec.structs.replace(found.articles[0], text="Columns are shifted after the import.")
        told = evidence(whole(msgspec.structs.replace(found, articles=[seen], **changed), indexed(body)))
        draft = checked(Offline().compose(ASKED, told), told)
        assert draft.dropped == []
        return draft.draft

    return compose


def test_the_list_stands_in_order_though_another_passage_was_found(composed):
    draft = composed(BODY)

    assert [one.text.split()[0] for one in draft.steps] == ["Correct", "Load", "Compare"]
    assert all("KB-0007" in one.ids for one in draft.steps)


def test_what_is_seen_is_no_part_of_the_answer(composed):
    said = " ".join(one.text for one in composed(BODY).sentences)

    assert "one column more" in said
    assert "totals" not in said
    assert "shifted after" not in said


def test_a_list_that_numbers_all_its_items_alike_is_numbered_on(composed):
    draft = composed(BODY.replace("2. Load", "1. Load").replace("3. Compare", "1. Compare"))

    assert [one.text.split()[0] for one in draft.steps] == ["Correct", "Load", "Compare"]


def test_a_solution_of_several_sentences_comes_whole_and_first(composed, found):
    best = msgspec.structs.replace(found.solutions[0], text="Stop the worker. Clear the cache.", score=0.99)
    draft = composed("## Why\nNobody knows.", solutions=[best])

    assert [one.text for one in draft.steps] == ["Stop the worker.", "Clear the cache."]


def test_without_an_index_what_was_found_stays_as_it_is(found):
    assert whole(found, None) == found


def test_an_answer_is_in_the_language_of_who_asks_where_a_source_is_and_says_which():
    known = {"kind": "solution", "title": "", "score": 0.9, "rate": 0.7, "attempts": 9}
    told = [Evidence(id="S-1", text="The mapping of the fields was corrected in the profile.", **known)]
    german = "Die Zuordnung der Felder wurde im Profil berichtigt, danach lief der Import wieder."
    sayings = {"S-1": ["The fields were mapped anew by hand.", german]}

    same, other = (in_language(told, language, sayings) for language in ("de", "fr"))
    assert (same[0].text, spoken_by(same, ["S-1"])) == (german, "de")
    assert (other[0].text, spoken_by(other, ["S-1"])) == (told[0].text, "en")


def test_of_two_articles_as_good_the_one_in_the_language_of_who_asks_leads():
    known = {"kind": "article", "title": "Import", "score": 0.8}
    told = [
        Evidence(id="A", text="1) Correct the mapping of fields. 2) Load it again.", language="en", **known),
        Evidence(id="B", text="1) Zuordnung der Felder berichtigen. 2) Datei neu laden.", language="de", **known),
    ]
    asked = msgspec.structs.replace(ASKED, language="de")

    assert Offline().compose(asked, told).steps[0].ids == ["B"]
    assert Offline().compose(ASKED, told).steps[0].ids == ["A"]
