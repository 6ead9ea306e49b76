"""Which tickets teach, choose and judge, where people corrected the newest ones and some are kept for ever."""

from collections.abc import Iterable
from hashlib import blake2b

import polars as pl

from ml.evaluate.splits import TimeSplit

REGRESSION = "regression"
"""The part of tickets that are frozen: nobody learns from them, whoever comes is asked the same."""
TAUGHT = {"train": 0.6, "validation": 0.15}
"""Shares of the newest corrected tickets; the rest judges."""
FROZEN_SHARE = 0.5
MOST_FROZEN = 500
_SCHEMA = {"ticket_id": pl.String, "_dealt": pl.String}


def draw(ticket_id: str, salt: str = "") -> float:
    """A number from 0 to 1 that is the same for a ticket wherever and whenever it is drawn."""
    return int.from_bytes(blake2b(f"{salt}{ticket_id}".encode(), digest_size=7).digest()) / 256**7


def parts(rows: pl.DataFrame, split: TimeSplit, corrected: Iterable[str], frozen: Iterable[str]) -> pl.Series:
    """The part of each ticket (`ticket_id`, `created_at`): one of the split's, or `REGRESSION`.

    Tickets go by time. Of those that the split keeps from training, the corrected ones are dealt by a digest of their
    id, the same each time: what people said this morning can be learned tonight, and some of it judges. Frozen tickets
    are in the test part as long as the split has them there, and in none afterwards.
    """
    dealt = pl.DataFrame([(one, _dealt(one)) for one in corrected], schema=_SCHEMA, orient="row").unique("ticket_id")
    kept = list(frozen)
    at = pl.col("created_at")
    taught = pl.when(at >= split.validation_from).then("_dealt")
    frozen_part = pl.when(at >= split.test_from).then(pl.lit("test")).otherwise(pl.lit(REGRESSION))
    part = pl.when(pl.col("ticket_id").is_in(kept)).then(frozen_part).otherwise(pl.coalesce(taught, split.part()))
    joined = rows.select("ticket_id", "created_at").join(dealt, on="ticket_id", how="left", maintain_order="left")
    return joined.select(part.alias("part"))["part"]


def learned_from(corrected: Iterable[str]) -> list[str]:
    """Corrected tickets that are learned from, or chosen by, however new they are."""
    return [one for one in corrected if _dealt(one) != "test"]


def freeze(rows: pl.DataFrame, split: TimeSplit) -> pl.DataFrame:
    """Of the split's test part the tickets that are frozen: about half, at most `MOST_FROZEN`."""
    newest = rows.filter(pl.col("created_at") >= split.test_from)
    drawn = newest.with_columns(pl.Series("_drawn", [draw(one, "frozen") for one in newest["ticket_id"]], pl.Float64))
    return drawn.sort("_drawn").head(min(MOST_FROZEN, int(newest.height * FROZEN_SHARE))).drop("_drawn")


def _dealt(ticket_id: str) -> str:
    place = draw(ticket_id)
    if place < TAUGHT["train"]:
        return "train"
    return "validation" if place < TAUGHT["train"] + TAUGHT["validation"] else "test"
