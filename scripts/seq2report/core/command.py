"""What all commands share: logging, one readable message for an error, complete files only."""

import argparse
import difflib
import errno
import gc
import io
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from seq2report.core.excerpts import visible

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # a terminal, a scheduler, a lost connection

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # a full disk, a quota, a limit of the shell
UNREAD = {  # reasons for which a file is not read although it may be whole, and what to do
    errno.EACCES: "ask its owner for access",
    errno.EPERM: "ask its owner for access",
    errno.ENOMEM: "run again with more memory",
    errno.EIO: "run again",
    errno.ESTALE: "run again",
    errno.ETIMEDOUT: "run again",
}
LITTLE = 1 << 16  # bytes; a disk that does not take them is full


class UserError(Exception):
    """An error that the user can correct; the message says where, what was expected, what to do."""


def visible_lines(text: str) -> str:
    """Return lines of messages in which text of data changes nothing around it."""
    lines = text.replace("\r\n", "\n").replace("\t", "\\t").split("\n")
    return "\n".join(map(visible, lines))


class _Visible(logging.Formatter):
    """The format of log lines: text of data in them changes nothing around it."""

    def format(self, record: logging.LogRecord) -> str:
        return visible_lines(super().format(record))


def _start_log() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Visible("%(asctime)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)


def run(main: Callable[[Sequence[str] | None], None]) -> None:
    """Run a command's ``main`` and exit: status 0, or 1 with one message for a `UserError`.

    Each signal of `STOPS` ends ``main`` like Ctrl-C, so that it removes its temporary files; the
    status is 128 plus the signal's number, as in a shell. The status is 1 without a message if
    the reader of the output is gone, as before ``| head``.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every terminal shows every character
        sys.stdout.reconfigure(errors="replace")
    gc.set_threshold(10_000, 50, 100)  # of the objects that an import creates, almost all stay
    _start_log()
    stopped = []

    def stop(number: int, _: FrameType | None) -> NoReturn:
        for other in STOPS:  # a second signal must not interrupt the removal of temporary files
            signal.signal(other, signal.SIG_IGN)
        stopped.append(signal.Signals(number))
        raise KeyboardInterrupt

    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, stop)
    try:
        main(None)
        sys.stdout.flush()
    except UserError as error:
        print(f"error: {visible_lines(str(error))}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"error: stopped by {stopped[0].name}", file=sys.stderr)
        sys.exit(128 + stopped[0])
    except OSError as error:
        if error.errno not in {errno.EPIPE, *FULL}:
            raise
        if error.errno in FULL:
            print("error: the disk of the output is full; make room and run again", file=sys.stderr)
        # Python would write what is left when it ends, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


ARGUMENTS = {
    "corpus": {"type": Path, "help": "corpus.json"},
    "documents": {"type": Path, "help": "documents.parquet"},
    "settings": {"type": json.loads, "help": "resolved settings, as JSON"},
    "seed": {"type": int, "help": "of the random numbers"},
    "output": {"type": Path, "help": "folder to write"},
}


def parser(description: str, *names: str) -> argparse.ArgumentParser:
    """Return a command's parser, with the required arguments of `ARGUMENTS` that are named."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in names:
        parser.add_argument(f"--{name}", required=True, **ARGUMENTS[name])
    return parser


def add_devices(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a command that uses a network: threads, and GPUs."""
    parser.add_argument(
        "--threads", type=int, default=1, help="of the CPU; they affect the last digits"
    )
    parser.add_argument("--gpu", type=int, choices=(0, 1), default=0, help="number of GPUs")
    parser.add_argument(
        "--gpu-absent", choices=("error", "cpu"), default="error", help="what to do without a GPU"
    )
    parser.add_argument("--gpu-share", type=int, default=1, help="jobs that use a GPU at a time")


def add_circumstances(parser: argparse.ArgumentParser) -> None:
    """Add the argument of a command that writes a run."""
    about = "of the corpus, for run.json, as JSON"
    parser.add_argument("--circumstances", type=json.loads, default={}, help=about)


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add the argument of a command that trains on a subset of the labelled documents."""
    about = "number of labelled documents to use, or share of all of them; the default is all"
    parser.add_argument("--labels", type=json.loads, help=about)


def json_argument(argument: str) -> object:
    """Return the JSON in an argument, or in the file after its ``@``.

    A system limits the length of a command, often to 128 KiB.
    """
    if argument.startswith("@"):
        argument = Path(argument[1:]).read_text(encoding="utf-8")
    return json.loads(argument)


def require_both(args: argparse.Namespace, first: str, second: str) -> bool:
    """Return whether two optional arguments that belong together were passed.

    Raises:
        UserError: only one of them was.
    """
    passed = {name: bool(getattr(args, name)) for name in (first, second)}
    if passed[first] != passed[second]:
        present, missing = sorted(passed, key=passed.get, reverse=True)
        raise UserError(f"--{present} without --{missing}: expected both or none; add --{missing}")
    return passed[first]


def nearest(word: object, allowed: Iterable[str]) -> str:
    """Return ``did you mean 'a'? allowed: a, b, c``; of many, only those similar to ``word``."""
    allowed = list(map(str, allowed))
    close = difflib.get_close_matches(str(word), allowed, n=5, cutoff=0.5)
    hint = f"did you mean '{close[0]}'?" if close else ""
    if len(allowed) <= 15:
        return f"{hint} allowed: {', '.join(allowed) or 'none are defined'}".lstrip()
    if not close:
        return f"none of the {len(allowed)} allowed names is similar"
    return f"{hint} similar: {', '.join(close[1:])}" if close[1:] else hint


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; move it there when the block ends well.

    A file or folder that exists at ``path`` is replaced as a whole, so a reader never sees half
    of it. The temporary path does not exist yet: the block may create a file or a folder there.
    If the block raises, it is removed and ``path`` stays as it was. A file does not replace a
    folder, which may be somebody's, and a link stays: what it names is replaced.

    Raises:
        UserError: the folder cannot be written, the disk is full, or ``path`` is a device or, for a
            file, a folder.
    """
    path = Path(path).resolve() if Path(path).is_symlink() else Path(path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UserError(f"{path} is a device or pipe, expected the name of a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise UserError(f"{path.parent} cannot be written: {error.strerror}") from error
    try:
        yield room / path.name
        _move(room / path.name, path, room / f"{path.name}.old")
    except Exception as error:  # libraries raise whatever they do on a full disk
        free, explained = shutil.disk_usage(room).free, isinstance(error, UserError)
        number = getattr(error.__cause__ if explained else error, "errno", None)
        if number not in FULL and (explained or not _is_full(room)):
            raise
        place = f"{path.parent.resolve()} has {free:,} bytes free ({error})"
        message = f"the disk is full or a quota is reached: {place}; make room and run again"
        raise UserError(message) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)  # NFS keeps open files as `.nfs…`


def _is_full(folder: Path) -> bool:
    """Return whether `LITTLE` bytes do not fit; the free space of a disk ignores quotas."""
    try:
        (folder / "probe").write_bytes(bytes(LITTLE))
    except OSError as error:
        return error.errno in FULL
    return False


def _move(new: Path, path: Path, old: Path) -> None:
    """Move ``new`` to ``path``; what was there stays in ``old`` until it can be removed."""
    if path.is_dir() and new.is_file():
        raise UserError(f"{path} is a folder, expected the name of a file")
    aside = path.is_dir() or (new.is_dir() and os.path.lexists(path))
    try:
        if aside:
            path.rename(old)
        new.replace(path)
    except BaseException:  # Ctrl-C between the two, too
        if aside and not path.exists():
            old.rename(path)
        raise


def write_json(path: Path | str, content: object) -> None:
    """Write ``content`` as indented JSON, whole or not at all."""
    with replacing(path) as part:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8")


class Stored(dict):
    """A JSON object of a file; a key that it lacks is a `UserError`."""

    path: Path | str

    def __missing__(self, key: str) -> NoReturn:
        raise damaged(self.path, f"it lacks '{key}'")


def read_json(path: Path | str) -> Stored:
    """Read a JSON object; `UserError` if it is missing or damaged."""
    with intact(path):
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"found {content!r:.40}, expected a JSON object")
    stored = Stored(content)
    stored.path = path
    return stored


@contextmanager
def intact(path: Path | str) -> Iterator[None]:
    """Turn any error of reading a file that another step wrote into the one of `damaged`."""
    try:
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise ValueError("it is a device or pipe")  # which may never end
        yield
    except (UserError, ImportError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # libraries raise whatever they do on damaged bytes
        raise damaged(path, error) from error


def first_line(error: BaseException | str) -> str:
    """Return the first line of a message, or the type of an error without one."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def damaged(path: Path | str, error: BaseException | str) -> UserError:
    """Return the error that a file is missing, damaged or not readable, with what to do."""
    if (number := _system_error(error)) in UNREAD:
        return UserError(f"{path} cannot be read: {os.strerror(number)}; {UNREAD[number]}")
    reason = first_line(error)
    there = Path(path).exists()
    found = f"damaged ({reason}); delete it and" if there else "missing;"
    return UserError(
        f"{path} is {found} run Snakemake again, which makes it again, or copy it again if it was"
        " copied"
    )


def _system_error(error: BaseException | str) -> int | None:
    """Return the number of an error of the system, which is only in the text of those of Polars."""
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    if named := re.search(r"\(os error (\d+)\)", str(error)):
        return int(named[1])
    return getattr(error, "errno", None)
