"""New issue types that a simulation plants: at which of their tickets they are known, and what is told for nothing.

    python -m benchmarks.newtypes [--seeds 101,102,103,104,105] [--keep FOLDER]

For each seed 100,000 tickets of 200 days are simulated; of some weeks that hold two or three planted types, after two
weeks or more of history, every ticket is read and every sentence encoded once. The truth is read afterwards. `--keep`
leaves texts and vectors for another run: encoding takes an hour of one core.
"""

import argparse
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.figures import write_section
from benchmarks.simulated import FINDING, columns_of
from ml.anomaly import novel, usual
from ml.anomaly.sentences import sentences
from ml.anomaly.usual import RECENT, Usual
from ml.evaluate.incidents import FEWEST, LEAST, matched
from ml.retrieve.problems import COLUMNS, problems
from ml.text.universal import DIMENSION, Universal
from ml.text.vectors import unit

TICKETS, DAYS = 100_000, 200
SPANS = {101: ("01-18", "03-13"), 102: ("01-01", "02-13"), 103: ("04-04", "05-07"), 104: ("02-18", "03-21"),
         105: ("05-01", "06-03")}  # fmt: skip
"""Days of 2026 that are read of each seed."""
TUNED = (101, 102, 103)
"""Seeds on which radii and the share that chance may have were chosen."""
BY = 12
PART = 2_000
TICKET = ("ticket_id", "created_at", "customer_id")


def read(folder: Path, seed: int) -> pl.DataFrame:
    """What tickets of the span say is wrong, in order; kept in the folder, with the truth beside."""
    kept = folder / f"{seed}_p.parquet"
    if kept.exists():
        return pl.read_parquet(kept)
    first, last = SPANS[seed]
    span = f"created_at >= '2026-{first}' and created_at < '2026-{last}'"
    rows = columns_of(folder, seed, COLUMNS, tickets=TICKETS, days=DAYS, where=span)
    times = pl.col("created_at", "resolved_at").str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    rows = rows.with_columns(times).drop_nulls(["ticket_id", "created_at"])
    rows = rows.unique("ticket_id", keep="first", maintain_order=True).sort("created_at", "ticket_id")
    found = pl.concat([problems(part) for part in rows.iter_slices(PART)])
    found.write_parquet(kept)
    return found


def encoded(folder: Path, seed: int, said: pl.DataFrame) -> usual.Vectors:
    """The vector of each sentence; what another seed said is not encoded again."""
    wanted = said.select("text_hash", "sentence").unique("text_hash", maintain_order=True)
    files = sorted(folder.glob("*_h.parquet"))
    known = pl.concat([pl.DataFrame(schema={"text_hash": pl.String}), *map(pl.read_parquet, files)])
    new = wanted.join(known, on="text_hash", how="anti", maintain_order="left")
    if new.height:
        model, made = Universal(), np.empty((new.height, DIMENSION), dtype=np.float16)
        for first in range(0, new.height, PART):
            made[first : first + PART] = model.encode(new["sentence"][first : first + PART].to_list())
        np.save(folder / f"{seed}_v.npy", made)
        new.select("text_hash").write_parquet(folder / f"{seed}_h.parquet")
    vectors = np.empty((wanted.height, DIMENSION), dtype=np.float32)
    for file in sorted(folder.glob("*_h.parquet")):
        place = pl.read_parquet(file).with_row_index("there")
        both = wanted.with_row_index("here").join(place, on="text_hash")
        stored = np.load(file.with_name(file.name.replace("_h.parquet", "_v.npy")), mmap_mode="r")
        vectors[both["here"].to_numpy()] = stored[both["there"].to_numpy()]
    places = said.select("text_hash").join(wanted.with_row_index("at"), on="text_hash", maintain_order="left")["at"]
    found: usual.Vectors = unit(vectors)[places.to_numpy()]
    return found


def told(folder: Path, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Candidates (columns `FINDING`), and the tickets (columns `TICKET`) of the days on which there could be any."""
    tickets = read(folder, seed)
    said = sentences(tickets.select(pl.concat_str("title", pl.lit("\n"), "body")).to_series())
    said = said.join(
        tickets.select(TICKET).with_row_index("text").cast({"text": pl.Int64}), on="text", maintain_order="left"
    )
    vectors = encoded(folder, seed, said)
    said = said.with_row_index("row")
    first = said.sort("created_at", "text_hash").unique("text_hash", keep="first", maintain_order=True)
    new = first.select("text_hash", "row", first_at="created_at")
    judge = Usual(pl.DataFrame(schema=usual.SCHEMA), np.zeros((0, DIMENSION), dtype=np.float32))
    judged = judge.judge(new, vectors[new["row"].to_numpy()])
    strange = said.join(judged.filter("strange").select("text_hash", "first_at"), on="text_hash")
    strange = strange.filter(pl.col("created_at") <= pl.col("first_at") + RECENT)
    strange = strange.sort("created_at", "ticket_id", "text_hash")
    found = novel.groups(strange, vectors[strange["row"].to_numpy()], tickets["created_at"], judge)
    rows = []
    for number, group in enumerate(found):
        if group.known_at is not None:
            by = strange[sorted(group.rows)].filter(pl.col("created_at") <= group.known_at)
            rows.append((f"{number}", group.known_at, by["ticket_id"].unique(maintain_order=True).to_list()))
    seen = tickets.select(TICKET).filter(pl.col("created_at") >= strange["created_at"].min())
    return pl.DataFrame(rows, schema=FINDING, orient="row"), seen


def judged(folder: Path, seed: int) -> tuple[list[tuple[object, ...]], int, float]:
    """One row per planted type that began in time, candidates that no incident is behind, and years of the desk."""
    found, seen = told(folder, seed)
    place = folder / f"{seed}.json.truth"
    columns = ["ticket_id", "created_at", "incident", "cause", "said_symptoms"]
    truth = pl.read_parquet(place / "tickets.parquet", columns=columns)
    begin, end = seen["created_at"][0], seen["created_at"][-1]
    brought = truth.drop_nulls("incident")
    own = matched(found, brought.select("ticket_id", "incident"))
    ordinary = set(truth.filter(~_new())["said_symptoms"].explode())
    rows: list[tuple[object, ...]] = []
    for (incident,), tickets in brought.filter(_new()).sort("created_at").group_by("incident", maintain_order=True):
        starts = tickets["created_at"][0]
        if not begin <= starts <= end - timedelta(days=1) or tickets.height < FEWEST:
            continue
        says = [n + 1 for n, said in enumerate(tickets["said_symptoms"]) if not ordinary.issuperset(said)]
        known = own.filter(pl.col("incident") == incident)["known_at"].min()
        after = None if known is None else tickets.filter(pl.col("created_at") <= known).height
        rows.append((seed, tickets["cause"][0], tickets.height, says[LEAST - 1], says[LEAST], after))
    false = own.filter(pl.col("incident").is_null()).height
    years: float = (end - begin) / timedelta(days=365.25)
    return rows, false, years


def _new() -> pl.Expr:
    return pl.col("incident").fill_null("").str.contains("new-issue-type")


def measure(folder: Path, seeds: list[int]) -> str:
    """The text of the section."""
    rows: list[tuple[object, ...]] = []
    parts = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for seed in seeds:
        planted, false, years = judged(folder, seed)
        print(seed, planted, f"{false} false in {years:.2f} years", flush=True)
        rows += planted
        parts[seed in TUNED][0] += false
        parts[seed in TUNED][1] += years
    head = (
        "| seed | planted type | tickets | third that says it | fourth | known at |\n"
        "| --- | --- | ---: | ---: | ---: | ---: |"
    )
    lines = [f"| {' | '.join('' if value is None else str(value) for value in row)} |" for row in rows]
    after = [float(row[5]) for row in rows if isinstance(row[5], int)]
    says = sum(isinstance(row[4], int) and row[4] <= BY for row in rows) / len(rows)
    told_of = "; ".join(
        f"{false:.0f} in {years:.2f} years of the seeds {'chosen on' if tuned else 'kept back'}"
        for tuned, (false, years) in parts.items()
        if years
    )
    return "\n\n".join(
        (
            f"Desks of {TICKETS / DAYS:.0f} tickets a day, of which weeks are read whole (thresholds were chosen on "
            f"{', '.join(map(str, TUNED))}). More than half of the tickets that a planted type brings do not say what "
            f"is new: beside its number of tickets stands which is the third, and the fourth, that does.",
            "\n".join([head, *lines]),
            f"Known by the {BY}th ticket: {sum(value <= BY for value in after) / len(rows):.0%} of {len(rows)} (of "
            f"{says:.0%} the fourth that says it comes by then), median {np.median(after):.0f}. Candidates that no "
            f"incident is behind: {told_of}.",
        )
    )


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default=",".join(map(str, SPANS)))
    parser.add_argument("--keep", type=Path, help="a folder for texts and vectors")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="ticketlake-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        text = measure(folder, [int(seed) for seed in options.seeds.split(",")])
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    print(text)
    write_section("New issue types", "python -m benchmarks.newtypes", text)


if __name__ == "__main__":
    main()
