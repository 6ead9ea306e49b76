"""`ticketlake evaluate`: what our methods are worth on anyone's data."""

from importlib import import_module

import click

VERBS = {
    "classify": "Compare the classifiers on labelled texts, and predict others with the best.",
    "audit": "Say what can be learned from tickets at all, and which columns leak.",
    "predictions": "Say what a lake's champions are worth, where the truth is known.",
    "texts": "Say how well language, personal data and entities are found, where the truth is known.",
}


class LazyEvaluations(click.Group):
    """Evaluations whose modules, `cli.evaluate_<verb>`, are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The evaluations in the order in which people meet them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The evaluation's command, imported now."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"cli.evaluate_{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the evaluations without importing any."""
        with formatter.section("Evaluations"):
            formatter.write_dl(list(VERBS.items()))


EXAMPLES = """\b
Examples:
  ticketlake evaluate audit tickets.json.gz
  ticketlake evaluate classify --train train.jsonl --test test.jsonl
  ticketlake evaluate texts tickets.jsonl
  ticketlake evaluate predictions --truth truth-folder
"""


@click.group(cls=LazyEvaluations, epilog=EXAMPLES)
def evaluate() -> None:
    """Measure the methods on labelled data of your own, or what a lake predicted."""
