"""The workflow on a real Slurm of one node, where jobs get lost, against a run on this machine.

make test-slurm, as root: tests/slurm/up.sh installs and starts Slurm, down.sh stops it.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import forks
import pandas as pd
import pytest
import yaml
from helpers import ROOT
from project import SNAKEMAKE, copy_workflow, without_checks

pytestmark = pytest.mark.slurm
HERE = ROOT / "tests/slurm"
CONFIG = yaml.safe_load((HERE / "config.yaml").read_text())
OFTEN = ("--slurm-init-seconds-before-status-checks", "2")  # as the jobs are short
ON_SLURM = ("--workflow-profile", "profiles/slurm", *OFTEN)
COMPARED = ("newsgroups/runs/runs.csv", "lesson-one_hot/facts.csv")  # and the tables beside them
PATIENCE = 1200  # seconds for a run: some minutes, on a machine that does nothing else


class Job(NamedTuple):
    """What squeue tells of a job; limit is [hours:]minutes:seconds."""

    number: str
    state: str
    processors: str
    memory: str
    limit: str
    comment: str

    @property
    def rule(self) -> str:
        return self.comment.removeprefix("rule_").partition("_wildcards_")[0]


def slurm(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


def all_jobs() -> list[Job]:
    """Return the jobs that Slurm knows, finished ones too, in the order of their submission."""
    lines = slurm("squeue", "--states=all", "--noheader", "--format=%i|%T|%C|%m|%l|%k")
    jobs = [Job(*line.split("|")) for line in lines.splitlines()]
    return sorted(jobs, key=lambda job: int(job.number))


def processes(job: str | None = None) -> dict[int, list[str]]:
    """Return the command lines of a job's processes, of all jobs' without one, by their ids."""
    mark = b"SLURM_JOB_ID=" + (job or "").encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_text().split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if any(each == mark if job else each.startswith(mark) for each in variables):
            found[int(folder.name)] = command
    return found


def cancel(job: str, script: int) -> None:
    slurm("scancel", job)


def kill(job: str, script: int) -> None:
    os.kill(script, signal.SIGKILL)


def hang(job: str, script: int) -> None:
    """Stop a script for good; the end of the job's time is set to now, to wait for it less long."""
    os.kill(script, signal.SIGSTOP)
    slurm("scontrol", "update", f"JobId={job}", "EndTime=now")


def lose_node(job: str, script: int) -> None:
    """Do what a power cut does to a node, then start it again."""
    settings = slurm("scontrol", "show", "config")
    daemon = Path(re.search(r"^SlurmdPidFile\s*= (.*)", settings, flags=re.MULTILINE).group(1))
    steps = [p.parent for p in Path("/proc").glob("[0-9]*/comm") if _name(p) == "slurmstepd"]
    lost = [int(daemon.read_text()), *(int(step.name) for step in steps), *processes()]
    for process in lost:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:  # it went with another one
            continue
    time.sleep(30)  # so long that Slurm does not take its jobs for ones that are still starting
    slurm("/usr/sbin/slurmd", "-c")


def _name(comm: Path) -> str:
    try:
        return comm.read_text().strip()
    except OSError:
        return ""


class Loss(NamedTuple):
    """What befalls the first job of a rule, and what Slurm calls it."""

    rule: str
    strike: Callable[[str, int], None]
    state: str


LOSSES = [
    Loss("lesson_one_hot", cancel, "CANCELLED"),
    Loss("train_tfidf_svm", kill, "FAILED"),
    Loss("train_glove_dense", hang, "TIMEOUT"),
    Loss("evaluate_answers", lose_node, "NODE_FAIL"),  # when all of training is done
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Slurm of one node that gives away four processors, be there as many or not."""
    environment = os.environ | {"CPUS": "4"}
    subprocess.run([HERE / "up.sh"], check=True, env=environment, timeout=300)
    yield
    subprocess.run([HERE / "down.sh"], check=True, timeout=120)
    assert processes() == {}, "jobs are still running"


def copied(folder: Path, corpus: Path) -> Path:
    """Copy what a run needs of the workflow, and the corpus."""
    without_checks(copy_workflow(folder, "resources/sample"))
    shutil.copy(HERE / "config.yaml", folder / "clustered.yaml")
    shutil.copy(corpus, folder)
    return folder


def snakemake(*arguments: str) -> list[str]:
    return [str(SNAKEMAKE), "--configfile", "clustered.yaml", *arguments]


@pytest.fixture(scope="module")
def here(tmp_path_factory, tiny_archive) -> Iterator[SimpleNamespace]:
    """Tables of a run on this machine, beside that on Slurm, which waits more than it works."""
    folder = copied(tmp_path_factory.mktemp("local"), tiny_archive)
    results = folder / "results/clustered"
    tables = [str(results.relative_to(folder) / "report/tables" / name) for name in COMPARED]
    process = subprocess.Popen(snakemake("--cores", "2", *tables, "--quiet"), cwd=folder)
    yield SimpleNamespace(process=process, results=results)
    if process.poll() is None:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_archive, cluster, here) -> SimpleNamespace:
    """A run on Slurm that lost a job in each of these ways: its results, jobs and messages."""
    folder = copied(tmp_path_factory.mktemp("slurm"), tiny_archive)
    log = folder / "messages.log"
    with log.open("w") as messages:
        master = subprocess.Popen(
            snakemake(*ON_SLURM), cwd=folder, stdout=messages, stderr=subprocess.STDOUT
        )
    coming = {loss.rule: loss for loss in LOSSES}
    began = time.monotonic()
    try:
        while master.poll() is None:
            assert time.monotonic() - began < PATIENCE, log.read_text()
            for job in all_jobs():
                if job.rule in coming and job.state == "RUNNING":
                    scripts = [
                        process
                        for process, command in processes(job.number).items()
                        if command[0] == "python" and command[1].startswith("scripts/")
                    ]
                    if scripts:
                        coming.pop(job.rule).strike(job.number, scripts[0])
            time.sleep(0.5)
    finally:
        if master.poll() is None:
            master.send_signal(signal.SIGINT)
            master.wait(60)
    assert master.returncode == 0, log.read_text()
    assert not coming, f"nothing befell {coming}"
    return SimpleNamespace(
        folder=folder,
        results=folder / "results/clustered",
        jobs=all_jobs(),
        messages=log.read_text(),
    )


def tries(run: SimpleNamespace, rule: str) -> list[Job]:
    return [job for job in run.jobs if job.rule == rule]


@pytest.mark.reliability("Interruption")
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.strike.__name__)
def test_a_lost_job_is_tried_again_with_twice_the_memory_and_time(run, loss):
    first, second = tries(run, loss.rule)
    assert (first.state, second.state) == (loss.state, "COMPLETED")
    assert f"SLURM-job '{first.number}' failed" in run.messages
    assert int(second.memory[:-1]) == 2 * int(first.memory[:-1])
    if loss.strike is not hang:  # there the first one's was changed
        assert minutes(second) == 2 * minutes(first)


def minutes(job: Job) -> int:
    *hours, minutes, _ = job.limit.split(":")
    return int(minutes) + 60 * sum(map(int, hours))


def test_a_training_asks_for_what_its_variant_was_measured_to_take(run):
    peaks = pd.read_csv(ROOT / "workflow/memory.csv", index_col="variant")["peak_mb"]
    measured = peaks["glove_dense"]
    job, _ = tries(run, "train_glove_dense")
    assert measured < int(job.memory.removesuffix("M")) < 1.3 * measured
    assert job.processors == "1"


def test_small_rules_share_jobs(run):
    shared = ("texts", "vectors", "tables", "pages")
    jobs = [job.rule for job in run.jobs if job.state == "COMPLETED"]
    of_groups = sorted(name for job in jobs for name in shared if job.startswith(f"{name}_"))
    assert of_groups == ["pages", "tables", "texts", "vectors"]
    alone = {job for job in jobs if not job.startswith(shared)}
    assert {job.partition("_")[0] for job in alone} == {"train", "lesson", "evaluate"}
    assert "evaluate_answers" in alone


def figures(results: Path) -> dict[str, list]:
    """Return the tables in a report's folder, without times, memory and what depends on these."""
    found = {}
    folder = results / "report/tables"
    for path in sorted(folder.rglob("*.csv")):
        name = str(path.relative_to(folder))
        if name.startswith("made/") or path.stem == "recommendation":
            continue
        table = pd.read_csv(path, keep_default_na=False, dtype=str)
        if path.stem == "lecture":
            table = table[~table["ours"].str.contains(" s per epoch")]
        measured = table.columns.str.contains("seconds|minutes|ms_per_document|memory_mb|pareto")
        found[name] = table.loc[:, ~measured].to_numpy().tolist()
    return found


def test_figures_are_those_of_a_run_on_this_machine(run, here):
    assert here.process.wait(PATIENCE) == 0
    ours, theirs = figures(run.results), figures(here.results)
    assert set(COMPARED) <= theirs.keys()
    assert [name for name in theirs if ours[name] != theirs[name]] == []
    assert len(ours["newsgroups/runs/runs.csv"]) == len(CONFIG["compare"]["variants"])


def test_nothing_is_left_to_do_here_or_there(run):
    for where in (("--cores", "1"), ON_SLURM):
        command = snakemake("--dry-run", *where)
        status, output = forks.snakemake(command[1:], run.folder)
        assert status == 0, output
        assert "Nothing to be done" in output


def test_networks_get_the_gpu_that_the_configuration_has_them_ask_for(run):
    assert CONFIG["gpu"] == 1
    for rule, gpus in (("train_glove_dense", 1), ("train_tfidf_svm", 0)):
        about = slurm("scontrol", "show", "job", tries(run, rule)[-1].number)
        assert about.count("gres:gpu:1") == gpus
