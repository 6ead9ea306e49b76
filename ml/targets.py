"""What is predicted of a ticket, and how its labels relate."""

from dataclasses import dataclass
from typing import Literal

import polars as pl


@dataclass(frozen=True)
class Target:
    """A column of `silver/tickets` whose value is known only later.

    `order` lists ordinal labels, least first. `within` names the target that each label belongs under. `known` is the
    time from which the label may be learned from: labels are those of closed tickets. `novel`: a ticket may fit no
    label.
    """

    name: str
    column: str
    kind: Literal["nominal", "ordinal", "binary"]
    order: tuple[str, ...] = ()
    within: str | None = None
    known: str = "resolved_at"
    novel: bool = False

    def labels(self) -> pl.Expr:
        """The label of each ticket, null where there is none yet: of a binary target, only closed tickets have one."""
        column = pl.col(self.column)
        if self.kind != "binary":
            return column.cast(pl.String)
        least, most = self.order
        closed = pl.col("resolved_at").is_not_null() & column.is_not_null()
        return pl.when(closed).then(pl.when(column).then(pl.lit(most)).otherwise(pl.lit(least)))


CATEGORY = Target("category", "category", "nominal", novel=True)
SUBCATEGORY = Target("subcategory", "subcategory", "nominal", within="category")
PRIORITY = Target("priority", "priority", "ordinal", ("low", "medium", "high", "critical"))
SEVERITY = Target("severity", "severity", "ordinal", ("P4", "P3", "P2", "P1", "P0"))
SENTIMENT = Target("sentiment", "customer_sentiment", "nominal")
ESCALATION = Target("escalation", "escalated", "binary", ("no", "yes"))

TARGETS = (CATEGORY, SUBCATEGORY, PRIORITY, SEVERITY, SENTIMENT, ESCALATION)
"""A parent comes before what lies within it."""
