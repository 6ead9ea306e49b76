"""Predictions follow the champions and the tickets, and only of what was opened after the models' past."""

import json
from datetime import UTC, datetime

import polars as pl

from ml.classify.decisions import NAME as POLICY
from ml.classify.decisions import Policy
from operations.events import CATALOGUE
from operations.inbox import Inbox
from operations.store import open_store
from orchestration.defs.embeddings import embed
from orchestration.defs.features import follow_tickets
from orchestration.defs.predictions import follow
from warehouse.contracts import silver
from warehouse.contracts.predictions import TICKETS
from warehouse.releases import open_release


def models(lake):
    release = open_release(lake.root)
    parts = {name.split("/")[1]: part for name, part in release.artifacts.items()}
    encoder = parts.pop("encoder")
    parts.pop("category_baseline")
    return encoder, {name: part for name, part in parts.items() if "validation_from" in part.card.get("split", {})}


def test_a_learned_lake_has_a_prediction_per_later_ticket_target_and_model(learned):
    found, (_, known) = learned.read(TICKETS), models(learned)

    assert set(found["target"]) == set(known)
    assert {part.digest for part in known.values()} == set(found["model"])
    for name, part in known.items():
        since = pl.lit(part.card["split"]["validation_from"]).str.to_datetime(time_zone="UTC", time_unit="us")
        later = learned.read(silver.TICKETS).filter(pl.col("created_at") >= since)
        assert set(found.filter(target=name)["ticket_id"]) == set(later["ticket_id"])
    assert set(found["part"]) == {"validation", "test"}


def test_nothing_new_costs_nothing_and_a_new_ticket_is_predicted_alone(learned):
    encoder, known = models(learned)
    version = learned.version(TICKETS)
    assert follow(learned, encoder, known) == 0
    assert learned.version(TICKETS) == version
    newest = learned.read(silver.TICKETS).sort("created_at").tail(1)
    new = newest.with_columns(ticket_id=pl.lit("NEW-1"), created_at=pl.col("created_at") + pl.duration(days=1))
    learned.merge(silver.TICKETS, new)
    follow_tickets(learned)
    embed(learned, encoder, lambda _: None)

    assert follow(learned, encoder, known) == 1
    rows = learned.read(TICKETS).filter(ticket_id="NEW-1")
    assert set(rows["target"]) == set(known)
    assert set(rows["part"]) == {"later"}


def test_an_erased_ticket_leaves_no_prediction(learned):
    encoder, known = models(learned)
    gone = learned.read(TICKETS).select("ticket_id").head(1)
    learned.delete(silver.TICKETS, gone)
    follow(learned, encoder, known)

    assert learned.read(TICKETS).filter(ticket_id=gone.item()).is_empty()


def test_an_edit_of_the_policy_is_followed_and_nothing_is_trained(learned, run):
    before = open_release(learned.root)
    event = {
        "type": "PolicyChanged",
        "version": 1,
        "event_time": "2026-03-02T09:00:00Z",
        "actor": {"kind": "agent", "id": "A-7"},
        "ticket_id": "*",
        "idempotency_key": "policy-1",
        "payload": {"target": "category", "label": "*", "decision": "suggest", "precision": 0.123},
    }
    heard = CATALOGUE.accept(json.dumps(event).encode(), datetime(2026, 3, 2, 9, tzinfo=UTC))
    store = open_store(f"sqlite:///{learned.root / 'operations' / 'store.db'}")
    Inbox(store).append([one.entry() for one in heard])
    store.close()
    done = run(learned.root, "build")

    assert done.returncode in (0, 3), done.stderr
    after = open_release(learned.root)
    same = {name for name, digest in before.manifest.artifacts.items() if after.manifest.artifacts[name] == digest}
    assert set(before.manifest.artifacts) - same == {POLICY}
    policy = Policy.load(after.artifact(POLICY).path)
    assert [rule.set_by for rule in policy.rules if rule.target == "category"] == ["A-7"]
    found = policy.thresholds["category"].values()
    assert {of["suggest"].precision for of in found} == {0.123}
    assert {of["automate"].precision for of in found} == {0.95}
