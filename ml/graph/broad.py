"""Questions about many tickets at once: what goes wrong with a version, a product, a module, a code.

Answered from issues: those that the tickets in question belong to, with examples, never from a single ticket.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.graph.asking import asks_about_many
from ml.graph.link import Linker
from ml.graph.periods import period
from ml.graph.things import kind_of
from warehouse.errors import ArtifactDamaged

FILE = "scopes.arrow"
COLUMNS = (
    "product", "product_version", "product_module", "category", "subcategory", "region", "language", "customer_tier",
)  # fmt: skip
"""What tickets can be counted by, as it is in `search/problems`."""
EXAMPLES = 3
LEAST = 2
"""Tickets of an issue in the scope before it is worth naming."""
_REGIONS = {
    "EU": ("europe", "europa"),
    "NA": ("north america", "nordamerika"),
    "APAC": ("asia", "asia pacific", "asien"),
    "LATAM": ("latin america", "lateinamerika"),
}


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which tickets are asked about: those that have one of the values of every field, opened from `start` to `end`."""

    values: dict[str, list[str]]
    start: datetime | None = None
    end: datetime | None = None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """An issue in a scope: its tickets there, of how many; how often beside all tickets (lift); the newest of them."""

    issue_id: str
    tickets: int
    of: int
    lift: float
    examples: list[str]


class Broad:
    """Tickets with their issue and what they can be asked by."""

    def __init__(self, tickets: pl.DataFrame) -> None:
        """Columns: ticket_id, issue_id (null: none), created_at, `COLUMNS`, version, codes (lists)."""
        self._tickets = tickets
        named = ("category", "subcategory", "region")
        self._values = {column: tickets[column].drop_nulls().unique().sort().to_list() for column in named}

    @classmethod
    def of(cls, problems: pl.DataFrame, members: pl.DataFrame, edges: pl.DataFrame) -> Self:
        """From `search/problems`, `graph/issue_members` and MENTIONS edges of tickets."""
        code = pl.col("target").str.strip_prefix("ErrorCode:")
        said = edges.filter(pl.col("target").str.starts_with("ErrorCode:"), kind="MENTIONS")
        said = said.filter(pl.col("source").str.starts_with("Ticket:"))
        codes = said.group_by(ticket_id=pl.col("source").str.strip_prefix("Ticket:")).agg(codes=code)
        tickets = problems.select(
            "ticket_id",
            "created_at",
            *COLUMNS,
            version=pl.concat_str("product", "product_version", separator=" "),
        )
        tickets = tickets.join(members.select("ticket_id", "issue_id"), on="ticket_id", how="left")
        return cls(tickets.join(codes, on="ticket_id", how="left").sort("created_at", "ticket_id"))

    def scope(self, question: str, linker: Linker, now: datetime) -> Scope | None:
        """What a broad question asks about; None for one that tells a problem of its own, or names nothing of ours."""
        if not asks_about_many(question):
            return None
        values: dict[str, list[str]] = {}
        for name in linker.link(question).seeds:
            column = _COLUMN_OF.get(kind_of(name) or "")
            if column:
                values.setdefault(column, []).append(name.partition(":")[2])
        rest = question
        for name in values.get("product", []) + values.get("product_module", []):
            rest = re.sub(r"[\s_-]*".join(map(re.escape, re.split(r"[\s_-]+", name))), " ", rest, flags=re.IGNORECASE)
        for column, names in self._values.items():
            for name in names:
                if any(_says(rest, form) for form in (name, *_REGIONS.get(name, ()))):
                    values.setdefault(column, []).append(name)
        if "version" in values:
            values.pop("product", None)
        if not values:
            return None
        start, end = period(question, now)
        return Scope(values={column: sorted(set(found)) for column, found in values.items()}, start=start, end=end)

    def answer(
        self, scope: Scope, as_of: datetime | None = None, limit: int = 15, allowed: NDArray[np.bool_] | None = None
    ) -> list[Hit]:
        """The issues of the tickets in scope that were opened by `as_of`: most tickets first, then the highest lift.

        `allowed` says which of `tickets`, (n,), are counted; all, where it is null.
        """
        known = self._known(as_of)
        counted = self._tickets if allowed is None else self._tickets.filter(allowed)
        inside = _until(counted, as_of).filter(_within(scope))
        if inside.is_empty():
            return []
        everywhere = known.drop_nulls("issue_id").group_by("issue_id").len("all")
        found = (
            inside.drop_nulls("issue_id")
            .group_by("issue_id")
            .agg(tickets=pl.len(), examples=pl.col("ticket_id").tail(EXAMPLES).reverse())
        )
        found = found.join(everywhere, on="issue_id").with_columns(
            lift=pl.col("tickets") / inside.height / (pl.col("all") / known.height)
        )
        found = found.filter(pl.col("tickets") >= min(LEAST, inside.height))
        ranked = found.sort(_rank(), "issue_id", descending=[True, False]).head(limit)
        return [
            Hit(issue_id=name, tickets=count, of=inside.height, lift=lift, examples=examples)
            for name, count, lift, examples in ranked.select("issue_id", "tickets", "lift", "examples").iter_rows()
        ]

    def within(self, scope: Scope, as_of: datetime | None = None) -> pl.DataFrame:
        """The tickets in scope that were opened by `as_of`, in the order of their opening."""
        return self._known(as_of).filter(_within(scope))

    @property
    def tickets(self) -> pl.DataFrame:
        """All of them, with what they can be asked by."""
        return self._tickets

    def _known(self, as_of: datetime | None) -> pl.DataFrame:
        return _until(self._tickets, as_of)

    def save(self, folder: Path) -> None:
        """Write an Arrow file."""
        folder.mkdir(parents=True, exist_ok=True)
        self._tickets.write_ipc(folder / FILE, compression="zstd")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote. Raises `ArtifactDamaged`."""
        try:
            return cls(pl.read_ipc(folder / FILE))
        except (OSError, pl.exceptions.PolarsError) as error:
            message = f"{folder} holds no scopes of tickets: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None


_COLUMN_OF: Mapping[str, str] = {
    "Product": "product",
    "Version": "version",
    "Module": "product_module",
    "ErrorCode": "codes",
}


def _until(tickets: pl.DataFrame, as_of: datetime | None) -> pl.DataFrame:
    return tickets if as_of is None else tickets.filter(pl.col("created_at") <= as_of)


def _says(text: str, name: str) -> bool:
    """Whether a name stands in the text as a word; a short one is an abbreviation, and written as it is."""
    return re.search(rf"\b{re.escape(name)}\b", text, re.NOFLAG if len(name) <= 3 else re.IGNORECASE) is not None


def _rank() -> pl.Expr:
    """Tickets, more of them the higher the lift: a common issue comes before a rare one that is merely odd."""
    return pl.col("tickets") * (1 + pl.col("lift")).log()


def _within(scope: Scope) -> pl.Expr:
    parts: list[pl.Expr] = []
    for column, values in scope.values.items():
        own = (
            pl.col("codes").list.set_intersection(values).list.len() > 0
            if column == "codes"
            else pl.col(column).is_in(values)
        )
        parts.append(own.fill_null(False))
    if scope.start is not None:
        parts.append(pl.col("created_at") >= scope.start)
    if scope.end is not None:
        parts.append(pl.col("created_at") < scope.end)
    return pl.all_horizontal(parts) if parts else pl.lit(False)
