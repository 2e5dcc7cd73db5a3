import logging
import time

import pytest

from seq2report.core.durations import MOST, progress, shortest, stopwatch, tied


def test_a_stopwatch_tells_the_time_and_the_cpu_time_that_have_passed():
    passed = stopwatch()
    start = time.process_time()
    while time.process_time() - start < 0.05:
        pass
    seconds, cpu_seconds = passed()
    assert cpu_seconds >= 0.05
    assert 0 < seconds < passed()[0]


def test_short_work_is_repeated_and_its_shortest_run_counts():
    naps = [0.2, 0.01, 0.05]
    result, (wall, _) = shortest(lambda: time.sleep(naps.pop(0)) or len(naps))
    assert naps == []
    assert result == 0
    assert 0.01 <= wall < 0.05


def test_long_work_is_done_once(monkeypatch):
    monkeypatch.setattr("seq2report.core.durations.REPEATED", 0.01)
    calls = []
    shortest(lambda: calls.append(time.sleep(0.02)))
    assert len(calls) == 1 < MOST


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
    assert logged[:3] == ["fitting", "still fitting, for 0 s", "still fitting, for 0 s"]
    time.sleep(0.1)
    assert caplog.messages == logged
