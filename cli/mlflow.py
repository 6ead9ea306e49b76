"""`ticketlake mlflow`: the runs and models of this lake in MLflow's own pages."""

import os

import click

from warehouse.errors import NotMaterialized
from warehouse.settings import process_environment, settings

EXAMPLES = """\b
Examples:
  ticketlake mlflow
  ticketlake mlflow --port 5001
"""


@click.command(epilog=EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
def mlflow(host: str, port: int) -> None:
    """Start MLflow's pages on this lake's runs and registered models. Ctrl-C ends them."""
    from cli.services import command
    from orchestration.registry import FOLDER, address

    chosen = settings()
    if not (chosen.lake_root / FOLDER).is_dir():
        raise NotMaterialized("release/mlflow")
    start = command("mlflow", "server", "--backend-store-uri", address(chosen.lake_root), "--workers", "1")
    click.echo(f"MLflow  http://{host}:{port}")
    os.execve(start[0], [*start, "--host", host, "--port", str(port)], process_environment(chosen))  # noqa: S606
