"""How alike two tickets are: what they say, the fields recorded of them, their errors, and what solved them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.graph.relevant import relevant
from ml.text.vectors import unit

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WEIGHTS = {"vector": 1.0, "subcategory": 0.3, "product_module": 0.16, "errors": 0.25, "solution": 0.35}
"""What a full agreement in each of them adds."""
BLOCK_BYTES = 64 << 20
"""Similarities that are in memory at once."""
Vectors = NDArray[np.float32]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Profiles:
    """n tickets, ready to be compared: `vectors` (n, d) of unit length, `fields` (n, values) sparse and weighted."""

    vectors: Vectors
    fields: "csr_matrix"

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(self, rows: Indices, among: Indices, k: int) -> Iterator[tuple[Indices, Indices, Vectors]]:
        """In blocks: places in `rows`, and (block, k) the most alike places in `among` with their likeness.

        Exact; a row is not its own neighbour (likeness -1). Costs the product of both numbers.
        """
        k = min(k, len(among))
        size = max(1, BLOCK_BYTES // (4 * max(1, len(among))))
        vectors, fields = self.vectors[among], self.fields[among].T.tocsr()
        for start in range(0, len(rows) if k else 0, size):
            some = rows[start : start + size]
            likeness = np.float32(WEIGHTS["vector"]) * (self.vectors[some] @ vectors.T)
            shared = (self.fields[some] @ fields).tocoo()
            likeness[shared.row, shared.col] += shared.data
            likeness[some[:, None] == among[None, :]] = -1
            top = np.argpartition(-likeness, k - 1, axis=1)[:, :k].astype(np.int64)
            yield np.arange(start, start + len(some)), top, np.take_along_axis(likeness, top, axis=1)


def profiles(problems: pl.DataFrame, vectors: Vectors, attempts: pl.DataFrame) -> Profiles:
    """Of rows of `search/problems`, their vectors (n, d) in the same order, and rows of `search/attempts`."""
    from scipy.sparse import csr_matrix, hstack

    solved = attempts.filter("succeeded").select("ticket_id", value="solution_id")
    owned = {
        "subcategory": problems.select("ticket_id", value="subcategory"),
        "product_module": problems.select("ticket_id", value="product_module"),
        "errors": problems.select("ticket_id", value=pl.col("errors").str.to_lowercase().str.split("\n")).explode(
            "value"
        ),
        "solution": solved,
    }
    order = problems.select("ticket_id").with_row_index("row")
    blocks = [_block(order, values, WEIGHTS[name], rare=name == "errors") for name, values in owned.items()]
    fields = csr_matrix(hstack(blocks, format="csr", dtype=np.float32))
    return Profiles(unit(relevant(vectors, _remedied(problems, solved))), fields)


def _remedied(problems: pl.DataFrame, solved: pl.DataFrame) -> pl.Series:
    """What kind of ticket it was and what solved it, as one label; null while nothing has."""
    first = solved.sort("value").unique("ticket_id", keep="first")
    both = problems.select("ticket_id", "subcategory").join(first, on="ticket_id", how="left", maintain_order="left")
    return both.select(pl.concat_str("subcategory", "value", separator="/")).to_series()


def _block(order: pl.DataFrame, values: pl.DataFrame, weight: float, *, rare: bool) -> "csr_matrix":
    """(n, values): rows whose product is `weight` where all agree; with `rare`, rare values count for more."""
    from scipy.sparse import csr_matrix

    kept = values.filter(pl.col("value").str.len_chars() > 0).unique()
    placed = order.join(kept, on="ticket_id").with_columns(column=pl.col("value").rank("dense").cast(pl.Int64) - 1)
    count = pl.len().over("column")
    mass = (order.height / count).log1p() if rare else pl.lit(1.0)
    weighted = placed.with_columns(mass=mass.cast(pl.Float64))
    length = (pl.col("mass") ** 2).sum().over("row").sqrt()
    weighted = weighted.with_columns(mass=pl.col("mass") / length * weight**0.5)
    columns = max(1, placed["value"].n_unique())
    entries = (weighted["row"].to_numpy(), weighted["column"].to_numpy())
    return csr_matrix((weighted["mass"].to_numpy().astype(np.float32), entries), shape=(order.height, columns))
