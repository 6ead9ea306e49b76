"""The truth is exact: posteriors, spans, solvers and incidents agree with the tickets."""

import numpy as np
import polars as pl
import pytest


@pytest.mark.parametrize(
    "name", ["category", "subcategory", "priority", "sentiment", "category_text", "subcategory_text"]
)
def test_posteriors_sum_to_one_and_are_calibrated(simulated, name):
    truth, target = simulated.truth["tickets"], name.removesuffix("_text")
    labels = simulated.truth["labels"].filter(pl.col("target") == target).sort("position")["label"].to_list()
    belief = np.stack(truth[f"p_{name}"].to_list())
    true = np.array([labels.index(label or "none of these") for label in truth[target]])

    assert belief.shape[1] == len(labels)
    assert np.allclose(belief.sum(axis=1), 1, atol=1e-4)
    sure = belief.max(axis=1)
    right = belief.argmax(axis=1) == true
    assert abs(sure.mean() - right.mean()) < 0.025
    for low, high in ((0.0, 0.5), (0.5, 0.75), (0.75, 0.95), (0.95, 1.01)):
        inside = (sure >= low) & (sure < high)
        if inside.sum() > 300:
            assert abs(sure[inside].mean() - right[inside].mean()) < 0.07


def test_the_text_alone_knows_no_more_than_the_whole_record(simulated):
    truth = simulated.truth["tickets"]
    ceilings = {name: np.stack(truth[name].to_list()).max(axis=1).mean() for name in ("p_category", "p_category_text")}

    assert 0.6 < ceilings["p_category_text"] <= ceilings["p_category"] < 0.97


def test_spans_match_the_text_exactly(simulated):
    tickets, spans = simulated.by_id, simulated.truth["spans"]

    for key, field, start, end, _, value in spans.iter_rows():
        assert tickets[key][field][start:end] == value
    kinds = {"error_code", "version", "product", "module", "path", "exception", "url", "urgency", "person", "email"}
    kinds |= {"phone", "card", "iban", "ip", "token"}
    assert kinds <= set(spans["kind"])


def test_planted_cards_and_accounts_have_valid_check_digits(simulated):
    spans = simulated.truth["spans"]
    for card in spans.filter(pl.col("kind") == "card")["value"]:
        digits = [int(digit) for digit in card if digit.isdigit()][::-1]
        assert (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
    for iban in spans.filter(pl.col("kind") == "iban")["value"]:
        plain = iban.replace(" ", "")
        assert int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def test_what_was_said_stands_in_the_ticket(simulated):
    truth, spans = simulated.truth["tickets"], simulated.truth["spans"]
    for column, kind in (("said_product", "product"), ("said_module", "module"), ("said_code", "error_code")):
        said = set(truth.filter(pl.col(column).is_not_null())["ticket_id"])
        told = set(spans.filter((pl.col("kind") == kind) & (pl.col("field") == "description"))["ticket_id"])
        assert said == told


def test_solvers_are_earlier_solved_tickets_of_the_same_cause(simulated):
    truth = simulated.truth["tickets"]
    cause = dict(truth.select("ticket_id", "cause").iter_rows())
    solved = dict(truth.select("ticket_id", "solved_by").iter_rows())
    tickets = simulated.by_id

    found = 0
    for key, earlier, _, _ in simulated.truth["solvers"].iter_rows():
        for other in earlier:
            found += 1
            assert cause[other] == cause[key]
            assert solved[other] is not None
            assert tickets[other]["resolved_at"] <= tickets[key]["created_at"]
    assert found > len(tickets)


def test_agents_link_few_tickets_and_one_in_five_wrongly(simulated):
    cause = dict(simulated.truth["tickets"].select("ticket_id", "cause").iter_rows())
    closed = [ticket for ticket in simulated.tickets if ticket["resolved_at"]]
    linked = [ticket for ticket in closed if ticket["related_tickets"]]
    pairs = [(ticket["ticket_id"], other) for ticket in linked for other in ticket["related_tickets"]]

    assert 0.12 <= len(linked) / len(closed) <= 0.18
    assert 0.15 <= np.mean([cause[key] != cause[other] for key, other in pairs]) <= 0.25
    assert all(other < key for key, other in pairs)


def test_incidents_of_every_kind_bring_their_tickets(simulated):
    incidents, truth = simulated.truth["incidents"], simulated.truth["tickets"]
    assert set(incidents["kind"]) == {
        "volume_spike",
        "slow_burn",
        "sentiment_drop",
        "new_issue_type",
        "unanswered_wave",
    }
    counted = dict(truth["incident"].drop_nulls().value_counts().iter_rows())
    for incident, kind, cause, start, end, tickets in incidents.select(
        "incident", "kind", "cause", "starts_at", "ends_at", "tickets"
    ).iter_rows():
        assert counted.get(incident, 0) == tickets
        assert tickets > 0 or kind == "sentiment_drop"
        rows = truth.filter(pl.col("incident") == incident)
        assert rows["created_at"].is_between(start, end).all()
        assert set(rows["cause"]) <= {cause}
        if kind == "new_issue_type":
            assert rows["category"].null_count() == len(rows)


def test_truth_stays_beside_the_tickets(simulated):
    causes = simulated.truth["causes"]["cause"].to_list()
    text = b"\n".join(simulated.lines)

    assert not [cause for cause in causes if cause.count("_") and f'"{cause}"'.encode() in text]
