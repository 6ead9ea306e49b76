"""What the API accepts, silver accepts: both ask the same rules."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from api.app import create_app
from operations.drain import drain
from operations.inbox import Inbox
from operations.store import open_store
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.refine import refine
from warehouse.settings import Settings

JSON = {"content-type": "application/json"}
times = st.datetimes().map(lambda time: f"{time.isoformat()}Z") | st.integers(-(2**40), 2**43)
values = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=6), times,
    st.lists(st.text(max_size=4), max_size=2),
)  # fmt: skip
bodies = st.dictionaries(st.sampled_from([column.name for column in silver.TICKET_FIELDS]), values, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(bodies, min_size=20, max_size=40))
def test_what_was_accepted_is_in_silver_and_nothing_in_quarantine(changes):
    with TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        with TestClient(create_app(Settings(lake_root=lake.root, _env_file=None))) as client:
            answers = [
                client.post("/v1/tickets", content=json.dumps({"subject": "s", **change}), headers=JSON)
                for change in (*changes, {})
            ]
        assert {answer.status_code for answer in answers} <= {202, 400, 409}
        store = open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")
        drain(Inbox(store), lake)
        store.close()
        refine(lake)
        assert lake.row_count(silver.QUARANTINE) == 0
        accepted = {a.json()["receipts"][0]["ticket_id"] for a in answers if a.status_code == 202}
        assert set(lake.read(silver.TICKETS)["ticket_id"]) == accepted


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"subject": "s", "account_monthly_value": 1e400}', "/account_monthly_value"),
        ('[{"subject": "s"}, {"subject": "s", "more": {"of": [-1e999]}}]', "/1/more/of/0"),
        ('{"subject": "s", "satisfaction_score": 77}', "/satisfaction_score"),
    ],
)
def test_a_number_that_is_out_of_range_is_named(client, body, pointer):
    answer = client.post("/v1/tickets", content=body, headers=JSON)

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (400, [pointer])


def test_an_event_before_anyone_wrote_any_is_refused(client):
    event = {
        "type": "MessageAdded",
        "version": 1,
        "event_time": "1985-10-26T01:21:00Z",
        "actor": {"kind": "customer", "id": "C-1"},
        "ticket_id": "TK-1",
        "idempotency_key": "e",
        "payload": {"text": "hello"},
    }
    answer = client.post("/v1/events", json=event)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/event_time")
