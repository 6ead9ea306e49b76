"""Notes of agents folded into canonical solutions: a planted world, worlds of noise, and the simulator's."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import simulator
from ml.retrieve import attempts, canonical, notes
from ml.retrieve.attempts import Remedies
from ml.text.encoder import load
from ml.text.entities import Catalogue
from ml.text.vectors import unit
from warehouse.contracts import silver
from warehouse.contracts.search import ATTEMPTS, SOLUTIONS
from warehouse.delta import Lake
from warehouse.enforcement import check
from warehouse.ingest import ingest

REMEDIES = (
    ("Reboot the relay", "PATCH", "T-1", "Relay", ("Relay rebooted.", "Power of the relay was off and on again.")),
    ("Renew the lease", "CONFIG", "T-2", "Lease", ("Lease renewed for {n} days.", "The lease runs on.")),
    ("Swap the valve", "PATCH", "T-3", "Valve", ("Valve swapped on site.", "A new valve is in place.")),
    ("Refund the fee", "DATA", "T-4", "Fee", ("Fee refunded.", "The amount went back to the customer.")),
    ("Train the clerk", "HELP", "T-5", "Clerk", ("Clerk was trained.", "Showed the form step by step.")),
    ("Clear the spool", "CONFIG", "T-6", "Spool", ("Spool cleared.", "Deleted {n} stuck jobs of the printer.")),
)
BESIDE = ("", "Spoke with {who}. ", "Had a look together. ", "Checked version 4.{n}.1 first. ")
AFTER = ("", " Customer is pleased.", " Told {who} about it.", " File is closed.")
UNSOLVED = ("No reply, closed.", "Nobody knows why.")
NAMES = ("Anna", "Bert", "Carla", "Dora", "Emil", "Frida", "Gustav", "Hanna")


def written(count, seed=1, noise=False):
    """Tickets with notes, and the remedy that solved each (-1: none)."""
    rng = np.random.default_rng(seed)
    rows, truth = [], []
    for number in range(count):
        solved, right = rng.random() < 0.85, int(rng.integers(len(REMEDIES)))
        _, code, template, area, sayings = REMEDIES[int(rng.integers(len(REMEDIES))) if noise else right]
        said = REMEDIES[right][4] if noise else sayings
        other = REMEDIES[int(rng.integers(len(REMEDIES)))][0]
        vain = f"Tried first: {other}; no change. " if rng.random() < 0.3 and other != REMEDIES[right][0] else ""
        core = str(rng.choice(said)) if solved else str(rng.choice(UNSOLVED))
        note = str(rng.choice(BESIDE)) + vain + core + str(rng.choice(AFTER))
        note = note.replace("{n}", str(rng.integers(2, 40))).replace("{who}", str(rng.choice(NAMES)))
        rows.append(
            {
                "ticket_id": f"T-{number:05d}",
                "description": "It is broken.",
                "resolution": note,
                "resolution_code": code if rng.random() < 0.9 else "OTHER",
                "resolution_template_used": template if rng.random() < 0.5 else None,
                "subcategory": area if rng.random() < 0.9 else "Other",
                "product_module": None,
                "resolution_helpful": bool(solved if rng.random() < 0.97 else not solved),
            }
        )
        truth.append(right if solved else -1)
    return pl.DataFrame(rows).with_columns(truth=pl.Series(truth), product_module=pl.lit(None, pl.String))


@pytest.fixture(scope="module")
def encode(encoder_folder):
    model = load(encoder_folder)
    return lambda texts: unit(model.encode(texts))


def spoken(rows):
    said = notes.spoken(rows, Catalogue())
    return notes.with_slots(said, notes.slots(said["pattern"]))


def learned(rows, encode, known=None):
    before = pl.DataFrame(schema=canonical.SAID) if known is None else known
    return canonical.learn(spoken(rows), rows.select(canonical.LABELS), before, encode)


def read(rows, sayings, encode):
    kind = pl.when(pl.col("solution_id").is_null()).then(pl.lit("other")).otherwise(pl.lit("remedy"))
    known = sayings.with_columns(kind=kind)
    named = known.filter(pl.col("kind") == "remedy")
    vectors = encode(canonical.spelled(named["pattern"].to_list()))
    remedies = Remedies(named["pattern"].to_list(), named["solution_id"].to_list(), vectors)
    helped = rows.select("ticket_id", "resolution_helpful")
    return attempts.read(spoken(rows), helped, known.select("pattern", "kind", "solution_id"), remedies, encode)


def v_measure(rows, tried):
    from sklearn.metrics import v_measure_score

    both = (
        tried.filter("succeeded").join(rows.select("ticket_id", "truth"), on="ticket_id").filter(pl.col("truth") >= 0)
    )
    return v_measure_score(both["truth"], both["solution_id"]), both.height


@pytest.fixture(scope="module")
def planted():
    return written(900)


@pytest.fixture(scope="module")
def sayings(planted, encode):
    return learned(planted, encode)


def test_sayings_of_one_remedy_become_one_solution_and_what_goes_along_none(sayings):
    remedies = sayings.drop_nulls("solution_id")
    assert remedies["solution_id"].n_unique() == len(REMEDIES)
    said = dict(sayings.select("pattern", "solution_id").iter_rows())
    for *_, (one, two) in REMEDIES:
        masked = [saying.replace("{n}", "[NUMBER]") for saying in (one, two)]
        assert said[masked[0]] == said[masked[1]] is not None
    for beside in ("Spoke with [PERSON].", "Customer is pleased.", "Checked version [VERSION] first.", *UNSOLVED):
        assert said[beside] is None


def test_each_solved_ticket_has_its_remedy_and_the_others_none(planted, sayings, encode):
    tried, _ = read(planted, sayings, encode)
    score, height = v_measure(planted, tried)
    assert score > 0.99
    assert height > 0.95 * planted.filter(pl.col("truth") >= 0).height
    unsolved = planted.filter(pl.col("truth") < 0)
    assert tried.join(unsolved, on="ticket_id", how="semi").filter("succeeded").is_empty()


def test_what_was_tried_in_vain_is_an_attempt_of_the_solution_that_is_meant(planted, sayings, encode):
    tried, new = read(planted, sayings, encode)
    vain = tried.filter(pl.col("saying") == "Reboot the relay")
    right = sayings.filter(pl.col("pattern") == "Relay rebooted.")["solution_id"].item()
    assert vain.height > 5
    assert set(vain["solution_id"]) == {right}
    assert not vain["succeeded"].any()
    assert new.filter(pl.col("pattern") == "Reboot the relay")["kind"].to_list() == ["failed"]


def test_a_ticket_that_nobody_was_helped_with_has_no_success(planted, sayings, encode):
    tried, _ = read(planted.with_columns(resolution_helpful=pl.lit(False)), sayings, encode)
    assert tried.height
    assert not tried["succeeded"].any()


def test_a_new_remedy_is_found_in_what_fits_none_and_one_spelled_nearly_alike_is_the_same(planted, sayings, encode):
    said = [
        "Replaced the gasket of the boiler.",
        "Relay was rebooted.",
        "Replaced the gasket of the boiler!",
        "Relay rebooted.",
    ]
    rows = planted.head(4).with_columns(resolution=pl.Series(said), resolution_helpful=pl.lit(True))
    tried, new = read(rows, sayings, encode)
    found = tried.sort("ticket_id")["solution_id"].to_list()
    assert found[0] == found[2] == canonical.identifier(said[0])
    assert found[1] == found[3] == sayings.filter(pl.col("pattern") == "Relay rebooted.")["solution_id"].item()
    assert set(new["pattern"]) == set(said[:3])


def test_known_sayings_keep_their_solution_when_more_tickets_come(sayings, encode):
    later = learned(written(2_000, seed=5), encode, known=sayings)
    before = dict(sayings.drop_nulls("solution_id").select("pattern", "solution_id").iter_rows())
    now = dict(later.select("pattern", "solution_id").iter_rows())
    assert {pattern: now[pattern] for pattern in before} == before
    assert later.drop_nulls("solution_id")["solution_id"].n_unique() == len(REMEDIES)


def test_where_codes_and_kinds_of_problems_are_noise_nothing_is_joined_by_them(encode):
    rows = written(900, noise=True).filter(pl.col("truth") >= 0)
    alone = rows.with_columns(resolution=pl.col("truth").replace_strict({n: r[4][0] for n, r in enumerate(REMEDIES)}))
    found = learned(alone, encode)
    assert found["solution_id"].n_unique() == len(REMEDIES)
    tried, _ = read(alone, found, encode)
    assert v_measure(alone, tried)[0] == 1


def test_notes_of_several_sentences_that_go_together_are_one_saying(encode):
    rows = written(600, noise=True)
    said = ["The cause was A. Did this. Did that too.", "The cause was B or C. Did something else. All is well."]
    rows = rows.with_columns(resolution=pl.Series([said[number % 2] for number in range(600)]))
    tried, _ = read(rows, learned(rows, encode), encode)
    assert tried.group_by("solution_id").agg(pl.col("saying").unique()).height == 2
    assert set(tried["saying"]) == set(said)


@pytest.mark.parametrize(
    "notes_there", [[], [""], ["..."], ["Tried first: x; no change."], ["Done."], ["完了しました。"]]
)
def test_few_notes_and_empty_ones_break_nothing(notes_there, encode):
    rows = written(1).head(0) if not notes_there else written(1).with_columns(resolution=pl.Series(notes_there))
    tried, _ = read(rows, learned(rows, encode), encode)
    assert tried.height <= 1


def test_what_solutions_count_is_what_was_tried():
    tried = pl.DataFrame(
        {
            "ticket_id": ["A", "B", "C", "C"],
            "solution_id": ["S", "S", "S", "R"],
            "succeeded": [True, True, False, True],
            "at": [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2, 2)],
            "pattern": ["Done.", "Done.", "Did it.", "Other."],
        }
    )
    labels = pl.DataFrame(
        {
            "ticket_id": ["A", "B", "C"],
            "resolution_code": ["X", "X", "Y"],
            "resolution_template_used": [None, "T", None],
        }
    )
    found = attempts.solutions(tried, labels).sort("solution_id").to_dicts()
    assert [row["solution_id"] for row in found] == ["R", "S"]
    one = found[1]
    assert (one["text"], one["sayings"], one["code"], one["template"]) == ("Done.", ["Done.", "Did it."], "X", "T")
    assert (one["tickets"], one["attempts"], one["successes"]) == (3, 3, 2)
    assert (one["first_at"].day, one["last_at"].day) == (1, 3)


def test_on_simulated_tickets_solutions_are_the_true_ones(tmp_path, encode):
    file = tmp_path / "tickets.jsonl"
    simulator.simulate("realistic", 2_500, 60, 11, file)
    lake = Lake(tmp_path / "lake")
    ingest(lake, file, now=datetime(2026, 12, 1, tzinfo=UTC))
    truth = (
        pl.read_parquet(Path(f"{file}.truth") / "tickets.parquet").select("ticket_id", "solved_by").unique("ticket_id")
    )
    codes = truth.with_columns(truth=pl.col("solved_by").rank("dense").fill_null(-1).cast(pl.Int64))
    rows = lake.read(silver.TICKETS).drop_nulls("resolution").join(codes, on="ticket_id")
    tried, _ = read(rows, learned(rows, encode), encode)
    score, height = v_measure(rows, tried)
    assert score > 0.93
    assert height > 0.9 * rows.filter(pl.col("truth") >= 0).height
    assert tried.join(rows.filter(pl.col("truth") < 0), on="ticket_id", how="semi")["succeeded"].mean() < 0.05


def test_where_nothing_was_tried_there_are_no_solutions_of_the_right_types():
    nothing = pl.DataFrame(schema=ATTEMPTS.schema).rename({"saying": "sentence"})
    masked = notes.masked(nothing["sentence"], Catalogue())
    labels = pl.DataFrame(schema=dict.fromkeys(("ticket_id", "resolution_code", "resolution_template_used"), pl.String))
    found = attempts.solutions(nothing.join(masked, on="sentence"), labels)

    assert found.is_empty()
    check(SOLUTIONS, found.select(SOLUTIONS.schema.names()))


def test_a_solution_is_shown_by_what_is_said_on_every_ticket():
    at = pl.lit("2026-01-01T00:00:00Z").str.to_datetime(time_zone="UTC")
    said = {"A": ["Changed a parameter of [MODULE]."] * 3 + ["Setting corrected."], "B": ["Moved [NUMBER] rows."]}
    rows = [(f"T{name}{n}", name, True, one) for name, all_ in said.items() for n, one in enumerate(all_)]
    tried = pl.DataFrame(rows, schema=["ticket_id", "solution_id", "succeeded", "pattern"], orient="row")
    labels = tried.select("ticket_id", resolution_code=pl.lit("done"), resolution_template_used=pl.lit(None, pl.String))
    found = attempts.solutions(tried.with_columns(at=at), labels)

    assert found["text"].to_list() == ["Setting corrected.", "Moved … rows."]
    assert found["sayings"][0][0] == "Changed a parameter of [MODULE]."
