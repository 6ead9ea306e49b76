"""Technical terms, told by counting: words that some issues are full of, and the rest hardly use.

Log-likelihood ratio of a word in an issue against all other tickets (Dunning, "Accurate methods for the statistics of
surprise and coincidence", 1993). A word that fewer than five customers wrote is nobody's term, and no name of a person
becomes one. Words that are frequent in ordinary text of a language are no terms, however many issues they tell apart.
"""

from functools import cache

import numpy as np
import polars as pl

from ml.text.terms import IDEOGRAPHIC, tokens

MOST_TERMS = 5_000
LEAST_CUSTOMERS = 5
SURPRISE = 30.0
"""Least ratio; by chance one word in thirty million reaches it (chi-square, one degree)."""
MOST_TICKETS = 0.1
"""Share of all tickets above which a word is no term."""
_BIGRAM = rf"^[{IDEOGRAPHIC}]$"
_WORTH = r"^[\p{L}\p{M}]{4,40}$"


def words(texts: pl.Series) -> pl.DataFrame:
    """Words of texts, each once a text: text (index), term. Of Chinese and Japanese pairs of characters."""
    at, found = tokens(texts)
    flat = pl.DataFrame({"text": at, "term": found})
    single = pl.col("term").str.contains(_BIGRAM)
    pairs = flat.with_columns(next=pl.col("term").shift(-1), beside=pl.col("text").shift(-1)).filter(
        single & pl.col("next").str.contains(_BIGRAM) & (pl.col("text") == pl.col("beside"))
    )
    both = pl.concat([
        flat.filter(pl.col("term").str.contains(_WORTH)),
        pairs.select("text", term=pl.col("term") + pl.col("next")),
    ])  # fmt: skip
    return both.unique()


def vocabulary(said: pl.DataFrame) -> dict[str, int]:
    """Words that at least five tickets said, with how many: they are spelled right. `said` is what `words` gives."""
    common = said.group_by("term").len().filter(pl.col("len") >= LEAST_CUSTOMERS).sort("term")
    return dict(common.iter_rows())


@cache
def ordinary_words() -> frozenset[str]:
    """The most frequent words of ordinary text, in lower case, of the languages that bm25s and scikit-learn list."""
    from bm25s import stopwords
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    lists = (values for name, values in vars(stopwords).items() if name.startswith("STOPWORDS_"))
    return frozenset(word.lower() for words in (ENGLISH_STOP_WORDS, *lists) for word in words)


def technical(said: pl.DataFrame, owners: pl.DataFrame, issues: pl.Series, codes: pl.Series) -> pl.Series:
    """Terms among the words that tickets said, the most telling first.

    `said` is what `words` gives; `owners` (text, customer_id) says who wrote; `issues` is the issue of each text, null
    where there is none. What is one of `codes`, in any case, is named already.
    """
    placed = said.join(owners, on="text", how="left").with_columns(issue=issues.gather(said["text"]))
    common = placed.group_by("term").agg(pl.len().alias("tickets"), pl.col("customer_id").n_unique().alias("customers"))
    total = len(issues)
    ordinary = pl.Series(sorted(ordinary_words())).implode()
    named = codes.str.to_lowercase().unique().implode()
    common = common.filter(
        ~pl.col("term").is_in(named)
        & ~pl.col("term").is_in(ordinary)
        & (pl.col("customers") >= LEAST_CUSTOMERS)
        & (pl.col("tickets") <= max(MOST_TICKETS * total, LEAST_CUSTOMERS))
    )
    sizes = pl.DataFrame({"issue": issues}).drop_nulls().group_by("issue").len("size")
    counted = (
        placed.join(common, on="term")
        .drop_nulls("issue")
        .group_by("term", "issue")
        .agg(pl.len().alias("both"), pl.col("tickets").first())
    )
    counted = counted.join(sizes, on="issue")
    score = counted.with_columns(surprise=surprise(counted["both"], counted["tickets"], counted["size"], total))
    best = score.group_by("term").agg(pl.col("surprise").max())
    kept = best.filter(pl.col("surprise") >= SURPRISE).sort("surprise", "term", descending=[True, False])
    return kept["term"].head(MOST_TERMS)


def surprise(both: pl.Series, word: pl.Series, group: pl.Series, total: int) -> pl.Series:
    """Dunning's ratio: of `total` tickets `word` have the word, `group` are of the group, `both` are both.

    0 where the group uses the word no more than others.
    """
    a, w, g = (column.to_numpy().astype(np.float64) for column in (both, word, group))
    observed = np.stack([a, w - a, g - a, total - w - g + a])
    expected = np.stack([w * g, w * (total - g), (total - w) * g, (total - w) * (total - g)]) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(observed > 0, observed * np.log(observed / expected), 0.0)
    return pl.Series("surprise", np.where(observed[0] > expected[0], 2 * parts.sum(axis=0), 0.0))
