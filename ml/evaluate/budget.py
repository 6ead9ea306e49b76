"""Learners fitted in processes of their own, so that one beyond its share can be ended: no library is asked to stop."""

import os
import sys
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import polars as pl

from ml.classify import families
from ml.classify.learner import Answering, Inputs

FAILURE = "failure.txt"
LEARNER = "learner"


class Budget:
    """Seconds that a run may take, counted from its beginning."""

    def __init__(self, seconds: float) -> None:
        """Starts now."""
        self.seconds = seconds
        self._began = perf_counter()

    @property
    def used(self) -> float:
        """Seconds since the beginning."""
        return perf_counter() - self._began

    @property
    def left(self) -> float:
        """Seconds until the end; below 0 afterwards."""
        return self.seconds - self.used


@dataclass(frozen=True)
class Task:
    """What a learner is fitted on."""

    family: str
    train: Inputs
    labels: pl.Series
    validation: Inputs
    validation_labels: pl.Series
    seed: int
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """A fitted learner, or why there is none."""

    learner: Answering | None
    status: str
    """`fitted`, `skipped: budget`, or `failed: ` and the reason."""
    seconds: float


def fit_within(task: Task, seconds: float) -> Outcome:
    """Fit in a process of its own, ended when the seconds are over."""
    began = perf_counter()
    if seconds <= 0:
        return Outcome(None, "skipped: budget", 0.0)
    with TemporaryDirectory() as place:
        folder = Path(place)
        process = get_context("spawn").Process(target=_fit, args=(task, folder), daemon=True)
        process.start()
        try:
            process.join(seconds)
        finally:
            ended = not process.is_alive()
            process.kill()
            process.join()
        took = perf_counter() - began
        if not ended:
            return Outcome(None, "skipped: budget", took)
        failure = folder / FAILURE
        if failure.exists() or process.exitcode != 0:
            why = failure.read_text() if failure.exists() else f"its process ended with {process.exitcode}"
            return Outcome(None, f"failed: {why}", took)
        learner = families.loading(task.family).load(folder / LEARNER)
        return Outcome(learner, "fitted", took)


def _fit(task: Task, folder: Path) -> None:
    """In the other process: what libraries print there is nobody's output."""
    silent = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(silent, stream.fileno())
    try:
        learner = families.fitting(task.family).fit(
            task.train,
            task.labels,
            task.validation,
            task.validation_labels,
            seed=task.seed,
            parameters=task.parameters,
        )
        (folder / LEARNER).mkdir()
        learner.save(folder / LEARNER)
    except Exception as error:
        message = " ".join(str(error).split())[:200]
        (folder / FAILURE).write_text(f"{type(error).__name__}: {message}")
