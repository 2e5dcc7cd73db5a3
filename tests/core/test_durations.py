import time

from seq2report.core.durations import stopwatch


def test_a_stopwatch_tells_the_time_and_the_cpu_time_that_have_passed():
    passed = stopwatch()
    start = time.process_time()
    while time.process_time() - start < 0.05:
        pass
    seconds, cpu_seconds = passed()
    assert cpu_seconds >= 0.05
    assert 0 < seconds < passed()[0]
