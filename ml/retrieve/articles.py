"""Articles of a knowledge base (Markdown) in passages, each with the headings above it."""

import re

import polars as pl

from ml.retrieve import passages as cutting
from ml.retrieve import redacted as redaction
from ml.retrieve.passages import cut
from ml.retrieve.redacted import redacted
from ml.text import sources
from ml.text.vectors import text_hash

COLUMNS = ["article_id", "title", "body", "product", "module", "language", "created_at", "updated_at"]
"""What is read of articles."""
JOINT = " > "
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"\s*(?:[-*+]|[0-9]{1,9}[.)])\s+")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})\Z")
_LINK = re.compile(r"!?\[([^\]\[]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)")
_MARK = re.compile(r"(\*\*|__|`|~~)(?=\S)(.+?)(?<=\S)\1")


def articles(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `search/passages`, in order: of each article (`COLUMNS`) its passages as they follow each other.

    An article that says nothing has one passage, its title.
    """
    pieces = [
        (article, number, path, text)
        for article, body in enumerate(redacted(rows["body"]))
        for number, (path, text) in enumerate(_pieces(body), 1)
    ]
    schema = {"article": pl.Int64, "number": pl.Int64, "path": pl.String, "text": pl.String}
    found = pl.DataFrame(pieces, schema=schema, orient="row")
    of = rows[found["article"].to_list()]
    made = pl.DataFrame(
        {
            "passage_id": of["article_id"] + "#" + found["number"].cast(pl.String),
            "article_id": of["article_id"],
            "title": redacted(of["title"]),
            "path": found["path"],
            "text": found["text"],
            "language": of["language"],
            "product": of["product"],
            "product_module": of["module"],
            "created_at": of["created_at"],
            "updated_at": of["updated_at"],
        }
    )
    return made.with_columns(text_hash(encoded(made)))


def encoded(rows: pl.DataFrame) -> pl.Series:
    """What an encoder is given of passages: title, headings and text, as sentences."""
    parts = [rows[name] for name in ("title", "path", "text")]
    said = [". ".join(part for part in of if part) for of in zip(*parts, strict=True)]
    return pl.Series("text", said, dtype=pl.String)


def sections(body: str) -> list[tuple[str, str]]:
    """Headings from the top, joined, and the text below them, in order (CommonMark 0.31: ATX and Setext headings)."""
    found: list[tuple[list[str], list[str]]] = [([], [])]
    above: list[tuple[int, str]] = []
    fence = ""
    for line in body.splitlines():
        opening = _FENCE.match(line)
        if fence or opening:
            if opening and not fence:
                fence = opening[1]
            elif opening and opening[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
            found[-1][1].append(line)
            continue
        level, title = _heading(line, found[-1][1])
        if not level:
            if not _RULE.match(line):
                found[-1][1].append(line)
            continue
        above = [one for one in above if one[0] < level] + [(level, title)]
        found.append(([name for _, name in above if name], []))
    return [(JOINT.join(path), "\n".join(lines).strip()) for path, lines in found]


def digest() -> str:
    """Changes with what `articles` does."""
    return sources.digest(__file__, str(cutting.__file__)) + redaction.digest()


def _heading(line: str, before: list[str]) -> tuple[int, str]:
    """Level and title of a heading that this line is, or makes of the line before; level 0 for none."""
    plain = _HEADING.match(line)
    if plain:
        return len(plain[1]), _unmarked(plain[2] or "")
    under = _UNDERLINE.match(line)
    alone = (
        before and before[-1].strip() and not _ITEM.match(before[-1]) and (len(before) < 2 or not before[-2].strip())
    )
    if under and alone:
        return (1 if under[1].startswith("=") else 2), _unmarked(before.pop())
    return 0, ""


def _pieces(body: str) -> list[tuple[str, str]]:
    """Passages of a body with their headings; sections without text are passed over."""
    said = [(path, piece) for path, text in sections(body) if text for piece in cut("", _plain(text))]
    return [(path, piece) for path, piece in said if piece] or [("", "")]


def _plain(text: str) -> str:
    """A section as sentences: list items end where their lines do, and keep their numbers as `1)`."""
    lines: list[str] = []
    number = 0
    for line in text.splitlines():
        if _FENCE.match(line):
            continue
        item = _ITEM.match(line)
        said = _unmarked(line[item.end() :] if item else line).strip()
        if item is None:
            lines.append(said)
            continue
        digits = item.group().strip(" \t.)")
        if digits.isdigit():
            number = max(number + 1, int(digits)) if number else int(digits)
        elif not item.group()[0].isspace():
            number = 0
        mark = f"{number}) " if digits.isdigit() else ""
        stop = "." if said[-1:].isalnum() and said.isascii() else ""
        lines.append(f"\n{mark}{said}{stop}\n")
    return "\n".join(lines)


def _unmarked(text: str) -> str:
    return _MARK.sub(r"\2", _LINK.sub(r"\1", text)).strip()
