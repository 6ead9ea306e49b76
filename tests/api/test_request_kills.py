"""Workers of requests killed with -9: nothing is lost, nothing is doubled."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from operations.drain import drain
from operations.inbox import Inbox
from operations.request_rows import Wanted
from operations.requests import Requests
from operations.store import open_store
from service.request_views import view
from service.requests import RequestWork
from service.serving import Serving
from service.working import RequestTurns
from warehouse.contracts import silver
from warehouse.refine import refine

ROOT = Path(__file__).parents[2]
STEPS = ["leased", "worked", "finished"]
TICKET = {"subject": "Wrong bill", "description": "the invoice shows a wrong amount"}
WORK_AND_DIE = """
import os, signal, sys, time
from datetime import UTC, datetime
from pathlib import Path
from operations.inbox import Inbox
from operations.requests import Requests
from operations.store import open_store
from service.requests import RequestWork
from service.serving import Serving
from service.working import RequestTurns
from warehouse.delta import Lake

url, root, lease, left = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])

def step(name):
    global left
    left -= 1
    print(name, flush=True)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

store = open_store(url)
work = RequestWork(Lake(root), Serving(root), Inbox(store))
turns = RequestTurns(Requests(store), work, lambda: datetime.now(UTC), on_step=step, lease=lease)
while turns.take() or left <= 0:
    if left <= 0:
        time.sleep(0.01)
"""


def url_of(lake):
    return f"sqlite:///{lake.root / 'operations' / 'store.db'}"


def started(lake, lease, die_after):
    command = [sys.executable, "-c", WORK_AND_DIE, url_of(lake), str(lake.root), str(lease), str(die_after)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def told(lake, ids):
    """Results without how long they took, how often silver holds each ticket, and how often a prediction of each."""
    with closing(open_store(url_of(lake))) as store:
        kept = Requests(store).find(ids)
        drain(Inbox(store), lake)
        drain(Inbox(store), lake)
    refine(lake)
    tickets = lake.read(silver.TICKETS).filter(load_id="inbox")["ticket_id"].to_list()
    made = lake.read(silver.EVENTS).filter(type="PredictionMade")["payload"]
    found = [view(one) for one in kept]
    said = [(one.status, one.category, one.result and one.result.targets["category"].confidence) for one in found]
    return said, Counter(tickets), Counter(made.str.json_path_match("$.request_id"))


@pytest.mark.parametrize("die_after", [1, 2, 3])
def test_killed_after_any_step_a_request_is_done_once(client, lake, die_after):
    request = client.post("/v1/requests", json=TICKET).json()
    process = started(lake, 1.0, die_after)
    steps = process.communicate(timeout=120)[0].split()
    assert process.returncode == -signal.SIGKILL
    assert steps == STEPS[:die_after]

    with closing(open_store(url_of(lake))) as store:
        work = RequestWork(lake, Serving(lake.root), Inbox(store))
        turns = RequestTurns(Requests(store), work, lambda: datetime.now(UTC) + timedelta(seconds=2), lease=60)
        assert turns.take() == (die_after < len(STEPS))
        assert not turns.take()
    said, tickets, events = told(lake, [request["id"]])
    assert [(status, category) for status, category, _ in said] == [("done", "Billing")]
    assert tickets == {request["ticket_id"]: 1}
    assert events == {request["id"]: 1}


def test_what_was_done_before_there_was_a_release_is_done_again_with_it(client, lake):
    kept = (lake.root / "releases").rename(lake.root / "kept")
    request = client.post("/v1/requests", json=TICKET).json()
    with closing(open_store(url_of(lake))) as store:
        work = RequestWork(lake, Serving(lake.root), Inbox(store))
        turns = RequestTurns(Requests(store), work, lambda: datetime.now(UTC), lease=60)
        assert turns.take()
        first = client.get(f"/v1/requests/{request['id']}").json()
        assert (first["status"], first["category"]) == ("done", None)
        assert not turns.take()
        kept.rename(lake.root / "releases")
        assert turns.take()
        assert not turns.take()

    said, tickets, events = told(lake, [request["id"]])
    assert [(status, category) for status, category, _ in said] == [("done", "Billing")]
    assert tickets == {request["ticket_id"]: 1}
    assert events == {request["id"]: 1}


@pytest.mark.long
def test_workers_killed_fifty_times_under_load_finish_every_request_once(client, lake):
    random.seed(5)
    workers = [started(lake, 1.5, 0) for _ in range(2)]
    sent = {}
    for kill in range(50):
        sleep(random.uniform(0.2, 1.5))
        for number in range(4):
            one = client.post("/v1/requests", json={**TICKET, "subject": f"Wrong bill {kill}.{number}"}).json()
            sent[one["id"]] = one["ticket_id"]
        victim = random.randrange(len(workers))
        workers[victim].kill()
        workers[victim].communicate()
        workers[victim] = started(lake, 1.5, 0)
    end = monotonic() + 300
    with closing(open_store(url_of(lake))) as store:
        while Requests(store).waiting()[0] and monotonic() < end:
            sleep(0.2)
        assert Requests(store).waiting()[0] == 0
        assert Requests(store).page(Wanted(state="dead"), 10) == []
    for worker in workers:
        worker.kill()
        worker.communicate()

    said, tickets, events = told(lake, list(sent))
    assert len(said) == len(sent) == 200
    assert {status for status, _, _ in said} == {"done"}
    assert tickets == Counter(sent.values())
    assert events == Counter(sent.keys())
