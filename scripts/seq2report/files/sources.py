"""The ``sources`` of the configuration: files and the locations that offer them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from seq2report.files import archives
from seq2report.files.addresses import redact
from seq2report.files.partial import Wanted

WEB = ("http://", "https://")


@dataclass(frozen=True)
class Entry:
    """One location of a source file: a URL or a package."""

    url: str | None
    package: str | None
    member: str | None
    files: Mapping[str, Wanted]  # by path below the location; none: the location is the file itself
    wanted: Wanted

    @property
    def origin(self) -> str:
        """Where it is, without secrets."""
        if self.package:
            return f"package {self.package}"
        return redact(self.url) if self.url.startswith(WEB) else self.url


@dataclass(frozen=True)
class Source:
    """A file and its locations, in order."""

    file: str
    mirror: str  # its name in a mirror
    entries: tuple[Entry, ...]

    @property
    def known(self) -> list[Wanted]:
        """Digests and sizes of the file, of those locations that have them."""
        return [entry.wanted for entry in self.entries if entry.wanted]

    @property
    def files(self) -> dict[str, Wanted]:
        """The files to pack, by base name: the same at all locations that have some."""
        files = next((entry.files for entry in self.entries if entry.files), {})
        return {PurePosixPath(path).name: wanted for path, wanted in files.items()}


def parse_source(text: str) -> Source:
    """Read the JSON of ``--source``, a source of the checked configuration."""
    content = json.loads(text)
    file = content["file"]
    return Source(file, content.get("mirror", file), tuple(map(_entry, content["from"])))


def _entry(location: Mapping) -> Entry:
    files = {path: Wanted(digest) for path, digest in location.get("files", {}).items()}
    whole = Wanted(location.get("sha256"), location.get("bytes"))
    return Entry(*map(location.get, ("url", "package", "member")), files, whole)


def files_mistakes(locations: Sequence[Mapping]) -> Iterator[tuple[int, str]]:
    """Yield index and message for each error in the ``files`` of the locations of a source."""
    first: dict[str, str] = {}
    for n, location in enumerate(locations):
        if "files" not in location:
            continue
        for key in ("member", "sha256", "bytes"):
            if key in location:
                yield n, f"'{key}' and 'files' exclude each other; remove one of them"
        names: dict[str, str] = {}
        for path in location["files"]:
            name = PurePosixPath(path).name
            if why := archives.unsafe(path) or _not_plain(path):
                yield n, f"files: found {path!r}, expected a path like folder/x.json: {why}"
            elif name in names:
                yield n, f"files: {names[name]!r} and {path!r} have the same name; remove one"
            names[name] = path
        digests = {name: location["files"][path] for name, path in names.items()}
        first = first or digests
        if different := sorted(name for name, _ in digests.items() ^ first.items()):
            where = f"files: {different[0]!r} is not as in the first location with 'files'"
            yield n, f"{where}; all of them have to give the same files"


def _not_plain(path: str) -> str | None:
    return None if PurePosixPath(path).as_posix() == path != "." else "it is not a plain path"
