import keras
import numpy as np
import polars as pl
import pytest
from helpers import in_memory, lists_of, write_sequences
from hypothesis import given
from hypothesis import strategies as st

from seq2report.documents import sequences as module
from seq2report.documents.sequences import pad, ranges, read_sequences

DOCUMENTS = st.lists(st.lists(st.integers(1, 99), max_size=12), min_size=1, max_size=8)
SIDES = st.sampled_from(["pre", "post"])


def frame(documents, split=None, label=None):
    n = len(documents)
    return pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(n)],
            "split": split or ["train"] * n,
            "label": label or ["a"] * n,
            "tokens": pl.Series(documents, dtype=pl.List(pl.Int32)),
        }
    )


def lists(sequences):
    return [
        sequences.tokens[start : start + length].tolist()
        for start, length in zip(sequences.starts, sequences.lengths, strict=True)
    ]


@given(DOCUMENTS, st.integers(1, 15), SIDES, SIDES, st.sampled_from([1, 20, 1000]))
def test_padding_is_that_of_keras(documents, length, padding, truncating, at_once):
    expected = keras.utils.pad_sequences(
        documents, maxlen=length, padding=padding, truncating=truncating
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_ONCE", at_once)
        padded = pad(in_memory(frame(documents)), length, padding, truncating)
    assert padded.dtype == np.int32
    np.testing.assert_array_equal(padded, expected)


@given(DOCUMENTS, st.data())
def test_a_part_holds_the_documents_of_its_split(documents, data):
    splits = st.lists(
        st.sampled_from(["train", "test"]), min_size=len(documents), max_size=len(documents)
    )
    drawn = data.draw(splits)
    whole = in_memory(frame(documents, drawn))
    part = whole.of_split("test")
    chosen = [n for n, split in enumerate(drawn) if split == "test"]
    assert lists(part) == [documents[n] for n in chosen]
    assert part.ids.to_list() == [f"d{n}" for n in chosen]
    assert part.tokens is whole.tokens


@given(DOCUMENTS, st.data())
def test_rows_are_taken_in_the_order_asked_for_and_flat_is_their_words(documents, data):
    rows = data.draw(st.permutations(range(len(documents))))
    rows = rows[: data.draw(st.integers(0, len(rows)))]
    taken = in_memory(frame(documents)).take(np.array(rows, dtype=np.int64))
    assert lists(taken) == [documents[row] for row in rows]
    assert taken.flat().tolist() == [word for row in rows for word in documents[row]]


@given(DOCUMENTS, st.integers(1, 9))
def test_batches_are_the_documents_in_their_order(documents, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_ONCE", at_once)
        batches = [lists(batch) for batch in in_memory(frame(documents)).batches()]
    assert [document for batch in batches for document in batch] == documents
    longest = max(map(len, documents))
    assert all(sum(map(len, batch)) < at_once + longest for batch in batches)


def test_a_class_is_its_place_among_the_names():
    sequences = in_memory(frame([[1], [2], [3]], label=["c", "a", "c"]))
    assert sequences.classes(["a", "b", "c"]).tolist() == [2, 0, 2]


def test_ranges():
    assert ranges(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]


def test_what_encode_wrote_is_read_as_it_is_and_stays_in_its_file(tiny):
    rows = lists_of(tiny / "words/sequences.parquet")
    found = read_sequences(tiny / "words/sequences.parquet")
    assert found.ids.to_list() == rows["id"].to_list()
    assert found.split.to_list() == rows["split"].to_list()
    assert found.label.to_list() == rows["label"].to_list()
    assert lists(found) == rows["tokens"].to_list()
    assert isinstance(found.tokens, np.memmap)
    assert not found.tokens.flags.writeable


def test_documents_without_any_word_are_read(tmp_path):
    path = write_sequences(tmp_path, frame([[], []], label=["a", None]))
    found = read_sequences(path)
    assert lists(found) == [[], []]
    assert found.label.to_list() == ["a", None]
    assert pad(found, 2, "pre", "pre").tolist() == [[0, 0], [0, 0]]
