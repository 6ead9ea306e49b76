"""The edges of tickets as rows of numbers, each row in the order of time; stored without anything that could run."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from warehouse.errors import ArtifactDamaged, FormatMismatch

FORMAT = 1
FILE = "walk.json"
NEVER = np.iinfo(np.int64).max
RELATIONS = ("RELATED_TO", "DUPLICATES")
SAID = ("MENTIONS", "SEEN_IN")
_PARTS = ("starts", "values", "since", "marks")
_ROWS = ("named", "solved", "tried", "linked")


@dataclass(frozen=True)
class Rows:
    """Row i is `values[starts[i] : starts[i + 1]]`; `since` (microseconds) ascends within a row, `marks` go along."""

    starts: NDArray[np.int64]
    values: NDArray[np.int32]
    since: NDArray[np.int64]
    marks: NDArray[np.int8]

    @classmethod
    def of(cls, edges: pl.DataFrame, count: int) -> Self:
        """From row, value, since (timestamp; null: never known) and mark (0 or 1), for `count` rows."""
        ordered = edges.with_columns(at=pl.col("since").cast(pl.Int64).fill_null(NEVER)).sort("row", "at", "value")
        starts = np.searchsorted(ordered["row"].to_numpy(), np.arange(count + 1)).astype(np.int64)
        values, since, marks = (ordered[name].to_numpy() for name in ("value", "at", "mark"))
        return cls(starts, values.astype(np.int32), since.astype(np.int64), marks.astype(np.int8))

    def kept(self, which: NDArray[np.bool_]) -> Self:
        """The same rows with some of their values."""
        starts = np.concatenate([[0], np.cumsum(which)])[self.starts]
        return type(self)(starts, self.values[which], self.since[which], self.marks[which])

    def regrouped(self, rows: NDArray[np.int64], count: int) -> Self:
        """The same values in other rows (n,), of `count`; below 0: in none."""
        order = np.lexsort((self.values, self.since, rows))
        order = order[rows[order] >= 0]
        starts = np.searchsorted(rows[order], np.arange(count + 1)).astype(np.int64)
        return type(self)(starts, self.values[order], self.since[order], self.marks[order])

    @property
    def rows(self) -> NDArray[np.int64]:
        """Of each value the row that it is in."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def row(self, at: int, until: int, most: int | None = None) -> slice:
        """Where row `at` lies, as far as it was known at `until`; of a longer one the newest `most`."""
        start, end = int(self.starts[at]), int(self.starts[at + 1])
        end = start + int(np.searchsorted(self.since[start:end], until, side="right"))
        return slice(start if most is None else max(start, end - most), end)


class Names(msgspec.Struct, frozen=True):
    """Node ids by their place. `seen` are places of things that tickets were seen in; all others they mention."""

    format: int
    tickets: list[str]
    things: list[str]
    issues: list[str]
    solutions: list[str]
    seen: list[int]


@dataclass(frozen=True)
class Arrays:
    """`named` leads from things to tickets, `solved` from tickets to solutions, `tried` from issues to solutions (of
    all their tickets; a mark: it helped), `linked` from tickets to tickets (a mark: they are duplicates); `issue_of`
    is each ticket's issue, -1 for none.
    """

    names: Names
    named: Rows
    solved: Rows
    tried: Rows
    linked: Rows
    issue_of: NDArray[np.int32]
    opened: NDArray[np.int64]
    """When it was known that a ticket has its issue."""

    @classmethod
    def of(cls, edges: pl.DataFrame) -> Self:
        """From rows of `graph/edges`."""
        ours = edges.filter(pl.col("source").str.starts_with("Ticket:"))
        has, solved = ours.filter(kind="HAS_ISSUE"), ours.filter(kind="SOLVED_BY")
        said = ours.filter(pl.col("kind").is_in(SAID))
        links = ours.filter(pl.col("kind").is_in(RELATIONS))
        links = pl.concat([links, links.with_columns(source="target", target="source")])
        links = links.sort("since", "kind").unique(["source", "target"], keep="first", maintain_order=True)
        tickets = pl.concat([ours["source"], links["source"]]).unique().sort()
        things, issues, solutions = (rows["target"].unique().sort() for rows in (said, has, solved))
        of = has.select("since", row=_place("source", tickets), value=_place("target", issues))
        issue_of, opened = np.full(len(tickets), -1, np.int32), np.full(len(tickets), NEVER, np.int64)
        issue_of[of["row"].to_numpy()] = of["value"].to_numpy()
        opened[of["row"].to_numpy()] = of["since"].cast(pl.Int64).fill_null(NEVER).to_numpy()
        helped = (pl.col("successes") > 0).fill_null(False).cast(pl.Int8)
        won = solved.select("since", row=_place("source", tickets), value=_place("target", solutions), mark=helped)
        tried = won.join(of.select("row", issue="value"), on="row").with_columns(row="issue")
        seen = things.is_in(said.filter(kind="SEEN_IN")["target"].unique().implode()).arg_true()
        return cls(
            Names(FORMAT, tickets.to_list(), things.to_list(), issues.to_list(), solutions.to_list(), seen.to_list()),
            named=_between(said.select("since", "kind", source="target", target="source"), things, tickets),
            solved=Rows.of(won, len(tickets)),
            tried=Rows.of(tried, len(issues)),
            linked=_between(links, tickets, tickets),
            issue_of=issue_of,
            opened=opened,
        )

    def within(self, tickets: pl.Series) -> Self:
        """As if there were only these tickets (their ids); nodes stay where they are."""
        held = pl.Series(self.names.tickets).is_in(("Ticket:" + tickets).implode()).to_numpy()
        solved = self.solved.kept(held[self.solved.rows])
        return replace(
            self,
            named=self.named.kept(held[self.named.values]),
            solved=solved,
            tried=solved.regrouped(self.issue_of[solved.rows].astype(np.int64), len(self.names.issues)),
            linked=self.linked.kept(held[self.linked.rows] & held[self.linked.values]),
            issue_of=np.where(held, self.issue_of, np.int32(-1)),
        )

    def save(self, folder: Path) -> None:
        """Write arrays, and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_bytes(msgspec.json.encode(self.names))
        for name in ("issue_of", "opened"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)
        for name in _ROWS:
            for part in _PARTS:
                np.save(folder / f"{name}.{part}.npy", getattr(getattr(self, name), part), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote. Raises `ArtifactDamaged`, and `FormatMismatch` for another format."""
        try:
            names = msgspec.json.decode((folder / FILE).read_bytes(), type=Names)
            rows: dict[str, Any] = {
                name: Rows(**{part: _loaded(folder, f"{name}.{part}") for part in _PARTS}) for name in _ROWS
            }
            own = {name: _loaded(folder, name) for name in ("issue_of", "opened")}
        except (OSError, EOFError, ValueError, msgspec.DecodeError) as error:
            message = f"{folder} holds no arrays of a graph: {error}."
            raise ArtifactDamaged(f"{message} Delete that directory and run `ticketlake build`.") from None
        if names.format != FORMAT:
            found = f"{folder} has format {names.format}, expected {FORMAT}."
            raise FormatMismatch(f"{found} Run `ticketlake build` to make it again.")
        return cls(names, **rows, **own)


def _loaded(folder: Path, name: str) -> Any:
    return np.load(folder / f"{name}.npy", allow_pickle=False)


def _place(column: str, names: pl.Series) -> pl.Expr:
    return pl.col(column).replace_strict(names, np.arange(len(names)), default=None, return_dtype=pl.Int64)


def _between(edges: pl.DataFrame, sources: pl.Series, targets: pl.Series) -> Rows:
    rows = edges.select(
        "since",
        row=_place("source", sources),
        value=_place("target", targets),
        mark=(pl.col("kind") == "DUPLICATES").cast(pl.Int8),
    )
    return Rows.of(rows, len(sources))
