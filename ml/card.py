"""The card of a model: what it was made from, how, and what it is worth beside a baseline. Plain values, no clock."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import msgspec


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Written beside the model as JSON; the same inputs give the same card.

    `inputs` maps table paths to Delta versions; `measures` are those of the test part unless they say otherwise.
    """

    name: str
    target: str
    method: str
    features: list[str]
    inputs: dict[str, int]
    rows: dict[str, int]
    split: dict[str, str]
    seed: int
    parameters: dict[str, Any]
    libraries: dict[str, str]
    measures: dict[str, Any]
    verdict: str
    requires: dict[str, str] = {}
    classes: list[str] = []
    """Labels that it knows."""
    languages: dict[str, int] = {}
    """Tickets that it learned from, by language."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON sees it."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def fits(card: Mapping[str, Any], encoder: str) -> bool:
    """Whether the model can be given vectors of the encoder of this digest; one that names no encoder reads none."""
    return card.get("encoder") in (None, encoder)


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Installed versions."""
    return {name: version(name) for name in names}
