from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import MULTIHOT, SEQUENCE, of, variant

from seq2report.documents.pieces import Pieces
from seq2report.models import batches, build
from seq2report.models.encoders import build_encoder
from seq2report.models.pretrained import Architecture
from seq2report.models.variant import Input

READ = partial(batches.inputs_of, settings=Input(**SEQUENCE), num_words=0)


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=6))
def test_multihot_has_a_one_for_each_word_that_occurs(documents):
    expected = [[float(word in document) for word in range(10)] for document in documents]
    found = batches.inputs_of(of(documents), Input(**MULTIHOT), 10)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32


@given(st.lists(st.lists(st.integers(1, 9), max_size=4), min_size=1, max_size=20), st.data())
@settings(max_examples=30)
@pytest.mark.parametrize("given", [SEQUENCE | {"length": 3}, MULTIHOT])
def test_batches_hold_the_documents_in_the_order_asked_for(given, documents, data):
    size = data.draw(st.integers(1, len(documents)))
    order = np.array(data.draw(st.permutations(range(len(documents)))))
    whole = batches.inputs_of(of(documents), Input(**given), 10)
    number = np.arange(len(documents))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "AT_ONCE", data.draw(st.integers(1, 2000)))
        read = partial(batches.inputs_of, settings=Input(**given), num_words=10)
        found = list(batches.batches(of(documents), read, order, size, number))
    assert len(found) == len(documents) // size
    rows = np.concatenate([rows for _, rows in found])
    np.testing.assert_array_equal(rows, order[: len(rows)])
    np.testing.assert_array_equal(np.concatenate([x for x, _ in found]), whole[rows])


def test_no_more_documents_are_made_than_fit_into_memory(monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 4 * 10 * 4 * 2)  # two batches of four
    made = []

    def read(sequences):
        made.append(len(sequences.lengths))
        return batches.inputs_of(sequences, Input(**MULTIHOT), 10)

    list(batches.batches(of([[1], [2, 3]] * 10), read, np.arange(20), 4))
    assert made == [4, 8, 8, 4]  # the first one to know the shape


def test_probabilities_come_in_the_order_of_the_documents_whatever_the_batches(monkeypatch):
    monkeypatch.setattr(batches, "PREDICT_BATCH", 4)
    model = build.build_model(variant(SEQUENCE | {"dimensions": 5}), 30, 3)
    x = np.random.default_rng(1).integers(1, 30, size=(10, 20)).astype("int32")
    found = batches.probabilities(model, of(x.tolist()), READ)
    np.testing.assert_allclose(found, model(x).numpy(), atol=1e-6)


def pieces(lengths):
    tokens = np.arange(1, sum(lengths) + 1, dtype=np.int32)
    starts = np.cumsum(lengths) - lengths
    return Pieces(*[pl.Series([""] * len(lengths))] * 3, tokens, starts, np.array(lengths))


@pytest.mark.parametrize("documents", [1, 7, 64, 1003])
def test_pieces_come_in_batches_of_similar_length_and_each_document_once(documents):
    random, size = np.random.default_rng(1), min(8, documents)
    lengths = random.integers(3, 500, documents)
    order = batches.shuffled(pieces(lengths), size, seed=1, epoch=2)
    assert sorted(order) == list(range(documents))
    again = batches.shuffled(pieces(lengths), size, seed=1, epoch=2)
    np.testing.assert_array_equal(order, again)
    whole = lengths[order[: documents // size * size]].reshape(-1, size)
    if documents == 1003:
        assert not np.array_equal(order, batches.shuffled(pieces(lengths), size, seed=1, epoch=3))
        assert np.ptp(whole, axis=1).mean() < np.ptp(lengths) / 20
        assert np.abs(np.diff(whole.mean(axis=1))).mean() > np.ptp(lengths) / 5  # no long last
    seen = [x.numpy() for (x,) in batches.batches(pieces(lengths), read_pieces, order, size)]
    assert [len(x) for x in seen] == [size] * (documents // size)
    for x, of_batch in zip(seen, whole, strict=True):
        assert of_batch.max() <= x.shape[1] < of_batch.max() + 16


def test_pieces_that_fill_no_batch_differ_from_epoch_to_epoch():
    """Otherwise, an encoder that is tuned on few documents would never see the longest ones."""
    given, size = pieces(np.arange(3, 103)), 16
    left = [batches.shuffled(given, size, seed=1, epoch=epoch)[96:] for epoch in range(1, 21)]
    assert len(np.unique(left)) > 40


def read_pieces(documents):
    return documents.matrix(512)


def test_predictions_of_pieces_are_in_the_order_of_the_documents():
    lengths = np.random.default_rng(1).integers(3, 60, 77)

    class First:
        def predict(self, data, verbose):
            return np.concatenate([x[:, :1].numpy() for (x,) in data]).astype(np.float32)

    documents = pieces(lengths)
    found = batches.probabilities(First(), documents, read_pieces)
    np.testing.assert_array_equal(found[:, 0], documents.tokens[documents.starts])


@pytest.mark.parametrize(("documents", "rows"), [(1, [1]), (3, [3]), (33, [32, 32])])
def test_a_few_texts_do_not_fill_a_batch_of_pieces(documents, rows):
    seen = []

    class Model:
        def predict(self, data, verbose):
            seen.extend(len(x) for (x,) in data)
            return np.zeros((sum(seen), 2), np.float32)

    batches.probabilities(Model(), pieces([5] * documents), read_pieces)
    assert seen == rows


def test_a_text_has_the_same_prediction_alone_and_with_others():
    encoder = build_encoder(Architecture(600, 16, 1, 2, 8, 8, "gelu", 1e-12, 0.1, 0.1), "mean")
    given = {"form": "pieces", "encoder": "tiny", "length": 16}
    model = build.build_model(variant(given), 600, 3, encoder=encoder)
    documents = pieces(np.random.default_rng(1).integers(3, 20, 40))
    read = partial(batches.inputs_of, settings=Input(**given), num_words=600)
    found = batches.probabilities(model, documents, read)
    alone = [batches.probabilities(model, documents.take([n]), read) for n in (0, 1, 39)]
    np.testing.assert_allclose(np.concatenate(alone), found[[0, 1, 39]], rtol=0, atol=1e-6)
    assert np.ptp(found[:, 0]) > 1e-3
