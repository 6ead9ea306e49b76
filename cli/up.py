"""`ticketlake up`: simulate or take in, build, and serve, with one command."""

from pathlib import Path

import click

from cli.operator import tell_of_doors
from cli.services import Service, Services, command
from warehouse.releases import current_id
from warehouse.settings import Settings, process_environment, settings

EXAMPLES = """\b
Examples:
  LAKE_ROOT=lake ticketlake up
  LAKE_ROOT=lake ticketlake up --tickets tickets.json.gz
"""
SIMULATED_TICKETS = 12_000
SIMULATED_DAYS = 180


@click.command(epilog=EXAMPLES)
@click.option("--tickets", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of tickets.")
@click.option("--map", "mapping", help="TOML file, or name of a shipped mapping, that names other people's columns.")
@click.option("--once", is_flag=True, help="Build and end; start no server.")
def up(tickets: Path | None, mapping: str | None, once: bool) -> None:
    """Bring everything up: API, Dagster UI with its daemon, worker, and a build that you can watch.

    Without --tickets, simulates tickets the first time and keeps them. Ctrl-C ends everything.
    """
    chosen = settings()
    if once:
        _build_all(chosen, _files(chosen, tickets), mapping)
        return
    services = Services(_services(chosen), logs=chosen.lake_root / "logs", environment=_environment(chosen))
    tell_of_doors(chosen)
    with services:
        files = _files(chosen, tickets)
        services.wait_ready()
        _say_where(chosen)
        _build_all(chosen, files, mapping)
        services.wait()


def _services(chosen: Settings) -> list[Service]:
    api = (chosen.api_host, chosen.api_port)
    ui = (chosen.dagster_host, chosen.dagster_port)
    workspace = str(Path(__file__).parents[1] / "workspace.yaml")
    dagster = command("dagster", "dev", "-w", workspace, "-h", ui[0], "-p", str(ui[1]))
    return [
        Service("api", command("ticketlake", "serve"), address=api),
        Service("dagster", dagster, address=ui),
        Service("worker", command("ticketlake", "worker")),
    ]


def _environment(chosen: Settings) -> dict[str, str]:
    from orchestration.instance import home

    return process_environment(chosen, DAGSTER_HOME=str(home(chosen.lake_root)))


def _files(chosen: Settings, tickets: Path | None) -> list[Path]:
    """What to take in: the given file, or simulated tickets of the last half year with articles, made once and kept."""
    from cli.simulate import write, yesterday
    from warehouse.contracts import bronze
    from warehouse.delta import Lake

    if tickets is not None:
        return [tickets.resolve()]
    file = chosen.lake_root / "simulated" / "tickets.json"
    if not file.exists():
        if Lake(chosen.lake_root).exists(bronze.TICKETS):  # an erasure took it away, with somebody who was in it
            return []
        write("realistic", SIMULATED_TICKETS, SIMULATED_DAYS, chosen.seed, file, end=yesterday())
    return [one for one in (file, file.with_name(f"{file.name}.articles.jsonl")) if one.exists()]


def _build_all(chosen: Settings, files: list[Path], mapping: str | None) -> None:
    """Tables, metrics and a first release at once; then the models, which take some minutes the first time."""
    if current_id(chosen.lake_root) is None:
        _build(chosen, files, mapping, "build")
        click.echo("Served from now on. Models of every family are trained meanwhile: some minutes.")
        _say_where(chosen)
    _build(chosen, files, mapping, "learn")
    _say_where(chosen)
    click.echo("Everything is built. Ctrl-C ends everything.")


def _build(chosen: Settings, files: list[Path], mapping: str | None, job: str) -> None:
    from cli.build import summarise
    from cli.display import Progress
    from orchestration.build import build, outcome

    with Progress() as progress:
        report = build(chosen.lake_root, files=files, mapping=mapping, job=job, watch=progress.step)
    summarise(report)
    outcome(report)


def _say_where(chosen: Settings) -> None:
    api = f"http://{chosen.api_host}:{chosen.api_port}"
    click.echo(f"API          {api}          (docs: {api}/docs)")
    click.echo(f"Dagster UI   http://{chosen.dagster_host}:{chosen.dagster_port}")
    click.echo(f"metrics      {chosen.lake_root / 'metrics.duckdb'}  (or: ticketlake sql 'from _catalogue')")
