import logging
import re
import time

import pytest

from seq2report.core import durations
from seq2report.core.durations import MOST, REPEATED, progress, shortest, stopwatch, tied


def test_a_stopwatch_tells_the_time_and_the_cpu_time_that_have_passed():
    passed = stopwatch()
    start = time.process_time()
    while time.process_time() - start < 0.05:
        pass
    seconds, cpu_seconds = passed()
    assert cpu_seconds >= 0.05
    assert 0 < seconds < passed()[0]


@pytest.fixture
def work(monkeypatch):
    """Work of which each run takes the next of the given seconds, on a clock of its own."""
    now = 0.0

    def work_of(seconds):
        def run():
            nonlocal now
            now += seconds.pop(0)
            return len(seconds)

        return run

    monkeypatch.setattr(durations.time, "perf_counter", lambda: now)
    monkeypatch.setattr(durations.time, "process_time", lambda: now / 2)
    return work_of


def test_short_work_is_repeated_and_its_shortest_run_counts(work):
    seconds = [0.25, 0.125, 0.5]
    assert shortest(work(seconds)) == (0, (0.125, 0.0625))
    assert seconds == []


def test_long_work_is_done_once(work):
    seconds = [REPEATED] * MOST
    assert shortest(work(seconds)) == (MOST - 1, (REPEATED, REPEATED / 2))
    assert len(seconds) == MOST - 1 > 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(1, 1.99, True), (2, 1, False), (0, 0, True), (0, 1, False), (float("nan"), 1, False)],
)
def test_times_are_ties_below_a_factor_of_two(one, other, expected):
    assert tied(one, other) == tied(other, one) == expected


def test_a_long_activity_logs_now_and_then_that_it_continues(caplog):
    caplog.set_level(logging.INFO)
    with progress("fitting", every=0.02):
        deadline = time.monotonic() + 60
        while len(caplog.messages) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    logged = list(caplog.messages)
    assert logged[0] == "fitting"
    assert len(logged) > 2
    assert all(re.fullmatch(r"still fitting, for \d+ s", each) for each in logged[1:])
    time.sleep(0.1)
    assert caplog.messages == logged
