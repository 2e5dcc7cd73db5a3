import hashlib
import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import NEWSGROUPS, write_tar
from hypothesis import given
from hypothesis import strategies as st

import read
from seq2report.core.command import UserError
from seq2report.documents import corpora
from seq2report.documents.corpora import (
    assign_splits,
    blocks,
    content_digest,
    document_digest,
    index,
    merge,
    read_imdb,
    read_newsgroups,
    table,
)


def frame(rows):
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("id", "text", "label", "split"), pl.String), orient="row"
    )


def test_header_ends_at_the_first_blank_line():
    message = b"Subject: x\nFrom: y\n\nfirst\n\nsecond"
    assert list(read_newsgroups([("20_newsgroups/sci.space/7", message)], "latin-1", "cut")) == [
        ("sci.space/7", "\n\nfirst\n\nsecond", "sci.space", "")
    ]
    ((_, kept, _, _),) = read_newsgroups([("g/7", message)], "latin-1", "keep")
    assert kept == message.decode()


def test_only_files_named_by_digits_are_messages():
    files = [("g/12", b"a"), ("g/README", b"b"), ("g/12.txt", b"c"), ("g/١٢", b"d")]
    assert [row[0] for row in read_newsgroups(files, "latin-1", "cut")] == ["g/12"]


def test_a_message_without_a_blank_line_is_kept_whole():
    ((_, text, _, _),) = read_newsgroups([("g/1", b"no header here")], "latin-1", "cut")
    assert text == "no header here"


def test_latin_1_bytes_become_letters():
    ((_, text, _, _),) = read_newsgroups([("g/1", b"caf\xe9")], "latin-1", "cut")
    assert text == "café"


def test_imdb_tells_split_and_label_from_the_folder():
    files = [
        ("aclImdb/train/pos/0_9.txt", b"good"),
        ("aclImdb/test/neg/3_1.txt", b"bad"),
        ("aclImdb/train/unsup/5_0.txt", b"so so"),
        ("aclImdb/train/urls_pos.txt", b"http"),
        ("aclImdb/README", b"about"),
    ]
    assert list(read_imdb(files, "utf-8")) == [
        ("train/pos/0_9", "good", "pos", "train"),
        ("test/neg/3_1", "bad", "neg", "test"),
        ("unlabelled/5_0", "so so", None, "unlabelled"),
    ]


@pytest.mark.reliability("Bad corpora")
def test_bytes_of_another_encoding_are_named_with_their_place():
    with pytest.raises(UserError, match=r"pos/0_9\.txt: byte 2 \(0xe9\) is not utf-8; .*latin-1"):
        list(read_imdb([("train/pos/0_9.txt", b"ab\xe9")], "utf-8"))


ROWS = st.lists(
    st.tuples(st.uuids().map(str), st.text(), st.sampled_from("ab"), st.just("")),
    min_size=4,
    max_size=30,
    unique_by=lambda row: row[0],
).filter(lambda rows: len({row[2] for row in rows}) == 2)


def digest_of(rows):
    return content_digest(b"".join(document_digest(*row[1:]) for row in rows))


def in_blocks(rows, block, split=(1, 0.3, 0.3)):
    """Return what becomes of rows that are read in blocks of so many characters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpora, "BLOCK", block)
        tables = [table(each) for each in blocks(rows)]
        documents = assign_splits(index(tables), *split)
        merged = list(merge(tables, documents))
    return tables, merged, pl.from_arrow(pa.concat_tables(merged))


@pytest.mark.reliability("Repeatability")
@given(ROWS, st.randoms(), st.sampled_from([1, 5, 50, 10_000]))
def test_order_and_blocks_of_the_archive_change_neither_digest_nor_documents(rows, random, block):
    shuffled = random.sample(rows, len(rows))
    assert digest_of(rows) == digest_of(shuffled)
    _, (_,), first = in_blocks(rows, 10**9)
    tables, merged, second = in_blocks(shuffled, block)
    assert first.equals(second)
    assert first.drop("split").rows() == sorted(row[:3] for row in rows)
    for one in tables:  # a block ends with the first document that fills it
        assert sum(map(len, one["text"].to_pylist())) < block + max(len(row[1]) for row in rows)
    for one in merged:
        sizes = [len(text.encode()) for text in one["text"].to_pylist()]
        assert sum(sizes) < block + max(sizes)


@given(st.lists(st.binary(min_size=32, max_size=32) | st.sampled_from([bytes(32), b"a" * 32])))
def test_digests_are_sorted_as_bytes_zeros_and_all(digests):
    expected = hashlib.sha256(b"".join(sorted(digests))).hexdigest()
    assert content_digest(b"".join(digests)) == expected


@pytest.mark.parametrize(
    "changed",
    [
        [("1", "other", "x", "train"), ("2", "b", "y", "train")],
        [("1", "a", "y", "train"), ("2", "b", "y", "train")],
        [("1", "a", "x", "test"), ("2", "b", "y", "train")],
        [("1", "a", "x", "train"), ("2", "b", "y", "train"), ("3", "b", "y", "train")],
    ],
)
def test_text_label_split_and_number_of_documents_change_the_digest(changed):
    before = [("1", "a", "x", "train"), ("2", "b", "y", "train")]
    assert digest_of(changed) != digest_of(before)


def test_ids_do_not_change_the_digest():
    assert digest_of([("1", "a", "x", "")]) == digest_of([("2", "a", "x", "")])


def test_shares_of_the_split_are_as_asked():
    documents = frame([(f"{n:03}", "t", "a", "") for n in range(200)])
    counts = dict(assign_splits(documents, 1, 0.1, 0.2)["split"].value_counts().iter_rows())
    assert counts == {"test": 40, "validation": 16, "train": 144}


def test_a_given_test_part_stays():
    documents = frame([(f"{n:03}", "t", "a", "test" if n < 50 else "train") for n in range(100)])
    split = assign_splits(documents, 1, 0.2)
    assert (split["split"] == "test").to_list() == (documents["split"] == "test").to_list()
    assert (split["split"] == "validation").sum() == 10


def test_another_seed_is_another_split():
    documents = frame([(f"{n:03}", "t", "a", "") for n in range(50)])
    assert not assign_splits(documents, 1, 0.1, 0.2).equals(assign_splits(documents, 2, 0.1, 0.2))


def run_read(archive, folder, **changes):
    read.main(
        [
            *("--archive", str(archive), "--settings", json.dumps(NEWSGROUPS | changes)),
            *("--documents", str(folder / "d.parquet"), "--corpus", str(folder / "c.json")),
        ]
    )
    return pl.read_parquet(folder / "d.parquet"), json.loads((folder / "c.json").read_text())


def test_documents_and_their_description(tiny_archive, tmp_path):
    documents, corpus = run_read(tiny_archive, tmp_path)
    assert documents.columns == ["id", "text", "label", "split"]
    assert documents["id"].is_sorted()
    assert corpus["documents"] == documents.height == 80
    assert corpus["classes"] == ["rec.sport.hockey", "sci.space"]
    assert sum(row["documents"] for row in corpus["counts"]) == 80
    named = [(row["split"], row["label"]) for row in corpus["counts"]]
    assert named == sorted(named)
    assert len(named) == 6
    assert not documents["text"].str.contains("(?m)^Newsgroups: ").any()


@pytest.mark.reliability("Bad corpora")
def test_the_pinned_digest_must_be_met_and_nothing_is_written_otherwise(tiny_archive, tmp_path):
    _, corpus = run_read(tiny_archive, tmp_path)
    run_read(tiny_archive, tmp_path / "same", digest=corpus["digest"])
    with pytest.raises(UserError, match=f"expected content digest {'0' * 64}(?s:.*)found"):
        run_read(tiny_archive, tmp_path / "other", digest="0" * 64)
    assert not any((tmp_path / "other").iterdir())


def test_small_blocks_give_the_same_files_and_leave_nothing_behind(
    tiny_archive, tmp_path, monkeypatch
):
    whole, about = run_read(tiny_archive, tmp_path / "whole")
    monkeypatch.setattr(corpora, "BLOCK", 5_000)
    parts, about_parts = run_read(tiny_archive, tmp_path / "parts")
    assert parts.equals(whole)
    assert about_parts == about
    assert pq.ParquetFile(tmp_path / "whole/d.parquet").num_row_groups == 1
    assert pq.ParquetFile(tmp_path / "parts/d.parquet").num_row_groups > 10
    assert {path.name for path in (tmp_path / "parts").iterdir()} == {"d.parquet", "c.json"}


@pytest.mark.reliability("Bad corpora")
def test_an_archive_of_something_else_is_refused(tmp_path):
    archive = write_tar(tmp_path / "x.tar.gz", {"README": b"hello"})
    with pytest.raises(UserError, match=r"x\.tar\.gz: no document found"):
        run_read(archive, tmp_path)


@pytest.mark.reliability("Bad corpora")
def test_one_class_is_refused(tmp_path):
    archive = write_tar(tmp_path / "x.tar.gz", {"g/1": b"a", "g/2": b"b"})
    with pytest.raises(UserError, match=r"\['g'\], expected two classes"):
        run_read(archive, tmp_path)


@pytest.mark.reliability("Bad corpora")
def test_two_documents_of_one_id_are_refused(tmp_path, monkeypatch):
    archive = write_tar(tmp_path / "x.tar.gz", {"a/g/1": b"a", "b/g/1": b"b", "a/h/1": b"c"})
    for block in (corpora.BLOCK, 1):
        monkeypatch.setattr(corpora, "BLOCK", block)
        with pytest.raises(UserError, match=r"x\.tar\.gz: .*'g/1' stands in it more than once"):
            run_read(archive, tmp_path)


@pytest.mark.reliability("Bad corpora")
def test_a_corpus_too_small_for_its_split_is_refused(tmp_path):
    archive = write_tar(tmp_path / "x.tar.gz", {"g/1": b"a", "h/1": b"b"})
    with pytest.raises(UserError, match="no document for validation"):
        run_read(archive, tmp_path, split={"test": 0.5, "validation": 0.1, "seed": 1})
