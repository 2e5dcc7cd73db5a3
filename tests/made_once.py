"""What takes long to make and is used by several files of tests."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder ``name``, which ``make`` fills.

    The first worker of pytest-xdist that needs it makes it for all of them.
    """
    shared = factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder, finished = shared / "once" / name, shared / f"once/{name}.finished"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(shared / f"once/{name}.lock"):
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            finished.touch()
    return folder
