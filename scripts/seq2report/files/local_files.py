"""Local files and folders as sources."""

import hashlib
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from seq2report.core.command import UserError
from seq2report.files.addresses import with_variables
from seq2report.files.partial import SourceError, file_chunks

BY_HAND = Path("resources/by-hand")  # where a user places files that could not be fetched
# Of a file or folder whose content each plan reads: about 0.5 s.
READ_BYTES = 100_000_000
READ_FILES = 20_000


def local_path(location: str, roots: Sequence[Path]) -> Path:
    """Find the file of a path or ``file:`` URL, absolute or below a root; else `SourceError`."""
    text = location.removeprefix("file:")
    if text != location and text.startswith("//"):  # file://[localhost]/path
        host, slash, rest = text[2:].partition("/")
        if host not in ("", "localhost"):
            raise SourceError(f"{location} is on another computer; file: reads only this one")
        text = slash + rest
    # First as it is written: a "%" may belong to the name.
    tried = [root / name for root in roots for name in dict.fromkeys((text, unquote(text)))]
    for path in tried:
        if os.path.lexists(path) and path.exists():  # not every text can be the name of a file
            if not (path.is_file() or path.is_dir()):
                raise SourceError(f"{path} is a device or pipe; expected a file or folder")
            return path
    raise SourceError(f"there is no {', nor '.join(dict.fromkeys(map(str, tried)))}")


def packed(folder: Path) -> Iterator[bytes]:
    """Yield an uncompressed tar of a folder, with sorted names relative to the folder."""
    paths = files_in(folder)
    if not paths:
        raise SourceError(f"the folder {folder} has no file")
    yield from packed_files({path.relative_to(folder).as_posix(): path for path in paths})


def packed_files(files: Mapping[str, Path]) -> Iterator[bytes]:
    """Yield an uncompressed tar of files by name; the same names and content give the same bytes.

    It has no times, owners and permissions. One piece of a file is in memory at a time.
    """
    written = 0
    for name, path in files.items():
        info = tarfile.TarInfo(name)
        info.size = left = path.stat().st_size
        header = info.tobuf(tarfile.PAX_FORMAT)
        yield header
        for chunk in file_chunks(path):
            left -= len(chunk)
            yield chunk
        if left:
            raise SourceError(f"{path} changed while it was read: run again")
        end = bytes(-info.size % tarfile.BLOCKSIZE)
        yield end
        written += len(header) + info.size + len(end)
    written += 2 * tarfile.BLOCKSIZE  # two blocks of zeros, then the rest of the last record
    yield bytes(2 * tarfile.BLOCKSIZE + -written % tarfile.RECORDSIZE)


def files_in(folder: Path) -> list[Path]:
    """Return the files below a folder, sorted, except hidden ones.

    Raises:
        SourceError: a link, or a folder that cannot be read.
    """
    files = []
    try:
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise SourceError(f"{path} is a link or another special file; replace it by a copy")
            files += files_in(path) if path.is_dir() else [path]
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror}") from error
    return files


def state(path: Path) -> str:
    """Return a text that differs if a file, or any file in a folder except hidden ones, differs.

    It is made of names, sizes and contents, so a copied project has the same. Of more than
    `READ_BYTES` or `READ_FILES`, the times count instead of the contents. Then a file that is
    replaced by an older one differs, too; one with the size and time of the old one does not.
    """
    rows = sorted(_stats(path, "")) if path.is_dir() else [_row("", path.stat())]
    total = sum(size for _, size, _ in rows)
    if len(rows) <= READ_FILES and total <= READ_BYTES:
        rows = [(name, size, _content(path / name, size) or time) for name, size, time in rows]
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    return f"{len(rows)} files, {total} bytes, {digest}"


def _content(path: Path, size: int) -> str | None:
    """Return a digest of a file; None for a link, device or pipe, and if it cannot be read."""
    with suppress(OSError):  # fetch reports it
        if path.is_file() and path.stat().st_size == size:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return None


def _stats(folder: Path, prefix: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, bytes and time of each file below a folder, except hidden ones."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _stats(entry, f"{prefix}{entry.name}/")
            else:
                yield _row(prefix + entry.name, entry.stat(follow_symlinks=False))


def _row(name: str, stat: os.stat_result) -> tuple[str, int, int]:
    return name, stat.st_size, stat.st_mtime_ns


def changeable(location: dict, roots: Sequence[Path]) -> Path | None:
    """Return the local file or folder of an entry of ``from``, if it exists and may change.

    With digests it may not: other content would be refused.
    """
    if {"sha256", "files"} & location.keys() or not location.get("url", "").startswith("file:"):
        return None
    try:
        return local_path(with_variables(location["url"]), roots)
    except UserError:  # fetch reports it
        return None


def with_states(source: dict, roots: Sequence[Path]) -> dict:
    """Return a source of the configuration, with the state of each `changeable` location.

    A file that was placed by hand comes first; without any digest, it may change, too.
    """
    locations, by_hand = [], BY_HAND / source["file"]
    if by_hand.is_file() and not any(
        {"sha256", "files"} & place.keys() for place in source["from"]
    ):
        source = source | {"state": state(by_hand)}
    for location in source["from"]:
        with suppress(OSError):  # fetch reports what cannot be read
            if path := changeable(location, roots):
                location = location | {"state": state(path)}
        locations.append(location)
    return source | {"from": locations}
