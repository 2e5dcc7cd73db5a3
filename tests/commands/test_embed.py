import json

import numpy as np
import polars as pl
import pytest
from helpers import call
from hypothesis import given
from hypothesis import strategies as st

import embed
from seq2report.core.command import UserError

NAMES = st.lists(st.sampled_from("abcdefghij"), min_size=1, unique=True)


def words_of(names, counts=None):
    n = range(1, len(names) + 1)
    return pl.DataFrame(
        {
            "id": n,
            "word": names,
            "count": counts or [9] * len(names),
            "documents": [1] * len(names),
        },
        schema_overrides={"id": pl.Int32},
    )


def run_embed(vocabulary, folder, output, **source):
    words, vectors = folder / "words.parquet", folder / "vectors.npy"
    call(embed, vocabulary=vocabulary, words=words, vectors=vectors, output=output, **source)


@given(NAMES, NAMES, st.integers(0, 2**32 - 1))
def test_each_id_gets_the_vector_of_its_word_and_all_other_rows_are_zero(names, known, seed):
    vectors = np.random.default_rng(seed).normal(size=(len(known), 3)).astype("float32")
    table = pl.DataFrame({"word": known})
    if not set(names) & set(known):
        with pytest.raises(UserError, match="none of the"):
            embed.align(words_of(names), table, vectors, "vectors")
        return
    matrix, missing = embed.align(words_of(names), table, vectors, "vectors")
    by_word = dict(zip(known, vectors, strict=True))
    zero = np.zeros(3, dtype="float32")
    np.testing.assert_array_equal(matrix, [zero, *(by_word.get(name, zero) for name in names)])
    assert matrix.dtype == np.float32
    assert missing["word"].to_list() == [name for name in names if name not in by_word]


def test_vectors_on_disk_are_read_row_by_row(tmp_path):
    vectors = np.arange(12, dtype="float32").reshape(4, 3)
    np.save(tmp_path / "v.npy", vectors)
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    matrix, _ = embed.align(
        words_of(["d", "x", "a"]), pl.DataFrame({"word": list("abcd")}), mapped, "v"
    )
    np.testing.assert_array_equal(matrix, [[0] * 3, vectors[3], [0] * 3, vectors[0]])
    assert not isinstance(matrix, np.memmap)


def test_coverage_counts_words_and_running_text(tmp_path):
    words_of(["a", "x", "b", "y"], [40, 30, 20, 10]).write_parquet(tmp_path / "vocabulary.parquet")
    vectors = tmp_path / "vectors"
    vectors.mkdir()
    pl.DataFrame({"word": ["b", "a", "z"]}).write_parquet(vectors / "words.parquet")
    np.save(vectors / "vectors.npy", np.ones((3, 5), dtype="float32"))
    output = tmp_path / "out"
    run_embed(tmp_path / "vocabulary.parquet", vectors, output)
    assert json.loads((output / "coverage.json").read_text()) == {
        "dimensions": 5,
        "words": 4,
        "words_found": 2,
        "tokens": 100,
        "tokens_found": 60,
    }
    missing = pl.read_parquet(output / "missing.parquet")
    assert missing.rows() == [("x", 30, 1), ("y", 10, 1)]


def test_the_special_tokens_of_an_index_are_no_words_and_frequent_words_come_first(tmp_path):
    names, counts = ["<start>", "<unknown>", "rare", "often", "a"], [50, 90, 2, 30, 40]
    words_of(names, counts).write_parquet(tmp_path / "vocabulary.parquet")
    (tmp_path / "vectors").mkdir()
    pl.DataFrame({"word": ["a"]}).write_parquet(tmp_path / "vectors/words.parquet")
    np.save(tmp_path / "vectors/vectors.npy", np.ones((1, 2), dtype="float32"))
    run_embed(tmp_path / "vocabulary.parquet", tmp_path / "vectors", tmp_path / "out")
    coverage = json.loads((tmp_path / "out/coverage.json").read_text())
    assert [coverage[name] for name in ("words", "words_found", "tokens")] == [3, 1, 72]
    missing = pl.read_parquet(tmp_path / "out/missing.parquet")
    assert missing["word"].to_list() == ["often", "rare"]
    assert np.load(tmp_path / "out/matrix.npy").shape == (6, 2)  # one row for each id


def test_real_words_get_their_glove_vectors(tiny, tiny_vectors):
    matrix = np.load(tiny / "glove/matrix.npy")
    words = pl.read_parquet(tiny / "words/vocabulary.parquet")
    lines = [line.split(" ") for line in tiny_vectors.read_text("utf-8").splitlines()]
    known = {word: np.array(numbers, dtype="float32") for word, *numbers in lines}
    of = dict(zip(words["word"], words["id"], strict=True))
    for word in ("the", "space", "season"):
        np.testing.assert_array_equal(matrix[of[word]], known[word])
    missing = pl.read_parquet(tiny / "glove/missing.parquet")
    assert missing["count"].is_sorted(descending=True)
    assert set(missing["word"]) == set(words["word"]) - set(known)
    assert not matrix[[0, *(of[word] for word in missing["word"])]].any()


@pytest.mark.reliability("Bad vectors")
def test_words_that_no_vector_is_for_are_refused_with_both_sides_named(
    tiny, tiny_vectors, tmp_path
):
    words_of(["Привет", "мир"]).write_parquet(tmp_path / "v.parquet")
    with pytest.raises(UserError, match=r"none of the 2 words .*Привет.*vectors: \['the'"):
        run_embed(tmp_path / "v.parquet", tiny / "vectors", tmp_path / "out", source=tiny_vectors)
    assert not (tmp_path / "out").exists()
