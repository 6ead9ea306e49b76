"""Answers beside the bare encoder: one ticket through HTTP, and many from the lake to `predictions/tickets`.

    python -m benchmarks.understand [--tickets 12000] [--batch 20000] [--requests 200] [--lake FOLDER]

Online: the median of `POST /v1/predict-ticket` beside the least that an answer takes (the bare forward of the text, all
champions' probabilities and contributions, one fsync), of the same tickets in turns of twenty. Batch: features,
embeddings and predictions of tickets that are new to a lake, beside the forward of the same texts; then again with
nothing new. `--lake` takes a lake that has learned, and leaves it as it is.
"""

import argparse
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import httpx
import msgspec
import numpy as np
import polars as pl
import psutil

from benchmarks.figures import write_section
from benchmarks.lakes import DAYS, lake_in, ticketlake, until_ready
from cli.main import EXIT_QUARANTINED
from ml import features
from ml.answers import answer
from ml.classify.learner import Inputs
from ml.inputs import encoded, of_one
from ml.text import encoder as encoders
from orchestration.defs.embeddings import embed
from orchestration.defs.features import follow_histories, follow_tickets
from orchestration.defs.predictions import follow
from service.loading import Loading
from service.models import Models
from simulator import simulate
from warehouse.artifacts import Artifact
from warehouse.contracts import silver
from warehouse.contracts.ticket_features import CUSTOMERS, PRODUCTS, TICKETS
from warehouse.delta import Lake
from warehouse.refine import refine
from warehouse.releases import Release, open_release

ONLINE, BATCH, AGAIN = 1.5, 1.25, 0.03
TURN = 20
FIELDS = ["subject", "description", "product", "product_module", "channel", "customer_id", "customer_tier", "region"]


def online(root: Path, requests: int) -> dict[str, float]:
    """Milliseconds of a request and of what it cannot do without, in turns; megabytes of the process that serves.

    In turns of several: the threads of a forward stay awake for a while, and would take the server's place.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ticketlake(root, "serve", "--port", str(port))
    rows = Lake(root).read(silver.TICKETS).sample(requests + TURN, seed=7, with_replacement=True)
    bare, inputs = _bare(root, rows)
    bodies = [{k: v for k, v in row.items() if v is not None} for row in rows.select(FIELDS).iter_rows(named=True)]
    took: dict[str, list[float]] = {"http": [], "own": [], **{name: [] for name in bare}}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until_ready(client, server)
            for first in range(0, requests + TURN, TURN):
                turn = range(first, min(first + TURN, requests + TURN))
                for name, work in bare.items():
                    took[name] += [_milliseconds(work, inputs, place) for place in turn]
                for place in turn:
                    began = perf_counter()
                    reply = client.post("/v1/predict-ticket", json=bodies[place])
                    took["http"].append((perf_counter() - began) * 1e3)
                    took["own"].append(reply.raise_for_status().json()["latency_ms"])
            memory = psutil.Process(server.pid).memory_info().rss / 1e6
    finally:
        server.terminate()
        server.wait(60)
    known = {name: values[TURN:] for name, values in took.items()}
    p99 = float(np.quantile(known["http"], 0.99))
    return {**{name: median(values) for name, values in known.items()}, "p99": p99, "memory": memory}


def _bare(root: Path, rows: pl.DataFrame) -> tuple[dict[str, Callable[[Inputs], object]], list[Inputs]]:
    """What an answer cannot do without, each on the inputs of one ticket."""
    release = open_release(root)
    models = Models.load(Loading(release, {}), lambda *_: None)
    assert models.encoder is not None
    encoder, texts = models.encoder, encoded(rows)
    vectors = encoder.encode(texts.to_list())
    known = rows.select("ticket_id").join(Lake(root).read(TICKETS), on="ticket_id", how="left", maintain_order="left")
    inputs = of_one(rows, texts, known, vectors)
    asked = {name: one for name, one in models.champions.items() if models.judges[name].silent is None}

    def judge(one: Inputs) -> None:
        for given in answer(asked, one, lambda *_: None).values():
            given.member.explain(one, given.best.tolist(), full=False)

    def keep(_: Inputs) -> None:
        with (root / "fsync").open("ab") as file:
            file.write(b"x" * 1_000)
            os.fsync(file.fileno())

    bare: dict[str, Callable[[Inputs], object]] = {
        "forward": lambda one: encoder.encode([one.texts[0]]),
        "champions": judge,
        "fsync": keep,
    }
    return bare, [inputs.take(np.array([place])) for place in range(rows.height)]


def _milliseconds(work: Callable[[Inputs], object], inputs: list[Inputs], place: int) -> float:
    began = perf_counter()
    work(inputs[place])
    return (perf_counter() - began) * 1e3


def batch(root: Path, folder: Path, tickets: int) -> dict[str, float]:
    """Seconds from silver to predictions for tickets new to the lake, of the bare forward, and with nothing new."""
    file = folder / "more.json"
    simulate("realistic", tickets, DAYS, 11, file)
    rows = msgspec.json.decode(file.read_bytes(), type=list[dict[str, Any]])
    # Numbers of their own, or they would be taken for later records of the lake's tickets.
    file.write_bytes(msgspec.json.encode([{**row, "ticket_id": f"B-{place}"} for place, row in enumerate(rows)]))
    lake, release = Lake(root), open_release(root)
    before = lake.read(silver.TICKETS, columns=["ticket_id"])
    models = {name.split("/")[1]: part for name, part in release.artifacts.items() if "split" in part.card}
    models.pop("category_baseline", None)
    artifact = release.artifact("models/encoder")
    for _, work in _steps(lake, artifact, models):
        work()
    if ticketlake(root, "ingest", str(file)).wait() not in (0, EXIT_QUARANTINED):
        raise SystemExit("the tickets could not be ingested")
    refine(lake)
    new = lake.read(silver.TICKETS).join(before, on="ticket_id", how="anti")
    texts = encoded(new).unique(maintain_order=True).to_list()
    bare = encoders.load(artifact.path)
    bare.encode(texts[:32])
    began = perf_counter()
    bare.encode(texts)
    forward = perf_counter() - began
    parts: dict[str, float] = {}
    for name in ("first", "again"):
        for part, work in _steps(lake, artifact, models):
            began = perf_counter()
            work()
            parts[f"{name} {part}"] = perf_counter() - began
    return {"tickets": new.height, "texts": len(texts), "forward": forward, **parts}


def _steps(lake: Lake, encoder: Artifact, models: Mapping[str, Artifact]) -> list[tuple[str, Callable[[], object]]]:
    return [
        ("customers", lambda: follow_histories(lake, CUSTOMERS, features.CUSTOMERS)),
        ("products", lambda: follow_histories(lake, PRODUCTS, features.PRODUCTS)),
        ("features", lambda: follow_tickets(lake)),
        ("embeddings", lambda: embed(lake, encoder, lambda _: None)),
        ("predictions", lambda: follow(lake, encoder, models)),
    ]


def main() -> None:
    """Measure, print, and write the section of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=12_000)
    parser.add_argument("--batch", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--families", default="", help="as in the setting FAMILIES; empty: all")
    parser.add_argument("--lake", type=Path, help="a lake that `ticketlake build --learn` made")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticketlake-"))
    try:
        root = lake_in(folder, options.lake, options.tickets, options.families)
        champions = _champions(open_release(root))
        one = online(root, options.requests)
        many = batch(root, folder, options.batch)
    finally:
        shutil.rmtree(folder)
    text = f"Champions: {champions}.\n\n{_online(one, options.requests)}\n\n{_batch(many)}"
    print(text)
    write_section("Understanding", "python -m benchmarks.understand", text)


def _champions(release: Release) -> str:
    found = {
        name.split("/")[1]: part.card.get("method", "").split(" then ")[0] for name, part in release.artifacts.items()
    }
    return ", ".join(f"{name} {method}" for name, method in found.items() if method and name != "category_baseline")


def _online(one: dict[str, float], requests: int) -> str:
    least = one["forward"] + one["champions"] + one["fsync"]
    return "\n".join(
        [
            f"| one ticket, {requests} in turns of {TURN} | median |",
            "| --- | --- |",
            f"| bare forward of the encoder | {one['forward']:.1f} ms |",
            f"| all champions' probabilities and contributions | {one['champions']:.1f} ms |",
            f"| one fsync | {one['fsync']:.1f} ms |",
            f"| `POST /v1/predict-ticket` | {one['http']:.1f} ms (p99 {one['p99']:.1f} ms) |",
            f"| of which before the answer is kept | {one['own']:.1f} ms |",
            f"| ratio to the three | {one['http'] / least:.2f} (target: at most {ONLINE}) |",
            f"| ratio to the forward alone | {one['http'] / one['forward']:.2f} |",
            f"| memory of the serving process | {one['memory']:.0f} MB |",
        ]
    )


def _batch(many: dict[str, float]) -> str:
    steps = ("customers", "products", "features", "embeddings", "predictions")
    first, again = (sum(many[f"{name} {step}"] for step in steps) for name in ("first", "again"))
    return "\n".join(
        [
            f"| {many['tickets']:,.0f} new tickets, {many['texts']:,.0f} texts | seconds |",
            "| --- | --- |",
            f"| bare forward of the encoder | {many['forward']:.1f} |",
            *(f"| {step} | {many[f'first {step}']:.1f} |" for step in steps),
            f"| all / bare forward | {first / many['forward']:.2f} (target: at most {BATCH}) |",
            f"| again with nothing new | {again:.2f} = {again / first:.1%} (target: under {AGAIN:.0%}) |",
        ]
    )


if __name__ == "__main__":
    main()
