from datetime import UTC, datetime, timedelta
from threading import Event
from time import monotonic
from types import SimpleNamespace

import polars as pl
import pytest

from ml.classify import baseline
from ml.features import READ
from service.metrics_file import MetricsFile
from service.serving import Serving
from warehouse import releases
from warehouse.contracts import silver
from warehouse.delta import Lake
from warehouse.errors import ArtifactDamaged, NotMaterialized

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def publish(lake):
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T-{n:03d}" for n in range(120)],
            "created_at": [NOW - timedelta(hours=120 - n) for n in range(120)],
            "subject": ["invoice wrong" if n % 3 else "password refused" for n in range(120)],
            "description": [None] * 120,
            "language": ["en"] * 120,
            "category": ["Billing" if n % 3 else "Login" for n in range(120)],
        },
        schema_overrides={"description": pl.String},
    )

    def publish(seed: int) -> releases.Release:
        model, card = baseline.train(rows, seed=seed)
        artifact = releases.stage(lake, baseline.NAME, model.save, card.as_dict())
        return releases.publish(lake, [artifact], {}, 0, expected=releases.current_id(lake.root), now=NOW)

    return publish


def asked(subject):
    row = {"created_at": NOW, "subject": subject}
    return pl.DataFrame([row], schema={name: silver.TICKETS.schema[name] for name in READ})


def test_nothing_is_served_before_the_first_release_and_then_without_asking(lake, publish):
    serving = Serving(lake.root)
    with pytest.raises(NotMaterialized) as missing:
        serving.understand(asked("invoice"), None)
    published = publish(1)

    assert missing.value.asset == "models/category_baseline"
    assert serving.understand(asked("invoice"), None)[0] == published.id


def test_an_open_release_is_not_opened_again(lake, publish):
    publish(1)
    serving = Serving(lake.root)

    assert serving.opened() is serving.opened()


def test_what_was_opened_stays_whole_after_its_files_are_gone(lake, publish):
    serving, first = Serving(lake.root), publish(1)
    held = serving.opened()
    publish(2)
    releases.retain(lake, keep=1, now=NOW)

    assert not first.artifact(baseline.NAME).path.exists()
    assert held.models.baseline is not None
    assert held.models.baseline.explain("invoice", None).label == "Billing"
    assert serving.opened().release.id != first.id


def test_a_damaged_release_is_refused_once_and_the_older_one_is_kept(lake, publish):
    serving, sound = Serving(lake.root), publish(1)
    serving.opened()
    damaged = publish(2)
    (damaged.artifact(baseline.NAME).path / "idf.npy").write_bytes(b"")

    assert serving.opened().release.id == sound.id
    assert isinstance(serving.refused[damaged.id], ArtifactDamaged)
    assert publish(3).id == serving.opened().release.id


def test_of_a_damaged_release_with_none_before_it_the_damage_is_told_once_and_raised_to_who_asks(lake, publish):
    damaged, heard = publish(1), []
    (damaged.artifact(baseline.NAME).path / "idf.npy").write_bytes(b"")
    serving = Serving(lake.root, damaged=lambda name, error: heard.append((name, str(error))))

    for _ in range(2):
        with pytest.raises(ArtifactDamaged, match="was changed"):
            serving.understand(asked("invoice"), None)
    assert serving.opened().release.id == damaged.id
    ((name, said),) = heard
    assert name == baseline.NAME
    assert str(damaged.artifact(baseline.NAME).path) in said


def test_metrics_that_nobody_published_are_named(lake):
    with pytest.raises(NotMaterialized) as missing:
        MetricsFile(lake.root).cursor()

    assert missing.value.asset == "gold/metrics"


def test_who_only_looks_does_not_wait_for_a_release_to_be_opened(lake, publish, monkeypatch):
    serving, first, go = Serving(lake.root), publish(1), Event()
    before = releases.open_parts

    def slow(root):
        assert go.wait(30)
        return before(root)

    monkeypatch.setattr("service.serving.releases", SimpleNamespace(**{**vars(releases), "open_parts": slow}))
    assert serving.glance(0.05) is None
    go.set()
    held = serving.glance(30)
    assert held is not None
    assert held.release.id == first.id
    go.clear()
    publish(2)
    assert serving.glance(0.05) is held, "what is held, while the newer one is opened"
    go.set()
    end = monotonic() + 30
    while serving.opened().release.id == first.id:
        assert monotonic() < end


def test_who_only_looks_is_told_what_is_wrong(lake, publish):
    serving = Serving(lake.root)
    with pytest.raises(NotMaterialized, match="release"):
        serving.glance(5)
    damaged = publish(1)
    (damaged.artifact(baseline.NAME).path / "idf.npy").write_bytes(b"")
    found = serving.glance(30)
    assert found is not None
    assert isinstance(found.faults[baseline.NAME], ArtifactDamaged)
