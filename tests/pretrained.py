"""Tiny pretrained encoders, from tests/data/encoders, and changed copies of them."""

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT

from seq2report.core.command import UserError
from seq2report.models.pretrained import read_checkpoint

DATA = ROOT / "tests/data/encoders"
TINY = sorted(path.parent.name for path in DATA.glob("*/config.json"))
CONFIG, WEIGHTS = "config.json", "model.safetensors"
NEEDED = (CONFIG, WEIGHTS, "tokenizer.json")


def reference(name: str) -> dict:
    """Return the word pieces and vectors of transformers for two texts."""
    return json.loads((DATA / name / "reference.json").read_text(encoding="utf-8"))


def copied(folder: Path, name: str = "bert_plain", files: tuple[str, ...] = NEEDED) -> Path:
    """Copy some files of a tiny encoder to a folder; return it."""
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(DATA / name / file, folder)
    return folder


def changed(folder: Path, file: str = CONFIG, **values: object) -> Path:
    """Change values of a JSON file in a folder, those of None are removed; return the folder."""
    path = folder / file
    content = json.loads(path.read_text(encoding="utf-8")) | values
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
    return folder


def packed(folder: Path, kind: str, below: str = "") -> Path:
    """Return an archive of the files in a folder: tar, zip or whl."""
    path = folder.with_name(f"packed.{kind}")
    files = sorted(file for file in folder.iterdir() if file.is_file())
    if kind == "tar":
        with tarfile.open(path, "w") as archive:
            for file in files:
                archive.add(file, f"{below}{file.name}")
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, f"{below}{file.name}")
    return path


def refused(path: Path) -> str:
    """Return the one line with which a checkpoint is refused, with PATH instead of its path."""
    with pytest.raises(UserError) as error:
        read_checkpoint(path).read_weights()
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 600
    return message.replace(str(path), "PATH")
