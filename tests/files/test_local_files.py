import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from seq2report.config.inspection import inspect
from seq2report.core.command import UserError
from seq2report.files import local_files
from seq2report.files.archives import members
from seq2report.files.local_files import BY_HAND, changeable, local_path, packed, state, with_states
from seq2report.files.partial import SourceError
from seq2report.files.sources import parse_source


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "my texts"
    for name in ("b/2.txt", "b/1.txt", "a/é ü.txt", "a/x/deep.txt", ".git/config", "a/.DS_Store"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name * 999)
    return folder


@pytest.mark.reliability("Repeatability")
def test_a_folder_is_packed_into_the_same_bytes_whatever_its_times_rights_and_order(
    folder, tmp_path
):
    first = b"".join(packed(folder))
    other = tmp_path / "other"
    for path in sorted(folder.rglob("*.txt"), reverse=True):
        copy = other / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o600)
        os.utime(copy, (1, 1))
    assert b"".join(packed(other)) == first
    (tmp_path / "t.tar").write_bytes(first)
    names = ["a/x/deep.txt", "a/é ü.txt", "b/1.txt", "b/2.txt"]
    assert list(members(tmp_path / "t.tar")) == [(name, name.encode() * 999) for name in names]


@pytest.mark.reliability("Bad corpora")
def test_a_folder_with_a_link_in_it_is_refused_and_so_is_an_empty_one(folder, tmp_path):
    (folder / "b/3.txt").symlink_to("/etc/hostname")
    with pytest.raises(SourceError, match=r"b/3\.txt is a link or another special file"):
        list(packed(folder))
    (tmp_path / "empty/.git").mkdir(parents=True)
    with pytest.raises(SourceError, match="empty has no file"):
        list(packed(tmp_path / "empty"))


def test_a_folder_that_cannot_be_read_is_named(folder, monkeypatch):
    def listed(path, _list=Path.iterdir):
        if path.name == "b":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return _list(path)

    monkeypatch.setattr(Path, "iterdir", listed)
    with pytest.raises(SourceError, match=r"my texts/b cannot be read: Permission denied$"):
        list(packed(folder))


def older(folder):
    copy = folder.parent / "copy"
    copy.write_text("other, of the size".ljust(len("b/2.txt" * 999)))
    os.utime(copy, ns=(1, 1))
    copy.replace(folder / "b/2.txt")


def exchanged(folder):
    """Exchange two texts of one size and time, of two classes."""
    for old, new in (("a/1.txt", "x"), ("b/1.txt", "a/1.txt"), ("x", "b/1.txt")):
        (folder / old).rename(folder / new)


def overwritten(folder):
    """Write another text of the same length, and put the time back, as ``cp -p`` does."""
    text = folder / "a/1.txt"
    text.write_text(text.read_text().swapcase())
    os.utime(text, ns=(1, 1))


SIZES = {
    "another size": lambda folder: (folder / "b/2.txt").write_text("longer" * 2000),
    "an older file in its place": older,
    "one file less": lambda folder: (folder / "b/2.txt").unlink(),
    "a file moved to another class": lambda folder: (folder / "b/2.txt").rename(folder / "a/2.txt"),
    "two files with exchanged names": lambda folder: [
        (folder / old).rename(folder / new)
        for old, new in [("b/1.txt", "x"), ("b/2.txt", "b/1.txt"), ("x", "b/2.txt")]
    ],
}
CONTENTS = {
    "two texts of two classes with one size and time": exchanged,
    "other content with the old size and time": overwritten,
}


@pytest.mark.reliability("Repeatability")
@pytest.mark.parametrize("change", (SIZES | CONTENTS).values(), ids=SIZES | CONTENTS)
def test_a_local_folder_that_differs_in_any_way_is_read_again(folder, change):
    assert differs(folder, change)


@pytest.mark.reliability("Repeatability")
@pytest.mark.parametrize("change", SIZES.values(), ids=SIZES)
def test_a_large_local_folder_with_other_names_sizes_or_times_is_read_again(
    folder, change, monkeypatch
):
    monkeypatch.setattr(local_files, "READ_BYTES", 3)
    assert differs(folder, change)


def differs(folder, change) -> bool:
    for name in ("a/1.txt", "b/1.txt"):
        (folder / name).write_text(name * 999)
        os.utime(folder / name, ns=(1, 1))
    before = state(folder)
    (folder / "a/.DS_Store").write_text("hidden files do not count")
    assert state(folder) == before
    change(folder)
    return state(folder) != before


@pytest.mark.reliability("Repeatability")
def test_another_time_alone_reads_only_large_local_data_again(folder, monkeypatch):
    def later(folder):
        os.utime(folder / "b/1.txt", ns=(2, 2))

    assert not differs(folder, later)
    monkeypatch.setattr(local_files, "READ_FILES", 5)
    assert not differs(folder, later)
    monkeypatch.setattr(local_files, "READ_FILES", 4)
    assert differs(folder, later)


@pytest.mark.reliability("Repeatability")
def test_a_copied_project_reads_no_local_data_again(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile))
    os.utime(copy / "b/1.txt", ns=(1, 1))
    for name in ("", "b/1.txt"):
        assert state(copy / name) == state(folder / name)


@pytest.mark.reliability("Repeatability")
def test_a_local_file_is_read_again_after_a_replacement_by_an_older_one(folder):
    before = state(folder / "b/2.txt")
    older(folder)
    assert state(folder / "b/2.txt") != before


def test_a_plan_opens_no_pipe_device_or_unreadable_file(folder):
    os.mkfifo(folder / "b/pipe")
    (folder / "b/zero").symlink_to("/dev/zero")
    (folder / "b/none").symlink_to("nowhere")
    assert state(folder) == state(folder)


def test_only_what_may_change_is_watched(folder):
    roots = (folder.parent,)
    local = {"url": "file:my texts/b/1.txt"}
    assert changeable(local, roots) == folder / "b/1.txt"
    for place in (
        local | {"sha256": "0" * 64},
        {"url": "file:my texts", "files": {"b/1.txt": "0" * 64}},
        {"url": "https://x/y"},
        {"package": "a==1"},
        {"url": "file:nowhere"},
    ):
        assert changeable(place, roots) is None
    places = [local, {"url": "file:my texts"}, {"url": "file:nowhere"}]
    (first, second, third) = with_states({"file": "x.tar", "from": places}, roots)["from"]
    assert first == local | {"state": state(folder / "b/1.txt")}
    assert second == {"url": "file:my texts", "state": state(folder)}
    assert third == {"url": "file:nowhere"}


@pytest.mark.parametrize("name", ["x" * 400, "a\0b", "a\ud800"])
def test_a_path_that_no_file_can_have_is_not_there(name, tmp_path):
    with pytest.raises(SourceError, match="there is no "):
        local_path(f"file:{name}", (tmp_path,))


@pytest.mark.reliability("Bad corpora")
def test_a_pipe_or_device_as_a_source_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in ("pipe", "/dev/zero"):
        with pytest.raises(SourceError, match="is a device or pipe; expected a file or folder"):
            local_path(f"file:{place}", (tmp_path,))
    with pytest.raises(UserError, match="it is a device or pipe"):
        inspect(tmp_path / "pipe")


@pytest.mark.reliability("Repeatability")
def test_a_file_placed_by_hand_that_is_replaced_is_read_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = {"file": "x.csv", "from": [{"url": "https://x/y"}]}
    assert with_states(source, ()) == source
    BY_HAND.mkdir(parents=True)
    (BY_HAND / "x.csv").write_text("label,text")
    placed = with_states(source, ())
    assert parse_source(json.dumps(placed)) == parse_source(json.dumps(source))
    (BY_HAND / "x.csv").write_text("text,label")
    assert source != with_states(source, ()) != placed
    known = {"file": "x.csv", "from": [{"url": "https://x/y", "sha256": "0" * 64}]}
    assert with_states(known, ()) == known  # another file would be refused
