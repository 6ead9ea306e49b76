"""`ticketlake sql` on metrics that dbt built."""

import csv
import io
import json

import pytest
from click.testing import CliRunner, Result

from cli.sql import sql
from warehouse import marts
from warehouse.contracts.inventory import TABLES
from warehouse.delta import Lake
from warehouse.settings import settings

pytestmark = pytest.mark.xdist_group("dbt")


@pytest.fixture(scope="module")
def published(built: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("published"))
    marts.publish_gold(lake, marts.dbt_database(built.root))
    marts.publish_metrics(lake)
    return lake


@pytest.fixture
def ask(published: Lake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAKE_ROOT", str(published.root))
    settings.cache_clear()
    yield lambda *arguments: CliRunner().invoke(sql, arguments)
    settings.cache_clear()


def test_a_table_for_people_shows_names_and_rows(ask):
    result: Result = ask("select name, rows from _catalogue where name = 'fct_tickets'")

    assert result.exit_code == 0
    assert "fct_tickets" in result.output
    assert "1500" in result.output
    assert result.output.rstrip().endswith("1 row")


def test_json_is_an_array_of_objects_with_iso_dates(ask):
    rows = json.loads(ask("from metric_backlog_by_day order by day limit 2", "--json").stdout)

    assert [row["day"] for row in rows] == ["2026-01-01", "2026-01-02"]
    assert rows[0]["opening"] == 0


def test_json_of_nothing_is_an_empty_array(ask):
    assert json.loads(ask("from dim_agents where false", "--json").stdout) == []


def test_csv_has_a_header_and_every_row(ask):
    rows = list(csv.DictReader(io.StringIO(ask("select ticket_id from fct_tickets", "--csv").stdout)))

    assert len(rows) == 1500


def test_an_unknown_table_is_one_line_that_names_those_that_exist(ask):
    result: Result = ask("from metric_of_nothing")

    assert result.exit_code == 1
    assert "metric_backlog_by_day" in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize("query", ["selec 1", "drop table fct_tickets", "select * from '/etc/hostname'", "", "--"])
def test_what_is_no_question_is_one_readable_line(ask, query: str):
    result: Result = ask("--", query)

    assert result.exit_code in (0, 1)
    assert "Traceback" not in result.output
    assert result.exit_code == 1 or query in ("", "--")


def test_columns_of_one_name_are_told_apart(ask):
    query = "select 1 x, 'a' x, 2 x_1, 3 x"

    assert json.loads(ask(query, "--json").stdout) == [{"x": 1, "x_1": "a", "x_1_1": 2, "x_2": 3}]
    assert ask(query, "--csv").stdout.splitlines()[0] == "x,x_1,x_1_1,x_2"


def test_a_table_of_a_layer_joins_the_metrics(ask, built):
    query = "select count(*) n from gold.dim_agents join dim_agents using (agent_id)"
    (found,) = json.loads(ask(query, "--json").stdout)
    (plain,) = json.loads(ask("select count(*) n from dim_agents", "--json").stdout)

    assert found == plain
    assert found["n"] > 0


@pytest.mark.parametrize("name", ["silver.nope", "nope", "gold.fct_ticket"])
def test_an_unknown_table_names_the_metrics_and_the_tables_of_the_layers(ask, name: str):
    result: Result = ask(f"from {name}")

    assert result.exit_code == 1
    assert "fct_tickets" in result.output
    assert "gold.dim_agents" in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_every_table_that_is_listed_answers(ask, published: Lake):
    for table in TABLES:
        published.ensure(table)
    listed = ask("from nope").output.split("Tables: ")[1].strip().rstrip(".").split(", ")

    assert {"predictions.tickets", "audit.targets", "features.tickets"} <= set(listed)
    for name in listed:
        result: Result = ask(f"select count(*) from {name}")
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", ['"gold"."dim_agents"', "GOLD.Dim_Agents", 'gold."dim_agents"'])
def test_a_table_is_known_however_it_is_written(ask, name: str):
    assert ask(f"select count(*) from {name}").exit_code == 0


@pytest.mark.parametrize(
    "query", ["from 'FORMAT'", "from read_text('FORMAT')", "copy (select 1) to 'x.csv'", "set threads = 1"]
)
def test_no_other_file_is_read_or_written_beside_a_table_of_a_layer(ask, published: Lake, query: str):
    for place in ("FORMAT", "x.csv"):
        query = query.replace(place, str(published.root / place))
    result: Result = ask(f"{query} -- gold.dim_agents")

    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert not (published.root / "x.csv").exists()


def test_json_and_csv_together_are_refused(ask):
    assert ask("select 1", "--json", "--csv").exit_code == 2


def test_help_has_an_example(ask):
    assert 'ticketlake sql "select' in ask("--help").output
