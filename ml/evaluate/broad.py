"""How many of the causes behind a scope's tickets are among the issues that a broad question is answered with.

A cause belongs to the answer of a scope when it is one of the five most frequent among the scope's tickets, and has
at least two of them. An issue counts for the cause that most of its tickets have. Recall is the share of those causes
that the issues returned count for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import polars as pl

from ml.evaluate.rankings import interval
from ml.graph.broad import Broad, Scope
from ml.graph.link import Linker

CAUSES = 5
LEAST = 2
ISSUES = 15
"""Issues that an answer names."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question, and what it asks about."""

    text: str
    scope: Scope


def questions(tickets: pl.DataFrame, *, count: int = 50, least: int = 25) -> list[Question]:
    """Questions about what tickets have in common, the most frequent scopes first, kinds in turn.

    `tickets` needs product, version (with the product's name), product_module, codes (lists). A scope has at least
    `least` tickets.
    """
    kinds = {
        "version": ("What goes wrong with version {1} of {0}?", tickets.select(a="product", b="version")),
        "product": ("What are the top problems of {0}?", tickets.select(a="product", b="product")),
        "product_module": ("Which issues does the {1} of {0} have?", tickets.select(a="product", b="product_module")),
        "codes": ("What are the most common problems with {1}?", tickets.select(a=pl.lit(""), b="codes").explode("b")),
    }
    asked: list[list[Question]] = []
    for kind, (words, pairs) in kinds.items():
        counted = pairs.drop_nulls().group_by("a", "b").len().filter(pl.col("len") >= least)
        ranked = counted.sort("len", "a", "b", descending=[True, False, False])
        asked.append([_question(kind, words, a, b) for a, b, _ in ranked.iter_rows()])
    turns = [group[turn] for turn in range(max(map(len, asked), default=0)) for group in asked if turn < len(group)]
    return turns[:count]


def measure(
    broad: Broad, linker: Linker, members: pl.DataFrame, causes: pl.DataFrame, *, now: datetime, seed: int
) -> dict[str, Any]:
    """Recall over fifty questions made of the tickets themselves, with a bootstrap interval, beside a baseline.

    `members` is `graph/issue_members`, `causes` (ticket_id, cause) the truth. A question that is not
    understood is answered with nothing. The baseline answers every question with the largest issues.
    """
    everything = broad.tickets
    asked = questions(everything)
    cause_of = causes_of_issues(members, causes)
    largest = members["issue_id"].value_counts().sort("count", "issue_id", descending=[True, False])
    found: list[tuple[float, float, bool]] = []
    for question in asked:
        expected = true_causes(broad.within(question.scope).join(causes, on="ticket_id")["cause"])
        scope = broad.scope(question.text, linker, now)
        issues = [hit.issue_id for hit in broad.answer(scope, limit=ISSUES)] if scope else []
        plain = recall(expected, largest["issue_id"].head(ISSUES).to_list(), cause_of)
        found.append((recall(expected, issues, cause_of), plain, scope == question.scope))
    recalls, plains, understood = (np.array(column) for column in zip(*found, strict=True))
    return {
        "questions": len(asked),
        "understood": float(understood.mean()),
        "issues": ISSUES,
        "recall": interval(recalls, seed),
        "baseline": interval(plains, seed),
    }


def true_causes(inside: pl.Series) -> list[str]:
    """The causes that make up these tickets, given one cause a ticket."""
    counted = inside.drop_nulls().value_counts().rename({inside.name: "cause"})
    ranked = counted.filter(pl.col("count") >= LEAST).sort("count", "cause", descending=[True, False])
    found: list[str] = ranked["cause"].head(CAUSES).to_list()
    return found


def causes_of_issues(members: pl.DataFrame, causes: pl.DataFrame) -> dict[str, str]:
    """The most frequent cause of each issue's tickets; `causes` holds ticket_id and cause."""
    both = members.join(causes, on="ticket_id").group_by("issue_id", "cause").len()
    best = both.sort("len", "cause", descending=[True, False]).unique("issue_id", keep="first")
    return dict(best.select("issue_id", "cause").iter_rows())


def recall(expected: Sequence[str], issues: Sequence[str], cause_of: Mapping[str, str]) -> float:
    """The share of expected causes that these issues count for; 1 where none is expected."""
    found = {cause_of[issue] for issue in issues if issue in cause_of}
    return sum(cause in found for cause in expected) / len(expected) if expected else 1.0


def _question(kind: str, words: str, a: str, b: str) -> Question:
    number = b.removeprefix(f"{a} ") if kind == "version" else b
    values = {kind: [b]} | ({"product": [a]} if kind == "product_module" else {})
    return Question(text=words.format(a, number), scope=Scope(values=values))
