"""The content of compressed files, read in bounded steps up to a largest size."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from seq2report.core.command import UserError

CHUNK = 1 << 20
LARGEST_MEMBER = 1 << 30  # bytes; `archives.members` holds one member at a time in memory
EXPANSION = 200  # a larger content has at most this multiple of its file's bytes; text: 3 to 20


class Streams(io.RawIOBase):
    """The content of all streams of a bzip2 or xz file; Python's readers stop at a damaged one."""

    def __init__(self, file: BinaryIO, decoder: Callable) -> None:
        self._file, self._new, self._decoder = file, decoder, decoder()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        content = b""
        while not content:
            packed = b""
            if self._decoder.eof:
                packed = self._decoder.unused_data.lstrip(b"\0")  # which may follow a stream
                while not packed and (chunk := self._file.read(CHUNK)):
                    packed = chunk.lstrip(b"\0")
                if not packed:
                    return 0
                self._decoder = self._new()
            elif self._decoder.needs_input and not (packed := self._file.read(CHUNK)):
                raise EOFError("the compressed content ends too early")
            content = self._decoder.decompress(packed, len(buffer))
        buffer[: len(content)] = content
        return len(content)


@contextmanager
def _open_streams(decoder: Callable, path: Path | BinaryIO, _: str) -> Iterator[BinaryIO]:
    with path.open("rb") if isinstance(path, Path) else path as file:
        yield io.BufferedReader(Streams(file, decoder), CHUNK)


def _open_zstd(path: Path | str | BinaryIO, _: str) -> BinaryIO:
    import pyarrow  # which takes a while to load; Python has no zstd before 3.14

    return pyarrow.input_stream(
        path if isinstance(path, io.BytesIO) else str(path), compression="zstd"
    )


OPENERS: dict[str, Callable[..., BinaryIO]] = {
    "gzip": gzip.open,
    "xz": partial(_open_streams, lzma.LZMADecompressor),
    "bzip2": partial(_open_streams, bz2.BZ2Decompressor),
    "zstd": _open_zstd,
    "tar": open,
}


class _Expanded(io.RawIOBase):
    """The content of a compressed file, as far as `largest_content` allows."""

    def __init__(self, file: BinaryIO, where: Path | str, largest: int) -> None:
        self._file, self._where, self._largest, self._position = file, where, largest, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:
        content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        self._position += len(content)
        if self._position > self._largest:
            raise UserError(f"{self._where}: {too_large(self._largest)}")
        return len(content)

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or position < self._position:
            raise io.UnsupportedOperation("a compressed file is read once, from its start")
        while left := position - self._position:
            if not self.read(min(CHUNK, left)):
                break
        return self._position


def largest_content(size: int) -> int:
    """Return how many bytes the content of a compressed file of ``size`` bytes may have."""
    return max(LARGEST_MEMBER, EXPANSION * size)


def too_large(largest: int) -> str:
    """Return the message that a content has more than ``largest`` bytes."""
    return (
        f"its content has more than {largest:,} bytes, which is {EXPANSION} times the size of the"
        " file or more; text does not compress so well. Fetch it from another source or unpack it"
    )


def bounded(file: BinaryIO, where: Path | str, largest: int) -> io.BufferedReader:
    """Return the content of a file; reading raises `UserError` after ``largest`` bytes."""
    return io.BufferedReader(_Expanded(file, where, largest), CHUNK)
