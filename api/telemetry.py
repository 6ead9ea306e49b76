"""What Prometheus scrapes: requests by route, and how old and how complete is what we serve."""

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.state import Parts

Gauges = Callable[[], Iterator[tuple[str, str, dict[str, str], float]]]
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Telemetry:
    """One registry an application, so that two of them in one process do not mix."""

    def __init__(self, parts: Parts, *, alone: bool = True) -> None:
        """`parts` is asked at every scrape; an application that is not `alone` tells what all its workers counted."""
        self.registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self._requests = Counter("ticketlake_http_requests", "Requests answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "ticketlake_http_request_seconds",
            "Time to answer.",
            ["method", "route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._told = self.registry
        if not alone:
            self._told = CollectorRegistry()
            MultiProcessCollector(self._told)  # type: ignore[no-untyped-call]
        self._told.register(_Parts(parts))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._told)


class _Parts(Collector):
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Any]:
        """Gauges as they are now."""
        readiness = self._parts.readiness()
        present = GaugeMetricFamily("ticketlake_artifact_present", "Whether it can be served.", labels=["artifact"])
        age = GaugeMetricFamily("ticketlake_artifact_age_seconds", "Time since it was made.", labels=["artifact"])
        for part in readiness:
            present.add_metric([part.name], float(part.present))
            if part.age_seconds is not None:
                age.add_metric([part.name], part.age_seconds)
        yield present
        yield age
        undrained = GaugeMetricFamily("ticketlake_inbox_undrained", "Entries that the lake does not hold yet.")
        waiting = self._parts.undrained()
        if waiting is not None:
            undrained.add_metric([], waiting)
        yield undrained
