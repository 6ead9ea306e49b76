"""Classification against the weeks before: what was planted is found, and told as the table says."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import fisher_exact, ttest_ind

from ml.anomaly import categorisation as watched
from ml.anomaly.signals import signals
from ml.classify.decisions import Threshold, decide
from warehouse.contracts.anomalies import CATEGORISATION, SIGNALS
from warehouse.contracts.predictions import TICKETS as PREDICTIONS
from warehouse.contracts.silver import TICKETS

LAST = date(2026, 3, 31)
LABELS = ["Billing", "Login", "Sync"]
SURE = {label: {"suggest": Threshold(0.5, 0.4)} for label in LABELS}
DAYS = 70


def made(a_day=10, seed=1):
    """Tickets of three categories, answered rightly in four cases of five, each closed on the day of its opening."""
    rng = np.random.default_rng(seed)
    count = a_day * DAYS
    ago = np.repeat(np.arange(DAYS), a_day)
    truth = rng.integers(0, 3, count)
    answer = np.where(rng.random(count) < 0.8, truth, (truth + rng.integers(1, 3, count)) % 3)
    opened = datetime(LAST.year, LAST.month, LAST.day, 9, tzinfo=UTC)
    ids = [f"T-{number:05d}" for number in range(count)]
    at = [opened - timedelta(days=int(day), minutes=n % 60) for n, day in enumerate(ago)]
    tickets = pl.DataFrame(
        {
            "ticket_id": ids,
            "created_at": at,
            "resolved_at": [one + timedelta(hours=2) for one in at],
            "customer_id": [f"C-{one}" for one in rng.integers(0, 500, count)],
            "category": [LABELS[one] for one in truth],
        }
    )
    missing = [pl.lit(None, TICKETS.schema[name]).alias(name) for name in watched.READ if name not in tickets.columns]
    said = pl.DataFrame(
        {
            "ticket_id": ids,
            "target": ["category"] * count,
            "model": ["m"] * count,
            "created_at": at,
            "label": [LABELS[one] for one in answer],
            "confidence": rng.uniform(0.35, 0.95, count),
        }
    )
    tickets = tickets.with_columns(missing).cast({name: TICKETS.schema[name] for name in watched.READ})
    return tickets.select(watched.READ), said.cast({name: PREDICTIONS.schema[name] for name in said.columns})


def found(tickets, said, thresholds=None):
    policy = {"category": SURE} if thresholds is None else thresholds
    return watched.categorisation(watched.answered(said, tickets, policy), [LAST])


def alarms(rows):
    return set(rows.filter("alarm").select("measure", "label", "other").iter_rows())


NOW = pl.col("created_at").dt.date() > LAST - timedelta(days=7)


def test_a_confusion_that_rises_is_found_with_its_two_categories():
    tickets, said = made()
    truth = said.select("ticket_id").join(tickets, on="ticket_id", maintain_order="left")["category"]
    taken = pl.when(NOW & (truth == "Login")).then(pl.lit("Sync")).otherwise("label")
    rows = found(tickets, said.with_columns(label=taken))

    assert ("confused", "Login", "Sync") in alarms(rows)
    assert ("confused", "*", "*") in alarms(rows)
    assert ("mix", "Sync", "*") in alarms(rows)
    assert not {one for one in alarms(rows) if one[0] in ("confidence", "abstained")}
    one = rows.filter(measure="confused", label="Login", other="Sync").row(0, named=True)
    assert one["observed"] == 1.0
    assert 0.05 < one["expected"] < 0.16
    told = watched.told(rows, tickets)
    assert told.schema == pl.Schema(SIGNALS.schema)
    signal = told.filter(series="confused Login Sync").row(0, named=True)
    assert signal["entities"] == ["Category:Login", "Category:Sync"]
    assert signal["known_at"] == tickets["resolved_at"].max()
    assert "Login are taken for Sync: 100%" in signal["name"]
    shown = tickets.filter(pl.col("ticket_id").is_in(signal["ticket_ids"]))
    assert set(shown["category"]) == {"Login"}
    assert watched.told(rows, tickets.reverse()).equals(told)


def test_confidence_that_falls_is_found_and_with_it_what_is_withheld():
    tickets, said = made()
    less = pl.when(NOW & (pl.col("label") == "Billing")).then(pl.col("confidence") - 0.3).otherwise("confidence")
    rows = found(tickets, said.with_columns(confidence=less))

    assert {("confidence", "Billing", "*"), ("abstained", "Billing", "*")} <= alarms(rows)
    assert not {one for one in alarms(rows) if one[0] in ("confused", "mix")}


def test_confidence_that_rises_is_good_news():
    tickets, said = made()
    more = pl.when(NOW).then(0.95).otherwise("confidence")

    assert not alarms(found(tickets, said.with_columns(confidence=more)))


def test_probabilities_are_those_of_the_textbook():
    tickets, said = made()
    tickets = tickets.with_columns(customer_id="ticket_id")
    rows = found(tickets, said)

    both = said.join(tickets.select("ticket_id", "category"), on="ticket_id").with_columns(now=NOW)
    both = both.filter(pl.col("created_at").dt.date() > LAST - timedelta(days=63))
    here, then = (both.filter(which) for which in (pl.col("now"), ~pl.col("now")))
    p = dict(rows.select(pl.concat_str("measure", "label", "other", separator=" "), "p").iter_rows())
    assert p["confidence * *"] == pytest.approx(
        ttest_ind(here["confidence"], then["confidence"], equal_var=False, alternative="less").pvalue
    )
    tables = {
        "abstained * *": [pl.col("confidence") < 0.4, pl.col("confidence") >= 0.4],
        "confused * *": [pl.col("label") != pl.col("category"), pl.col("label") == pl.col("category")],
    }
    for name, sides in tables.items():
        table = [[frame.filter(side).height for side in sides] for frame in (here, then)]
        assert p[name] == pytest.approx(fisher_exact(table, alternative="greater").pvalue)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_a_change_hardly_anything_is_told(seed):
    tickets, said = made(seed=seed)
    rows = watched.categorisation(
        watched.answered(said, tickets, {"category": SURE}), [LAST - timedelta(days=7 * week) for week in range(4)]
    )

    assert rows.height > 40
    assert rows["alarm"].sum() <= 1
    assert (rows["p"] <= 0.01).mean() < 0.06


def test_one_loud_customer_whose_tickets_are_taken_for_others_is_one():
    tickets, said = made()
    loud = pl.DataFrame({"ticket_id": [f"L-{n}" for n in range(60)]})
    at = datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC)
    more = loud.with_columns(
        created_at=pl.lit(at), resolved_at=pl.lit(at), customer_id=pl.lit("L"), category=pl.lit("Login")
    )
    answers = loud.with_columns(target=pl.lit("category"), model=pl.lit("m"), created_at=pl.lit(at),
                                label=pl.lit("Sync"), confidence=pl.lit(0.9))  # fmt: skip
    rows = found(
        pl.concat(
            [
                tickets,
                more.cast({"created_at": TICKETS.schema["created_at"], "resolved_at": TICKETS.schema["created_at"]}),
            ],
            how="diagonal",
        ),
        pl.concat([said, answers.cast({"created_at": TICKETS.schema["created_at"]})]),
    )

    assert not alarms(rows)


def test_another_version_of_the_model_is_not_compared_with_the_one_before():
    tickets, said = made()
    new = said.filter(NOW).with_columns(model=pl.lit("n"), confidence=pl.lit(0.1))

    assert found(tickets, pl.concat([said, new])).is_empty()


def test_what_is_withheld_is_what_the_policy_withholds():
    tickets, said = made()
    answers = watched.answered(said, tickets, {"category": SURE})
    known = (
        said.sort("ticket_id")
        .select("ticket_id", "label", "confidence")
        .join(answers.select("ticket_id", "abstained"), on="ticket_id")
    )
    for _, label, confidence, withheld in known.head(100).iter_rows():
        assert withheld == (decide(label, confidence, SURE).action == "abstain")
    assert watched.answered(said, tickets, None)["abstained"].null_count() == said.height
    never = watched.answered(said, tickets, {"category": {"Sync": {"suggest": Threshold(0.9, None)}}})
    assert never["abstained"].all()


def test_tickets_that_are_open_confirm_nothing():
    tickets, said = made()
    rows = found(tickets.with_columns(resolved_at=pl.lit(None, TICKETS.schema["resolved_at"])), said)

    assert set(rows["measure"]) == {"confidence", "abstained"}


def test_nothing_one_ticket_and_no_answers_have_no_rows():
    tickets, said = made()
    for some, answers in ((tickets, said.clear()), (tickets.clear(), said), (tickets, said.head(1))):
        rows = found(some, answers)
        assert rows.is_empty()
        assert rows.schema == pl.Schema(CATEGORISATION.schema)
        assert watched.told(rows, tickets).equals(signals(pl.DataFrame(schema=SIGNALS.schema)))
