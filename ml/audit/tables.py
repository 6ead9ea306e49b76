"""The audit as rows of its tables, and as JSON."""

from typing import Any

import polars as pl

from ml.audit.labels import WITHIN
from ml.audit.run import Audit, Finding
from ml.audit.verdicts import Judged
from warehouse.contracts.audit import COLUMNS, TARGETS


def target_rows(found: Audit) -> pl.DataFrame:
    """Rows of `audit/targets`."""
    rows = [{**_target(finding), "sampled_from": found.sampled_from, "seed": found.seed} for finding in found.findings]
    return pl.DataFrame(rows, schema=TARGETS.schema)


def column_rows(found: Audit) -> pl.DataFrame:
    """Rows of `audit/columns`."""
    known = {column.column: column for column in found.availability}
    rows = [
        {
            "target": finding.target,
            "column": score.column,
            "accuracy": score.accuracy,
            "majority": score.majority,
            "z": score.z,
            "leaks": score.leaks,
            "afterwards": known[score.column].afterwards,
            "why": known[score.column].why,
            "filled_open": known[score.column].filled_open,
            "filled_closed": known[score.column].filled_closed,
        }
        for finding in found.findings
        for score in finding.columns
    ]
    return pl.DataFrame(rows, schema=COLUMNS.schema)


def as_json(found: Audit) -> dict[str, Any]:
    """Plain values: under `targets` one object a target, as in `audit/targets`; splits are accuracies.

    The majority class of a target `within` another is that of each label of the other.
    """
    per_target = {"target", "sampled_from", "seed"}
    return {
        "rows": found.rows,
        "sampled_from": found.sampled_from,
        "seed": found.seed,
        "targets": {
            row["target"]: {name: value for name, value in row.items() if name not in per_target}
            | {"within": WITHIN.get(row["target"])}
            for row in target_rows(found).to_dicts()
        },
    }


def _target(finding: Finding) -> dict[str, Any]:
    time, customers, unseen = finding.time, finding.customers, finding.unseen
    return {
        "target": finding.target,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "rows": finding.rows,
        "classes": finding.classes,
        "model": finding.model,
        "majority": time.majority if time else None,
        "time_split": time.accuracy if time else None,
        **_bounds("time", time),
        "group_split": customers.accuracy if customers else None,
        "group_majority": customers.majority if customers else None,
        **_bounds("group", customers),
        "unseen_template_split": unseen.accuracy if unseen else None,
        "unseen_template_majority": unseen.majority if unseen else None,
        **_bounds("unseen_template", unseen),
        "p_value": time.p_value if time else None,
        "group_p_value": customers.p_value if customers else None,
        "templates": finding.templates,
        "shared_templates": finding.shared_templates,
        "duplicates": finding.duplicates,
        "label_noise_ceiling": finding.ceiling,
        "ceiling_from": finding.ceiling_from,
        "leaks": finding.leaks,
    }


def _bounds(name: str, split: Judged | None) -> dict[str, float | None]:
    return {f"{name}_gain_low": split.low if split else None, f"{name}_gain_high": split.high if split else None}
