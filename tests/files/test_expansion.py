"""Small files with a huge content: what is read of them is bounded."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import tracemalloc
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seq2report.core.command import UserError
from seq2report.files import archives, compressed, table_files
from seq2report.files.delimited import Layout
from seq2report.files.table_files import read_rows

bomb = pytest.mark.reliability("Security")


def tar_header(kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo("a")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def pax(name: str, value: str) -> bytes:
    """Return a header of the next member with one value."""
    line = f" {name}={value}\n"
    content = f"{len(line) + 2}{line}".encode()
    return tar_header(tarfile.XHDTYPE, len(content)) + content.ljust(512, b"\0")


def members_of(path, content):
    path.write_bytes(content)
    return list(archives.members(path))


@bomb
@pytest.mark.parametrize(
    "kind",
    [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE],
    ids=["long name", "long link", "extended", "for all members"],
)
def test_a_tar_whose_own_headers_are_huge_is_refused_before_they_are_read(tmp_path, kind):
    whole = tar_header(kind, 2 << 30) + bytes(2 << 20)
    with pytest.raises(UserError, match=r"headers of more than 1,048,576 bytes"):
        members_of(tmp_path / "a.tar.gz", gzip.compress(whole))


@bomb
def test_a_tar_with_headers_without_end_or_that_lead_back_is_refused(tmp_path):
    chain = tar_header(tarfile.XHDTYPE, 0) * 3000
    with pytest.raises(UserError, match="damaged or no tar"):
        members_of(tmp_path / "chain.tar", chain)
    back = pax("size", "-512") + tar_header(tarfile.REGTYPE, 0) + bytes(1024)
    with pytest.raises(UserError, match="its size is -512"):
        members_of(tmp_path / "back.tar", back)


PACK = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pa.compress(content, "zstd", asbytes=True),
}


def zipped(content: bytes, method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.csv", content)
    return out.getvalue()


PACK["deflate.zip"] = lambda content: zipped(content, zipfile.ZIP_DEFLATED)
PACK["bzip2.zip"] = lambda content: zipped(content, zipfile.ZIP_BZIP2)


@bomb
@pytest.mark.parametrize("form", PACK)
def test_a_compressed_file_with_too_much_content_is_refused(tmp_path, monkeypatch, form):
    monkeypatch.setattr(compressed, "LARGEST_MEMBER", 10_000)
    path = tmp_path / f"a.csv.{form}"
    path.write_bytes(PACK[form](b"text,label\n" + b"same,a\n" * 500))
    assert sum(1 for _ in read_rows(path, ["text"], Layout())) == 500
    path.write_bytes(PACK[form](b"text,label\n" + b"same,a\n" * 300_000))
    with pytest.raises(UserError, match="its content has more than"):
        list(read_rows(path, ["text"], Layout()))


def test_the_content_of_a_zip_is_bounded_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(compressed, "LARGEST_MEMBER", 1_000_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in range(20):
            archive.writestr(f"{name}.txt", bytes(100_000))
    with pytest.raises(UserError, match="its content has more than 1,000,000 bytes"):
        archives.names_in(tmp_path / "a.zip")


@bomb
def test_a_zip_that_lies_about_its_size_is_expanded_in_small_steps(tmp_path):
    content = bytearray(PACK["bzip2.zip"](bytes(200 << 20)))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.rindex(signature) + offset
        content[start : start + 4] = (100).to_bytes(4, "little")
    tracemalloc.start()
    assert members_of(tmp_path / "a.zip", content) == [("a.csv", bytes(100))]
    assert tracemalloc.get_traced_memory()[1] < 20e6  # bytes
    tracemalloc.stop()


@bomb
def test_members_of_a_zip_that_share_bytes_are_refused(tmp_path):
    content = PACK["deflate.zip"](b"x" * 1000)
    start = content.index(b"PK\x01\x02")
    central = content[start : content.index(b"PK\x05\x06")]
    twice = central + central.replace(b"a.csv", b"b.csv")
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(twice), start, 0)
    with pytest.raises(UserError, match=r"member 'b.csv': it overlaps with 'a.csv'"):
        members_of(tmp_path / "a.zip", content[:start] + twice + end)


def test_a_method_that_expands_without_bound_is_refused(tmp_path):
    with pytest.raises(UserError, match="neither deflate nor bzip2"):
        members_of(tmp_path / "a.zip", zipped(b"text", zipfile.ZIP_LZMA))


@bomb
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("line.csv", b"text,label\n%s,a\n"),
        ("quoted.csv", b'text,label\n"%s",a\n'),
        ("open.csv", b'text,label\n"%s'),
        ("columns.csv", b"text,label\n" + b'"%s",' * 2),
        ("keys.jsonl", b'{"text": "%s", "label": "a"}\n'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_of_a_table_has_a_largest_size(tmp_path, name, content):
    number = content.count(b"%s")
    line = b"word" * 250 + b"\n" * name.startswith(("quoted", "columns"))
    long = line * (69_000 // number)
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(content % ((long,) * number), 1))
    with pytest.raises(UserError, match="more than 67,108,864 characters"):
        list(read_rows(path, ["text"], Layout()))


@bomb
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_a_long_text_that_parquet_stores_once_is_not_expanded_for_all_rows(tmp_path, kind):
    long = pa.array(["x" * 4_000_000], kind)
    numbers = pa.array([0] * 200, pa.int32())
    rows = pa.table({"text": pa.DictionaryArray.from_arrays(numbers, long)})
    pq.write_table(rows, tmp_path / "a.parquet", store_schema=False)
    before = pa.total_allocated_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_files, "LARGEST_MEMBER", 20_000_000)
        texts = read_rows(tmp_path / "a.parquet", ["text"], Layout())
        assert next(texts) == ("row 1", "", {"text": "x" * 4_000_000})
        assert pa.total_allocated_bytes() - before < 100e6
        assert sum(1 for _ in texts) == 199
