"""Incidents as rows of `anomalies/incidents`, and as a list that people read."""

from collections.abc import Sequence

import polars as pl

from operations.incident_rows import KeptIncident, KeptSignal
from service.incident_bodies import evidence_of, incidents_of
from warehouse.contracts.anomalies import INCIDENTS

MOST_EXAMPLES = 20
SHOWN = ("severity", "state", "opened_at", "name", "tickets", "customers", "likely_cause")


def table_rows(kept: Sequence[KeptIncident], signals: Sequence[KeptSignal]) -> pl.DataFrame:
    """Rows of the table; `signals` are those of all of them."""
    rows = []
    for row, one in zip(kept, incidents_of(kept, signals), strict=True):
        evidence = evidence_of(row)
        own = {name: getattr(one, name) for name in INCIDENTS.schema if hasattr(one, name)}
        rows.append(
            {
                **own,
                "opened_at": one.first_at,
                "signals": len(one.signals),
                "likely_cause": evidence.cause.entity if evidence.cause else None,
                "lift": evidence.cause.lift if evidence.cause else None,
                "solution_id": evidence.solution.solution_id if evidence.solution else None,
                "ticket_ids": evidence.example_tickets[:MOST_EXAMPLES],
            }
        )
    return pl.DataFrame(rows, schema=INCIDENTS.schema, orient="row")


def markdown(rows: pl.DataFrame, most: int = 20) -> str:
    """The newest of them as a table in Markdown; nothing of theirs is markup."""
    lines = [f"| {' | '.join(SHOWN)} |", f"|{'---|' * len(SHOWN)}"]
    for row in rows.sort("opened_at", "incident_id", descending=True).head(most).select(SHOWN).iter_rows():
        cells = ["" if cell is None else str(cell).replace("|", "\\|").replace("<", "&lt;") for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
