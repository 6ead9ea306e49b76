"""All pages and figures of a release, into one folder."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ml.documents import overview, reproduce, resolution, target
from ml.documents.parts import Card
from ml.duration import RESOLUTION_TIME
from ml.errors.figures import figure
from ml.errors.report import of_target
from ml.plots import save
from ml.targets import TARGETS
from warehouse.contracts.errors import CONFUSIONS
from warehouse.errors import NotMaterialized
from warehouse.table import Table

CHAMPIONS = (*(one.name for one in TARGETS), RESOLUTION_TIME)
"""The targets that have a page, in their order."""


def write(
    release: str,
    cards: Mapping[str, Card],
    digests: Mapping[str, str],
    errors: Mapping[Table, pl.DataFrame],
    folder: Path,
    *,
    studied: bool = False,
) -> list[Path]:
    """Write `README.md`, a page a target, `reproduce.md` and figures; the paths of the pages.

    `cards` and `digests` by target; `errors`: the tables of errors, of which only rows of these very models are shown.
    `studied`: whether `study.md` lies beside. Raises `NotMaterialized` where no card is there.
    """
    known = {name: cards[name] for name in CHAMPIONS if name in cards}
    if not known:
        raise NotMaterialized("models/category", "run `ticketlake build --learn`")
    folder.mkdir(parents=True, exist_ok=True)
    classified = {name: card for name, card in known.items() if name != RESOLUTION_TIME}
    pages = {
        "README": overview.page(release, classified, known.get(RESOLUTION_TIME), studied=studied),
        "reproduce": reproduce.page(release, known, digests),
    }
    if classified:
        save(overview.figure(classified), folder / overview.FIGURE)
    for name, card in known.items():
        own = of_target({table: _of_model(rows, digests[name]) for table, rows in errors.items()}, name)
        of = own if own and own[CONFUSIONS].height else {}
        if of:
            save(figure(name, of), folder / f"{name}.svg")
        make = resolution.page(card, digests[name], of) if name == RESOLUTION_TIME else None
        pages[name] = make or target.page(name, card, digests[name], of)
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return [folder / f"{name}.md" for name in pages]


def _of_model(rows: pl.DataFrame, digest: str) -> pl.DataFrame:
    return rows.filter(pl.col("model") == digest)
