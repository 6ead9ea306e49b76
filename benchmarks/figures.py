"""Where measured figures go: sections of docs/benchmarks.md, written by the scripts and never by hand."""

import re
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by the scripts in `benchmarks/`. Machines are shared and noisy: compare ratios, not seconds.
"""


def machine() -> str:
    """Cores, memory and processor."""
    import psutil

    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores, {memory:.0f} GB, {found[1] if found else 'unknown processor'}"


def write_section(title: str, command: str, text: str) -> None:
    """Put the section into the document, in the place of an older one of the same title."""
    document = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else HEAD
    today = datetime.now(UTC).date()  # noqa: TID251 the day on which it was measured
    section = f"## {title}\n\n`{command}`, {today}, {machine()}.\n\n{text}\n"
    before = rf"## {re.escape(title)}\n.*?(?=\n## |\Z)"
    if re.search(before, document, re.S):
        document = re.sub(before, lambda _: section, document, count=1, flags=re.S)
    else:
        document = f"{document.rstrip()}\n\n{section}"
    DOCUMENT.write_text(document, encoding="utf-8")
