"""Every test speaks to a real server on loopback: nothing of the client is replaced."""

import base64
import gzip
import hashlib
import json
import logging
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from misbehaving_server import (
    MisbehavingServer,
    announces,
    endless,
    redirect,
    shifted,
    status,
    unmeasured,
    whole,
)

import fetch
from seq2report.core.command import UserError
from seq2report.files import download, partial, sources

CONTENT = gzip.compress(random.Random(7).randbytes(300_000), 1)
OTHER = gzip.compress(random.Random(8).randbytes(300_000), 1)
PAGE = b"\n<!DOCTYPE html><html><title>We have moved</title></html>"
SCRIPT = Path(fetch.__file__)
QUICK = ["--attempts", "3", "--delay", "0.01", "--stall-timeout", "10", "--connect-timeout", "2"]

SOON = ("--stall-timeout", "0.3")  # only where a stall is meant: this machine may be busy


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(url: str, content: bytes | None = CONTENT, **more) -> dict:
    known = {} if content is None else {"sha256": sha(content), "bytes": len(content)}
    return {"url": url, **known, **more}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def server():
    with MisbehavingServer() as running:
        yield running


@pytest.fixture
def room(tmp_path, monkeypatch, caplog):
    """An empty working directory; the log is kept from the level that `run` shows."""
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.INFO)
    return tmp_path


class Asked:
    """One call of the command in ``room`` for the file x.tar.gz."""

    def __init__(self, room: Path, file: str = "x.tar.gz"):
        self.file, self.output = file, room / "downloads" / file
        self.receipt_path = room / "downloads" / f"{file}.json"

    def arguments(self, entries: list[dict], *more: str, **source) -> list[str]:
        source = json.dumps({"file": self.file, "from": entries, **source})
        to = ["--output", str(self.output), "--receipt", str(self.receipt_path)]
        return ["--source", source, *to, *QUICK, *more]

    def __call__(self, *entries: dict, more: tuple[str, ...] = (), **source) -> bytes:
        fetch.main(self.arguments(list(entries), *more, **source))
        self.receipt = json.loads(self.receipt_path.read_text())
        return self.output.read_bytes()

    def refused(self, *entries: dict, more: tuple[str, ...] = (), **source) -> str:
        """Expect an error that leaves no output; return its message."""
        before = self.output.read_bytes() if self.output.exists() else None
        with pytest.raises(UserError) as error:
            fetch.main(self.arguments(list(entries), *more, **source))
        assert (self.output.read_bytes() if self.output.exists() else None) == before
        return str(error.value)

    @property
    def left(self) -> list[str]:
        """What lies beside output and receipt."""
        known = {self.output, self.receipt_path}
        return sorted(path.name for path in self.output.parent.iterdir() if path not in known)


@pytest.fixture
def ask(room):
    return Asked(room)


# --- the good case ---


def test_a_good_host(server, ask, caplog):
    assert ask(entry(server.on("/x.tar.gz", whole(CONTENT)))) == CONTENT
    assert ask.receipt == {
        "file": "x.tar.gz",
        "bytes": len(CONTENT),
        "sha256": sha(CONTENT),
        "form": "gzip",
        "origin": server.url("/x.tar.gz"),
    }
    assert ask.left == []
    assert re.search(rf"x.tar.gz: {len(CONTENT):,} of {len(CONTENT):,} bytes, .* MB/s", caplog.text)


def test_bytes_arrive_as_they_are_stored(server, ask):
    url = server.on("/x.tar.gz", whole(CONTENT, Content_Encoding="gzip"))
    assert ask(entry(url)) == CONTENT


def test_an_output_is_replaced(server, ask):
    ask.output.parent.mkdir()
    ask.output.write_bytes(b"old")
    assert ask(entry(server.on("/x.tar.gz", whole(CONTENT)))) == CONTENT


def test_a_redirect_is_followed(server, ask):
    server.on("/new.tar.gz", whole(CONTENT))
    url = server.on("/x.tar.gz", redirect("/newer"))
    server.on("/newer", redirect(server.url("/new.tar.gz")))
    assert ask(entry(url)) == CONTENT


def test_a_slow_start_is_waited_for(server, ask):
    assert ask(entry(server.on("/x.tar.gz", whole(CONTENT, pause=0.2)))) == CONTENT
    assert len(server.seen) == 1


def test_a_file_without_length_or_digest(server, ask):
    assert ask(entry(server.on("/x.tar.gz", unmeasured(CONTENT)), None)) == CONTENT


def test_progress_comes_while_a_file_travels(server, ask, caplog, monkeypatch):
    monkeypatch.setattr(partial, "PROGRESS_SECONDS", 0.0)
    ask(entry(server.on("/x.tar.gz", whole(CONTENT))))
    lines = re.findall(rf"x.tar.gz: ([\d,]+) of {len(CONTENT):,} bytes", caplog.text)
    assert len(lines) >= 4
    assert lines == sorted(set(lines), key=lambda line: int(line.replace(",", "")))
    assert lines[-1] == f"{len(CONTENT):,}"


# --- hosts that give something else ---


@pytest.mark.parametrize("known", [CONTENT, None], ids=["digest known", "no digest"])
@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (whole(PAGE), "HTML page"),
        (whole(b"<p>moved", Content_Type="text/html; charset=utf-8"), "HTML page|3 seen|seen 8"),
        (whole(b""), "empty file"),
        (whole(b'{"error": "quota exceeded"}'), "received no archive|seen 27 bytes"),
        (status(403), "HTTP 403"),
        (status(404), "HTTP 404"),
        (status(410), "HTTP 410"),
        (redirect("/x.tar.gz"), "redirects"),
        (redirect("ftp://127.0.0.1/x"), "No connection adapters"),
    ],
    ids=["page", "typed page", "empty", "json", "403", "404", "410", "loop", "ftp"],
)
def test_what_cannot_help_is_not_tried_again(server, ask, behaviour, message, known):
    url = server.on("/x.tar.gz", behaviour)
    good = server.on("/good.tar.gz", whole(CONTENT))
    assert re.search(message, ask.refused(entry(url, known)))
    assert len([seen for seen in server.seen if seen.status != 302]) <= 1
    assert ask.left == []
    assert ask(entry(url, known), entry(good)) == CONTENT
    assert ask.receipt["origin"] == good


def test_a_page_is_taken_where_a_page_is_wanted(server, room):
    ask = Asked(room, "index.html")
    assert ask(entry(server.on("/index.html", whole(PAGE)), None)) == PAGE


def test_an_archive_typed_as_a_page_is_taken(server, ask):
    url = server.on("/x.tar.gz", whole(CONTENT, Content_Type="text/html"))
    assert ask(entry(url, None)) == CONTENT


def test_a_wrong_digest_is_reported_with_both_and_the_next_one_asked(server, ask):
    bad = server.on("/bad.tar.gz", whole(OTHER))
    message = ask.refused(entry(bad))
    for part in (sha(CONTENT), sha(OTHER), f"{len(CONTENT):,} bytes", f"{len(OTHER):,} bytes"):
        assert part in message
    assert f"{ask.output.parent.parent}/resources/by-hand/x.tar.gz" in message
    assert ask.left == []
    assert len(server.seen) == 1
    good = server.on("/good.tar.gz", whole(CONTENT))
    assert ask(entry(bad), entry(good)) == CONTENT


def test_a_wrong_size_alone_is_refused(server, ask):
    url = server.on("/x.tar.gz", whole(OTHER))
    message = ask.refused({"url": url, "bytes": len(OTHER) + 1})
    assert f"expected {len(OTHER) + 1:,} bytes; seen {len(OTHER):,} bytes" in message


def test_far_more_than_expected_is_stopped(server, ask):
    url = server.on("/x.tar.gz", endless(CONTENT[:60_000]))
    assert "far more" in ask.refused(entry(url))
    assert ask.left == []


def test_an_output_stays_when_everything_fails(server, ask):
    ask.output.parent.mkdir()
    ask.output.write_bytes(b"from before")
    message = ask.refused(entry(server.on("/bad", whole(OTHER))), entry(server.url("/no")))
    assert ask.output.read_bytes() == b"from before"
    assert re.search(r"1\. http.*/bad: expected .*\n  2\. http.*/no: HTTP 404", message)


# --- connections that break ---


def test_500_then_fine(server, ask):
    url = server.on("/x.tar.gz", status(500), status(503, Retry_After="0"), whole(CONTENT))
    assert ask(entry(url)) == CONTENT
    assert [seen.status for seen in server.seen] == [500, 503, 200]


def test_attempts_come_to_an_end(server, ask):
    message = ask.refused(entry(server.on("/x.tar.gz", status(500))))
    assert "HTTP 500" in message
    assert "attempt 3" in message
    assert len(server.seen) == 3


def test_retry_after_is_heeded(server, ask):
    url = server.on("/x.tar.gz", status(429, Retry_After="1"), whole(CONTENT))
    start = time.monotonic()
    assert ask(entry(url)) == CONTENT
    assert time.monotonic() - start >= 1


def test_a_refused_connection(server, ask):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/x.tar.gz"
        assert "Connection refused" in ask.refused(entry(url))
        assert ask(entry(url), entry(server.on("/x.tar.gz", whole(CONTENT)))) == CONTENT


def test_a_stalled_connection(server, ask):
    stalled = announces(len(CONTENT), CONTENT[:100_000])
    url = server.on("/x.tar.gz", stalled, whole(CONTENT))
    assert ask(entry(url), more=SOON) == CONTENT
    assert [seen.status for seen in server.seen] == [200, 206]
    start = time.monotonic()
    assert "Read timed out" in ask.refused(entry(server.on("/never", stalled)), more=SOON)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("known", [CONTENT, None], ids=["digest known", "no digest"])
def test_a_truncated_body_is_continued(server, ask, known):
    url = server.on("/x.tar.gz", whole(CONTENT, cut=200_000), whole(CONTENT))
    assert ask(entry(url, known)) == CONTENT
    first, second = server.seen
    assert (second.range, second.if_range) == (f"bytes={first.sent}-", '"one"')
    assert second.status == 206
    assert first.sent + second.sent == len(CONTENT)


def test_a_truncated_body_is_never_taken(server, ask):
    for known in (CONTENT, None):
        url = server.on("/x.tar.gz", whole(CONTENT, cut=1000, etag=None, ranges=False))
        message = ask.refused(entry(url, known))
        assert re.search(rf"1,000 of {len(CONTENT):,} bytes received", message)
    url = server.on("/open.tar.gz", unmeasured(CONTENT[:1000]))
    assert "1,000 of" in ask.refused(entry(url))


def test_a_date_serves_where_there_is_no_strong_etag(server, ask):
    date = "Wed, 21 Oct 2015 07:28:00 GMT"
    weak = {"etag": 'W/"one"', "obey_if_range": False, "Last_Modified": date}
    url = server.on("/x.tar.gz", whole(CONTENT, cut=200_000, **weak), whole(CONTENT, **weak))
    assert ask(entry(url)) == CONTENT
    assert server.seen[1].if_range == date
    assert server.seen[1].status == 206


def test_without_etag_and_digest_nothing_is_continued(server, ask):
    url = server.on("/x.tar.gz", whole(CONTENT, cut=200_000, etag=None), whole(CONTENT, etag=None))
    assert ask(entry(url, None)) == CONTENT
    assert [seen.range for seen in server.seen] == [None, None]


def test_a_host_without_ranges_starts_again(server, ask):
    plain = {"ranges": False}
    url = server.on("/x.tar.gz", whole(CONTENT, cut=200_000, **plain), whole(CONTENT, **plain))
    assert ask(entry(url)) == CONTENT
    assert [seen.status for seen in server.seen] == [200, 200]


@pytest.mark.parametrize("obeys", [True, False], ids=["If-Range obeyed", "If-Range ignored"])
def test_a_file_that_changed_in_between_starts_again(server, ask, obeys):
    new = whole(CONTENT, etag='"two"', obey_if_range=obeys)
    url = server.on("/x.tar.gz", whole(OTHER, cut=200_000), new)
    assert ask(entry(url, None)) == CONTENT


def test_pieces_of_two_versions_under_one_etag_start_again(server, ask):
    url = server.on("/x.tar.gz", whole(OTHER, cut=200_000), whole(CONTENT))
    assert ask(entry(url)) == CONTENT
    assert [seen.status for seen in server.seen] == [200, 206, 200]


def test_416_starts_again(server, ask):
    url = server.on("/x.tar.gz", whole(CONTENT, cut=200_000), status(416), whole(CONTENT))
    assert ask(entry(url)) == CONTENT
    assert [seen.range for seen in server.seen] == [None, "bytes=200000-", None]


def test_an_answer_from_another_place_starts_again(server, ask):
    """The host sends some other range, which would fit by its version."""
    url = server.on("/x.tar.gz", whole(CONTENT, cut=200_000), shifted(CONTENT, 7), whole(CONTENT))
    assert ask(entry(url, None)) == CONTENT
    assert [seen.status for seen in server.seen] == [200, 206, 200]


def part_of(ask: Asked, found: dict, content: bytes, validator: str = '"one"') -> Path:
    """Leave ``content`` as an earlier run's part of a place."""
    source = sources.parse_source(json.dumps({"file": ask.file, "from": [found]}))
    ask.output.parent.mkdir(exist_ok=True)
    job = fetch.Job(source, ask.output, Path(), None, (), download.Retries(), None)
    wanted = source.entries[0].wanted
    left = job.partial(f"{found['url']}\nNone", wanted)
    left.begin(validator)
    left.append([content], None)
    return left.path


def test_a_finished_part_is_taken_without_its_bytes_travelling_again(server, ask):
    found = entry(server.on("/x.tar.gz", whole(CONTENT)))
    part_of(ask, found, CONTENT)
    assert ask(found) == CONTENT
    assert server.seen == []
    found = entry(found["url"], None)  # the size is unknown: 416 shows that it is complete
    part_of(ask, found, CONTENT)
    assert ask(found) == CONTENT
    assert [seen.status for seen in server.seen] == [416]


@pytest.mark.parametrize("left", [OTHER[:1000], CONTENT + b"more", OTHER])
def test_a_wrong_part_is_thrown_away(server, ask, left):
    found = entry(server.on("/x.tar.gz", whole(CONTENT)))
    part_of(ask, found, left)
    assert ask(found) == CONTENT
    assert ask.left == []


def test_a_part_of_one_place_is_not_continued_by_another(server, ask):
    first = entry(server.on("/1.tar.gz", whole(CONTENT, cut=100_000), status(404)))
    second = entry(server.on("/2.tar.gz", whole(CONTENT)))
    assert ask(first, second) == CONTENT
    assert [(s.path, s.range) for s in server.seen if s.path == "/2.tar.gz"] == [
        ("/2.tar.gz", None)
    ]
    assert ask.left == []


@pytest.mark.reliability("Interruption")
def test_a_download_that_was_killed_is_continued_where_it_was(server, ask):
    url = server.on("/x.tar.gz", announces(len(CONTENT), CONTENT[:200_000]), whole(CONTENT))
    arguments = [*ask.arguments([entry(url)]), "--stall-timeout", "30"]
    process = subprocess.Popen([sys.executable, SCRIPT, *arguments], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size > 150_000 for p in ask.output.parent.glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not ask.output.exists()
    assert ask(entry(url)) == CONTENT
    again = server.seen[-1]
    assert again.status == 206
    assert again.sent == len(CONTENT) - int(again.range[6:-1]) < 160_000
    assert ask.left == []


@pytest.mark.reliability("Interruption")
def test_a_second_fetch_of_the_same_file_waits_for_the_first(server, ask):
    half = len(CONTENT) // 2
    url = server.on("/x.tar.gz", announces(len(CONTENT), CONTENT[:half]), whole(CONTENT))
    command = [sys.executable, SCRIPT, *ask.arguments([entry(url)])]
    pipe = {"stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen([*command, "--stall-timeout", "30"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not any(p.stat().st_size > half // 2 for p in ask.output.parent.glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = subprocess.Popen(command, **pipe)
    while "another process fetches it, waiting" not in second.stderr.readline():
        assert second.poll() is None
    first.kill()
    second.communicate(timeout=60)
    assert second.returncode == 0
    assert ask.output.read_bytes() == CONTENT
    assert server.seen[-1].status == 206  # it goes on where the first one was
    assert sorted(path.name for path in ask.output.parent.iterdir() if path.name[0] == ".") == []


# --- disks and certificates ---


@pytest.mark.reliability("Bad machine")
def test_a_disk_too_small_for_a_download_is_reported_beforehand(server, ask):
    url = server.on("/x.tar.gz", announces(10**18, b""))
    message = ask.refused(entry(url, None))
    assert re.search(r"disk is full: .*downloads needs 1,000,000,000,000,000,000 bytes", message)
    assert re.search(r"has [\d,]+ free", message)


@pytest.mark.reliability("Bad machine")
def test_a_limit_on_the_size_of_files_is_reported_and_nothing_of_a_download_is_left(server, ask):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    url = server.on("/x.tar.gz", whole(CONTENT))
    done = subprocess.run(
        [sys.executable, SCRIPT, *ask.arguments([entry(url)])],
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert re.search(rf"disk is full: .*needs {len(CONTENT):,} bytes.* [\d,]+ free", done.stderr)
    assert "Traceback" not in done.stderr
    assert not ask.output.exists()
    assert ask.left == []


@pytest.mark.reliability("Bad machine")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_disk_that_is_full_in_the_middle_of_a_download_is_reported_and_nothing_is_left(
    server, ask
):
    ask.output.parent.mkdir()
    folder = str(ask.output.parent)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder])
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        # Without a length nothing warns beforehand.
        message = ask.refused(entry(server.on("/x.tar.gz", unmeasured(CONTENT)), None))
        assert "disk is full" in message
        assert "No space left" in message
        assert ask.left == []
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.reliability("Bad machine")
def test_a_download_to_a_folder_that_cannot_be_written_is_reported_in_one_message(
    server, ask, room
):
    (room / "downloads").write_text("a file")
    with pytest.raises(UserError, match="downloads"):
        ask(entry(server.on("/x.tar.gz", whole(CONTENT))))


def expired_certificate(folder: Path) -> Path:
    """Make a certificate of 2020 for 127.0.0.1; its key is in the same file."""
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=it\n[it]\ndatabase={folder}/index.txt\nserial={folder}/serial\n"
        f"new_certs_dir={folder}\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
        "[ext]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:true\n"
        "subjectKeyIdentifier=hash\n[req]\ndistinguished_name=dn\n[dn]\n"
    )
    tool = {"cwd": folder, "check": True, "capture_output": True}
    request = "openssl req -new -newkey rsa:2048 -nodes -keyout key -out request -config ca.cnf"
    subprocess.run([*request.split(), "-subj", "/CN=127.0.0.1"], **tool)
    sign = "openssl ca -batch -selfsign -config ca.cnf -extensions ext -keyfile key -in request"
    dates = "-startdate 20200101000000Z -enddate 20200201000000Z -notext -out certificate"
    subprocess.run([*sign.split(), *dates.split()], **tool)
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return both


def test_an_expired_certificate_leads_to_the_next_place(server, ask, tmp_path, monkeypatch):
    try:
        certificate = expired_certificate(tmp_path)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl that makes certificates")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with MisbehavingServer(certificate) as expired:
        url = expired.on("/x.tar.gz", whole(CONTENT))
        message = ask.refused(entry(url))
        assert "certificate has expired" in message
        assert "attempt" not in message
        assert ask(entry(url), entry(server.on("/x.tar.gz", whole(CONTENT)))) == CONTENT


# --- members of archives ---

MEMBER = b"the 0.1 0.2\n" * 3000
FILLER = random.Random(9).randbytes(2_000_000)


@pytest.fixture(scope="module")
def packed() -> bytes:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"packed-{os.getpid()}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", FILLER)
        archive.writestr("b.txt", MEMBER)
        archive.writestr("c.txt", FILLER)
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.fixture
def ask_member(room):
    return Asked(room, "b.txt")


def test_of_a_remote_zip_only_the_member_travels(server, ask_member, packed):
    url = server.on("/all.zip", whole(packed))
    assert ask_member(entry(url, MEMBER, member="b.txt")) == MEMBER
    assert ask_member.receipt["member"] == "b.txt"
    assert ask_member.receipt["form"] == "text"
    assert server.sent("/all.zip") < len(packed) / 20


@pytest.mark.parametrize("first", [status(500), whole(b"", pause=0.6)], ids=["500", "stalled"])
def test_a_remote_member_is_tried_again(server, ask_member, packed, first):
    url = server.on("/all.zip", first, whole(packed))
    assert ask_member(entry(url, MEMBER, member="b.txt"), more=SOON) == MEMBER
    assert server.sent("/all.zip") < len(packed) / 20


def test_a_remote_member_that_is_cut_is_tried_again(server, room, packed):
    ask = Asked(room, "a.txt")
    end, cut, good = whole(packed), whole(packed, cut=300_000), whole(packed)
    url = server.on("/all.zip", end, cut, good)
    assert ask(entry(url, FILLER, member="a.txt")) == FILLER
    always = server.on("/cut.zip", end, cut, end, cut, end, cut)
    assert "attempt 3" in ask.refused(entry(always, FILLER, member="a.txt"))


@pytest.mark.parametrize(
    "no", [{"ranges": False}, {"obey_if_range": False, "ranges": False}], ids=["200", "plain"]
)
def test_a_zip_on_a_host_without_ranges(server, ask_member, packed, no):
    url = server.on("/all.zip", whole(packed, **no))
    assert ask_member(entry(url, MEMBER, member="b.txt")) == MEMBER
    assert ask_member.left == []


def test_a_zip_on_a_host_that_answers_416(server, ask_member, packed):
    url = server.on("/all.zip", status(416), whole(packed, ranges=False))
    assert ask_member(entry(url, MEMBER, member="b.txt")) == MEMBER


def test_a_wrong_member_is_refused(server, ask_member, packed):
    for behaviour in (whole(packed), whole(packed, ranges=False)):
        url = server.on("/all.zip", behaviour)
        message = ask_member.refused(entry(url, MEMBER + b"x", member="b.txt"))
        assert sha(MEMBER) in message
        assert sha(MEMBER + b"x") in message
        message = ask_member.refused(entry(url, MEMBER, member="d.txt"))
        assert "no member 'd.txt'" in message
        assert ask_member.left == []


def test_a_page_in_place_of_a_zip(server, ask_member):
    url = server.on("/all.zip", whole(PAGE))
    assert "HTML page" in ask_member.refused(entry(url, MEMBER, member="b.txt"))
    assert "HTTP 404" in ask_member.refused(entry(server.url("/no.zip"), MEMBER, member="b.txt"))


def test_a_member_of_a_local_archive(ask_member, room, packed):
    (room / "all.zip").write_bytes(packed)
    assert ask_member(entry("file:all.zip", MEMBER, member="b.txt")) == MEMBER
    assert ask_member.receipt["member"] == "b.txt"
    with tarfile.open(room / "all.tar.gz", "w:gz") as tar:
        (room / "b.txt").write_bytes(MEMBER)
        tar.add(room / "b.txt", "b.txt")
    assert ask_member(entry("file:all.tar.gz", MEMBER, member="b.txt")) == MEMBER
    (room / "all.zip").write_bytes(packed[:-500])
    assert "damaged" in ask_member.refused(entry("file:all.zip", MEMBER, member="b.txt"))


# --- mirror, by hand, local files ---


@pytest.fixture
def mirror(room):
    folder = room / "spiegel für alle"
    folder.mkdir()
    (folder / "m.tar.gz").write_bytes(CONTENT)
    sums = f"{sha(CONTENT)}  m.tar.gz\n{sha(OTHER)} *x.tar.gz\n{sha(OTHER)}  gone.tar.gz\n"
    (folder / "SHA256SUMS").write_text(sums)
    (folder / "x.tar.gz").write_bytes(OTHER)
    return folder


def serve(server: MisbehavingServer, folder: Path) -> str:
    for path in folder.iterdir():
        server.on(f"/mirror/{quote(path.name)}", whole(path.read_bytes()))
    return server.url("/mirror/")


@pytest.mark.parametrize("kind", ["folder", "relative", "file", "address"])
def test_the_mirror_comes_first_with_its_own_sums(server, ask, mirror, kind):
    place = {
        "folder": str(mirror),
        "relative": mirror.name,
        "file": mirror.as_uri(),
        "address": serve(server, mirror),
    }[kind]
    upstream = entry(server.on("/x.tar.gz", whole(CONTENT)))
    assert ask(upstream, more=("--mirror", place)) == OTHER
    assert ask.receipt["origin"].startswith("mirror ")
    assert ask.receipt["origin"].endswith("x.tar.gz")
    assert ask(upstream, more=("--mirror", place), mirror="m.tar.gz") == CONTENT
    assert not [seen for seen in server.seen if seen.path == "/x.tar.gz"]
    assert ask.left == []


def test_a_mirror_below_the_second_root(ask, mirror, room, monkeypatch):
    (room / "deeper").mkdir()
    monkeypatch.chdir(room / "deeper")
    assert ask(more=("--mirror", mirror.name, "--root", str(room))) == OTHER


def test_a_mirror_that_lacks_the_file_is_passed_over(server, ask, mirror, caplog):
    upstream = entry(server.on("/up.tar.gz", whole(CONTENT)))
    for place in (str(mirror), serve(server, mirror)):
        assert ask(upstream, more=("--mirror", place), mirror="other.tar.gz") == CONTENT
        assert "lists no other.tar.gz: skipped" in caplog.text
        assert ask(upstream, more=("--mirror", place), mirror="gone.tar.gz") == CONTENT


def test_a_mirror_whose_file_is_wrong_fails_that_try(server, ask, mirror):
    (mirror / "x.tar.gz").write_bytes(CONTENT)
    upstream = entry(server.on("/up.tar.gz", whole(CONTENT)))
    for place in (str(mirror), serve(server, mirror)):
        message = ask.refused(more=("--mirror", place))
        assert sha(OTHER) in message
        assert sha(CONTENT) in message
        assert ask(upstream, more=("--mirror", place)) == CONTENT
        assert ask.receipt["origin"] == upstream["url"]


def test_a_mirror_that_is_none(server, ask, mirror):
    upstream = entry(server.on("/up.tar.gz", whole(CONTENT)))
    (mirror / "SHA256SUMS").write_text("x.tar.gz is fine\n")
    page = server.on("/mirror/SHA256SUMS", whole(PAGE))
    for place, message in [
        (str(mirror), "SHA256SUMS, line 1: found"),
        ("nowhere", "SHA256SUMS cannot be read: there is no nowhere/SHA256SUMS"),
        (server.url("/nothing"), "SHA256SUMS cannot be read: HTTP 404"),
        (page.removesuffix("/SHA256SUMS"), "HTML page"),
    ]:
        assert message in ask.refused(more=("--mirror", place))
        assert ask(upstream, more=("--mirror", place)) == CONTENT


@pytest.fixture
def by_hand(room):
    path = room / "resources" / "by-hand" / "x.tar.gz"
    path.parent.mkdir(parents=True)
    return path


def test_a_file_placed_by_hand_comes_first(server, ask, by_hand, mirror):
    by_hand.write_bytes(CONTENT)
    places = [entry(server.url("/1"), OTHER), entry(server.url("/2"))]
    assert ask(*places, more=("--mirror", str(mirror))) == CONTENT
    assert ask.receipt["origin"] == "by hand resources/by-hand/x.tar.gz"
    assert server.seen == []
    assert by_hand.exists()


def test_a_wrong_file_placed_by_hand_is_refused(server, ask, by_hand):
    by_hand.write_bytes(OTHER)
    message = ask.refused(entry(server.on("/x.tar.gz", whole(CONTENT))))
    assert sha(OTHER) in message
    assert sha(CONTENT) in message
    assert "resources/by-hand/x.tar.gz" in message
    by_hand.write_bytes(PAGE)
    assert "HTML page" in ask.refused(entry(server.url("/x.tar.gz"), None))
    by_hand.unlink()
    by_hand.symlink_to("nowhere")
    assert "broken link" in ask.refused(entry(server.url("/x.tar.gz")))
    assert server.seen == []


def test_a_file_placed_by_hand_without_any_digest_known(server, room, by_hand):
    ask = Asked(room)
    by_hand.write_bytes(OTHER)
    assert ask(entry(server.url("/x.tar.gz"), None)) == OTHER
    by_hand.rename(by_hand.with_name("other"))
    (room / "elsewhere").mkdir()
    (room / "elsewhere" / "x.tar.gz").write_bytes(CONTENT)
    assert ask(more=("--by-hand", str(room / "elsewhere"))) == CONTENT


@pytest.mark.parametrize("name", ["x.tar.gz", "mit Leer zeichen/größe 100%25 #1?.tar.gz"])
def test_local_files(ask, room, name):
    path = room / "root" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    root = ("--root", str(room / "root"))
    for url in (f"file:{path}", f"file://{path}", path.as_uri(), f"file:root/{name}"):
        assert ask(entry(url)) == CONTENT
        assert ask.receipt["origin"] == url
    for url in (f"file:{name}", f"file:{quote(name)}"):
        assert ask(entry(url), more=root) == CONTENT
    message = ask.refused(entry("file:no such.gz"), more=root)
    assert f"there is no no such.gz, nor {room / 'root' / 'no such.gz'}" in message
    assert "is a folder" in ask.refused(entry(f"file:{path.parent}", member="x"))
    assert "another computer" in ask.refused(entry("file://host/x"))
    assert path.read_bytes() == CONTENT


# --- packages ---


def wheel(folder: Path) -> bytes:
    """Put a wheel with one data file into ``folder``."""
    files = {
        "tiny_words/words.txt": "the 0.1\n",
        "tiny_words-1.0.dist-info/METADATA": "Metadata-Version: 2.1\n"
        "Name: tiny-words\nVersion: 1.0\n",
        "tiny_words-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
        "tiny_words-1.0.dist-info/RECORD": "",
    }
    folder.mkdir()
    path = folder / "tiny_words-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path.read_bytes()


def test_a_package(server, room, monkeypatch, caplog):
    content = wheel(room / "index with secret")
    huge = server.on("/huge-1.0-py3-none-any.whl", announces(10**15, bytes(1_000_000)))
    links = server.on("/links", whole(f"<a href='{huge}'>x</a>".encode(), Content_Type="text/html"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{(room / 'index with secret').as_uri()} {links}")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    ask = Asked(room, "words.txt")
    offer = {"package": "tiny-words==1.0", "sha256": sha(content), "bytes": len(content)}
    assert ask({"package": "tiny-words==2.0"}, {"package": "huge==1.0"}, offer) == content
    assert ask.receipt["origin"] == "package tiny-words==1.0"
    assert ask.receipt["form"] == "zip"
    assert "tiny-words==2.0: the package index has no wheel of that name" in caplog.text
    assert re.search(r"huge==1.0: the disk is full: .*needs [\d,]{21} bytes", caplog.text)
    assert "with secret" not in caplog.text + ask.receipt_path.read_text()
    assert ask.left == []


# --- secrets ---


@pytest.mark.reliability("Security")
def test_secrets_stay_secret(server, ask, capfd, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    secrets = ["hunter2", "t0ken", "s1gned", "me%40home"]
    login = "me%40home:hunter2@"

    def secret(path, *behaviours):
        server.on(path, *behaviours)
        return server.url(path, login) + "?key=t0ken&x=1#t0ken"

    urls = [
        secret("/403.tar.gz", status(403)),
        secret("/500.tar.gz", status(500)),
        secret("/cut.tar.gz", whole(CONTENT, cut=10)),
        secret("/wrong.tar.gz", whole(OTHER)),
        secret("/away.tar.gz", redirect("ftp://me%40home:hunter2@host/x?sig=s1gned")),
        secret("/loop.tar.gz", redirect(server.url("/loop.tar.gz?sig=s1gned"))),
        secret("/416.zip", status(416)),
    ]
    dead = f"http://{login}127.0.0.1:1/x.tar.gz?key=t0ken"
    entries = [entry(url) for url in [*urls, dead]]
    entries += [entry(urls[-1], member="m"), entry(dead, member="m"), entry(urls[1], member="m")]
    mirror = server.url("/mirror", login) + "?key=t0ken"
    more = ("--mirror", mirror)
    said = [ask.refused(*entries, more=more)]
    sums = f"{sha(CONTENT)}  x.tar.gz\n".encode()
    server.on("/mirror/SHA256SUMS", whole(sums))
    server.on("/mirror/x.tar.gz", whole(CONTENT))
    assert ask(*entries, more=more) == CONTENT
    assert server.seen[-1].path == "/mirror/x.tar.gz?key=t0ken"
    assert server.seen[-1].authorization.startswith("Basic ")
    said.append(ask.receipt_path.read_text())
    ask(entry(secret("/good.tar.gz", whole(CONTENT))))
    said.append(ask.receipt_path.read_text())
    for wrong in ("http://me:hunter2/x@host:port", "ftp://me:hunter2@host/", "http://:hunter2@/x"):
        said.append(ask.refused(entry(wrong)))
        said.append(ask.refused(more=("--mirror", wrong)))
    logged = [record.getMessage() for record in caplog.records]
    everything = "\n".join([*said, *logged, *capfd.readouterr(), *ask.left])
    for word in secrets:
        assert word not in everything
    assert "127.0.0.1" in everything


@pytest.mark.reliability("Security")
def test_a_secret_of_an_address_is_taken_from_the_environment(server, ask, monkeypatch):
    server.on("/x.tar.gz", whole(CONTENT))
    address = server.url("/x.tar.gz", "me:${PASSWORD}@") + "?key=${KEY}"
    assert "its address names ${PASSWORD}; set" in ask.refused(entry(address))
    monkeypatch.setenv("PASSWORD", "hunter2/@")
    monkeypatch.setenv("KEY", "a&b")
    assert ask(entry(address)) == CONTENT
    assert server.seen[-1].path == "/x.tar.gz?key=a%26b"
    login = base64.b64encode(b"me:hunter2/@").decode()
    assert server.seen[-1].authorization == f"Basic {login}"
    assert "hunter2" not in ask.receipt_path.read_text()


# --- what may be asked for ---


@settings(max_examples=30)
@given(st.dictionaries(st.from_regex(r"[\w][\w .-]*", fullmatch=True), st.binary(max_size=3)))
def test_sums_are_read_as_sha256sum_writes_them(tmp_path_factory, files):
    path = tmp_path_factory.getbasetemp() / "SUMS"
    sums = {name: sha(content) for name, content in files.items()}
    lines = [f"{digest} {'* '[n % 2]}{name}\n" for n, (name, digest) in enumerate(sums.items())]
    path.write_text("".join(lines), encoding="utf-8")
    assert fetch.read_sums(path) == sums


def test_the_command_ends_with_one_message(server, ask):
    url = server.on("/x.tar.gz", whole(PAGE))
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run([*command, *ask.arguments([entry(url)])], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("error: x.tar.gz could not be fetched") == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True)
    for option in ("--source", "--mirror", "--by-hand", "--receipt", "--root", "--stall-timeout"):
        assert option in helped.stdout
