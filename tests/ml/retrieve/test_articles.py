"""Articles in passages with the headings above them."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.retrieve.articles import articles, encoded, sections
from ml.text.vectors import text_hash
from warehouse.contracts.search import PASSAGES
from warehouse.contracts.silver import ARTICLES
from warehouse.enforcement import check

BODY = """Read this first.

# Export
It fails since the update.

## What to do
1. Restart the **worker**
2. See [the page](https://wiki.example.org/a_(b)) again.

```
# not a heading
run --all
```

Why
---
- Nobody knows

# Import
Works.
"""


def frame(**columns):
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    known = {"article_id": "KB-1", "title": "Export", "body": BODY, "language": "en", "created_at": moment}
    rows = [{**known, "load_id": "l", "record_hash": "h", **columns}]
    return pl.DataFrame(rows, schema=ARTICLES.schema)


def test_a_passage_has_the_headings_above_it_and_no_markup():
    found = articles(frame())
    assert list(zip(found["passage_id"], found["path"], found["text"], strict=True)) == [
        ("KB-1#1", "", "Read this first."),
        ("KB-1#2", "Export", "It fails since the update."),
        ("KB-1#3", "Export > What to do", "1) Restart the worker. 2) See the page again. # not a heading run --all"),
        ("KB-1#4", "Export > Why", "Nobody knows."),
        ("KB-1#5", "Import", "Works."),
    ]
    check(PASSAGES, found)


def test_what_is_encoded_is_title_headings_and_text():
    found = articles(frame())
    assert encoded(found).to_list()[2].startswith("Export. Export > What to do. 1) Restart the worker.")
    assert found["text_hash"].to_list() == text_hash(encoded(found)).to_list()


def test_an_article_that_says_nothing_is_its_title():
    for body in (None, "", " \n\n", "# Only a heading"):
        found = articles(frame(body=body))
        assert found.select("passage_id", "text").rows() == [("KB-1#1", "")]


def test_several_articles_are_numbered_apart_and_none_is_no_article():
    rows = pl.concat([frame(), frame(article_id="KB-2", body="One.\n\n# Two\nTwo.")])
    assert articles(rows)["passage_id"].to_list()[-2:] == ["KB-2#1", "KB-2#2"]
    assert articles(rows.clear()).is_empty()


def test_what_identifies_is_in_no_passage_even_where_it_is_cut():
    long = " ".join(["word"] * 118) + " IBAN DE89 3704 0044 0532 0130 00 and 4111 1111 1111 1111"
    secrets = "Write to [Anna](mailto:anna.schmidt@example.org) or call +49 30 901820, host 10.20.30.40."
    found = articles(frame(title="For anna.schmidt@example.org", body=f"# Call +49 30 901820\n{secrets}\n\n{long}"))
    said = "\n".join(found["title"] + found["path"] + found["text"])
    for secret in ("anna.schmidt", "901820", "3704", "0532", "4111", "10.20.30.40"):
        assert secret not in said


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="#ab \n-=`>*[]()1.", max_size=300))
def test_any_text_is_read_and_the_words_outside_headings_are_kept(body):
    found = sections(body)
    assert sum(text.count("a") + path.split(" > ")[-1].count("a") for path, text in found) <= body.count("a") * 2
    assert articles(frame(body=body)).height >= 1
