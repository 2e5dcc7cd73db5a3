"""Subsets of the labelled documents: nested, stratified, and decided by corpus, seed and size."""

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seq2report.core.command import UserError
from seq2report.documents.subsets import DRAWN, drawn, fewest, numbers, size_mistakes

DIGEST = "ab" * 32
SEEDS = st.integers(0, 2**32 - 1)
COUNTS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)), min_size=2, max_size=8).filter(
    lambda counts: sum(validation for _, validation in counts)
)


def corpus_of(counts, digest=DIGEST):
    """Return documents and corpus.json of training and validation documents by class."""
    classes, rows = list("abcdefgh"[: len(counts)]), []
    for label, (train, validation) in zip(classes, counts, strict=True):
        rows += [("train", label)] * train + [("validation", label)] * validation
        rows += [("test", label)] * 2
    order = np.random.default_rng(0).permutation(len(rows))  # ids say nothing of the classes
    documents = pl.DataFrame([rows[n] for n in order], schema=["split", "label"], orient="row")
    found = documents.group_by("split", "label").len(name="documents").to_dicts()
    return documents, {"classes": classes, "counts": found, "digest": digest}


def draw(documents, corpus, size, seed=1):
    return documents[drawn(documents["split"], documents["label"], corpus, size, seed)]


@given(COUNTS, SEEDS, st.data())
def test_a_subset_contains_the_smaller_ones_and_all_test_documents(counts, seed, data):
    documents, corpus = corpus_of(counts)
    least, most = fewest(corpus["counts"]), documents.filter(pl.col("split") != "test").height - 1
    assume(least < most)
    small, large = sorted(data.draw(st.integers(least, most)) for _ in range(2))
    rows = [
        set(drawn(documents["split"], documents["label"], corpus, size, seed))
        for size in (small, large)
    ]
    assert rows[0] <= rows[1]
    assert [len(found) - 2 * len(counts) for found in rows] == [small, large]
    assert set(np.flatnonzero(documents["split"] == "test")) <= rows[0]


@given(COUNTS, SEEDS, st.floats(0.01, 0.99))
def test_a_subset_has_every_class_and_their_shares(counts, seed, share):
    documents, corpus = corpus_of(counts)
    found = draw(documents, corpus, share, seed)
    for name, expected in zip(DRAWN, numbers(share, corpus["counts"]), strict=True):
        of_split, whole = (table.filter(split=name) for table in (found, documents))
        assert of_split.height == expected
        for label in whole["label"].unique():
            size, chosen = (table.filter(label=label).height for table in (whole, of_split))
            # Classes with less than half a document still have one, which others lack.
            away = 1 + len(counts) * size / whole.height
            assert abs(chosen - expected * size / whole.height) <= away
            assert chosen or name == "validation"


@given(COUNTS, st.integers(1, 200))
def test_validation_documents_are_in_the_proportion_of_the_corpus(counts, size):
    _, corpus = corpus_of(counts)
    total = {name: sum(c[n] for c in counts) for n, name in enumerate(DRAWN)}
    assume(fewest(corpus["counts"]) <= size < sum(total.values()))
    train, validation = numbers(size, corpus["counts"])
    assert train + validation == size
    assert train >= len(counts)
    share = size * total["validation"] / sum(total.values())
    assert 1 <= validation <= total["validation"]
    assert abs(validation - share) <= 0.5 or (validation == 1 and share < 0.5)


def test_corpus_and_seed_decide_a_subset():
    counts = [(50, 10), (30, 6)]
    documents, corpus = corpus_of(counts)
    found = drawn(documents["split"], documents["label"], corpus, 40, 1)
    as_categories = documents.cast(pl.Categorical)
    again = drawn(as_categories["split"], as_categories["label"], corpus, 40, 1)
    assert found.tolist() == again.tolist()
    other_seed = drawn(documents["split"], documents["label"], corpus, 40, 2)
    other_corpus = corpus | {"digest": "ba" * 32}
    other = drawn(documents["split"], documents["label"], other_corpus, 40, 1)
    assert len({tuple(rows) for rows in (found, other_seed, other)}) == 3


def test_a_subset_of_a_subset_of_the_same_size_is_the_subset():
    documents, corpus = corpus_of([(50, 10), (30, 6)])
    once = draw(documents, corpus, 40)
    assert draw(once, corpus, 40).equals(once)


def test_unlabelled_documents_are_left_out():
    documents, corpus = corpus_of([(50, 10), (30, 6)])
    extra = pl.DataFrame({"split": ["unlabelled"], "label": [None]}, schema=documents.schema)
    found = draw(pl.concat([documents, extra]), corpus, 40)
    assert set(found["split"]) == {"train", "validation", "test"}


MISTAKES = [
    ([3], "found 3, expected at least 5: one training document of each of its 4 classes"),
    ([80], "found 80, but it has 80 labelled documents (training and validation); write 'all'"),
    ([5000], "found 5000, but it has 80 labelled documents"),
    ([0.1, 8, "all"], "0.1 and 8 are both 8 documents; remove one"),
]


@pytest.mark.parametrize(("sizes", "message"), MISTAKES)
def test_a_size_that_a_corpus_does_not_have_is_one_message(sizes, message):
    _, corpus = corpus_of([(18, 2)] * 4)
    (found,) = size_mistakes("news", sizes, corpus["counts"])
    assert found.startswith(f"compare.labels.sizes, corpus news: {message}")


def test_shares_fit_every_corpus():
    _, corpus = corpus_of([(1, 1), (1, 0)])
    assert list(size_mistakes("news", [0.01, 0.02, "all"], corpus["counts"])) == []
    assert numbers(0.01, corpus["counts"]) == (2, 1)
    with pytest.raises(UserError, match="expected at least 3"):
        numbers(2, corpus["counts"])
