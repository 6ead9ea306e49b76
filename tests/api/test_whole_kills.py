"""The API and the worker, which drains, killed with -9 under load: what was accepted is there once, the rest is sent
again with its key.
"""

import os
import random
import signal
import socket
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from uuid import uuid4

import httpx
import pytest

from operations.drain import drain
from operations.inbox import Inbox
from operations.request_rows import Wanted
from operations.requests import Requests
from operations.store import open_store
from warehouse.contracts import silver
from warehouse.refine import refine

ROOT = Path(__file__).parents[2]
SAID = {"subject": "Wrong bill", "description": "the invoice shows a wrong amount"}
CLIENTS = 2
INTERRUPTED = 130
SENT = ("tickets", "events", "requests")


class Desk:
    """The processes that `ticketlake up` starts over one lake. Any of them may die."""

    def __init__(self, root, port):
        self.root, self.port = root, port
        self.commands = {"api": ("serve", "--port", str(port)), "worker": ("worker", "--every", "0.3")}
        self.running = {name: self._started(name) for name in self.commands}

    def _started(self, name):
        environment = {**os.environ, "LAKE_ROOT": str(self.root), "DATABASE_URL": "", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "cli.main", *self.commands[name]]
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=nowhere, stderr=nowhere)

    def kill(self, name):
        self.running[name].send_signal(signal.SIGKILL)
        assert self.running[name].wait(60) == -signal.SIGKILL
        self.running[name] = self._started(name)

    def end(self):
        for process in self.running.values():
            process.terminate()
        return [process.wait(60) for process in self.running.values()]


class Client(Thread):
    """Sends tickets, events and requests one after the other; what got no answer again, with the same key."""

    def __init__(self, port, seed, stop):
        super().__init__(daemon=True)
        self.address, self.rng, self.stop = f"http://127.0.0.1:{port}", random.Random(seed), stop
        self.accepted = {kind: {} for kind in SENT}
        self.again = 0

    def run(self):
        while not self.stop.is_set():
            kind = self.rng.choice(SENT)
            key = f"{kind}-{uuid4().hex}"
            self.accepted[kind][key] = self.sent(kind, key)

    def sent(self, kind, key):
        ticket = f"T-{key}"
        body = {**SAID, "ticket_id": ticket}
        if kind == "events":
            body = {
                "type": "MessageAdded", "version": 1, "event_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "actor": {"kind": "agent", "id": "A-1"}, "ticket_id": "TK-0001", "payload": {"text": "looked at it"},
            }  # fmt: skip
        while True:
            try:
                reply = httpx.post(f"{self.address}/v1/{kind}", json=body, headers={"Idempotency-Key": key}, timeout=30)
                if reply.status_code == 202:
                    return ticket, reply.json().get("id")
                assert reply.status_code >= 500, reply.text
            except httpx.TransportError:
                sleep(0.1)
            self.again += 1


def killed(lake, kills, seed):
    """A desk whose processes die at random while clients send; what these were told was accepted, by kind."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    rng, stop, desk = random.Random(seed), Event(), Desk(lake.root, port)
    clients = [Client(port, seed + number, stop) for number in range(CLIENTS)]
    try:
        for client in clients:
            client.start()
        for _ in range(kills):
            sleep(rng.uniform(0.5, 8))
            desk.kill(rng.choice(list(desk.commands)))
        stop.set()
        for client in clients:
            client.join(120)
            assert not client.is_alive()
        with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
            end = monotonic() + 300
            while Requests(store).waiting()[0] and monotonic() < end:
                sleep(0.3)
            assert Requests(store).waiting()[0] == 0
            assert Requests(store).page(Wanted(state="dead"), 10) == []
    finally:
        codes = desk.end()
    assert set(codes) <= {0, INTERRUPTED}
    assert sum(client.again for client in clients) > 0, "no client noticed a kill"
    return {kind: {key: one for client in clients for key, one in client.accepted[kind].items()} for kind in SENT}


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.long)])
def test_what_was_accepted_is_in_the_lake_once_however_often_api_and_worker_die(lake, kills):
    accepted = killed(lake, kills, seed=kills)

    with closing(open_store(f"sqlite:///{lake.root / 'operations' / 'store.db'}")) as store:
        drain(Inbox(store), lake)
    refine(lake)
    assert all(len(ones) > kills for ones in accepted.values())
    tickets = lake.read(silver.TICKETS).filter(load_id="inbox")["ticket_id"].to_list()
    assert Counter(tickets) == Counter(name for kind in ("tickets", "requests") for name, _ in accepted[kind].values())
    events = lake.read(silver.EVENTS)
    said = events.filter(type="MessageAdded")["event_id"].to_list()
    assert Counter(said) == Counter(accepted["events"].keys())
    made = events.filter(type="PredictionMade")["payload"].str.json_path_match("$.request_id").drop_nulls()
    assert Counter(made) == Counter(request for _, request in accepted["requests"].values())
