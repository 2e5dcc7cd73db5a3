"""Vectors of our networks are those of transformers, see tests/data/encoders/tiny.py."""

import numpy as np
import pytest
from pretrained import DATA, TINY, reference

from seq2report.documents.pieces import Splitter
from seq2report.models.encoders import build_encoder, set_pretrained
from seq2report.models.pretrained import read_checkpoint

IDS = ("input_ids", "attention_mask")
CLOSE = {"rtol": 0, "atol": 1e-4}  # the tanh form of GELU is 1e-3 away, an epsilon of 1e-5 1e-4


def splitter_of(checkpoint, length=None):
    a = checkpoint.architecture
    return Splitter(checkpoint.tokenizer, length or a.positions)


@pytest.mark.parametrize("name", TINY)
def test_pieces_and_vectors_are_those_of_transformers(name):
    expected, checkpoint = reference(name), read_checkpoint(DATA / name)
    pieces = splitter_of(checkpoint).pieces(expected["texts"])
    for row, (ids, mask) in enumerate(zip(*(expected[key] for key in IDS), strict=True)):
        start = pieces.starts[row]
        found = pieces.tokens[start : start + pieces.lengths[row]].tolist()
        assert found == [number for number, seen in zip(ids, mask, strict=True) if seen]
    for pooling in ("mean", "cls"):
        model = build_encoder(checkpoint.architecture, pooling)
        set_pretrained(model, checkpoint.read_weights(), checkpoint.architecture)
        vectors = model(pieces.matrix(checkpoint.architecture.positions))
        np.testing.assert_allclose(vectors, expected[pooling], **CLOSE)


def test_padding_and_its_name_in_a_text_change_nothing():
    checkpoint = read_checkpoint(DATA / "bert_plain")
    model = build_encoder(checkpoint.architecture, "mean")
    set_pretrained(model, checkpoint.read_weights(), checkpoint.architecture)
    pieces = splitter_of(checkpoint).pieces(["a film", "a fine film [PAD]", "a fine film"])
    short, named, other = np.array(model(pieces.matrix(32)))
    alone = model(pieces.matrix(32)[:1, :4])[0]
    np.testing.assert_allclose(short, alone, **CLOSE)
    assert np.abs(named - other).max() > 0.01  # "[PAD]" in a text is read, as transformers does
