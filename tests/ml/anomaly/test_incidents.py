"""Signals become incidents: in any order, with hysteresis, and people's judgements count."""

from datetime import UTC, datetime, timedelta
from math import log

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ml.anomaly.decided import Decision, decide
from ml.anomaly.incident import Signal, signals_of
from ml.anomaly.incidents import CLOSE, SILENT, Setting, step
from ml.anomaly.severity import LEVELS, Desk
from ml.anomaly.signals import signals
from ml.anomaly.strength import Judgement, Rates, cauchy, chance, doubts, fisher, rates

START = datetime(2026, 3, 2, tzinfo=UTC)
SETTING = Setting(rates=Rates({"volume": 0.01}, 50.0))
HOUR = timedelta(hours=1)


def signal(
    series: str = "Export 3.2",
    hour: float = 0,
    *,
    p: float = 1e-6,
    kind: str = "volume",
    dimension: str = "version",
    entities: tuple[str, ...] | None = None,
    tickets: tuple[str, ...] | None = None,
    **more: object,
) -> Signal:
    at = START + hour * HOUR
    own = tuple(f"{series}-{int(hour)}-{n}" for n in range(6)) if tickets is None else tickets
    named = (f"Version:{series}",) if entities is None else entities
    row = {
        "kind": kind, "dimension": dimension, "series": series, "window_start": at, "window_end": at + HOUR,
        "known_at": at, "name": f"{series}: more tickets than usual", "observed": 8.0, "expected": 2.0, "upper": 5.0,
        "effect": 4.0, "p": p, "entities": list(named), "ticket_ids": list(own), **more,
    }  # fmt: skip
    (made,) = signals_of(signals(pl.DataFrame([row])))
    return made


def later(hours: float) -> datetime:
    return START + hours * HOUR


def said(told):
    return [(one.change, one.incident.incident_id) for one in told]


def test_a_strong_signal_opens_an_incident_and_a_weak_one_does_not():
    strong = step([], [signal()], later(1), SETTING)
    weak = step([], [signal(p=9e-3)], later(1), SETTING)

    assert [one.change for one in strong.told] == ["opened"]
    assert strong.changed[0].probability > 0.99
    assert weak.told == []
    assert weak.changed[0].state == "forming"


def test_an_incident_grows_calms_reopens_and_closes():
    hours = [0, 1, 40, 60]
    found = step([], [signal(hour=hour) for hour in hours], later(60) + CLOSE, SETTING)

    assert [one.change for one in found.told] == ["opened", "grew", "calmed", "reopened", "updated", "calmed", "closed"]
    (incident,) = found.changed
    assert incident.state == "closed"
    assert incident.closed_at == later(60) + CLOSE
    assert incident.first_at == START
    assert incident.tickets == 24


def test_an_open_incident_is_kept_open_by_what_could_not_open_one():
    opened = step([], [signal()], later(1), SETTING).changed
    weak = signal(hour=30, p=9e-3)

    kept = step(opened, [weak], later(50), SETTING)
    alone = step(opened, [], later(50), SETTING)

    assert kept.changed[0].state == "open"
    assert alone.changed[0].state == "calm"
    assert step([], [weak], later(50), SETTING).changed[0].state == "forming"


def test_weak_signals_of_several_days_open_an_incident_together():
    hours = [0, 24, 48, 72]
    found = step([], [signal(hour=hour, p=1e-3) for hour in hours], later(73), SETTING)

    assert found.told[0].change == "opened"
    assert START < found.told[0].at <= later(72)


def test_weak_signals_that_stay_alone_are_forgotten_and_nobody_hears_of_them():
    found = step([], [signal(p=9e-3)], START + CLOSE, SETTING)

    assert [one.state for one in found.changed] == ["lapsed"]
    assert found.told == []


def test_signals_of_one_cause_are_one_incident_and_others_are_another():
    tickets = tuple(f"T-{n}" for n in range(6))
    same = [
        signal(tickets=tickets),
        signal("Export", dimension="product", entities=("Product:Export",), tickets=tickets),
        signal("Export 3.2", 2, kind="mood", tickets=("T-9",)),
    ]
    other = signal("Import 1.0", 1)

    found = step([], [*same, other], later(3), SETTING).changed

    assert sorted(len(one.signals) for one in found) == [1, 3]
    assert {len(one.signals): one.kinds for one in found}[3] == ("mood", "volume")


def test_two_versions_of_a_product_are_two_incidents_even_where_the_code_is_the_same():
    one = signal("Export 3.2", entities=("Version:Export 3.2", "ErrorCode:E1"))
    two = signal("Export 3.3", entities=("Version:Export 3.3", "ErrorCode:E1"))

    assert len(step([], [one, two], later(1), SETTING).changed) == 2


def test_a_signal_that_belongs_to_two_incidents_makes_them_one():
    tickets = tuple(f"T-{n}" for n in range(12))
    first = signal("export_module", dimension="module", entities=("Module:export_module",), tickets=tickets[:6])
    second = signal("E1", 1, dimension="error_code", entities=("ErrorCode:E1",), tickets=tickets[6:])
    both = signal("x", 2, kind="new_issue", dimension="candidate",
                  entities=("Module:export_module", "ErrorCode:E1"), tickets=tickets, observed=12.0)  # fmt: skip

    apart = step([], [first, second], later(2), SETTING)
    found = step(apart.changed, [both], later(3), SETTING)

    assert len(apart.changed) == 2
    kept, gone = sorted(found.changed, key=lambda one: one.first_at)
    assert (kept.state, gone.state, gone.merged_into) == ("open", "merged", kept.incident_id)
    assert len(kept.signals) == 3
    assert ("merged", gone.incident_id) in said(found.told)


SERIES = ["Export 3.2", "Export 3.3", "Import 1.0"]


@st.composite
def batches(draw):
    made = draw(
        st.lists(
            st.tuples(
                st.sampled_from(SERIES),
                st.integers(0, 300),
                st.sampled_from([1e-9, 1e-5, 1e-3, 9e-3]),
                st.sampled_from(["volume", "mood"]),
                st.frozensets(st.integers(0, 20), max_size=6),
            ),
            max_size=14,
            unique_by=lambda one: (one[0], one[1], one[3]),
        )
    )
    return [
        signal(series, hour, p=p, kind=kind, tickets=tuple(f"T-{n}" for n in sorted(tickets)))
        for series, hour, p, kind, tickets in made
    ]


QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(batches(), st.randoms())
def test_the_order_within_a_batch_says_nothing(made, random):
    shuffled = list(made)
    random.shuffle(shuffled)

    one, other = step([], made, later(400), SETTING), step([], shuffled, later(400), SETTING)

    assert one.changed == other.changed
    assert one.told == other.told


@QUICK
@given(batches(), st.integers(0, 300))
def test_where_batches_are_cut_says_nothing(made, hour):
    whole = step([], made, later(400), SETTING)
    cut = later(hour)
    first = step([], [one for one in made if one.known_at <= cut], cut, SETTING)
    second = step(first.changed, [one for one in made if one.known_at > cut], later(400), SETTING)

    kept = {one.incident_id: one for one in (*first.changed, *second.changed)}
    assert sorted(kept.values(), key=lambda one: one.incident_id) == whole.changed
    assert sorted(map(repr, (*first.told, *second.told))) == sorted(map(repr, whole.told))


@QUICK
@given(batches())
def test_every_signal_is_in_one_incident_and_twice_the_same_changes_nothing(made):
    found = step([], made, later(300), SETTING)
    held = [one.signal_id for incident in found.changed for one in incident.signals]
    live = [one for one in found.changed if one.state in ("forming", "open", "calm")]
    known = {one.signal_id for incident in live for one in incident.signals}

    again = step(live, [one for one in made if one.signal_id in known], later(300), SETTING)

    assert sorted(held) == sorted(one.signal_id for one in made)
    assert again.changed == [] == again.told


@QUICK
@given(batches())
def test_an_incident_never_gets_less_severe_while_it_lasts(made):
    worst: dict[str, int] = {}
    for one in step([], made, later(400), SETTING).told:
        now = LEVELS.index(one.incident.severity)
        assert now >= worst.get(one.incident.incident_id, 0)
        worst[one.incident.incident_id] = now


def test_what_is_known_of_a_signal_is_replaced():
    opened = step([], [signal(p=1e-5)], later(1), SETTING).changed
    counted_again = replace(signal(p=1e-5), p=1e-12, score=12.0)

    (found,) = step(opened, [counted_again], later(2), SETTING).changed

    assert found.signals == (counted_again,)
    assert found.a_year < opened[0].a_year


def test_an_incident_whose_signals_are_withdrawn_is_closed_and_one_that_keeps_some_is_not():
    one, two = signal(), signal(hour=1)
    opened = step([], [one, two], later(2), SETTING).changed

    (less,) = step(opened, [], later(2), SETTING, withdrawn=[one.signal_id]).changed
    (closed,) = step(opened, [], later(2), SETTING, withdrawn=[one.signal_id, two.signal_id]).changed

    assert (less.state, less.signals) == ("open", (two,))
    assert closed.state == "closed"
    assert "withdrawn" in (closed.reason or "")


def test_customers_and_value_are_counted_once_a_customer_and_make_it_severe():
    tickets = tuple(f"T-{n}" for n in range(12))
    desk = Desk(dict.fromkeys(tickets, "C-1") | {"T-3": "C-2"}, {"C-1": 500.0, "C-2": 250.0}, 1_000.0)

    (found,) = step([], [signal(tickets=tickets)], later(1), replace_desk(desk)).changed
    (small,) = step([], [signal(tickets=tickets[:3])], later(1), SETTING).changed

    assert (found.customers, found.monthly_value) == (2, 750.0)
    assert LEVELS.index(found.severity) > LEVELS.index(small.severity)
    assert small.monthly_value is None


def replace_desk(desk: Desk) -> Setting:
    return Setting(rates=SETTING.rates, desk=desk)


def decided(action, incidents, at, **more):
    found = step(incidents, [], at, SETTING)
    refused = decide(found, Decision(action=action, incident_id=incidents[0].incident_id, who="A-7", **more), at)
    return found, refused


def test_who_takes_an_incident_on_is_said():
    opened = step([], [signal()], later(1), SETTING).changed
    found, refused = decided("acknowledge", opened, later(2))

    assert refused is None
    assert found.changed[0].acknowledged_by == "A-7"
    assert [one.change for one in found.told] == ["acknowledged"]


def test_a_dismissed_incident_is_silent_about_what_belongs_to_it_for_a_while():
    opened = step([], [signal()], later(1), SETTING).changed
    found, _ = decided("dismiss", opened, later(2), reason="a test")
    (dismissed,) = found.changed

    quiet = step([dismissed], [signal(hour=20)], later(21), SETTING)
    after = step([dismissed], [signal(hour=3 + SILENT / HOUR)], later(4) + SILENT, SETTING)

    assert (dismissed.state, dismissed.reason) == ("dismissed", "a test")
    assert quiet.told == []
    assert [one.change for one in after.told] == ["opened"]
    assert decided("dismiss", [dismissed], later(3))[1] is not None


def test_a_dismissal_can_be_taken_back():
    opened = step([], [signal()], later(1), SETTING).changed
    dismissed, _ = decided("dismiss", opened, later(2), reason="a test")
    found, refused = decided("acknowledge", dismissed.changed, later(3))

    assert refused is None
    assert (found.changed[0].state, found.changed[0].reason) == ("open", None)


def test_incidents_are_merged_by_hand_but_not_into_what_is_over():
    one, two = step([], [signal(), signal("Import 1.0", 1)], later(2), SETTING).changed
    found = step([one, two], [], later(2), SETTING)
    order = Decision(action="merge", incident_id=one.incident_id, into=two.incident_id, who="A-7")

    assert decide(found, order, later(2)) is None
    kept = found.get(two.incident_id)
    assert kept is not None
    assert len(kept.signals) == 2
    assert "is part of" in (decide(found, order, later(2)) or "")
    itself = Decision(action="merge", incident_id=two.incident_id, into=two.incident_id, who="A-7")
    assert "itself" in (decide(found, itself, later(2)) or "")
    over = Decision(action="merge", incident_id=two.incident_id, into=one.incident_id, who="A-7")
    assert "over" in (decide(found, over, later(2)) or "")


def judgement(incident: str, *, false: bool, days: float = 0, series: str = "Export 3.2") -> Judgement:
    return Judgement(incident, "volume", "version", series, false, START - timedelta(days=days))


def test_a_dismissal_raises_the_threshold_of_its_series_and_time_and_confirmation_lower_it_again():
    key, kind = ("volume", "version", "Export 3.2"), ("volume", "", "")
    once = doubts([judgement("a", false=True)], START)
    twice = doubts([judgement("a", false=True), judgement("b", false=True)], START)
    old = doubts([judgement("a", false=True, days=365)], START)
    confirmed = doubts([judgement("a", false=True), judgement("b", false=False)], START)

    assert 1 < old[key] < once[key] < twice[key]
    assert confirmed[key] == pytest.approx(1.0)
    assert 1 < once[kind] < 2
    assert doubts([judgement("b", false=False)], START)[key] == 1.0


def test_after_dismissals_the_same_strength_does_not_open_an_incident_of_that_series_but_of_another():
    taught = Setting(
        rates=SETTING.rates, doubts=doubts([judgement("a", false=True), judgement("b", false=True)], START)
    )
    p = 5e-5

    assert step([], [signal(p=p)], later(1), SETTING).told != []
    assert step([], [signal(p=p)], later(1), taught).told == []
    assert step([], [signal("Import 1.0", p=p)], later(1), taught).told != []


def test_p_values_are_combined_as_the_textbook_says():
    from scipy.stats import chi2

    assert cauchy([0.03]) == pytest.approx(0.03)
    assert cauchy([1e-12] * 5) == pytest.approx(1e-12)
    assert cauchy([1e-200, 0.9]) == pytest.approx(2e-200, rel=1e-6)
    assert fisher([0.2]) == pytest.approx(0.2)
    assert fisher([1e-3, 0.2, 0.5]) == pytest.approx(chi2.sf(-2 * log(1e-3 * 0.2 * 0.5), 6))
    assert fisher([1.0, 1.0]) == 1.0
    assert fisher([1e-300] * 50) < 1e-200


def test_where_nothing_is_wrong_as_many_incidents_open_as_were_put_up_with():
    import numpy as np

    rng = np.random.default_rng(5)
    years, a_year = 40, 60
    hours = np.sort(rng.choice(years * 365 * 24, years * a_year, replace=False))
    made = [
        signal(f"{n % 500} x", int(hour), p=float(p), entities=(f"Issue:{n}",), tickets=(f"T-{n}",))
        for n, (hour, p) in enumerate(zip(hours, rng.uniform(0, 0.01, len(hours)), strict=True))
    ]
    frame = pl.DataFrame({"kind": [one.kind for one in made], "p": [one.p for one in made],
                          "known_at": [one.known_at for one in made]})  # fmt: skip
    known = rates(frame, made[-1].known_at)

    opened = [one for one in made if chance([one], known, {}) <= 2.0]

    assert known.chance_a_year == pytest.approx(a_year, rel=0.1)
    assert len(opened) / years == pytest.approx(2.0, abs=0.7)
