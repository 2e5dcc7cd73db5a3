import bz2
import gzip
import io
import lzma
import random
import stat
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2report.core.command import UserError
from seq2report.files import archives

NOISE = random.Random(1).randbytes(100_000)
FILES = {"top/1": b"one\n" * 300, "top/empty": b"", "top/sub/\xfc 2": NOISE}


def tar_bytes(files: dict[str, bytes], *specials: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        folder = tarfile.TarInfo("top")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in specials:
            tar.addfile(info)
    return out.getvalue()


def zip_bytes(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.mkdir("top")
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def stored(tmp_path):
    def store(content: bytes) -> Path:
        path = tmp_path / "archive"  # the name says nothing
        path.write_bytes(content)
        return path

    return store


PACKED = {
    "tar": tar_bytes(FILES),
    "gzip": gzip.compress(tar_bytes(FILES)),
    "xz": lzma.compress(tar_bytes(FILES)),
    "bzip2": bz2.compress(tar_bytes(FILES)),
    "zip": zip_bytes(FILES),
}


@pytest.mark.parametrize("kind", PACKED)
def test_members_come_in_order_and_nothing_is_written(stored, kind):
    path = stored(PACKED[kind])
    assert archives.form_of(path) == kind
    assert list(archives.members(path)) == list(FILES.items())
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("kind", PACKED)
def test_one_member_is_extracted(stored, kind):
    path = stored(PACKED[kind])
    for name, content in FILES.items():
        assert b"".join(archives.extract_member(path, name)) == content
    with pytest.raises(UserError, match=r"no member 'top/11'.*'top/1'"):
        list(archives.extract_member(path, "top/11"))


def test_forms_by_content():
    assert archives.form(b"\x93NUMPY\x01\0") == "npy"
    assert archives.form(b"the 0.1 0.2\n") == "text"
    assert archives.form(b"\0\1\2") == "binary"
    assert archives.form(b"") == "text"


def test_long_names_and_old_headers(stored):
    name = "top/" + "/".join(["long"] * 60)
    for layout in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz", format=layout) as tar:
            info = tarfile.TarInfo(name)
            info.size = 5
            tar.addfile(info, io.BytesIO(b"words"))
        assert list(archives.members(stored(out.getvalue()))) == [(name, b"words")]


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "top/../../x", "top\\..\\..\\x", "C:\\x", "top/.."]
)
@pytest.mark.parametrize("pack", [tar_bytes, zip_bytes])
def test_names_that_leave_the_folder_are_refused(stored, pack, name):
    path = stored(pack({"top/1": b"1", name: b"evil"}))
    with pytest.raises(UserError, match="refused, because of the member") as refusal:
        list(archives.members(path))
    assert repr(name) in str(refusal.value)


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    "info",
    [
        special("top/link", tarfile.SYMTYPE, "/etc/passwd"),
        special("top/inner", tarfile.SYMTYPE, "1"),
        special("top/hard", tarfile.LNKTYPE, "top/1"),
        special("top/tty", tarfile.CHRTYPE),
        special("top/disk", tarfile.BLKTYPE),
        special("top/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda info: info.name,
)
def test_links_and_devices_in_a_tar_are_refused(stored, info):
    path = stored(gzip.compress(tar_bytes(FILES, info)))
    with pytest.raises(UserError, match=f"{info.name}.*link, a device"):
        list(archives.members(path))


@pytest.mark.reliability("Security")
@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(stored, kind):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("top/link")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UserError, match=r"top/link.*link, a device"):
        list(archives.members(stored(out.getvalue())))


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "top/Größe/ü.csv"), ("cp437", "Größe")])
def test_names_in_a_zip_are_utf_8_without_the_flag_that_says_so(stored, encoding, name):
    raw = name.encode(encoding)
    path = stored(zip_bytes({"#" * len(raw): b"1"}).replace(b"#" * len(raw), raw))
    assert archives.names_in(path) == [name]
    assert list(archives.members(path)) == [(name, b"1")]
    with archives.open_content(path, wanted=lambda found: found == name) as (found, file):
        assert (found, file.read()) == (name, b"1")


@pytest.mark.parametrize(
    "content",
    [
        tar_bytes({"top/1": b"1"}, special("top/1", tarfile.REGTYPE)),
        zip_bytes({"top/1": b"1", "top/2": b"2"}).replace(b"top/2", b"top/1"),
        tar_bytes({"top/1": b"1", "./top/1": b"1"}),
        zip_bytes({"top/1": b"1", "top//1": b"1"}),
    ],
    ids=["tar", "zip", "another spelling in a tar", "another spelling in a zip"],
)
def test_a_member_that_occurs_twice_is_refused(stored, content):
    path = stored(content)
    for read in (archives.names_in, lambda path: list(archives.members(path))):
        with pytest.raises(UserError, match=r"refused.*top/+1': it occurs twice"):
            read(path)


def test_a_hidden_member_may_occur_twice(stored):
    content = tar_bytes({"top/._1": b"1", "top/1": b"1"}, special("top/._1", tarfile.REGTYPE))
    assert archives.names_in(stored(content)).count("top/1") == 1


def test_an_encrypted_zip_is_refused(stored):
    content = bytearray(zip_bytes({"top/1": b"one"}))
    content[content.index(b"PK\x03\x04", 10) + 6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UserError, match="encrypted"):
        list(archives.members(stored(bytes(content))))


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9])
def test_a_truncated_archive_is_told_with_its_place(stored, kind, share):
    path = stored(PACKED[kind][: int(len(PACKED[kind]) * share)])

    def read():
        for name, content in archives.members(path):
            assert content == FILES[name]  # no half member before the error

    with pytest.raises(UserError, match=r"archive.*damaged or no tar or zip"):
        read()


def test_a_damaged_archive_says_after_which_member(stored):
    content = bytearray(tar_bytes(FILES))
    content[content.index(b"top/empty")] ^= 1  # a header: tarfile alone takes it for the end
    with pytest.raises(UserError, match="after the member 'top/1'"):
        list(archives.members(stored(bytes(content))))


def test_a_wrong_checksum_is_told(stored):
    for padding in (0, 3_000_000):  # the checksum comes after all that a tar reader needs
        content = bytearray(gzip.compress(tar_bytes(FILES) + bytes(padding)))
        content[-8] ^= 1
        with pytest.raises(UserError, match="CRC"):
            list(archives.members(stored(bytes(content))))
    content = bytearray(zip_bytes(FILES, zipfile.ZIP_STORED))
    content[content.index(b"one\n")] ^= 1
    for read in (archives.members, lambda path: archives.extract_member(path, "top/1")):
        with pytest.raises(UserError, match="CRC"):
            list(read(stored(bytes(content))))


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, gzip.compress])
def test_a_compressed_file_is_read_to_its_end(tmp_path, pack):
    path, second = tmp_path / "t", bytearray(pack(b"2" * 100))
    for ending in (b"", bytes(8)):
        path.write_bytes(pack(b"1\n") + second + ending)
        with archives.open_content(path, wanted=bool) as (_, file):
            assert file.read() == b"1\n" + b"2" * 100
    second[1] ^= 1
    for damaged in (second, b"garbage", pack(b"2" * 100)[:-5]):
        path.write_bytes(pack(b"1\n") + damaged)
        with (
            pytest.raises(archives.DAMAGE),
            archives.open_content(path, wanted=bool) as (_, file),
        ):
            file.read()


def test_what_is_no_archive_is_told(stored):
    with pytest.raises(UserError, match="no tar or zip"):
        list(archives.members(stored(b"<!doctype html><title>moved</title>" * 30)))
    with pytest.raises(UserError, match="no such file"):
        list(archives.members(Path("nowhere.tar.gz")))


@pytest.mark.reliability("Security")
def test_a_huge_member_is_refused_before_it_is_read(stored):
    path = stored(gzip.compress(tar_bytes({"top/big": b"0" * 5000})))
    with pytest.raises(UserError, match="'top/big' has 5,000 bytes; at most 4,999"):
        list(archives.members(path, largest=4999))


piece = st.sampled_from(["..", ".", "", "a", "..a", "C:", "b c", "\xfc"]) | st.text(max_size=3)


@pytest.mark.reliability("Security")
@given(st.lists(piece, min_size=1, max_size=5), st.sampled_from("/\\"))
def test_no_allowed_name_leaves_its_folder(pieces, separator):
    name = separator.join(pieces)
    if archives.unsafe(name) is None:
        for ways in (name, name.replace("\\", "/")):
            depth = 0
            assert not PurePosixPath(ways).is_absolute()
            for step in PurePosixPath(ways).parts:
                depth += -1 if step == ".." else 1
                assert depth >= 0
    else:
        plain = name.replace("\\", "/")
        assert not name or ".." in plain or plain[0] == "/" or plain[1:2] == ":" or "\0" in name


@settings(max_examples=25)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,9}(/[0-9]{1,5}){0,3}", fullmatch=True), st.binary()))
def test_whatever_is_packed_is_read(tmp_path_factory, files):
    path = tmp_path_factory.getbasetemp() / "packed"
    for content in (tar_bytes(files), gzip.compress(tar_bytes(files), 1), zip_bytes(files)):
        path.write_bytes(content)
        assert list(archives.members(path)) == list(files.items())
