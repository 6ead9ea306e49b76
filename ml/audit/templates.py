"""Templates: tickets whose text is the same once names, numbers and products are masked, or nearly so.

Near-duplicates by shingles and MinHash: Broder, "On the resemblance and containment of documents" (1997); candidates by
banding: Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets" (2014), 3.4.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.text.terms import said, tokens

ALIKE = 0.5
"""Share of common shingles (Jaccard, estimated) from which two masked texts count as one template."""
BANDS, ROWS = 24, 4
NAMED = ("product", "product_module")
"""Fields whose values are names: masked wherever a text says them. Identifiers are masked by their digits."""
LONGEST_CATALOGUE = 2_000


def masked(rows: pl.DataFrame) -> pl.Series:
    """Subject and description in lower case, with names of products and modules, addresses, numbers and codes as `#`.

    `rows` has `subject`, `description` and any of `NAMED`; one text per row, empty where nothing was said.
    """
    plain = said(rows).str.to_lowercase()
    names = _names(rows)
    if names:
        plain = plain.str.replace_many(names, ["#"] * len(names))
    return (
        plain.str.replace_all(r"\S*@\S+|https?://\S+", "#")
        .str.replace_all(r"\b[\p{L}\p{N}_.:/-]*[\p{N}_][\p{L}\p{N}_.:/-]*", "#")
        .str.replace_all(r"[^\p{L}\p{M}#]+", " ")
        .str.replace_all(r"#(?: ?#)*", "#")
        .str.strip_chars()
        .alias("masked")
    )


def templates(texts: pl.Series, *, seed: int) -> NDArray[np.int64]:
    """The template of each masked text, numbered from 0; chains of near-duplicates are one template.

    Texts without a word are templates of their own.
    """
    if texts.is_empty():
        return np.empty(0, np.int64)
    distinct = texts.unique(maintain_order=True)
    place = texts.replace_strict(distinct, pl.Series(range(len(distinct)), dtype=pl.Int64)).to_numpy()
    found: NDArray[np.int64] = _alike(distinct, seed)[place]
    silent = np.flatnonzero(~texts.str.contains(r"\p{L}").to_numpy())
    found[silent] = found.max(initial=0) + 1 + np.arange(len(silent))
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _names(rows: pl.DataFrame) -> list[str]:
    """What tickets call products and modules: longest first, so that no name hides a longer one."""
    values = {
        value.lower()
        for name in NAMED
        if name in rows.columns
        for value in rows[name].cast(pl.String).drop_nulls().unique()
        if len(value) > 2
    }
    spelt = values | {value.replace("_", " ") for value in values}
    return sorted(spelt, key=lambda name: (-len(name), name))[:LONGEST_CATALOGUE]


def _alike(distinct: pl.Series, seed: int) -> NDArray[np.int64]:
    """The connected component of each distinct text."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    signatures, some = _signatures(distinct, seed)
    if not len(signatures):
        return np.arange(len(distinct))
    pairs = [_candidates(signatures[:, band * ROWS : (band + 1) * ROWS]) for band in range(BANDS)]
    first, second = np.unique(np.concatenate(pairs), axis=0).T
    near = (signatures[first] == signatures[second]).mean(axis=1) >= ALIKE
    first, second = some[first[near]], some[second[near]]
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(len(distinct), len(distinct)))
    found: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return found


def _signatures(distinct: pl.Series, seed: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """MinHash of each text that has shingles, (texts, BANDS * ROWS), and which texts those are."""
    text, words = tokens(distinct)
    codes = words.rank("dense").to_numpy().astype(np.uint64) if len(words) else np.empty(0, np.uint64)
    single = codes * np.uint64(0x9E3779B97F4A7C15)
    together = np.flatnonzero(text[:-1] == text[1:])
    pairs = single[together] * np.uint64(31) + single[together + 1] + np.uint64(1)
    owner = np.concatenate([text, text[together]])
    shingles = np.concatenate([single, pairs])
    order = np.argsort(owner, kind="stable")
    owner, shingles = owner[order], shingles[order]
    shingles ^= shingles >> np.uint64(32)
    some, starts = np.unique(owner, return_index=True)
    rng = np.random.default_rng(seed)
    signatures = np.empty((len(some), BANDS * ROWS), np.uint64)
    for column in range(BANDS * ROWS if len(some) else 0):
        odd = rng.integers(0, 1 << 64, dtype=np.uint64) | np.uint64(1)
        signatures[:, column] = np.minimum.reduceat(shingles * odd, starts)
    return signatures, some


def _candidates(band: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Pairs of neighbours among texts whose band is equal: enough to connect all of them."""
    order = np.lexsort(band.T)
    ordered = band[order]
    same = np.flatnonzero((ordered[1:] == ordered[:-1]).all(axis=1))
    return np.sort(np.stack([order[same], order[same + 1]], axis=1), axis=1)
