"""What Prometheus scrapes: requests by route, what was predicted and decided, how long each stage took, what failed."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.understanding import Understood

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
STAGE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
CONFIDENCE_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
MOST_LABELS = 60
"""Labels of one target that are told apart in one process; what comes later counts as `(other)`."""
NONE, OTHER = "(none)", "(other)"


class Telemetry:
    """One registry an application, so that two of them in one process do not mix."""

    def __init__(self, gauges: Collector | None = None, *, alone: bool = True) -> None:
        """`gauges` are asked at every scrape; an application that is not `alone` tells what all its workers counted."""
        self.registry = CollectorRegistry()
        self._requests = self._counter("http_requests", "Requests answered.", "method", "route", "status")
        self._seconds = self._histogram("http_request_seconds", "Time to answer.", BUCKETS, "method", "route")
        self._predictions = self._counter("predictions", "Answers of models.", "target", "label", "decision")
        self._confidence = self._histogram(
            "prediction_confidence", "Calibrated confidence of answers.", CONFIDENCE_BUCKETS, "target"
        )
        self._stages = self._histogram("stage_seconds", "Time that a stage of an answer took.", STAGE_BUCKETS, "stage")
        self._errors = self._counter("errors", "Requests that ended with an error.", "kind")
        self._fallbacks = self._counter("fallbacks", "Answers given without what should give them.", "part", "instead")
        self._labels: dict[str, set[str]] = {}
        self._told = self.registry
        if not alone:
            self._told = CollectorRegistry()
            MultiProcessCollector(self._told)  # type: ignore[no-untyped-call]
        if gauges is not None:
            self._told.register(gauges)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def took(self, stage: str, seconds: float) -> None:
        """One stage of an answer: what `ml.retrieve.stages` tells."""
        self._stages.labels(stage).observe(seconds)

    def predicted(self, understood: Iterable[Understood]) -> None:
        """Count what models said of tickets, and what stood in for a champion."""
        for one in understood:
            for target, answer in one.targets.items():
                label = self._bounded(target, answer.label or NONE)
                self._predictions.labels(target, label, answer.decision.action).inc()
                if answer.confidence is not None:
                    self._confidence.labels(target).observe(answer.confidence)
                if answer.served_by != "champion":
                    self._fallbacks.labels(target, answer.served_by).inc()

    def found(self, missing: Mapping[str, str]) -> None:
        """Count the parts that a search did without: their names, not why."""
        for part in missing:
            self._fallbacks.labels(part, "none").inc()

    def composed(self, fell_back: str | None, composer: str) -> None:
        """Count an answer that another composer than the chosen one gave."""
        if fell_back is not None:
            self._fallbacks.labels("composer", composer).inc()

    def failed(self, kind: str) -> None:
        """Count a request that ended with an error of this kind: a class of ours, or a status."""
        self._errors.labels(kind).inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._told)

    def _bounded(self, target: str, label: str) -> str:
        known = self._labels.setdefault(target, set())
        if label in known:
            return label
        if len(known) >= MOST_LABELS:
            return OTHER
        known.add(label)
        return label

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"ticketlake_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"ticketlake_{name}", about, labels, buckets=buckets, registry=self.registry)
