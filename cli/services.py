"""Child processes that serve while we build: started together, watched, ended together."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType

from cli.keeper import ORPHANED
from warehouse.errors import ServiceFailed

BIN = Path(sys.executable).parent
GRACE_SECONDS = 15.0
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Service:
    """A command to keep running, and the address at which it answers once it is ready."""

    name: str
    command: Sequence[str]
    url: str | None = None
    address: tuple[str, int] | None = None


class Services:
    """Runs services for the time of a `with` block; their output goes to one log file each."""

    def __init__(self, services: Sequence[Service], *, logs: Path, environment: dict[str, str]) -> None:
        """Raises `ServiceFailed` when an address is taken, before anything is started."""
        for service in services:
            if service.address is not None and _taken(service.address):
                host, port = service.address
                raise ServiceFailed(
                    f"{service.name}: {host}:{port} is taken. End what listens there, or set another port."
                )
        self._services = services
        self._logs = logs
        self._environment = environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Services":
        self._logs.mkdir(parents=True, exist_ok=True)
        for service in self._services:
            with (self._logs / f"{service.name}.out").open("ab") as log:
                self._running[service.name] = subprocess.Popen(
                    [sys.executable, "-m", "cli.keeper", *service.command],
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 no thread runs yet
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        """Raises `ServiceFailed` when a service has ended."""
        for service in self._services:
            code = self._running[service.name].poll()
            if code is not None:
                raise ServiceFailed(f"{service.name} ended with code {code}: see {self._log(service)}")

    def wait(self) -> None:
        """Keep watch until a service ends or somebody interrupts."""
        while True:
            self.check()
            sleep(1.0)

    def _log(self, service: Service) -> Path:
        return self._logs / f"{service.name}.out"


def command(name: str, *arguments: str) -> list[str]:
    """A command that was installed beside this Python."""
    return [str(BIN / name), *arguments]


def _end_with_parent() -> None:
    """Have the kernel say that the parent is gone, even by `kill -9`: prctl(2), PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ORPHANED)


def _taken(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(address) == 0


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)
