"""The catalogue of events as people read it: who says each, when, and what follows."""

from typing import NamedTuple

from warehouse.payloads import OF_EVERY_TICKET, OWN, UPCASTS, VERSIONS

HEAD = """# Events

Everything that happens is told as an event: a type in the past tense, a version, an envelope and a payload. This page
and the schemas beside it are written by `ticketlake events schema --write docs/events`; a test holds that they agree
with the code.

Who sends an event writes [`envelope.submitted.json`](envelope.submitted.json) to `POST /v1/events`, or lines of it into
a file for `ticketlake ingest`. What is kept ([`envelope.kept.json`](envelope.kept.json)) has `received_time` beside it.

- `event_time` is when it happened, `received_time` when we heard of it. Both are kept in UTC.
- `idempotency_key` names the event: the same key and content is the same event, other content under it a conflict.
- `ticket_id` is the ticket that it happened to; `*` where it concerns no single one.
- `actor` is who did it: a customer, an agent, or the system.

## How events are folded

Events may come late, twice and in any order: of two that set the same field of a ticket the one that *happened* later
stands, of the same moment the one with the greater key. A newer record of the ticket stands over events before it.
What a machine inferred changes no record. Events whose sender was erased are refused with the reason `erased`.

## What may change

The schema of a released version never changes. A new version may add optional fields and allow more values of a field;
it comes with an upcast from the version before, so that whoever reads events knows the newest alone, and old events are
kept as they were said. A type that is no longer told stays in the catalogue.
"""
INBOX = """
## What else lies in the inbox

| Kind | Who | When | What follows |
|---|---|---|---|
| `ticket` ([schema](ticket/TicketRecord.json)) | a help desk, `POST /v1/tickets` | a ticket is new or changed \
| `bronze/tickets`, then a row of `silver/tickets` |
| `search` ([schema](search/SearchMade.v1.json)) | the service | somebody searched; the words are redacted \
| `silver/search_events`, with what became of it |
"""


class Told(NamedTuple):
    """Who says it, when, and what follows."""

    who: str
    when: str
    then: str


TOLD: dict[str, Told] = {
    "TicketOpened": Told("a help desk", "a customer asked for help", "a ticket, until its record comes"),
    "MessageAdded": Told("a help desk", "somebody wrote in a ticket", "kept in `silver/events`; no field changes"),
    "TicketResolved": Told("a help desk", "a ticket was closed", "`resolved_at`, `resolution` and the agent are set"),
    "TicketReopened": Told("a help desk", "the resolution did not hold", "the resolution is taken back"),
    "LabelCorrected": Told(
        "an agent, `POST /v1/feedback`, `POST /v1/review/{id}`",
        "a label was put right",
        "the label stands in `silver/tickets` and is learned from; said by the system it changes nothing",
    ),
    "LabelConfirmed": Told("an agent", "a label was looked at and is right", "learned from as a label that is sure"),
    "ReviewSkipped": Told("an agent, `POST /v1/review/{id}`", "a label could not be judged", "not asked of them again"),
    "PredictionMade": Told(
        "the service alone",
        "a ticket that has an id was predicted",
        "decisions can be counted beside what agents recorded",
    ),
    "SolutionsSuggested": Told("the service alone", "a request had solutions looked for", "traced to its search"),
    "SuggestionShown": Told("a help desk", "somebody saw a suggestion", "counted in acceptance by kind and rank"),
    "SuggestionAccepted": Told("an agent", "a suggestion was used", "counts as an attempt that helped"),
    "SuggestionRefused": Told("an agent", "a suggestion was put aside on purpose", "counts as a failed suggestion"),
    "SuggestionJudged": Told("an agent", "somebody said whether it helped", "the search has its outcome"),
    "AnswerSent": Told("a help desk", "an answer of ours was sent", "counted; the words are in its message"),
    "FeedbackGiven": Told("the customer", "the help was judged", "satisfaction and the customer's words are set"),
    "PolicyChanged": Told("a lead", "the precision to act upon was set", "the next release decides by it"),
    "IncidentOpened": Told("the worker alone", "signals became an incident", "told to webhooks; kept for history"),
    "IncidentDismissed": Told("the worker alone", "an incident was dismissed", "its series must be stronger next time"),
    "ModelPromoted": Told("the system alone", "another model serves", "predictions name it from then on"),
    "ModelRolledBack": Told("the system alone", "an earlier release serves again", "as after a promotion"),
}


def readme() -> str:
    """The page, in Markdown."""
    lines = [HEAD, "## The catalogue", "", "| Type | Versions | Who says it | When | What follows |"]
    lines += ["|---|---|---|---|---|"]
    lines += [_line(name) for name in sorted(VERSIONS)]
    lines += [
        "",
        "Said by the system alone, and refused from outside: " + ", ".join(f"`{name}`" for name in sorted(OWN)) + ".",
        "",
        "Of no single ticket (`ticket_id` is `*`): " + ", ".join(f"`{name}`" for name in sorted(OF_EVERY_TICKET)) + ".",
        "",
        "## Upcasts",
        "",
        *(f"- `{name}` {version} is read as {version + 1}" for name, version in sorted(UPCASTS)),
    ]
    return "\n".join(lines) + "\n" + INBOX


def _line(name: str) -> str:
    told = TOLD[name]
    versions = ", ".join(f"[{version}]({name}.v{version}.json)" for version in sorted(VERSIONS[name]))
    return f"| `{name}` | {versions} | {told.who} | {told.when} | {told.then} |"
