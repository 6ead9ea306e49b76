"""Agents' notes folded into canonical solutions: which sentences name a remedy, and which remedies are one.

What agents write varies in words and says more than the remedy. A sentence that names one is tied to the kind of
problem, one that only goes along ("Customer is content.") is spread over all of them; that needs no list of sentences.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

import numpy as np
import polars as pl

from ml.retrieve.failures import failed
from ml.retrieve.merging import merged
from ml.retrieve.spread import Views, tied, view
from ml.text.encoder import Vectors

LABELS = ["ticket_id", "resolution_code", "resolution_template_used", "subcategory", "product_module",
          "resolution_helpful"]  # fmt: skip
"""What is read of tickets, beside their notes, to learn what notes say."""
PROBLEM = ("resolution_template_used", "subcategory", "product_module")
"""What a remedy is tied to. Not the code: notes that close a ticket without a remedy have codes of their own."""
REMEDY = ("resolution_code", "resolution_template_used", "subcategory")
"""What sayings of one remedy have in common."""
FEW = 3
"""Tickets of a sentence, below which it is not judged by numbers."""
MOST = 2_000
"""Sentences that are compared with each other, the most usual first."""
TOGETHER = 0.9
"""Share of their tickets at which sentences that follow each other are one saying."""
SURE = 0.99
"""Probability from which on a sentence is tied to problems beyond doubt."""
YOUNG = 10
"""Tickets of a solution, below which it may still be joined to another one."""
SAID = {"pattern": pl.String, "solution_id": pl.String, "tickets": pl.Int64}
Encode = Callable[[Sequence[str]], Vectors]


def learn(said: pl.DataFrame, labels: pl.DataFrame, known: pl.DataFrame, encode: Encode) -> pl.DataFrame:
    """What each pattern of sentences is: pattern, solution_id (null: no remedy), tickets; those too rare left out.

    `said` has ticket_id, place and pattern of every sentence in order (`ml.retrieve.notes`), `labels` the tickets'
    `LABELS`. Patterns that are `known` (as returned before) keep their solution, which may take in others; two
    solutions become one only while one of them is young.
    """
    vain = [pattern for pattern in said["pattern"].unique() if failed(pattern) is not None]
    told = said.filter(~pl.col("pattern").is_in(vain))
    once = told.unique(["ticket_id", "pattern"], maintain_order=True)
    counted = once.group_by("pattern").agg(tickets=pl.len().cast(pl.Int64)).filter(pl.col("tickets") >= FEW)
    patterns = counted.sort(["tickets", "pattern"], descending=[True, False]).with_row_index("row")
    patterns = patterns.with_columns(pl.col("row").cast(pl.Int64))
    rows = once.join(patterns.select("pattern", "row"), on="pattern").select("row", "ticket_id")
    found = _views(rows, labels, patterns.height)
    patterns = patterns.with_columns(close=_close(patterns, once, labels, found))
    before = dict(known.filter(pl.col("solution_id").is_not_null()).select("pattern", "solution_id").iter_rows())
    for pattern in _outgrown(patterns, known):
        before.pop(pattern, None)
    by_use = np.flatnonzero((patterns["close"] | patterns["pattern"].is_in(list(before))).to_numpy())[:MOST]
    solution = _by_use(patterns, found, by_use, before, encode)
    alone = _standing_alone(told, labels, set(solution) | set(before))
    for pattern, first in alone.items():
        solution.setdefault(pattern, identifier(first))
    kept = {**dict.fromkeys(patterns["pattern"]), **before, **solution}
    sizes = dict(patterns.select("pattern", "tickets").iter_rows())
    sizes |= {pattern: size for pattern, size in known.select("pattern", "tickets").iter_rows() if pattern not in sizes}
    table = [(pattern, of, sizes.get(pattern, 1)) for pattern, of in kept.items()]
    return pl.DataFrame(table, schema=SAID, orient="row").sort("pattern")


def _close(patterns: pl.DataFrame, once: pl.DataFrame, labels: pl.DataFrame, found: Views) -> pl.Series:
    """Whether each pattern is tied to kinds of problems; beyond doubt where those who wrote were not helped."""
    chance = tied({name: found[name] for name in PROBLEM}) if patterns.height else np.zeros(0)
    helped = once.join(labels.select("ticket_id", helped=pl.col("resolution_helpful").cast(pl.Float64)), on="ticket_id")
    usual = helped.select(pl.col("helped").mean().fill_null(1)).item()
    mean = helped.group_by("pattern").agg(pl.col("helped").mean().fill_null(1))
    share = patterns.join(mean, on="pattern", how="left", maintain_order="left")["helped"]
    judged = pl.DataFrame({"chance": chance, "share": share})
    helpful = (pl.col("share") > usual / 2).fill_null(True)
    return judged.select((pl.col("chance") >= 0.5) & (helpful | (pl.col("chance") >= SURE))).to_series()


def _outgrown(patterns: pl.DataFrame, known: pl.DataFrame) -> list[str]:
    """Patterns that were taken for remedies when they were rare, and turned out to be spread over all problems."""
    now = known.drop_nulls("solution_id").join(patterns, on="pattern", suffix="_now")
    return now.filter((pl.col("tickets") < YOUNG) & (pl.col("tickets_now") >= YOUNG) & ~pl.col("close"))[
        "pattern"
    ].to_list()


def identifier(pattern: str) -> str:
    """The solution that begins with this saying."""
    return f"SOL-{blake2b(pattern.lower().encode(), digest_size=6).hexdigest()}"


def spelled(patterns: Sequence[str]) -> list[str]:
    """Patterns as an encoder reads them: masks as words."""
    return [pattern.replace("[", "").replace("]", "").lower() if "[" in pattern else pattern for pattern in patterns]


def _views(rows: pl.DataFrame, labels: pl.DataFrame, height: int) -> Views:
    return {
        name: view(rows, labels.select("ticket_id", value=pl.col(name).cast(pl.String)), height)
        for name in dict.fromkeys((*PROBLEM, *REMEDY))
    }


def _by_use(
    patterns: pl.DataFrame, found: Views, rows: np.ndarray, before: Mapping[str, str], encode: Encode
) -> dict[str, str]:
    """Solution of each of these rows: sayings that mean one remedy have one."""
    chosen = patterns[rows.tolist()]
    names = chosen["pattern"].to_list()
    if not names:
        return {}
    views = {name: type(one)(one.counts[rows], one.usual) for name, one in found.items() if name in REMEDY}
    places: dict[str, int] = {}
    known = [places.setdefault(before[name], len(places)) if name in before else -1 for name in names]
    sizes = chosen.with_columns(of=pl.Series(known)).group_by("of").agg(pl.col("tickets").sum())
    grown = {of for of, size in sizes.iter_rows() if size >= YOUNG}
    groups = merged(views, encode(spelled(names)), known, [number >= 0 and number in grown for number in known])
    ids: dict[int, str] = {}
    for name, group in zip(names, groups, strict=True):
        if name in before:
            ids.setdefault(group, before[name])
    for name, group in zip(names, groups, strict=True):
        ids.setdefault(group, identifier(name))
    return {name: ids[group] for name, group in zip(names, groups, strict=True)}


def _standing_alone(told: pl.DataFrame, labels: pl.DataFrame, remedies: set[str]) -> dict[str, str]:
    """Patterns that are remedies though nothing ties them to a problem, and the first of those that are one saying.

    A note that says nothing else than such a saying was closed with it; what only goes along never stands alone, and
    what says that nothing helped stands on tickets that nobody was helped with.
    """
    first = _together(told)
    blocks = told.select("ticket_id", block=pl.col("pattern").replace(first)).unique()
    judged = blocks.join(labels.select("ticket_id", helped=pl.col("resolution_helpful")), on="ticket_id", how="left")
    judged = judged.with_columns(alone=pl.len().over("ticket_id") == 1)
    notes = judged.group_by("ticket_id").agg(pl.col("alone").first(), pl.col("helped").first())
    usual = notes.select(pl.col("alone").mean(), pl.col("helped").cast(pl.Float64).mean().fill_null(1)).row(0)
    taken = {first.get(pattern, pattern) for pattern in remedies}
    kept = (
        judged.group_by("block")
        .agg(pl.len(), pl.col("alone").mean(), pl.col("helped").cast(pl.Float64).mean().fill_null(1))
        .filter(pl.col("len") >= FEW, ~pl.col("block").is_in(list(taken)))
        .filter(pl.col("alone") > (usual[0] or 0) / 2, pl.col("helped") > usual[1] / 2)
    )
    chosen = set(kept["block"])
    return {pattern: head for pattern in told["pattern"].unique() if (head := first.get(pattern, pattern)) in chosen}


def _together(told: pl.DataFrame) -> dict[str, str]:
    """For each pattern that all but always follows another one, the first of the row."""
    ordered = told.sort("ticket_id", "place").with_columns(after=pl.col("pattern").shift(-1).over("ticket_id"))
    seen = dict(told["pattern"].value_counts().iter_rows())
    pairs = ordered.drop_nulls("after").group_by("pattern", "after").len().sort("pattern", "after")
    before = {
        after: one for one, after, size in pairs.iter_rows()
        if one != after and size >= TOGETHER * max(seen[one], seen[after])
    }  # fmt: skip
    first = {}
    for pattern in before:
        head, walked = pattern, {pattern}
        while head in before and before[head] not in walked:
            head = before[head]
            walked.add(head)
        first[pattern] = head
    return first
