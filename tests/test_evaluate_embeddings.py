import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import in_memory, write_sequences
from hypothesis import given
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness

import evaluate_embeddings as evaluate
from seq2report.command import UserError


def sequences_of(documents, split="train"):
    """Documents from (label, word ids)."""
    rows = [(str(n), split, label, ids) for n, (label, ids) in enumerate(documents)]
    schema = {"id": pl.String, "split": pl.String, "label": pl.String, "tokens": pl.List(pl.Int32)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def words_of(names):
    ids = range(1, len(names) + 1)
    table = {"id": ids, "word": names, "count": [9] * len(names), "documents": [1] * len(names)}
    return pl.DataFrame(table, schema_overrides={"id": pl.Int32})


def labels(documents, names):
    found = evaluate.word_classes(in_memory(sequences_of(documents)), words_of(names))
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
    assert evaluate.word_classes(in_memory(table), words_of(["puck"]))["label"].to_list() == [""]


def test_unlabelled_documents_and_words_of_no_training_document_do_no_harm():
    unlabelled = sequences_of([(None, [1, 2])] * 30, "unlabelled")
    table = pl.concat([sequences_of([("a", [1])] * 5 + [("b", [])] * 5), unlabelled])
    found = evaluate.word_classes(in_memory(table), words_of(["puck", "unseen"]))
    assert found["label"].to_list() == ["a", ""]


def test_stop_words_numbers_and_short_words_are_left_out():
    names = ["the", "puck", "10", "ab", "x1y", "über", "don't", "e_f"]
    found = evaluate.choose_words(words_of(names).with_columns(label=pl.lit("")), 1)
    assert found["word"].to_list() == ["puck", "über", "don't"]


def test_each_class_has_the_same_number_of_words_the_most_frequent_ones():
    names = ["w" + "".join(chr(97 + int(c)) for c in f"{n:04}") for n in range(900)]
    label = pl.Series("label", ["a", "b", ""] * 300)
    found = evaluate.choose_words(words_of(names).with_columns(label), 2)
    assert found["label"].value_counts(sort=True)["count"].to_list() == [100, 100, 100]
    assert found["id"].max() == 300


MATRIX = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).normal(size=(14, 3)).astype("float32")
)


@given(MATRIX, st.sets(st.integers(0, 13), max_size=4), st.data())
def test_neighbours_are_those_of_a_loop_over_all_words(matrix, zeros, data):
    matrix[list(zeros)] = 0
    known = [row for row in range(14) if row not in zeros]
    asked = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
    best, cosine = evaluate.nearest(matrix, np.array(asked))
    for row, found, values in zip(asked, best, cosine, strict=True):
        assert row not in found
        assert not zeros & set(found)
        norm = np.linalg.norm
        of = {
            other: matrix[row] @ matrix[other] / norm(matrix[row]) / norm(matrix[other])
            for other in known
            if other != row
        }
        np.testing.assert_allclose(
            values, sorted(of.values())[: -evaluate.NEIGHBOURS - 1 : -1], atol=1e-5
        )
        np.testing.assert_allclose(values, [of[other] for other in found], atol=1e-5)


@pytest.mark.parametrize("shape", [(10, 5), (2, 5), (20, 1)])
def test_too_few_words_or_dimensions_for_a_map_end_in_a_message(shape):
    with pytest.raises(UserError, match=f"found {shape[0]} words .* of {shape[1]} dimensions"):
        evaluate.draw_maps(np.random.default_rng(1).normal(size=shape))


def test_few_words_are_enough_for_a_map():
    vectors = np.random.default_rng(1).normal(size=(evaluate.FEWEST, 4)).astype("float32")
    maps = evaluate.draw_maps(vectors)
    assert {name: xy.shape for name, xy in maps.items()} == {"PCA": (11, 2), "t-SNE": (11, 2)}
    trustworthiness(vectors, maps["PCA"], n_neighbors=5)


def run_evaluate(output, words, *matrices):
    """Matrices are (name, stage, file)."""
    arguments = [
        *("--vocabulary", str(words / "vocabulary.parquet")),
        *("--sequences", str(words / "sequences.parquet")),
        *(text for matrix in matrices for text in ("--matrix", *map(str, matrix))),
        *("--output", str(output)),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "WORDS", 90)  # fewer are faster
        evaluate.main(arguments)
    return {name: pd.read_parquet(output / f"{name}.parquet") for name in TABLES}


TABLES = ("maps", "quality", "neighbours")


@pytest.fixture(scope="module")
def matrices(tiny, tmp_path_factory):
    """GloVe, and what training may have made of it: every row is moved a little."""
    matrix = np.load(tiny / "glove/matrix.npy")
    noise = np.random.default_rng(1).normal(size=matrix.shape).astype("float32")
    path = tmp_path_factory.mktemp("after") / "embedding.npy"
    np.save(path, matrix + noise / 2)
    return ("glove", "before", tiny / "glove/matrix.npy"), ("lstm", "after", path)


@pytest.fixture(scope="module")
def tables(tiny, matrices, tmp_path_factory):
    return run_evaluate(tmp_path_factory.mktemp("maps") / "tables", tiny / "words", *matrices)


def test_each_embedding_and_method_maps_the_same_words(tables):
    keys = ["embedding", "stage", "method"]
    groups = {key: rows["word"].tolist() for key, rows in tables["maps"].groupby(keys)}
    assert set(groups) == {
        (*embedding, method)
        for embedding in [("glove", "before"), ("lstm", "after")]
        for method in ("PCA", "t-SNE")
    }
    first, *others = groups.values()
    assert len(first) == len(set(first)) >= evaluate.FEWEST
    assert all(other == first for other in others)
    assert {"space", "season"} <= set(first)


def test_words_on_the_maps_have_a_pretrained_vector(tables, tiny):
    missing = pl.read_parquet(tiny / "glove/missing.parquet")["word"]
    assert not set(tables["maps"]["word"]) & set(missing)


def test_quality_is_between_zero_and_one_a_row_a_map(tables):
    assert len(tables["quality"]) == 4
    assert tables["quality"]["trustworthiness"].between(0.4, 1).all()


def test_neighbours_are_listed_by_falling_cosine_and_never_the_word_itself(tables, tiny):
    table = tables["neighbours"]
    assert (table["word"] != table["neighbour"]).all()
    for _, rows in table.groupby(["embedding", "stage", "word"]):
        assert rows["rank"].tolist() == list(range(1, evaluate.NEIGHBOURS + 1))
        assert rows["cosine"].is_monotonic_decreasing
    words = pl.read_parquet(tiny / "words/vocabulary.parquet")
    ids = dict(zip(words["word"], words["id"], strict=True))
    matrix = np.load(tiny / "glove/matrix.npy")
    row = table[table["stage"] == "before"].iloc[0]
    a, b = matrix[ids[row["word"]]], matrix[ids[row["neighbour"]]]
    assert row["cosine"] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-5)


def test_the_same_matrices_give_the_same_tables(tables, tiny, matrices, tmp_path):
    again = run_evaluate(tmp_path / "t", tiny / "words", *matrices)
    for name in TABLES:
        pd.testing.assert_frame_equal(tables[name], again[name])


def test_a_vocabulary_of_few_words_ends_in_a_message_and_nothing_is_written(tmp_path):
    write_sequences(tmp_path, sequences_of([("a", [1]), ("b", [2])]))
    words_of(["puck", "moon"]).write_parquet(tmp_path / "vocabulary.parquet")
    np.save(tmp_path / "m.npy", np.ones((3, 4), dtype="float32"))
    with pytest.raises(UserError, match="needs 11 words"):
        run_evaluate(tmp_path / "out", tmp_path, ("glove", "before", tmp_path / "m.npy"))
    assert not (tmp_path / "out").exists()
