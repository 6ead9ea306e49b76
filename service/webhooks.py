"""What is in the outbox, to whom it concerns: signed posts, tried again later where they do not arrive.

Headers and signature are those of Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over id, time and body.
`Idempotency-Key` is the id, too: a receiver that knows it has had the message.
"""

import random
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from hmac import digest

from operations.outbox import Due, Outbox
from warehouse.errors import SettingsInvalid

PREFIX = "whsec_"
"""How a secret begins that is written in base64."""
SECONDS = 10.0
"""After which a receiver that says nothing is tried again later."""
LEASE = timedelta(minutes=1)
"""For so long nobody else tries what somebody has in hand."""
MOST_ATTEMPTS = 12
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=6)
GONE = 410
"""The receiver wants no more of it."""
Jitter = Callable[[], float]
Step = Callable[[str], None]


def addresses(urls: str) -> dict[str, str]:
    """By name, a digest, the addresses of a list with commas: names are kept, addresses may hold secrets."""
    known = (url.strip() for url in urls.split(","))
    return {blake2b(url.encode(), digest_size=8).hexdigest(): url for url in known if url}


def key_of(secret: str) -> bytes:
    """The key that a secret stands for. Raises `SettingsInvalid`."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(PREFIX), validate=True)
    except NotBase64:
        raise SettingsInvalid(f"WEBHOOK_SECRET begins with {PREFIX}, but what follows is not base64.") from None


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)
    return f"v1,{b64encode(signed).decode()}"


class Webhooks:
    """Sends to one receiver; several may share an outbox, in threads or processes."""

    def __init__(
        self,
        outbox: Outbox,
        receiver: str,
        address: str,
        secret: str,
        *,
        seconds: float = SECONDS,
        jitter: Jitter = random.random,
        on_step: Step | None = None,
    ) -> None:
        """`seconds` are given to each attempt; `on_step` hears of every durable step once it is done."""
        import httpx

        self._outbox = outbox
        self._receiver = receiver
        self._address = address
        self._key = key_of(secret)
        self._jitter = jitter
        self._on_step = on_step or _nobody
        self._client = httpx.Client(timeout=seconds, trust_env=False, follow_redirects=False)

    def send(self, now: datetime) -> bool:
        """Try the next thing that is due; False where nothing is."""
        claimed = self._outbox.claim([self._receiver], now, now + LEASE, 1)
        if not claimed:
            return False
        (due,) = claimed
        self._on_step("claimed a delivery")
        error, last = self._posted(due, now)
        if error is None:
            self._outbox.sent(due.seq, now)
        else:
            over = last or due.attempts >= MOST_ATTEMPTS
            self._outbox.failed(due.seq, error, None if over else now + pause(due.attempts, self._jitter))
        self._on_step("noted what became of it")
        return True

    def close(self) -> None:
        """Give connections back."""
        self._client.close()

    def _posted(self, due: Due, now: datetime) -> tuple[str | None, bool]:
        """Why it did not arrive, None where it did; and whether there is no use in trying again."""
        import httpx

        body, message_id, timestamp = due.payload.encode(), message_of(due), int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message_id,
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, message_id, timestamp, body),
        }
        try:
            with self._client.stream("POST", self._address, content=body, headers=headers) as response:
                status = response.status_code
        except httpx.TimeoutException:
            return "no answer in time", False
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__, False
        return (None, False) if 200 <= status < 300 else (f"status {status}", status == GONE)


def message_of(due: Due) -> str:
    """What a receiver knows a message by: the same at each attempt, and for each receiver."""
    return due.outbox_key.rpartition("@")[0]


def pause(attempts: int, jitter: Jitter) -> timedelta:
    """Until the next attempt: twice as long each time, half of it left to chance, so that not all come back at once."""
    whole: timedelta = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempts - 1))
    return whole * (0.5 + 0.5 * jitter())


def _nobody(_: str) -> None:
    """Nobody listens."""
