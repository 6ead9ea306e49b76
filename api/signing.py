"""The secret that signs tokens: given by a setting, or made once and kept beside the operational store."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from warehouse.settings import Settings

FILE = "operations/jwt_secret"


def signing_secret(settings: Settings) -> str:
    """`JWT_SECRET`, or what lies below the lake, made where nothing does; its owner alone may read the file.

    Processes that start at once agree: a file is complete before it has its name, and the first name stays.
    """
    given = settings.jwt_secret.get_secret_value()
    if given:
        return given
    file = settings.lake_root / FILE
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        _make(file)
    return file.read_text(encoding="utf-8").strip()


def _make(file: Path) -> None:
    draft = file.with_name(f"{file.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as opened:
            opened.write(token_hex(32))
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
