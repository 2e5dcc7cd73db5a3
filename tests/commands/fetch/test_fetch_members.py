"""Members of archives."""

import os
import random
import tarfile
import zipfile
from pathlib import Path

import pytest
from fetching import PAGE, SOON, Asked, entry, sha
from misbehaving_server import status, whole

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
