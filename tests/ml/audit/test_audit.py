"""The audit says what can be learned, and names what leaks."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.audit import as_json, audit, column_rows, target_rows, write
from ml.audit.columns import availability
from ml.features.fence import FENCED
from warehouse.contracts import silver
from warehouse.contracts.audit import COLUMNS, TARGETS

PURE_CHANCE = ("subcategory", "customer_sentiment", "resolution_code")


def found(audited):
    return {finding.target: finding for finding in audited.findings}


def test_category_of_the_sample_is_solved_by_template(sample_audit):
    category = found(sample_audit)["category"]
    assert category.verdict == "solved by template"
    assert category.time.accuracy == 1.0
    assert category.customers.accuracy == 1.0
    assert category.unseen.low <= 0
    assert category.unseen.accuracy < 0.5
    assert category.templates <= 10


@pytest.mark.parametrize("target", PURE_CHANCE)
def test_other_labels_of_the_sample_are_pure_chance(sample_audit, target):
    finding = found(sample_audit)[target]
    assert finding.verdict == "nothing to learn"
    assert abs(finding.time.accuracy - finding.time.majority) < 0.05


@pytest.mark.parametrize(
    ("target", "late"),
    [("priority", {"affected_users", "resolution_time_hours"}), ("severity", {"resolution_time_hours", "resolved_at"})],
)
def test_urgency_of_the_sample_shows_only_in_what_is_known_afterwards(sample_audit, target, late):
    finding = found(sample_audit)[target]
    assert finding.verdict in ("nothing to learn", "weak")
    assert late <= set(finding.leaks)
    assert "only in what is known afterwards" in finding.reason
    assert set(finding.leaks) <= FENCED


def test_templates_are_seen_through_in_simulated_tickets_of_ten_templates(original_audit):
    findings = found(original_audit)
    assert findings["category"].verdict == "solved by template"
    assert {findings[target].verdict for target in (*PURE_CHANCE, "priority", "severity")} == {"nothing to learn"}
    assert "resolution_time_hours" in findings["severity"].leaks


def test_freshly_worded_tickets_can_be_learned_from(realistic_audit):
    findings = found(realistic_audit)
    for target in ("category", "subcategory", "customer_sentiment"):
        assert findings[target].verdict == "learnable"
        assert findings[target].time.p_value == 0.001
    assert findings["category"].shared_templates < 0.05
    assert findings["category"].ceiling is None


def test_what_open_tickets_lack_is_known_only_afterwards_declared_or_not(make_tickets):
    rows = prepared(make_tickets(400)).with_columns(environment=pl.lit("test"), channel=pl.lit("mail"))
    still_open = pl.int_range(pl.len()) < 100
    rows = rows.with_columns(pl.when(~still_open).then(pl.col("resolved_at", "environment")))
    seen = {column.column: column for column in availability(rows)}
    assert seen["environment"].afterwards
    assert "100% of closed tickets have it, 0% of open ones" in seen["environment"].why
    assert not seen["channel"].afterwards
    assert all(seen[name].afterwards for name in FENCED & set(seen))


def test_a_planted_word_is_learnable_and_a_planted_late_column_leaks(make_tickets):
    signal = prepared(make_tickets(1500, signal=0.9, seed=3))
    finding = found(audit(signal, seed=1))["category"]
    assert finding.verdict == "learnable"
    assert finding.leaks == ["resolution_code"]
    silent = prepared(make_tickets(1500, signal=0.0, seed=3))
    finding = found(audit(silent, seed=1))["category"]
    assert finding.verdict == "nothing to learn"
    assert finding.leaks == ["resolution_code"]


def test_the_same_seed_gives_the_same_tables_and_the_same_files(make_tickets, tmp_path):
    rows = prepared(make_tickets(900, signal=0.5, seed=2))
    first, second = (
        audit(rows, seed=4, sample=600),
        audit(rows.sample(fraction=1, shuffle=True, seed=9), seed=4, sample=600),
    )
    assert first.rows == 600
    assert first.sampled_from == 900
    assert target_rows(first).equals(target_rows(second))
    assert column_rows(first).equals(column_rows(second))
    write(first, tmp_path / "a")
    write(second, tmp_path / "b")
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["README.md", "leaks.svg", "splits.svg"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)


def test_the_tables_keep_their_contracts_and_the_page_shows_every_verdict(original_audit, tmp_path):
    targets, columns = target_rows(original_audit), column_rows(original_audit)
    assert targets.schema == TARGETS.schema
    assert columns.schema == COLUMNS.schema
    assert columns.select(COLUMNS.primary_key).is_duplicated().sum() == 0
    page = write(original_audit, tmp_path).read_text(encoding="utf-8")
    for row in targets.to_dicts():
        assert f"### {row['target']}: {row['verdict']}" in page
    plain = as_json(original_audit)["targets"]["category"]
    keys = "verdict majority time_split group_split unseen_template_split p_value leaks"
    assert set(keys.split()) <= set(plain)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_few_tickets_teach_nothing_and_say_so(make_tickets, count):
    rows = prepared(make_tickets(50)).head(count)
    audited = audit(rows, seed=1)
    assert {finding.verdict for finding in audited.findings} == {"nothing to learn"}
    assert all(f"{count} labelled tickets" in finding.reason for finding in audited.findings)


def test_tickets_of_one_moment_one_customer_and_no_words_have_a_verdict(make_tickets):
    rows = prepared(make_tickets(300)).with_columns(
        created_at=pl.lit(datetime(2026, 1, 1, tzinfo=UTC)).cast(silver.TICKETS.schema["created_at"]),
        customer_id=pl.lit("C"),
        subject=pl.lit(None, pl.String),
        description=pl.lit(""),
    )
    assert {finding.verdict for finding in audit(rows, seed=1).findings} == {"nothing to learn"}
    later = rows.with_columns(
        created_at=pl.col("created_at") + pl.int_range(pl.len()) * pl.duration(hours=1), customer_id=pl.col("ticket_id")
    )
    assert found(audit(later, seed=1))["category"].verdict == "nothing to learn"


def prepared(rows):
    """Whole rows of `silver/tickets`, all closed, with a late column that gives the category away.

    Digits become letters: words that hold digits would be masked as codes.
    """
    letters = pl.col("subject", "description").str.replace_many(list("0123456789"), list("abcdefghij"))
    rng = np.random.default_rng(5)
    rows = rows.with_columns(
        pl.col("created_at").cast(silver.TICKETS.schema["created_at"]),
        (pl.col("created_at") + timedelta(days=1)).cast(silver.TICKETS.schema["resolved_at"]).alias("resolved_at"),
        pl.Series("customer_id", [f"C-{number}" for number in rng.integers(0, 400, rows.height)], dtype=pl.String),
        letters,
        ("DONE-" + pl.col("category")).alias("resolution_code"),
    )
    missing = [field for field in silver.TICKET_FIELDS if field.name not in rows.columns]
    return rows.with_columns(pl.lit(None, field.dtype).alias(field.name) for field in missing)
