import keras
import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from seq2report.sequences import Sequences, pad, ranges, read_sequences

DOCUMENTS = st.lists(st.lists(st.integers(1, 99), max_size=12), min_size=1, max_size=8)
SIDES = st.sampled_from(["pre", "post"])


def of(documents, split=None):
    n = len(documents)
    return Sequences(
        np.array([f"d{i}" for i in range(n)], dtype=object),
        np.array(split or ["train"] * n, dtype=object),
        np.array(["a"] * n, dtype=object),
        np.array([token for document in documents for token in document], dtype=np.int32),
        np.cumsum([0, *map(len, documents)]),
    )


@given(DOCUMENTS, st.integers(1, 15), SIDES, SIDES)
def test_padding_is_that_of_keras(documents, length, padding, truncating):
    expected = keras.utils.pad_sequences(
        documents, maxlen=length, padding=padding, truncating=truncating
    )
    found = pad(of(documents), length, padding, truncating)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, expected)


@given(DOCUMENTS, st.data())
def test_a_part_holds_the_documents_of_its_split(documents, data):
    splits = st.lists(
        st.sampled_from(["train", "test"]), min_size=len(documents), max_size=len(documents)
    )
    sequences = of(documents, data.draw(splits))
    part = sequences.part("test")
    chosen = [d for d, s in zip(documents, sequences.split, strict=True) if s == "test"]
    cut = [part.tokens[a:b].tolist() for a, b in zip(part.offsets, part.offsets[1:], strict=False)]
    assert cut == chosen


def test_ranges():
    assert ranges(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]


def test_what_encode_wrote_is_read_as_it_is(tiny):
    frame = pl.read_parquet(tiny / "words/sequences.parquet")
    found = read_sequences(tiny / "words/sequences.parquet")
    assert found.ids.tolist() == frame["id"].to_list()
    assert np.diff(found.offsets).tolist() == frame["tokens"].list.len().to_list()
    assert found.tokens.tolist() == frame["tokens"].explode().drop_nulls().to_list()
