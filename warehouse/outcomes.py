"""What became of searches: which suggestions were used, as events tell, and which questions were asked once more."""

from datetime import timedelta

import polars as pl

from warehouse.payloads import EVERY

SHOWN, ACCEPTED, REFUSED, JUDGED = TYPES = (
    "SuggestionShown",
    "SuggestionAccepted",
    "SuggestionRefused",
    "SuggestionJudged",
)
AGAIN_WITHIN = timedelta(minutes=10)
AGAIN_AMONG = 5
"""Of the searches that follow, so many are looked at: a script that never pauses costs no more than a person."""
ALIKE = 0.5
"""Share of the shorter question's letters that stand in words of both."""
_WHEN = ["event_time", "event_id"]
_SIGNS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}"
_WORDS = rf"[{_SIGNS}]|[\p{{L}}\p{{N}}--[{_SIGNS}]]+"


def told(events: pl.DataFrame) -> pl.DataFrame:
    """Events of suggestions, with `suggestion_id`, `search_id`, and what their payload says or leaves to be usual."""
    payload = pl.col("payload")
    suggestion = payload.str.json_path_match("$.suggestion_id")
    return events.with_columns(
        suggestion_id=suggestion,
        search_id=suggestion.str.split(":").list.first(),
        rank=payload.str.json_path_match("$.rank").cast(pl.Int64, strict=False).fill_null(1),
        edited=payload.str.json_path_match("$.edited") == "true",
        helpful=payload.str.json_path_match("$.helpful") == "true",
    )


def outcomes(searches: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """One row per search (`search_id`, `found`): what its suggestions came to. Of one suggestion the last word counts.

    `events` are those that `told` gives. `accepted_rank` is the best one, `accepted_at` the first time.
    """
    mine = events.join(searches, on="search_id", how="semi").sort(_WHEN)
    shown = mine.filter(pl.col("type") == SHOWN)
    verdicts = (
        mine.filter(pl.col("type").is_in([ACCEPTED, REFUSED]))
        .group_by("search_id", "suggestion_id", maintain_order=True)
        .agg(
            pl.col("type").last().alias("verdict"),
            pl.col("edited").last().fill_null(False),
            pl.col("event_time").filter(pl.col("type") == ACCEPTED).min().alias("at"),
        )
        .join(_ranks(searches, shown), on="suggestion_id", how="left")
    )
    used = verdicts.filter(pl.col("verdict") == ACCEPTED).sort("rank", "at", nulls_last=True)
    helped = mine.filter(pl.col("type") == JUDGED)
    accepted = used.group_by("search_id", maintain_order=True).agg(
        accepted=pl.len().cast(pl.Int64),
        edited=pl.col("edited").sum().cast(pl.Int64),
        accepted_rank=pl.col("rank").first(),
        accepted_at=pl.col("at").min(),
    )
    refused = verdicts.filter(pl.col("verdict") == REFUSED).group_by("search_id").agg(refused=pl.len().cast(pl.Int64))
    return (
        searches.select("search_id")
        .join(_counted(shown, "shown"), on="search_id", how="left", maintain_order="left")
        .join(accepted, on="search_id", how="left", maintain_order="left")
        .join(refused, on="search_id", how="left", maintain_order="left")
        .join(helped.group_by("search_id").agg(helped=pl.col("helpful").last()), on="search_id", how="left")
        .with_columns(pl.col("shown", "accepted", "edited", "refused").fill_null(0))
    )


def asked_again(searches: pl.DataFrame) -> pl.Series:
    """The `search_id` of each search that was soon followed by one like it of the same person, session or ticket.

    With the same words and filters it is a repetition, and nothing failed.
    """
    asked = searches.sort("asked_at", "search_id").with_columns(
        pl.col("text").str.to_lowercase().str.extract_all(_WORDS).list.unique().alias("words"),
        pl.concat_str("text_hash", "filters", separator="|").alias("said"),
        pl.when(pl.col("ticket_id") != EVERY).then("ticket_id").alias("ticket_id"),
    )
    found = [_followed(asked.drop_nulls(key), key) for key in ("asker", "session", "ticket_id")]
    return pl.concat(found).unique(maintain_order=True)


def _followed(asked: pl.DataFrame, key: str) -> pl.Series:
    repeated = pl.lit(False)
    for step in range(1, AGAIN_AMONG + 1):
        later = {name: pl.col(name).shift(-step).over(key) for name in ("asked_at", "said", "words")}
        soon = later["asked_at"] - pl.col("asked_at") <= AGAIN_WITHIN
        repeated |= (soon & (later["said"] != pl.col("said")) & _alike(pl.col("words"), later["words"])).fill_null(
            False
        )
    return asked.filter(repeated)["search_id"]


def _alike(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    shorter = pl.min_horizontal(_letters(one), _letters(other))
    return (shorter > 0) & (_letters(one.list.set_intersection(other)) >= ALIKE * shorter)


def _letters(words: pl.Expr) -> pl.Expr:
    return words.list.eval(pl.element().str.len_chars()).list.sum()


def _ranks(searches: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """The rank of each suggestion: as it was shown, else as it was found."""
    seen = shown.group_by("suggestion_id").agg(pl.col("rank").min())
    listed = searches.select("search_id", "found", rank=pl.int_ranges(1, pl.col("found").list.len() + 1))
    found = listed.explode("found", "rank").drop_nulls("found")
    named = found.select(pl.concat_str("search_id", "found", separator=":").alias("suggestion_id"), "rank")
    return pl.concat([seen, named]).unique("suggestion_id", keep="first", maintain_order=True)


def _counted(events: pl.DataFrame, name: str) -> pl.DataFrame:
    return events.group_by("search_id").agg(pl.col("suggestion_id").n_unique().cast(pl.Int64).alias(name))
