"""The dbt project as Dagster sees it: parsed once when its files changed, whoever comes first."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp
from zlib import crc32

from filelock import FileLock

from warehouse.contracts.gold import PROJECT
from warehouse.errors import ContractBroken
from warehouse.settings import settings

FOLDERS = ("models", "seeds", "macros", "tests")
PARSERS = ("dbt-core", "dbt-duckdb")
KEPT = 3
"""Older parses that stay: another process may be about to open one."""


@dataclass(frozen=True)
class Parsed:
    """The project as dbt understood it, and a number that changes with its files or with dbt."""

    folder: Path
    fingerprint: int

    @property
    def manifest(self) -> Path:
        """For Dagster, and for people."""
        return self.folder / "manifest.json"

    @property
    def packed(self) -> Path:
        """The same as dbt reads it fastest, and more completely."""
        return self.folder / "partial_parse.msgpack"


def parsed(home: Path | None = None) -> Parsed:
    """The project, parsed below `home` unless that was done before. Raises `ContractBroken` if dbt cannot.

    `home` is the project's own `target`, which an image brings along; where that cannot be written, the lake.
    """
    number = fingerprint()
    # dbt notes where the project lies: a copy elsewhere is parsed for itself.
    name = f"parsed-{number:014x}-{crc32(str(PROJECT).encode()):08x}"
    found = Parsed((home or PROJECT / "target") / name, number)
    if not found.folder.exists():
        found = Parsed((home or _writable()) / name, number)
        found.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(found.folder.with_name("parsed.lock")):
            if not found.folder.exists():
                _parse(found.folder)
    return found


def fingerprint() -> int:
    """Changes when any file of the project does, or a release of dbt."""
    digest = blake2b(repr([version(name) for name in PARSERS]).encode(), digest_size=7)
    inside = [file for folder in FOLDERS for file in (PROJECT / folder).rglob("*") if file.is_file()]
    for file in sorted([PROJECT / "dbt_project.yml", PROJECT / "profiles.yml", *inside]):
        digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return int.from_bytes(digest.digest())


def _writable() -> Path:
    beside = PROJECT / "target"
    return beside if os.access(beside if beside.exists() else PROJECT, os.W_OK) else settings().lake_root / "dbt"


def _parse(folder: Path) -> None:
    """The folder appears when it is complete."""
    unfinished = Path(mkdtemp(prefix="parsing-", dir=folder.parent))
    try:
        command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "parse", "--no-partial-parse"]
        command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        command += ["--target-path", str(unfinished), "--log-path", str(unfinished)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = " ".join((done.stdout + done.stderr).split())
            raise ContractBroken(f"dbt_project cannot be parsed: {said}. Mend it and try again.")
        unfinished.chmod(0o755)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    others = {*folder.parent.glob("parsed-*")} - {folder}
    for old in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
