"""How the features that stand in the ticket are computed: one expression each."""

from collections.abc import Mapping

import polars as pl

CODE_LINE = (
    r"(?m)^\s*(?:at [\w.$<>]+\(|File \"|Traceback|[\w.]+(?:Error|Exception)\b|"
    r"(?:GET|POST|PUT|DELETE|SELECT) |.*[;{}]\s*$)"
)
SAID = "said"
"""Subject and description without what letters carry along: the words that are counted."""

_SAID = pl.col(SAID)
_AT = pl.col("created_at")
_WEEKDAY, _HOUR = _AT.dt.weekday(), _AT.dt.hour()
_LOG = pl.col("error_logs").fill_null("")

EXPRESSIONS: Mapping[str, pl.Expr] = {
    "characters": _SAID.str.len_chars(),
    "words": _SAID.str.count_matches(r"\S+"),
    "lines": _SAID.str.count_matches("\n", literal=True) + 1,
    "capitals": _SAID.str.count_matches(r"\p{Lu}") / _SAID.str.len_chars().clip(1),
    "exclamations": _SAID.str.count_matches(r"[!！]"),
    "questions": _SAID.str.count_matches(r"[?？]"),
    "code_lines": _SAID.str.count_matches(CODE_LINE),
    "has_error_log": _LOG.str.contains(r"\S"),
    "log_lines": _LOG.str.count_matches(r"(?m)^.*\S.*$"),
    "has_stack_trace": pl.col("stack_trace").fill_null("").str.contains(r"\S"),
    "hour": _HOUR,
    "weekday": _WEEKDAY,
    "weekend": _WEEKDAY >= 6,
    "after_office": (_WEEKDAY >= 6) | ~_HOUR.is_between(9, 17),
    **{
        name: pl.col(name)
        for name in (
            "error_codes",
            "versions",
            "urgency_words",
            "holiday",
            "account_age_days",
            "account_monthly_value",
            "product_version_age_days",
            "attachments_count",
            "previous_tickets",
            "channel",
            "customer_tier",
            "region",
            "environment",
            "product",
            "product_module",
            "product_version",
            "language",
        )
    },
}
