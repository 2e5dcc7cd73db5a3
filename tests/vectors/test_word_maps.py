import math

import numpy as np
import polars as pl
import pytest
from helpers import in_memory
from hypothesis import given
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness
from small_vectors import MATRIX, sequences_of, words_of

from seq2report.core.command import UserError
from seq2report.vectors import word_maps


def labels(documents, names):
    found = word_maps.word_classes(in_memory(sequences_of(documents)), words_of(names))
    return dict(zip(found["word"], found["label"], strict=True))


def test_a_word_goes_with_the_class_in_which_its_odds_are_three_times_as_high():
    # 10 documents a class. "both": 5 of each, a ratio of 1. "puck": 4 of 10 against 1 of 10.
    a = [("a", [1, 2] if n < 4 else [1] if n < 5 else []) for n in range(10)]
    b = [("b", [1, 2, 3] if n < 1 else [1] if n < 5 else []) for n in range(10)]
    ratio = math.log(4.5) - math.log(6.5) - math.log(1.5) + math.log(9.5)
    assert ratio > math.log(3)
    # "rare" occurs once: (1.5 / 9.5) / (0.5 / 10.5) = 3.3
    assert labels(a + b, ["both", "puck", "rare"]) == {"both": "", "puck": "a", "rare": "b"}


def test_a_ratio_below_three_is_not_enough():
    # 3 of 10 against 1 of 10: (3.5 / 7.5) / (1.5 / 9.5) = 2.96
    a = [("a", [1] if n < 3 else []) for n in range(10)]
    b = [("b", [1] if n < 1 else []) for n in range(10)]
    assert labels(a + b, ["puck"]) == {"puck": ""}


def test_a_word_counts_once_a_document_and_only_in_training_documents():
    documents = [("a", [1] * 50), *[("a", [])] * 9, ("b", [1]), *[("b", [])] * 9]
    assert labels(documents, ["puck"]) == {"puck": ""}
    test = sequences_of([("a", [1])] * 40, "test")
    table = pl.concat([sequences_of(documents), test])
    assert word_maps.word_classes(in_memory(table), words_of(["puck"]))["label"].to_list() == [""]


def test_unlabelled_documents_and_words_of_no_training_document_do_no_harm():
    unlabelled = sequences_of([(None, [1, 2])] * 30, "unlabelled")
    table = pl.concat([sequences_of([("a", [1])] * 5 + [("b", [])] * 5), unlabelled])
    found = word_maps.word_classes(in_memory(table), words_of(["puck", "unseen"]))
    assert found["label"].to_list() == ["a", ""]


def test_stop_words_numbers_and_short_words_are_left_out(monkeypatch):
    monkeypatch.setattr(word_maps, "FEWEST", 1)
    names = ["the", "of", "puck", "10", "ab", "x1y", "über", "don't", "e_f"]
    found = word_maps.choose_words(words_of(names).with_columns(label=pl.lit("")), 1)
    assert found["word"].to_list() == ["puck", "über", "don't"]


@pytest.mark.reliability("Languages")
def test_stop_words_and_short_words_are_left_out_of_languages_that_have_them_only(monkeypatch):
    monkeypatch.setattr(word_maps, "FEWEST", 1)
    names = ["wir", "was", "am", "房", "हिन्दी", "न", "안", "و", "я", "кот", "अ१", "😀"]
    label = pl.lit("").alias("label")
    words = words_of(names).with_columns(label, count=pl.Series([9, *[1] * 11]))
    found = word_maps.choose_words(words, 1)
    assert found["word"].to_list() == ["wir", "was", "房", "हिन्दी", "न", "안", "و", "кот"]


def test_each_class_has_the_same_number_of_words_the_most_frequent_ones():
    names = ["w" + "".join(chr(97 + int(c)) for c in f"{n:04}") for n in range(900)]
    label = pl.Series("label", ["a", "b", ""] * 300)
    found = word_maps.choose_words(words_of(names).with_columns(label), 2)
    assert found["label"].value_counts(sort=True)["count"].to_list() == [100, 100, 100]
    assert found["id"].max() == 300


@pytest.mark.parametrize("classes", [299, 300, 400])
def test_of_many_classes_one_word_each_is_shown_and_no_stop_word(classes):
    names = ["the", *("w" + "".join(chr(97 + int(c)) for c in f"{n:04}") for n in range(1600))]
    label = pl.Series("label", ["", *(f"{n // 2 % classes}" for n in range(1600))])
    count = pl.Series("count", [9000, *[9] * 1600])
    found = word_maps.choose_words(words_of(names).with_columns(label, count), classes)
    assert found["label"].to_list() == [str(n) for n in range(min(classes, word_maps.WORDS))]


def test_if_few_words_are_left_the_most_frequent_ones_are_shown():
    names = ["the", *map(str, range(400))]
    found = word_maps.choose_words(words_of(names).with_columns(label=pl.lit("")), 1)
    assert found["word"].to_list() == names[: word_maps.WORDS]


@pytest.mark.parametrize("shape", [(10, 5), (2, 5), (20, 1)])
def test_too_few_words_or_dimensions_for_a_map_end_in_a_message(shape):
    with pytest.raises(UserError, match=f"found {shape[0]} words .* of {shape[1]} dimensions"):
        word_maps.draw_maps(np.random.default_rng(1).normal(size=shape))


@given(MATRIX)
def test_a_framed_map_fills_its_frame_and_keeps_its_form(matrix):
    places = matrix[:, :2]
    framed = word_maps.framed(places)
    low, high = framed.min(axis=0), framed.max(axis=0)
    assert max(high - low) == pytest.approx(2, abs=1e-5)
    assert low + high == pytest.approx([0, 0], abs=1e-5)
    scale = max(places.max(axis=0) - places.min(axis=0)) / 2
    np.testing.assert_allclose(np.diff(framed, axis=0) * scale, np.diff(places, axis=0), atol=1e-4)


def test_a_map_of_one_place_stays_in_its_frame():
    assert word_maps.framed(np.full((3, 2), 7.0)).tolist() == [[0, 0]] * 3


def test_documents_are_drawn_from_the_test_part_of_each_class_as_many():
    known = np.array([False, True, True, False])
    rows = [("a", [1, 2, 3])] * 30 + [("b", [2])] * 4 + [("b", [3])] * 5 + [("a", [])]
    test = sequences_of(rows, "test")
    other = sequences_of([("a", [1])] * 9).with_columns(id=pl.lit("train"))
    chosen = word_maps.choose_documents(in_memory(pl.concat([other, test])), known, 20)
    assert chosen.label.value_counts(sort=True)["count"].to_list() == [10, 4]
    assert set(chosen.split) == {"test"}
    ids = list(map(int, chosen.ids))
    assert ids == sorted(set(ids))
    assert {n for n in ids if n >= 30} == {30, 31, 32, 33}  # those with a word that has a vector


def test_without_test_documents_none_is_drawn():
    found = word_maps.choose_documents(in_memory(sequences_of([("a", [1])])), np.ones(2, bool), 9)
    assert len(found) == 0


@given(MATRIX, st.lists(st.lists(st.integers(1, 13), max_size=6), min_size=1, max_size=5))
def test_a_document_is_the_mean_of_its_words_that_have_a_vector(matrix, documents):
    matrix[[3, 7]] = 0
    found = word_maps.document_vectors(
        in_memory(sequences_of([("a", d) for d in documents])), matrix
    )
    for vector, words in zip(found, documents, strict=True):
        known = [matrix[word] for word in words if word not in (3, 7)]
        mean = np.mean(known, axis=0) if known else np.zeros(3)
        np.testing.assert_allclose(vector, mean, atol=1e-5)


def test_few_words_are_enough_for_a_map():
    vectors = np.random.default_rng(1).normal(size=(word_maps.FEWEST, 4)).astype("float32")
    maps = word_maps.draw_maps(vectors)
    assert {name: xy.shape for name, xy in maps.items()} == {"PCA": (11, 2), "t-SNE": (11, 2)}
    trustworthiness(vectors, maps["PCA"], n_neighbors=5)
