"""Signed posts to a real server that fails, is slow, and then listens."""

import hmac
import threading
import time
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from operations.incident_rows import Turn, Written
from operations.outbox import Delivery, Outbox
from service.webhooks import LEASE, MOST_ATTEMPTS, Webhooks, addresses, key_of, pause
from warehouse.errors import SettingsInvalid

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
SECRET = "whsec_" + b64encode(b"a secret of ours").decode()
BODY = '{"type": "incident.opened", "data": {"name": "é"}}'


class Receiver(ThreadingHTTPServer):
    """Answers with what it is told to, one after the other, then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan: list[int | float] = []
        self.received: list[tuple[dict[str, str], bytes, int]] = []


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.plan.pop(0) if self.server.plan else 200
        if isinstance(answer, float):
            time.sleep(answer)
            answer = 200
        self.server.received.append(({name.lower(): value for name, value in self.headers.items()}, body, answer))
        self.send_response(answer)
        if answer in (301, 302):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def outbox(store, incident_store):
    box = Outbox(store)
    delivery = Delivery(outbox_key="INC-1:3@r", receiver="r", kind="incident.opened", payload=BODY, made_at=NOW)
    incident_store.write(0, Written(turn=Turn(turn=1, clock=NOW), deliveries=[delivery]))
    return box


@pytest.fixture
def webhooks(outbox, receiver):
    address = f"http://127.0.0.1:{receiver.server_port}/hook"
    made = Webhooks(outbox, "r", address, SECRET, seconds=0.3, jitter=lambda: 1.0)
    yield made
    made.close()


def verified(headers, body):
    """As a receiver checks it, by the letter of the standard."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    expected = hmac.new(b64decode(SECRET.removeprefix("whsec_")), content.encode(), "sha256").digest()
    version, _, given = headers["webhook-signature"].partition(",")
    return version == "v1" and hmac.compare_digest(b64decode(given), expected)


def test_a_message_is_signed_and_carries_a_key(webhooks, receiver, outbox):
    assert webhooks.send(NOW)
    assert not webhooks.send(NOW)

    ((headers, body, _),) = receiver.received
    assert body.decode() == BODY
    assert verified(headers, body)
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["idempotency-key"] == headers["webhook-id"] == "INC-1:3"
    assert not verified(headers, body + b" ")
    assert outbox.counts() == {"sent": 1}


def test_errors_and_silence_are_tried_again_under_the_same_key_until_it_arrives_once(webhooks, receiver, outbox):
    receiver.plan = [500, 1.0, 503]
    now, errors = NOW, []
    for _ in range(200):
        webhooks.send(now)
        errors.append(outbox.all()[0].last_error)
        if outbox.counts() == {"sent": 1}:
            break
        now += timedelta(seconds=1)

    assert list(dict.fromkeys(errors)) == ["status 500", "no answer in time", "status 503", None]
    time.sleep(1.0)
    assert {headers["idempotency-key"] for headers, _, _ in receiver.received} == {"INC-1:3"}
    assert all(verified(headers, body) for headers, body, _ in receiver.received)
    assert outbox.all()[0].attempts == 4
    assert timedelta(seconds=5 + 10 + 20) <= now - NOW <= timedelta(seconds=5 + 10 + 20 + 4)


def test_it_is_not_tried_before_its_time(webhooks, receiver):
    receiver.plan = [500]
    assert webhooks.send(NOW)
    assert not webhooks.send(NOW + timedelta(seconds=4))
    assert webhooks.send(NOW + timedelta(seconds=5))


def test_what_never_arrives_is_given_up_and_can_be_tried_again(webhooks, receiver, outbox):
    receiver.plan = [500] * MOST_ATTEMPTS
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        assert webhooks.send(now)
        now += timedelta(hours=7)
    assert outbox.counts() == {"dead": 1}
    assert not webhooks.send(now)

    assert outbox.replay(now) == 1
    assert webhooks.send(now)
    assert outbox.counts() == {"sent": 1}
    assert receiver.received[-1][0]["idempotency-key"] == "INC-1:3"


def test_who_is_gone_is_not_asked_again(webhooks, receiver, outbox):
    receiver.plan = [410]
    webhooks.send(NOW)
    assert outbox.counts() == {"dead": 1}


def test_nobody_is_sent_elsewhere(webhooks, receiver, outbox):
    receiver.plan = [302]
    webhooks.send(NOW)
    assert len(receiver.received) == 1
    assert outbox.all()[0].last_error == "status 302"


def test_a_receiver_that_is_not_there_is_tried_again_later(outbox):
    webhooks = Webhooks(outbox, "r", "http://127.0.0.1:9/", SECRET, jitter=lambda: 0.0)
    webhooks.send(NOW)
    (due,) = outbox.all()
    assert (due.state, due.last_error) == ("waiting", "ConnectError")


def test_what_a_dead_sender_had_in_hand_is_sent_by_the_next(webhooks, receiver, outbox):
    outbox.claim(["r"], NOW, NOW + LEASE, 1)

    assert not webhooks.send(NOW + LEASE - timedelta(seconds=1))
    assert webhooks.send(NOW + LEASE)
    assert len(receiver.received) == 1


def test_pauses_double_and_jitter_stays_within_half():
    assert [pause(n, lambda: 1.0).total_seconds() for n in (1, 2, 3)] == [5, 10, 20]
    assert pause(3, lambda: 0.0).total_seconds() == 10
    assert pause(40, lambda: 1.0) == timedelta(hours=6)


def test_a_secret_that_is_none_is_refused_and_names_of_receivers_do_not_show_addresses():
    with pytest.raises(SettingsInvalid, match="base64"):
        key_of("whsec_%%%")
    assert key_of("plain") == b"plain"
    known = addresses("https://a.example/?token=1, https://b.example/ ,")
    assert sorted(known.values()) == ["https://a.example/?token=1", "https://b.example/"]
    assert not any("example" in name for name in known)
