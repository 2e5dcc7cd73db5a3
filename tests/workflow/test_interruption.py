"""Fetch, training and notebook broken off in the middle by signals, then Snakemake again."""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import forks
import pandas as pd
import polars as pl
import pytest
import yaml
from helpers import NEWSGROUPS
from misbehaving_server import MisbehavingServer, whole
from project import Project, without_checks

pytestmark = pytest.mark.workflow
SIGNALS = {
    # SIGINT and SIGHUP end a script in the same way as SIGTERM: test_command.py. A test below kills
    # one in training, test_fetch_parts.py one that fetches; a page gets its name as their files do.
    "the script": [signal.SIGTERM],
    # Snakemake does not catch SIGHUP, which thus ends it like SIGKILL; that is checked below.
    "Snakemake": [signal.SIGINT, signal.SIGTERM, signal.SIGKILL],
}
# Snakemake does the same at each step: one is enough for SIGTERM, at which it waits for its jobs,
# whose scripts get no signal, and one for SIGINT.
LEFT_OUT = {
    ("fetch", signal.SIGINT, "Snakemake"),
    ("training", signal.SIGTERM, "Snakemake"),
    ("notebook", signal.SIGTERM, "Snakemake"),
    ("notebook", signal.SIGINT, "Snakemake"),
}
PATIENCE = 600  # seconds until something happens that has to

# Every Python of the run loads this: the one that logs what PAUSE_AT begins with stops there, until
# the file `pause` is taken away.
PAUSE = """
import logging, os, pathlib, time
folder, make = pathlib.Path(os.environ["PAUSE_IN"]), logging.getLogRecordFactory()
def pausing(*about, **more):
    record = make(*about, **more)
    if (folder / "pause").exists() and record.getMessage().startswith(os.environ["PAUSE_AT"]):
        (folder / "reached.part").write_text(str(os.getpid()))
        (folder / "reached.part").rename(folder / "reached")
        while (folder / "pause").exists():
            time.sleep(0.02)
    return record
logging.setLogRecordFactory(pausing)
"""
RUN = "results/tiny/news/runs/dense/seed-1"
MODEL = ["SHA256SUMS", "model.keras", "run.json", "validation.parquet", "vocabulary.parquet"]
TRAINED = ["embedding.npy", "history.csv", "metrics.json", "predictions.parquet"]
TRAINED = [*(f"{RUN}/{name}" for name in (*TRAINED, *MODEL)), f"{RUN}.complete"]
PAGE = "results/tiny/report/lesson-one_hot.html"  # reads no table of runs or documents
DOWNLOAD = "resources/downloads/tiny.tar.gz"
READ = ["results/tiny/news/corpus.json", "results/tiny/news/documents.parquet"]
STEPS = {  # what is made again, which target asks for it, and where it is broken off
    "fetch": ([DOWNLOAD, f"{DOWNLOAD}.json", *READ], READ[0], None),
    "training": (TRAINED, f"{RUN}/metrics.json", "epoch 2/"),
    "notebook": ([PAGE], PAGE, "Executing Cell 3"),
}


@pytest.fixture(scope="module")
def server():
    with MisbehavingServer() as server:
        yield server


@pytest.fixture(scope="module")
def reference(tmp_path_factory, server, tiny_archive, tiny_vectors) -> Project:
    """A project in which every step was run to its end."""
    address = server.on("/tiny.tar.gz", whole(tiny_archive.read_bytes()))
    config = {
        "name": "tiny",
        "sample": True,
        "seeds": [1],
        "gpu": 0,
        "compare": {"corpora": ["news"], "variants": ["dense"], "confidence": 0.9},
        "lessons": {"corpus": "news", "pages": ["one_hot"]},
        "sources": {
            "tiny": {"file": "tiny.tar.gz", "from": [{"url": address}]},
            "vectors": {"file": tiny_vectors.name, "from": [{"url": tiny_vectors.as_uri()}]},
        },
        "corpora": {"news": NEWSGROUPS},
        "encodings": {"words": {"num_words": 2000, "fit": "train"}},
        "embeddings": {"glove": {"title": "GloVe", "source": "vectors"}},
        "fit": {"optimizer": "adam", "batch_size": 16, "epochs": 4, "patience": 2, "refit": True},
        "variants": {
            "dense": {
                "title": "Dense",
                "input": {"encoding": "words", "length": 40, "embedding": "glove"},
                "layers": [{"Dropout": {"rate": 0.5}}, {"Flatten": {}}],
            },
        },
    }
    project = Project.create(tmp_path_factory.mktemp("unbroken"), config)
    without_checks(project.folder)
    checkpoint = project.folder / "scripts/seq2report/models/checkpoint.py"
    each_epoch, changed = re.subn(
        "^(EVERY|RATIO) = .*", r"\1 = 0", checkpoint.read_text(), flags=re.MULTILINE
    )
    assert changed == 2
    checkpoint.write_text(each_epoch)
    project.snakemake(*{target for _, target, _ in STEPS.values()})
    return project


class Interrupted(Project):
    """A copy of the project without what one step made, which is broken off in the middle."""

    def __init__(self, reference, step: str, folder: Path, server: MisbehavingServer, lost=True):
        super().__init__(folder, reference.config)
        self.reference = reference
        shutil.copytree(reference.folder, folder, dirs_exist_ok=True)
        self.made, self.target, self.at = STEPS[step]
        for name in self.made if lost else ():
            (folder / name).unlink()
        self.pause, self.go_on = folder / "pause", Event()
        (folder / "sitecustomize.py").write_text(PAUSE)
        self.server, self.content = server, (reference.folder / DOWNLOAD).read_bytes()

    def start(self, *more: str) -> tuple[forks.Run, int]:
        """Start Snakemake and wait until the step is in its middle; return it and the script."""
        environment = os.environ | {"PYTHONPATH": str(self.folder), "PAUSE_IN": str(self.folder)}
        if self.at:
            self.pause.write_text("")
        else:
            half = halfway(self.content, self.folder / "reached", self.go_on)
            self.server.on("/tiny.tar.gz", half, whole(self.content))
        environment["PAUSE_AT"] = self.at or "never"
        messages = self.folder / "messages"
        self.run = forks.Run(self.command(*more), self.folder, messages, environment)
        wait_for((self.folder / "reached").exists, self.run, messages)
        return self.run, self.script()

    def command(self, *more: str) -> list:
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(self.config))
        options = ["--cores", "all", "--configfile", "tiny.yaml", "--replace-workflow-config"]
        return [self.target, *options, *more]

    def script(self) -> int:
        """Return the process of the script that was reached in its middle."""
        if self.at:
            return int((self.folder / "reached").read_text())
        return next(
            pid for pid, command in processes(self.folder) if "scripts/fetch.py" in command[1:2]
        )

    def release(self) -> None:
        self.pause.unlink(missing_ok=True)
        self.go_on.set()

    def again(self, *more: str) -> tuple[int, str]:
        """Run Snakemake to its end; return its status and what it prints."""
        return forks.snakemake(self.command(*more), self.folder)

    def assert_none_or_whole(self) -> None:
        """Check that what the step made is not there, or as in the unbroken run."""
        for name in self.made:
            if (self.folder / name).exists():
                assert_same(self.folder / name, self.reference.folder / name)


def processes(folder: Path) -> list[tuple[int, list[str]]]:
    """Return what runs in a folder: process and command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append((int(process.name), (process / "cmdline").read_text().split("\0")))
        except OSError:  # it has ended meanwhile
            continue
    return found


def halfway(content: bytes, reached: Path, go_on: Event):
    """Send half of it, then nothing, then hang up."""

    def behave(handler):
        handler.head(200, len(content), ETag='"one"')
        handler.body(content[: len(content) // 2])
        reached.write_text("")
        go_on.wait(PATIENCE)
        handler.close_connection = True

    return behave


def wait_for(happened: Callable[[], bool], run=None, messages: Path | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert run is None or run.poll() is None, messages.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_same(found: Path, expected: Path) -> None:
    """Check that a file is the same but for seconds and peaks."""
    if found.name == "metrics.json":
        read = [json.loads(each.read_text()) for each in (found, expected)]
        varies = [key for key in read[0] if "seconds" in key or "peak" in key]
        assert [read[0].pop(key) for key in varies]
        assert read[0] == {key: value for key, value in read[1].items() if key not in varies}
    elif found.suffix == ".csv":
        read = [pd.read_csv(each).drop(columns="seconds") for each in (found, expected)]
        pd.testing.assert_frame_equal(*read, check_exact=True)
    elif found.suffix == ".parquet":
        assert pl.read_parquet(found).equals(pl.read_parquet(expected))
    elif found.suffix != ".keras" and found.name != "SHA256SUMS":
        # .keras is a zip with the time in it; embedding.npy is out of it
        assert found.read_bytes() == expected.read_bytes()


CASES = [
    pytest.param(
        step,
        number,
        whom,
        id=f"{number.name} of {whom} during {step}",
        # Two of each step are enough to notice what breaks; the others take minutes.
        marks=[] if (number, whom) in EVERY_TIME else pytest.mark.slow,
    )
    for EVERY_TIME in [{(signal.SIGTERM, "the script"), (signal.SIGKILL, "Snakemake")}]
    for step in STEPS
    for whom in SIGNALS
    for number in SIGNALS[whom]
    if (step, number, whom) not in LEFT_OUT
]


def catches(process: int, number: signal.Signals) -> bool:
    """Return whether a process has a handler of its own for a signal."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = re.search(r"^SigCgt:\s*(\w+)$", status, flags=re.MULTILINE).group(1)
    return bool(int(caught, 16) & 1 << (number - 1))


def interrupt(run: forks.Run, script: int, number: signal.Signals, whom: str) -> None:
    if whom == "the script":
        os.kill(script, number)
    elif number == signal.SIGINT:
        os.killpg(run.pid, number)  # as Ctrl-C does it
    else:
        run.send_signal(number)


@pytest.mark.reliability("Interruption")
@pytest.mark.parametrize(("step", "number", "whom"), CASES)
def test_after_an_interruption_the_next_run_ends_as_an_unbroken_one(
    reference, server, tmp_path, step, number, whom
):
    project = Interrupted(reference, step, tmp_path, server)
    run, script = project.start()
    project.assert_none_or_whole()
    assert catches(run.pid, signal.SIGTERM)
    assert not catches(run.pid, signal.SIGHUP)
    interrupt(run, script, number, whom)
    waits = whom == "Snakemake" and number == signal.SIGTERM  # for the jobs that run
    if waits:
        project.release()
    assert run.wait(PATIENCE) != 0
    assert not waits or (tmp_path / project.made[0]).exists()
    project.assert_none_or_whole()
    locks = whom == "Snakemake" and number == signal.SIGKILL
    if locks:
        assert processes(tmp_path)
    else:
        wait_for(lambda: not processes(tmp_path))
    if step == "training" and whom == "the script":
        assert (tmp_path / f"{RUN}.checkpoint").is_file()
    if locks:
        status, refused = project.again()
        assert status != 0
        assert "--unlock" in refused
        unlock(project)
    if step == "fetch":  # a second fetch waits for the first one
        project.release()
    status, output = project.again()
    assert status == 0, output
    project.release()
    wait_for(lambda: not processes(tmp_path))  # and what was left running changes nothing
    for name in (*project.made, project.target):
        assert_same(tmp_path / name, reference.folder / name)
    if step == "training":
        assert_resumed(tmp_path)


def assert_resumed(folder: Path) -> None:
    """Check that a training went on from its checkpoint, and left nothing but a run."""
    assert {f"{RUN}/{path.name}" for path in (folder / RUN).iterdir()} == set(TRAINED[:-1])
    assert not (folder / f"{RUN}.checkpoint").exists()
    log = folder / "results/tiny/logs/train/news-dense-1.log"
    assert "going on after epoch 1, as" in log.read_text()


def unlock(project: Interrupted) -> None:
    status, output = project.again("--unlock")
    assert status == 0, output


def assert_kept(project: Interrupted) -> None:
    """Check that the old run is there to the last byte, but not as the result of a good end."""
    *run, end = sorted(project.made, key=lambda name: name.endswith(".complete"))
    for name in run:
        assert (project.folder / name).read_bytes() == (
            project.reference.folder / name
        ).read_bytes()
    assert not (project.folder / end).exists()


@pytest.mark.reliability("Interruption")
def test_a_run_that_is_made_again_stays_while_a_training_is_killed_and_another_one_fails(
    reference, server, tmp_path
):
    project = Interrupted(reference, "training", tmp_path, server, lost=False)
    run, script = project.start("--forcerun", "train_dense")
    assert_kept(project)
    os.kill(script, signal.SIGKILL)
    project.release()
    assert run.wait(PATIENCE) != 0
    assert_kept(project)
    assert (tmp_path / f"{RUN}.checkpoint").is_file()
    tokens = tmp_path / "results/tiny/news/sequences/words/tokens.npy"
    whole_file, times = tokens.read_bytes(), tokens.stat()
    tokens.write_bytes(whole_file[:200])
    status, _ = project.again()
    assert status != 0
    assert_kept(project)
    tokens.write_bytes(whole_file)
    os.utime(tokens, ns=(times.st_atime_ns, times.st_mtime_ns))
    status, output = project.again()
    assert status == 0, output
    assert "train_dense" in output, output
    for name in project.made:
        assert_same(tmp_path / name, reference.folder / name)
    assert_resumed(tmp_path)


@pytest.mark.reliability("Bad machine")
def test_a_second_run_is_refused_unless_it_has_another_name_and_the_first_goes_on(
    reference, server, tmp_path
):
    project = Interrupted(reference, "notebook", tmp_path, server)
    run, _ = project.start()
    status, refused = project.again()
    assert status != 0
    assert "directory cannot be locked" in refused.lower()
    project.assert_none_or_whole()
    project.config = project.config | {"name": "other"}
    project.target = READ[0].replace("tiny", "other", 1)
    status, output = project.again()
    assert status == 0, output
    for name in READ:
        assert_same(tmp_path / name.replace("tiny", "other", 1), reference.folder / name)
    project.release()
    assert run.wait(PATIENCE) == 0
    for name in project.made:
        assert_same(tmp_path / name, reference.folder / name)
