"""A copy of the workflow to plan and to run, in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from helpers import ROOT

PARTS = ("Snakefile", "workflow", "config", "profiles", "scripts", "reports", "environment.yml")
PARTS += ("environment-gpu.yml",)
SNAKEMAKE = Path(sys.executable).with_name("snakemake")


class Project:
    """A copy of the workflow in a folder of its own, with a tiny configuration."""

    def __init__(self, folder: Path, config: dict):
        self.folder, self.config = folder, config
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)

    def snakemake(self, *arguments, config=None, directory=None, status=0, under=()) -> str:
        file = self.folder / "tiny.yaml"
        file.write_text(yaml.safe_dump(config or self.config))
        command = [*under, SNAKEMAKE, "--cores", "2", "--configfile", file]
        command += ["--replace-workflow-config", *arguments]
        # Not activated: a rule has to find this Python by itself.
        environment = os.environ | {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        done = subprocess.run(
            command,
            cwd=directory or self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *arguments, **options) -> dict[str, int]:
        """Return which rules a run would run, and how often."""
        output = self.snakemake("--dry-run", *arguments, **options)
        table = re.search(r"^Job stats:\n.*\n-.*\n((?:\S+ +\d+\n)+)", output, flags=re.MULTILINE)
        if table is None:
            assert "Nothing to be done" in output
            return {}
        counts = dict(line.split() for line in table.group(1).splitlines())
        return {
            rule: int(n) for rule, n in counts.items() if rule not in ("total", "all", "report")
        }

    def changed(self, file: str, old: str | None = None, new: str = "\n# changed\n"):
        """Change a file of the copy until the with-block ends."""
        return _Changed(self.folder / file, old, new)


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
