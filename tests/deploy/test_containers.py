"""The container files, checked without an engine: schema, references, ports, pins, and that every command exists."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from warehouse.settings import Settings

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "support-system"]
FIXED = {"LAKE_ROOT", "API_HOST", "API_PORT", "API_AUTH", "DAGSTER_HOST", "DAGSTER_PORT", "WORKER_METRICS"}
"""Places inside of containers, and doors that need keys: the image, the compose file or a published port decides."""
SERVICE_KEYS = {
    "build", "command", "depends_on", "deploy", "environment", "healthcheck", "image", "init", "ports", "profiles",
    "restart", "secrets", "volumes",
}  # fmt: skip


def test_compose_uses_only_keys_of_the_compose_specification():
    assert {key for key in COMPOSE if not key.startswith("x-")} <= {"name", "services", "volumes", "secrets"}
    for name, service in SERVICES.items():
        assert set(service) <= SERVICE_KEYS, name


def test_every_named_volume_secret_and_service_is_declared():
    for service in SERVICES.values():
        sources = {volume.split(":")[0] for volume in service.get("volumes", [])}
        files = {source for source in sources if source.startswith("./")}
        assert sources - files <= set(COMPOSE["volumes"])
        assert all((ROOT / file).exists() for file in files)
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_the_command_and_the_health_check_of_a_service_exist(name):
    service = SERVICES[name]
    commands = [service["command"][0]]
    check = service["healthcheck"].get("test")
    if check:
        assert check[0] == "CMD"
        commands.append(check[1])
    for command in commands:
        assert shutil.which(command, path=str(BIN)), command


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_health_check_and_limits(name):
    service = SERVICES[name]
    one_shot = service["restart"] == "no"
    assert service["healthcheck"].get("disable") is True if one_shot else service["healthcheck"]["test"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


def test_the_core_services_are_there_and_published_only_on_loopback():
    assert set(OURS) == {"build", "api", "worker", "request-worker", "dagster-webserver", "dagster-daemon", "mlflow"}
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert sorted(ports) == [
        "127.0.0.1:3000:3000",
        "127.0.0.1:3001:3000",
        "127.0.0.1:5000:5000",
        "127.0.0.1:8000:8000",
        "127.0.0.1:9090:9090",
    ]


def test_callers_of_the_api_need_keys():
    assert SERVICES["api"]["environment"]["API_AUTH"] == "on"
    assert re.search(r"^\s+API_AUTH=on \\$", DOCKERFILE, re.M)


@pytest.mark.parametrize("name", OURS)
def test_every_setting_that_is_not_fixed_is_handed_on_to_a_service(name):
    environment = SERVICES[name]["environment"]
    handed = {setting for setting, value in environment.items() if value is None}
    assert handed >= {field.upper() for field in Settings.model_fields} - FIXED
    of_the_image = set(re.findall(r"\b([A-Z_]+)=", re.search(r"^ENV (?:.+\\\n)+.+$", DOCKERFILE, re.M).group()))
    assert of_the_image >= {"LAKE_ROOT", "API_AUTH"}
    assert not handed & (FIXED | of_the_image)
    assert environment["LAKE_ROOT"] == "/lake"
    assert environment["DAGSTER_HOME"] == "/lake/dagster"


def test_the_queue_that_the_compose_file_names_is_the_service_that_it_has():
    [url] = re.findall(r"QUEUE_URL=(\S+)", (ROOT / "docker-compose.yml").read_text())
    assert url in (ROOT / "docs" / "operations.md").read_text()
    kind, host, port = re.fullmatch(r"(\w+)://(\w+):(\d+)", url).groups()
    assert (kind, host, port) == ("redis", "redis", "6379")
    assert SERVICES[host]["profiles"] == ["redis"]
    assert "ports" not in SERVICES[host]


def test_published_ports_are_those_that_the_image_exposes_and_the_commands_use():
    exposed = re.search(r"^EXPOSE (.+)$", DOCKERFILE, re.M).group(1).split()
    published = {port.split(":")[-1] for name in OURS for port in SERVICES[name].get("ports", [])}
    assert published == set(exposed)
    assert SERVICES["dagster-webserver"]["command"][-1] == "3000"


def test_base_images_are_pinned_to_an_exact_version():
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert len(images) == 2
    assert all(re.fullmatch(r"python:3\.1[12]\.\d+-slim-bookworm", image) for image in images)
    assert re.fullmatch(r"postgres:\d+\.\d+-alpine", SERVICES["postgres"]["image"])
    assert re.fullmatch(r"redis:\d+\.\d+\.\d+-alpine", SERVICES["redis"]["image"])
    for name in ("prometheus", "grafana"):
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])
        assert SERVICES[name]["profiles"] == ["monitoring"]


def test_files_that_the_image_copies_exist_and_are_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists()
            assert source not in ignored
    assert ".env" in ignored
    assert ".git" in ignored


def test_the_image_runs_as_somebody_else_than_root():
    final = DOCKERFILE.split("\nFROM ")[-1]
    assert re.search(r"^USER ticketlake$", final, re.M)
    assert final.index("USER ticketlake") < final.index('CMD ["ticketlake", "up"]')


def test_no_secret_stands_in_the_container_files():
    secretive = re.compile(r"PASSWORD|SECRET|TOKEN|KEY")
    for service in SERVICES.values():
        written = {name: value for name, value in service.get("environment", {}).items() if value is not None}
        secrets = {name: value for name, value in written.items() if secretive.search(name)}
        assert all(name.endswith("_FILE") and value.startswith("/run/secrets/") for name, value in secrets.items())
    assert all(set(secret) == {"environment"} for secret in COMPOSE["secrets"].values())
    assert not secretive.search(DOCKERFILE)
