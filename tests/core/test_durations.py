import logging
import time

from seq2report.core.durations import progress, stopwatch


def test_a_stopwatch_tells_the_time_and_the_cpu_time_that_have_passed():
    passed = stopwatch()
    start = time.process_time()
    while time.process_time() - start < 0.05:
        pass
    seconds, cpu_seconds = passed()
    assert cpu_seconds >= 0.05
    assert 0 < seconds < passed()[0]


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
