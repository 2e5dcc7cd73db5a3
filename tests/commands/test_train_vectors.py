import numpy as np
import polars as pl
import pytest
from gensim.models import Word2Vec
from helpers import call, in_memory, lists_of, write_sequences
from small_vectors import sequences_of

import train_vectors
from seq2report.core.command import UserError
from seq2report.vectors import word2vec
from seq2report.vectors.word2vec import FEWEST

CBOW = {"method": "cbow", "dimensions": 8, "window": 2, "negative": 3, "epochs": 2}


def train(tiny, folder, sequences=None, seed=1, **settings):
    call(
        train_vectors,
        vocabulary=tiny / "words/vocabulary.parquet",
        sequences=sequences or tiny / "words/sequences.parquet",
        settings=CBOW | settings,
        seed=seed,
        output=folder,
    )
    words = pl.read_parquet(folder / "words.parquet")["word"].to_list()
    return words, np.load(folder / "vectors.npy", allow_pickle=False)


def counts(tiny, *splits):
    """Return how often each word occurs in some splits, counted without the script."""
    spelled = dict(pl.read_parquet(tiny / "words/vocabulary.parquet").select("id", "word").rows())
    chosen = lists_of(tiny / "words/sequences.parquet").filter(pl.col("split").is_in(splits))
    ids = chosen["tokens"].explode().drop_nulls().value_counts()
    return {spelled[number]: count for number, count in ids.rows()}


def test_each_word_that_occurs_often_enough_outside_the_test_part_gets_a_vector(tiny, tmp_path):
    words, vectors = train(tiny, tmp_path / "a")
    found = counts(tiny, "train", "validation")
    assert set(words) == {word for word, count in found.items() if count >= FEWEST}
    assert vectors.shape == (len(words), 8)
    assert vectors.dtype == np.float32
    assert vectors.any(axis=1).all()


@pytest.mark.reliability("Repeatability")
def test_the_same_seed_gives_the_same_vectors_and_another_one_others(tiny, tmp_path):
    first, again, other = (train(tiny, tmp_path / str(n), seed=n // 2)[1] for n in (2, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_two_methods_are_two(tiny, tmp_path):
    cbow, skipgram = (
        train(tiny, tmp_path / method, method=method)[1] for method in ("cbow", "skipgram")
    )
    assert cbow.shape == skipgram.shape
    assert not np.array_equal(cbow, skipgram)


@pytest.fixture(scope="module")
def repetitive(tmp_path_factory):
    """Documents in which a and b stand in the same places, and c and d in others."""
    rng = np.random.default_rng(1)
    sentences = [(1, 5, 6), (2, 5, 6), (3, 7, 8), (4, 7, 8)]
    rows = [
        {
            "id": str(n),
            "split": "unlabelled" if n % 2 else "train",
            "label": None if n % 2 else "x",
            "tokens": [word for _ in range(30) for word in sentences[rng.integers(4)]],
        }
        for n in range(60)
    ]
    folder = tmp_path_factory.mktemp("repetitive")
    schema = {"id": pl.String, "split": pl.String, "label": pl.String, "tokens": pl.List(pl.Int32)}
    write_sequences(folder / "words", pl.DataFrame(rows, schema))
    pl.DataFrame({"id": range(1, 9), "word": list("abcdefgh")}).write_parquet(
        folder / "words/vocabulary.parquet"
    )
    return folder


@pytest.mark.parametrize("method", ["cbow", "skipgram"])
def test_words_of_the_same_surroundings_get_similar_vectors(repetitive, tmp_path, method):
    words, vectors = train(repetitive, tmp_path / "out", method=method, epochs=30)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    of = dict(zip(words, unit, strict=True))
    assert of["a"] @ of["b"] > max(of["a"] @ of["c"], of["a"] @ of["d"])
    assert of["c"] @ of["d"] > max(of["c"] @ of["a"], of["c"] @ of["b"])


@pytest.mark.parametrize("method", ["cbow", "skipgram"])
def test_every_word_of_a_long_document_is_trained(method):
    ids = np.repeat(np.arange(3), 10_000) * 1000 + np.tile(np.arange(1000), 30) + 1
    read = in_memory(sequences_of([("a", ids.tolist())]))
    spelled = np.array([f"w{n}" for n in range(3001)], dtype=object)
    documents = word2vec.Documents(read, spelled)
    assert [word for words in documents for word in words] == spelled[ids].tolist()
    start = Word2Vec(vector_size=8, seed=1)
    start.build_vocab(documents)
    words, vectors = word2vec.train(documents, CBOW | {"method": method}, 1)
    assert len(words) == 3000
    assert (vectors != start.wv[words]).any(axis=1).all()


def test_unlabelled_documents_are_read_and_test_documents_are_not(repetitive, tmp_path):
    sequences = lists_of(repetitive / "words/sequences.parquet")
    whole = train(repetitive, tmp_path / "whole")[1]
    for split, same in (("test", False), ("validation", True)):
        moved = sequences.with_columns(split=pl.col("split").replace("unlabelled", split))
        path = write_sequences(tmp_path / f"{split}-words", moved)
        found = train(repetitive, tmp_path / split, path)[1]
        assert np.array_equal(found, whole) == same


def test_too_little_text_is_refused(repetitive, tmp_path):
    changed = lists_of(repetitive / "words/sequences.parquet").with_columns(
        tokens=pl.col("tokens").list.head(1), split=pl.lit("test")
    )
    path = write_sequences(tmp_path / "words", changed)
    with pytest.raises(UserError, match="no word occurs 5 times or more"):
        train(repetitive, tmp_path / "out", path)
    assert not (tmp_path / "out").exists()
