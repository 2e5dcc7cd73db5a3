"""Snakemake in forks of one process: to load it takes longer than to plan with it."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from helpers import ROOT

# Reads a request per line, forks, runs Snakemake in the fork and answers with its status. Before
# the first request it imports the packages that a plan loads and searches the scripts for imports,
# which takes more than half of a plan. `local_imports` remembers a script by its text, so a changed
# copy is searched again; all other modules of the project are imported from the folder of the plan.
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

def answer(arguments, folder, environment, output):
    signal.alarm(500)  # ends what hangs
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
    child = os.fork()
    if not child:
        status = 1
        try:
            status = answer(*json.loads(line))
            sys.stdout.flush(), sys.stderr.flush()
        finally:
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _server() -> subprocess.Popen:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    server = subprocess.Popen([sys.executable, "-c", SERVER, ROOT / "scripts"], text=True, **pipes)
    atexit.register(server.communicate)  # closes its input, which ends it
    return server


def snakemake(arguments: list, folder: Path, environment: dict | None = None) -> tuple[int, str]:
    """Return status and output of Snakemake."""
    server = _server()
    with tempfile.NamedTemporaryFile() as output:
        request = [
            [*map(str, arguments)],
            str(folder),
            environment or dict(os.environ),
            output.name,
        ]
        print(json.dumps(request), file=server.stdin, flush=True)
        status = int(server.stdout.readline())
        return status, Path(output.name).read_text(encoding="utf-8")
