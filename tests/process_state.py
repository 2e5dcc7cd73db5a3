"""What a test process inherits from its shell, set to the same values everywhere.

Child processes inherit it in turn, so no test depends on how the tests were started: under
``nohup``, with another umask, language or time zone, or with tight limits.
"""

import locale
import os
import resource
import signal
import threading
import time

# A child process ignores what its parent ignores. A handler is different: the child starts with the
# default action, and this process still survives the signal, as ``nohup`` wants.
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
VARIABLES = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONUTF8": "1"}
REMOVED = ("LANGUAGE", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONDONTWRITEBYTECODE")
# Only the tests that read the real archives may see a mirror: it would serve all others too.
MIRROR, REAL_ARCHIVES = "SEQ2REPORT_MIRROR", "TESTS_REAL_ARCHIVES"
OPEN_FILES = 4096


def set_defaults() -> None:
    """Set signals, umask, environment and limits of this process and of its children."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.umask(0o022)
    os.environ.update(VARIABLES)
    for name in REMOVED:
        os.environ.pop(name, None)
    if MIRROR in os.environ:
        os.environ[REAL_ARCHIVES] = os.environ.pop(MIRROR)
    locale.setlocale(locale.LC_ALL, VARIABLES["LC_ALL"])
    time.tzset()
    for limit, soft in {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_FSIZE: resource.RLIM_INFINITY,
        resource.RLIMIT_CPU: resource.RLIM_INFINITY,
    }.items():
        _set_limit(limit, soft)


def _set_limit(limit: int, soft: int) -> None:
    """Set a soft limit, or the hard limit if that is lower."""
    _, hard = resource.getrlimit(limit)
    unlimited = resource.RLIM_INFINITY
    if hard != unlimited:
        soft = hard if soft == unlimited else min(soft, hard)
    resource.setrlimit(limit, (soft, hard))
