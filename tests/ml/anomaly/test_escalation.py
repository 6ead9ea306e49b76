"""Tickets that need a person now: by what they say in eight languages, by whose they are, by their risk."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ml.anomaly import escalation
from ml.anomaly.escalation import MANY_OPEN, Escalation, escalations, risk, rows, threshold
from ml.anomaly.heard import TRIGGERS, heard
from ml.anomaly.phrases import LANGUAGES, listed
from ml.classify.decisions import Threshold
from warehouse.contracts.anomalies import ESCALATIONS
from warehouse.contracts.silver import TICKETS

SAID = pl.read_csv(Path(__file__).with_name("pressing.tsv"), separator="\t", quote_char=None)
"""Sentences with the trigger that they are, empty for none."""


def ticket(**fields):
    row = {"ticket_id": "T-1", "created_at": datetime(2026, 3, 1, tzinfo=UTC), **fields}
    return pl.DataFrame([row], schema={name: TICKETS.schema[name] for name in escalation.READ})


def known(ever=None, resolved=None):
    values = {"customer_tickets_ever": ever, "customer_resolved_ever": resolved}
    return pl.DataFrame([values], schema=dict.fromkeys(escalation.FEATURES, pl.Float32))


def judge(said="", **fields):
    return escalations(ticket(**fields), pl.Series([said]), known())[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_is_heard_in_each_language_and_what_is_denied_is_not(language):
    """Precision and recall over the four triggers that name something, each sentence of one of them or of none."""
    own = SAID.filter(language=language).with_row_index("text").cast({"text": pl.Int64})
    named = own.filter(pl.col("trigger").is_not_null() & (pl.col("trigger") != "urgent"))
    found = heard(own["said"]).filter(pl.col("trigger") != "urgent")
    right = found.join(named, on=["text", "trigger"], how="semi")
    calm = own.filter(pl.col("trigger").is_null())

    assert named.height >= 14
    assert calm.height >= 9
    assert right.height / named.height >= 0.95
    assert found.join(calm, on="text", how="semi").height <= 1


def test_words_of_urgency_are_heard_unless_they_are_denied():
    found = set(heard(SAID["said"]).filter(trigger="urgent")["text"])

    assert found >= set(SAID.with_row_index().filter(trigger="urgent")["index"])
    denied = SAID.with_row_index().filter(
        pl.col("said").str.contains("(?i)urgent|dringend|急"), pl.col("trigger").is_null()
    )
    assert denied.height >= 6
    assert not found & set(denied["index"])


def test_a_text_is_heard_as_alone_so_among_many():
    many = heard(SAID["said"])
    for place, said in enumerate(SAID["said"].head(60)):
        assert heard(pl.Series([said])).drop("text").equals(many.filter(text=place).drop("text"))


@pytest.mark.parametrize(
    ("said", "triggers"),
    [
        ("THE WHOLE SYSTEM IS DOWN!!!", {"system_down"}),
        ("Not only is there a data loss, our lawyers are informed.", {"data_loss", "legal"}),
        ("the database is fine. we lost our way to the portal", set()),
        ("systematically going downhill", set()),
        ("our customer data was erased", {"data_loss"}),
        ("Our database of addresses grew; a colleague was lost in the building.", set()),
        ("", set()),
    ],
)
def test_phrases_end_where_words_end_and_sentences_keep_apart(said, triggers):
    assert set(heard(pl.Series([said]))["trigger"]) == triggers


def test_a_product_may_be_down_and_is_not_named():
    one = judge("Since noon Zwiebelwerk is down.", product="Zwiebelwerk")

    assert one == Escalation(["system_down"], "Says that a system is down (“product … is down”)", 0.85)
    assert judge("Since noon Zwiebelwerk is down.", product="Other") is None


def test_no_word_of_the_ticket_stands_in_the_reason_but_the_phrase():
    one = judge("Clara Berg (clara@contoso.example) says all our invoices are gone after 4111 1111 1111 1111.")

    assert one.reason == "Says that data are lost (“invoices … gone”)"


@pytest.mark.parametrize(
    ("fields", "ever", "resolved", "many"),
    [
        ({"customer_tier": "enterprise"}, 9, 7, 3),
        ({"customer_tier": "premium"}, 3, 0, 4),
        ({"customer_tier": "free", "account_monthly_value": 20_000.0}, 2, 0, 3),
        ({"customer_tier": "enterprise"}, 9, 8, None),
        ({"customer_tier": "free", "account_monthly_value": 10.0}, 9, 0, None),
        ({}, 9, 0, None),
    ],
)
def test_a_vip_with_many_open_tickets_needs_a_person(fields, ever, resolved, many):
    one = escalations(ticket(**fields), pl.Series(["hello"]), known(ever, resolved))[0]

    assert (one is None) == (many is None)
    assert many is None or (one.triggers == ["vip"] and f"{many} open tickets" in one.reason and many >= MANY_OPEN)


def test_a_risk_counts_from_the_policys_threshold_on():
    policy = {"escalation": {"yes": {"automate": Threshold(0.9, 0.8), "suggest": Threshold(0.3, 0.6)}}}
    least = threshold(policy)
    found = [
        escalations(ticket(), pl.Series(["hello"]), known(), pl.Series([chance], dtype=pl.Float64), least)[0]
        for chance in (0.59, 0.6, None)
    ]

    assert least == 0.6
    assert [one and one.triggers for one in found] == [None, ["risk"], None]
    assert found[1].reason == "Escalation is likely: 60%, told from 60%"
    assert escalations(ticket(), pl.Series(["hello"]), known(), pl.Series([1.0]), None) == [None]
    assert threshold({}) is None
    assert threshold({"escalation": {"yes": {"suggest": Threshold(0.3, None)}}}) is None
    assert [risk("yes", 0.7), risk(None, None)] == [0.7, None]
    assert risk("no", 0.7) == pytest.approx(0.3)


def test_who_says_more_is_more_pressing():
    alone, both = judge("Our server crashed."), judge("Our server crashed. Please help immediately!")

    assert both.triggers == ["system_down", "urgent"]
    assert alone.score < both.score < 1


def test_rows_are_those_of_the_table_and_calm_tickets_have_none():
    tickets = pl.concat([ticket(), ticket(ticket_id="T-2")])
    found = escalations(tickets, pl.Series(["all our data is lost", "thanks"]), pl.concat([known(), known()]))
    made = rows(tickets, found)

    assert made.schema == pl.Schema(ESCALATIONS.schema)
    assert made.select("ticket_id", "triggers").rows() == [("T-1", ["data_loss"])]
    assert rows(tickets, [None, None]).is_empty()
    none = tickets.clear()
    assert escalations(none, pl.Series([], dtype=pl.String), known().clear()) == []


def test_every_phrase_is_written_once_in_lower_case_and_every_language_has_its_own():
    found = list(listed())

    assert len(found) == len(set(found))
    assert all(phrase == phrase.lower() == phrase.strip() for phrase, *_ in found)
    assert {language for *_, language in found} == set(LANGUAGES)
    assert {trigger for _, trigger, *_ in found} == set(TRIGGERS) - {"urgent"}
