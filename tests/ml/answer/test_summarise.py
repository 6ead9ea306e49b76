"""A ticket in at most three sentences, on simulated ones."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.answer.evidence import question
from ml.answer.naming import named_in, stated
from ml.answer.summarise import MOST, summarise
from ml.answer.wording import tokens
from ml.retrieve.passages import sentences
from ml.text.entities import Catalogue
from ml.text.redact import redact
from simulator.catalogue import load
from simulator.words import words

KINDS = ("product", "version", "module", "error_code", "exception", "path", "url", "ticket")


@pytest.fixture(scope="module")
def told(tickets):
    """Simulated tickets as questions, with their names, a reference and the two sentences that they begin with."""
    folder = tickets.with_name(f"{tickets.name}.truth")
    rows = pl.read_json(tickets, infer_schema_length=None).unique("ticket_id", keep="first").drop_nulls("description")
    catalogue = Catalogue.of(rows["product"], rows["product_module"])
    truth = pl.read_parquet(folder / "tickets.parquet").select(
        "ticket_id", "language", "said_symptoms", "said_product", "said_module", "said_code"
    )
    spans = pl.read_parquet(folder / "spans.parquet").filter(
        pl.col("field").is_in(["subject", "description"]), pl.col("kind").is_in(KINDS)
    )
    names = {key: some.select("kind", "value").rows() for (key,), some in spans.group_by("ticket_id")}
    rows = rows.select("ticket_id", "subject", "description").join(truth, on="ticket_id").sort("ticket_id").head(300)
    rows = rows.with_columns(redact(rows["subject"])[0], redact(rows["description"])[0])
    symptoms = list(load().symptoms)
    found = []
    for row in rows.iter_rows(named=True):
        asked = question(row["subject"], row["description"], language=row["language"], catalogue=catalogue)
        raw = f"{row['subject']}\n{row['description']}".casefold()
        known = [row[name] for name in ("said_product", "said_module", "said_code") if row[name]]
        there = [(kind, value) for kind, value in names.get(row["ticket_id"], []) if value.casefold() in raw]
        meant = {value: row[f"said_{kind}"] or value for kind, value in there if kind in ("product", "module")}
        heads = [words(row["language"]).heads[symptoms.index(name)] for name in row["said_symptoms"]]
        spelled = ["".join(literal for literal, _ in phrases[0][0]) for phrases in heads]
        lead = [*sentences(asked.body)][:2]
        found.append((asked, [value for _, value in there], meant, ". ".join([*spelled, *known]), " ".join(lead)))
    return found


def rouge_l(said, reference):
    """F1 of the longest common subsequence (Lin, 2004), over stems."""
    one, two = ([token.key for token in tokens(text)] for text in (said, reference))
    row = [0] * (len(two) + 1)
    for word in one:
        before = row
        row = [0]
        for place, other in enumerate(two):
            row.append(before[place] + 1 if word == other else max(before[place + 1], row[-1]))
    common = row[-1]
    return 2 * common / (len(one) + len(two)) if common else 0.0


def test_nine_names_of_ten_are_kept_in_three_sentences(told):
    kept, all_ = 0, 0
    for asked, wanted, known, _, _ in told:
        summary = summarise(asked)
        assert len(summary.sentences) <= MOST
        text = summary.text.casefold()
        kept += sum(one.casefold() in text or known.get(one, one).casefold() in text for one in wanted)
        all_ += len(wanted)

    assert kept / all_ >= 0.9


def test_it_tells_more_than_the_two_sentences_that_the_ticket_begins_with(told):
    gain = np.array([rouge_l(summarise(row[0]).text, row[3]) - rouge_l(row[4], row[3]) for row in told])
    rng = np.random.default_rng(1)
    low = np.quantile(rng.choice(gain, (500, len(gain))).mean(axis=1), 0.025)

    assert gain.mean() > 0.05
    assert low > 0


def test_names_stand_in_the_last_sentence_by_kind():
    catalogue = Catalogue.of(["DataSync Pro", "Analytics Dashboard"], ["export_module"])
    asked = question(
        "Export ends half-way",
        "Hello,\nthe export module of ADash 4.2.0 stops with ERROR_IO_WRITE. Nothing else is known. The file is empty.",
        catalogue=catalogue,
    )
    summary = summarise(asked)

    assert summary.facts["error_code"] == ["ERROR_IO_WRITE"]
    assert summary.facts["product"] == ["Analytics Dashboard (ADash)"]
    assert summary.facts["version"] == ["4.2.0"]
    assert "ERROR_IO_WRITE" in summary.sentences[-1]
    assert "Hello" not in summary.text


def test_short_forms_of_two_products_are_not_guessed():
    catalogue = Catalogue.of(["Data Sync", "Dog Show"])

    assert [one.kind for one in named_in(["We use DS and DSy."], catalogue)] == ["product"]
    assert named_in(["We use DSx or API."], catalogue) == []


def test_what_is_stated_behind_a_label_is_read():
    text = "It fails. Area: night shift. 場所：倉庫。 See https://x.example. At 10:30 it ended."

    assert stated(text) == ["night shift", "倉庫"]


@pytest.mark.parametrize(
    "text", ["エクスポートが途中で止まります。エラーは出ません。昨日からです。", "导出中途停止。没有错误。从昨天开始。"]
)
def test_sentences_without_spaces_are_told_apart(text):
    summary = summarise(question(text[:6], text))

    assert 1 <= len(summary.sentences) <= 3
    assert all(one.endswith("。") for one in summary.sentences)


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_ticket_is_summed_up_in_three_sentences(title, body):
    summary = summarise(question(title, body))

    assert len(summary.sentences) <= MOST
    assert summary.text == " ".join(summary.sentences)
