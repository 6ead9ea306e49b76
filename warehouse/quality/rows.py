"""The query that finds the rows a check refuses, over published names."""

import re
from collections.abc import Mapping

from warehouse.quality.declaration import DATA_SOURCE, ROW_COUNT, Check


def failing_rows_sql(check: Check, variables: Mapping[str, str]) -> str:
    """A query over published names: the rows that fail; for what is measured of a whole table, what led to it."""
    sql = FAILING[check.kind](check)
    return re.sub(r"\$\{var\.(\w+)\}", lambda match: variables[match[1]], " ".join(sql.split()))


def _missing(check: Check) -> str:
    return f'{_select(check)} where "{check.columns[0]}" is null'


def _invalid(check: Check) -> str:
    column, body = check.columns[0], check.body
    clauses = []
    if "valid_min" in body:
        clauses.append(f'"{column}" < {body["valid_min"]}')
    if "valid_max" in body:
        clauses.append(f'"{column}" > {body["valid_max"]}')
    if "valid_values" in body:
        clauses.append(f'"{column}" not in ({", ".join(map(_literal, body["valid_values"]))})')
    if "valid_reference_data" in body:
        other = body["valid_reference_data"]
        source = other["dataset"].removeprefix(f"{DATA_SOURCE}/").replace("/", ".")
        known = f'select "{other["column"]}" from {source} where "{other["column"]}" is not null'
        clauses.append(f'"{column}" is not null and "{column}" not in ({known})')
    rows = f"({body['filter']}) and " if "filter" in body else ""
    return f"{_select(check)} where {rows}({' or '.join(clauses)})"


def _duplicate(check: Check) -> str:
    keys = ", ".join(f'"{column}"' for column in check.columns)
    # Soda leaves missing values out where one column is the key, and counts them where several are.
    present = f" where {keys} is not null" if len(check.columns) == 1 else ""
    return f"{_select(check)}{present} qualify count(*) over (partition by {keys}) > 1"


def _failed_rows(check: Check) -> str:
    if "query" in check.body:
        return str(check.body["query"])
    return f"{_select(check)} where {check.body['expression']}"


def _freshness(check: Check) -> str:
    return f'{_select(check)} order by "{check.columns[0]}" desc nulls last limit 10'


def _history(check: Check) -> str:
    return f"""
        select "run_id", "checked_at", "check", "value", "passed" from quality.check_results
        where "table" = '{check.table.path}' and "check" in ('{ROW_COUNT}', '{check.name}')
        order by "checked_at" desc limit 20
    """


FAILING = {
    "missing": _missing,
    "invalid": _invalid,
    "duplicate": _duplicate,
    "failed_rows": _failed_rows,
    "freshness": _freshness,
    "metric": _history,
    "row_count": _history,
}


def _select(check: Check) -> str:
    """The key and what the check looks at: enough to find the row, and no text."""
    words = set(re.findall(r"\w+", str(check.body.get("expression", ""))))
    looked_at = (*check.columns, *(name for name in check.table.schema if name in words))
    names = dict.fromkeys((*check.table.primary_key, *looked_at))
    chosen = ", ".join(f'"{name}"' for name in names) or "*"
    return f"select {chosen} from {check.table.layer}.{check.table.name}"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
