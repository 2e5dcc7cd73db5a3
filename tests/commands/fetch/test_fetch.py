"""Files that arrive, and hosts that give something else."""

import re
import subprocess
import sys

import pytest
from fetching import CONTENT, OTHER, PAGE, SCRIPT, Asked, entry, sha
from hypothesis import given, settings
from hypothesis import strategies as st
from misbehaving_server import endless, redirect, status, unmeasured, whole

import fetch
from seq2report.files import partial


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
        (redirect("http://[::1"), "the host redirects to what is no address"),
    ],
    ids=["page", "typed page", "empty", "json", "403", "404", "410", "loop", "ftp", "no address"],
)
def test_what_cannot_help_is_not_tried_again(server, ask, behaviour, message, known):
    url = server.on("/x.tar.gz", behaviour)
    good = server.on("/good.tar.gz", whole(CONTENT))
    assert re.search(message, ask.refused(entry(url, known)))
    assert len([seen for seen in server.seen if seen.status != 302]) <= 1
    assert ask.left == []
    assert ask(entry(url, known), entry(good)) == CONTENT
    assert ask.receipt["origin"] == good


@pytest.mark.parametrize("name", ["x.csv.zst", "x.csv.GZ", "x.tar", "x.tbz2", "x.zip"])
def test_a_message_in_place_of_a_compressed_file_is_refused(server, room, name):
    url = server.on("/x", whole(b'{"error": "quota exceeded"}'))
    assert "received no archive" in Asked(room, name).refused(entry(url, None))


def test_a_tar_without_a_magic_number_is_taken(server, room):
    content = b"a.txt".ljust(512, b"\0") + bytes(1024)
    assert Asked(room, "x.tar")(entry(server.on("/x", whole(content)), None)) == content


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
