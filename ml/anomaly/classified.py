"""Four measures of classification in a window against the weeks before, each with its probability.

`units` are one row per customer, week and label: `target`, `label` (answered), `confidence`, `abstained`, `truth`
(recorded), `wrong` and `now` (in the window). All return the columns `FOUND`, one row per series; a series with fewer
than `FEWEST` observations in the window, or twice as many before, has none.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

FEWEST = 8
ALL = "*"
FOUND = {
    "target": pl.String, "measure": pl.String, "label": pl.String, "other": pl.String, "tickets": pl.Int64,
    "observed": pl.Float64, "expected": pl.Float64, "p": pl.Float64, "among": pl.Int64,
}  # fmt: skip
"""`among`: how many series of the target were looked at, of which only some may be shown."""
Probabilities = NDArray[np.float64]
_ENOUGH = (pl.col("n") >= FEWEST) & (pl.col("n_was") >= 2 * FEWEST)


def confidence(units: pl.DataFrame) -> pl.DataFrame:
    """Mean confidence by the label answered; p of so low a one (Welch's t)."""
    from scipy.stats import t

    mean, spread = pl.col("confidence").mean(), pl.col("confidence").var().fill_null(0.0)
    found = _two(_each(units, "label"), ["label"], mean=mean, spread=spread).filter(_ENOUGH)
    here, then = ((found[f"spread{was}"] / found[f"n{was}"]).to_numpy() for was in ("", "_was"))
    error = np.sqrt(np.maximum(here + then, 1e-12))
    free = here**2 / (found["n"].to_numpy() - 1) + then**2 / (found["n_was"].to_numpy() - 1)
    freedom = np.maximum(error**4 / np.maximum(free, 1e-300), 1.0)
    p = t.cdf((found["mean"] - found["mean_was"]).to_numpy() / error, freedom)
    return _rows(found.with_columns(observed="mean", expected="mean_was"), "confidence", p)


def abstentions(units: pl.DataFrame) -> pl.DataFrame:
    """Share of answers that are withheld, by the label answered; p of as many or more (Fisher)."""
    hits = pl.col("abstained").sum().cast(pl.Int64)
    found = _two(_each(units.drop_nulls("abstained"), "label"), ["label"], hits=hits).filter(_ENOUGH)
    return _rows(found.with_columns(**_shares("hits")), "abstained", _more(found, "hits"))


def confusions(units: pl.DataFrame) -> pl.DataFrame:
    """Share of a recorded label that another was answered for, by pair, and of all tickets; p of as many or more.

    Shows the pairs that occur in the window; corrected for are all that ever occurred.
    """
    every = _each(units, "truth")
    answer = pl.when(pl.col("truth") == ALL).then(pl.lit(ALL)).otherwise("label")
    pairs = _two(every.filter("wrong").with_columns(other=answer), ["truth", "other"])
    hits = pairs.rename({"n": "hits", "n_was": "hits_was"}).with_columns(pl.col("hits", "hits_was").fill_null(0))
    found = hits.join(_two(every, ["truth"]), on=["target", "truth"], how="left").filter(_ENOUGH)
    found = found.with_columns(label="truth", among=pl.len().over("target").cast(pl.Int64), **_shares("hits"))
    found = found.filter(pl.col("hits") > 0).sort("target", "truth", "other")
    return _rows(found, "confused", _more(found, "hits"))


def mix(units: pl.DataFrame) -> pl.DataFrame:
    """Share answered as a label less share recorded as it; p of so different a one, given how many differ (McNemar)."""
    differing = units.filter("wrong")
    sides = [differing.select("target", "now", label=name, over=pl.lit(name == "label")) for name in ("label", "truth")]
    counts = _two(pl.concat(sides), ["label"], over=pl.col("over").sum().cast(pl.Int64)).fill_null(0)
    total = _two(units, []).rename({"n": "all", "n_was": "all_was"})
    enough = (pl.col("all") >= FEWEST) & (pl.col("all_was") >= 2 * FEWEST)
    found = counts.join(total, on="target", how="left").filter(enough).sort("target", "label")
    under = found.with_columns(over=pl.col("n") - pl.col("over"), over_was=pl.col("n_was") - pl.col("over_was"))
    p = np.minimum(2 * np.minimum(_more(found, "over"), _more(under, "over")), 1.0)
    here, then = ((2 * pl.col(f"over{was}") - pl.col(f"n{was}")) / pl.col(f"all{was}") for was in ("", "_was"))
    return _rows(found.with_columns(observed=here, expected=then, n="all"), "mix", p)


def _each(units: pl.DataFrame, column: str) -> pl.DataFrame:
    """The same once for all labels together, and once for each."""
    return pl.concat([units.with_columns(pl.lit(ALL).alias(column)), units])


def _two(units: pl.DataFrame, keys: list[str], **values: pl.Expr) -> pl.DataFrame:
    """One row per key: the values in the window, and before (`_was`), each with how many observations (`n`)."""
    on, made = ["target", *keys], {"n": pl.len().cast(pl.Int64), **values}
    here, then = (units.filter(which).group_by(on).agg(**made) for which in (pl.col("now"), ~pl.col("now")))
    return here.join(then, on=on, how="full", coalesce=True, suffix="_was").sort(on)


def _shares(hits: str) -> dict[str, pl.Expr]:
    return {"observed": pl.col(hits) / pl.col("n"), "expected": pl.col(f"{hits}_was") / pl.col("n_was")}


def _more(found: pl.DataFrame, hits: str) -> Probabilities:
    """Probability of as many hits or more in the window, given how many there were in all (Fisher's exact test)."""
    from scipy.stats import hypergeom

    here, was, size, size_was = (found[name].to_numpy() for name in (hits, f"{hits}_was", "n", "n_was"))
    p: Probabilities = np.clip(hypergeom.sf(here - 1, size + size_was, here + was, size), 0.0, 1.0)
    return p


def _rows(found: pl.DataFrame, measure: str, p: Probabilities) -> pl.DataFrame:
    """The columns `FOUND`, of rows with the label, what was observed and expected, and n."""
    given: dict[str, pl.Expr | pl.Series] = {
        "measure": pl.lit(measure),
        "tickets": pl.col("n"),
        "p": pl.Series(p, dtype=pl.Float64),
    }
    if "other" not in found.columns:
        given |= {"other": pl.lit(ALL), "among": pl.len().over("target")}
    return found.with_columns(**given).select(pl.col(name).cast(dtype) for name, dtype in FOUND.items())
