"""Files and folders of this machine that sources name: where they are, and what is in them."""

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from seq2report.core.command import UserError
from seq2report.files.addresses import with_variables
from seq2report.files.partial import PlaceError, file_chunks


def local_path(location: str, roots: Sequence[Path]) -> Path:
    """Find what a path or ``file:`` address names, absolute or below the first root that has it.

    Raises `PlaceError` when there is nothing, naming every path that was looked at.
    """
    text = location.removeprefix("file:")
    if text != location and text.startswith("//"):  # file://[localhost]/path
        host, slash, rest = text[2:].partition("/")
        if host not in ("", "localhost"):
            raise PlaceError(f"{location} names another computer; file: reads only this one")
        text = slash + rest
    # As written first: a "%" may be part of the name.
    looked = [root / way for root in roots for way in dict.fromkeys((text, unquote(text)))]
    for path in looked:
        if path.exists():
            return path
    raise PlaceError(f"there is no {', nor '.join(dict.fromkeys(map(str, looked)))}")


def packed(folder: Path) -> Iterator[bytes]:
    """Yield an uncompressed tar of the files in a folder: the same files, the same bytes.

    Names are sorted and relative to the folder, without times, owners and rights. What begins with
    a dot is left out.

    Raises:
        PlaceError: no file, a file that cannot be read, or a link or other special file.
    """
    paths = files_in(folder)
    if not paths:
        raise PlaceError(f"the folder {folder} holds no file")
    written = _Written()
    with tarfile.open(fileobj=written, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path in paths:
            info = tarfile.TarInfo(path.relative_to(folder).as_posix())
            info.size = path.stat().st_size
            content = b"".join(file_chunks(path))
            if len(content) != info.size:
                raise PlaceError(f"{path} changed while it was read: run again")
            tar.addfile(info, io.BytesIO(content))
            yield written.taken()
    yield written.taken()


class _Written(io.BytesIO):
    """What has been written since it was taken last."""

    def taken(self) -> bytes:
        content = self.getvalue()
        self.seek(0)
        self.truncate()
        return content


def files_in(folder: Path) -> list[Path]:
    """Return the files below a folder, sorted; `PlaceError` for what is neither file nor folder."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise PlaceError(f"{path} is a link or another special file; put a copy in its place")
        found += files_in(path) if path.is_dir() else [path]
    return found


def state(folder: Path) -> str:
    """Return what tells whether a folder has changed: how many files, their bytes and newest time.

    Nothing is read of the files themselves, and what begins with a dot plays no part.
    """
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    seen = (path for path in paths if not any(part.startswith(".") for part in path.parts))
    stats = [(folder / path).stat() for path in seen if (folder / path).is_file()]
    newest = max((each.st_mtime_ns for each in stats), default=0)
    return f"{len(stats)} files, {sum(each.st_size for each in stats)} bytes, {newest}"


def changeable(place: dict, roots: Sequence[Path]) -> Path | None:
    """Return the file or folder that a place names, if it is here and may change.

    With a digest it may not: another content would be refused.

    Args:
        place: one of ``from`` of a source of the configuration.
        roots: see `local_path`.
    """
    if "sha256" in place or not place.get("url", "").startswith("file:"):
        return None
    try:
        return local_path(with_variables(place["url"]), roots)
    except UserError:  # which fetch tells
        return None


def changeable_files(source: dict, roots: Sequence[Path]) -> list[Path]:
    """Return the local files, not folders, among the places of a source, that are `changeable`."""
    found = (changeable(place, roots) for place in source["from"])
    return [path for path in found if path is not None and path.is_file()]


def with_states(source: dict, roots: Sequence[Path]) -> dict:
    """Return a source of the configuration; places that are local folders also tell their state."""
    places = []
    for place in source["from"]:
        path = changeable(place, roots)
        folder = path is not None and path.is_dir()
        places.append(place | {"state": state(path)} if folder else place)
    return source | {"from": places}
