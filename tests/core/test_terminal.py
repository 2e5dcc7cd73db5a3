"""The progress of Snakemake's jobs, with events as Snakemake logs them."""

import contextlib
import fcntl
import json
import logging
import os
import re
import struct
import sys
import termios
from types import SimpleNamespace

import pytest

from seq2report.core import terminal
from seq2report.core.terminal import show_progress

METRICS = {"imdb": "accuracy", "news": "macro_f1"}


def screen(written: str) -> str:
    """Return what a terminal shows after all that was written to it."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[\w|\r?\n|\r|[^\x1b\r\n]+", written):
        if part == "\x1b[A":
            row -= 1
        elif part == "\x1b[J":
            lines[row:] = [""]
        elif part.endswith("\n"):
            row += 1
            lines += [""] * (row == len(lines))
        elif part != "\r":
            lines[row] += part
    return "\n".join(lines)


class Run:
    """A logger as Snakemake has one, on a pseudo-terminal or a pipe, and a clock."""

    def __init__(self, monkeypatch, is_terminal: bool):
        self.master, end = os.openpty() if is_terminal else os.pipe()
        if is_terminal:
            fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
        self.now, self.written = 0.0, ""
        self.stream = os.fdopen(end, "w", encoding="utf-8")
        monkeypatch.setattr(sys, "stderr", self.stream)
        monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setenv("TERM", "xterm")
        self.logger = logging.Logger("snakemake", logging.INFO)
        self.logger.addHandler(logging.StreamHandler(sys.stderr))

    def log(self, event=None, message="", **fields):
        self.logger.info(message, extra={"event": event, **fields} if event else None)

    def start(self, benchmarks=None, is_local=True, **counts):
        show_progress(self.logger, lambda: benchmarks or {}, METRICS, lambda: is_local)
        self.log("run_info", "Job stats", stats={**counts, "total": sum(counts.values())})
        self.log(None, "Select jobs to execute...")
        self.log("job_started", "Execute 1 jobs...", jobs=[1])

    def job(self, jobid, rule, output=(), benchmark=None, **wildcards):
        fields = {"jobid": jobid, "rule_name": rule, "output": list(output)}
        fields["benchmark"] = benchmark
        self.log("job_info", f"rule {rule}:", wildcards=wildcards, **fields)

    def finish(self, jobid, done, total):
        self.log("job_finished", f"Finished jobid: {jobid}", job_id=jobid)
        self.log("progress", None, done=done, total=total)

    def read(self) -> str:
        self.stream.flush()
        os.set_blocking(self.master, False)
        try:
            while part := os.read(self.master, 65536):
                self.written += part.decode()
        except BlockingIOError:
            pass
        return screen(self.written)

    def close(self):
        for handler in self.logger.handlers:
            handler.close()
        return self.read()


@pytest.fixture
def make(monkeypatch):
    runs = []

    def run(is_terminal):
        runs.append(Run(monkeypatch, is_terminal))
        return runs[-1]

    yield run
    for made in runs:
        with contextlib.suppress(OSError):  # the terminal has gone
            made.close()
            made.stream.close()
        os.close(made.master)


def benchmark(folder, name, seconds):
    file = folder / f"{name}.tsv"
    file.write_text(f"s\th:m:s\tcpu_time\n{seconds}\t0:00:10\t-\n")
    return str(file)


def write_metrics(folder, monkeypatch, run, **metrics):
    monkeypatch.chdir(folder)
    file = folder / "results/tiny" / run / "metrics.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(metrics))
    return f"{file.relative_to(folder)} (update)"  # as Snakemake writes it


def test_a_terminal_shows_the_jobs_below_the_messages(make, tmp_path, monkeypatch):
    run = make(is_terminal=True)
    score = write_metrics(tmp_path, monkeypatch, "imdb/runs/svm/seed-1", accuracy=0.8745)
    run.start(train_svm=2, train_lstm=1, report=1)
    run.job(1, "train_svm", [score], subset="", corpus="imdb", seed="1")
    run.now = 61
    run.job(2, "train_lstm", subset="labels-0.1/", corpus="imdb", seed="1")
    run.now = 65
    run.logger.warning("a warning")
    assert run.read().splitlines() == [
        "Job stats",
        "Select jobs to execute...",
        "a warning",
        "[------------------------] 0 of 4 jobs, 0%, 1:05 elapsed",
        "running: train_svm imdb 1 (1:05), train_lstm labels-0.1 imdb 1 (0:04)",
    ]
    run.finish(1, 1, 4)
    best = "best of this run on test documents: imdb accuracy 0.875 (svm)"
    assert run.read().splitlines()[3:] == [
        "[######------------------] 1 of 4 jobs, 25%, 1:05 elapsed",
        "running: train_lstm labels-0.1 imdb 1 (0:04)",
        best,
    ]
    run.finish(2, 2, 4)
    run.log(None, "Complete log(s)")
    assert run.close().splitlines()[3:] == [
        "Complete log(s)",
        "[############------------] 2 of 4 jobs, 50%, 1:05 elapsed",
        best,
    ]


def test_the_best_run_of_each_corpus_has_all_labels_and_the_best_score(make, tmp_path, monkeypatch):
    run = make(is_terminal=True)
    runs = {
        "imdb/runs/svm/seed-1": {"accuracy": 0.7},
        "imdb/runs/lstm/seed-1": {"accuracy": 0.6},
        "imdb/runs/gru/labels-0.1/seed-1": {"accuracy": 0.9},
        "imdb/runs/both/seed-1/members/svm": {"accuracy": 0.9},
        "news/runs/lstm/seed-1": {"accuracy": 0.9, "macro_f1": 0.25},
        "news/runs/svm/seed-1": {"accuracy": 0.9},
    }
    run.start(train=len(runs))
    for number, (folder, metrics) in enumerate(runs.items()):
        output = write_metrics(tmp_path, monkeypatch, folder, **metrics)
        run.job(number, "train", [output], corpus=folder.partition("/")[0])
        run.finish(number, number + 1, len(runs))
    run.job(9, "train", ["results/tiny/news/runs/missing/seed-1/metrics.json"], corpus="news")
    run.finish(9, 6, 6)
    assert run.read().splitlines()[-1] == (
        "best of this run on test documents: imdb accuracy 0.700 (svm), news macro_f1 0.250 (lstm)"
    )


def left(run):
    return re.findall(r"about (\S+) left", run.read().splitlines()[-2])


def test_the_remaining_time_follows_from_earlier_durations_and_the_pace_of_this_run(make, tmp_path):
    run = make(is_terminal=True)
    files = [benchmark(tmp_path, "a", 5), benchmark(tmp_path, "b", 15)]
    run.start({"train": files, "render": [benchmark(tmp_path, "c", 60)]}, train=4, render=1, all=1)
    run.job(1, "train")
    run.now = 4
    run.job(2, "train", benchmark=files[1])
    assert left(run) == []  # 4 of 105 seconds of work
    run.now = 21
    run.logger.warning("10 and 15 of 105 seconds of work in 21 seconds")
    assert left(run) == ["1:07"]
    run.finish(1, 1, 6)  # at 10 / 21 of the earlier pace: 18.1 of 105 seconds of work
    assert left(run) == ["1:40"]
    run.job(3, "train", benchmark=files[0])
    run.finish(2, 2, 6)  # 25 of 100 seconds of work
    assert left(run) == ["1:03"]
    run.log("job_error", "Error in rule train", jobid=3)
    run.job(4, "train")
    assert left(run) == []
    assert "1 failed" in run.read()


def test_jobs_that_a_cluster_may_not_have_started_are_submitted_and_no_time_is_estimated(
    make, tmp_path
):
    run = make(is_terminal=True)
    run.start({"train": [benchmark(tmp_path, "a", 5)]}, is_local=False, train=9)
    run.job(1, "train")
    run.job(2, "train")
    run.now = 100
    run.finish(1, 1, 9)
    assert run.read().splitlines()[-2:] == [
        "[##----------------------] 1 of 9 jobs, 11%, 1:40 elapsed",
        "submitted: train (1:40)",
    ]


@pytest.mark.parametrize("content", [None, "", "s\n", "s\tcpu_time\nNA\t1\n", "h:m:s\n0:00:10\n"])
def test_without_a_duration_of_each_rule_no_time_is_estimated(make, tmp_path, content):
    run, file = make(is_terminal=True), tmp_path / "b.tsv"
    if content is not None:
        file.write_text(content)
    run.start({"train": [benchmark(tmp_path, "a", 5)], "new": [str(file)]}, train=1, new=1)
    run.job(1, "train")
    run.now = 100
    run.job(2, "new")
    assert left(run) == []
    assert "1:40 elapsed" in run.read()


def test_without_a_terminal_there_is_one_line_per_finished_job(make, tmp_path, monkeypatch):
    run = make(is_terminal=False)
    score = write_metrics(tmp_path, monkeypatch, "imdb/runs/svm/seed-1", accuracy=0.8745)
    run.start({"train": [benchmark(tmp_path, "a", 10)]}, train=3)
    run.job(1, "train", [score], corpus="imdb", seed="1")
    run.now = 3661
    run.finish(1, 1, 3)
    run.job(2, "train", corpus="imdb", seed="2")
    run.logger.error("Error in rule other")
    run.finish(2, 2, 3)
    run.log(None, "Touching output file a.complete.")
    run.job(3, "train")
    run.finish(3, 3, 3)
    assert run.close().splitlines() == [
        "Job stats",
        "Select jobs to execute...",
        "1 of 3 jobs, 33%, 1:01:01 elapsed, about 2:02:02 left; done: train imdb 1 (1:01:01);"
        " best of this run on test documents: imdb accuracy 0.875 (svm)",
        "Error in rule other",
        "2 of 3 jobs, 66%, 1:01:01 elapsed, about 30:30 left; done: train imdb 2 (0:00)",
        "3 of 3 jobs, 100%, 1:01:01 elapsed; done: train (0:00)",
    ]


def test_of_a_group_that_finished_a_few_jobs_are_named(make):
    run = make(is_terminal=False)
    run.start(render=5)
    for number in range(5):
        run.job(number, "render", page=f"page-{number}")
    for number in range(5):
        run.log("job_finished", "Finished", job_id=number)
    run.log("progress", None, done=5, total=5)
    assert (
        run.read()
        .splitlines()[-1]
        .endswith(
            "done: render page-0 (0:00), render page-1 (0:00), render page-2 (0:00) and 2 more"
        )
    )


def test_a_line_is_cut_at_the_width_of_the_terminal(make):
    run = make(is_terminal=True)
    run.start(**{"long" * 30: 1})
    run.job(1, "long" * 30)
    assert max(map(len, run.read().splitlines())) == 119


def test_a_dumb_terminal_gets_lines(make, monkeypatch):
    run = make(is_terminal=True)
    monkeypatch.setenv("TERM", "dumb")
    run.start(train=1)
    run.job(1, "train")
    run.finish(1, 1, 1)
    assert run.close().splitlines()[2:] == ["1 of 1 job, 100%, 0:00 elapsed; done: train (0:00)"]


class Quiet(logging.Filter):
    def filter(self, record):
        return getattr(record, "event", None) != "progress"


@pytest.mark.parametrize("kind", ["quiet", "verbose", "plan", "plugin"])
def test_elsewhere_nothing_changes(make, kind):
    run = make(is_terminal=True)
    if kind == "quiet":
        run.logger.handlers[0].addFilter(Quiet())
    if kind == "verbose":
        run.logger.setLevel(logging.DEBUG)
    if kind == "plugin":
        run.logger.handlers[:] = [logging.NullHandler()]
    show_progress(run.logger, dict, METRICS, bool)
    if kind != "plan":
        run.start(train=1)
    before = run.read()
    run.job(1, "train")
    expected = "" if kind == "plugin" else "rule train:\n"
    assert run.close() == before + expected


def test_a_terminal_that_has_gone_stops_no_job(make):
    run = make(is_terminal=True)
    run.start(train=1)
    run.read()
    os.close(run.master)
    run.job(1, "train")
    run.logger.error("Error in rule train")
    for handler in run.logger.handlers:
        handler.close()
    run.master = os.open(os.devnull, os.O_RDONLY)
