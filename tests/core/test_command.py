import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT

from seq2report.core.command import (
    FULL,
    UserError,
    first_line,
    json_argument,
    nearest,
    read_json,
    replacing,
    run,
    write_json,
)


def write_file(path, text="new"):
    path.write_text(text)


def write_folder(path, text="new"):
    path.mkdir()
    (path / f"{text}.txt").write_text(text)


def content(path):
    if path.is_dir():
        return {inside.name: inside.read_text() for inside in path.iterdir()}
    return path.read_text() if path.exists() else None


@pytest.mark.parametrize(
    ("old", "write"),
    [
        (None, write_file),
        (None, write_folder),
        (write_file, write_file),
        (write_folder, write_folder),
    ],
)
def test_what_stood_there_is_replaced_as_a_whole(tmp_path, old, write):
    path, fresh = tmp_path / "out", tmp_path / "fresh"
    if old:
        old(path, "old")
    write(fresh)
    with replacing(path) as part:
        write(part)
        assert content(path) == (
            None if old is None else {"old.txt": "old"} if old is write_folder else "old"
        )
    assert content(path) == content(fresh)
    assert {found.name for found in tmp_path.iterdir()} == {"out", "fresh"}


@pytest.mark.parametrize("error", [UserError, KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("write", [write_file, write_folder])
def test_a_failure_leaves_what_stood_there_and_nothing_else(tmp_path, write, error):
    write(tmp_path / "out", "old")
    before = content(tmp_path / "out")

    def fail():
        with replacing(tmp_path / "out") as part:
            write(part)
            raise error

    with pytest.raises(error):
        fail()
    assert content(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("write", [write_file, write_folder])
def test_a_block_that_writes_nothing_is_an_error_and_what_stood_there_stays(tmp_path, write):
    write(tmp_path / "out", "old")
    before = content(tmp_path / "out")
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "out"):
        pass
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("step", ["rename", "replace"])
@pytest.mark.parametrize("is_done", [False, True])
def test_an_interruption_while_a_folder_is_replaced_keeps_the_old_one_or_the_new_one(
    tmp_path, monkeypatch, step, is_done
):
    write_folder(tmp_path / "out", "old")
    moves = getattr(Path, step)

    def interrupted(path, target):
        monkeypatch.setattr(Path, step, moves)
        if is_done:
            moves(path, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, step, interrupted)
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "out") as part:
        write_folder(part)
    kept = "new" if (step, is_done) == ("replace", True) else "old"
    assert content(tmp_path / "out") == {f"{kept}.txt": kept}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.reliability("Bad machine")
def test_a_file_does_not_replace_a_folder_or_a_device(tmp_path):
    write_folder(tmp_path / "mine", "old")
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("mine", "is a folder"), ("pipe", "is a device or pipe")):
        with (
            pytest.raises(UserError, match=f"{name} {message}, expected the name of a file"),
            replacing(tmp_path / name) as part,
        ):
            write_file(part)
    assert content(tmp_path / "mine") == {"old.txt": "old"}
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path):
    (tmp_path / "link").symlink_to("file")
    for text in ("first", "second"):
        with replacing(tmp_path / "link") as part:
            write_file(part, text)
        assert content(tmp_path / "file") == text
        assert (tmp_path / "link").is_symlink()


@pytest.mark.reliability("Bad machine")
def test_a_full_disk_is_not_reported_as_a_damaged_file(tmp_path):
    with (
        pytest.raises(UserError, match="the disk is full or a quota is reached"),
        replacing(tmp_path / "out"),
    ):
        raise UserError("a.zip: damaged; remove it") from OSError(errno.ENOSPC, "No space left")


@pytest.mark.parametrize("number", sorted(FULL))
def test_a_quota_or_limit_is_reported_like_a_full_disk(tmp_path, capfd, monkeypatch, number):
    """A checkpoint that cannot be written is a `UserError`, and its training goes on."""
    error = OSError(number, os.strerror(number))
    with pytest.raises(UserError, match=os.strerror(number)), replacing(tmp_path / "out"):
        raise error
    assert list(tmp_path.iterdir()) == []

    def main(argv):
        raise error

    monkeypatch.setattr(os, "dup2", lambda *_: None)  # of the output of the tests
    with pytest.raises(SystemExit):
        run(main)
    assert "make room and run again" in capfd.readouterr().err


def test_a_quota_is_noticed_although_a_library_leaves_out_the_number_of_the_error(
    tmp_path, monkeypatch
):
    def write_bytes(path, content):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(UserError, match="or a quota is reached"), replacing(tmp_path / "out"):
        raise OSError("100000 requested and 6234 written")


def test_a_temporary_folder_that_cannot_be_removed_does_not_fail_the_job(tmp_path, monkeypatch):
    """On NFS, a file that is still open stays as ``.nfs…`` in its folder."""

    def rmdir(path, **_):
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rmdir", rmdir)
        with replacing(tmp_path / "out") as part:
            write_file(part)
    assert content(tmp_path / "out") == "new"


@pytest.mark.reliability("Bad machine")
def test_an_output_on_a_full_disk_is_one_message():
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", SHOW, str(ROOT / "scripts")]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.stderr == "error: the disk of the output is full; make room and run again\n"
    assert done.returncode == 1


def test_folders_above_are_made(tmp_path):
    with replacing(tmp_path / "a/b/out") as part:
        part.write_text("new")
    assert content(tmp_path / "a/b/out") == "new"


def test_json_is_read_as_it_was_written_and_holds_no_nan(tmp_path):
    write_json(tmp_path / "x.json", {"é": [1, 0.5, None]})
    assert read_json(tmp_path / "x.json") == {"é": [1, 0.5, None]}
    assert "é" in (tmp_path / "x.json").read_text("utf-8")
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"loss": float("nan")})
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == {"é": [1, 0.5, None]}


def test_a_mistake_of_the_user_is_one_message_and_status_1(capsys):
    def main(argv):
        raise UserError("file.txt: line 3 holds no word")

    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == 1
    assert capsys.readouterr().err == "error: file.txt: line 3 holds no word\n"


@pytest.mark.parametrize("log", [False, True])
def test_no_text_of_data_moves_the_terminal_in_a_message(capfd, log):
    code = f"""
import logging
from seq2report.core.command import UserError, run
def main(argv):
    hostile = "t.csv: the id 'a\\x1b[2J\\u202e'\\nset é"
    if {log}:
        logging.warning(hostile)
    else:
        raise UserError(hostile)
run(main)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "PYTHONIOENCODING": "utf-8"}
    subprocess.run([sys.executable, "-c", code], env=environment)
    lines = capfd.readouterr().err.splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["t.csv: the id 'a\ufffd[2J\ufffd'", "é"]


def test_other_errors_keep_their_traceback_and_success_ends_quietly(capsys):
    def main(argv):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)
    run(lambda argv: None)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("word", "allowed", "message"),
    [
        ("lenght", ["width", "length"], "did you mean 'length'? allowed: width, length"),
        ("xyz", ["a", "b"], "allowed: a, b"),
        ("a", [], "allowed: none are defined"),
        (5, ["5a", "b"], "allowed: 5a, b"),
        ("w7", [f"w{n}x" for n in range(20)], "did you mean 'w7x'? similar: w"),
        ("units", ["unit", *map(str, range(20))], "did you mean 'unit'?"),
        ("zzz", [f"w{n}" for n in range(20)], "none of the 20 allowed names is similar"),
    ],
)
def test_the_nearest_right_name_comes_first_and_long_lists_are_cut(word, allowed, message):
    found = nearest(word, allowed)
    assert message in found
    assert len(found) < 100


# Prints text that ASCII does not have.
SHOW = """
import sys
sys.path.insert(0, sys.argv[1])
from seq2report.core.command import run
run(lambda argv: print("ein Gefühl 😀 and the rest"))
"""


@pytest.mark.reliability("Bad machine")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_some_characters_shows_the_others(encoding):
    done = subprocess.run(
        [sys.executable, "-c", SHOW, str(ROOT / "scripts")],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        encoding=encoding,
    )
    shown = "ein Gefühl ? and the rest".encode(encoding, "replace").decode(encoding)
    assert (done.stdout, done.stderr) == (f"{shown}\n", "")


# Writes half of what it is to write, says so, and waits for a signal.
HALFWAY = """
import signal, sys
sys.path.insert(0, sys.argv[1])
from seq2report.core.command import replacing, run
def main(argv):
    with replacing(sys.argv[2]) as part:
        file = part
        if sys.argv[3] == "folder":
            part.mkdir()
            file = part / "old.txt"
        file.write_text("half")
        print("halfway", flush=True)
        while True:
            signal.pause()
run(main)
"""


def halfway(path, kind, **options):
    command = [sys.executable, "-c", HALFWAY, str(ROOT / "scripts"), str(path), kind]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **pipes, **options)
    assert process.stdout.readline() == "halfway\n"
    return process


@pytest.mark.reliability("Interruption")
@pytest.mark.parametrize(("kind", "write"), [("file", write_file), ("folder", write_folder)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_command_that_is_stopped_while_it_writes_removes_its_files_and_reports_it_in_one_line(
    tmp_path, number, kind, write
):
    write(tmp_path / "out", "old")
    before = content(tmp_path / "out")
    process = halfway(tmp_path / "out", kind)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (128 + number, f"error: stopped by {number.name}\n")
    assert content(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.reliability("Interruption")
@pytest.mark.parametrize(("kind", "write"), [("file", write_file), ("folder", write_folder)])
def test_a_command_that_is_killed_while_it_writes_leaves_what_stood_there(tmp_path, kind, write):
    write(tmp_path / "out", "old")
    before = content(tmp_path / "out")
    process = halfway(tmp_path / "out", kind)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    assert content(tmp_path / "out") == before


@pytest.mark.reliability("Interruption")
def test_a_command_under_nohup_outlives_the_connection(tmp_path):
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)}
    process = halfway(tmp_path / "out", "file", **ignoring)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert said == "error: stopped by SIGTERM\n"


def test_commands_explain_their_options(capsys, monkeypatch):
    import encode

    monkeypatch.setattr(sys, "argv", ["encode.py", "--help"])
    with pytest.raises(SystemExit) as end:
        run(encode.main)
    assert end.value.code == 0
    assert "--documents" in capsys.readouterr().out


def test_an_argument_can_be_json_or_a_file_with_json(tmp_path):
    (tmp_path / "long").write_text('["é"]\n', encoding="utf-8")
    assert json_argument('["é"]') == json_argument(f"@{tmp_path / 'long'}") == ["é"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("\none\ntwo"), "one"),
        (ValueError(), "ValueError"),
        (ValueError("\n"), "ValueError"),
    ],
)
def test_the_first_line_of_an_error_without_a_message_is_its_type(error, line):
    assert first_line(error) == line
