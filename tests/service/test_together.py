"""Calls that wait for the same work are done together."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock
from time import monotonic, sleep

import pytest

from service.together import Together

MOST = 4


class Work:
    """Doubles what it is asked; remembers what came at once, and who worked at the same time."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.free, self.began = Event(), Event()
        self._alone = Lock()

    def __call__(self, asked):
        assert self._alone.acquire(blocking=False), "two work at once"
        try:
            self.batches.append([*asked])
            self.began.set()
            assert self.free.wait(20)
            if any(one < 0 for one in asked):
                raise ValueError("below zero")
            return [2 * one for one in asked]
        finally:
            self._alone.release()


def until_waiting(together, number):
    end = monotonic() + 20
    while len(together._waiting) < number:
        assert monotonic() < end
        sleep(0.001)


def test_whoever_comes_meanwhile_goes_together_in_order_and_at_most_so_many():
    work = Work()
    together = Together(work, MOST)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(together, 0)
        assert work.began.wait(20)
        rest = []
        for number in range(1, 10):
            rest.append(pool.submit(together, number))
            until_waiting(together, number)
        work.free.set()
        assert [one.result(20) for one in [first, *rest]] == [2 * number for number in range(10)]
    assert work.batches == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9]]


def test_alone_nobody_waits_for_others():
    work = Work()
    work.free.set()
    together = Together(work, MOST)
    assert [together(number) for number in (1, 2)] == [2, 4]
    assert work.batches == [[1], [2]]


def test_what_is_wrong_with_one_is_not_the_others_fault():
    work = Work()
    together = Together(work, MOST)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(together, 1)
        assert work.began.wait(20)
        bad, good = pool.submit(together, -1), pool.submit(together, 3)
        until_waiting(together, 2)
        work.free.set()
        assert (first.result(20), good.result(20)) == (2, 6)
        with pytest.raises(ValueError, match="below zero"):
            bad.result(20)
    assert together(4) == 8, "whoever comes later is served"


def test_many_threads_get_each_their_own_answer():
    together = Together(lambda asked: [2 * one for one in asked], MOST)
    start = Barrier(16)

    def asks(mine):
        start.wait(20)
        return [together(mine * 1_000 + number) for number in range(300)]

    with ThreadPoolExecutor(16) as pool:
        found = [*pool.map(asks, range(16))]
    assert found == [[2 * (mine * 1_000 + number) for number in range(300)] for mine in range(16)]
