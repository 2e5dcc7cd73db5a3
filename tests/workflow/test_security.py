"""What stands in a configuration is data: no shell and no YAML parser runs it, no log tells it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import forks
import pytest
import yaml
from helpers import ROOT
from project import SNAKEMAKE, keep_check

HARM = "x'\"; touch harm; $(touch harm) `touch harm` & | > harm \\ * {config} {input} {x} {{"
HOSTILE = {
    "sources": {
        "imdb_sample": {
            "file": "imdb-sample.tar.xz",
            "from": [{"url": f"https://127.0.0.1:9/{HARM}", "member": HARM}],
        }
    },
    "corpora": {"imdb": {"title": HARM}, "newsgroups": {"title": f"{HARM} b"}},
    "embeddings": {"glove": {"title": HARM}},
    "variants": {
        "majority": {"title": HARM},
        "tfidf_svm": {
            "title": f"{HARM} b",
            "pipeline": [{"TfidfVectorizer": {"token_pattern": HARM}}],
        },
    },
}
HOSTILE["variants"]["tfidf_svm"]["pipeline"].append({"LinearSVC": {}})


def snakemake(
    config: dict | str, folder: Path, *arguments: str, **variables: str
) -> tuple[int, str]:
    """Run Snakemake on the workflow in another folder, with this over the default.

    Return its status and output.
    """
    (folder / "mine.yaml").write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    command = ["--snakefile", ROOT / "Snakefile", "--cores", "1", *arguments]
    command += ["--configfile", "mine.yaml"]
    return forks.snakemake(command, folder, os.environ | variables)


def refused(config: dict | str, folder: Path) -> str:
    """Plan the workflow in another folder, with this over the default, and return the refusal."""
    status, output = snakemake(config, folder, "--dry-run")
    assert status != 0
    return output


@pytest.mark.workflow
@pytest.mark.reliability("Security")
def test_no_text_of_a_configuration_reaches_a_shell_as_code(tmp_path, checked):
    keep_check(checked, tmp_path)
    mirror = {"SEQ2REPORT_MIRROR": HARM}
    status, output = snakemake(HOSTILE, tmp_path, "--dry-run", "--printshellcmds", **mirror)
    assert status == 0, output
    told = output.split("Shell command: ")[1:]
    commands = [re.split(r"\n\[\w{3} \w{3} .*\]\n|\n\n", each)[0] for each in told]
    commands = [each for each in commands if each.split()[0] != "None"]
    assert len(commands) > 80
    assert sum("touch harm" in each for each in commands) > 4
    shell = tmp_path / "shell"
    shutil.copytree(tmp_path / "results", shell / "results")  # long arguments
    for command in commands:
        for log in re.findall(r" 2> '?([^ ']+)", command):
            (shell / log).parent.mkdir(parents=True, exist_ok=True)
        for folder in re.findall(r" > '?([^ ']+)", command):
            (shell / folder).parent.mkdir(parents=True, exist_ok=True)
        # The words that Python would get are looked at by nobody: what the shell makes of them is.
        script = f"python() {{ :; }}\n{command}"
        run = subprocess.run(["bash", "-c", script], cwd=shell, capture_output=True, text=True)
        assert run.returncode == 0, f"{command}\n{run.stderr}"
    assert {path.name for path in shell.iterdir()} == {"results", "resources"}
    assert not [*shell.rglob("harm*")]


@pytest.mark.reliability("Security")
def test_a_configuration_that_asks_yaml_for_python_is_refused_and_nothing_is_run(tmp_path):
    output = refused("name: !!python/object/apply:os.mkdir [harm]\n", tmp_path)
    assert "not valid JSON or YAML" in output
    assert not (tmp_path / "harm").exists()


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    "config", [{"\x1b[31mname": 1}, {"variants": {"\x1b[31mname": {"choose": 1}}}]
)
def test_no_name_in_a_configuration_changes_the_terminal(tmp_path, config):
    output = refused(config, tmp_path)
    assert "\ufffd[31mname" in output
    assert "\x1b" not in output


ADDRESS = "https://me:hunter2@127.0.0.1:9/x.tar.xz"


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    ("url", "told"),
    [
        (ADDRESS, "a password is written out"),
        ("https://127.0.0.1:9/x.tar.xz?X-Amz-Signature=hunter2", "a 'X-Amz-Signature' is written"),
        ("https://127.0.0.1:9/x.tar.xz?a=1&access_token=hunter2", "a 'access_token' is written"),
        (ADDRESS.replace("https", "ftp"), "does not have the form"),
    ],
)
def test_a_secret_that_is_written_into_an_address_is_refused_and_not_repeated(tmp_path, url, told):
    config = {"sources": {"imdb_sample": {"from": [{"url": url}]}}}
    output = refused(config, tmp_path)
    assert told in output
    assert "hunter2" not in output


@pytest.mark.workflow
@pytest.mark.reliability("Security")
def test_a_secret_from_the_environment_reaches_no_log_and_no_file(tmp_path, checked):
    keep_check(checked, tmp_path)
    address = "https://me:${PASSWORD}@127.0.0.1:9/x.tar.xz?token=${PASSWORD}"
    config = {"sources": {"imdb_sample": {"from": [{"url": address}]}}}
    targets = ["resources/downloads/imdb-sample.tar.xz", "results/sample/config.json"]
    options = ("--keep-going", "--printshellcmds", "--show-failed-logs")
    status, output = snakemake(config, tmp_path, *targets, *options, PASSWORD="hunter2")
    assert status != 0
    assert "https://127.0.0.1:9/x.tar.xz" in output
    assert "hunter2" not in output
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"config.json", "imdb-sample.tar.xz.log"} <= {path.name for path in files}
    assert [path for path in files if b"hunter2" in path.read_bytes()] == []


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    "code",
    [
        "import pickle\npickle.load(file)\n",
        "import yaml\nyaml.load(text)\n",
        "eval(text)\n",
        "exec(text)\n",
        "import subprocess\nsubprocess.run(text, shell=True)\n",
        "import os\nos.system(text)\n",
        "import tarfile\ntarfile.open(name).extractall()\n",
    ],
)
def test_code_that_would_run_what_it_reads_does_not_pass_the_linter(code):
    command = [SNAKEMAKE.with_name("ruff"), "check", "--stdin-filename", "scripts/mine.py", "-"]
    done = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"S\d{3}", done.stdout)


@pytest.mark.reliability("Security")
@pytest.mark.parametrize("way", ["allow_pickle=True", "safe_mode=False", "noqa: S", "unsafe_load"])
def test_no_file_of_the_code_takes_the_guard_off(way):
    code = [
        *ROOT.glob("scripts/**/*.py"),
        *ROOT.glob("workflow/**/*.smk"),
        ROOT / "workflow/Snakefile",
    ]
    code += ROOT.glob("reports/*.ipynb")
    assert [path.name for path in code if way in path.read_text(encoding="utf-8")] == []
