"""What a verification reads, what it says when it cannot, and what it leaves alone."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse import quality
from warehouse.contracts import silver
from warehouse.contracts.quality import CHECK_RESULTS
from warehouse.delta import Lake
from warehouse.errors import ContractBroken, NotMaterialized
from warehouse.quality import soda
from warehouse.quality.declaration import parse
from warehouse.table import TIMESTAMP, Table

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "tickets-sample.json.gz"
TEXT = ("subject", "description", "error_logs", "stack_trace", "resolution", "feedback_text")

Check = Callable[..., dict[str, dict[str, Any]]]
Plant = Callable[[Lake, Table, pl.DataFrame], None]
Find = Callable[[Lake, str], list[dict[str, Any]]]
Fill = Callable[[Table, list[dict[str, Any]]], pl.DataFrame]


def test_results_have_the_schema_of_their_table(lake: Lake, now: datetime) -> None:
    results = quality.verify(lake, silver.TABLES, run_id="r", now=now, as_of=now)

    assert results.schema == CHECK_RESULTS.schema
    assert results.select("run_id", "engine", "checked_at").unique().rows() == [("r", "soda", now)]


def test_tables_without_a_contract_have_no_results(lake: Lake, now: datetime) -> None:
    assert quality.verify(lake, [CHECK_RESULTS], run_id="r", now=now, as_of=now).equals(
        pl.DataFrame(schema=CHECK_RESULTS.schema)
    )


def test_a_table_that_is_not_there_is_said(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(NotMaterialized, match="silver/tickets is not materialized"):
        quality.verify(Lake(tmp_path), [silver.TICKETS], run_id="r", now=now, as_of=now)


def test_a_table_that_is_only_referred_to_counts_as_empty(
    tmp_path: Path, fill: Fill, check: Check, now: datetime
) -> None:
    lake = Lake(tmp_path / "it's a lake, 100 % café")
    event = {"event_id": "E", "type": "MessageAdded", "version": 1, "ticket_id": "T", "payload": "{}"}
    lake.append(
        silver.EVENTS,
        fill(silver.EVENTS, [event | {"event_time": now, "received_time": now, "actor_kind": "agent"}]),
    )

    found = check(lake, silver.EVENTS)

    assert [name for name, row in found.items() if not row["passed"]] == ["ticket_id_known"]


def test_tickets_with_only_what_is_required_pass(tmp_path: Path, fill: Fill, now: datetime) -> None:
    lake = Lake(tmp_path)
    rows = [{"ticket_id": f"T{n}", "created_at": now, "subject": "Help"} for n in range(3)]
    lake.append(silver.TICKETS, fill(silver.TICKETS, rows))
    for table in silver.TABLES:
        lake.ensure(table)

    results = quality.verify(lake, silver.TABLES, run_id="r", now=now, as_of=now)

    assert results.filter(~pl.col("passed")).is_empty()


@pytest.mark.skipif(not SAMPLE.exists(), reason="the real sample is not beside the checkout")
def test_the_real_sample_passes_but_for_its_age(tmp_path: Path, now: datetime) -> None:
    records = pl.read_json(_unzipped(tmp_path), infer_schema_length=None)
    lake = Lake(tmp_path / "lake")
    lake.append(silver.TICKETS, _typed(records))
    as_of = lake.read(silver.TICKETS)["resolved_at"].max()
    assert isinstance(as_of, datetime)

    results = quality.verify(lake, [silver.TICKETS], run_id="r", now=now, as_of=as_of)

    assert results.filter(~pl.col("passed"))["check"].to_list() == ["fresh_for_wall_clock"]


def _unzipped(folder: Path) -> Path:
    import gzip

    file = folder / "sample.json"
    file.write_bytes(gzip.decompress(SAMPLE.read_bytes()))
    return file


def _typed(records: pl.DataFrame) -> pl.DataFrame:
    def column(name: str, dtype: pl.DataType) -> pl.Expr:
        if name in ("load_id", "record_hash"):
            return pl.lit("x").alias(name)
        if dtype == TIMESTAMP:
            return pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC")
        return pl.col(name).cast(dtype)

    return records.select(column(name, dtype) for name, dtype in silver.TICKETS.schema.items())


def test_a_check_that_cannot_be_evaluated_has_not_passed(lake: Lake, plant: Plant, check: Check) -> None:
    plant(lake, silver.ARTICLES, lake.read(silver.ARTICLES).drop("updated_at"))

    found = check(lake, silver.ARTICLES)

    assert not any(row["passed"] for row in found.values())
    assert found["article_id_duplicate"]["severity"] == "error"
    assert found["article_id_duplicate"]["value"] is None
    assert "could not be evaluated" in found["article_id_duplicate"]["detail"]
    assert "updated_at" in found["article_id_duplicate"]["detail"]


def test_a_contract_that_soda_cannot_read_is_an_error(lake: Lake) -> None:
    contract = parse(
        silver.ARTICLES,
        """
dataset: lake/silver/articles
columns:
  - name: article_id
    checks:
      - missing: {qualifier: a, name: A}
checks:
  - metric: {qualifier: b, name: B, threshold: {must_be: 0}}
""",
    )

    with (
        quality.views(lake, [silver.ARTICLES]) as connection,
        pytest.raises(ContractBroken, match=r"contract of silver/articles.*metric"),
    ):
        soda.run(contract, connection, {})


def test_no_text_is_read(tmp_path: Path, fill: Fill, check: Check, find: Find, now: datetime) -> None:
    lake = Lake(tmp_path)
    text = dict.fromkeys(TEXT, "The customer's own words, which are nobody's business here.")
    rows = [text | {"ticket_id": f"T{n}", "created_at": now, "satisfaction_score": 1 + n % 6} for n in range(50)]
    lake.append(silver.TICKETS, fill(silver.TICKETS, rows))
    for file in lake.open(silver.TICKETS).file_uris():
        _destroy(Path(file), TEXT)

    found = check(lake, silver.TICKETS)["satisfaction_score_range"]

    assert found["value"] == 8.0
    shown = find(lake, found["failing_rows_sql"])
    assert {tuple(row) for row in shown} == {("ticket_id", "satisfaction_score")}
    with pytest.raises(Exception, match="don't know what type"):  # of page: this is how DuckDB meets ruins
        find(lake, "select description from silver.tickets")


def _destroy(file: Path, columns: tuple[str, ...]) -> None:
    """Overwrite the pages of these columns."""
    import pyarrow.parquet as pq

    metadata = pq.ParquetFile(file).metadata
    content = bytearray(file.read_bytes())
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            if column.path_in_schema in columns:
                start = column.dictionary_page_offset or column.data_page_offset
                content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    file.write_bytes(bytes(content))


MOMENTS = st.sampled_from([None, *(datetime(2026, 3, day).astimezone() for day in (1, 2, 30))])
TICKET = st.fixed_dictionaries(
    {
        "ticket_id": st.sampled_from([None, "", "a", "b", "c", "'"]),
        "created_at": MOMENTS,
        "resolved_at": MOMENTS,
        "updated_at": MOMENTS,
        "satisfaction_score": st.sampled_from([None, -1, 0, 1, 5, 6]),
        "resolution_time_hours": st.sampled_from([None, -0.1, 0.0, 7.5]),
        "customer_tier": st.sampled_from([None, "", "free", "it's"]),
        "affected_users": st.sampled_from([None, -1, 0, 1]),
    }
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(rows=st.lists(TICKET, min_size=1, max_size=12))
def test_the_rows_shown_are_as_many_as_were_counted(
    rows: list[dict[str, Any]], plant: Plant, fill: Fill, check: Check, find: Find
) -> None:
    with TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        lake.ensure(silver.TICKETS)
        plant(lake, silver.TICKETS, fill(silver.TICKETS, rows))

        found = check(lake, silver.TICKETS)
        shown = {
            name: find(lake, row["failing_rows_sql"])
            for name, row in found.items()
            if not row["passed"] and not name.startswith(("fresh", "row_count"))
        }

        doubled = shown.pop("ticket_id_duplicate", [])
        assert len(doubled) - len({row["ticket_id"] for row in doubled}) == found["ticket_id_duplicate"]["value"]
        assert {name: len(lines) for name, lines in shown.items()} == {name: found[name]["value"] for name in shown}
        ids = [row["ticket_id"] for row in rows if row["ticket_id"] is not None]
        assert found["ticket_id_duplicate"]["value"] == len(ids) - len(set(ids))


def test_soda_leaves_the_logging_of_the_process_alone(lake: Lake, check: Check) -> None:
    from soda_core.common.logs import _active_logs

    before = [*logging.root.handlers], logging.getLogger("soda").level

    check(lake, silver.ARTICLES)

    assert ([*logging.root.handlers], logging.getLogger("soda").level) == before
    assert _active_logs.get() is None


def test_nothing_is_told_to_the_outside(lake: Lake, now: datetime) -> None:
    code = f"""
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        print("CALLED", event, arguments, flush=True)
sys.addaudithook(watch)
from datetime import datetime
from pathlib import Path
from warehouse import quality
from warehouse.contracts import silver
from warehouse.delta import Lake
now = datetime.fromisoformat("{now.isoformat()}")
results = quality.verify(Lake(Path({str(lake.root)!r})), silver.TABLES, run_id="r", now=now, as_of=now)
from soda_core.telemetry.soda_telemetry import SodaTelemetry
print(results.height, bool(SodaTelemetry()._SodaTelemetry__send))
"""
    loud = {name: value for name, value in os.environ.items() if not name.startswith("SODA")}

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=loud)

    assert done.stdout.split() == [str(len(quality.declared(silver.TABLES))), "False"]
