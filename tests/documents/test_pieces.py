import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretrained import DATA

from seq2report.core.command import UserError
from seq2report.documents.pieces import (
    NOTHING,
    SHORTEST,
    Splitter,
    read_tokenizer,
    shortest,
)

# Any text, and texts of pieces that the tiny encoders know, with what changes their characters.
WORDS = (
    "the",
    "Film",
    "boring",
    "cafe\u0301",
    "café",
    "電影",
    "İ",
    "한",
    "z" * 101,
    "[SEP]",
    "[PAD]",
)
MARKS = ("\u200b", "\u0301", "\ud800", "\x00", "\u202e", " ", "\ufffd", "\U0010ffff")
TEXTS = st.text(st.characters()) | st.lists(st.sampled_from(WORDS + MARKS)).map("".join)
NAMES = ("bert_plain", "bert_prefixed", "bert_unigram")


def splitter(name="bert_plain", length=8, prefix=""):
    content = (DATA / name / "tokenizer.json").read_bytes()
    return Splitter(read_tokenizer(content, None, {}, name), length, prefix)


READERS = [splitter(name, prefix=prefix) for name in NAMES for prefix in ("", "query: ")]


@pytest.mark.reliability("Languages")
@pytest.mark.parametrize("reader", READERS, ids=[f"{n}{p}" for n in NAMES for p in ("", "-prefix")])
@given(text=TEXTS, other=TEXTS)
def test_the_part_that_is_read_has_the_same_pieces(reader, text, other):
    (flat, lengths), part = reader.encode([text, other]), reader.read(text)
    assert text.startswith(part)
    alone, (number,) = reader.encode([part])
    np.testing.assert_array_equal(alone, flat[: lengths[0]])
    assert number == lengths[0] <= reader.length
    assert reader.encode([other])[1] == lengths[1]


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(3, 8))
def test_a_shorter_length_is_the_same_before_and_after_the_pieces_are_stored(texts, length):
    stored, direct = splitter(length=32).pieces(texts), splitter(length=length).pieces(texts)
    np.testing.assert_array_equal(stored.matrix(length), direct.matrix(length))


@pytest.mark.parametrize("prefix", ["", "the ", "the film was: "])
def test_with_the_shortest_length_one_piece_of_a_text_is_read(prefix):
    tokenizer = splitter()._tokenizer
    length = shortest(tokenizer, prefix)
    assert length >= SHORTEST
    for extra, texts in ((0, 2), (-1, 1)):
        flat, lengths = Splitter(tokenizer, length + extra, prefix).encode(["bad film", "great"])
        rows = np.split(flat, np.cumsum(lengths)[:-1])
        assert len({tuple(row) for row in rows}) == texts


def test_a_matrix_is_filled_up_with_what_is_no_piece():
    matrix = splitter().pieces(["the film was good", "", "[PAD]"]).matrix(32)
    special = {2, 3}  # [CLS] and [SEP]
    assert [(row != NOTHING).sum() for row in matrix] == [6, 2, 3]
    assert all(row[0] in special and set(row[row != NOTHING][-1:]) <= special for row in matrix)


@pytest.mark.parametrize("name", NAMES)
def test_a_text_without_a_known_piece_is_reported(name):
    texts = ["The film", "the zzz房", "房", "", "\u200b", " ", "\ud800"]
    known = splitter(name).knows(texts)
    assert known.tolist() == [True, True, *[False] * 4, name != "bert_unigram"]


@pytest.mark.reliability("Bad vectors")
def test_a_tokeniser_that_fails_on_a_text_is_one_message():
    content = json.loads((DATA / "bert_plain/tokenizer.json").read_text(encoding="utf-8"))
    split = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}
    content["pre_tokenizer"] = split | {"invert": False}
    splitter = Splitter(read_tokenizer(json.dumps(content).encode(), None, {}, "x"), 9)
    for read in (splitter.encode, splitter.knows):
        with pytest.raises(UserError, match="the tokeniser fails on a text: Onig: Regex search"):
            read(["a" * 60 + "b"])


@pytest.mark.reliability("Bad vectors")
def test_a_tokeniser_that_makes_its_library_panic_is_refused():
    content = json.loads((DATA / "bert_plain" / "tokenizer.json").read_bytes())
    content["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": "A"}
    with pytest.raises(UserError, match="x: the tokeniser is damaged: "):
        read_tokenizer(json.dumps(content).encode(), None, {}, "x")
