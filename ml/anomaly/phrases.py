"""By which words tickets say that they need a person now, in eight languages: what `phrases.toml` holds."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WRITTEN = Path(__file__).with_suffix(".toml")
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "ja", "zh")
_PARTS = {"alone": "alone", "things": "thing", "states": "state"}
_READ: dict[str, dict[str, Any]] = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))

DENIED: dict[str, list[str]] = _READ["denied"]
"""By language, words that deny or avert what follows within a few words."""
SUPPOSED: dict[str, list[str]] = _READ["supposed"]
"""Words after which it is only supposed."""
DENIED_AFTER: dict[str, list[str]] = _READ["denied_after"]
"""What takes it back after it."""
YET: dict[str, list[str]] = _READ["yet"]
"""What follows a denial that is none: `not only`."""


def listed() -> Iterator[tuple[str, str, str, str]]:
    """Every phrase with its trigger, its part (alone, thing or state) and its language."""
    for name, part in _PARTS.items():
        for trigger, languages in _READ[name].items():
            for language, found in languages.items():
                yield from ((phrase, trigger, part, language) for phrase in found)
