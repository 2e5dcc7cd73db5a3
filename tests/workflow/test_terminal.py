"""The progress of jobs that Snakemake runs, at a pseudo-terminal and without one."""

import os
import pty
import re

import forks
import pytest
from helpers import ROOT
from project import SNAKEMAKE

WORKFLOW = f"""
import sys

sys.path.insert(0, {str(ROOT / "scripts")!r})
from seq2report.core.terminal import show_progress

show_progress(logger, lambda: {{"count": ["earlier.tsv"]}}, {{}}, lambda: True)


rule all:
    input:
        expand("{{number}}.txt", number=range(4)),
        config.get("other", []),


rule count:
    output:
        "{{number}}.txt",
    shell:
        "echo {{wildcards.number}} > {{output}}"


rule broken:
    output:
        "broken.txt",
    log:
        "broken.log",
    shell:
        "echo the reason > {{log}}; exit 1"


rule endless:
    output:
        "endless.txt",
    shell:
        "touch started; sleep 60"
"""
BLOCK = "rule count:\n"  # of Snakemake's own message about a job


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Snakefile").write_text(WORKFLOW)
    (tmp_path / "earlier.tsv").write_text("s\n1.5\n")
    return tmp_path


def command(other):
    options = ["--cores", "1", "--keep-going", "--show-failed-logs", "--config", f"other={other}"]
    return [SNAKEMAKE, *options]


def at_terminal(folder, other, until=None):
    """Run Snakemake at a terminal, with Ctrl-C once ``until`` exists; return status and output."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(folder)
        os.environ["TERM"] = "xterm"
        os.execv(SNAKEMAKE, command(other))
    output = b""
    try:
        while part := os.read(terminal, 65536):
            output += part
            if until and until.exists():
                os.write(terminal, b"\x03")
                until = None
    except OSError:  # the process has ended
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), output.decode()


def log_file(folder):
    (file,) = (folder / ".snakemake/log").iterdir()
    return file.read_text()


@pytest.mark.workflow
def test_a_failed_job_and_its_log_stay_above_the_progress(folder):
    status, output = at_terminal(folder, "broken.txt")
    assert status == 1
    last = output.replace("\r\n", "\n").rstrip().rpartition("\x1b[J")[2]
    assert re.fullmatch(r"\[#{16}-{8}\] 4 of 6 jobs, 66%, \d+:\d\d elapsed, 1 failed", last)
    for message in ("Error in rule broken:", "the reason", "Complete log(s): "):
        assert message in output
    assert BLOCK not in output.replace("\r", "")
    assert log_file(folder).count(BLOCK) == 4


@pytest.mark.workflow
def test_ctrl_c_ends_the_jobs_and_leaves_the_terminal_clean(folder):
    status, output = at_terminal(folder, "endless.txt", until=folder / "started")
    assert "running: endless" in output
    assert status == 1
    assert "Terminating processes on user request" in output
    assert output.endswith("\n")
    assert not (folder / "endless.txt").exists()


@pytest.mark.workflow
def test_without_a_terminal_each_finished_job_is_a_line(folder):
    status, output = forks.snakemake(command("broken.txt")[1:], folder)
    assert status == 1
    lines = re.findall(r"^(\d) of 6 jobs, .*; done: count (\d)", output, re.MULTILINE)
    assert [number for number, _ in lines] == ["1", "2", "3", "4"]
    assert {job for _, job in lines} == {"0", "1", "2", "3"}
    assert "\x1b" not in output
    assert "Error in rule broken:" in output
    assert "the reason" in output
    assert BLOCK not in output
    assert log_file(folder).count(BLOCK) == 4


def test_the_workflow_shows_its_progress(project):
    target = "results/tiny/config.json"
    output = project.snakemake(target, "--touch", "--forcerun", "configuration")
    (line,) = re.findall(r"^.*; done: .*$", output, re.MULTILINE)
    assert re.fullmatch(r"1 of 1 job, 100%, \d+:\d\d elapsed; done: configuration \(.*\)", line)


@pytest.mark.workflow
@pytest.mark.parametrize("option", ["--quiet", "--verbose"])
def test_with_other_messages_wanted_there_is_no_progress(project, option):
    target = "results/tiny/config.json"
    output = project.snakemake(target, "--touch", "--forcerun", "configuration", option)
    assert "; done: " not in output
    assert ("rule configuration:" in output) == (option == "--verbose")
