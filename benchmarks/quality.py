"""Quality beside what could be known: champions of simulated tickets against the Bayes ceiling, as tickets grow.

    python -m benchmarks.quality [--tickets 12000] [--lake FOLDER --truth FOLDER]

The answers for the newest 15 % are compared with the true labels that the simulator keeps, beside those of whoever
knows the simulator's causes and reads every symptom. Then one family is fitted on the newest half, quarter and eighth
of what the champions learned from: how the gap shrinks. `--lake` takes a lake that has learned, with its truth.
"""

import argparse
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.figures import write_section
from benchmarks.lakes import DAYS, learn
from cli.evaluate_predictions import measured
from ml.classify.families import fitting
from ml.classify.labels import places
from ml.evaluate.measures import confusion, weighted_f1
from ml.targets import TARGETS, Target
from ml.understand import STORED, Past
from orchestration.past import read_past
from warehouse.delta import Lake
from warehouse.releases import open_release

CEILINGS = {"category": 0.95, "subcategory": 0.90, "priority": 0.95, "sentiment": 0.95}
"""Shares of the ceiling that are wanted with 12,000 tickets."""
CALIBRATION = 0.03
SHARES = (0.125, 0.25, 0.5, 1.0)
FAMILY, SEED = "linear_svm", 7


def curve(past: Past, target: Target, truth: pl.DataFrame) -> dict[int, float]:
    """Weighted F1 against the truth by how many of the newest training tickets were learned from."""
    known = past.rows.filter(past.rows.select(target.labels().is_not_null()).to_series())["ticket_id"]
    examples = past.examples(target)
    train, later, test = (examples.part(name) for name in ("train", "validation", "test"))
    ids = known.filter(examples.parts == "test").to_frame()
    clean = ids.join(truth.select("ticket_id", target.name), on="ticket_id", how="left", maintain_order="left")
    labels = clean[target.name]
    found = {}
    for share in SHARES:
        newest = train.take(np.arange(int(len(train.inputs) * (1 - share)), len(train.inputs)))
        learner = fitting(FAMILY).fit(
            newest.inputs, newest.labels, later.inputs, later.labels, seed=SEED, parameters=dict(STORED[FAMILY])
        )
        guess = learner.predict_proba(test.inputs).argmax(axis=1)
        names = sorted({*labels.drop_nulls(), *learner.classes})
        one, other = places(labels, names), places(pl.Series(np.array(learner.classes)[guess]), names)
        found[len(newest.inputs)] = float(weighted_f1(confusion(one[one >= 0], other[one >= 0], len(names))))
    return found


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=12_000)
    parser.add_argument("--lake", type=Path, help="a lake that `ticketlake build --learn` made")
    parser.add_argument("--truth", type=Path, help="of that lake's tickets")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticketlake-"))
    try:
        root, truth = options.lake or folder / "lake", options.truth or folder / "tickets.json.truth"
        if not options.lake:
            learn(root, folder / "tickets.json", options.tickets, "")
        lake, encoder = Lake(root), open_release(root).artifact("models/encoder")
        past, known = read_past(lake, encoder), pl.read_parquet(truth / "tickets.parquet")
        found = measured(lake, truth)
        curves = {target.name: curve(past, target, known) for target in TARGETS if target.name in CEILINGS}
    finally:
        shutil.rmtree(folder)
    text = told(found, curves)
    print(text)
    write_section("Quality beside the Bayes ceiling", "python -m benchmarks.quality", text)


def told(found: Mapping[str, Any], curves: Mapping[str, Mapping[int, float]]) -> str:
    """Champions, languages, and how the gap shrinks."""
    counts = sorted(next(iter(curves.values())))
    languages = found["category"]["languages"].values()
    escalation, hours = found.get("escalation", {}), found.get("resolution_time", {})
    return "\n".join(
        [
            f"Realistic simulation, {DAYS} days; the newest 15 %, as they were to be predicted, against true labels.",
            "",
            "| target | weighted F1 | ceiling | share (target) | recorded labels: F1, ceiling | calibration error |",
            "| --- | --- | --- | --- | --- | --- |",
            *(_champion(name, found[name]) for name in CEILINGS),
            "",
            f"Escalation: average precision {escalation.get('average_precision') or 0:.3f}, base rate "
            f"{escalation.get('base_rate') or 0:.3f}. Hours to resolution: the 80 % interval holds "
            f"{hours.get('coverage_of_80_percent_interval') or 0:.1%}.",
            "",
            f"Category by language. How the gap shrinks: `{FAMILY}` on the newest part of the same tickets.",
            "",
            "| language | tickets | accuracy | ceiling |",
            "| --- | --- | --- | --- |",
            *(
                f"| {row['language']} | {row['rows']:,} | {row['accuracy']:.3f} | {row['ceiling']:.3f} |"
                for row in languages
            ),
            "",
            "| tickets learned from |" + "".join(f" {count:,} |" for count in counts) + " ceiling |",
            "| --- |" + " --- |" * (len(counts) + 1),
            *(
                f"| {name} |"
                + "".join(f" {value:.3f} |" for _, value in sorted(by.items()))
                + f" {found[name]['ceiling']['value']:.3f} |"
                for name, by in curves.items()
            ),
        ]
    )


def _champion(name: str, one: Mapping[str, Any]) -> str:
    f1, ceiling = one["weighted_f1"], one["ceiling"]
    recorded = f"{one['weighted_f1_on_recorded_labels']['value']:.3f}, {one['ceiling_on_recorded_labels']['value']:.3f}"
    error = f"{one['calibration_error']:.3f} (at most {CALIBRATION})"
    value = f"{f1['value']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}]"
    share = f"{one['share_of_ceiling']:.1%} ({CEILINGS[name]:.0%})"
    return f"| {name} | {value} | {ceiling['value']:.3f} | {share} | {recorded} | {error} |"


if __name__ == "__main__":
    main()
