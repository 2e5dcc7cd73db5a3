"""Read tar and zip archives without unpacking them: no member is ever written to disk."""

import bz2
import difflib
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from seq2report.core.command import UserError
from seq2report.files.compressed import (
    CHUNK,
    LARGEST_MEMBER,
    OPENERS,
    Streams,
    bounded,
    largest_content,
    too_large,
)

HEAD = 512  # bytes that `form` looks at
HEADERS = 1 << 20  # bytes of a tar before a member, which `tarfile` holds in memory
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # an empty one
    b"\x93NUMPY": "npy",
}
POINTER = b"version https://git-lfs."  # the beginning of a file that Git LFS did not fetch
IS_POINTER = "it is a pointer of Git LFS, not the file itself; run git lfs pull in its repository"
# What the readers raise on damaged bytes; gzip and bz2 use plain OSError.
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
TWICE = "it occurs twice"  # a member


class _StrictInfo(tarfile.TarInfo):
    """A header that raises if it is damaged: `tarfile` takes a damaged one for the end."""

    @classmethod
    def frombuf(cls, buf: bytes, encoding: str, errors: str) -> tarfile.TarInfo:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise  # the zero block that ends every tar
            raise tarfile.ReadError(str(error)) from None


class _Headers:
    """A tar as `tarfile` reads its headers: at most ``left`` bytes, not as many as they ask for."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path, self.left = file, path, HEADERS
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        self.left -= size
        if size < 0 or self.left < 0:
            raise UserError(
                f"{self._path}: refused, because it has a member with headers of more than"
                f" {HEADERS:,} bytes; fetch it from another source or pack it again"
            )
        return self._file.read(size)


def is_hidden(name: str) -> bool:
    """Return whether a member is hidden, or one of those that macOS adds to an archive."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def form(start: bytes) -> str:
    """Return the form of a file by its first `HEAD` bytes.

    One of gzip, xz, bzip2, zstd, zip, npy, tar, text, binary. A wheel and an ``.npz`` are zips.
    """
    form = "tar" if start[257:262] == b"ustar" else "binary" if b"\0" in start else "text"
    return next((name for magic, name in MAGIC.items() if start.startswith(magic)), form)


def form_of(path: Path | str) -> str:
    """Return the `form` of a file on disk."""
    with Path(path).open("rb") as file:
        return form(file.read(HEAD))


def members(path: Path | str, largest: int = LARGEST_MEMBER) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every regular file of a tar (maybe compressed) or zip, in order.

    The bytes of the archive decide its form, not its name. One member is in memory at a time.

    Raises:
        UserError: a name that leaves the folder, a link or a device, a member of more than
            ``largest`` bytes, or a damaged or truncated archive; with archive and member.
    """
    path = Path(path)
    last = None
    with _named_damage(path, lambda: last):
        for name, size, file in _files(path):
            if size > largest:
                raise UserError(
                    f"{path}: the member {name!r} has {size:,} bytes; at most {largest:,} are "
                    "allowed"
                )
            content = file.read(size)
            if len(content) < size:
                raise EOFError(f"{name!r} ends after {len(content):,} of {size:,} bytes")
            yield name, content
            last = name


def names_in(path: Path | str) -> list[str]:
    """Return the names of the regular files of a tar or zip; `UserError` as `members` raises."""
    path, names = Path(path), []
    with _named_damage(path, lambda: names[-1] if names else None):
        for name, _, _ in _files(path):
            names.append(name)
    return names


def extract_member(path: Path | str, wanted: str) -> Iterator[bytes]:
    """Yield the content of one member in chunks; `UserError` as `members`, or if it is missing."""
    path, names = Path(path), []
    with _named_damage(path, lambda: names[-1] if names else None):
        for name, size, file in _files(path):
            if name == wanted:
                yield from chunks(file, size)
                return
            names.append(name)
    raise UserError(f"{path}: {missing(wanted, names)}")


@contextmanager
def open_content(
    path: Path | str, wanted: Callable[[str], object]
) -> Iterator[tuple[str, BinaryIO]]:
    """Open a file, compressed or not, or the only file in a zip with a ``wanted`` name.

    Yields:
        Its name and its uncompressed content.

    Raises:
        UserError: the zip is unsafe, or has no or several such files.
    """
    path = Path(path)
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            raise UserError(IS_POINTER)
    if form_of(path) != "zip":
        with _open(path) as file:
            yield path.name, file
        return
    names = [name for name, _, _ in _files(path)]
    chosen = [name for name in names if wanted(name) and not is_hidden(name)]
    if len(chosen) != 1:
        raise UserError(
            f"expected one file in it that can be read, found {', '.join(chosen) or 'none'}"
            f" among {', '.join(names[:5]) or 'no files'}; set 'member' of the source to the right"
            " one, or unpack it"
        )
    with (
        zipfile.ZipFile(path) as archive,
        open_zip_member(path, archive, zip_members(path, archive)[chosen[0]]) as file,
    ):
        yield chosen[0], file


def chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield ``size`` bytes of a file in pieces; EOFError if it ends before."""
    left = size
    while left and (chunk := file.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk
    if left:
        raise EOFError(f"the member ends after {size - left:,} of {size:,} bytes")


def missing(wanted: str, names: list[str]) -> str:
    """Return the message that a member is missing, with similar names."""
    near = difflib.get_close_matches(wanted, names, n=3) or names[:3]
    return f"there is no member {wanted!r}; there are {len(names):,} files, such as {near}"


def zip_members(where: Path | str, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the files and folders of a zip by name; `UserError` if a file occurs twice."""
    members, files = {}, set()
    for info in archive.infolist():
        members.setdefault(name := _zip_name(info), info)
        if not info.is_dir():
            _refuse_second(where, name, files)
    return members


def _refuse_second(where: Path | str, name: str, files: set[str]) -> None:
    """Raise `UserError` if a file has occurred, also as ``./name``; else add it to ``files``."""
    plain = str(PurePosixPath(name))
    if plain in files and not is_hidden(plain):
        _refuse(where, name, TWICE)
    files.add(plain)


@contextmanager
def open_zip_member(
    where: Path | str, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> Iterator[BinaryIO]:
    """Open the content of a member that is stored, or compressed by deflate or bzip2.

    Raises:
        UserError: it is encrypted, compressed otherwise or too large.
    """
    largest = largest_content(info.compress_size)
    if info.flag_bits & 1:
        _refuse(where, info.filename, "it is encrypted")
    if info.file_size > largest:
        raise UserError(f"{where}: {info.filename!r}: {too_large(largest)}")
    if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with archive.open(info) as file:
            yield file
    elif info.compress_type == zipfile.ZIP_BZIP2:
        # `zipfile` expands all it has read, however much that gives. bzip2 has its own checksums.
        stored = copy(info)
        stored.compress_type, stored.file_size = zipfile.ZIP_STORED, info.compress_size
        del stored.CRC
        with archive.open(stored) as raw:
            yield bounded(Streams(raw, bz2.BZ2Decompressor), where, largest)
    else:
        _refuse(where, info.filename, "its compression is neither deflate nor bzip2")


def _zip_name(info: zipfile.ZipInfo) -> str:
    # Info-ZIP writes UTF-8 without the flag for it; Python decodes it as cp437.
    with suppress(UnicodeError):
        if not info.flag_bits & 0x800:
            return info.orig_filename.encode("cp437").decode("utf-8")
    return info.filename


def unsafe(name: str) -> str | None:
    """Return why a member's name must not be used as a path below a folder, or None."""
    pieces = name.replace("\\", "/").split("/")
    if not name or "\0" in name:
        return "its name is empty or holds a zero byte"
    if not pieces[0] or (len(pieces[0]) == 2 and pieces[0][1] == ":"):
        return "its path is absolute"
    if ".." in pieces:
        return "its path leaves the folder"
    return None


def _refuse(where: Path | str, name: str, why: str) -> NoReturn:
    raise UserError(
        f"{where}: refused, because of the member {name!r}: {why}. Archives may hold only files"
        " and folders inside their own folder, each once; fetch it from another source or pack it"
        " again"
    )


@contextmanager
def _named_damage(path: Path, last: Callable[[], str | None]) -> Iterator[None]:
    """Turn the errors of damaged archives into one `UserError` with the position."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # damaged bytes can raise anything
        place = f"after the member {last()!r}" if last() else "before its first member"
        raise UserError(
            f"{path} ({path.stat().st_size:,} bytes) is damaged or no tar or zip archive: {place}: "
            f"{error}. Remove it and fetch it again"
        ) from error


@contextmanager
def _open(path: Path) -> Iterator[io.BufferedReader]:
    """Open the content of a file, compressed or not; `UserError` if there is too much of it."""
    # Text and binary too: a tar of before 1988 has no magic number.
    opener = OPENERS.get(form_of(path), open)
    if opener is open:
        with path.open("rb") as file:
            yield file
        return
    largest = largest_content(path.stat().st_size)
    with opener(path, "rb") as raw, bounded(raw, path, largest) as file:
        yield file


def _files(path: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    return _zip_files(path) if form_of(path) == "zip" else _tar_files(path)


def _tar_files(path: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """Yield (name, size, file at the member's start) of a tar's regular files."""
    with (
        _open(path) as file,
        tarfile.open(
            fileobj=(headers := _Headers(file, path)),
            mode="r:",
            tarinfo=_StrictInfo,
            encoding="utf-8",
            errors="surrogateescape",
        ) as tar,
    ):
        names = set()
        while (info := tar.next()) is not None:
            if why := unsafe(info.name):
                _refuse(path, info.name, why)
            if info.size < 0:  # `tarfile` would go back, and read it again and again
                _refuse(path, info.name, f"its size is {info.size}")
            if info.isreg() and not info.issparse():
                _refuse_second(path, info.name, names)
                # Without `extractfile`, which takes a third of the time with small files.
                file.seek(info.offset_data)
                yield info.name, info.size, file
            elif not info.isdir():
                _refuse(path, info.name, "it is a link, a device or another special file")
            tar.members.clear()  # they would accumulate: 40 MB for 100,000 files
            tar.pax_headers.clear()  # so would headers for all members, which say nothing needed
            headers.left = HEADERS
        while file.read(CHUNK):
            pass  # the checksum is at the very end of a compressed file


def _zip_files(path: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """Yield (name, size, open file) of a zip's regular files."""
    with zipfile.ZipFile(path) as archive:
        infos, largest = zip_members(path, archive).values(), largest_content(path.stat().st_size)
        _refuse_overlaps(path, infos)
        if sum(info.file_size for info in infos) > largest:
            raise UserError(f"{path}: {too_large(largest)}")
        for info in infos:
            # `orig_filename`: zipfile itself cuts a name at a zero byte.
            for name in (info.orig_filename, _zip_name(info)):
                if why := unsafe(name):
                    _refuse(path, name, why)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                _refuse(path, info.filename, "it is a link, a device or another special file")
            if not info.is_dir():
                with open_zip_member(path, archive, info) as file:
                    yield name, info.file_size, file


def _refuse_overlaps(path: Path, members: Iterable[zipfile.ZipInfo]) -> None:
    """Raise `UserError` if two members share bytes: a small file expands to a huge content."""
    in_order = sorted(members, key=lambda info: info.header_offset)
    for info, later in pairwise(in_order):
        # A header has 30 bytes and the name, maybe more.
        end = info.header_offset + 30 + len(info.orig_filename) + info.compress_size
        if end > later.header_offset:
            _refuse(path, later.filename, f"it overlaps with {info.filename!r}")
