"""Examples of incidents for the OpenAPI document: made up, but valid."""

from typing import Any

INCIDENT_ID = "INC-0f1e2d3c4b5a6978"
SIGNAL: dict[str, Any] = {
    "signal_id": "SIG-7a0c3b115d41402a",
    "kind": "volume",
    "dimension": "version",
    "series": "DataSync Pro 3.2.1",
    "window_start": "2026-03-02T08:00:00Z",
    "window_end": "2026-03-02T09:00:00Z",
    "known_at": "2026-03-02T08:41:00Z",
    "name": "DataSync Pro 3.2.1: 9 tickets in an hour, 1.4 expected",
    "observed": 9.0,
    "expected": 1.4,
    "upper": 5.0,
    "effect": 6.4,
    "p": 0.000004,
    "score": 5.4,
    "entities": ["Version:DataSync Pro 3.2.1"],
    "ticket_ids": ["TK-2026-004711", "TK-2026-004709"],
}
SUMMARY: dict[str, Any] = {
    "incident_id": INCIDENT_ID,
    "state": "open",
    "severity": "high",
    "probability": 0.998,
    "a_year": 0.02,
    "name": SIGNAL["name"],
    "kinds": ["new_issue", "volume"],
    "opened_at": "2026-03-02T08:41:00Z",
    "last_signal_at": "2026-03-02T10:12:00Z",
    "changed_at": "2026-03-02T10:12:00Z",
    "closed_at": None,
    "acknowledged_by": "A-7",
    "merged_into": None,
    "reason": None,
    "tickets": 31,
    "customers": 22,
    "monthly_value": 18400.0,
    "likely_cause": "Version:DataSync Pro 3.2.1",
    "lift": 14.2,
    "solution_id": "SOL-2f1c9a40",
    "revision": 6,
}
CAUSE = {
    "entity": "Version:DataSync Pro 3.2.1",
    "tickets": 29,
    "of": 31,
    "elsewhere": 0.066,
    "lift": 14.2,
    "low": 11.0,
    "explained": 0.85,
}
POINT = {"at": "2026-03-02T08:00:00Z", "tickets": 9.0, "expected": 1.4, "upper": 5.0, "alarm": True}
SERIES: dict[str, Any] = {
    "dimension": "version",
    "series": "DataSync Pro 3.2.1",
    "frequency": "hour",
    "source": "anomalies/volume",
    "points": [POINT],
}
VIEW: dict[str, Any] = {
    "incident": SUMMARY,
    "signals": [SIGNAL],
    "causes": [CAUSE],
    "examples": [{"ticket_id": "TK-2026-004711", "title": "Nightly export stops half-way"}],
    "solution": {
        "solution_id": "SOL-2f1c9a40",
        "text": "Time limit raised to 5 minutes.",
        "rate": 0.81,
        "attempts": 40,
        "for_ticket": "TK-2026-004711",
        "reason": "helped in 33 of 40 attempts",
    },
    "missing": None,
    "series": [SERIES],
    "notes": [
        {
            "action": "acknowledge",
            "who": "A-7",
            "reason": None,
            "incident_id": INCIDENT_ID,
            "into": None,
            "made_at": "2026-03-02T09:02:00Z",
            "state": "carried out",
            "refused": None,
        }
    ],
}
RECEIPT = {
    "incident_id": INCIDENT_ID,
    "action": "acknowledge",
    "idempotency_key": "said:0f8fad5bd9cb469fa16570867728950e",
    "made_at": "2026-03-02T09:02:00Z",
    "repeated": False,
}
BODIES: dict[str, dict[str, Any]] = {
    "acknowledgeIncident": {"taken on": {"value": {"who": "A-7"}}},
    "dismissIncident": {"load test": {"value": {"who": "A-7", "reason": "a load test of ours"}}},
    "mergeIncident": {"same": {"value": {"who": "A-7", "into": "INC-69785a4b3c2d1e0f", "reason": "the same export"}}},
}
RESPONSES: dict[str, dict[str, Any]] = {
    "listAnomalies": {"200": {"anomalies": [SIGNAL], "next": None}},
    "listIncidents": {"200": {"incidents": [SUMMARY], "next": None}},
    "getIncident": {"200": VIEW},
    "getIncidentReport": {"200": '<!doctype html><html lang="en">…</html>'},
    "streamIncidents": {"200": "id: 17\r\nevent: incident.opened\r\ndata: {…}\r\n\r\n"},
    "acknowledgeIncident": {"202": RECEIPT},
    "dismissIncident": {"202": {**RECEIPT, "action": "dismiss"}},
    "mergeIncident": {"202": {**RECEIPT, "action": "merge"}},
}
