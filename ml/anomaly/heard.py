"""What tickets say of themselves that needs a person now: phrases in eight languages, unless they are taken back."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import polars as pl

from ml.anomaly import phrases
from ml.text import urgency
from ml.text.spans import FEW, Words, find_words, searchable

TRIGGERS = ("system_down", "data_loss", "security", "legal", "urgent")
"""What can be heard in a text."""
NEAR, NEAR_BACK = 32, 24
"""Characters that may stand between thing and state, and between state and thing where the state comes first."""
AROUND = 48
"""Characters before a phrase in which it may be taken back; half as many after it."""
WORDS_BETWEEN = 3
INFLECTED, COMPOUND = 7, 5
"""Letters from which on a phrase may be inflected by one or two more, and a German thing the last part of a word."""
PRODUCT = "product"
"""What stands in a phrase for the name of one."""
SCHEMA = {"text": pl.Int64, "trigger": pl.String, "phrase": pl.String}
_STOP = re.compile(r"[.!?;:](?=\s|\Z)|[。！？；\n]")
_SPACELESS = ("ja", "zh")
_NEVER = r"(?!)"
_INFLECTION = re.compile(r"[^\W\d_]{1,2}(?!\w)")
_START = 4
_LONGEST = 96
"""Characters from the start of a thing to that of its state: its own length and what may stand between."""
_IDEOGRAPHIC = re.compile("[\u2e80-\ufaff]")


class _Use(NamedTuple):
    """One way to read a phrase: of which trigger it is, in what part (alone, thing or state), in which language."""

    trigger: str
    part: str
    language: str


_NAME = tuple(_Use("system_down", "thing", language) for language in phrases.LANGUAGES)


class _Span(NamedTuple):
    start: int
    end: int
    value: str


def heard(texts: pl.Series, names: Iterable[str | None] = ()) -> pl.DataFrame:
    """One row per text (index) and trigger, with the phrase by which it is said, in lower case; columns `SCHEMA`.

    `names` are those of products, which may break down like any system. Thing and state belong together when they stand
    near each other in one sentence.
    """
    said = searchable(texts).str.to_lowercase()
    own = frozenset(name.lower() for name in names if name and len(name) > 2)
    listed = _lexicon() if len(said) > FEW else _begun(said)
    found = find_words(said, Words.of({phrase: phrase for phrase in (*listed, *own)}))
    rows = []
    for (text,), spans in found.group_by("text", maintain_order=True):
        place = int(str(text))
        told = _told(said[place], [_Span(*row) for row in spans.select("start", "end", "value").iter_rows()], own)
        rows += [(place, trigger, told[trigger]) for trigger in TRIGGERS if trigger in told]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _told(text: str, spans: Sequence[_Span], names: Collection[str]) -> dict[str, str]:
    """By trigger the first phrase that says it and is not taken back."""
    said: dict[str, dict[tuple[_Span, ...], set[str]]] = {trigger: defaultdict(set) for trigger in TRIGGERS}
    parts: defaultdict[tuple[str, str, str], list[_Span]] = defaultdict(list)
    for span in spans:
        for use in (*_lexicon().get(span.value, ()), *(_NAME if span.value in names else ())):
            if not _whole(text, span, use):
                continue
            if use.part == "alone":
                said[use.trigger][(span,)].add(use.language)
            else:
                parts[use.trigger, use.language, use.part].append(span)
    for (trigger, language, part), states in parts.items():
        if part == "state":
            for pair in _pairs(text, states, parts.get((trigger, language, "thing"), [])):
                said[trigger][pair].add(language)
    found = {}
    for trigger, ways in said.items():
        stands = (way for way, languages in ways.items() if not _taken_back(text, trigger, way, languages))
        first = next(stands, None)
        if first is not None:
            found[trigger] = " … ".join(span.value if span.value in _lexicon() else PRODUCT for span in first)
    return found


def _whole(text: str, span: _Span, use: _Use) -> bool:
    """Whether the phrase ends where words end; between scripts without spaces every place is such a one."""
    begins = not _joined(text[span.start - 1 : span.start], span.value[0])
    ends = not _joined(span.value[-1], text[span.end : span.end + 1])
    if not ends and len(span.value) >= INFLECTED and use.language not in (*_SPACELESS, "en"):
        ends = _INFLECTION.match(text, span.end) is not None
    compound = use.language == "de" and use.part == "thing" and len(span.value) >= COMPOUND
    return (begins or compound) and ends


def _joined(left: str, right: str) -> bool:
    """Whether two neighbours are of one word."""
    return bool(left and right) and all(
        (letter.isalnum() or letter == "_") and not _IDEOGRAPHIC.match(letter) for letter in (left, right)
    )


def _pairs(text: str, states: Sequence[_Span], things: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """Of each state and the things near it in its sentence, in the order in which they stand."""
    starts = [thing.start for thing in things]
    for state in states:
        close = slice(bisect_left(starts, state.start - _LONGEST), bisect_right(starts, state.end + NEAR_BACK))
        for thing in things[close]:
            first, last = sorted((thing, state))
            between = text[first.end : last.start]
            if len(between) <= (NEAR if first is thing else NEAR_BACK) and not _STOP.search(between):
                yield first, last


def _taken_back(text: str, trigger: str, way: Sequence[_Span], languages: Collection[str]) -> bool:
    """Whether what stands beside the phrase denies it; or only supposes it, in every language that it may be of."""
    for span in way:
        before, after = text[max(0, span.start - AROUND) : span.start], text[span.end : span.end + AROUND // 2]
        found = [_denials(language) for language in languages]
        if any(denied.search(before) or later.match(after) for denied, _, later in found):
            return True
        if all(supposed.search(before) for _, supposed, _ in found):
            return True
    return trigger == "urgent" and urgency.denied(text, way[0].start, way[0].end)


@cache
def _denials(language: str) -> tuple["re.Pattern[str]", "re.Pattern[str]", "re.Pattern[str]"]:
    """What denies a phrase before it, what supposes it, and what takes it back after it."""
    denied, supposed, later, yet = (
        "|".join(re.escape(one) for one in found[language]) or _NEVER
        for found in (phrases.DENIED, phrases.SUPPOSED, phrases.DENIED_AFTER, phrases.YET)
    )
    if language in _SPACELESS:
        before = r"(?:{})(?!{})[^。,、！？,.!?]{{0,6}}\Z"
        behind = rf"[^。,、！？,.!?]{{0,4}}(?:{later})"
    else:
        words = rf"(?:[^\w.!?;:,()\n]+[\w'’-]+){{0,{WORDS_BETWEEN}}}[^\w.!?;:,()\n]*\Z".replace("{", "{{").replace(
            "}", "}}"
        )
        before = r"(?:(?<!\w)|(?=n['’]t))(?:{})\b(?!\W+(?:{})\b)" + words
        behind = rf"\W{{0,3}}(?:\w+\W)?(?:{later})\b"
    return (
        re.compile(before.format(denied, yet)),
        re.compile(before.format(supposed, yet)),
        re.compile(behind),
    )


def _begun(texts: pl.Series) -> list[str]:
    """Phrases that stand in one of a few texts: only those are looked for whose first letters do."""
    whole, begins = "\n".join(texts.to_list()), _beginnings()
    starts = {whole[place : place + _START] for place in range(len(whole))} | {*whole}
    return [phrase for start in starts for phrase in begins.get(start, ()) if phrase in whole]


@cache
def _beginnings() -> dict[str, list[str]]:
    """Phrases by how they begin."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for phrase in _lexicon():
        found[phrase[: _START if len(phrase) >= _START else 1]].append(phrase)
    return dict(found)


@cache
def _lexicon() -> dict[str, tuple[_Use, ...]]:
    """How each phrase can be read, things that are a part of it included."""
    uses: defaultdict[str, list[_Use]] = defaultdict(list)
    for phrase, trigger, part, language in phrases.listed():
        uses[phrase].append(_Use(trigger, part, language))
    for language, words in urgency.WORDS.items():
        for phrase in words:
            uses[phrase].append(_Use("urgent", "alone", language))
    things = {phrase: [use for use in found if use.part == "thing"] for phrase, found in uses.items()}
    return {
        phrase: tuple(dict.fromkeys([*found, *(use for part in _within(phrase) for use in things.get(part, ()))]))
        for phrase, found in uses.items()
    }


def _within(phrase: str) -> Iterator[str]:
    """What a longer phrase hides from being found: its runs of words, or of characters where there are no spaces."""
    parts, glue = (list(phrase), "") if _IDEOGRAPHIC.search(phrase) else (phrase.split(" "), " ")
    for first in range(len(parts)):
        for last in range(first + 1, len(parts) + 1):
            if last - first < len(parts):
                yield glue.join(parts[first:last])
