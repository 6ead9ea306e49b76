"""Soda run on one DuckDB connection, without a word to the outside."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.errors import ContractBroken
from warehouse.quality.declaration import DATA_SOURCE, Contract
from warehouse.settings import silence

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Outcome:
    """What Soda found: whether the check held, what was measured over how many rows, why it could not be evaluated."""

    passed: bool
    value: float | None
    rows: int | None
    fault: str | None = None


def run(contract: Contract, connection: "DuckDBPyConnection", variables: Mapping[str, str]) -> Mapping[str, Outcome]:
    """The outcome of every check by its name. Raises `ContractBroken` where Soda cannot read the contract.

    What can be aggregated is one query over the table; only queries and references are apart. A check whose query
    fails has not passed, and says why.
    """
    silence()
    from soda_core.common.exceptions import SodaCoreException
    from soda_core.common.yaml import ContractYamlSource
    from soda_core.contracts.contract_verification import CheckOutcome, ContractVerificationSession
    from soda_duckdb.common.data_sources.duckdb_data_source import DuckDBDataSourceImpl

    try:
        with _kept_apart():
            session = ContractVerificationSession.execute(
                [ContractYamlSource.from_str(contract.text)],
                variables={name: variables[name] for name in contract.variables},
                data_source_impls=[DuckDBDataSourceImpl.from_existing_cursor(connection, DATA_SOURCE)],
            )
    except SodaCoreException as error:
        raise ContractBroken(f"Soda cannot read the contract of {contract.table.path}: {error}") from error
    (result,) = session.contract_verification_results
    faults = [record.getMessage() for record in result.log_records or () if record.levelno >= logging.ERROR]
    outcomes = {}
    for found in result.check_results:
        evaluated = found.outcome in (CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.WARN)
        outcomes[found.check.qualifier] = Outcome(
            passed=found.outcome is CheckOutcome.PASSED,
            value=None if found.threshold_value is None else float(found.threshold_value),
            rows=(found.diagnostic_metric_values or {}).get("dataset_rows_tested"),
            fault=None if evaluated else "; ".join(faults) or "no reason given",
        )
    missing = {check.name for check in contract.checks} - outcomes.keys()
    if missing:
        reasons = "; ".join(faults) or "no reason given"
        raise ContractBroken(f"Soda cannot run the contract of {contract.table.path} ({min(missing)}): {reasons}.")
    return outcomes


@contextmanager
def _kept_apart() -> Iterator[None]:
    """Soda catches the log records of the whole process and never lets go; here it does, and says nothing itself."""
    from soda_core.common.logs import preserve_active_logs

    handlers, soda = [*logging.root.handlers], logging.getLogger("soda")
    level = soda.level
    soda.setLevel(logging.WARNING)
    try:
        with preserve_active_logs():
            yield
    finally:
        soda.setLevel(level)
        for handler in [*logging.root.handlers]:
            if handler not in handlers:
                logging.root.removeHandler(handler)
