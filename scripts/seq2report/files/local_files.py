"""Local files and folders as sources."""

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from seq2report.core.command import UserError
from seq2report.files.addresses import with_variables
from seq2report.files.partial import SourceError, file_chunks


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
        if path.exists():
            return path
    raise SourceError(f"there is no {', nor '.join(dict.fromkeys(map(str, tried)))}")


def packed(folder: Path) -> Iterator[bytes]:
    """Yield an uncompressed tar of a folder; the same files give the same bytes.

    Names are sorted and relative to the folder, without times, owners and permissions.
    """
    paths = files_in(folder)
    if not paths:
        raise SourceError(f"the folder {folder} has no file")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path in paths:
            info = tarfile.TarInfo(path.relative_to(folder).as_posix())
            info.size = path.stat().st_size
            content = b"".join(file_chunks(path))
            if len(content) != info.size:
                raise SourceError(f"{path} changed while it was read: run again")
            tar.addfile(info, io.BytesIO(content))
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def files_in(folder: Path) -> list[Path]:
    """Return the files below a folder, sorted, except hidden ones; `SourceError` for a link."""
    files = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise SourceError(f"{path} is a link or another special file; replace it by a copy")
        files += files_in(path) if path.is_dir() else [path]
    return files


def state(folder: Path) -> str:
    """Return number, bytes and newest time of the files in a folder, except hidden ones."""
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    shown = (path for path in paths if not any(name.startswith(".") for name in path.parts))
    stats = [(folder / path).stat() for path in shown if (folder / path).is_file()]
    newest = max((stat.st_mtime_ns for stat in stats), default=0)
    return f"{len(stats)} files, {sum(stat.st_size for stat in stats)} bytes, {newest}"


def changeable(location: dict, roots: Sequence[Path]) -> Path | None:
    """Return the local file or folder of an entry of ``from``, if it exists and may change.

    With a digest it may not: other content would be refused.
    """
    if "sha256" in location or not location.get("url", "").startswith("file:"):
        return None
    try:
        return local_path(with_variables(location["url"]), roots)
    except UserError:  # fetch reports it
        return None


def changeable_files(source: dict, roots: Sequence[Path]) -> list[Path]:
    """Return the local files (not folders) of a source that are `changeable`."""
    paths = (changeable(location, roots) for location in source["from"])
    return [path for path in paths if path is not None and path.is_file()]


def with_states(source: dict, roots: Sequence[Path]) -> dict:
    """Return a source of the configuration, with the state of each local folder."""
    locations = []
    for location in source["from"]:
        path = changeable(location, roots)
        folder = path is not None and path.is_dir()
        locations.append(location | {"state": state(path)} if folder else location)
    return source | {"from": locations}
