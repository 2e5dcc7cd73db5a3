"""The tests themselves: the same ones are collected everywhere, in the same order."""

import os
import subprocess
import sys
import time

import pytest
from helpers import ROOT
from reliability import IDS

# Folders are listed in reverse; pytest itself sorts what it finds.
COLLECT = """
import os, sys, pytest
listdir, scandir = os.listdir, os.scandir

class Reversed:
    def __init__(self, *folder):
        with scandir(*folder) as entries:
            self.entries = iter(list(entries)[::-1])
    def __iter__(self): return self
    def __next__(self): return next(self.entries)
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def close(self): pass

os.listdir, os.scandir = lambda *folder: listdir(*folder)[::-1], Reversed
sys.exit(pytest.main(sys.argv[1:]))
"""
OPTIONS = ["--collect-only", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
OPTIONS += ["-o", "addopts=--import-mode=importlib"]


@pytest.mark.workflow
def test_the_same_tests_are_collected_at_another_time_place_and_locale(request, tmp_path):
    """Compare with the tests that this process collected: workers of xdist have to agree."""
    time.sleep(2)  # the resolution of times in zip files
    environment = os.environ | {
        "PYTHONHASHSEED": "7",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "TZ": "Asia/Kathmandu",
    }
    command = [sys.executable, "-c", COLLECT, *OPTIONS, "--rootdir", ROOT, ROOT / "tests"]
    command += ["-c", ROOT / "pyproject.toml"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    here, there = request.config.stash[IDS], done.stdout.splitlines()
    known = set(here)
    assert by_file(line for line in there if line in known) == by_file(here)


def by_file(ids):
    """Return ids in the order of their files: the command line may name files in any order."""
    return sorted(ids, key=lambda name: name.split("::")[0])
