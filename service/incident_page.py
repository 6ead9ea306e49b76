"""One page about an incident: everything in one file, nothing fetched, nothing that runs; reads, prints, travels."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from service.incident_chart import chart
from service.incident_views import View

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2430; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p { margin: .3rem 0; } .quiet { color: #5b6675; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .6rem .25rem 0;
  border-bottom: 1px solid #dfe4ea; vertical-align: top; }
td:first-child { min-width: 9.5rem; } th { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.severity { display: inline-block; padding: 0 .5rem; border-radius: .3rem; color: #fff; background: #5b6675; }
.medium { background: #8a6d1b; } .high { background: #b5482a; } .critical { background: #9b1c31; }
.grid { stroke: #e4e8ed; } .band { fill: #cfe0f3; } .actual { fill: none; stroke: #1c2430; stroke-width: 1.5; }
.expected { fill: none; stroke: #3b76b8; stroke-dasharray: 4 3; } .alarm { fill: #b5482a; }
svg text { font-size: 11px; fill: #5b6675; }
@media print { body { margin: 0; max-width: none; } h2, table, svg { break-inside: avoid; } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
MOST_SIGNALS = 30


def page(view: View, made_at: datetime) -> str:
    """The page as HTML. Everything that anybody wrote is escaped."""
    one = view.incident
    parts = [
        f"<h1>{escape(one.name)}</h1>",
        f'<p><span class="severity {escape(one.severity)}">{escape(one.severity)}</span> {escape(_state(view))}</p>',
        f'<p class="quiet">{escape(one.incident_id)}, as of {_time(made_at)}</p>',
        _facts(view),
        *(f"<h2>{escape(s.series)}, per {escape(s.frequency)}</h2>{chart(s)}" for s in view.series),
        _causes(view),
        _solution(view),
        _examples(view),
        _signals(view),
        _notes(view),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(one.name)}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _state(view: View) -> str:
    one = view.incident
    said = [f"{one.state} since {_time(one.changed_at) if one.closed_at is None else _time(one.closed_at)}"]
    if one.acknowledged_by:
        said.append(f"taken on by {one.acknowledged_by}")
    if one.merged_into:
        said.append(f"part of {one.merged_into}")
    if one.reason:
        said.append(one.reason)
    return "; ".join(said)


def _facts(view: View) -> str:
    one = view.incident
    value = "not known" if one.monthly_value is None else f"{one.monthly_value:,.2f}"
    rare = "more than a thousand" if one.a_year > 1_000 else f"{one.a_year:.2g}"
    rows = [
        ("First signal", _time(one.opened_at)),
        ("Newest signal", _time(one.last_signal_at)),
        ("Tickets", f"{one.tickets:,}"),
        ("Customers", f"{one.customers:,}"),
        ("Monthly value of their accounts", value),
        ("Probability that it is real", f"{one.probability:.1%}"),
        ("Times a year that chance looks like it", rare),
        ("Seen in", ", ".join(one.kinds)),
    ]
    return _table(("", ""), rows)


def _causes(view: View) -> str:
    if not view.causes:
        return _part("Likely cause", "<p>Its tickets have nothing in common that others of the same time have not.</p>")
    rows = [
        (one.entity.replace(":", " ", 1), f"{one.tickets} of {one.of}", f"{one.elsewhere:.1%}",
         f"{one.lift:.1f} (at least {one.low:.1f})")
        for one in view.causes
    ]  # fmt: skip
    return _part("Likely cause", _table(("More often than elsewhere", "Tickets", "Elsewhere", "Times as often"), rows))


def _solution(view: View) -> str:
    found = view.solution
    if found is None:
        why = view.missing or "nobody has looked yet"
        return _part("Known solution", f"<p>None: {escape(why)}</p>")
    tried = f"{found.solution_id}: worked in {found.rate:.0%} of {found.attempts:,} attempts; {found.reason}"
    return _part("Known solution", f'<p>{escape(found.text)}</p><p class="quiet">{escape(tried)}</p>')


def _examples(view: View) -> str:
    rows = [(one.ticket_id, one.title or "") for one in view.examples]
    return _part("Example tickets", _table(("Ticket", "Title"), rows)) if rows else ""


def _signals(view: View) -> str:
    newest = sorted(view.signals, key=lambda one: one.order, reverse=True)[:MOST_SIGNALS]
    rows = [
        (
            _time(one.known_at),
            one.kind,
            one.name,
            f"{one.observed:.3g}",
            "" if one.expected is None else f"{one.expected:.3g}",
            f"{one.p:.1e}",
        )
        for one in newest
    ]
    heads = ("Known", "Kind", "What", "Seen", "Expected", "p")
    return _part(f"Signals ({len(view.signals):,})", _table(heads, rows)) if rows else ""


def _notes(view: View) -> str:
    rows = [
        (_time(one.made_at), one.who, one.action, one.reason or one.into or "", one.refused or one.state)
        for one in view.notes
    ]
    return _part("Decided", _table(("When", "Who", "What", "Why", ""), rows)) if rows else ""


def _part(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    top = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    return f"<table>{top}<tbody>{body}</tbody></table>"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
