"""`ticketlake serve`: the API, until Ctrl-C."""

import errno
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from warehouse.errors import ServiceFailed
from warehouse.settings import settings, share_cores, share_counts

SLOW = 60
"""Seconds a worker may be silent for, as while it opens a release, before another takes its place."""
IDLE = 75
"""Seconds a connection is kept for the next request: longer than clients (httpx 5) and proxies (nginx 60) keep theirs,
since what they send while it is being closed is lost (RFC 9112, 9.3)."""


@click.command()
@click.option("--host", help="Address to listen at.  [default: API_HOST, 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen at.  [default: API_PORT, 8000]")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer.  [default: API_WORKERS, 1]")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the API; starts on an empty lake and serves what builds publish as soon as they do.

    One process answers what one core has time for. Of several, each opens the release for itself, and logs go to
    stdout alone.

    \b
    Examples:
      ticketlake serve --host 0.0.0.0 --port 8000
      ticketlake serve --workers 2
    """
    share_cores()
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from api.app import create_app
    from cli.operator import tell_of_doors
    from warehouse.reading import writable

    chosen = settings()
    count = workers or chosen.api_workers
    at = (host or chosen.api_host, port or chosen.api_port)
    chosen = chosen.listening_at(*at)
    with TemporaryDirectory(prefix="ticketlake-counts-") as counts:
        if count > 1:
            share_counts(Path(counts), count, at[0])
        with writable(chosen.lake_root):
            app = create_app(chosen, behind_socket=True)
        with _listening(*at) as listener:
            config = uvicorn.Config(
                "api.app:configured" if count > 1 else app,
                factory=count > 1,
                workers=count,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=True,
                timeout_keep_alive=IDLE,
                timeout_graceful_shutdown=10,
                timeout_worker_healthcheck=SLOW,
            )
            tell_of_doors(chosen)
            click.echo(f"API at http://{at[0]}:{at[1]}, its description at http://{at[0]}:{at[1]}/docs", err=True)
            if count > 1:
                Multiprocess(config, sockets=[listener]).run()
            else:
                uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `ServiceFailed` where the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        hint = "End what listens there, or give another --port." if taken else "Give another --host."
        raise ServiceFailed(f"api: {host}:{port} cannot be used ({error.strerror}). {hint}") from None
    return listener
