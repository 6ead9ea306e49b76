"""Volume of tickets: what is planted is found soon, what is usual is not, and a replay says what live watching says."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.anomaly.free_days import holidays
from ml.anomaly.live import Live
from ml.anomaly.series import READ, belongs, entities, of_ticket, parent
from ml.anomaly.signals import signals
from ml.anomaly.volume import scan, told

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 49
SPIKE = MONDAY + timedelta(days=38, hours=10)
PRODUCTS, SUBJECTS = ("Alpha", "Beta", "Gamma"), ("Export", "Login", "Billing", "Sync")


def made(seed, per_day=120, spike=0, product="Alpha"):
    """Tickets with a week's and a day's rhythm; `spike` more of one product and subcategory within six hours."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in range(DAYS):
        begin = MONDAY + timedelta(days=day)
        busy = per_day * (0.3 if begin.weekday() >= 5 else 1.2)
        for hour in np.clip(rng.normal(13, 4, rng.poisson(busy)), 0, 23.99):
            at = begin + timedelta(hours=float(hour))
            which = str(rng.choice(PRODUCTS))
            rows.append((at, which, "2.0" if rng.random() < 0.6 else "1.9", str(rng.choice(SUBJECTS))))
    for _ in range(spike):
        rows.append((SPIKE + timedelta(hours=float(rng.uniform(0, 6))), product, "2.0", "Export"))
    frame = pl.DataFrame(rows, schema=["created_at", "product", "product_version", "subcategory"], orient="row")
    return frame.sort("created_at").with_columns(
        pl.col("created_at").cast(pl.Datetime("us", "UTC")),
        ticket_id=pl.int_range(pl.len()).cast(pl.String),
        customer_id=pl.lit("c"),
        product_version_age_days=pl.lit(200, dtype=pl.Int64),
        category=pl.lit("Technical"),
        region=pl.lit("EU"),
        channel=pl.lit("email"),
        language=pl.lit("en"),
        product_module=pl.lit(None, dtype=pl.String),
    ).select(READ)  # fmt: skip


def shifted(tickets, begin):
    """The same tickets, opened from another Monday on."""
    return tickets.with_columns(pl.col("created_at") + (begin - MONDAY))


def alarms(rows):
    return rows.filter("alarm").sort("known_at")


@pytest.fixture(scope="module")
def spiked():
    tickets = made(1, spike=60)
    return tickets, scan(tickets, MONDAY, MONDAY + timedelta(days=DAYS))


def test_a_burst_of_one_kind_is_known_within_hours_and_named(spiked):
    tickets, rows = spiked
    found = alarms(rows)
    first = found.row(0, named=True)

    assert SPIKE <= first["known_at"] <= SPIKE + timedelta(hours=6)
    mine = found.filter((pl.col("dimension") == "product_subcategory") & (pl.col("series") == "Alpha / Export"))
    assert mine["window_start"][0] <= SPIKE + timedelta(hours=6)
    assert found.filter(pl.col("known_at") < SPIKE).is_empty()
    heard = tickets.filter(pl.col("created_at") == mine["known_at"][0])
    assert heard.select("product", "subcategory").rows() == [("Alpha", "Export")]


def test_where_nothing_happens_hardly_anything_is_found():
    rows = scan(made(2), MONDAY, MONDAY + timedelta(days=DAYS))
    judged = rows.filter(pl.col("frequency") == "hour")

    assert alarms(rows).height <= 2
    assert 0.002 < (judged["p"] < 0.01).mean() < 0.02


def test_a_day_comes_out_the_same_alone_as_with_others(spiked):
    tickets, rows = spiked
    day = SPIKE.replace(hour=0)
    alone = scan(tickets.filter(pl.col("created_at") < day + timedelta(days=1)), day, day + timedelta(days=1))
    among = rows.filter(pl.col("window_start").is_between(day, day + timedelta(days=1), closed="left"))

    assert alone.height == among.height
    assert alone.select("dimension", "series", "frequency", "window_start", "tickets", "alarm", "known_at").equals(
        among.select("dimension", "series", "frequency", "window_start", "tickets", "alarm", "known_at")
    )


def week(tickets):
    """The week of the burst, and what was known before it."""
    monday = SPIKE.replace(hour=0) - timedelta(days=SPIKE.weekday())
    inside = pl.col("created_at").is_between(monday, monday + timedelta(days=7), closed="left")
    return monday, tickets.filter(pl.col("created_at") < monday), tickets.filter(inside)


@pytest.mark.parametrize("portion", [1, 17, 10_000])
def test_watching_live_says_what_a_scan_says(spiked, portion):
    tickets, rows = spiked
    monday, before, during = week(tickets)
    live = Live(before, monday)
    heard = pl.concat([live.hear(part) for part in during.iter_slices(portion)])

    scanned = signals(told(rows.filter(pl.col("frequency") == "hour"), tickets))
    later = scanned.filter(pl.col("window_start").is_between(monday, live.until, closed="left"))
    same = ["signal_id", "kind", "dimension", "series", "window_start", "window_end", "known_at", "entities"]
    assert heard.height
    assert heard.select(same).sort("signal_id").equals(later.select(same).sort("signal_id"))
    assert all(len(tickets) <= count for tickets, count in heard.select("ticket_ids", "observed").iter_rows())


def test_whoever_starts_late_in_the_week_knows_what_was_heard_before(spiked):
    tickets, _ = spiked
    monday, before, during = week(tickets)
    whole = Live(before, monday).hear(during)
    until = SPIKE + timedelta(hours=2)
    late = Live(tickets.filter(pl.col("created_at") < until), until)
    rest = late.hear(during.filter(pl.col("created_at") >= until))

    assert set(rest["signal_id"]) == set(whole.filter(pl.col("known_at") >= until)["signal_id"])


def test_a_ticket_counts_once_and_not_in_an_hour_that_is_over(spiked):
    tickets, _ = spiked
    monday, before, during = week(tickets)
    once, twice = Live(before, monday), Live(before, monday)
    first = once.hear(during)

    again = pl.concat([twice.hear(part) for part in pl.concat([during, during.reverse()]).iter_slices(500)])
    assert again.equals(first)


def test_on_a_holiday_fewer_tickets_are_to_be_expected_once_holidays_were_seen():
    april, whit_monday = datetime(2026, 4, 13, tzinfo=UTC), datetime(2026, 5, 25, tzinfo=UTC)
    free = [date(2026, 5, 1), date(2026, 5, 14)]
    tickets = shifted(made(3), april)
    calm = tickets.filter(~pl.col("created_at").dt.date().is_in(free) | (pl.int_range(pl.len()) % 10 == 0))
    hours = scan(calm, whit_monday - timedelta(days=7), whit_monday + timedelta(days=1)).filter(
        dimension="all", frequency="hour"
    )
    usual = hours.group_by(pl.col("window_start").dt.date()).agg(pl.col("expected").sum()).sort("window_start")
    assert usual["window_start"].to_list()[0::7] == [whit_monday.date() - timedelta(days=7), whit_monday.date()]
    assert usual["expected"][7] < 0.5 * usual["expected"][0]


def test_a_region_has_its_own_holidays_and_all_series_those_of_most_tickets():
    tickets = made(4).with_columns(
        region=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("NA")).otherwise("region")
    )
    found = holidays(shifted(tickets, datetime(2026, 4, 13, tzinfo=UTC)), datetime(2026, 7, 1, tzinfo=UTC))
    of = {series: set(part["time"].dt.date()) for (series,), part in found.group_by("series")}
    whit_monday, independence = date(2026, 5, 25), date(2026, 7, 4)
    assert whit_monday in of["region/EU"] & of["region/NA"] & of[None]
    assert independence in of["region/NA"]
    assert independence not in of["region/EU"] | of[None]
    assert date(2026, 5, 1) in of[None]


def test_too_little_history_is_watched_by_nobody(spiked):
    tickets, _ = spiked
    few = tickets.filter(pl.col("created_at") < MONDAY + timedelta(days=9))
    assert Live(few, few["created_at"].max()).hear(tickets).is_empty()
    assert Live(few.clear(), MONDAY).hear(few).is_empty()


def test_a_release_that_customers_take_up_is_no_alarm_but_a_fault_in_it_is():
    tickets = made(3, per_day=300)
    released = MONDAY + timedelta(days=28)
    age = ((pl.col("created_at") - released).dt.total_days()).cast(pl.Float64)
    share = (age / 14).clip(0, 1) * 0.8
    rng = np.random.default_rng(4)
    moved = tickets.with_columns(_u=pl.Series(rng.random(tickets.height))).with_columns(
        new=(pl.col("product") == "Beta") & (pl.col("created_at") >= released) & (pl.col("_u") < share)
    )
    moved = moved.with_columns(
        product_version=pl.when("new").then(pl.lit("3.0")).otherwise("product_version"),
        product_version_age_days=pl.when("new").then(age.cast(pl.Int64)).otherwise("product_version_age_days"),
    ).select(READ)
    quiet = alarms(scan(moved, MONDAY, MONDAY + timedelta(days=DAYS)))
    assert quiet.filter(pl.col("dimension") == "version").height <= 1

    fault = made(5, spike=80, product="Beta").filter(pl.col("created_at") >= SPIKE).head(0)
    extra = moved.filter(pl.col("product") == "Alpha").sample(60, seed=1).with_columns(
        ticket_id=pl.concat_str(pl.lit("x"), "ticket_id"),
        created_at=pl.lit(SPIKE) + pl.duration(minutes=pl.int_range(60) * 5),
        product_version=pl.lit("1.9"),
    )  # fmt: skip
    found = alarms(scan(pl.concat([moved, fault, extra]).sort("created_at"), MONDAY, MONDAY + timedelta(days=DAYS)))
    assert "Alpha / 1.9" in found.filter(pl.col("dimension") == "version")["series"].to_list()


def test_signals_name_what_they_are_about_and_come_out_again_the_same(spiked):
    tickets, rows = spiked
    made_once, again = signals(told(rows, tickets)), signals(told(rows.reverse(), tickets.reverse()))

    assert made_once.sort("signal_id").equals(again.sort("signal_id"))
    assert made_once["signal_id"].is_unique().all()
    mine = made_once.filter(pl.col("series") == "Alpha / Export").row(0, named=True)
    assert mine["entities"] == ["Subcategory:Export", "Product:Alpha"]
    assert mine["ticket_ids"]
    assert "Alpha / Export" in mine["name"]


def test_series_know_what_explains_them():
    assert parent("version/Alpha / 2.0") == "product/Alpha"
    assert parent("subcategory/Data / Import/Export") == "category/Data"
    assert parent("region/EU") == "all/"
    assert parent("all/") is None
    assert entities("version/Alpha / 2.0") == ["Version:Alpha 2.0", "Product:Alpha"]
    assert entities("region/EU") == []


def test_nothing_and_little_are_no_reason_to_fail():
    nothing = made(1).head(0)
    assert scan(nothing, MONDAY, MONDAY + timedelta(days=3)).is_empty()
    assert scan(made(1).head(1), MONDAY, MONDAY + timedelta(days=30)).filter("alarm").is_empty()
    assert told(scan(nothing, MONDAY, MONDAY), nothing).is_empty()


def test_one_ticket_counts_where_many_would_count_it(spiked):
    few = spiked[0].head(40)
    told = belongs(few).group_by("ticket_id").agg("series")
    for ticket in few.iter_rows(named=True):
        (of,) = told.filter(ticket_id=ticket["ticket_id"])["series"].to_list()
        assert sorted(of_ticket(ticket)) == sorted(of)
