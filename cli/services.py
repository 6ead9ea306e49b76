"""Child processes that serve while we build: started together, started again where one dies, ended together."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic, sleep
from types import TracebackType

import click

from warehouse.errors import ServiceFailed

BIN = Path(sys.executable).parent
GRACE_SECONDS = 15.0
LOOK_SECONDS, STARTING_SECONDS = 0.5, 30.0


@dataclass(frozen=True)
class Service:
    """A command to keep running, and the address at which it answers once it is ready."""

    name: str
    command: Sequence[str]
    url: str | None = None
    address: tuple[str, int] | None = None


class Services:
    """Runs services for the time of a `with` block; their output goes to one log file each."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        logs: Path,
        environment: dict[str, str],
        starting: float = STARTING_SECONDS,
    ) -> None:
        """One that ends within `starting` seconds of its start is not started again.

        Raises `ServiceFailed` when an address is taken, before anything is started.
        """
        for service in services:
            if service.address is not None and _taken(service.address):
                host, port = service.address
                raise ServiceFailed(
                    f"{service.name}: {host}:{port} is taken. End what listens there, or set another port."
                )
        self._services = services
        self._logs = logs
        self._environment = environment
        self._starting = starting
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._since: dict[str, float] = {}
        self._failed: str | None = None
        self._lock, self._ending = Lock(), Event()
        self._watcher = Thread(target=self._watch, name="services", daemon=True)

    def __enter__(self) -> "Services":
        self._logs.mkdir(parents=True, exist_ok=True)
        for service in self._services:
            self._start(service)
        self._watcher.start()
        return self

    def _watch(self) -> None:
        """Start again what dies."""
        while not self._ending.wait(LOOK_SECONDS):
            with self._lock:
                for service in self._services:
                    self._look(service)

    def _look(self, service: Service) -> None:
        code = self._running[service.name].poll()
        if code is None or self._ending.is_set():
            return
        said = f"{service.name} ended with code {code}"
        if monotonic() - self._since[service.name] < self._starting:
            self._failed = f"{said}: see {self._log(service)}"
        else:
            click.echo(f"{said} and is started again: see {self._log(service)}", err=True)
            self._start(service)

    def _start(self, service: Service) -> None:
        self._since[service.name] = monotonic()
        with (self._logs / f"{service.name}.out").open("ab") as log:
            self._running[service.name] = subprocess.Popen(
                [sys.executable, "-m", "cli.keeper", str(os.getpid()), *service.command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._ending.set()
        for process in self._running.values():
            _signal_group(process, signal.SIGTERM)
        end = monotonic() + GRACE_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.1, end - monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()

    def wait_ready(self, timeout: float = 120.0) -> None:
        """Return when every service answers. Raises `ServiceFailed` with the log that says why it does not."""
        end = monotonic() + timeout
        for service in self._services:
            while service.address is not None and not _taken(service.address):
                self.check()
                if monotonic() > end:
                    raise ServiceFailed(
                        f"{service.name} does not answer after {timeout:.0f} s: see {self._log(service)}"
                    )
                sleep(0.2)

    def check(self) -> None:
        """Raises `ServiceFailed` when a service could not be kept running."""
        if self._failed is not None:
            raise ServiceFailed(self._failed)

    def wait(self) -> None:
        """Until a service cannot be kept running, or somebody interrupts."""
        while True:
            self.check()
            sleep(1.0)

    def _log(self, service: Service) -> Path:
        return self._logs / f"{service.name}.out"


def command(name: str, *arguments: str) -> list[str]:
    """A command that was installed beside this Python."""
    return [str(BIN / name), *arguments]


def _taken(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(address) == 0


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)
