"""Disks that are full or read-only, and kernels that other people set up."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from helpers import NEWSGROUPS, ROOT, WORDS, call, links, outputs_of_read, to_make
from jupyter_client.kernelspec import KernelSpecManager

import encode
import read
import render
import train_network
from seq2report.core.command import UserError
from seq2report.models import checkpoint

pytestmark = pytest.mark.reliability("Bad machine")


@pytest.fixture
def mounted(tmp_path) -> Iterator[Callable[[str], Path]]:
    """Return a function that mounts a file system of its own with the options given to it."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root can mount a file system, and not on every machine")
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
    pages = [to_make(ROOT / "reports/corpus.ipynb", folder / "n.html")]
    template = ROOT / "reports/template/index.html.j2"
    call(render, pages=pages, template=template, links=links("n.html"))


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
def test_a_full_disk_is_reported_in_one_message_and_nothing_is_left(
    tiny, tiny_archive, mounted, step
):
    folder = mounted("size=64k")
    message = rf"disk is full or a quota is reached: {folder} has \d+ bytes free .*make room"
    with pytest.raises(UserError, match=message):
        step(folder, tiny, tiny_archive)
    assert list(folder.iterdir()) == []


@STEPS
@pytest.mark.usefixtures("a_large_page", "every_epoch")
def test_results_that_are_read_only_are_reported_in_one_message(tiny, tiny_archive, mounted, step):
    folder = mounted("ro")
    with pytest.raises(UserError, match=f"^{folder} cannot be written: Read-only file system"):
        step(folder, tiny, tiny_archive)


HOSTILE_KERNEL = {"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}


@pytest.mark.parametrize("variable", ["HOME", "JUPYTER_PATH"])
def test_a_kernel_or_template_of_the_same_name_that_somebody_set_up_is_not_taken(
    tmp_path, monkeypatch, variable
):
    below = ".local/share/jupyter/kernels/python3" if variable == "HOME" else "kernels/python3"
    (tmp_path / below).mkdir(parents=True)
    (tmp_path / below / "kernel.json").write_text(json.dumps(HOSTILE_KERNEL))
    start = tmp_path / ".ipython/profile_default/startup"
    start.mkdir(parents=True)
    (start / "0.py").write_text("raise SystemExit('the start-up file of a user')")
    data = (tmp_path / below).parent.parent / "nbconvert/templates/basic"
    data.mkdir(parents=True)
    (data / "index.html.j2").write_text("the template of a user")
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_PATH"):
        monkeypatch.delenv(name, raising=False)  # those that an earlier rendering has set
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")  # what stands in the home comes first
    assert "python3" in KernelSpecManager().find_kernel_specs()
    assert KernelSpecManager().get_kernel_spec("python3").argv == ["/bin/false"]
    cell = nbformat.v4.new_code_cell("import sys\nprint(sys.executable)")
    source = tmp_path / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), source)
    render.execute(source, tmp_path / "executed.ipynb", {})
    executed = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    (output,) = executed.cells[-1]["outputs"]
    assert output["text"].strip() == sys.executable
    assert list(tmp_path.glob(".local/share/jupyter/runtime/*")) == []
    template = ROOT / "reports/template/index.html.j2"
    page = render.to_page(tmp_path / "executed.ipynb", template, "n.html", links("n.html"))
    assert "the template of a user" not in page
