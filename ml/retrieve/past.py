"""The past that rankers learn from, and what it was at some moment of it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve.question import Question


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What is learned from: `problems`, `solutions` and `attempts` as in search/*, vectors (n, ·) of problems."""

    problems: pl.DataFrame
    solutions: pl.DataFrame
    attempts: pl.DataFrame
    vectors: NDArray[np.float32]
    shared: NDArray[np.float32]
    said: pl.DataFrame
    """ticket_id, target (category or subcategory), label, confidence: what champions said that did not know it."""
    encoder: str

    def until(self, moment: datetime) -> "Past":
        """What was known then."""
        earlier = (self.problems["created_at"] < moment).to_numpy()
        return msgspec.structs.replace(
            self,
            problems=self.problems.filter(earlier),
            vectors=self.vectors[earlier],
            shared=self.shared[earlier],
            attempts=self.attempts.filter(pl.col("at") <= moment),
        )

    def questions(self, rows: Sequence[int]) -> list[Question]:
        """Problems as they were asked: with predicted, not with recorded, categories."""
        wanted = self.problems["ticket_id"].gather(list(rows))
        said: dict[tuple[str, str], dict[str, float]] = {}
        some = self.said.filter(pl.col("ticket_id").is_in(wanted.implode()))
        for ticket, target, label, confidence in some.select("ticket_id", "target", "label", "confidence").iter_rows():
            said[ticket, target] = {label: confidence}
        found = []
        for row in rows:
            one = self.problems[int(row)]
            known = one.row(0, named=True)
            found.append(
                Question(
                    asked=one.select("title", "body", "errors", "language"),
                    vector=self.vectors[row],
                    shared=self.shared[row],
                    product=known["product"],
                    product_version=known["product_version"],
                    product_module=known["product_module"],
                    categories=said.get((known["ticket_id"], "category"), {}),
                    subcategories=said.get((known["ticket_id"], "subcategory"), {}),
                    at=known["created_at"],
                    ticket_id=known["ticket_id"],
                )
            )
        return found

    def solved_by(self) -> list[str | None]:
        """What solved each problem, as far as it is known."""
        helped = self.attempts.filter("succeeded").sort("at").unique("ticket_id", keep="last")
        joined = self.problems.select("ticket_id").join(helped, on="ticket_id", how="left", maintain_order="left")
        found: list[str | None] = joined["solution_id"].to_list()
        return found
