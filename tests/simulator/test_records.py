"""The ticket records are complete, consistent with themselves, and as the loader expects them."""

import json
from collections import Counter
from datetime import datetime

import polars as pl
import pytest

import simulator
from simulator.words import complaints, languages


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_times_and_derived_fields_agree(simulated):
    for ticket in simulated.tickets:
        created = at(ticket["created_at"])
        assert at(ticket["updated_at"]) >= created
        assert ticket["weekend_ticket"] == (created.weekday() >= 5)
        assert ticket["after_hours"] == (not 9 <= created.hour < 18)
        assert ticket["ticket_text_length"] == len(ticket["description"])
        assert ticket["contains_stack_trace"] == bool(ticket["stack_trace"])
        assert ticket["contains_error_code"] == ("ERROR_" in ticket["description"] + ticket["error_logs"])
        assert (ticket["escalation_reason"] is not None) == ticket["escalated"]
        assert set(ticket["kb_articles_helpful"]) <= set(ticket["kb_articles_viewed"])
        if ticket["resolved_at"]:
            hours = (at(ticket["resolved_at"]) - created).total_seconds() / 3600
            assert ticket["resolution_time_hours"] == pytest.approx(hours, abs=0.01)
            assert ticket["resolution"]
        else:
            assert ticket["resolution"] is None
            assert ticket["resolution_time_hours"] is None
            assert ticket["satisfaction_score"] is None


def test_ids_run_in_order_of_time_and_histories_are_true(simulated):
    created = [ticket["created_at"] for ticket in simulated.tickets]
    assert created == sorted(created)
    assert len({ticket["ticket_id"] for ticket in simulated.tickets}) == len(simulated.tickets) == 6_000
    seen: Counter[str] = Counter()
    for ticket in simulated.tickets:
        assert ticket["previous_tickets"] == seen[ticket["customer_id"]]
        seen[ticket["customer_id"]] += 1


def test_success_makes_customers_content(simulated):
    solved = dict(simulated.truth["tickets"].select("ticket_id", "solved_by").iter_rows())
    rows = [(ticket["satisfaction_score"], solved[ticket["ticket_id"]]) for ticket in simulated.tickets]
    good = [score for score, by in rows if score and by]
    bad = [score for score, by in rows if score and not by]

    assert sum(good) / len(good) > sum(bad) / len(bad) + 1


def test_all_languages_are_spoken_and_complete(simulated):
    assert set(languages()) == {"en", "es", "de", "fr", "it", "pt", "ja", "zh"}
    share = simulated.truth["tickets"]["language"].value_counts(normalize=True)
    assert set(share["language"]) == set(languages())
    assert share["proportion"].min() > 0.01
    assert {language: complaints(language) for language in languages()} == {language: [] for language in languages()}


def test_defects_are_where_the_truth_says(simulated):
    defects = simulated.truth["defects"]
    assert simulated.report.records == len(simulated.lines) == 6_000 + len(defects)
    assert 0.001 <= len(defects) / 6_000 <= 0.006
    assert {"unchanged", "quarantined"} <= set(defects["expected"])
    tickets = simulated.by_id
    for position, key, kind, expected in defects.iter_rows():
        line = simulated.lines[position]
        if kind == "exact_duplicate":
            assert line in simulated.lines[:position]
        elif kind == "newer_update":
            assert json.loads(line)["updated_at"] > tickets[key]["updated_at"]
            assert expected == "updated"
        elif kind == "older_update":
            assert json.loads(line)["updated_at"] < tickets[key]["updated_at"]
        elif kind in ("line_cut", "invalid_utf8"):
            with pytest.raises(ValueError, match=r"."):
                json.loads(line)


def test_articles_have_content_and_no_article_repeats(simulated):
    articles = [json.loads(line) for line in simulated.report.articles.read_bytes().splitlines()]
    useful = simulated.truth["articles"]

    assert len({article["article_id"] for article in articles}) == len(articles) > 200
    assert all(article["body"].count("##") >= 1 and len(article["body"]) > 80 for article in articles)
    assert {ticket for one in simulated.tickets for ticket in one["kb_articles_viewed"]} <= {
        article["article_id"] for article in articles
    }
    assert useful.filter(pl.col("usefulness") > 0.5)["cause"].n_unique() >= 150


@pytest.mark.parametrize("mode", ["realistic", "original"])
def test_the_same_seed_gives_the_same_bytes(tmp_path, mode):
    for name in ("first", "second", "other"):
        seed = 5 if name == "other" else 4
        (tmp_path / name).mkdir()
        simulator.simulate(mode, 300, 30, seed, tmp_path / name / "t.jsonl.gz")

    files = sorted(path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*") if path.is_file())
    assert all((tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes() for file in files)
    assert (tmp_path / "first" / "t.jsonl.gz").read_bytes() != (tmp_path / "other" / "t.jsonl.gz").read_bytes()


def test_a_further_day_continues_the_first_simulation(tmp_path):
    simulator.simulate("realistic", 600, 30, 4, tmp_path / "a.json")
    report = simulator.simulate("realistic", 600, 30, 4, tmp_path / "b.json", further=50)
    first, further = (json.loads((tmp_path / name).read_bytes()) for name in ("a.json", "b.json"))
    known = {ticket["customer_id"] for ticket in first if "ticket_id" in ticket}

    assert report.tickets == 50
    new = [ticket for ticket in further if isinstance(ticket.get("ticket_id"), str)]
    assert min(ticket["ticket_id"] for ticket in new).endswith("000601")
    assert {ticket["created_at"][:10] for ticket in new if "created_at" in ticket} <= {"2026-06-30", "2026-02-31"}
    assert any(ticket["customer_id"] in known and ticket["previous_tickets"] > 0 for ticket in new)


def test_an_array_holds_no_broken_syntax(tmp_path):
    report = simulator.simulate("realistic", 2_000, 60, 3, tmp_path / "t.json.gz")

    import gzip

    records = json.loads(gzip.decompress((tmp_path / "t.json.gz").read_bytes()))
    assert len(records) == report.records > report.tickets == 2_000


def test_an_interrupted_simulation_leaves_nothing(tmp_path):
    class Interruption(BaseException):
        pass

    def stop(done: int) -> None:
        raise Interruption

    for mode in ("realistic", "original"):
        with pytest.raises(Interruption):
            simulator.simulate(mode, 1_000, 30, 1, tmp_path / "t.jsonl", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("tickets", "days", "name"), [(0, 10, "t.json"), (10, 0, "t.json"), (10, 10, "t.csv")])
def test_nonsense_is_refused_with_a_reason(tmp_path, tickets, days, name):
    with pytest.raises(ValueError, match="expected"):
        simulator.simulate("realistic", tickets, days, 1, tmp_path / name)
