"""Answers to past tickets as a judge learns from them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
import polars as pl

from ml.answer.checked import checked
from ml.answer.compose import Offline
from ml.answer.draft import Composer
from ml.answer.evidence import Evidence, Question
from ml.answer.features import NAMES, best, features


class Case(msgspec.Struct, frozen=True):
    """A past ticket as it was asked about at its opening, with what could be found at that moment."""

    ticket_id: str
    question: Question
    evidence: Sequence[Evidence]
    opened_at: datetime


def examples(cases: Iterable[Case], composer: Composer | None = None) -> pl.DataFrame:
    """One row per case: ticket_id, the solution that the answer puts first (null without one), and `NAMES`.

    What became of them is for `ml.answer.outcomes`. Composed offline where no composer is given.
    """
    schema = {"ticket_id": pl.String, "solution_id": pl.String, **dict.fromkeys(NAMES, pl.Float64)}
    rows = [_row(case, composer or Offline()) for case in cases]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _row(case: Case, composer: Composer) -> tuple[str, str | None, *tuple[float, ...]]:
    answer = checked(composer.compose(case.question, case.evidence), case.evidence)
    first = best(answer, case.evidence)
    seen = features(answer, case.question, case.evidence, case.opened_at)
    return (case.ticket_id, first.solution_id if first else None, *seen.values())
