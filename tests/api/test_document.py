import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from api.examples import BODIES, RESPONSES

REPOSITORY = Path(__file__).parents[2]
PROBLEM = "application/problem+json"


@pytest.fixture
def document(client):
    return client.get("/docs/openapi.json").json()


def operations(document):
    return {op["operationId"]: op for path in document["paths"].values() for op in path.values()}


def test_the_description_is_openapi_3_1_and_names_every_operation(document):
    assert document["openapi"].startswith("3.1")
    assert set(operations(document)) == {*RESPONSES}
    for operation in operations(document).values():
        assert operation["description"]
        assert PROBLEM in operation["responses"]["default"]["content"]


def test_every_operation_is_described_by_what_it_does(document):
    said = {operation["description"] for methods in document["paths"].values() for operation in methods.values()}
    handlers = {operation["summary"] for methods in document["paths"].values() for operation in methods.values()}

    assert not [words for words in said if "callable" in words or "thread" in words]
    assert len(said) == len(handlers)


def test_every_operation_has_an_example_that_its_schema_allows(document):
    from jsonschema import Draft202012Validator

    for name, operation in operations(document).items():
        pairs = [
            (content["schema"], content["example"])
            for response in operation["responses"].values()
            for content in response.get("content", {}).values()
            if "example" in content
        ]
        assert pairs, name
        if name in BODIES:
            content = operation["requestBody"]["content"]["application/json"]
            pairs += [(content["schema"], example["value"]) for example in content["examples"].values()]
        for schema, example in pairs:
            Draft202012Validator({**schema, "components": document["components"]}).validate(example)


def test_the_page_needs_no_other_server(client):
    page = client.get("/docs").text

    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    for address in re.findall(r"""(?:src|href)=["'](/[^"']+)""", page):
        assert client.get(address).status_code == 200, address


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _serve(root: Path, port: int) -> "subprocess.Popen[str]":
    environment = {**os.environ, "LAKE_ROOT": str(root), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port)]
    return subprocess.Popen(
        command, cwd=root.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _until_it_answers(port: int, process: "subprocess.Popen[str]") -> httpx.Response:
    for _ in range(300):
        assert process.poll() is None, process.communicate()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health/live")
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the API did not answer")


def test_the_command_serves_logs_and_ends_when_asked(lake, port):
    process = _serve(lake.root, port)
    try:
        assert _until_it_answers(port, process).status_code == 200
        base = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{base}/health/ready").json()["status"] == "ready"
        assert httpx.post(f"{base}/predict-ticket", json={"subject": "invoice"}).json()["targets"]
        assert httpx.get(f"{base}/v1/tickets/%FF").status_code in (400, 404)

        second = _serve(lake.root, port)
        _, complaint = second.communicate(timeout=60)
        assert second.returncode == 1
        assert f"127.0.0.1:{port} cannot be used (Address already in use)" in complaint
        assert len(complaint.splitlines()) == 1
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode in (0, 130)
    assert "Traceback" not in out + err
    answered = [json.loads(line) for line in out.splitlines() if '"answered"' in line]
    assert {line["route"] for line in answered} >= {"/health/live", "/health/ready", "/predict-ticket"}
