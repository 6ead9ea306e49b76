"""What asks for training, what people put back, and what the gate holds: in a lake of a few made-up tickets."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from operations.audit import AuditLog, Who
from operations.events import CATALOGUE, Actor
from operations.inbox import Inbox
from operations.store import open_store
from orchestration import promotions
from orchestration.defs.gate import Gate
from orchestration.past import corrections
from orchestration.replacing import promote, rollback
from orchestration.retraining import TAG, decide
from orchestration.sensors import retraining_sensor
from orchestration.shown import card, compared, find, listed
from warehouse import artifacts, label_facts, pins, releases
from warehouse.contracts import silver
from warehouse.contracts.learning import JUDGEMENTS
from warehouse.delta import Lake
from warehouse.errors import Conflict, ContractBroken, NotKnown, NotMaterialized
from warehouse.pointers import point, pointed, staged
from warehouse.settings import settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAME = "models/category"
AT = NOW.isoformat()
CARD = {
    "labelled": 100,
    "corrections": 0,
    "classes": ["access", "billing"],
    "encoder": "e",
    "features": [],
    "inputs": {},
    "measures": {"test": {"macro_f1": {"value": 0.5}, "per_class": {}}},
    "split": {"validation_from": AT, "test_from": AT, "last": AT},
}
DANA = Actor("agent", "dana")
BY = Who(subject="terminal:test", role="operator")


@pytest.fixture
def lake(tmp_path, monkeypatch):
    """A hundred tickets of two labels; the settings of this process point here."""
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path))
    settings.cache_clear()
    lake = Lake(tmp_path)
    rows = pl.DataFrame(
        {
            "ticket_id": [f"T-{n}" for n in range(100)],
            "created_at": [NOW - timedelta(hours=n) for n in range(100)],
            "category": ["access", "billing"] * 50,
            "load_id": ["l"] * 100,
        }
    )
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in silver.TICKETS.schema.items() if name not in rows]
    names = silver.TICKETS.schema.names()
    lake.replace(silver.TICKETS, rows.with_columns(missing).select(names).cast(silver.TICKETS.schema))
    yield lake
    settings.cache_clear()


@pytest.fixture
def inbox(lake):
    store = open_store(settings().database_url)
    yield Inbox(store)
    store.close()


@pytest.fixture
def make_model(lake):
    def make(number, **changed):
        def write(folder):
            (folder / "weights.txt").write_text(str(number))

        return artifacts.stage(lake.root, NAME, write, {**CARD, **changed})

    return make


def look():
    """What the sensor decides."""
    with dg.DagsterInstance.ephemeral() as instance:
        return retraining_sensor(dg.build_sensor_context(instance=instance))


def publish(lake, model):
    return releases.publish(lake, [model], {}, 0, expected=releases.current_id(lake.root), now=NOW)


def correct(lake, count, value="billing", actor="agent"):
    payload = json.dumps({"field": "category", "value": value})
    rows = [
        {
            "event_id": f"{value}-{n}", "type": "LabelCorrected", "version": 2, "ticket_id": f"T-{n}",
            "event_time": NOW, "received_time": NOW, "actor_kind": actor, "actor_id": "A-1", "payload": payload,
            "load_id": "inbox",
        }
        for n in range(count)
    ]  # fmt: skip
    lake.merge(silver.EVENTS, pl.DataFrame(rows, schema=silver.EVENTS.schema))
    label_facts.follow(lake)


def judgement(challenger, champion, verdict, gain=0.05):
    row = {
        "target": "category", "challenger": challenger, "champion": champion, "verdict": verdict,
        "reasons": [f"it was {verdict}"], "trained_because": "", "judged_at": NOW, "gain": gain,
        "annotators": "{}", "data": "{}", "slices": "{}",
    }  # fmt: skip
    return pl.DataFrame([row], schema=JUDGEMENTS.schema)


def test_before_the_first_training_and_when_nothing_is_new_the_sensor_says_so(lake, make_model):
    first = look()
    publish(lake, make_model(1))
    quiet = look()

    assert "no model was trained yet" in first.skip_message
    assert quiet.skip_message.startswith("nothing asks for it: fewer than 40 corrections, no new label, no drift")


def test_forty_corrections_ask_for_training_once_and_what_a_machine_put_right_does_not(lake, make_model):
    publish(lake, make_model(1))
    correct(lake, 50, actor="system")
    machine = look()
    correct(lake, 39, "access")
    few = look()
    correct(lake, 40, "access")
    asked, again = (look() for _ in range(2))

    assert isinstance(machine, dg.SkipReason)
    assert isinstance(few, dg.SkipReason)
    assert isinstance(asked, dg.RunRequest)
    assert asked.run_key == again.run_key
    assert asked.tags[TAG] == "category: 40 corrections since it was trained, 40 are enough"
    assert asked.run_config == {"ops": {}}
    assert corrections(lake).height == 40


def test_while_models_are_trained_nobody_asks_for_more(lake, make_model):
    publish(lake, make_model(1))
    correct(lake, 40)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun(job_name="retrain", run_id="1", status=dg.DagsterRunStatus.STARTED))
        found = retraining_sensor(dg.build_sensor_context(instance=instance))

    assert found.skip_message == "models are being trained"


def test_what_was_trained_and_refused_does_not_ask_for_the_same_again(lake, make_model):
    publish(lake, make_model(1))
    correct(lake, 40)
    refused = make_model(2, corrections=40)
    point(lake.root, "challengers/category", NAME, refused.digest)

    assert decide(lake.root, NOW).because is None


def test_a_label_that_no_model_knows_and_time_ask_too(lake, make_model):
    model = make_model(1, classes=["access"])
    publish(lake, model)
    lake.merge(JUDGEMENTS, judgement(model.digest, "none", "promoted"))
    found = decide(lake.root, NOW + timedelta(days=30))

    assert (
        found.because
        == "category: no model knows 'billing', of which there are 50 tickets; trained 30 days ago, 30 are enough"
    )
    assert found.whatever_grew
    assert not decide(lake.root, NOW).whatever_grew
    assert look().run_config["ops"]["understand"]["config"]["because"]


def test_a_rollback_points_pins_and_is_told(lake, inbox, make_model):
    old, new = make_model(1), make_model(2)
    first, second = publish(lake, old), publish(lake, new)
    point(lake.root, NAME, NAME, new.digest)
    opened, held = rollback(lake, inbox, None, actor=DANA, by=BY, reason="wrong on invoices", now=NOW)

    assert opened.id == first.id == releases.current_id(lake.root)
    assert held == [NAME]
    assert pointed(lake.root, NAME) == (NAME, old.digest)
    assert pins.pinned(lake.root).told == f"{NAME} as in release {first.id}, by dana: wrong on invoices"
    inbox.stamp()
    (heard,) = inbox.read(1, "event")
    event = CATALOGUE.read(heard.body)
    assert (event.type, event.actor) == ("ModelRolledBack", DANA)
    assert (event.payload.release, event.payload.previous) == (first.id, second.id)
    (row,) = AuditLog(open_store(settings().database_url)).page(10)
    assert (row.subject, row.action, row.object) == ("terminal:test", "model.rollback", first.id)
    assert row.detail == {"previous": second.id, "actor": "dana"}
    with pytest.raises(Conflict, match="is current"):
        rollback(lake, inbox, first.id, actor=DANA, by=BY, reason="again", now=NOW)
    with pytest.raises(NotMaterialized, match="an earlier release with other models"):
        rollback(lake, inbox, None, actor=DANA, by=BY, reason="again", now=NOW)


@pytest.mark.parametrize("at", ["warehouse.releases.rollback", "orchestration.replacing._tell"])
def test_a_rollback_that_was_cut_short_is_told_once_by_the_next_build(lake, inbox, make_model, monkeypatch, at):
    first, second = publish(lake, make_model(1)), publish(lake, make_model(2))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(at, killed)
        with pytest.raises(KeyboardInterrupt):
            rollback(lake, inbox, None, actor=DANA, by=BY, reason="wrong on invoices", now=NOW)
    before = inbox.last_seq()
    for _ in range(2):
        promotions.tell(lake, lambda: inbox)

    inbox.stamp()
    events = [CATALOGUE.read(row.body) for row in inbox.read(1, "event")]
    (event,) = [one for one in events if one.type == "ModelRolledBack"]
    assert (event.actor, event.event_time) == (DANA, NOW)
    assert (event.payload.release, event.payload.previous) == (first.id, second.id)
    assert inbox.last_seq() == before + len(events)


def test_what_was_put_back_stays_although_the_newer_model_was_promoted(lake, inbox, make_model):
    old, new = make_model(1), make_model(2)
    publish(lake, old)
    publish(lake, new)
    point(lake.root, "challengers/category", NAME, new.digest)
    lake.merge(JUDGEMENTS, judgement(new.digest, old.digest, "promoted"))
    rollback(lake, inbox, None, actor=DANA, by=BY, reason="wrong on invoices", now=NOW)
    encoder = artifacts.stage(lake.root, "models/encoder", lambda folder: None, {"encoder": "e"})
    held, status = Gate(lake, encoder, NOW).served(lambda _: None)["category"]
    pins.lift(lake.root, NAME)
    free, _ = Gate(lake, encoder, NOW).served(lambda _: None)["category"]

    assert held == old
    assert status.startswith("held back")
    assert pins.pinned(lake.root) is None
    assert free == new


def test_a_refused_challenger_does_not_serve_and_is_kept_to_be_compared(lake, make_model):
    old, new = make_model(1), make_model(2)
    publish(lake, old)
    point(lake.root, "challengers/category", NAME, new.digest)
    lake.merge(JUDGEMENTS, judgement(new.digest, old.digest, "refused", -0.1))
    encoder = artifacts.stage(lake.root, "models/encoder", lambda folder: None, {"encoder": "e"})
    served, status = Gate(lake, encoder, NOW).served(lambda _: None)["category"]
    long_after = datetime.now(UTC) + timedelta(days=9)
    releases.retain(lake, 1, now=long_after, also=promotions.judged(lake))

    assert (served, status) == (old, "it was refused")
    assert staged(lake.root, "challengers/category") == new
    shown = {one["digest"]: one for one in listed(lake)}
    assert {digest: one["state"] for digest, one in shown.items()} == {old.digest: "serves", new.digest: "refused"}
    beside = compared(lake, find(lake, "category", new.digest[:8]), find(lake, "category"))
    assert beside["judgement"]["gain"] == -0.1
    assert [one["digest"] for one in beside["models"]] == [new.digest, old.digest]
    assert card(lake, new)["judgements"][0]["reasons"] == ["it was refused"]
    releases.retain(lake, 1, now=long_after)
    assert staged(lake.root, "challengers/category") is None
    with pytest.raises(NotKnown, match="none begins with"):
        find(lake, "category", new.digest)


def test_a_promotion_is_told_with_the_reason_of_the_gate_and_a_first_model_is_none(lake, inbox, make_model):
    old, new = make_model(1), make_model(2)
    first = publish(lake, old)
    lake.merge(JUDGEMENTS, judgement(new.digest, old.digest, "promoted"))
    publish(lake, new)
    assert first.manifest.previous is None
    promotions.tell(lake, lambda: inbox)
    told = inbox.last_seq()
    promotions.tell(lake, lambda: inbox)
    assert inbox.last_seq() == told == 1

    inbox.stamp()
    (heard,) = inbox.read(1, "event")
    event = CATALOGUE.read(heard.body)
    assert event.payload.models == {NAME: new.digest}
    assert event.payload.reason == "category: it was promoted"
    assert event.actor.kind == "system"


def test_several_pins_are_held_together_and_lifted_one_by_one(tmp_path):
    pins.pin(tmp_path, pins.Pin("r1", {"models/a": "1"}, "dana", NOW, "first", "r0"))
    pins.pin(tmp_path, pins.Pin("r2", {"models/b": None}, "dana", NOW, "second", "r1"))
    pins.lift(tmp_path, "models/c")

    assert pins.pinned(tmp_path).models == {"models/a": "1", "models/b": None}
    pins.lift(tmp_path, "models/a")
    assert pins.pinned(tmp_path) == pins.Pin("r2", {"models/b": None}, "dana", NOW, "second", "r1")
    pins.lift(tmp_path, "models/b")
    assert pins.pinned(tmp_path) is None


def test_a_model_that_reads_by_another_encoder_is_not_promoted_and_keeps_its_pin(lake, inbox, make_model):
    old, new = make_model(1), make_model(2, encoder="other")
    encoder = artifacts.stage(lake.root, "models/encoder", lambda folder: None, {"encoder": "e"})
    releases.publish(lake, [old, encoder], {}, 0, expected=None, now=NOW)
    pins.pin(lake.root, pins.Pin("r", {NAME: old.digest}, "dana", NOW, "held", "r"))

    with pytest.raises(ContractBroken, match="reads texts by the encoder other"):
        promote(lake, inbox, new, actor=DANA, by=BY, reason="asked for", now=NOW)
    assert pins.pinned(lake.root) is not None
    pins.lift(lake.root, NAME)
    with pytest.raises(Conflict, match="serves already"):
        promote(lake, inbox, old, actor=DANA, by=BY, reason="asked for", now=NOW)
    assert inbox.last_seq() == 0
