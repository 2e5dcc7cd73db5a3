"""Partial downloads: received bytes, expected digest, and the move to the output."""

import hashlib
import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from seq2report.core.command import FULL, UserError
from seq2report.files import archives, table_names

log = logging.getLogger(__name__)

CHUNK = 1 << 16  # bytes; a broken connection loses no more
MEGABYTE = 1 << 20
PROGRESS_SECONDS = 5.0
COMPRESSED = (*table_names.PACKED, ".npz", ".whl")


class SourceError(UserError):
    """A location does not have the expected file."""


@dataclass(frozen=True)
class Wanted:
    """Expected digest and size of a file, as far as they are known."""

    sha256: str | None = None
    size: int | None = None  # bytes

    def __bool__(self) -> bool:
        return bool(self.sha256 or self.size)

    def __str__(self) -> str:
        known = [f"{self.size:,} bytes"] if self.size else []
        return ", ".join(known + ([f"sha256 {self.sha256}"] if self.sha256 else []))

    def fits(self, seen: "Wanted") -> bool:
        return self.sha256 in (None, seen.sha256) and self.size in (None, seen.size)


class Partial:
    """A file that grows beside the output, and replaces it by `move` after `check`.

    The file of an earlier run is continued if another version of it would be noticed, by its digest
    or by the validator of the host.
    """

    def __init__(self, path: Path, wanted: Wanted, name: str):
        self.path, self.wanted, self.name = path, wanted, name
        self.size, self.digest = 0, hashlib.sha256()
        self.validator: str | None = None  # ETag or Last-Modified of the received bytes
        self.continued = False  # whether it contains more than one response
        self._note = path.with_name(path.name + ".version")
        if path.is_file() and self._note.is_file():
            self.validator = self._note.read_text(encoding="utf-8") or None
            if self.continuable:
                self._resume()

    @property
    def continuable(self) -> bool:
        """Whether another version of the file would be noticed."""
        return bool(self.validator or self.wanted.sha256)

    @property
    def reached(self) -> bool:
        """Whether the received bytes have the expected size or digest."""
        return self.wanted.size == self.size or self.wanted.sha256 == self.digest.hexdigest()

    @property
    def seen(self) -> Wanted:
        """Digest and size of the received bytes."""
        return Wanted(self.digest.hexdigest(), self.size)

    def _resume(self) -> None:
        for chunk in file_chunks(self.path):
            self.digest.update(chunk)
            self.size += len(chunk)
        self.continued = self.size > 0
        if self.wanted.size and self.size > self.wanted.size:
            self.remove()
        elif self.size:
            log.info("%s: %s bytes are already here", self.name, f"{self.size:,}")

    def begin(self, validator: str | None = None) -> None:
        """Empty the file and note its version."""
        self.remove()  # first: a kill must not leave bytes with the note of another version
        self.validator = validator
        try:
            self.path.open("wb").close()
            self._note.write_text(validator or "", encoding="utf-8")
        except OSError as error:
            self._cannot_write(error, None)

    def append(self, chunks: Iterable[bytes], total: int | None, content_type: str = "") -> None:
        """Append ``chunks``; ``total`` is the size of the whole file in bytes.

        Raises:
            SourceError: the disk is full, or the content is a web page or far too long; the file is
                removed.
        """
        needed = (total or self.wanted.size or 0) - self.size
        if needed > shutil.disk_usage(self.path.parent).free:
            raise SourceError(disk_full(self.path.parent, needed))
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
        """Write and check a whole file of ``total`` bytes or None; remove it on an error."""
        try:
            self.begin()
            self.append(chunks, total)
            self.check()
        except UserError:
            self.remove()
            raise

    def check(self) -> None:
        """Raise `SourceError`, and remove the file, unless it is the expected one."""
        if not self.size:
            self._refuse("received an empty file")
        if not self.wanted.fits(self.seen):
            self._refuse(f"seen {self.seen}")

    def move(self, output: Path) -> None:
        """Replace the output by this file."""
        try:
            self.path.replace(output)
        except OSError as error:
            raise SourceError(f"{output} cannot be replaced: {error.strerror}") from error
        self._note.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the file and its note."""
        self.size, self.digest = 0, hashlib.sha256()
        self.validator, self.continued = None, False
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _look_at(self, start: bytes, content_type: str) -> None:
        """Refuse a web page or message that a host sends instead of the file."""
        suffix = Path(self.name).suffix.lower()
        head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].lower()
        form = archives.form(start[: archives.HEAD])
        is_archive = form not in ("text", "binary")
        # A tar of before 1988 has no magic number.
        named = table_names.is_archive(self.name) or suffix in COMPRESSED
        fits = is_archive or (form == "binary" and suffix == ".tar")
        # A content type may be wrong: it counts only if nothing better is known.
        typed = content_type.startswith("text/html") and not self.wanted.sha256 and not is_archive
        if start.startswith(archives.POINTER):
            self._refuse(f"received another file: {archives.IS_POINTER}")
        if suffix not in (".html", ".htm") and (
            head.startswith((b"<!doctype html", b"<html")) or typed
        ):
            self._refuse("received an HTML page instead of the file")
        if named and not fits and not self.wanted.sha256:
            self._refuse(f"received no archive, but a file that begins with {start[:30]!r}")

    def _refuse(self, seen: str) -> NoReturn:
        self.remove()
        raise SourceError(f"expected {self.wanted}; {seen}" if self.wanted else seen)

    def _cannot_write(self, error: OSError, total: int | None) -> NoReturn:
        needed = total or self.wanted.size or self.size + CHUNK
        self.remove()
        if error.errno in FULL:
            full = disk_full(self.path.parent, needed)
            raise SourceError(f"{full} (or there is a limit: {error.strerror})") from error
        folder = self.path.parent.resolve()
        raise SourceError(f"{folder} cannot be written: {error.strerror}") from error


class Progress:
    """Log the progress of a file, every few seconds and at the end."""

    def __init__(self, name: str, done: int, total: int | None):
        self.name, self.done, self.total = name, done, total
        self.first, self.start = done, time.monotonic()
        self.last, self.logged = self.start, done

    def reached(self, done: int) -> None:
        self.done = done
        if time.monotonic() - self.last >= PROGRESS_SECONDS:
            self.last, self.logged = time.monotonic(), done
            log.info("%s", self)

    def end(self) -> None:
        if self.done > self.logged:
            log.info("%s", self)

    def __str__(self) -> str:
        rate = (self.done - self.first) / max(time.monotonic() - self.start, 1e-6)
        whole = f" of {self.total:,}" if self.total else ""
        return f"{self.name}: {self.done:,}{whole} bytes, {rate / 1e6:,.1f} MB/s"


def disk_full(folder: Path, needed: int) -> str:
    """Return the message that ``needed`` more bytes do not fit into a folder."""
    free = shutil.disk_usage(folder).free
    return f"the disk is full: {folder.resolve()} needs {needed:,} bytes and has {free:,} free"


def file_chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in pieces; `SourceError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            while chunk := file.read(MEGABYTE):
                if chunk.startswith(archives.POINTER):
                    raise SourceError(f"{path}: {archives.IS_POINTER}")
                yield chunk
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
