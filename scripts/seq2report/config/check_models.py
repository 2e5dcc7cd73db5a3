"""Models of all variants, built once in a process of its own before anything runs."""

import contextlib
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from seq2report.config.resolve import resolve_variant
from seq2report.core.command import UserError, replacing
from seq2report.core.machine import memory_mb


def check_models(config: dict, script: Path | str, memory: Path | str) -> None:
    """Have ``check.py`` build every variant's model, unless it did so for the same settings.

    An ensemble has nothing to build but its members, which are variants themselves.

    It runs as a process of its own: it needs TensorFlow, which takes seconds to load. What was
    found right is remembered in the file ``memory``; where that cannot be written, the check is
    made each time.

    Raises:
        UserError: one line a mistake, at most five.
    """
    variants = {name: resolve_variant(config, name) for name in config["variants"]}
    content = {
        "num_words": {name: item["num_words"] for name, item in config["encodings"].items()},
        "features": config.get("features", {}),
        "memory_mb": config.get("memory_mb", memory_mb()),
        "variants": {
            name: variant.settings()
            for name, variant in variants.items()
            if variant.kind != "ensemble"
        },
    }
    versions = {name: version(name) for name in ("keras", "scikit-learn")}
    text = json.dumps(content | {"versions": versions}, sort_keys=True, indent=1)
    memory = Path(memory)
    if memory.is_file() and memory.read_text(encoding="utf-8") == text:
        return
    done = subprocess.run([sys.executable, script], input=text, capture_output=True, text=True)
    if done.returncode:
        raise UserError(re.split(r"(?m)^error: ", done.stderr.strip())[-1])
    with contextlib.suppress(OSError, UserError), replacing(memory) as part:
        part.write_text(text, encoding="utf-8")
