"""The metrics, computed a second time without SQL."""

from datetime import timedelta
from itertools import product

import duckdb
import polars as pl
import pytest

from warehouse import marts
from warehouse.contracts import gold
from warehouse.delta import Lake

pytestmark = pytest.mark.xdist_group("dbt")

SLA = gold.PROJECT / "seeds" / "sla_targets.csv"


@pytest.fixture(scope="module")
def ask(built: Lake):
    with duckdb.connect(str(marts.dbt_database(built.root)), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield lambda query: connection.sql(query).pl()


def test_resolution_percentiles_are_those_of_the_hours(ask, tickets):
    found = ask("from gold.metric_resolution_time_by_segment where dimension in ('overall', 'category')")
    resolved = tickets.filter(pl.col("resolved_at").is_not_null()).with_columns(
        segment=pl.col("category").fill_null("unknown")
    )
    for segment, p50, p90, p99 in found.select("segment", "^.*_p.*$").iter_rows():
        hours = resolved.filter(pl.col("segment") == segment if segment != "all" else True)["hours"]
        expected = [hours.quantile(q, "linear") for q in (0.5, 0.9, 0.99)]
        assert [p50, p90, p99] == pytest.approx(expected)
    assert set(found["segment"]) == {"all", "Bug", "Access", "Billing", "unknown"}


def test_first_response_is_the_first_public_message_of_an_agent(ask, tickets, events):
    answers = events.filter(
        pl.col("type") == "MessageAdded",
        pl.col("actor_kind") == "agent",
        pl.col("payload").str.json_path_match("$.visibility") == "public",
    )
    first = answers.group_by("ticket_id").agg(pl.col("event_time").min()).join(tickets, on="ticket_id")
    waited = (first["event_time"] - first["created_at"]).dt.total_microseconds() / 3.6e9

    found = ask("from gold.metric_first_response_by_segment where dimension = 'overall'").row(0, named=True)

    assert found["observed_tickets"] == events["ticket_id"].n_unique()
    assert found["answered_tickets"] == len(waited)
    assert found["first_response_hours_p90"] == pytest.approx(waited.quantile(0.9, "linear"))


def test_satisfaction_by_sentiment_counts_ratings(ask, tickets):
    rated = tickets.with_columns(
        pl.col("customer_sentiment").str.strip_chars().replace("", None).fill_null("unknown")
    ).filter(pl.col("satisfaction_score").is_not_null())

    found = ask("from gold.metric_satisfaction_by_segment where dimension = 'sentiment' order by segment")

    expected = rated.group_by("customer_sentiment").agg(
        ratings=pl.len(),
        satisfaction_mean=pl.col("satisfaction_score").mean(),
        satisfied_share=(pl.col("satisfaction_score") >= 4).mean(),
    )
    assert found["segment"].to_list() == ["angry", "neutral", "unknown"]
    for row in expected.iter_rows(named=True):
        segment = found.row(by_predicate=pl.col("segment") == row.pop("customer_sentiment"), named=True)
        assert {name: segment[name] for name in row} == pytest.approx(row, abs=1e-6)


def test_first_contact_share_needs_one_attempt_and_nobody_else(ask, tickets):
    known = tickets.filter(pl.col("resolved_at").is_not_null(), pl.col("resolution_attempts").is_not_null())
    first = known.filter(
        pl.col("resolution_attempts") == 1,
        pl.col("transferred_count").fill_null(0) == 0,
        ~pl.col("escalated").fill_null(False),
    )

    found = ask("from gold.metric_first_contact_resolution_by_segment where dimension = 'overall'").row(0, named=True)

    assert (found["known_tickets"], found["first_contact_tickets"]) == (known.height, first.height)


def test_backlog_is_what_was_opened_and_not_resolved(ask, tickets):
    found = ask("from gold.metric_backlog_by_day order by day")
    opened, resolved = tickets["created_at"].dt.date(), tickets["resolved_at"].dt.date()

    for day, closing, old in found.select("day", "closing", "closing_over_7_days").iter_rows():
        waiting = (opened <= day) & (resolved.is_null() | (resolved > day))
        assert closing == waiting.sum()
        assert old == (waiting & (opened <= day - timedelta(days=7))).sum()
    assert found["day"].max().isoformat() == "2026-04-15"


def test_attainment_of_resolution_follows_the_seed(ask, tickets, as_of):
    targets = pl.read_csv(SLA)
    promised = tickets.join(targets, on=["customer_tier", "priority"])
    due = pl.col("created_at") + pl.duration(microseconds=(pl.col("resolution_hours") * 3.6e9).cast(pl.Int64))
    judged = promised.with_columns(
        met=pl.col("resolved_at") <= due,
        breached=(pl.col("resolved_at") > due) | (pl.col("resolved_at").is_null() & (due < as_of)),
    )
    expected = judged.group_by("customer_tier", "priority").agg(pl.col("met").sum(), pl.col("breached").sum())

    found = ask(
        "select customer_tier, priority, met, breached from gold.metric_sla_attainment_by_tier_priority "
        "where promise = 'resolution'"
    )

    key = ["customer_tier", "priority"]
    assert found.sort(key).rows() == expected.sort(key).rows()
    assert found.height == targets.height


def test_the_effect_of_a_driver_is_a_count_of_pairs(ask, tickets):
    rated = tickets.filter(pl.col("satisfaction_score").is_not_null(), pl.col("priority").is_not_null())
    high = rated.filter(pl.col("priority") == "high")["satisfaction_score"].to_list()
    other = rated.filter(pl.col("priority") != "high")["satisfaction_score"].to_list()
    pairs = sum((x > y) - (x < y) for x, y in product(high, other))

    found = ask("from gold.metric_satisfaction_drivers_by_level where driver = 'priority' and level = 'high'")

    assert found["effect"].item() == pytest.approx(pairs / len(high) / len(other), abs=1e-6)


def test_agents_who_truly_differ_are_told_from_those_who_do_not(ask):
    found = ask("from gold.metric_agent_performance_by_agent_measure where measure = 'resolution_time'")
    verdicts = dict(found.select("agent_id", "verdict").iter_rows())

    assert (verdicts["A00"], verdicts["A01"]) == ("worse", "better")
    assert set(found.filter(~pl.col("agent_id").is_in(["A00", "A01"]))["verdict"]) == {"as expected"}
    assert (found["adjusted_effect"].abs() <= found["effect"].abs() + 0.05).all()


def test_articles_are_judged_by_the_tickets_that_opened_them(ask, tickets):
    exploded = tickets.select("ticket_id", "kb_articles_viewed").explode("kb_articles_viewed").drop_nulls()
    viewed = exploded.group_by("kb_articles_viewed").len().sort("kb_articles_viewed")

    found = ask("from gold.metric_article_effectiveness_by_article order by article_id")

    assert found.select("article_id", "viewed").rows() == viewed.rows()


def test_suggestions_that_events_tell_of_are_counted(ask, events):
    found = ask("from gold.metric_suggestion_acceptance_by_kind_rank_release").row(0, named=True)

    assert found["shown"] == (events["type"] == "SuggestionShown").sum()
    assert found["accepted"] == (events["type"] == "SuggestionAccepted").sum()


def test_search_success_is_that_of_days_whose_time_is_over(ask, searches):
    found = ask("from gold.metric_search_success_by_day order by day")

    day = pl.col("asked_at").dt.date().alias("day")
    accepted = ~pl.col("unaccepted").fill_null(True)
    expected = searches.group_by(day).agg(
        searches=pl.len(),
        without_result=pl.col("no_result").sum(),
        accepted=accepted.sum(),
        share=accepted.mean(),
        rank=pl.when(accepted).then(1 / pl.col("accepted_rank")).otherwise(0).mean(),
    )
    settled = found.filter(pl.col("pending") == 0)
    assert found.filter(pl.col("pending") > 0)["day"].to_list() == [searches["asked_at"].max().date()]
    assert found.filter(pl.col("pending") > 0)["acceptance_share"].to_list() == [None]
    assert settled.height == 9
    for row in settled.join(expected, on="day", suffix="_expected").iter_rows(named=True):
        assert row["without_result"] == row["without_result_expected"]
        assert (row["searches"], row["accepted"]) == (row["searches_expected"], row["accepted_expected"])
        assert (row["acceptance_share"], row["mean_reciprocal_rank"]) == pytest.approx(
            (row["share"], row["rank"]), abs=1e-6
        )


def test_agreement_is_that_of_a_count_by_hand(ask, labels):
    """Krippendorff's alpha from pairs of statements within tickets over pairs among all; Cohen's kappa by tables."""
    said = labels.group_by("ticket_id").agg("value", "actor_id").sort("ticket_id")
    within = [
        (one != other) / (len(values) - 1)
        for values in said["value"].to_list()
        for i, one in enumerate(values)
        for j, other in enumerate(values)
        if i != j
    ]
    every = labels["value"].to_list()
    among = [one != other for i, one in enumerate(every) for j, other in enumerate(every) if i != j]
    alpha, statements = ask("select alpha, statements from gold.metric_annotator_agreement_by_field").row(0)
    assert statements == len(every)
    assert alpha == pytest.approx(1 - (sum(within) / len(every)) / (sum(among) / len(among)), abs=1e-6)

    wide = labels.pivot(on="actor_id", index="ticket_id", values="value").drop_nulls(["A00", "A01"])
    agreed = (wide["A00"] == wide["A01"]).mean()
    chance = sum((wide["A00"] == v).mean() * (wide["A01"] == v).mean() for v in set(every))
    where = "where first_agent = 'A00' and second_agent = 'A01'"
    kappa = ask(f"select kappa from gold.metric_annotator_agreement_by_field_pair {where}").item()
    assert kappa == pytest.approx((agreed - chance) / (1 - chance), abs=1e-6)


def test_decisions_cover_every_answer_once(ask, events):
    made = events.filter(type="PredictionMade").height
    found = ask(
        "select sum(predictions), sum(coverage), sum(settled) "
        "from gold.metric_decision_quality_by_target_label_decision where target = 'category' and label = '*'"
    )
    predictions, coverage, settled = found.row(0)
    assert predictions == made > 100
    assert coverage == pytest.approx(1, abs=1e-5)
    assert settled > 10
