"""Requests that a machine makes up from the description: none may find an error of ours."""

import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import schemathesis
import schemathesis.wfc.escalation
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from api.app import create_app
from api.examples import RESPONSES
from ml.anomaly.signals import signals
from operations.incidents import IncidentStore
from operations.store import open_store
from service.incidents import Keeper
from warehouse.contracts.anomalies import SIGNALS
from warehouse.delta import Lake
from warehouse.settings import Settings

# `schemathesis.wfc.escalation` is else imported within a test, where CPython 3.11 may fail to parse it (gh-106905).
# What the schema allows may still be refused (a time in the future): `positive_data_acceptance` is left out.
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
QUIET = list(HealthCheck)
TAKES_SOMETHING = [
    "acknowledgeIncident",
    "dismissIncident",
    "getFeatures",
    "getIncident",
    "getMetric",
    "getQueue",
    "getRequest",
    "getStats",
    "getTicket",
    "listAnomalies",
    "listAudit",
    "listIncidents",
    "listIssues",
    "listRequests",
    "mergeIncident",
    "getNeighbours",
    "getPaths",
    "postAnswers",
    "postErasures",
    "postEvents",
    "postRequests",
    "postSolutions",
    "postTickets",
    "predictTicket",
    "predictTickets",
    "replayRequest",
]
ENDLESS = "streamIncidents"
START = datetime(2026, 3, 2, tzinfo=UTC)


def _watched(root):
    """What a worker makes of two signals: one incident."""
    lake = Lake(root)
    rows = [
        {
            "kind": "volume", "dimension": "version", "series": "Export 3.3", "known_at": START + hour,
            "window_start": START + hour, "window_end": START + 2 * hour, "name": "Export 3.3", "observed": 8.0,
            "expected": 2.0, "upper": 5.0, "effect": 4.0, "p": 1e-9, "entities": ["Version:Export 3.3"],
            "ticket_ids": ["TK-NEW-01", "TK-NEW-02"],
        }
        for hour in (timedelta(hours=1), timedelta(hours=2))
    ]  # fmt: skip
    lake.merge(SIGNALS, signals(pl.DataFrame(rows)))
    with closing(open_store(f"sqlite:///{root / 'operations' / 'store.db'}")) as store:
        now = START + timedelta(hours=4)
        assert Keeper(lake, IncidentStore(store), false_a_year=2.0).look(now, now) > 0


@pytest.fixture(scope="module")
def described(followed, tmp_path_factory):
    root = tmp_path_factory.mktemp("described") / "lake"
    shutil.copytree(followed[0], root, symlinks=True)
    _watched(root)
    app = create_app(Settings(lake_root=root, _env_file=None))
    return schemathesis.openapi.from_asgi("/docs/openapi.json", app)


def _attack(described, operation_id, mode, examples):
    operation = described.find_operation_by_id(operation_id)

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=QUIET)
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case):
        case.call_and_validate(checks=CHECKS)

    attempt()


@pytest.mark.parametrize("operation_id", sorted({*RESPONSES} - {ENDLESS}))
def test_no_made_up_request_finds_an_error_of_ours(described, operation_id):
    _attack(described, operation_id, GenerationMode.POSITIVE, 15)


@pytest.mark.parametrize("operation_id", TAKES_SOMETHING)
def test_no_wrong_request_is_taken_for_a_right_one(described, operation_id):
    _attack(described, operation_id, GenerationMode.NEGATIVE, 15)


@pytest.mark.long
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("operation_id", TAKES_SOMETHING)
def test_nor_do_hundreds(described, operation_id, mode):
    _attack(described, operation_id, mode, 500)
