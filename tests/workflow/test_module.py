"""The workflow as a module of another one, read from a git repository."""

import re
import subprocess

import pytest
from project import Project, keep_check

pytestmark = pytest.mark.workflow

OWN = """
configfile: "mine.yaml"


module seq2report:
    snakefile: gitfile({repository!r}, path="workflow/Snakefile", ref="main")
    config: config


use rule * from seq2report as seq2report_*
"""
CONFIG = {
    "name": "mine",
    "lessons": {"pages": []},
    "compare": {"corpora": ["own"], "variants": ["majority"]},
    "sources": {"own": {"file": "own.csv", "from": [{"url": "file:texts.csv"}]}},
    "corpora": {
        "own": {
            "title": "Own",
            "source": "own",
            "format": "table",
            "columns": {"text": "text", "label": "label"},
            "split": {"test": 0.25, "validation": 0.25, "seed": 1},
        }
    },
}
READ = "results/mine/own/corpus.json"


def git(folder, *arguments):
    person = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *person, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_workflow_runs_rules_of_a_git_repository_and_follows_its_branch(tmp_path, checked):
    (tmp_path / "repository").mkdir()
    project = Project.create(tmp_path / "repository", CONFIG)
    git(project.folder, "init", "--initial-branch", "main")
    git(project.folder, "add", ".")
    git(project.folder, "commit", "--message", "one")
    own = tmp_path / "own"
    keep_check(checked, own, "mine")
    (own / "Snakefile").write_text(OWN.format(repository=str(project.folder)))
    (own / "texts.csv").write_text("text,label\n" + "some words,a\nother words,b\n" * 8)

    def snakemake(*arguments):
        return project.snakemake(*arguments, READ, directory=own, config=CONFIG)

    (own / "mine.yaml").symlink_to(project.folder / "tiny.yaml")  # which `snakemake` writes
    snakemake()
    assert (own / READ).is_file()
    assert not (project.folder / "results").exists()

    read = project.folder / "scripts/read.py"
    read.write_text(read.read_text() + "\n# changed\n")
    git(project.folder, "commit", "--all", "--message", "two")
    planned = re.findall(r"^(seq2report_\w+) +1$", snakemake("--dry-run"), flags=re.MULTILINE)
    assert set(planned) == {"seq2report_read"}
