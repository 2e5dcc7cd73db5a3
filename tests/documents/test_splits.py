import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2report.core.command import UserError
from seq2report.documents.formats import UNLABELLED
from seq2report.documents.splits import assign_splits


def table(rows):
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("id", "text", "label", "split"), pl.String), orient="row"
    )


def test_shares_of_the_split_are_as_asked():
    documents = table([(f"{n:03}", "t", "a", "") for n in range(200)])
    counts = dict(assign_splits(documents, 1, 0.1, 0.2)["split"].value_counts().iter_rows())
    assert counts == {"test": 40, "validation": 16, "train": 144}


def test_a_given_test_part_stays():
    documents = table([(f"{n:03}", "t", "a", "test" if n < 50 else "train") for n in range(100)])
    split = assign_splits(documents, 1, 0.2)
    assert (split["split"] == "test").to_list() == (documents["split"] == "test").to_list()
    assert (split["split"] == "validation").sum() == 10


@pytest.mark.parametrize("stratify", [False, True])
def test_documents_without_a_label_stay_out_of_a_new_split(stratify):
    rows = [(f"{n}", "t", "ab"[n % 2], "") for n in range(60)]
    rows += [(f"u{n}", "t", None, UNLABELLED) for n in range(10)]
    split = assign_splits(table(rows), 1, 0.1, 0.2, stratify)
    assert set(split.filter(pl.col("label").is_null())["split"]) == {UNLABELLED}
    assert (split["split"] == UNLABELLED).sum() == 10


def test_another_seed_is_another_split():
    documents = table([(f"{n:03}", "t", "a", "") for n in range(50)])
    assert not assign_splits(documents, 1, 0.1, 0.2).equals(assign_splits(documents, 2, 0.1, 0.2))


def frame(labels, groups=None):
    columns = {
        "id": [f"{n:04}" for n in range(len(labels))],
        "label": labels,
        "split": [""] * len(labels),
    }
    return pl.DataFrame(columns if groups is None else columns | {"group": groups})


CLASSES = st.lists(st.sampled_from("abcdefg"), min_size=40, max_size=200)


SHARE = st.floats(0.05, 0.4)


@given(CLASSES, SHARE, SHARE, st.integers(0, 5))
def test_stratified_shares_are_within_one_document_of_each_class(labels, test, validation, seed):
    split = assign_splits(frame(labels), seed, validation, test, stratify=True)
    assert set(split["split"]) == {"train", "validation", "test"}
    for (label,), rows in split.group_by("label"):
        parts = dict(rows["split"].value_counts().iter_rows())
        rest = rows.height - parts.get("test", 0)
        assert abs(parts.get("test", 0) - test * rows.height) < 1, label
        assert abs(parts.get("validation", 0) - validation * rest) < 1, label
        assert parts.get("train", 0) > 0, label


def test_stratified_shares_add_up_though_classes_are_small():
    split = assign_splits(frame(list("abcdefghij" * 4)), 1, 0.1, 0.2, stratify=True)
    counts = dict(split["split"].value_counts().iter_rows())
    assert counts == {"test": 8, "validation": 3, "train": 29}


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 12) | st.none()), min_size=3, max_size=120
    ),
    *(SHARE, SHARE, st.integers(0, 5), st.booleans()),
)
def test_no_group_is_in_two_parts_and_no_part_is_empty(rows, test, validation, seed, stratify):
    labels, groups = zip(*rows, strict=True)
    documents = frame(list(labels), pl.Series(groups, dtype=pl.Int64).cast(pl.String))
    different = len({group for group in groups if group is not None}) + groups.count(None)
    if different < 3:
        with pytest.raises(UserError, match="groups leave no document for"):
            assign_splits(documents, seed, validation, test, stratify=stratify)
        return
    split = assign_splits(documents, seed, validation, test, stratify=stratify)
    parts = split.drop_nulls("group").group_by("group").agg(pl.col("split").n_unique())
    assert parts["split"].max() in (1, None)
    assert set(split["split"]) == {"train", "validation", "test"}
    again = assign_splits(documents, seed, validation, test, stratify=stratify)
    assert again.equals(split)


def test_groups_come_as_near_to_the_shares_as_their_sizes_allow():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 60, 2000)  # each of one class
    documents = frame(np.where(groups % 5 == 0, "rare", "common"), groups.astype(str))
    furthest = {}
    for stratify in (False, True):
        far = []
        for seed in range(5):
            split = assign_splits(documents, seed, 0.1, 0.2, stratify=stratify)
            assert abs((split["split"] == "test").mean() - 0.2) < 0.02
            shares = split.group_by("label").agg((pl.col("split") == "test").mean())["split"]
            far.append(max(abs(share - 0.2) for share in shares))
        furthest[stratify] = max(far)
    assert furthest[True] < 0.04
    assert furthest[False] > 0.08


def test_groups_are_left_for_the_parts_after_the_first():
    split = assign_splits(frame(["a"] * 100, ["x", "y", *["z"] * 98]), 1, 0.1, 0.4)
    assert set(split["split"]) == {"train", "validation", "test"}
