"""The files of a pretrained encoder, in a folder or in an archive."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seq2report.core.command import UserError, first_line
from seq2report.files import archives

LARGEST = 1 << 26  # bytes of a file that is held in memory


def names_in(path: Path) -> list[str]:
    """Return the names of the files, relative to the folder or archive, except hidden ones."""
    if path.is_dir():
        names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    else:
        names = archives.names_in(path)
    return [name for name in names if not archives.is_hidden(name)]


def chunks(path: Path, name: str) -> Iterator[bytes]:
    """Yield the content of a file."""
    if path.is_dir():
        with (path / name).open("rb") as file:
            yield from iter(lambda: file.read(archives.CHUNK), b"")
    else:
        yield from archives.extract_member(path, name)


def beginning(path: Path, name: str, size: int = LARGEST) -> bytes:
    """Return the first ``size`` bytes of a file, or all if it is shorter."""
    content = bytearray()
    for chunk in chunks(path, name):
        content += chunk
        if len(content) >= size:
            break
    return bytes(content[:size])


def read_json(path: Path, name: str, kind: type = dict) -> dict | list:
    """Return the content of a JSON file; `UserError` if it is damaged or of another type."""
    try:
        content = json.loads(beginning(path, name))
        if not isinstance(content, kind):
            expected = "an object" if kind is dict else "a list"
            raise ValueError(f"found {type(content).__name__}, expected {expected}")
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: {name} is damaged: {first_line(error)}") from error
    return content


@contextmanager
def on_disk(path: Path, name: str) -> Iterator[Path]:
    """Yield a file, as a temporary copy if it is in an archive.

    Raises:
        UserError: the copy cannot be written.
    """
    if path.is_dir():
        yield path / name
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.safetensors"
        try:
            with copy.open("wb") as file:
                file.writelines(chunks(path, name))
        except OSError as error:  # the archive's own are `UserError`
            raise UserError(
                f"{folder}: the temporary copy of {name} cannot be written ({error.strerror}); make"
                " room, or set TMPDIR to another folder for temporary files"
            ) from error
        yield copy
