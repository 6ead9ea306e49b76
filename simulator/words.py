"""The phrases of a language, compiled.

A phrase file (`phrases/<language>.toml`) holds sentences without end mark. `(a|b)` offers a choice, `{slot}` takes a
value. All files have the keys of `phrases/en.toml`. `python -m simulator.words --check de` says what a file lacks.
"""

import itertools
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PHRASES = Path(__file__).parent / "phrases"
REFERENCE = "en"
COMMON = {"object", "count", "when", "it", "role", "city", "name", "person", "company", "date", "amount", "system"}
COMMON |= {"browser", "ticket"}
NAMING = {"product", "module", "code"}

CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
SLOT = re.compile(r"\{(\w+)\}")

Part = tuple[str, str]
"""A literal and the slot that follows it; an empty slot name ends the phrase."""
Phrase = tuple[Part, ...]
Phrases = tuple[tuple[Phrase, ...], ...]
"""Alternatives, each with its spelled-out choices."""


@dataclass(frozen=True)
class Words:
    """All phrases of one language: tables by name, symptoms by number."""

    language: str
    stop: str
    space: str
    says: tuple[Phrases, ...]
    heads: tuple[Phrases, ...]
    tables: dict[str, dict[str, Phrases]]
    modules: dict[str, tuple[str, ...]]
    urgent_words: tuple[str, ...]


def languages() -> tuple[str, ...]:
    """The languages whose phrases exist, English first."""
    found = sorted(path.stem for path in PHRASES.glob("*.toml"))
    if not found:
        raise FileNotFoundError(f"no phrases found: expected {PHRASES}/en.toml and its translations. Restore them.")
    return tuple(sorted(found, key=lambda name: (name != REFERENCE, name)))


def spell_out(template: str) -> tuple[Phrase, ...]:
    """All choices of a template, each split into literals and slots."""
    pieces = CHOICE.split(template)
    options = [piece.split("|") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    found = []
    for combination in itertools.product(*options):
        text = re.sub(r" {2,}", " ", "".join(combination)).strip()
        split = [*SLOT.split(text), ""]
        found.append(tuple(zip(split[::2], split[1::2], strict=True)))
    return tuple(found)


def _compiled(templates: list[str]) -> Phrases:
    return tuple(spell_out(template) for template in templates)


@cache
def _read(language: str) -> dict[str, dict[str, list[str]]]:
    with (PHRASES / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def words(language: str) -> Words:
    """Load and compile a language."""
    raw = _read(language)
    symptoms = list(_read(REFERENCE)["symptom"])
    spoken: dict[str, dict[str, list[str]]] = raw["symptom"]  # type: ignore[assignment]
    tables = {
        name: {key: _compiled(value) for key, value in table.items()}
        for name, table in raw.items()
        if isinstance(table, dict) and name not in ("symptom", "modules")
    }
    tables["urgency"].pop("words")
    return Words(
        language=language,
        stop=str(raw["stop"]),
        space=str(raw["space"]),
        says=tuple(_compiled(spoken[name]["say"]) for name in symptoms),
        heads=tuple(_compiled(spoken[name]["head"]) for name in symptoms),
        tables=tables,
        modules={name: tuple(forms) for name, forms in raw["modules"].items()},
        urgent_words=tuple(sorted(raw["urgency"]["words"], key=len, reverse=True)),
    )


def _lists(raw: dict[str, dict[str, list[str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, entries in raw.items():
        if isinstance(entries, dict):
            for key, value in entries.items():
                if isinstance(value, dict):
                    found |= {f"{table}.{key}.{inner}": list(items) for inner, items in value.items()}
                else:
                    found[f"{table}.{key}"] = list(value)
    return found


def complaints(language: str) -> list[str]:
    """What a phrase file lacks or must not contain, one line each."""
    ours, reference = _lists(_read(language)), _lists(_read(REFERENCE))
    found = [f"missing: {key}" for key in reference.keys() - ours.keys()]
    found += [f"unknown: {key}" for key in ours.keys() - reference.keys()]
    for key in sorted(reference.keys() & ours.keys()):
        least = 4 if key.endswith(".say") else 2 if key.endswith(".head") else -(-3 * len(reference[key]) // 4)
        if key.startswith("modules."):
            least = 3
        if len(ours[key]) < least:
            found.append(f"{key}: {len(ours[key])} entries, expected at least {least}")
        own = {slot for phrase in reference[key] for slot in SLOT.findall(phrase)}
        allowed = own | (COMMON if not key.startswith(("slots.", "modules.", "join.", "it.")) else {"count"})
        for phrase in ours[key]:
            strange = set(SLOT.findall(phrase)) - allowed
            if strange:
                found.append(f"{key}: slots {sorted(strange)} do not belong in {phrase!r}")
            if re.search(r"[()]", CHOICE.sub("", phrase)) and not key.startswith("subject."):
                found.append(f"{key}: parentheses without a choice in {phrase!r}")
            if key.endswith(".say") and phrase.rstrip().endswith((".", "。")):
                found.append(f"{key}: ends with a full stop: {phrase!r}")
    return found


if __name__ == "__main__":
    lines = complaints(sys.argv[-1])
    sys.stdout.write("\n".join([*lines, f"{len(lines)} complaints"]) + "\n")
    sys.exit(bool(lines))
