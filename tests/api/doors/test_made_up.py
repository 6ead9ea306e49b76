"""Requests that a machine makes up from the description, with a key and with none."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
]
OPERATIONS = ["getTicket", "listAudit", "listMetrics", "postEvents", "postTickets", "postTokens"]
QUIET = list(HealthCheck)


@pytest.fixture(scope="module")
def described(guarded):
    return schemathesis.openapi.from_asgi("/docs/openapi.json", guarded)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_no_made_up_request_finds_an_error_of_ours(described, make, operation_id, mode):
    headers = {"Authorization": f"Bearer {make('admin')}"}
    operation = described.find_operation_by_id(operation_id)

    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=QUIET)
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case):
        answer = case.call_and_validate(checks=CHECKS, headers=headers)
        if mode is GenerationMode.POSITIVE:
            assert answer.status_code not in (401, 403)
            assert case.call(headers={"Authorization": ""}).status_code == 401

    attempt()


def test_the_description_says_that_a_key_is_needed(door):
    document = door.get("/docs/openapi.json").json()

    assert document["components"]["securitySchemes"]["key"]["scheme"].lower() == "bearer"
    assert {"key": []} in document["security"]
    assert "Nobody needs a key" not in document["info"]["description"]
