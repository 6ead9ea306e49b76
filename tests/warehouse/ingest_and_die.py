"""A child process that dies after the n-th durable step: `python ingest_and_die.py ROOT FILE STEP [MAPPING]`."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from warehouse.delta import Lake
from warehouse.ingest import ingest

root, file, step = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
mapping = sys.argv[4] if len(sys.argv) > 4 else None
NOW = datetime(2026, 7, 1, tzinfo=UTC)


class MortalLake(Lake):
    """A lake whose owner is killed right after its n-th commit, be it a write or a merge; 0: never."""

    steps = 0

    def _write(self, *arguments, **named):
        super()._write(*arguments, **named)
        self._count()

    def _merge_checked(self, *arguments, **named):
        super()._merge_checked(*arguments, **named)
        self._count()

    def _count(self):
        MortalLake.steps += 1
        if MortalLake.steps == step:
            os._exit(9)


ingest(MortalLake(root), file, now=NOW, mapping=mapping)
