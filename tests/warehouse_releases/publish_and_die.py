"""Publishes one release and dies before its n-th change of the file system: `python publish_and_die.py ROOT N`."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from warehouse import releases
from warehouse.delta import Lake

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}


def main(root: Path, die_at: int) -> None:
    lake = Lake(root)
    done = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal done
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or writes:
            done += 1
            if done == die_at:
                os._exit(9)

    sys.addaudithook(count)
    parts = [releases.stage(lake, name, lambda f: (f / "w").write_text("new") and None, {}) for name in ("m/a", "m/b")]
    now = datetime(2026, 3, 2, tzinfo=UTC)
    expected = releases.current_id(root)
    releases.publish(lake, parts, {"silver/tickets": 2}, 5, expected=expected, now=now)
    releases.retain(lake, keep=1, now=now)


main(Path(sys.argv[1]), int(sys.argv[2]))
