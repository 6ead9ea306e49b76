"""How long the stages of an answer take, told to whoever listens; where nobody does it costs next to nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

Listening = Callable[[str, float], object]
"""Hears of a stage and the seconds that it took."""
_listening: ContextVar[Listening | None] = ContextVar("listening", default=None)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """What is done within is one stage; a stage that fails took its time, too."""
    hear = _listening.get()
    if hear is None:
        yield
        return
    began = perf_counter()
    try:
        yield
    finally:
        hear(name, perf_counter() - began)


@contextmanager
def heard(by: Listening) -> Iterator[None]:
    """Stages of this context, and of threads that work for it, are told to `by`."""
    token = _listening.set(by)
    try:
        yield
    finally:
        _listening.reset(token)
