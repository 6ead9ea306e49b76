"""Search among many tickets: whole requests beside bare searches, stage by stage, and what new tickets cost.

    python -m benchmarks.search [--tickets 100000] [--questions 200] [--rounds 3] [--further 500] [--lake FOLDER]

The lake is a small one made larger (`benchmarks.enlarged`), the questions are tickets that it has never seen. They are
asked over HTTP, by one client and by 32, of the API and of the API with an encoder that has read them before
(`benchmarks.remembering`), in turns. `--lake` takes a lake that `ticketlake build --learn` made, and leaves it alone.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
import psutil

from benchmarks.clients import Answered, ask, family, served
from benchmarks.enlarged import ENCODER, enlarge, larger
from benchmarks.figures import write_section
from benchmarks.lakes import DAYS, lake_in
from benchmarks.searched import bare, recall, stages
from benchmarks.understand import FIELDS
from ml.graph.index import NAME as GRAPH
from ml.retrieve.searcher import TICKETS
from orchestration.defs.indexes import INDEXED, brought_up
from simulator import simulate
from warehouse.delta import Lake
from warehouse.releases import open_release

CLIENTS = 32
WARMED = 6
"""Times that everything is asked before: until each worker has most likely read each question."""
SOON, MANY, FOUND, SHARE = 25.0, 50.0, 0.98, 0.03
"""Targets: milliseconds beside the forward, requests a second, recall, share of building."""
SERVERS = {"with": ("cli.main", "serve", "--port"), "without": ("benchmarks.remembering",)}
"""With and without the encoder's forward pass."""


def requests(root: Path, tickets: Sequence[dict[str, Any]], rounds: int) -> dict[str, float]:
    """Quantiles in milliseconds, requests a second, and megabytes, of both servers asked in turns."""
    bodies = [msgspec.json.encode({"ticket": one}) for one in tickets]
    heard: dict[str, list[Answered]] = {f"{name} {clients}": [] for name in SERVERS for clients in (1, CLIENTS)}
    workers = os.cpu_count() or 1
    with (
        served(root, *SERVERS["with"], workers=workers) as first,
        served(root, *SERVERS["without"], workers=workers) as second,
    ):
        servers = {"with": first, "without": second}
        for server in servers.values():
            for _ in range(WARMED):
                ask(*server, bodies, CLIENTS)
        for _ in range(rounds):
            for clients in (1, CLIENTS):
                for name, server in servers.items():
                    heard[f"{name} {clients}"].append(ask(*server, bodies, clients))
        memory = sum(psutil.Process.memory_full_info(one).pss for one in family(first[1])) / 1e6
    found = {"memory": memory}
    for name, answers in heard.items():
        took = np.concatenate([one.took for one in answers])
        found |= {f"{name} p{share}": float(np.percentile(took, share)) for share in (50, 99)}
        found[f"{name} rate"] = float(np.median([one.rate for one in answers]))
        found[f"{name} effort"] = float(np.median([one.effort for one in answers]))
    return found


def asking(folder: Path, questions: int) -> list[dict[str, Any]]:
    """Tickets that no lake has: what is known of them when they are opened."""
    file = folder / "questions.json"
    simulate("realistic", questions, DAYS, 11, file)
    rows = msgspec.json.decode(file.read_bytes(), type=list[dict[str, Any]])
    return [{name: row[name] for name in FIELDS if row.get(name) is not None} for row in rows]


def added(root: Path, further: int) -> dict[str, float]:
    """Seconds to bring the index of tickets up when there is nothing new, and when there are so many."""
    lake = Lake(root)
    encoder = open_release(root).artifact(ENCODER)
    took = {}
    for name, more in (("empty", 0), ("delta", further)):
        if more:
            enlarge(lake, encoder, more, seed=11)
        began = perf_counter()
        brought_up(lake, INDEXED[0], encoder)
        took[name] = perf_counter() - began
    return took


def measure(root: Path, asked: Sequence[dict[str, Any]], *, tickets: int, rounds: int, further: int) -> str:
    """Everything, as the text of the section; changes the lake at `root`."""
    seconds = larger(root, tickets)
    http = requests(root, asked, rounds)
    within = stages(root, asked)
    peers = bare(root, within.vectors, within.texts)
    nearest = recall(root, within.vectors)
    return "\n\n".join(
        [
            f"{tickets:,} tickets, made of a lake of few: fields, attempts, issue and edges of one, words and vectors "
            f"mixed of two. {len(asked)} questions that the lake never saw, {rounds} rounds in turns; load of the "
            f"machine over 15 minutes {os.getloadavg()[2]:.1f}. Without the forward: an encoder that has read the "
            "questions before.",
            _told_requests(http, within.took["forward of the encoder"], peers),
            _told_stages(within.took),
            _told_indexes(nearest, seconds, added(root, further), further),
        ]
    )


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--further", type=int, default=500)
    parser.add_argument("--lake", type=Path, help="a lake that `ticketlake build --learn` made")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticketlake-"))
    try:
        root = lake_in(folder, options.lake)
        asked = asking(folder, options.questions)
        text = measure(root, asked, tickets=options.tickets, rounds=options.rounds, further=options.further)
    finally:
        shutil.rmtree(folder)
    print(text)
    write_section("Search", "python -m benchmarks.search", text)


def _told_requests(http: dict[str, float], forward: float, peers: dict[str, float]) -> str:
    head = ["| `POST /v1/solutions` | p50 | p99 | a second | of all cores |", "| --- | --- | --- | --- | --- |"]
    rows = [
        f"| {name} the encoder's forward, {clients} {'client' if clients == 1 else 'clients'} "
        f"| {http[f'{name} {clients} p50']:.1f} ms | {http[f'{name} {clients} p99']:.1f} ms "
        f"| {http[f'{name} {clients} rate']:.0f} | {http[f'{name} {clients} effort']:.1f} ms |"
        for name in SERVERS
        for clients in (1, CLIENTS)
    ]
    rows += [f"| bare: {name} | {took:.1f} ms | | | |" for name, took in peers.items()]
    told = (
        f"Targets: one client under {SOON:.0f} ms beside the forward ({http['without 1 p50']:.1f}; with it "
        f"{http['with 1 p50']:.1f} of {SOON + forward:.1f}), at least {MANY:.0f} a second with {CLIENTS} clients "
        f"({http[f'with {CLIENTS} rate']:.0f}). One worker a core; memory of all together: {http['memory']:.0f} MB."
    )
    return "\n".join([*head, *rows, "", told])


def _told_stages(took: dict[str, float]) -> str:
    head = ["| of one request, in the process, median | ms |", "| --- | --- |"]
    return "\n".join([*head, *(f"| {name} | {value:.1f} |" for name, value in took.items())])


def _told_indexes(nearest: dict[str, float], seconds: dict[str, float], more: dict[str, float], further: int) -> str:
    share = (more["delta"] - more["empty"]) / seconds[TICKETS]
    return "\n".join(
        [
            "| index of tickets | |",
            "| --- | --- |",
            *(f"| {name} | {value:.4f} (target: at least {FOUND}) |" for name, value in nearest.items()),
            f"| built | {seconds[TICKETS]:.1f} s |",
            f"| brought up, nothing new | {more['empty']:.2f} s |",
            f"| brought up, {further} tickets more | {more['delta']:.2f} s |",
            f"| (new - nothing new) / built | {share:.1%} (target: at most {SHARE:.0%}) |",
            f"| the graph of all, in Kùzu and as arrays, built | {seconds[GRAPH]:.1f} s |",
        ]
    )


if __name__ == "__main__":
    main()
