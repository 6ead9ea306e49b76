"""Token buckets: what they give, how fast they fill, and that all who open one file share it."""

from multiprocessing import get_context

import pytest

from api.rates import SLOTS, WAYS, Buckets


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["file", "memory"])
def buckets(request, tmp_path, clock):
    return Buckets(tmp_path / "rates" if request.param == "file" else None, clock)


def test_a_bucket_gives_what_it_holds_and_then_what_flows_in(buckets, clock):
    assert [buckets.take("a", 10, 60).allowed for _ in range(12)] == [True] * 10 + [False] * 2
    assert buckets.take("a", 10, 60).wait == pytest.approx(6)

    clock.now += 5.9
    assert not buckets.take("a", 10, 60).allowed
    clock.now += 0.1
    assert buckets.take("a", 10, 60) == (True, 0, pytest.approx(0), pytest.approx(60))
    assert not buckets.take("a", 10, 60).allowed
    clock.now += 3_600
    assert [buckets.take("a", 10, 60).allowed for _ in range(11)] == [True] * 10 + [False]


def test_what_is_left_is_told_and_looking_takes_nothing(buckets):
    assert [buckets.take("a", 3, 60, cost=0).left for _ in range(3)] == [3, 3, 3]
    assert [buckets.take("a", 3, 60).left for _ in range(4)] == [2, 1, 0, 0]
    assert not buckets.take("a", 3, 60, cost=0).allowed
    assert buckets.take("b", 3, 60).left == 2


def test_in_the_long_run_no_more_is_given_than_the_rate(buckets, clock):
    given = 0
    for _ in range(60_000):
        clock.now += 0.01
        given += buckets.take("a", 120, 60).allowed

    assert given == pytest.approx(120 + 600 * 2, abs=1)


def test_so_many_names_that_they_share_places_still_get_something(buckets, clock):
    names = [str(n) for n in range(SLOTS * 2)]
    assert all(buckets.take(name, 1, 60).allowed for name in names)
    refused = sum(not buckets.take(name, 1, 60).allowed for name in names[-SLOTS // 4 :])

    assert refused > SLOTS // 8
    assert WAYS < SLOTS


def test_a_file_of_before_the_machine_started_holds_nobody_up(tmp_path, clock):
    clock.now = 9_000_000.0
    before = Buckets(tmp_path / "rates", clock)
    for _ in range(5):
        before.take("a", 5, 60)
    clock.now = 12.0

    after = Buckets(tmp_path / "rates", clock)
    assert [after.take("a", 5, 60).allowed for _ in range(6)] == [True] * 5 + [False]


def _take(file, times):
    buckets = Buckets(file, lambda: 1_000.0)
    return sum(buckets.take("a", 1_000, 60).allowed for _ in range(times))


def test_processes_that_share_a_file_give_no_more_together_than_one_alone(tmp_path):
    with get_context("spawn").Pool(3) as pool:
        given = pool.starmap(_take, [(tmp_path / "rates", 600)] * 3)

    assert sum(given) == 1_000


def test_a_place_that_cannot_be_written_leaves_each_process_a_table_of_its_own(tmp_path, clock):
    (tmp_path / "file").touch()
    buckets = Buckets(tmp_path / "file" / "rates", clock)

    assert [buckets.take("a", 2, 60).allowed for _ in range(3)] == [True, True, False]


def test_the_file_has_all_its_bytes_on_the_disk(tmp_path, clock):
    Buckets(tmp_path / "rates", clock)

    assert (tmp_path / "rates").stat().st_blocks * 512 >= SLOTS * 16
