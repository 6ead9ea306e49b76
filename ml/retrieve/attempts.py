"""What was tried on tickets, read from their notes, and canonical solutions with how they fared."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.retrieve import canonical, failures, merging, notes, passages, redacted, spread
from ml.retrieve.canonical import Encode, identifier, spelled
from ml.retrieve.failures import failed
from ml.text import entities, sources
from ml.text.encoder import Vectors
from ml.text.vectors import text_hash, unit

NEAR = 0.9
"""Cosine from which on two sayings are the same one, spelled otherwise."""
MEANT = 0.5
"""Cosine from which on an action is the remedy that a saying names, where sayings are too few to tell."""
ENOUGH = 20
"""Sayings with another one of their solution, from which on they tell."""
SLOT = r"\[(?:" + "|".join([*(kind.upper() for kind in notes.VARYING), "NUMBER"]) + r")\]"
"""What stands in a pattern for that which varies; what stands for personal data does not vary."""
LEFT_OUT = "…"
BLOCK = 512
"""Sayings that are compared at once."""
ATTEMPTS = {"ticket_id": pl.String, "solution_id": pl.String, "succeeded": pl.Boolean, "saying": pl.String}
NEW = {"pattern": pl.String, "kind": pl.String, "solution_id": pl.String, "tickets": pl.Int64}


class Remedies(NamedTuple):
    """Sayings of remedies: their patterns, solutions, and vectors of unit length, row by row."""

    patterns: list[str]
    solutions: list[str]
    vectors: Vectors


def read(
    said: pl.DataFrame, helped: pl.DataFrame, known: pl.DataFrame, remedies: Remedies, encode: Encode
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What was tried on these tickets (ticket_id, solution_id, succeeded, saying), and patterns that are new with it.

    `said` are their notes in sentences (`ml.retrieve.notes`), `helped` has ticket_id and resolution_helpful, `known`
    pattern, kind and solution_id of every sentence that is known. A note that was of help and names no known remedy
    names a new one, unless it says nearly the same as a known one.
    """
    patterns = said["pattern"].unique(maintain_order=True)
    actions = pl.DataFrame(
        {"pattern": patterns, "action": pl.Series([failed(one) for one in patterns], dtype=pl.String)}
    )
    read_off = said.join(actions, on="pattern").join(known, on="pattern", how="left").sort("ticket_id", "place")
    told = read_off.filter(pl.col("action").is_null())
    found = told.filter(pl.col("kind") == "remedy")
    unhelped = helped.filter(pl.col("resolution_helpful").not_().fill_null(False)).select("ticket_id")
    left = told.filter(pl.col("kind").is_null()).join(found, on="ticket_id", how="anti")
    left = left.join(unhelped, on="ticket_id", how="anti")
    fresh, first = _fresh(left, known, remedies, encode)
    tried = pl.concat([found.select("ticket_id", "solution_id", "place", "sentence"), fresh])
    last = tried.group_by("ticket_id").agg(solution_id=pl.col("solution_id").sort_by("place").last(), last=pl.lit(True))
    ends = last.join(unhelped, on="ticket_id", how="anti")
    sayings = tried.group_by("ticket_id", "solution_id", maintain_order=True).agg(
        saying=pl.col("sentence").str.join(" ")
    )
    remedied = sayings.join(ends, on=["ticket_id", "solution_id"], how="left")
    remedied = remedied.with_columns(succeeded=pl.col("last").fill_null(False))
    vain, second = _in_vain(read_off.drop_nulls("action"), known, remedies, encode)
    every = pl.concat([remedied.select(list(ATTEMPTS)), vain.select(list(ATTEMPTS))])
    once = every.unique(["ticket_id", "solution_id"], keep="first", maintain_order=True)
    return once, pl.concat([first, second]).unique("pattern", maintain_order=True)


def solutions(tried: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Rows of `search/solutions` of attempts: ticket_id, solution_id, succeeded, at, pattern (the saying, masked).

    `labels` has ticket_id, resolution_code and resolution_template_used. What helped counts before what is usual. The
    text is the first saying that is the same on every ticket; where there is none, what varies is left out.
    """
    rows = tried.join(labels, on="ticket_id", how="left")
    said = rows.group_by("solution_id", "pattern").agg(pl.col("succeeded").sum(), pl.len())
    said = said.sort("solution_id", "succeeded", "len", "pattern", descending=[False, True, True, False])
    masked = pl.col("pattern").str.contains(SLOT)
    sayings = said.group_by("solution_id", maintain_order=True).agg(
        text=pl.coalesce(pl.col("pattern").filter(~masked).first(), pl.col("pattern").first()), sayings="pattern"
    )
    sayings = sayings.with_columns(pl.col("text").str.replace_all(SLOT, LEFT_OUT))
    fared = rows.group_by("solution_id").agg(
        tickets=pl.col("ticket_id").n_unique().cast(pl.Int64),
        attempts=pl.len().cast(pl.Int64),
        successes=pl.col("succeeded").sum().cast(pl.Int64),
        first_at=pl.col("at").min(),
        last_at=pl.col("at").max(),
    )
    found = sayings.join(fared, on="solution_id").sort("solution_id")
    for name, column in (("code", "resolution_code"), ("template", "resolution_template_used")):
        usual = rows.drop_nulls(column).group_by("solution_id", column).agg(pl.col("succeeded").sum(), pl.len())
        usual = usual.sort("succeeded", "len", column, descending=[True, True, False])
        first = usual.unique("solution_id", keep="first", maintain_order=True)
        found = found.join(first.select("solution_id", pl.col(column).alias(name)), on="solution_id", how="left")
    return found.with_columns(text_hash(found["text"]))


def digest() -> str:
    """Changes with what is read of notes."""
    modules = (canonical, failures, merging, notes, passages, spread)
    return (
        sources.digest(__file__, *(str(module.__file__) for module in modules), str(failures.WRITTEN))
        + redacted.digest()
        + entities.digest()
    )


def _fresh(
    left: pl.DataFrame, known: pl.DataFrame, remedies: Remedies, encode: Encode
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Attempts of notes that name no known remedy, what else they say being one saying; and what is known with them."""
    notes = left.group_by("ticket_id", maintain_order=True).agg(
        pl.col("place").max(), pl.col("sentence").str.join(" "), pattern=pl.col("pattern").str.join(" ")
    )
    before = dict(known.filter(pl.col("kind") == "remedy").select("pattern", "solution_id").iter_rows())
    names = [name for name in notes["pattern"].unique(maintain_order=True) if name not in before]
    solution = before | folded(names, remedies, encode)
    found = notes.with_columns(solution_id=_looked_up("pattern", solution))
    new = found.filter(pl.col("pattern").is_in(names)).group_by("pattern", maintain_order=True)
    table = new.agg(pl.col("solution_id").first(), tickets=pl.len().cast(pl.Int64), kind=pl.lit("remedy").first())
    return found.select("ticket_id", "solution_id", "place", "sentence"), table.select(list(NEW))


def folded(names: Sequence[str], remedies: Remedies, encode: Encode) -> dict[str, str]:
    """The solution of each of these sayings: that of the nearest one before it which says nearly the same, or its own.

    In their order, so that those that come later never change what was found.
    """
    if not names:
        return {}
    vectors = unit(encode(spelled(names)))
    leaders, solutions, found = remedies.vectors, list(remedies.solutions), dict[str, str]()
    for start in range(0, len(names), BLOCK):
        block, part = vectors[start : start + BLOCK], names[start : start + BLOCK]
        best, high = _best(block, leaders)
        found |= {name: solutions[at] for name, at, near in zip(part, best, high, strict=True) if near >= NEAR}
        rest = np.flatnonzero(high < NEAR).tolist()
        among, first = block[rest] @ block[rest].T, list[int]()
        for place, at in enumerate(rest):
            near = among[place, first]
            if len(first) and near.max() >= NEAR:
                found[part[at]] = found[part[rest[first[int(near.argmax())]]]]
            else:
                found[part[at]] = identifier(part[at])
                first.append(place)
        leading = [rest[place] for place in first]
        leaders = np.concatenate([leaders, block[leading]])
        solutions += [found[part[at]] for at in leading]
    return found


def _in_vain(
    rows: pl.DataFrame, known: pl.DataFrame, remedies: Remedies, encode: Encode
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Attempts that failed, as far as the action is one of a known solution; and what is known with them."""
    actions = rows["action"].unique(maintain_order=True)
    before = dict(known.drop_nulls("solution_id").select("pattern", "solution_id").iter_rows())
    names = [action for action in actions if action not in before and f"{action}." not in before]
    near = _nearest(names, remedies, encode, meant(remedies))
    solution = {action: before.get(action) or before.get(f"{action}.") or near.get(action) for action in actions}
    found = rows.with_columns(
        solution_id=_looked_up("action", solution),
        saying=pl.Series([failed(sentence) for sentence in rows["sentence"]], dtype=pl.String).fill_null(
            rows["action"]
        ),
        succeeded=pl.lit(False),
    ).drop_nulls("solution_id")
    new = found.filter(pl.col("action").is_in(names)).group_by(pattern="action", maintain_order=True)
    table = new.agg(pl.col("solution_id").first(), tickets=pl.len().cast(pl.Int64), kind=pl.lit("failed").first())
    return found, table.select(list(NEW))


def meant(remedies: Remedies) -> float:
    """Cosine at which the nearest saying is as likely one of the same solution as of another (equal error rate)."""
    near = (remedies.vectors @ remedies.vectors.T).astype(np.float64)
    _, of = np.unique(np.array(remedies.solutions), return_inverse=True)
    same = of[:, None] == of[None, :] if len(of) else np.zeros((0, 0), dtype=bool)
    np.fill_diagonal(near, -1.0)
    own = np.where(same, near, -1.0).max(axis=1, initial=-1.0)
    others = np.where(same, -1.0, near).max(axis=1, initial=-1.0)[own > -1.0]
    own = own[own > -1.0]
    if len(own) < ENOUGH:
        return MEANT
    cuts = np.sort(np.concatenate([own, others]))
    errors = [abs(float((own < cut).mean() - (others >= cut).mean())) for cut in cuts]
    return float(cuts[int(np.argmin(errors))])


def _nearest(names: Sequence[str], remedies: Remedies, encode: Encode, least: float) -> dict[str, str | None]:
    """The solution of the saying nearest in meaning to each of these; null where none is as near as `least`."""
    if not names or not remedies.patterns:
        return dict.fromkeys(names)
    best, high = _best(unit(encode(spelled(names))), remedies.vectors)
    return {
        name: remedies.solutions[at] if near >= least else None
        for name, at, near in zip(names, best, high, strict=True)
    }


def _best(vectors: Vectors, others: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    """Which of the others is nearest to each of these, and its cosine; -1 where there is none."""
    if not len(others):
        return np.zeros(len(vectors), dtype=np.int64), np.full(len(vectors), -1, dtype=np.float32)
    cosines = vectors @ others.T
    return cosines.argmax(axis=1), cosines.max(axis=1)


def _looked_up(column: str, table: Mapping[str, str | None]) -> pl.Expr:
    return pl.col(column).replace_strict(dict(table), default=None, return_dtype=pl.String)
