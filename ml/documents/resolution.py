"""The page of hours to resolution."""

from collections.abc import Mapping

import polars as pl

from ml.documents.overview import resolved
from ml.documents.parts import Card
from ml.documents.target import NOT_ANALYSED, lineage, since, split
from ml.duration import RESOLUTION_TIME
from ml.errors.report import section
from warehouse.table import Table


def page(card: Card, digest: str, errors: Mapping[Table, pl.DataFrame]) -> str:
    """The page; `errors` holds the rows of this target, and may be empty."""
    return (
        "\n\n".join(
            [
                "# Hours to resolution",
                f"{resolved(card)} Tickets that are still open are learned from, too: as lasting longer than so far.",
                "## Split\n\n" + split(card),
                "## Errors\n\n" + (section(RESOLUTION_TIME, since(card), errors) if errors else NOT_ANALYSED),
                "## Lineage\n\n" + lineage(card, digest),
            ]
        )
        + "\n"
    )
