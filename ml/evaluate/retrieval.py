"""What the stages of search, and all of them together, are worth on anyone's collection."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.evaluate.beir import Collection
from ml.evaluate.rankings import MEASURES, gain, interval, ranked, worth
from ml.evaluate.textbook import Textbook
from ml.retrieve.documents import prepared
from ml.retrieve.finder import METHODS as STAGES
from ml.retrieve.finder import Finder
from ml.retrieve.pseudo import learned
from ml.text.encoder import Encoder

TEXTBOOK = "bm25"
METHODS = (TEXTBOOK, *STAGES)
SINGLE = (TEXTBOOK, "keyword", "dense")
JUDGED_BY = "map"
SHIPPED = "shipped defaults"
LEARNED = "pseudo-queries of the corpus (title and every other sentence → the other sentences)"
TIME = "evidence of time from documents of the corpus that are each other's nearest"
Values = Mapping[str, NDArray[np.float64]]


def retrieve(
    collection: Collection, encoder: Encoder, *, as_of: bool, learn: bool, seed: int, tell: Callable[[str], object]
) -> dict[str, Any]:
    """`methods` with `MEASURES`, milliseconds and intervals, and the `gain` of the finder over each single one.

    Only queries that have an answer are asked. With `as_of` a query finds what is older than itself. With `learn` the
    weights of stages come from pseudo-queries of the corpus.
    """
    began = perf_counter()
    documents = prepared(collection.corpus)
    finder, textbook = Finder.build(documents, encoder, seed=seed), Textbook.build(documents)
    if learn:
        finder = finder.weighted(learned(documents, encoder, seed=seed))
    tell(f"{collection.corpus.height:,} documents indexed in {perf_counter() - began:.0f} s")
    queries = collection.queries.join(collection.judged, left_on="id", right_on="query", how="semi")
    found, seconds = _asked(finder, textbook, collection, queries, encoder, as_of=as_of)
    methods = {name: _summary(found[name], seconds[name] / queries.height, seed) for name in METHODS}
    return {
        "documents": collection.corpus.height,
        "queries": queries.height,
        "judgements": {"used": collection.judged.height, "unknown": collection.unknown},
        "as_of": as_of,
        "encoder": encoder.name,
        "methods": methods,
        "gain": {over: _gain(found["finder"][JUDGED_BY], found[over][JUDGED_BY], seed) for over in SINGLE},
        "weights": {
            "source": f"{LEARNED if learn else SHIPPED}; {TIME}",
            "fusion": finder.fusion.weights,
            "finder": finder.weights.weights,
            "time": finder.closeness.evidence,
        },
    }


def _asked(
    finder: Finder, textbook: Textbook, collection: Collection, queries: pl.DataFrame, encoder: Encoder, *, as_of: bool
) -> tuple[dict[str, Values], dict[str, float]]:
    """`MEASURES` by method, a value each query, and the seconds that each method took for all of them."""
    places = {name: place for place, name in enumerate(collection.corpus["id"])}
    grades: dict[str, dict[int, float]] = {}
    for query, document, grade in collection.judged.iter_rows():
        grades.setdefault(query, {})[places[document]] = grade
    created = collection.corpus["created_at"]
    began = perf_counter()
    said = prepared(queries)
    seconds = dict.fromkeys(METHODS, perf_counter() - began)
    worths: dict[str, list[dict[str, float]]] = {name: [] for name in METHODS}
    for row, (name, asked_at) in enumerate(queries.select("id", "created_at").iter_rows()):
        allowed = (created < asked_at).fill_null(False).to_numpy().copy() if as_of else np.ones(len(places), bool)
        if name in places:
            allowed[places[name]] = False
        for method in METHODS:
            began = perf_counter()
            one = said[row]
            scores = textbook.scores(one) if method == TEXTBOOK else finder.scores(one, encoder, allowed, method)
            ranking = ranked(scores, allowed)
            seconds[method] += perf_counter() - began
            worths[method].append(worth(ranking, grades[name]))
    columns: dict[str, Values] = {
        method: {measure: np.array([one[measure] for one in values]) for measure in MEASURES}
        for method, values in worths.items()
    }
    return columns, seconds


def _summary(values: Values, seconds: float, seed: int) -> dict[str, Any]:
    bounds = {measure: interval(each, seed) for measure, each in values.items()}
    return {
        **{measure: bound.value for measure, bound in bounds.items()},
        "ms_per_query": 1_000 * seconds,
        "intervals": {measure: [bound.low, bound.high] for measure, bound in bounds.items()},
    }


def _gain(ours: NDArray[np.float64], other: NDArray[np.float64], seed: int) -> dict[str, Any]:
    """How much better the finder is, by average precision, the same queries drawn for both."""
    return {
        "difference": msgspec.to_builtins(interval(ours - other, seed)),
        "relative": msgspec.to_builtins(gain(ours, other, seed)),
    }
