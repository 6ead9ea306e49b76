"""Alerts and the dashboard ask for metrics that the API really exposes, with labels that these have."""

import json
import re
from pathlib import Path

import pytest
import yaml
from litestar.testing import TestClient

from api.app import create_app
from warehouse.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
SCRAPE = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
OF_PROMETHEUS = {"up"}
OF_HISTOGRAMS = {"le"}
METRIC = re.compile(r"\b(ticketlake_\w+|up)\b(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')


def expressions():
    alerts = [(rule["alert"], rule["expr"]) for rule in RULES]
    panels = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
    variables = [(one["name"], one["definition"]) for one in DASHBOARD["templating"]["list"] if "definition" in one]
    notes = [(one["name"], one["expr"]) for one in DASHBOARD["annotations"]["list"]]
    return alerts + panels + variables + notes


@pytest.fixture(scope="module")
def exposed(tmp_path_factory):
    """Metrics by name with their labels, as far as an API over an empty lake has any samples."""
    app = create_app(Settings(lake_root=tmp_path_factory.mktemp("lake"), _env_file=None))
    with TestClient(app) as client:
        client.get("/health/live")
        text = client.get("/metrics").text
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    named = set()
    for name, kind in types.items():
        named |= {f"{name}_{end}" for end in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    telemetry = app.state.telemetry.registry
    declared = {
        f"{metric._name}{'_total' if metric._type == 'counter' else ''}": set(metric._labelnames)
        for metric in telemetry._collector_to_names
        if hasattr(metric, "_labelnames")
    }
    return named, declared


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_every_metric_that_is_asked_for_is_exposed(exposed, where, expression):
    asked = {name for name, _ in METRIC.findall(expression)}

    assert asked, where
    assert asked <= exposed[0] | OF_PROMETHEUS


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_labels_that_are_asked_for_are_those_of_the_metric(exposed, where, expression):
    for name, labels in METRIC.findall(expression):
        own = exposed[1].get(name.removesuffix("_bucket"))
        if own is not None:
            assert set(LABEL.findall(labels)) <= own | OF_HISTOGRAMS | {"job"}, where


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_what_it_means_and_where_to_look(rule):
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    assert rule["annotations"]["summary"][0].isupper() or rule["annotations"]["summary"].startswith("{{")
    assert len(rule["annotations"]["description"]) > 40
    assert balanced(rule["expr"])
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


def test_the_dashboard_takes_its_data_source_from_a_variable_and_its_panels_do_not_overlap():
    assert DASHBOARD["templating"]["list"][0]["type"] == "datasource"
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(balanced(target["expr"]) for target in panel["targets"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_what_is_scraped_is_the_api_and_what_is_provisioned_lies_where_compose_puts_it():
    compose = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())["services"]
    job, workers = SCRAPE["scrape_configs"]
    [target] = job["static_configs"][0]["targets"]
    name, port = target.split(":")
    assert compose[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert job["metrics_path"] == "/metrics"
    told = {name: one["environment"]["WORKER_METRICS"] for name, one in compose.items() if "worker" in name}
    assert told == dict.fromkeys(("worker", "request-worker"), f"0.0.0.0:{workers['dns_sd_configs'][0]['port']}")
    assert workers["static_configs"] == [{"targets": ["worker:9101"]}]
    assert workers["dns_sd_configs"][0]["names"] == ["request-worker"]
    mounted = dict(volume.split(":")[:2] for volume in compose["grafana"]["volumes"])
    folder = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/ticketlake.yml").read_text())
    path = folder["providers"][0]["options"]["path"]
    assert mounted["./deploy/grafana/dashboard.json"].startswith(f"{path}/")
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    assert SCRAPE["rule_files"] == ["/etc/prometheus/alerts.yml"]


def balanced(expression):
    pairs = {")": "(", "}": "{", "]": "["}
    open_ = []
    for sign in re.sub(r'"[^"]*"', "", expression):
        if sign in pairs.values():
            open_.append(sign)
        elif sign in pairs and (not open_ or open_.pop() != pairs[sign]):
            return False
    return not open_
