"""Snakemake in forks of one process: to load it takes longer than to plan with it."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from helpers import ROOT

LONGEST = 1600  # seconds; the fork itself ends before
# Reads a request per line. It forks, runs Snakemake in the fork and answers with its process; asked
# for such a process, it answers with the status, null while it runs. Before the first request it
# imports the packages that a plan loads and searches the scripts for imports, which takes more than
# half of a plan. `local_imports` remembers a script by its text, so a changed copy is searched
# again; all other modules of the project are imported from the folder of the plan.
SERVER = """
import gc, json, os, signal, sys, traceback
from pathlib import Path
import docutils.core, dpath, jsonschema, platformdirs, polars, pygments.formatters, requests
import smart_open, snakemake.cli, snakemake.report.html_reporter, yaml, yte
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
ExecutorPluginRegistry().collect_plugins()
sys.path.insert(0, sys.argv[1])
from seq2report.core.imports import local_imports
for script in Path(sys.path.pop(0)).glob("*.py"):
    local_imports(script, script.parent)
del sys.modules["seq2report"], sys.modules["seq2report.core"]
gc.disable()
gc.freeze()

def run(arguments, folder, environment, output):
    signal.alarm(1500)  # ends what hangs
    os.setsid()
    file = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(file, 1), os.dup2(file, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["snakemake", *arguments]
    try:
        snakemake.cli.main(arguments)
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

for line in sys.stdin:
    request = json.loads(line)
    if isinstance(request, int):
        ended, status = os.waitpid(request, os.WNOHANG)
        print(os.waitstatus_to_exitcode(status) if ended else "null", flush=True)
    elif child := os.fork():
        print(child, flush=True)
    else:
        status = 1
        try:
            status = run(*request)
            sys.stdout.flush(), sys.stderr.flush()
        finally:
            os._exit(status)
"""


@cache
def _server() -> subprocess.Popen:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    server = subprocess.Popen([sys.executable, "-c", SERVER, ROOT / "scripts"], text=True, **pipes)
    atexit.register(server.communicate)  # closes its input, which ends it
    return server


def _ask(request: int | list) -> int | None:
    print(json.dumps(request), file=_server().stdin, flush=True)
    return json.loads(_server().stdout.readline())


class Run:
    """A run of Snakemake in a session of its own, with what a test needs of `subprocess.Popen`."""

    def __init__(
        self, arguments: list, folder: Path, output: Path, environment: dict | None = None
    ):
        environment = dict(os.environ) if environment is None else environment
        self.returncode = None
        self.pid = _ask([[*map(str, arguments)], str(folder), environment, str(output)])

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = _ask(self.pid)
        return self.returncode

    def wait(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while self.poll() is None:
            assert time.monotonic() < deadline, "Snakemake is still running"
            time.sleep(0.02)
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


def snakemake(arguments: list, folder: Path, environment: dict | None = None) -> tuple[int, str]:
    """Return status and output of Snakemake."""
    with tempfile.NamedTemporaryFile() as output:
        run = Run(arguments, folder, Path(output.name), environment)
        return run.wait(LONGEST), Path(output.name).read_text(encoding="utf-8")
