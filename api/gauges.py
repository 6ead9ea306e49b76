"""What is as it is at the moment of a scrape: what is served and how old, what waits, what drifted."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.state import Parts, now
from service.drift import Drifts


class Gauges(Collector):
    """Asked at every scrape; what costs a look into the lake is kept until the lake changes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._drifts = Drifts(parts.lake)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Gauges as they are now."""
        yield from self._served()
        yield from self._waiting()
        yield from self._requested()
        yield from self._drifted()

    def _served(self) -> Iterator[GaugeMetricFamily]:
        present = _gauge("artifact_present", "Whether it can be served.", "artifact")
        age = _gauge("artifact_age_seconds", "Time since it was made.", "artifact")
        release = _gauge("release_info", "The release that is served.", "release")
        version = _gauge("artifact_info", "The version of each part that is served.", "artifact", "version")
        refused = _gauge("release_refused", "Whether a newer release is there and is not served.")
        for part in self._parts.readiness():
            present.add_metric([part.name], float(part.present))
            if part.age_seconds is not None:
                age.add_metric([part.name], part.age_seconds)
            if part.name == "release":
                refused.add_metric([], float(part.detail is not None and part.present))
                if part.version is not None:
                    release.add_metric([part.version], 1.0)
            elif part.version is not None and "/" in part.name and part.name.split("/")[0] in ("models", "indexes"):
                version.add_metric([part.name, part.version], 1.0)
        yield from (present, age, release, version, refused)

    def _waiting(self) -> Iterator[GaugeMetricFamily]:
        undrained = _gauge("inbox_undrained", "Entries that the lake does not hold yet.")
        age = _gauge("inbox_oldest_seconds", "Age of the oldest of them; 0: there is none.")
        waiting = self._parts.waiting()
        if waiting is not None:
            undrained.add_metric([], waiting.entries)
            since = waiting.oldest_at
            age.add_metric([], 0.0 if since is None else max(0.0, (now() - since).total_seconds()))
        yield from (undrained, age)

    def _requested(self) -> Iterator[GaugeMetricFamily]:
        depth = _gauge("requests", "Requests that are not done.", "state")
        age = _gauge("requests_oldest_seconds", "Age of the oldest of them; 0: there is none.", "state")
        for state, (count, oldest) in self._parts.backlog().items():
            depth.add_metric([state], count)
            age.add_metric([state], 0.0 if oldest is None else max(0.0, (now() - oldest).total_seconds()))
        yield from (depth, age)

    def _drifted(self) -> Iterator[GaugeMetricFamily]:
        ratio = _gauge("drift_ratio", "Farthest distance over its threshold, newest day.", "model", "part")
        drifted = _gauge("drifted_names", "Features, outputs or measures beyond theirs, newest day.", "model", "part")
        for one in self._drifts.newest():
            ratio.add_metric([one.model, one.part], one.ratio)
            drifted.add_metric([one.model, one.part], one.drifted)
        yield from (ratio, drifted)


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ticketlake_{name}", about, labels=labels or None)
