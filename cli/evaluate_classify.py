"""`ticketlake evaluate classify`: the classifiers on anyone's labelled texts."""

import click


@click.command()
def classify() -> None:
    """Compare the classifiers on labelled texts."""
