import tracemalloc

import numpy as np
import polars as pl
import pytest
import scipy.sparse

from seq2report.core.command import UserError
from seq2report.documents.features import Features, read_features

N = 2000


@pytest.fixture
def stored(tmp_path):
    """The matrix of a file of features, 12 MB, and the path of its documents."""
    rng = np.random.default_rng(1)
    matrix = scipy.sparse.random_array((N, 1500), density=0.5, rng=rng, dtype=np.float32).tocsr()
    matrix.sort_indices()
    scipy.sparse.save_npz(tmp_path / "features.npz", matrix, compressed=False)
    splits = np.resize(["train", "test"], N)
    rows = pl.DataFrame({"id": map(str, range(N)), "split": splits, "label": splits})
    rows.write_parquet(path := tmp_path / "documents.parquet")
    return matrix, path


def same(found, expected):
    return (
        found.shape == expected.shape and found.dtype == np.float32 and not (found != expected).nnz
    )


def test_documents_that_are_taken_twice_keep_their_features(stored):
    matrix, path = stored
    features = read_features(path)
    assert features.width == 1500
    assert same(features.matrix, matrix)
    some = features.of_split("test").take(np.array([3, 0, 3]))
    assert some.ids.to_list() == ["7", "1", "7"]
    assert same(some.matrix, matrix[[7, 1, 7]])
    assert some.matrix.has_sorted_indices
    assert same(Features(features.ids, features.split, features.label, matrix).matrix, matrix)
    assert features.take(np.array([], int)).matrix.shape == (0, 1500)


def test_a_compressed_file_is_refused(stored):
    matrix, path = stored
    scipy.sparse.save_npz(path.with_name("features.npz"), matrix, compressed=True)
    with pytest.raises(UserError, match=r"features.npz is damaged \(found compressed data"):
        read_features(path)


def test_only_the_features_of_a_batch_are_in_memory(stored):
    _, path = stored
    tracemalloc.start()
    test = read_features(path).of_split("test")
    for rows in np.split(np.arange(len(test)), 20):
        assert test.take(rows).matrix.shape == (50, 1500)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.5 * path.with_name("features.npz").stat().st_size
