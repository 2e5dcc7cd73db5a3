"""Child processes of the tests start alike, whatever the shell that started the tests."""

import json
import subprocess
import sys

from helpers import ROOT

# Prints the state of a child of a process that has set its defaults.
CHILD = """
import json, os, resource, signal, sys
ignored = [n.name for n in signal.valid_signals() if signal.getsignal(n) is signal.SIG_IGN]
print(json.dumps({
    "ignored": sorted(ignored),
    "umask": os.umask(0),
    "encoding": open(os.devnull).encoding,
    "locale": os.environ["LC_ALL"],
    "zone": os.environ["TZ"],
    "mirror": os.environ.get("SEQ2REPORT_MIRROR"),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
}))
"""
PARENT = """
import os, signal, subprocess, sys
sys.path.insert(0, sys.argv[1])
import process_state
process_state.set_defaults()
os.kill(os.getpid(), signal.SIGHUP)  # survived, because the shell ignored it
sys.exit(subprocess.run([sys.executable, "-c", sys.argv[2]]).returncode)
"""
HOSTILE = "trap '' HUP INT QUIT TERM; umask 077; ulimit -S -n 64; export LC_ALL=C TZ=Asia/Kathmandu"
HOSTILE += " SEQ2REPORT_MIRROR=/nowhere"


def state(shell: str) -> dict:
    command = ["sh", "-c", f'{shell}; exec "$@"', "sh", sys.executable, "-c", PARENT]
    command += [ROOT / "tests", CHILD]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_hostile_shell_changes_nothing_for_the_processes_that_tests_start():
    found = state(HOSTILE)
    assert found["ignored"] == ["SIGPIPE", "SIGXFSZ"]  # by Python itself
    assert found["umask"] == 0o022
    assert found["encoding"].lower() == "utf-8"
    assert (found["locale"], found["zone"]) == ("C.UTF-8", "UTC")
    assert found["files"] > 64
    assert found["mirror"] is None
