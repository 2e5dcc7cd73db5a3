"""The progress of Snakemake's jobs: lines at the bottom of a terminal, or one line per job."""

import contextlib
import json
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import TextIO

from seq2report.core.wording import plural

# Events of Snakemake's interface for loggers that are not shown one by one.
REPLACED = ("job_started", "job_info", "job_finished", "group_info", "progress")
ROUTINE = ("Select jobs to execute", "Touching output file")  # messages without an event
BAR = 24  # characters
FIRST = 0.05  # of the work; before it is done, the rest is not estimated
FEW = 3  # names of jobs in a line
Benchmarks = Mapping[str, Sequence[str]]


def show_progress(
    logger: logging.Logger,
    benchmarks: Callable[[], Benchmarks],
    metrics: Mapping[str, str],
    is_local: Callable[[], bool],
) -> None:
    """Show the progress of all jobs instead of Snakemake's messages about the start of each.

    Errors and all other messages stay as they are, and so does Snakemake's log file. Nothing
    changes before the first job starts, with ``--quiet`` or ``--verbose``, or if a plugin logs to
    the terminal.

    Args:
        logger: Snakemake's.
        benchmarks: Returns the benchmark files of each rule that has some.
        metrics: The metric of each corpus, a key of ``metrics.json``.
        is_local: Returns whether jobs run on this machine. A job on a cluster may still wait, and
            no time is estimated.
    """
    streams = (sys.stdout, sys.stderr)
    consoles = [handler for handler in logger.handlers if getattr(handler, "stream", 0) in streams]
    if len(consoles) == 1 and not logger.isEnabledFor(logging.DEBUG):
        logger.removeHandler(consoles[0])
        logger.addHandler(Progress(consoles[0], benchmarks, metrics, is_local))


class Progress(logging.Handler):
    """Snakemake's own handler of the terminal, and the progress below its messages."""

    def __init__(
        self,
        console: logging.StreamHandler,
        benchmarks: Callable[[], Benchmarks],
        metrics: Mapping[str, str],
        is_local: Callable[[], bool],
    ):
        super().__init__()
        self.console, self.benchmarks, self.metrics = console, benchmarks, metrics
        self.is_local = is_local
        terminal = console.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.bottom = Bottom(console.stream) if terminal else None
        self.counts: Mapping[str, int] = {}
        self.jobs: Jobs | None = None  # until the first one starts
        self.closed = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        try:
            if event == "run_info":
                self.counts = record.stats
            if event == "job_started" and self.jobs is None and self._wanted():
                durations = self.benchmarks() if self.is_local() else None
                self.jobs = Jobs(self.counts, durations, self.metrics)
                threading.Thread(target=self._redraw, daemon=True).start()
            if self.jobs is None:
                self.console.handle(record)
            else:
                self.jobs.follow(event, record)
                self._show(event, record)
        except BrokenPipeError:
            raise  # as Snakemake's own handler does
        except Exception:  # such as a terminal that has gone: the jobs go on
            self.handleError(record)

    def _show(self, event: str | None, record: logging.LogRecord) -> None:
        if self.bottom:
            self.bottom.erase()
        if event not in REPLACED and not str(record.msg).startswith(ROUTINE):
            self.console.handle(record)
        if self.bottom:
            self.bottom.draw(self.jobs.status())
        elif event == "progress":
            self._print(self.jobs.line())

    def close(self) -> None:
        """Leave the last status above what the terminal shows next."""
        with self.lock, contextlib.suppress(OSError):
            if not self.closed.is_set() and self.jobs and self.bottom:
                self.bottom.erase()
                self._print("\n".join(self.jobs.status()))
        self.closed.set()
        self.console.close()
        super().close()

    def _wanted(self) -> bool:
        """Return whether Snakemake would show its own progress: not with ``--quiet``."""
        return bool(self.console.filter(logging.makeLogRecord({"event": "progress"})))

    def _print(self, text: str) -> None:
        self.console.stream.write(f"{text}\n")
        self.console.flush()

    def _redraw(self) -> None:
        """Let the clocks of a terminal run, until the end or the terminal has gone."""
        with contextlib.suppress(OSError):
            while self.bottom and not self.closed.wait(1):
                with self.lock:
                    if not self.closed.is_set():
                        self.bottom.erase()
                        self.bottom.draw(self.jobs.status())


class Bottom:
    """The lines at the bottom of a terminal, which are written again and again."""

    def __init__(self, stream: TextIO):
        self.stream, self.lines = stream, 0

    def draw(self, lines: Sequence[str]) -> None:
        width = os.get_terminal_size(self.stream.fileno()).columns or 80
        self.stream.write("\n".join(line[: width - 1] for line in lines))
        self.stream.flush()
        self.lines = len(lines)

    def erase(self) -> None:
        if self.lines:
            self.stream.write("\r" + "\033[A" * (self.lines - 1) + "\033[J")
            self.lines = 0


class Jobs:
    """The jobs of a run, from Snakemake's events.

    The remaining time is estimated from the benchmark files of earlier runs, read when the first
    job starts. The work of a job is the seconds in its own file; that of a job that has no file or
    has not started is the mean of its rule. A running job has done as much as it would at the pace
    of the finished jobs, at most its work. The remaining time is the elapsed time times the ratio
    of remaining to finished work, so it accounts for the cores and the load of this run. It is not
    shown if a rule has no such file, after an error, and in the first twentieth of the work.

    Without ``benchmarks``, the jobs are those of a cluster: submitted, maybe not running yet.
    """

    def __init__(
        self, counts: Mapping[str, int], benchmarks: Benchmarks | None, metrics: Mapping[str, str]
    ):
        self.waiting = Counter({rule: n for rule, n in counts.items() if rule != "total"})
        self.done, self.total = 0, sum(self.waiting.values())
        self.start, self.metrics = time.monotonic(), metrics
        self.state = "submitted" if benchmarks is None else "running"
        benchmarks = benchmarks or {}
        self.seconds = {file: seconds_in(file) for files in benchmarks.values() for file in files}
        self.means = {
            rule: mean_of([self.seconds[file] for file in files])
            for rule, files in benchmarks.items()
        }
        self.is_known = None not in [self.means.get(rule, 0.0) for rule in self.waiting]
        self.work: dict[int, float] = {}  # of jobs that have started
        self.finished_work = self.finished_seconds = 0.0
        self.running: dict[int, tuple[logging.LogRecord, float]] = {}
        self.failed: set[int] = set()
        self.finished: list[str] = []  # since the last line
        self.best: dict[str, tuple[float, str]] = {}
        self.shown_best = ""

    def follow(self, event: str | None, record: logging.LogRecord) -> None:
        """Take note of an event."""
        if event == "job_info":
            self.running[record.jobid] = (record, time.monotonic())
            self.failed.discard(record.jobid)
            if record.jobid not in self.work:
                self.waiting[record.rule_name] -= 1
                own = self.seconds.get(record.benchmark)
                self.work[record.jobid] = self._mean(record.rule_name) if own is None else own
        elif event == "job_error":
            self.running.pop(record.jobid, None)
            self.failed.add(record.jobid)
        elif event == "job_finished" and record.job_id in self.running:
            job, since = self.running.pop(record.job_id)
            seconds = time.monotonic() - since
            self.finished_work += self.work[job.jobid]
            self.finished_seconds += seconds
            self.finished.append(f"{name(job)} ({clock(seconds)})")
            self._score(job)
        elif event == "progress":
            self.done, self.total = record.done, record.total

    def status(self) -> list[str]:
        """Return the lines for a terminal."""
        full = BAR * self.done // max(self.total, 1)
        lines = [f"[{'#' * full}{'-' * (BAR - full)}] {self._counts()}"]
        if self.running:
            now = time.monotonic()
            names = [f"{name(job)} ({clock(now - at)})" for job, at in self.running.values()]
            lines.append(f"{self.state}: {few(names)}")
        return [*lines, *self._best()]

    def line(self) -> str:
        """Return a line about the jobs that have finished since the last one."""
        best, finished = self._best(), few(self.finished)
        news = best if best and best[0] != self.shown_best else []
        self.shown_best, self.finished = "".join(best), []
        return "; ".join([f"{self._counts()}; done: {finished}", *news])

    def _counts(self) -> str:
        elapsed = time.monotonic() - self.start
        parts = [f"{self.done} of {plural(self.total, 'jobs')}"]
        parts += [f"{100 * self.done // max(self.total, 1)}%", f"{clock(elapsed)} elapsed"]
        if (rest := self._rest(elapsed)) is not None:
            parts.append(f"about {clock(rest)} left")
        return ", ".join(parts + [f"{len(self.failed)} failed"] * bool(self.failed))

    def _rest(self, elapsed: float) -> float | None:
        """Return the estimate of the remaining seconds, or None if there is none."""
        if not self.is_known or self.failed or self.done == self.total:
            return None
        now, pace = time.monotonic(), 1.0
        if self.finished_seconds:
            pace = self.finished_work / self.finished_seconds
        running = [(self.work[number], now - at) for number, (_, at) in self.running.items()]
        done = self.finished_work + sum(min(pace * passed, work) for work, passed in running)
        total = self.finished_work + sum(work for work, _ in running)
        total += sum(count * self._mean(rule) for rule, count in self.waiting.items())
        return elapsed * (total / done - 1) if done > FIRST * total else None

    def _mean(self, rule: str) -> float:
        return self.means.get(rule) or 0.0  # rules without a benchmark file run no command

    def _score(self, job: logging.LogRecord) -> None:
        """Keep the best run on all labels of each corpus."""
        pattern = "results/*/*/runs/*/seed-*/metrics.json"
        files = [Path(file.removesuffix(" (update)")) for file in job.output]
        file = next((file for file in files if file.match(pattern)), None)
        corpus = job.wildcards.get("corpus")
        if file is None or corpus not in self.metrics:
            return
        try:
            score = float(json.loads(file.read_text(encoding="utf-8"))[self.metrics[corpus]])
        except (OSError, ValueError, KeyError, TypeError):
            return  # the steps that need the file report it
        if corpus not in self.best or score > self.best[corpus][0]:
            self.best[corpus] = (score, file.parent.parent.name)

    def _best(self) -> list[str]:
        scores = [
            f"{corpus} {self.metrics[corpus]} {score:.3f} ({variant})"
            for corpus, (score, variant) in self.best.items()
        ]
        return [f"best of this run on test documents: {', '.join(scores)}"] if scores else []


def seconds_in(benchmark: str) -> float | None:
    """Return the seconds in a benchmark file, or None if it cannot be read; that is no error."""
    try:
        header, row = Path(benchmark).read_text(encoding="utf-8").splitlines()
        return float(dict(zip(header.split("\t"), row.split("\t"), strict=True))["s"])
    except (OSError, ValueError, KeyError):
        return None


def mean_of(numbers: Sequence[float | None]) -> float | None:
    """Return the mean of the numbers that are not None, or None if there are none."""
    known = [number for number in numbers if number is not None]
    return mean(known) if known else None


def name(job: logging.LogRecord) -> str:
    """Return the rule and the wildcards of a job: ``train_svm imdb 1``."""
    values = (str(value).strip("/") for value in job.wildcards.values())
    return " ".join([job.rule_name, *filter(None, values)])


def few(names: Sequence[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def clock(seconds: float) -> str:
    """Return a duration as m:ss or h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
