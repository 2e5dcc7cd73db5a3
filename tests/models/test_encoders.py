"""Vectors of our networks are those of transformers, see tests/data/encoders/tiny.py."""

import json

import numpy as np
import pytest
import yaml
from helpers import ROOT, call
from pretrained import DATA, TINY, reference

import fetch
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


@pytest.mark.slow
def test_vectors_of_minilm_are_those_of_sentence_transformers(tmp_path):
    config = yaml.safe_load((ROOT / "config/encoder.yaml").read_text("utf-8"))
    source, length = config["sources"]["minilm"], config["encoders"]["minilm"]["length"]
    file = tmp_path / source["file"]
    call(fetch, source=source, output=file, attempts=1)
    checkpoint = read_checkpoint(file)
    model = build_encoder(checkpoint.architecture, "mean")
    set_pretrained(model, checkpoint.read_weights(), checkpoint.architecture)
    expected = json.loads((DATA / "minilm.json").read_text("utf-8"))["sentences"]
    pieces = splitter_of(checkpoint, length).pieces([row["text"] for row in expected])
    ids = np.split(pieces.tokens, pieces.starts[1:])
    assert [row.tolist() for row in ids] == [row["ids"] for row in expected]
    found, mean = np.array(model(pieces.matrix(length))), np.array([e["mean"] for e in expected])
    sizes = np.linalg.norm(found, axis=1) * np.linalg.norm(mean, axis=1)
    assert ((found * mean).sum(axis=1) / sizes).min() >= 0.9999
    np.testing.assert_allclose(found, mean, rtol=0, atol=1e-4)  # the file has four decimals
