"""An answer to a broad question: the issues of what it names, with their tickets as sources."""

from collections.abc import Sequence

from ml.answer.draft import Sentence
from ml.answer.evidence import Question
from ml.answer.summarise import summarise
from ml.graph.broad import Hit
from service.answers import AnswerView
from service.issues import Issue
from service.opened import Opened

COMPOSER = "issues"


def overview(
    hits: Sequence[tuple[Issue, Hit]],
    asked: Question,
    opened: Opened,
    *,
    answer_id: str,
    ignored: Sequence[str] = (),
) -> AnswerView:
    """A sentence an issue, the largest first, carried by it and by the newest of its tickets; nothing is judged.

    `ignored` are filters by which tickets could not be counted.
    """
    remedies = opened.finding.searcher.remedies
    sentences = []
    for issue, hit in hits:
        best = remedies.text_of(issue.best_solution_id) if remedies is not None and issue.best_solution_id else None
        ids = [issue.issue_id, *hit.examples, *([issue.best_solution_id] if best and issue.best_solution_id else [])]
        sentences.append(Sentence(_told(issue, hit, best), ids))
    return AnswerView(
        answer_id=answer_id,
        ticket_id=None,
        sentences=sentences,
        summary=summarise(asked),
        steps=[],
        alternatives=[],
        evidence=[],
        thin=not sentences,
        thin_reason=None if sentences else "no issue is known of what the question names",
        composer=COMPOSER,
        fell_back=None,
        dropped=0,
        left_out=[],
        quality=None,
        used=[COMPOSER],
        missing={f"filters.{name}": "issues are not counted by it" for name in ignored},
        release=opened.release.id,
        versions=dict(opened.finding.versions),
    )


def _told(issue: Issue, hit: Hit, best: str | None) -> str:
    often = f", {hit.lift:.1f} times as often as elsewhere" if hit.lift >= 1.5 else ""
    since = f"first reported {issue.first_at:%Y-%m-%d}, {issue.open_tickets} open in all"
    helped = f"; what helps best: {best}" if best else ""
    return f"{issue.name}: {hit.tickets} of {hit.of} tickets{often}; {since}{helped}"
