"""Known solutions for incidents: what the finder puts first for an example ticket."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import polars as pl

from ml.anomaly.incident import Told
from ml.features import READ as ASKED_WITH
from operations.inbox import Inbox
from operations.incident_rows import Written
from operations.incidents import IncidentStore
from service.incident_bodies import change, evidence_of, incidents_of, kept
from service.incident_evidence import Evidence, Suggested, arrived, desk, evidence
from service.serving import Serving
from warehouse.contracts import silver
from warehouse.errors import TicketlakeError
from warehouse.reading import Tables

PATIENCE = timedelta(hours=1)
"""For so long tickets that a monitor has seen may be on their way into the lake."""
Suggest = Callable[[Evidence], Evidence]


class Suggester:
    """Takes as long as a release takes to open, so it has turns of its own, and may run beside the keeper's."""

    def __init__(self, lake: Tables, store: IncidentStore, suggest: Suggest) -> None:
        """`suggest` adds a solution to what is known, or why there is none."""
        self._lake = lake
        self._store = store
        self._suggest = suggest

    def look(self, now: datetime) -> int:
        """Where an incident is open and nobody has asked, ask for a known solution; how many were told.

        Waits for its tickets to reach the lake, and then says anew who wrote them and what they have in common. An
        incident that changes meanwhile is asked for again the next time.
        """
        told = 0
        for name in [row.incident_id for row in self._store.in_states(["open"]) if _unasked(evidence_of(row))]:
            before = self._store.turn()
            rows = self._store.find([name])
            (incident,) = incidents_of(rows, self._store.signals([name]))
            tickets = incident.ticket_ids
            if now < incident.last_at + PATIENCE and not arrived(self._lake, tickets):
                continue
            found = self._suggest(evidence(self._lake, [incident])[name])
            customers, value = desk(self._lake, tickets, now).at_stake(tickets)
            later = msgspec.structs.replace(
                incident, customers=customers, monthly_value=value, revision=incident.revision + 1
            )
            turn = msgspec.structs.replace(before, turn=before.turn + 1)
            row_told = change(Told(change="updated", at=before.clock or now, incident=later), found)
            written = Written(turn=turn, incidents=[kept(later, found, turn.turn)], changes=[row_told])
            if self._store.write(before.turn, written):
                told += 1
        return told


def suggesting(lake: Tables, serving: Serving, inbox: Inbox | None) -> Suggest:
    """Asks the finder with the words of an example ticket."""

    def suggest(known: Evidence) -> Evidence:
        try:
            return _suggested(lake, serving, inbox, known)
        except TicketlakeError as error:
            return msgspec.structs.replace(known, missing=str(error))

    return suggest


def _suggested(lake: Tables, serving: Serving, inbox: Inbox | None, known: Evidence) -> Evidence:
    keys = pl.DataFrame({"ticket_id": list(known.example_tickets)}, schema={"ticket_id": pl.String})
    there = lake.matching(silver.TICKETS, keys) if lake.exists(silver.TICKETS) else pl.DataFrame()
    if there.is_empty():
        return msgspec.structs.replace(known, missing="the lake does not hold its tickets")
    ticket = keys.join(there, on="ticket_id", how="inner", maintain_order="left").select(ASKED_WITH).head(1)
    found = serving.find(ticket, inbox, k=1)
    if not found.solutions:
        return msgspec.structs.replace(known, missing="the finder knows no solution that fits")
    best = found.solutions[0]
    solution = Suggested(
        solution_id=best.solution_id,
        text=best.text,
        rate=best.tried.rate,
        attempts=best.tried.attempts,
        for_ticket=str(ticket["ticket_id"][0]),
        reason=best.reason,
    )
    return msgspec.structs.replace(known, solution=solution, missing=None)


def _unasked(known: Evidence) -> bool:
    return known.solution is None and known.missing is None
