"""Check the models of all variants before any job starts."""

import contextlib
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from seq2report.config.resolve import resolve_variant
from seq2report.core.command import UserError, replacing
from seq2report.core.machine import memory_mb


def check_models(config: dict, script: Path | str, memory: Path | str) -> None:
    """Let ``check.py`` build the model of every variant, unless the file ``memory`` has the result.

    It is a process of its own, because it needs TensorFlow, which takes seconds to load.

    Raises:
        UserError: one line per error, at most five.
    """
    variants = {name: resolve_variant(config, name) for name in config["variants"]}
    content = {
        "num_words": {name: item["num_words"] for name, item in config["encodings"].items()},
        "features": config.get("features", {}),
        "memory_mb": config.get("memory_mb", memory_mb()),
        "variants": {k: v.settings() for k, v in variants.items() if v.kind != "ensemble"},
        "versions": {name: version(name) for name in ("keras", "scikit-learn")},
    }
    text = json.dumps(content, sort_keys=True, indent=1)
    memory = Path(memory)
    if memory.is_file() and memory.read_text(encoding="utf-8") == text:
        return
    utf8 = {"encoding": "utf-8", "env": os.environ | {"PYTHONIOENCODING": "utf-8"}}
    done = subprocess.run([sys.executable, script], input=text, capture_output=True, **utf8)
    if done.returncode:
        raise UserError(re.split(r"(?m)^error: ", done.stderr.strip())[-1])
    # If the file cannot be written, the models are checked each time.
    with contextlib.suppress(OSError, UserError), replacing(memory) as temporary:
        temporary.write_text(text, encoding="utf-8")
