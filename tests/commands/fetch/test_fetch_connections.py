"""Connections that break, and hosts that answer in another way."""

import re
import socket
import subprocess
import time
from pathlib import Path

import pytest
from fetching import CONTENT, OTHER, SOON, entry
from misbehaving_server import MisbehavingServer, announces, shifted, status, unmeasured, whole


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
    assert time.monotonic() - start < 30  # three attempts, of which each would wait 10 s by default


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


@pytest.mark.parametrize("position", ["{}-9/9", "0-9/{}"])
def test_positions_without_end_start_again(server, ask, position):
    more = status(206, Content_Range="bytes " + position.format("9" * 5000))
    url = server.on("/x.tar.gz", whole(CONTENT, cut=200_000), more, whole(CONTENT))
    assert ask(entry(url)) == CONTENT
    assert [seen.status for seen in server.seen] == [200, 206, 200]


def test_an_answer_from_another_place_starts_again(server, ask):
    """The host sends some other range, which would fit by its version."""
    url = server.on("/x.tar.gz", whole(CONTENT, cut=200_000), shifted(CONTENT, 7), whole(CONTENT))
    assert ask(entry(url, None)) == CONTENT
    assert [seen.status for seen in server.seen] == [200, 206, 200]


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
        pytest.skip("needs the program openssl, which makes the expired certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with MisbehavingServer(certificate) as expired:
        url = expired.on("/x.tar.gz", whole(CONTENT))
        message = ask.refused(entry(url))
        assert "certificate has expired" in message
        assert "attempt" not in message
        assert ask(entry(url), entry(server.on("/x.tar.gz", whole(CONTENT)))) == CONTENT
