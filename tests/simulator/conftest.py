"""One simulation for the whole room: 6,000 realistic tickets, read back with their truth."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import simulator

TICKETS, DAYS, SEED = 6_000, 180, 7


@dataclass(frozen=True)
class Simulated:
    """A ticket file: its lines, its sound tickets in order of first appearance, its truth tables."""

    path: Path
    report: simulator.SimulationReport
    lines: list[bytes]
    tickets: list[dict[str, Any]]
    truth: dict[str, pl.DataFrame]

    @property
    def by_id(self) -> dict[str, dict[str, Any]]:
        return {ticket["ticket_id"]: ticket for ticket in self.tickets}


def read(path: Path, report: simulator.SimulationReport) -> Simulated:
    truth = {
        file.stem: pl.read_parquet(file) for file in sorted((path.parent / f"{path.name}.truth").glob("*.parquet"))
    }
    lines = path.read_bytes().splitlines()
    extra = set(truth["defects"]["position"].to_list())
    tickets = [json.loads(line) for place, line in enumerate(lines) if place not in extra]
    return Simulated(path, report, lines, tickets, truth)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    out = tmp_path_factory.mktemp("simulated") / "tickets.jsonl"
    return read(out, simulator.simulate("realistic", TICKETS, DAYS, SEED, out))
