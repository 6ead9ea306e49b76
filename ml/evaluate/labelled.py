"""Anyone's labelled texts: one JSON object a line, `{"id", "text", "label"}`, plain or gzip."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.evaluate.lines import lines_of
from warehouse.errors import SourceUnreadable

MOST_CHARACTERS = 20_000


class _Line(msgspec.Struct):
    text: str | None
    id: str | int | None = None
    label: str | int | bool | None = None


@dataclass(frozen=True)
class Labelled:
    """n texts. `labels` is null where a line has none."""

    ids: pl.Series
    texts: pl.Series
    labels: pl.Series

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, places: NDArray[np.int64]) -> "Labelled":
        """The texts at these places, in this order."""
        return Labelled(self.ids.gather(places), self.texts.gather(places), self.labels.gather(places))


def read(path: Path, *, needs_labels: bool) -> Labelled:
    """Read a file. Raises `SourceUnreadable` with the first bad line's number. A text of null is empty."""
    lines = []
    for number, line in lines_of(path, "JSON"):
        try:
            found = msgspec.json.decode(line, type=_Line)
        except UnicodeDecodeError as error:
            wrong = f"byte 0x{error.object[error.start]:02x} is no UTF-8"
            raise SourceUnreadable(f"{path}, line {number}: {wrong}; expected a file in UTF-8.") from None
        except msgspec.DecodeError as error:
            expected = 'expected a JSON object with "id", "text" and "label"'
            raise SourceUnreadable(f"{path}, line {number}: {error}; {expected} on each line.") from None
        if needs_labels and found.label is None:
            raise SourceUnreadable(f'{path}, line {number}: no "label"; expected one on each line of this file.')
        lines.append((number, found))
    if not lines:
        raise SourceUnreadable(f"{path}: no lines; expected one JSON object a line.")
    return Labelled(
        pl.Series("id", [str(number if line.id is None else line.id) for number, line in lines], dtype=pl.String),
        pl.Series("text", [(line.text or "")[:MOST_CHARACTERS] for _, line in lines], dtype=pl.String),
        pl.Series("label", [_label(line.label) for _, line in lines], dtype=pl.String),
    )


def hold_out(labels: pl.Series, share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places to learn from and to choose by, the latter about `share` of each class; a single one is learned from."""
    rng = np.random.default_rng(seed)
    names = labels.to_numpy()
    held: list[NDArray[np.int64]] = []
    for name in np.unique(names):
        places = rng.permutation(np.flatnonzero(names == name))
        count = min(int(len(places) * share + rng.random()), len(places) - 1)
        held.append(places[:count])
    validation = np.sort(np.concatenate(held))
    if not len(validation):
        validation = np.arange(len(names))
    train = np.setdiff1d(np.arange(len(names)), validation)
    return (train if len(train) else validation), validation


def _label(label: Any) -> str | None:
    return None if label is None else str(label)
