"""The profiles for clusters; what is done with a real Slurm is in test_slurm.py."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest
import yaml
from forks import Run, snakemake
from helpers import ROOT
from project import copy_workflow, keep_check, without_checks

SLURM, GENERIC = (
    yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text())
    for name in ("slurm", "generic")
)
DOCUMENTS = "results/sample/imdb/documents.parquet"  # of one job on the cluster
READ = ["--workflow-profile", "profiles/generic", DOCUMENTS]


def common(profile):
    """Return the settings of a profile without those of its way to submit jobs."""
    own = ("executor", "slurm", "cluster-generic-")
    return {
        key: common(value) if key == "default-resources" else value
        for key, value in profile.items()
        if not key.startswith(own)
    }


def test_the_profiles_differ_only_in_how_jobs_are_submitted():
    assert common(SLURM) == common(GENERIC)


@pytest.fixture(scope="module")
def planned(tmp_path_factory) -> dict[str, dict[str, str]]:
    """What the rules of the sample ask for on Slurm, partition and account filled in."""
    folder = copy_workflow(tmp_path_factory.mktemp("profile"), "resources/sample")
    profile = without_checks(folder) / "profiles/slurm/config.yaml"
    text = profile.read_text()
    for key, value in (("partition", "cpu"), ("account", "project")):
        setting = rf"^  (# )?slurm_{key}: .*$"
        text, n = re.subn(setting, f"  slurm_{key}: {value}", text, flags=re.MULTILINE)
        assert n == 1
    profile.write_text(text)
    command = ["--dry-run", "--forceall", "--workflow-profile", "profiles/slurm"]
    status, output = snakemake(command, folder)
    assert status == 0, output
    # Jobs of a group are indented.
    told = r"^( *)(?:local)?rule (\w+):\n(?:\1 .*\n)*?\1 +resources: (.*)"
    jobs = re.findall(told, output, flags=re.MULTILINE)
    return {rule: dict(each.split("=", 1) for each in asks.split(", ")) for _, rule, asks in jobs}


def test_partition_and_account_are_set_for_all_jobs_in_one_place(planned):
    assert len(planned) > 30
    asked = {
        rule: (asks["slurm_partition"], asks["slurm_account"]) for rule, asks in planned.items()
    }
    assert set(asked.values()) == {("cpu", "project")}


def test_every_job_says_how_much_memory_and_time_it_needs(planned):
    assert all(int(asks["mem_mb"]) > 0 and int(asks["runtime"]) > 0 for asks in planned.values())
    assert {asks["runtime"] for rule, asks in planned.items() if rule.startswith("train_")} == {
        "60"
    }


def test_what_rules_get_that_do_not_say_was_enough_for_the_full_corpora(planned):
    manifest = json.loads((ROOT / "docs/results/full/manifest.json").read_text())
    took = {each["rule"]: each["peak_mib"] * 2**20 / 1e6 for each in manifest["durations"]}
    common = took.keys() & planned.keys()
    assert len(common) > 10
    assert [rule for rule in common if took[rule] > int(planned[rule]["mem_mb"])] == []


def call(folder: Path, script: str, *arguments: str) -> str:
    command = [ROOT / "profiles/generic" / script, *arguments]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=True).stdout


def submit(folder: Path, commands: str, minutes: str = "9") -> tuple[str, int]:
    """Start a job of the generic profile; return its id and its session."""
    (folder / "job.sh").write_text(commands)
    job = call(folder, "submit.sh", "1", "100", minutes, "job.sh").strip()
    return job, int((folder / job / "process").read_text())


def wait_for_the_end(session: int) -> None:
    """Wait until no process of a session is left, in whatever process group."""
    for _ in range(600):
        if subprocess.run(["pgrep", "-s", str(session)], stdout=subprocess.DEVNULL).returncode:
            return
        time.sleep(0.1)
    raise AssertionError("processes of the job go on")


def test_a_job_of_the_generic_profile_ends_with_all_its_processes(tmp_path):
    job, session = submit(tmp_path, "sleep 600; true")
    assert call(tmp_path, "status.sh", job) == "running\n"
    call(tmp_path, "cancel.sh", job)
    wait_for_the_end(session)
    assert call(tmp_path, "status.sh", job) == "failed\n"
    job, session = submit(tmp_path, "sleep 600; true", minutes="0.001")
    wait_for_the_end(session)
    assert call(tmp_path, "status.sh", job) == "failed\n"


def test_a_job_of_the_generic_profile_is_running_while_one_of_its_processes_is(tmp_path):
    job, session = submit(tmp_path, "until [ -e go ]; do sleep 0.1; done")
    os.kill(session, signal.SIGKILL)  # only the first one
    assert call(tmp_path, "status.sh", job) == "running\n"
    (tmp_path / "go").touch()
    wait_for_the_end(session)
    assert call(tmp_path, "status.sh", job) == "success\n"


@pytest.fixture
def folder(tmp_path, checked) -> Path:
    keep_check(checked, copy_workflow(tmp_path, "resources/sample"))
    return tmp_path


def started(folder: Path, run: Run) -> int:
    """Wait until Snakemake has the id of its job; return the process of the job."""
    while run.poll() is None:
        logs = "".join(log.read_text() for log in folder.glob(".snakemake/log/*.snakemake.log"))
        if job := re.search(r"with external jobid '(.+)'", logs):
            return int((folder / job[1] / "process").read_text())
        time.sleep(0.1)
    raise AssertionError("Snakemake ended before it submitted a job")


@pytest.mark.workflow
@pytest.mark.reliability("Interruption")
def test_a_generic_cluster_finishes_a_run_although_a_job_is_killed(folder):
    log = folder / "messages.log"
    run = Run([*READ, "--seconds-between-status-checks", "1"], folder, log)
    os.killpg(started(folder, run), signal.SIGKILL)
    assert run.wait(180) == 0, log.read_text()
    assert "Trying to restart job" in log.read_text()
    assert set(pl.read_parquet(folder / DOCUMENTS)["label"].drop_nulls()) == {"neg", "pos"}


@pytest.mark.workflow
@pytest.mark.reliability("Interruption")
def test_a_generic_cluster_cancels_its_jobs_when_it_is_interrupted(folder):
    # Not with frequent checks: while Snakemake checks its jobs, it knows of none to cancel.
    run = Run(READ, folder, folder / "messages.log")
    job = started(folder, run)
    os.killpg(job, 0)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) != 0
    wait_for_the_end(job)
