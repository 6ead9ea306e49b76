"""What people have settled is not asked again."""

from datetime import UTC, datetime

import polars as pl
import pytest

from orchestration.defs.review import settled
from warehouse.contracts import silver
from warehouse.delta import Lake

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def said(number, ticket, who, source="agent", review_id=None):
    row = {"label_id": f"L{number}", "ticket_id": ticket, "actor_id": who, "source": source, "review_id": review_id}
    return {**row, "field": "category", "value": "Bug", "kind": "corrected", "said_at": NOW, "holds": True}


@pytest.mark.parametrize(
    ("facts", "asked_no_more"),
    [
        ([], []),
        ([said(1, "T-1", None, "recorded")], []),
        ([said(1, "T-1", "A")], ["T-1"]),
        ([said(1, "T-1", "A", "review", "RV-1")], ["T-1"]),
        ([said(1, "T-1", "A", "review", "RND-1")], []),
        ([said(1, "T-1", "A", "review", "RND-1"), said(2, "T-1", "A", "review", "RND-1")], []),
        ([said(1, "T-1", "A", "review", "RND-1"), said(2, "T-1", "B")], ["T-1"]),
    ],
)
def test_one_voice_settles_a_label_and_two_settle_one_of_the_fair_sample(tmp_path, facts, asked_no_more):
    lake = Lake(tmp_path)
    lake.append(silver.LABELS, pl.DataFrame(facts, schema=silver.LABELS.schema))

    assert settled(lake)["ticket_id"].to_list() == asked_no_more


def test_before_anything_was_said_nothing_is_settled(tmp_path):
    assert settled(Lake(tmp_path)).is_empty()
