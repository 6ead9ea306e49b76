"""Original mode has the shape of the sample: the same marginals, and as little signal."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import simulator

PROFILE = Path(__file__).parents[3] / "shared" / "data" / "tickets-profile.json"
SAME_WORDS = [
    "category", "subcategory", "priority", "severity", "product", "product_module", "channel", "customer_tier",
    "customer_sentiment", "environment", "language", "region", "business_impact", "resolution_code",
    "resolution_attempts", "satisfaction_score", "transferred_count", "response_count", "attachments_count",
    "previous_tickets", "weekend_ticket", "after_hours", "known_issue", "bug_report_filed", "escalated",
    "auto_suggestion_accepted", "resolution_helpful", "contains_error_code", "contains_stack_trace",
    "agent_specialization",
]  # fmt: skip


@pytest.fixture(scope="module")
def tickets(tmp_path_factory):
    out = tmp_path_factory.mktemp("original") / "t.json"
    simulator.simulate("original", 12_000, 730, 7, out)
    return json.loads(out.read_bytes())


@pytest.fixture(scope="module")
def profile():
    if not PROFILE.exists():
        pytest.skip("the profile of the sample is not part of the repository (../shared/data/tickets-profile.json)")
    return json.loads(PROFILE.read_bytes())


def shares(values: list[object]) -> dict[str, float]:
    counted = Counter(
        {True: "1", False: "0"}.get(value, str(value)) if isinstance(value, bool) else str(value) for value in values
    )
    return {key: count / len(values) for key, count in counted.items()}


@pytest.mark.parametrize("field", SAME_WORDS)
def test_marginals_are_those_of_the_profile(tickets, profile, field):
    theirs = {{"True": "1", "False": "0"}.get(key, key): count for key, count in profile["counts"][field].items()}
    total = sum(theirs.values())
    ours = shares([ticket[field] for ticket in tickets])

    distance = 0.5 * sum(abs(ours.get(key, 0) - theirs.get(key, 0) / total) for key in ours.keys() | theirs.keys())
    assert distance < 0.06, f"{field}: {distance:.3f}"


@pytest.mark.parametrize(
    "field", ["tags", "agent_actions", "related_tickets", "kb_articles_viewed", "auto_suggested_solutions"]
)
def test_lists_are_as_long_as_in_the_profile(tickets, profile, field):
    theirs = profile["list_lengths"][field]
    ours = shares([len(ticket[field]) for ticket in tickets])

    total = sum(theirs.values())
    assert 0.5 * sum(abs(ours.get(key, 0) - theirs.get(key, 0) / total) for key in ours.keys() | theirs.keys()) < 0.05


def test_resolution_time_follows_severity_and_priority(tickets, profile):
    for key, mean in profile["res_time_mean_by_severity_priority"].items():
        severity, priority = key.split("|")
        hours = [t["resolution_time_hours"] for t in tickets if (t["severity"], t["priority"]) == (severity, priority)]
        assert np.mean(hours) == pytest.approx(mean, rel=0.15)


@pytest.mark.parametrize(
    "field",
    ["resolution_time_hours", "account_age_days", "ticket_text_length", "affected_users", "account_monthly_value"],
)
def test_numbers_have_similar_quantiles(tickets, profile, field):
    values = [ticket[field] for ticket in tickets]
    for share in ("0.25", "0.5", "0.75", "0.95"):
        expected = profile["num_quantiles"][field][share]
        assert np.quantile(values, float(share)) == pytest.approx(expected, rel=0.2, abs=3)


def test_words_are_our_own(tickets, profile):
    theirs = {*profile["description_templates"], *profile["resolution_templates"], *profile["subject_templates"]}
    pieces = {piece.strip() for text in theirs for piece in text.replace("{", ".").replace("}", ".").split(".")}
    ours = {ticket[field] for ticket in tickets[:2000] for field in ("description", "resolution", "subject")}

    long = [piece for piece in pieces if len(piece) > 25]
    assert not [piece for piece in long for text in ours if piece in text]


def test_categories_cannot_be_told_from_other_fields(tickets):
    for field in ("priority", "channel", "customer_sentiment", "resolution_code", "language", "product"):
        table = Counter((ticket["category"], ticket[field]) for ticket in tickets)
        rows, columns = shares([t["category"] for t in tickets]), shares([t[field] for t in tickets])
        apart = [abs(table[a, b] / len(tickets) - rows[a] * columns[b]) for a in rows for b in columns]
        assert 0.5 * sum(apart) < 0.05


def test_records_have_the_sixty_fields_and_texts_come_from_ten_templates(tickets):
    assert {len(ticket) for ticket in tickets} == {60}
    skeletons = set()
    for ticket in tickets:
        text = ticket["description"].replace(ticket["product"], "#")
        skeletons.add(" ".join(word for word in text.split() if "ERROR_" not in word))
    assert len(skeletons) == 10
