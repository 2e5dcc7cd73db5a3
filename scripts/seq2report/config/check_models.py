"""Check the models of all variants before any job starts."""

import contextlib
import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from seq2report.config.encoders import checkpoints
from seq2report.config.resolve import resolve_variant
from seq2report.core.command import UserError, read_json, write_json
from seq2report.core.imports import local_imports
from seq2report.core.machine import memory_mb
from seq2report.models.devices import NO_DEVICE, VISIBLE
from seq2report.models.variant import Input

BUILT = ("network", "pipeline")  # the kinds with a model of their own


def check_models(config: dict, script: Path | str, memory: Path | str) -> None:
    """Let ``check.py`` build the models of all variants that the file ``memory`` does not have.

    The file is valid for the same code of the check, and the same versions, only.

    It is a process of its own, because it needs TensorFlow, which takes seconds to load.

    Raises:
        UserError: one line per error, at most five.
    """
    variants = {name: resolve_variant(config, name) for name in config["variants"]}
    common = {
        "num_words": {name: item["num_words"] for name, item in config["encodings"].items()},
        "features": config.get("features", {}),
        "memory_mb": config.get("memory_mb", memory_mb()),
        "versions": {name: version(name) for name in ("keras", "scikit-learn")},
        "code": _digest(Path(script)),
    }
    encoders = checkpoints(config, (Path(), Path(script).parent.parent))
    built = {
        name: variant.settings() | _pretrained(variant.input, config, encoders)
        for name, variant in variants.items()
        if variant.kind in BUILT
    }
    checked = {}
    with contextlib.suppress(UserError):  # no such file, or a damaged one
        checked = read_json(memory)
    known = checked.pop("variants", {})
    known = known if checked == common else {}
    new = {name: settings for name, settings in built.items() if known.get(name) != settings}
    if checked == common and not new:
        return
    _run(script, json.dumps(common | {"variants": new}))
    # If the file cannot be written, the models are checked each time.
    with contextlib.suppress(OSError, UserError, ValueError):
        write_json(memory, common | {"variants": known | new})


def _run(script: Path | str, text: str) -> None:
    # Without a GPU: TensorFlow would reserve the memory of all of them.
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", VISIBLE: NO_DEVICE}
    utf8 = {"encoding": "utf-8", "env": environment}
    done = subprocess.run([sys.executable, script], input=text, capture_output=True, **utf8)
    if done.returncode:
        raise UserError(re.split(r"(?m)^error: ", done.stderr.strip())[-1])


def _pretrained(settings: Input | None, config: dict, encoders: dict[str, dict]) -> dict:
    """Return the encoder that a variant uses, for the check, or nothing."""
    if settings and settings.features:
        name = config["features"][settings.features].get("encoder")
    else:
        name = settings and settings.encoder
    return {"checkpoint": encoders[name]} if name else {}


def _digest(script: Path) -> str:
    """Return a digest of a script and of the modules that it imports."""
    files = local_imports(script, script.parent)
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
