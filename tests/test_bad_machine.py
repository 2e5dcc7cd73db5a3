"""Disks that are full or read-only, homes that are not there, no network, other people's kernels."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import NEWSGROUPS, ROOT, WORDS, call, links, outputs_of_read

import encode
import read
import render
import train_network
from seq2report import checkpoint
from seq2report.command import UserError

pytestmark = pytest.mark.reliability("Bad machine")


@pytest.fixture
def mounted(tmp_path) -> Iterator[Callable[[str], Path]]:
    """Return a function that mounts a file system of its own with the options given to it."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root mounts, and not on every machine")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)


def reading(folder, tiny, tiny_archive):
    call(read, archive=tiny_archive, settings=NEWSGROUPS, **outputs_of_read(folder))


def encoding(folder, tiny, tiny_archive):
    settings = {"num_words": 3000, "fit": "train"}
    call(encode, documents=tiny / "documents.parquet", settings=settings, output=folder / "words")


def training(folder, tiny, tiny_archive):
    settings = {"input": WORDS | {"dimensions": 50}, "layers": [{"Flatten": {}}]}
    settings["fit"] = {"optimizer": "adam", "batch_size": 16, "epochs": 2}
    about = {"corpus": tiny / "corpus.json", "documents": tiny / "words/sequences.parquet"}
    about |= {"settings": settings, "seed": 1, "checkpoint": folder / "seed-1.checkpoint"}
    call(train_network, **about, output=folder / "seed-1")


def rendering(folder, tiny, tiny_archive):
    call(
        render,
        notebook=ROOT / "reports/corpus.ipynb",
        parameters={},
        template=ROOT / "reports/template/index.html.j2",
        links=links("n.html"),
        executed=tiny / "n.ipynb",
        output=folder / "n.html",
    )


@pytest.fixture
def a_large_page(monkeypatch):
    """Every page is a large one; that of what failed would not be made at all."""
    monkeypatch.setattr(render, "execute", lambda *_: None)
    monkeypatch.setattr(render, "to_page", lambda *_: "x" * 10**6)


@pytest.fixture
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0)


STEPS = pytest.mark.parametrize("step", [reading, encoding, training, rendering])


@STEPS
@pytest.mark.usefixtures("a_large_page", "every_epoch")
def test_a_full_disk_is_told_in_one_message_and_nothing_is_left(
    tiny, tiny_archive, mounted, step
):
    folder = mounted("size=64k")
    with pytest.raises(UserError, match=rf"disk is full: {folder} has \d+ bytes free .*make room"):
        step(folder, tiny, tiny_archive)
    assert list(folder.iterdir()) == []


@STEPS
@pytest.mark.usefixtures("a_large_page", "every_epoch")
def test_results_that_are_read_only_are_told_in_one_message(tiny, tiny_archive, mounted, step):
    folder = mounted("ro")
    with pytest.raises(UserError, match=f"^{folder} cannot be written: Read-only file system"):
        step(folder, tiny, tiny_archive)
