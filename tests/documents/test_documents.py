import hashlib

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2report.core.command import UserError
from seq2report.documents import documents as module
from seq2report.documents.documents import (
    blocks,
    content_digest,
    document_digest,
    index,
    merge,
    to_arrow,
)
from seq2report.documents.splits import assign_splits

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
        patch.setattr(module, "BLOCK", block)
        tables = [to_arrow(some) for some in blocks(rows)]
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
    for table in tables:  # a block ends with the first document that fills it
        assert sum(map(len, table["text"].to_pylist())) < block + max(len(row[1]) for row in rows)
    for table in merged:
        sizes = [len(text.encode()) for text in table["text"].to_pylist()]
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


def test_repeated_ids_are_counted():
    rows = [(name, "t", "ab"[n % 2], "") for n, name in enumerate("112223")]
    message = r"id '1' \(repeated ids: 2\), .* \(or remove 'id' from the corpus's 'columns' to use"
    with pytest.raises(UserError, match=message):
        index([to_arrow(rows)])


def test_ids_do_not_change_the_digest():
    assert digest_of([("1", "a", "x", "")]) == digest_of([("2", "a", "x", "")])
