"""Members of archives."""

import io
import random
import tarfile
import tracemalloc
import zipfile

import pytest
from fetching import PAGE, SOON, Asked, entry, sha
from misbehaving_server import status, whole

MEMBER = b"the 0.1 0.2\n" * 3000
FILLER = random.Random(9).randbytes(2_000_000)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


SMALL = zipped({"a.txt": b"other", "b.txt": MEMBER})


@pytest.fixture(scope="module")
def packed() -> bytes:
    return zipped({"a.txt": FILLER, "b.txt": MEMBER, "c.txt": FILLER})


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


def changed(packed: bytes, offset: int, value: int) -> bytes:
    """Return a zip with another byte in each header of its members."""
    content = bytearray(packed)
    for signature, more in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        start = -1
        while (start := content.find(signature, start + 1)) >= 0:
            content[start + more + offset] = value
    return bytes(content)


REFUSED = {"encrypted": (6, 1, "it is encrypted"), "deflate64": (8, 9, "is neither deflate")}


@pytest.mark.parametrize(("offset", "value", "message"), REFUSED.values(), ids=REFUSED)
def test_a_member_that_cannot_be_read_leads_to_the_next_location(
    server, ask_member, offset, value, message
):
    url = server.on("/all.zip", whole(changed(SMALL, offset, value)))
    plain = server.on("/b.txt", whole(MEMBER))
    refusal = ask_member.refused(entry(url, MEMBER, member="b.txt"))
    assert "all.zip: refused, because of the member 'b.txt': it" in refusal
    assert message in refusal
    assert ask_member.left == []
    assert ask_member(entry(url, MEMBER, member="b.txt"), entry(plain, MEMBER)) == MEMBER


def test_a_remote_zip_of_a_later_version_is_read_as_a_whole_and_refused(server, ask_member):
    url = server.on("/all.zip", whole(changed(SMALL, 4, 99)))
    message = ask_member.refused(entry(url, MEMBER, member="b.txt"))
    assert (
        "damaged or no tar or zip archive: before its first member: zip file version 9.9" in message
    )
    assert ask_member.left == []


def test_a_remote_zip_whose_member_occurs_twice_is_refused(server, ask_member):
    url = server.on("/all.zip", whole(SMALL.replace(b"a.txt", b"b.txt")))
    message = ask_member.refused(entry(url, None, member="b.txt"))
    assert "refused, because of the member 'b.txt': it occurs twice" in message


def test_a_remote_zip_that_lies_about_its_size_is_expanded_in_small_steps(server, ask_member):
    content = bytearray(zipped({"b.txt": bytes(100 << 20)}, zipfile.ZIP_BZIP2))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.rindex(signature) + offset
        content[start : start + 4] = (100).to_bytes(4, "little")
    url = server.on("/all.zip", whole(bytes(content)))
    tracemalloc.start()
    assert ask_member(entry(url, bytes(100), member="b.txt")) == bytes(100)
    assert tracemalloc.get_traced_memory()[1] < 20e6  # bytes
    tracemalloc.stop()


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
