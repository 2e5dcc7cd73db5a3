"""The ``sources`` of the configuration: files and the locations that offer them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from seq2report.core.command import UserError, nearest
from seq2report.files import archives
from seq2report.files.addresses import is_address, redact
from seq2report.files.partial import Wanted

# `state` only has to differ if a local file or folder has changed: see `local_files`.
FILE_KEYS = ("file", "from", "mirror", "state")
ENTRY_KEYS = ("url", "package", "member", "files", "sha256", "bytes", "state")
WEB = ("http://", "https://")
DIGEST = r"[0-9a-fA-F]{64}"
REQUIREMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*"


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
    """Read the JSON of ``--source``; messages of a `UserError` never quote a URL in it."""
    try:
        content = json.loads(text)
        json.dumps(content, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise UserError(f"--source is not JSON: {error}") from error
    except UnicodeEncodeError as error:
        character = f"U+{ord(error.object[error.start]):04X}"
        raise UserError(f"--source: found the character {character}; replace it") from error
    _check_keys("--source", content, FILE_KEYS, {"file", "from"})
    name, offers = content["file"], content["from"]
    if not isinstance(name, str) or not re.fullmatch(r"[^/\\\0]+", name) or name in (".", ".."):
        raise UserError(f"--source: file is {name!r}, expected a file name without a folder")
    mirror = content.get("mirror", name)
    if not isinstance(mirror, str) or archives.unsafe(mirror):
        raise UserError(f"--source: mirror is {mirror!r}, expected a path inside a mirror")
    if not isinstance(offers, list):
        raise UserError(f"--source: from of {name} has to be a list of locations")
    entries = tuple(_entry(f"{name}, location {n}", offer) for n, offer in enumerate(offers, 1))
    for n, message in files_mistakes(offers):
        raise UserError(f"{name}, location {n + 1}: {message}")
    return Source(name, mirror, entries)


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


def _entry(where: str, offer: object) -> Entry:
    _check_keys(where, offer, ENTRY_KEYS, set())
    url, package = offer.get("url"), offer.get("package")
    if (url is None) == (package is None):
        raise UserError(f"{where}: needs either a url or a package")
    if package is not None and not re.fullmatch(REQUIREMENT, str(package)):
        raise UserError(f"{where}: package is {package!r}, expected name==version")
    if url is not None and not is_address(url):
        raise UserError(
            f"{where}: its url has to begin with http://, https:// or file: (a path: file:folder/x)"
            " and needs a host and a valid port; special characters in a password are %-encoded"
        )
    member = offer.get("member")
    if member is not None and (not isinstance(member, str) or not member):
        raise UserError(f"{where}: member is {member!r}, expected a name in the archive")
    if "files" in offer and not _are_files(offer["files"]):
        raise UserError(f"{where}: files has to map paths to sha256, 64 hexadecimal digits each")
    digest, size = offer.get("sha256"), offer.get("bytes")
    if digest is not None and not re.fullmatch(DIGEST, str(digest)):
        raise UserError(f"{where}: sha256 is {digest!r}, expected 64 hexadecimal digits")
    if size is not None and (type(size) is not int or size < 1):
        raise UserError(f"{where}: bytes is {size!r}, expected a whole number above 0")
    parts = {path: Wanted(wanted.lower()) for path, wanted in offer.get("files", {}).items()}
    return Entry(url, package, member, parts, Wanted(digest and digest.lower(), size))


def _are_files(files: object) -> bool:
    if not isinstance(files, dict) or not files:
        return False
    digests = files.values()
    return all(isinstance(digest, str) and re.fullmatch(DIGEST, digest) for digest in digests)


def _check_keys(where: str, content: object, known: Sequence[str], needed: set[str]) -> None:
    if not isinstance(content, dict):
        raise UserError(f"{where}: expected a mapping with the keys {', '.join(known)}")
    for key in content:
        if key not in known:
            raise UserError(f"{where}: unknown key {key!r}; {nearest(key, known)}")
    if lacking := sorted(needed - set(content)):
        raise UserError(f"{where}: the key {lacking[0]!r} is missing")
