import numpy as np
import polars as pl
import pytest
import scipy.sparse
from helpers import call
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

import encode_features
from seq2report.core.command import UserError
from seq2report.documents.features import read_features
from seq2report.models.pipelines import load_pipeline
from seq2report.models.steps import NaiveBayesWeights

STEPS = [{"TfidfVectorizer": {"ngram_range": [1, 2], "min_df": 2}}, {"NaiveBayesWeights": {}}]


WORDS = {"CountVectorizer": {"max_features": 9}}


def make(tiny, output, steps=STEPS):
    call(
        encode_features,
        documents=tiny / "documents.parquet",
        settings={"steps": steps},
        seed=1,
        output=output,
    )


def test_features_are_those_of_the_steps_fitted_on_the_training_split(tiny, tmp_path):
    make(tiny, tmp_path / "a")
    documents = pl.read_parquet(tiny / "documents.parquet")
    train = documents.filter(split="train")
    tfidf = TfidfVectorizer(ngram_range=(1, 2), min_df=2)
    weights = NaiveBayesWeights().fit(
        tfidf.fit_transform(train["text"].to_list()), train["label"].to_list()
    )
    found = read_features(tmp_path / "a/documents.parquet")
    assert found.ids.to_list() == documents["id"].to_list()
    expected = weights.transform(tfidf.transform(documents["text"].to_list()))
    np.testing.assert_allclose(found.matrix.toarray(), expected.toarray(), rtol=1e-5)
    assert found.matrix.dtype == np.float32
    assert found.matrix.has_sorted_indices


def test_the_steps_are_kept(tiny, tmp_path):
    make(tiny, tmp_path / "a")
    texts = pl.read_parquet(tiny / "documents.parquet")["text"].to_list()
    again = load_pipeline(tmp_path / "a").transform(texts)
    found = scipy.sparse.load_npz(tmp_path / "a/features.npz")
    np.testing.assert_allclose(again.toarray(), found.toarray(), rtol=1e-5)


@pytest.mark.parametrize(
    ("steps", "message"),
    [([{"TfidfVectorizer": {"min_df": 1000}}], "max_df"), ([WORDS, {"FastICA": {}}], "Sparse")],
)
def test_what_the_steps_cannot_be_fitted_to_is_refused(tiny, tmp_path, steps, message):
    with pytest.raises(UserError, match=f"cannot fit this pipeline to 48 documents: {message}"):
        make(tiny, tmp_path / "a", steps)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("norm", [None, "l2"])
def test_infinite_features_are_refused(tmp_path, norm):
    """A word of no training document has no frequency to divide by."""
    rows = [("0", "a", "x", "train"), ("1", "a", "y", "train"), ("2", "b", "x", "test")]
    documents = pl.DataFrame(rows, ["id", "text", "label", "split"], orient="row")
    documents.write_parquet(tmp_path / "documents.parquet")
    arguments = {"analyzer": "char", "vocabulary": ["a", "b"], "smooth_idf": False, "norm": norm}
    with pytest.raises(UserError, match=r"compute features of 3 documents: .* infinity"):
        make(tmp_path, tmp_path / "a", [{"TfidfVectorizer": arguments}])
    assert not (tmp_path / "a").exists()


def test_parts_and_rows_stay_together(tiny, tmp_path):
    make(tiny, tmp_path / "a")
    features = read_features(tmp_path / "a/documents.parquet")
    test = features.of_split("test")
    place = features.ids.to_list().index(test.ids[-1])
    assert (test.matrix[-1] != features.matrix[place]).nnz == 0
    assert set(test.split.cast(pl.String)) == {"test"}


@given(
    counts=st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=4, max_size=12),
    classes=st.integers(2, 4),
)
def test_weights_are_the_largest_log_count_ratio(counts, classes):
    x = np.array(counts, dtype=np.float64)
    y = np.arange(len(x)) % classes
    ratios = []
    for label in range(classes):
        inside = (x[y == label] > 0).sum(axis=0) + 1
        outside = (x[y != label] > 0).sum(axis=0) + 1
        ratios.append(np.log((inside / inside.sum()) / (outside / outside.sum())))
    step = NaiveBayesWeights().fit(scipy.sparse.csr_matrix(x), y)
    np.testing.assert_allclose(step.weights_, np.abs(ratios).max(axis=0), atol=1e-12)
    for dtype in (np.float64, np.float32, np.int64):  # as counts, weights are no integers
        scaled = step.transform(scipy.sparse.csr_matrix(x.astype(dtype)))
        assert scaled.dtype == (np.float64 if dtype == np.int64 else dtype)
        np.testing.assert_allclose(scaled.toarray(), x * step.weights_, rtol=1e-6)
