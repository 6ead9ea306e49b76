"""Documents say what the cards say, and nothing else."""

import re
from copy import deepcopy
from datetime import UTC, datetime

import polars as pl
import pytest

from ml.documents import write
from ml.documents.overview import trees_and_networks
from ml.documents.target import page
from ml.errors import Answered, table_rows
from warehouse.errors import NotMaterialized


def worth(value, *, milliseconds=1.0):
    """What a family is worth, as a card holds it."""
    between = {"value": value, "low": value - 0.02, "high": value + 0.02}
    return {
        "rows": 300,
        "accuracy": between,
        "weighted_f1": between,
        "macro_f1": {"value": value - 0.1, "low": value - 0.15, "high": value - 0.05},
        "log_loss": 0.4,
        "brier": 0.2,
        "ece": 0.0217,
        "per_class": {
            "Login | SSO": {"precision": 0.9, "recall": 0.8, "f1": 0.847, "rows": 270},
            "Billing": {"precision": None, "recall": 0.0, "f1": 0.0, "rows": 30},
        },
        "per_language": {"en": {"rows": 250, "accuracy": 0.9}, "de": {"rows": 50, "accuracy": 0.7}},
        "tail": {"rows": 0, "accuracy": None},
        "fit_seconds": 12.3,
        "milliseconds_p50": milliseconds,
        "milliseconds_p99": 4.56,
        "bytes": 1_234_567,
        "calibration": {"temperature": 1.1, "doubt": 0.05},
    }


@pytest.fixture
def card():
    compared = {
        "majority": worth(0.5, milliseconds=0.1),
        "xgboost": worth(0.9, milliseconds=2.0),
        "catboost": worth(0.88, milliseconds=5.0),
        "keras": worth(0.8, milliseconds=3.0),
    }
    return {
        "name": "models/category",
        "target": "category",
        "method": "xgboost then catboost",
        "features": ["characters", "text"],
        "inputs": {"silver/tickets": 3, "features/tickets": 2},
        "rows": {"train": 1400, "validation": 300, "test": 300},
        "split": {
            "by": "created_at",
            "first": "2026-01-01T00:00:00+00:00",
            "validation_from": "2026-05-05T10:00:00+00:00",
            "test_from": "2026-06-01T08:00:00+00:00",
            "last": "2026-06-30T00:00:00+00:00",
        },
        "seed": 11,
        "parameters": {"xgboost": {"rounds": 120, "class_weight": "balanced"}, "catboost": {}},
        "libraries": {"xgboost-cpu": "3.2.0"},
        "measures": {"test": compared["xgboost"], "families": compared},
        "verdict": "xgboost: weighted F1 0.900",
        "decisions": {"Billing": {"automate": {"precision": 0.95, "confidence": None}}},
        "encoder": "e" * 32,
        "code": "c" * 16,
        "families": "majority,xgboost,catboost,keras",
        "learnability": {"verdict": "learnable", "reason": "words tell"},
    }


def resolution(card):
    made = deepcopy(card)
    measures = {
        "coverage_of_80_percent_interval": 0.812,
        "median_factor_missed": 1.9,
        "median_factor_missed_by_the_median": 2.7,
        "open": 12,
    }
    return {**made, "name": "models/resolution_time", "method": "AFT", "parameters": {}, "measures": {"test": measures}}


def errors(model):
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T-{n}" for n in range(200)],
            "label": ["Login"] * 150 + ["Billing"] * 50,
            "predicted": ["Login"] * 170 + ["Billing"] * 30,
            "confidence": [n / 200 for n in range(200)],
            **{
                name: ["a", "b"] * 100
                for name in ("language", "channel", "customer_tier", "region", "product", "length")
            },
        }
    )
    return table_rows([Answered("category", model, datetime(2026, 6, 1, tzinfo=UTC), rows)])


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def test_a_target_is_told_with_every_family_best_first_and_its_champion_marked(card):
    text = page("category", card, "d" * 32, {})
    shown = [cells(line) for line in text.splitlines() if re.match(r"\| \**(majority|xgboost|catboost|keras)", line)]
    assert [row[0] for row in shown] == ["**xgboost**", "catboost", "keras", "majority"]
    assert shown[0][1] == "0.900 (0.880–0.920)"
    assert shown[0][4:] == ["0.022", "–", "12.3 s", "1.2 MB", "2.00", "4.56"]
    assert "where it fails **catboost** does" in text
    assert r"| Login \| SSO | 270 | 90.0% | 80.0% | 0.847 |" in text
    assert "20.0 points worse in de" in text
    assert "xgboost: `balanced`" in text
    assert "| validation | 2026-05-05 | 2026-06-01 | 300 |" in text
    assert "never (95.0% right)" in text
    assert "`silver/tickets` | Delta version 3" in text
    assert "Not analysed yet" in text


def test_trees_and_networks_are_compared_by_their_intervals_and_milliseconds(card):
    told = trees_and_networks({"category": card})
    assert (
        "xgboost is better than keras beyond both intervals; one ticket takes keras 3.00 ms, xgboost 2.00 ms." in told
    )
    card["measures"]["families"]["keras"] = worth(0.89, milliseconds=3.0)
    assert "the intervals of xgboost and keras overlap" in trees_and_networks({"category": card})
    card["measures"]["families"] = {"majority": worth(0.5)}
    assert "Not compared" in trees_and_networks({"category": card})


def test_every_page_and_figure_is_written_the_same_again_and_every_link_leads_somewhere(card, tmp_path):
    cards = {"category": card, "resolution_time": resolution(card)}
    digests = {"category": "d" * 32, "resolution_time": "f" * 32}
    for name in ("first", "second"):
        pages = write("000001-abcdef012345", cards, digests, errors("d" * 32), tmp_path / name)
    assert {one.name for one in pages} == {"README.md", "category.md", "resolution_time.md", "reproduce.md"}
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()
    for one in pages:
        for link in re.findall(r"\]\(([^)]+)\)", one.read_text(encoding="utf-8")):
            assert (one.parent / link).exists(), (one.name, link)
    assert "holds 81.2% of the 300 newest tickets" in (tmp_path / "first" / "README.md").read_text(encoding="utf-8")
    told = (tmp_path / "first" / "category.md").read_text(encoding="utf-8")
    assert "200 tickets since 2026-06-01, 90.0% right" in told


def test_errors_of_another_model_are_not_shown(card, tmp_path):
    write("000001-abcdef012345", {"category": card}, {"category": "d" * 32}, errors("0" * 32), tmp_path)
    assert "Not analysed yet" in (tmp_path / "category.md").read_text(encoding="utf-8")
    assert not (tmp_path / "category.svg").exists()


def test_without_a_model_there_is_nothing_to_tell(tmp_path):
    with pytest.raises(NotMaterialized):
        write("000001-abcdef012345", {}, {}, {}, tmp_path)
