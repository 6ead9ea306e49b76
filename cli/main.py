"""The command and its manners: lazy verbs, one readable line for an error, exit codes that scripts can rely on."""

import atexit
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from warehouse.errors import TicketlakeError

VERBS = {
    "up": "Simulate or take in tickets, build, and serve: everything with one command.",
    "simulate": "Write realistic or original-like tickets, with their truth beside them.",
    "ingest": "Take a file of tickets in: landing, bronze, silver.",
    "build": "Bring every table, model and metric up to date.",
    "serve": "Serve the API.",
    "worker": "Drain the inbox, work on requests and watch for incidents, again and again.",
    "requests": "Show tickets that are worked on in the background, and replay those given up.",
    "keys": "Make, show and end the keys of callers, and show who changed what.",
    "incidents": "Show what goes wrong, or write a page about it.",
    "erase": "Forget a customer or a ticket, everywhere.",
    "events": "Show or write the catalogue of events.",
    "sql": "Ask the published metrics in SQL.",
    "evaluate": "Measure the methods on labelled data of your own.",
    "models": "Show, compare, promote and roll back models; reproduce what one said.",
    "report": "Write documents about the released models.",
    "mlflow": "Show runs and registered models in MLflow's pages.",
    "demo": "Tell a story end to end, with wall times.",
    "status": "Say what is there, how old it is, and what failed.",
}
EXIT_ERROR = 1
EXIT_QUARANTINED = 3
EXIT_INTERRUPTED = 130


class LazyVerbs(click.Group):
    """Verbs whose modules are imported when they are called: `ingest` never pays for Dagster."""

    verbs: Mapping[str, str] = VERBS
    """What each is for, in the order in which people meet them."""
    modules = "cli."
    """Where a verb's module is found: its name goes behind."""
    title = "Verbs"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in their order."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, imported now."""
        if cmd_name not in self.verbs:
            return None
        command: click.Command = getattr(import_module(f"{self.modules}{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing any."""
        with formatter.section(self.title):
            formatter.write_dl(list(self.verbs.items()))


@click.group(cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--traceback", is_flag=True, help="Show where an error came from.")
def ticketlake(traceback: bool) -> None:
    """From a file of support tickets to metrics, predictions and early warnings.

    Everything is written below LAKE_ROOT. Example: LAKE_ROOT=lake ticketlake up
    """
    from warehouse.settings import silence

    silence()


def main() -> None:
    """Run the command; expected errors become one line on stderr and exit code 1. SIGTERM ends it as Ctrl-C does.

    Both are set, because Dagster gives SIGTERM what SIGINT has, and a shell starts background jobs with SIGINT ignored.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        code = ticketlake(standalone_mode=False)
    except TicketlakeError as error:
        if "--traceback" in sys.argv:
            raise
        click.echo(f"ticketlake: {error}", err=True)
        code = EXIT_ERROR
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("ticketlake: interrupted", err=True)
        code = EXIT_INTERRUPTED
    except Exception as error:
        if "--traceback" in sys.argv:
            raise
        click.echo(f"ticketlake: {_in_a_line(error)}", err=True)
        code = EXIT_ERROR
    leave(code if isinstance(code, int) else 0)


def leave(code: int) -> NoReturn:
    """End with this code, after what was registered for the end and before the interpreter is taken apart.

    Libraries of native code do not survive that quietly: DuckDB's prints pages about leaks, others abort.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _in_a_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"unexpected {type(error).__name__}: {error} (run with --traceback for details)"


if __name__ == "__main__":
    main()
