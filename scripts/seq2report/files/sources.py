"""The ``sources`` of the configuration: files and the locations that offer them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from seq2report.core.command import UserError, nearest
from seq2report.files import archives
from seq2report.files.addresses import is_address, redact
from seq2report.files.partial import Wanted

SOURCE_KEYS = ("file", "from", "mirror")
# `state` only has to differ if a local file or folder has changed: see `local_files`.
ENTRY_KEYS = ("url", "package", "member", "sha256", "bytes", "state")
WEB = ("http://", "https://")
REQUIREMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*"


@dataclass(frozen=True)
class Entry:
    """One location of a source file: a URL or a package."""

    url: str | None
    package: str | None
    member: str | None
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


def parse_source(text: str) -> Source:
    """Read the JSON of ``--source``; messages of a `UserError` never quote a URL in it."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"--source is not JSON: {error}") from error
    _check_keys("--source", content, SOURCE_KEYS, {"file", "from"})
    name, offers = content["file"], content["from"]
    if not isinstance(name, str) or not re.fullmatch(r"[^/\\\0]+", name) or name in (".", ".."):
        raise UserError(f"--source: file is {name!r}, expected a file name without a folder")
    mirror = content.get("mirror", name)
    if not isinstance(mirror, str) or archives.unsafe(mirror):
        raise UserError(f"--source: mirror is {mirror!r}, expected a path inside a mirror")
    if not isinstance(offers, list):
        raise UserError(f"--source: from of {name} has to be a list of locations")
    entries = tuple(_entry(f"{name}, location {n}", offer) for n, offer in enumerate(offers, 1))
    return Source(name, mirror, entries)


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
    digest, size = offer.get("sha256"), offer.get("bytes")
    if digest is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", str(digest)):
        raise UserError(f"{where}: sha256 is {digest!r}, expected 64 hexadecimal digits")
    if size is not None and (type(size) is not int or size < 1):
        raise UserError(f"{where}: bytes is {size!r}, expected a whole number above 0")
    return Entry(url, package, member, Wanted(digest and digest.lower(), size))


def _check_keys(where: str, content: object, known: Sequence[str], needed: set[str]) -> None:
    if not isinstance(content, dict):
        raise UserError(f"{where}: expected a mapping with the keys {', '.join(known)}")
    for key in content:
        if key not in known:
            raise UserError(f"{where}: unknown key {key!r}; {nearest(key, known)}")
    if lacking := sorted(needed - set(content)):
        raise UserError(f"{where}: the key {lacking[0]!r} is missing")
