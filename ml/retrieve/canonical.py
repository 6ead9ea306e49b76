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
from ml.retrieve.notes import together
from ml.retrieve.spread import View, Views, tied, view
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
    first = together(told)
    told = told.with_columns(block=pl.col("pattern").replace(first))
    once = told.select("ticket_id", "block").unique(maintain_order=True)
    helped = once.join(labels.select("ticket_id", helped=pl.col("resolution_helpful").cast(pl.Float64)), on="ticket_id")
    blocks = _blocks(helped)
    rows = once.join(blocks.select("block", "row"), on="block").select("row", "ticket_id")
    found = {name: view(rows, _values(labels, name), blocks.height) for name in dict.fromkeys((*PROBLEM, *REMEDY))}
    chance = tied({name: found[name] for name in PROBLEM}) if blocks.height else np.zeros(0)
    blocks = _judged(blocks.with_columns(chance=pl.Series(chance)), helped)
    before: dict[str, str] = dict(known.drop_nulls("solution_id").select("pattern", "solution_id").iter_rows())
    for pattern in _outgrown(blocks, known):
        before.pop(pattern, None)
    meant = {first.get(pattern, pattern): of for pattern, of in before.items()}
    solution = _by_use(blocks.filter("close").head(MOST), found, meant, encode)
    now = {meant[name]: of for name, of in solution.items() if name in meant}
    standing = {name: identifier(name) for name in blocks.filter("stands")["block"]}
    solution = {**standing, **{name: now.get(of, of) for name, of in meant.items()}, **solution}
    sizes = told.select("ticket_id", "pattern").unique().group_by("pattern").agg(tickets=pl.len().cast(pl.Int64))
    learned = sizes.with_columns(block=pl.col("pattern").replace(first)).with_columns(
        solution_id=pl.col("block").replace_strict(solution, default=None, return_dtype=pl.String)
    )
    kept = learned.filter((pl.col("tickets") >= FEW) | pl.col("solution_id").is_not_null()).select(list(SAID))
    rest = known.filter(pl.col("pattern").is_in(list(before))).join(kept, on="pattern", how="anti")
    rest = rest.with_columns(pl.col("solution_id").replace(now))
    return pl.concat([kept, rest.select(list(SAID))]).sort("pattern")


def identifier(pattern: str) -> str:
    """The solution that begins with this saying."""
    return f"SOL-{blake2b(pattern.lower().encode(), digest_size=6).hexdigest()}"


def spelled(patterns: Sequence[str]) -> list[str]:
    """Patterns as an encoder reads them: masks as words."""
    return [pattern.replace("[", "").replace("]", "").lower() if "[" in pattern else pattern for pattern in patterns]


def _values(labels: pl.DataFrame, name: str) -> pl.DataFrame:
    return labels.select("ticket_id", value=pl.col(name).cast(pl.String))


def _blocks(helped: pl.DataFrame) -> pl.DataFrame:
    """Blocks that are frequent enough, the most usual first: row, block, tickets, helped and alone (shares of them)."""
    counted = helped.with_columns(alone=(pl.len().over("ticket_id") == 1).cast(pl.Float64)).group_by("block")
    shares = counted.agg(pl.len().cast(pl.Int64).alias("tickets"), pl.col("helped", "alone").mean())
    frequent = shares.filter(pl.col("tickets") >= FEW).sort(["tickets", "block"], descending=[True, False])
    return frequent.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))


def _judged(blocks: pl.DataFrame, helped: pl.DataFrame) -> pl.DataFrame:
    """Whether each block is tied to problems (`close`), or a remedy though it is not (`stands`).

    What says that nothing helped stands on tickets that nobody was helped with; such a block must be tied beyond doubt.
    A note that says nothing else than a block was closed with it; what only goes along never stands alone.
    """
    notes = helped.group_by("ticket_id").agg(pl.col("helped").first(), alone=(pl.len() == 1).cast(pl.Float64))
    usual, single = notes.select(pl.col("helped").mean().fill_null(1), pl.col("alone").mean().fill_null(0)).row(0)
    helpful = (pl.col("helped") > usual / 2).fill_null(True)
    return blocks.with_columns(
        close=(pl.col("chance") >= 0.5) & (helpful | (pl.col("chance") >= SURE)),
        stands=helpful & (pl.col("alone") > single / 2),
    )


def _outgrown(blocks: pl.DataFrame, known: pl.DataFrame) -> list[str]:
    """Patterns that were taken for remedies when they were rare, and turned out to go along with any."""
    now = known.drop_nulls("solution_id").join(blocks, left_on="pattern", right_on="block", suffix="_now")
    spread = ~pl.col("close") & ~pl.col("stands")
    rare, usual = pl.col("tickets") < YOUNG, pl.col("tickets_now") >= YOUNG
    return now.filter(rare & usual & spread)["pattern"].to_list()


def _by_use(used: pl.DataFrame, found: Views, before: Mapping[str, str], encode: Encode) -> dict[str, str]:
    """Solution of each of these blocks: those that mean one remedy have one."""
    names, rows = used["block"].to_list(), used["row"].to_numpy()
    if not names:
        return {}
    views = {name: View(found[name].counts[rows], found[name].usual) for name in REMEDY}
    places: dict[str, int] = {}
    known = [places.setdefault(before[name], len(places)) if name in before else -1 for name in names]
    sizes = used.with_columns(of=pl.Series(known)).group_by("of").agg(pl.col("tickets").sum())
    grown = {of for of, size in sizes.select("of", "tickets").iter_rows() if size >= YOUNG}
    groups = merged(views, encode(spelled(names)), known, [number >= 0 and number in grown for number in known])
    ids: dict[int, str] = {}
    for name, group in zip(names, groups, strict=True):
        if name in before:
            ids.setdefault(group, before[name])
    for name, group in zip(names, groups, strict=True):
        ids.setdefault(group, identifier(name))
    return {name: ids[group] for name, group in zip(names, groups, strict=True)}
