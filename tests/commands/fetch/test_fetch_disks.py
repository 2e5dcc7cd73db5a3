"""Disks and folders that cannot take a download."""

import errno
import fcntl
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from fetching import CONTENT, OTHER, SCRIPT, entry
from misbehaving_server import announces, unmeasured, whole

import fetch
from seq2report.core.command import UserError


@pytest.mark.reliability("Bad machine")
def test_a_disk_too_small_for_a_download_is_reported_beforehand(server, ask):
    url = server.on("/x.tar.gz", announces(10**18, b""))
    message = ask.refused(entry(url, None))
    assert re.search(r"disk is full: .*downloads needs 1,000,000,000,000,000,000 bytes", message)
    assert re.search(r"has [\d,]+ free", message)


@pytest.mark.reliability("Bad machine")
def test_a_limit_on_the_size_of_files_is_reported_and_nothing_of_a_download_is_left(server, ask):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    url = server.on("/x.tar.gz", whole(CONTENT))
    done = subprocess.run(
        [sys.executable, SCRIPT, *ask.arguments([entry(url)])],
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert re.search(rf"disk is full: .*needs {len(CONTENT):,} bytes.* [\d,]+ free", done.stderr)
    assert "Traceback" not in done.stderr
    assert not ask.output.exists()
    assert ask.left == []


@pytest.mark.reliability("Bad machine")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_is_full_in_the_middle_of_a_download_is_reported_and_nothing_is_left(
    server, ask
):
    ask.output.parent.mkdir()
    folder = str(ask.output.parent)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder])
    if mounted.returncode:
        pytest.skip("this machine does not let root mount, as in many containers")
    try:
        # Without a length nothing warns beforehand.
        message = ask.refused(entry(server.on("/x.tar.gz", unmeasured(CONTENT)), None))
        assert "disk is full" in message
        assert "No space left" in message
        assert ask.left == []
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.reliability("Bad machine")
def test_a_download_to_a_folder_that_cannot_be_written_is_reported_in_one_message(
    server, ask, room
):
    (room / "downloads").write_text("a file")
    with pytest.raises(UserError, match="downloads"):
        ask(entry(server.on("/x.tar.gz", whole(CONTENT))))


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_no_hindrance(server, ask, monkeypatch, caplog, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    assert ask(entry(server.on("/x.tar.gz", whole(CONTENT)))) == CONTENT
    assert f"the file system has no locks ({os.strerror(number)})" in caplog.text
    assert ask.left == []


def test_what_another_process_has_fetched_meanwhile_is_not_fetched_again(server, ask, monkeypatch):
    url = server.on("/x.tar.gz", whole(CONTENT))
    assert ask(entry(url)) == CONTENT  # by the other process
    monkeypatch.setattr(fetch, "_wait_for", lambda *_: True)
    assert ask(entry(url)) == CONTENT
    assert len(server.seen) == 1
    ask.refused(entry(url, OTHER))
    ask(entry(url, None))
    assert len(server.seen) == 3  # other content could be expected
    ask.receipt_path.unlink()
    assert ask(entry(url)) == CONTENT


def test_a_lock_that_another_process_removes_meanwhile_is_taken_again(ask, monkeypatch):
    attempts = []

    def wait(*_):
        attempts.append(1)
        if len(attempts) == 1:
            (ask.output.parent / f".{ask.output.name}.lock").unlink()
        return False

    monkeypatch.setattr(fetch, "_wait_for", wait)
    monkeypatch.setattr(Path, "exists", lambda path: True)  # as it was a moment before
    with fetch.alone(ask.output):
        assert len(attempts) == 2
    assert ask.left == []
