"""`ticketlake keys`, and a server beyond loopback: it makes itself a first key, and its workers share all of them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from cli.operator import tell_of_doors
from operations.keys import Keys
from operations.store import open_store
from warehouse.settings import Settings

TICKETLAKE = Path(sys.executable).with_name("ticketlake")
KEY = re.compile(r"tlk_[0-9a-f]{12}_[0-9a-f]{64}")


def said(run, root, *arguments):
    done = run(root, "keys", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_keys_are_made_shown_rotated_and_ended(run, tmp_path):
    made = run(tmp_path, "keys", "make", "A-7", "--role", "agent")
    assert KEY.fullmatch(made.stdout.strip())
    assert "shown this once" in made.stderr
    service = said(run, tmp_path, "make", "import", "--role", "service", "--days", "3", "--rate", "50")
    assert (service["role"], service["rate"], service["state"]) == ("service", 50, "valid")
    rotated = said(run, tmp_path, "rotate", service["key_id"], "--grace-hours", "0")
    assert rotated["name"] == "import"
    said(run, tmp_path, "revoke", rotated["key_id"])

    assert [key["name"] for key in said(run, tmp_path, "list")] == ["A-7"]
    every = said(run, tmp_path, "list", "--all")
    assert sorted(key["state"] for key in every) == ["expired", "revoked", "valid"]
    assert "hash" not in every[0]
    assert [row["action"] for row in said(run, tmp_path, "log")] == ["key.revoke", *["key.make"] * 3]
    shown = run(tmp_path, "keys", "list").stdout
    assert made.stdout.split("_")[1] in shown
    assert made.stdout.strip() not in shown


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["revoke", "nope"], 1, "no key nope is known"),
        (["make", "A-7", "--role", "king"], 2, "king"),
        (["make", "A-7"], 2, "--role"),
        (["make", "", "--role", "agent"], 1, "name of a key"),
    ],
)
def test_a_wrong_command_is_one_readable_line(run, tmp_path, arguments, code, words):
    done = run(tmp_path, "keys", *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_open_doors_beyond_loopback_start_nothing(run, tmp_path):
    (tmp_path / ".env").write_text("API_AUTH=off\n")
    done = run(tmp_path / "lake", "serve", "--host", "0.0.0.0", "--port", 1, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "API_AUTH=off-everywhere" in line


def test_the_first_key_is_shown_once_before_services_write_their_logs(tmp_path, capsys):
    chosen = Settings(lake_root=tmp_path, api_host="0.0.0.0", _env_file=None)
    tell_of_doors(chosen)
    tell_of_doors(chosen)

    (secret,) = KEY.findall(capsys.readouterr().err)
    with closing(open_store(chosen.database_url)) as store:
        (kept,) = Keys(store).all()
    assert (kept.role, kept.opens(secret)) == ("admin", True)


@contextmanager
def serving(root, port, *arguments):
    """A server, its address, and what it says."""
    environment = {**os.environ, "LAKE_ROOT": str(root), "DATABASE_URL": ""}
    log = root.with_name("log")
    command = [TICKETLAKE, "serve", "--port", str(port), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        end = monotonic() + 120
        while not answers(address):
            assert process.poll() is None, log.read_text()
            assert monotonic() < end, log.read_text()
            sleep(0.2)
        yield address, log.read_text
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def answers(address):
    try:
        return httpx.get(f"{address}/health/live", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def audited(address, secret):
    """Asked on a new connection, which either worker may take."""
    answer = httpx.get(f"{address}/v1/audit", headers={"authorization": f"Bearer {secret}"}, timeout=10)
    assert "server" not in answer.headers
    return answer.status_code


def test_a_server_beyond_loopback_makes_itself_one_key_that_workers_share_until_it_is_revoked(run, tmp_path, port):
    root = tmp_path / "lake"
    with serving(root, port, "--host", "0.0.0.0", "--workers", "2") as (address, log):
        (secret,) = KEY.findall(log())
        assert "shown this once" in log()
        assert {audited(address, secret) for _ in range(30)} == {200}
        assert httpx.get(f"{address}/v1/audit").status_code == 401
        kept = b"".join(file.read_bytes() for file in root.rglob("*") if file.is_file())
        assert secret.split("_")[2].encode() not in kept

        limited = said(run, root, "make", "slow", "--role", "admin", "--rate", "3")["secret"]
        codes = [audited(address, limited) for _ in range(12)]
        assert 3 <= codes.count(200) <= 4

    with serving(root, port, "--host", "0.0.0.0", "--workers", "2") as (address, log):
        assert not KEY.findall(log())
        assert {audited(address, secret) for _ in range(10)} == {200}
        said(run, root, "revoke", secret.split("_")[1])
        sleep(3)
        assert {audited(address, secret) for _ in range(20)} == {401}


def test_a_server_on_loopback_says_that_nobody_needs_a_key(tmp_path, port):
    with serving(tmp_path / "lake", port) as (address, log):
        assert "No key is needed" in log()
        assert not KEY.findall(log())
        assert httpx.get(f"{address}/v1/audit").status_code == 200
        assert httpx.get(f"{address}/v1/audit", headers={"host": "evil.example"}).status_code == 421
