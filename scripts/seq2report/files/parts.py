"""A file on its way: what has come so far, what is wanted, and the move when they agree."""

import errno
import hashlib
import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from seq2report.core.command import UserError
from seq2report.files import archives

log = logging.getLogger(__name__)

CHUNK = 1 << 16  # bytes; what a broken connection can lose at most
MEGABYTE = 1 << 20
PROGRESS_SECONDS = 5.0
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
ARCHIVES = (".gz", ".tgz", ".xz", ".bz2", ".zip", ".npz", ".whl")


class PlaceError(UserError):
    """This place cannot give the file; the message says what was expected and seen."""


@dataclass(frozen=True)
class Wanted:
    """What is known of a file beforehand."""

    sha256: str | None = None
    size: int | None = None  # bytes

    def __bool__(self) -> bool:
        return bool(self.sha256 or self.size)

    def __str__(self) -> str:
        known = [f"{self.size:,} bytes"] if self.size else []
        return ", ".join(known + ([f"sha256 {self.sha256}"] if self.sha256 else []))

    def fits(self, seen: "Wanted") -> bool:
        """Whether a file of the digest and size ``seen`` is the wanted one."""
        return self.sha256 in (None, seen.sha256) and self.size in (None, seen.size)


class Part:
    """A file growing beside the output, moved there by `move` once `check` has passed.

    A part left by an earlier run is taken up, with its digest, if its host can be asked whether
    it still has the same version, or if a digest will tell.
    """

    def __init__(self, path: Path, wanted: Wanted, name: str):
        """``path`` is the part's own, ``name`` the file's for messages and its suffix."""
        self.path, self.wanted, self.name = path, wanted, name
        self.size, self.digest = 0, hashlib.sha256()
        self.validator: str | None = None  # ETag or Last-Modified of what has come
        self.continued = False  # more than one response went into it
        self._note = path.with_name(path.name + ".version")
        if path.is_file() and self._note.is_file():
            self.validator = self._note.read_text(encoding="utf-8") or None
            if self.continuable:
                self._take_up()

    @property
    def continuable(self) -> bool:
        """Whether it will be noticed if the rest belongs to another version of the file."""
        return bool(self.validator or self.wanted.sha256)

    @property
    def seen(self) -> Wanted:
        """Size and digest of what has come so far."""
        return Wanted(self.digest.hexdigest(), self.size)

    def _take_up(self) -> None:
        for chunk in file_chunks(self.path):
            self.digest.update(chunk)
            self.size += len(chunk)
        self.continued = self.size > 0
        if self.wanted.size and self.size > self.wanted.size:
            self.remove()
        elif self.size:
            log.info("%s: %s bytes are here already", self.name, f"{self.size:,}")

    def begin(self, validator: str | None = None) -> None:
        """Empty the part and remember which version of the file it is going to hold."""
        # In this order: a kill in between must not leave bytes beside another version's note.
        self.remove()
        self.validator = validator
        try:
            self.path.open("wb").close()
            self._note.write_text(validator or "", encoding="utf-8")
        except OSError as error:
            self._cannot_write(error, None)

    def append(self, chunks: Iterable[bytes], total: int | None, content_type: str = "") -> None:
        """Write ``chunks`` behind what is there; ``total`` is the whole file's size in bytes.

        Raises `PlaceError`, and removes the part, on a full disk, a page in place of the file, and
        far more bytes than wanted.
        """
        self._need_room(total)
        most = 2 * self.wanted.size + MEGABYTE if self.wanted.size else None
        progress = Progress(self.name, self.size, total or self.wanted.size)
        try:
            with self.path.open("ab") as file:
                for chunk in chunks:
                    if not self.size:
                        self._look_at(chunk, content_type)
                    file.write(chunk)
                    self.digest.update(chunk)
                    self.size += len(chunk)
                    progress.reached(self.size)
                    if most and self.size > most:
                        self._refuse(f"stopped after {self.size:,} bytes: far more than that")
        except OSError as error:
            self._cannot_write(error, total)
        finally:
            progress.end()

    def fill(self, chunks: Iterable[bytes], total: int | None) -> None:
        """Write a whole file of ``total`` bytes (None: unknown) and check it; all or nothing."""
        try:
            self.begin()
            self.append(chunks, total)
            self.check()
        except UserError:
            self.remove()
            raise

    def check(self) -> None:
        """Raise `PlaceError`, and remove the part, unless it is what was wanted."""
        if not self.size:
            self._refuse("an empty file came")
        if not self.wanted.fits(self.seen):
            self._refuse(f"seen {self.seen}")

    def move(self, output: Path) -> None:
        """Put the file at its place, replacing what stands there, in one step."""
        try:
            self.path.replace(output)
        except OSError as error:
            raise PlaceError(f"{output} cannot be replaced: {error.strerror}") from error
        self._note.unlink(missing_ok=True)

    def remove(self) -> None:
        """Leave nothing behind; the next byte will be the first."""
        self.size, self.digest = 0, hashlib.sha256()
        self.validator, self.continued = None, False
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _look_at(self, start: bytes, content_type: str) -> None:
        """Recognise a page or message that a host sends in place of the file."""
        suffix = Path(self.name).suffix
        head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].lower()
        is_archive = archives.form(start[: archives.HEAD]) not in ("text", "binary")
        # A content type counts only where nothing better is known: hosts get it wrong as well.
        typed = content_type.startswith("text/html") and not self.wanted.sha256 and not is_archive
        if suffix not in (".html", ".htm") and (
            head.startswith((b"<!doctype html", b"<html")) or typed
        ):
            self._refuse("an HTML page came in place of the file")
        if suffix in ARCHIVES and not is_archive and not self.wanted.sha256:
            self._refuse(f"no archive came, but something that begins with {start[:30]!r}")

    def _refuse(self, found: str) -> NoReturn:
        self.remove()
        raise PlaceError(f"expected {self.wanted}; {found}" if self.wanted else found)

    def _need_room(self, total: int | None) -> None:
        needed = (total or self.wanted.size or 0) - self.size
        if needed > shutil.disk_usage(self.path.parent).free:
            raise PlaceError(disk_full(self.path.parent, needed))

    def _cannot_write(self, error: OSError, total: int | None) -> NoReturn:
        needed = total or self.wanted.size or self.size + CHUNK
        self.remove()
        if error.errno in FULL:
            full = disk_full(self.path.parent, needed)
            raise PlaceError(f"{full} (or a limit is set: {error.strerror})") from error
        folder = self.path.parent.resolve()
        raise PlaceError(f"{folder} cannot be written: {error.strerror}") from error


class Progress:
    """Log how far a file has come, every few seconds and at the end."""

    def __init__(self, name: str, done: int, total: int | None):
        self.name, self.done, self.total = name, done, total
        self.first, self.start = done, time.monotonic()
        self.last, self.logged = self.start, done

    def reached(self, done: int) -> None:
        """Take note of ``done`` bytes, and log them if it is time to."""
        self.done = done
        if time.monotonic() - self.last >= PROGRESS_SECONDS:
            self.last, self.logged = time.monotonic(), done
            log.info("%s", self)

    def end(self) -> None:
        """Log what came."""
        if self.done > self.logged:
            log.info("%s", self)

    def __str__(self) -> str:
        rate = (self.done - self.first) / max(time.monotonic() - self.start, 1e-6)
        whole = f" of {self.total:,}" if self.total else ""
        return f"{self.name}: {self.done:,}{whole} bytes, {rate / 1e6:,.1f} MB/s"


def disk_full(folder: Path, needed: int) -> str:
    """Say that ``needed`` more bytes do not fit into a folder."""
    free = shutil.disk_usage(folder).free
    return f"the disk is full: {folder.resolve()} needs {needed:,} bytes and has {free:,} free"


def file_chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in pieces; `PlaceError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            while chunk := file.read(MEGABYTE):
                yield chunk
    except OSError as error:
        raise PlaceError(f"{path} cannot be read: {error.strerror}") from error
