"""Pretrained encoders of a configuration whose files are at hand while planning."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from seq2report.core.command import UserError
from seq2report.files.addresses import with_variables
from seq2report.files.local_files import local_path, state

DOWNLOADS = Path("resources/downloads")


def checkpoints(config: dict, roots: Sequence[Path]) -> dict[str, dict]:
    """Return what the check of models needs to know about each encoder, by its name.

    length: of the configuration. file and state: of its checkpoint, if that is downloaded or local;
    then its errors are found before anything runs. ``roots`` are the folders of relative paths.
    """
    found = {}
    for name, settings in config.get("encoders", {}).items():
        found[name] = {"name": name, "length": settings["length"]}
        if file := _at_hand(config["sources"][settings["source"]], roots):
            found[name] |= {"file": str(file), "state": state(file)}
    return found


def _at_hand(source: dict, roots: Sequence[Path]) -> Path | None:
    if (file := DOWNLOADS / source["file"]).is_file():
        return file
    for location in source["from"]:
        if location.get("url", "").startswith("file:"):
            with suppress(UserError, OSError):  # fetch reports it
                return local_path(with_variables(location["url"]), roots)
    return None
