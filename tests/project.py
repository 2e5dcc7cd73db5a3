"""A copy of the workflow to plan and to run, in a folder of its own."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Self

import forks
import yaml
from helpers import ROOT

PARTS = ("Snakefile", "workflow", "config", "profiles", "scripts", "reports", "environment.yml")
PARTS += ("environment-gpu.yml",)
ENSEMBLE = {"title": "Both", "ensemble": {"members": ["svm", "dense"], "method": "vote"}}
BAYES = {"title": "NB", "pipeline": [{"CountVectorizer": {}}, {"MultinomialNB": {}}]}
TRAINING = {"train_svm", "train_dense"}
SNAKEMAKE = Path(sys.executable).with_name("snakemake")


def edited(config: dict, **changes) -> dict:
    """Return the configuration with ``a__b__c=value`` changed at a.b.c."""
    copy = json.loads(json.dumps(config))
    for path, value in changes.items():
        *folders, last = path.split("__")
        place = copy
        for folder in folders:
            place = place[folder]
        place[last] = value
    return copy


def copy_workflow(folder: Path, *more: str) -> Path:
    """Copy what a run needs of the workflow, and ``more``, to a folder; return it."""
    for part in (*PARTS, *more):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        (folder / part).parent.mkdir(exist_ok=True)
        copy(ROOT / part, folder / part)
    return folder


def without_checks(folder: Path) -> Path:
    """Let the check that builds all models, which loads TensorFlow, accept everything."""
    (folder / "scripts/check.py").write_text("")
    return folder


def keep_check(checked: Path, folder: Path, name: str = "sample") -> None:
    """Let a run of this name know the models that another one, or the fixture `checked`, built."""
    memory = folder / f"results/{name}/checked.json"
    memory.parent.mkdir(parents=True)
    shutil.copy(checked, memory)


def rules_of(plan: str) -> dict[str, int]:
    """Return which rules are in the output of a dry run, and how often."""
    table = re.search(r"^Job stats:\n.*\n-.*\n((?:\S+ +\d+\n)+)", plan, flags=re.MULTILINE)
    if table is None:
        assert "Nothing to be done" in plan
        return {}
    counts = dict(line.split() for line in table.group(1).splitlines())
    return {rule: int(n) for rule, n in counts.items() if rule not in ("total", "all", "report")}


def calls_of(plan: str, script: str) -> list[dict[str, list[str]]]:
    """Return the options of each call of a script in a plan with commands: values by name."""
    calls = []
    for command in re.findall(rf"python scripts/{re.escape(script)} (.*)", plan):
        calls.append({})
        for word in shlex.split(command.partition(" 2> ")[0]):
            if word.startswith("--"):
                values = calls[-1].setdefault(word.removeprefix("--"), [])
            else:
                values.append(word)
    return calls


class Project:
    """A copy of the workflow in a folder of its own, with a tiny configuration."""

    def __init__(self, folder: Path, config: dict):
        self.folder, self.config = folder, config

    @classmethod
    def create(cls, folder: Path, config: dict) -> Self:
        """Copy the workflow to a folder."""
        return cls(copy_workflow(folder), config)

    def snakemake(self, *arguments, config=None, directory=None, status=0, under=()) -> str:
        """Run Snakemake, behind ``under`` in a process of its own; return what it prints."""
        command = [*self.options(config), *arguments]
        folder = directory or self.folder
        if under:
            done = subprocess.run(
                [*under, SNAKEMAKE, *command],
                cwd=folder,
                env=self.environment(),
                capture_output=True,
                text=True,
                timeout=forks.LONGEST,
            )
            found, output = done.returncode, done.stdout + done.stderr
        else:
            found, output = forks.snakemake(command, folder, self.environment())
        assert found == status, output
        return output

    def options(self, config: dict | None) -> list:
        file = self.folder / "tiny.yaml"
        file.write_text(yaml.safe_dump(config or self.config, sort_keys=False))
        return ["--cores", "2", "--configfile", file, "--replace-workflow-config"]

    def environment(self) -> dict[str, str]:
        # Not activated: a rule has to find this Python by itself.
        return os.environ | {"PATH": "/usr/local/bin:/usr/bin:/bin"}

    def planned(self, *arguments, **options) -> dict[str, int]:
        """Return which rules a run would run, and how often."""
        return rules_of(self.snakemake("--dry-run", *arguments, **options))

    def commands(self, *arguments, **options) -> str:
        """Return the plan with all commands; long arguments, which are in files, stand in them."""
        output = self.snakemake("--dry-run", "--printshellcmds", *arguments, **options)

        def content(file: re.Match) -> str:
            text = (self.folder / file[2]).read_text().strip()
            return shlex.quote(text) if file[1] == "@" else text

        return re.sub(r"(@|\$\(cat )(\S+/arguments/\w+)\)?", content, output)

    def changed(self, file: str, old: str | None = None, new: str = "\n# changed\n"):
        """Change a file of the copy until the with-block ends."""
        return _Changed(self.folder / file, old, new)


class PlannedProject(Project):
    """A project whose files are empty, recorded as those of a finished run: for plans alone.

    The check that builds all models, which loads TensorFlow, accepts everything; `with_check`
    brings the real one back.
    """

    @classmethod
    def create(cls, folder: Path, config: dict) -> Self:
        """Copy the workflow to a folder, and make all files of it."""
        project = super().create(folder, config)
        without_checks(folder)
        project.finish()
        return project

    def finish(self, *targets, config=None) -> None:
        """Make the files of these targets, empty, as a run would have left them."""
        table = self.snakemake("--summary", *targets, config=config)
        for line in table.partition("output_file\t")[2].splitlines()[1:]:
            path = self.folder / line.split("\t")[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        self.snakemake("--touch", "--forceall", *targets, config=config)

    def with_check(self):
        """Check models for real until the with-block ends."""
        return self.changed("scripts/check.py", new=(ROOT / "scripts/check.py").read_text())


class _Changed:
    def __init__(self, path, old, new):
        self.path, self.content, self.stat = path, path.read_text(), path.stat()
        text = self.content + new if old is None else self.content.replace(old, new)
        assert text != self.content
        path.write_text(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.path.write_text(self.content)
        os.utime(self.path, ns=(self.stat.st_atime_ns, self.stat.st_mtime_ns))
