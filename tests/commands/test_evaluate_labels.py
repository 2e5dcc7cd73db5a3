import numpy as np
import polars as pl
import pytest
from cleanlab.count import get_confident_thresholds
from cleanlab.filter import find_label_issues
from hypothesis import assume, given
from hypothesis import strategies as st

import evaluate_labels as labels
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.models.runs import write_run

CLASSES = ["a", "b", "c"]  # no document is labelled c


@st.composite
def outcomes(draw):
    """Labels of some documents, and the probabilities that some variants give them."""
    n, variants = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    label = draw(st.lists(st.sampled_from("ab"), min_size=n, max_size=n))
    weights = st.lists(st.integers(0, 8), min_size=3, max_size=3).filter(any)
    size = n * variants
    rows = np.array(draw(st.lists(weights, min_size=size, max_size=size)), float)
    return label, (rows / rows.sum(axis=1, keepdims=True)).reshape(variants, n, 3)


@given(outcomes())
def test_the_suspected_are_those_of_the_definition(drawn):
    label, of_each = drawn
    mean = of_each.mean(axis=0)
    assume((np.sort(mean, axis=1)[:, -1] > np.sort(mean, axis=1)[:, -2]).all())  # no ties
    threshold = {
        name: np.mean([mean[d, j] for d, own in enumerate(label) if own == name])
        for j, name in enumerate(CLASSES)
        if name in label
    }
    expected = {}
    for d, own in enumerate(label):
        j = int(mean[d].argmax())
        if CLASSES[j] != own and mean[d, j] >= threshold.get(CLASSES[j], np.inf):
            agreeing = sum(int(probability[d].argmax()) == j for probability in of_each)
            expected[str(d)] = (CLASSES[j], mean[d, j] - mean[d, CLASSES.index(own)], agreeing)
    ids = [str(d) for d in range(len(label))]
    documents = pl.DataFrame({"id": ids, "label": label})
    found = labels.suspects(documents, mean, of_each.argmax(axis=2), CLASSES)
    assert found.schema == labels.SCHEMA
    assert dict(zip(found["id"], found["suggested"], strict=True)) == {
        name: suggested for name, (suggested, _, _) in expected.items()
    }
    for row in found.to_dicts():
        assert row["margin"] == pytest.approx(expected[row["id"]][1])
        assert (row["agreeing"], row["variants"]) == (expected[row["id"]][2], len(of_each))
    assert found["margin"].is_sorted(descending=True)


def test_a_threshold_is_the_mean_among_the_documents_of_the_class():
    probability = np.array([[0.9, 0.1, 0], [0.5, 0.5, 0], [0.3, 0.7, 0]])
    found = labels.thresholds(probability, np.array([0, 0, 1]))
    np.testing.assert_allclose(found, [0.7, 0.7, np.nan])


def noisy(classes, documents=400):
    """Return labels, a fifth of them random, and probabilities near the true class."""
    rng = np.random.default_rng(classes)
    truth = rng.integers(0, classes, documents)
    label = np.where(rng.random(documents) < 0.2, rng.integers(0, classes, documents), truth)
    return label, rng.dirichlet(np.ones(classes), documents) * 0.7 + 0.3 * np.eye(classes)[truth]


@pytest.mark.parametrize("classes", [2, 6])
def test_the_suspected_are_those_of_cleanlab_whose_suggestion_reaches_its_threshold(classes):
    label, probability = noisy(classes)
    names = [*"abcdef"[:classes]]
    documents = {"id": [f"{n:03d}" for n in range(len(label))], "label": np.array(names)[label]}
    chosen = probability.argmax(axis=1)
    found = labels.suspects(pl.DataFrame(documents), probability, chosen[None], names)
    expected = find_label_issues(label, probability, filter_by="confident_learning", n_jobs=1)
    np.testing.assert_allclose(
        labels.thresholds(probability, label), get_confident_thresholds(label, probability)
    )
    reached = probability.max(axis=1) >= get_confident_thresholds(label, probability)[chosen]
    assert sorted(found["id"].cast(int)) == np.flatnonzero(expected & reached).tolist()
    # With more than two classes, cleanlab also suspects documents for a less probable class.
    assert (expected & ~reached).any() == (classes > 2)


def write(folder, given, label="aabb", ids="0123"):
    """A run in which each document is ``given`` a class with probability 0.8."""
    folder.mkdir(parents=True)
    probability = np.array([[0.8 if c == g else 0.1 for c in CLASSES] for g in given])
    test = pl.DataFrame({"id": list(ids), "label": list(label)})
    write_run(folder, (test, probability), None, CLASSES, [], {})
    return str(folder)


def carry_out(folder, *runs):
    documents = {
        "id": [*"0123", "t0", "t1", "u"],
        "text": ["one", "tw\u202eo <b>", "three", "four", " tw\u202eo  <b>", "three", "three"],
        "label": [*"aabb", "b", "b", None],
        "split": [*["test"] * 4, "train", "train", "unlabelled"],
    }
    pl.DataFrame(documents).write_parquet(folder / "documents.parquet")
    labels.main(
        [
            *("--documents", str(folder / "documents.parquet"), "--runs", *runs),
            *("--output", str(folder / "tables")),
        ]
    )
    return read_tables(folder / "tables")


@pytest.mark.reliability("Repeatability")
def test_seeds_count_once_per_variant_and_the_order_of_documents_does_not_matter(tmp_path):
    tables = carry_out(
        tmp_path,
        write(tmp_path / "svm/seed-1", "abbb"),
        write(tmp_path / "svm/seed-2", "bbba", "bbaa", "3210"),
        write(tmp_path / "lstm/seed-1", "aacc"),
        write(tmp_path / "gru/seed-1", "abbc"),
    )
    (row,) = tables["labels"].to_dict("records")
    assert (row["id"], row["label"], row["suggested"]) == ("1", "a", "b")
    assert (row["agreeing"], row["variants"]) == (2, 3)
    assert row["p_suggested"] == pytest.approx((0.8 + 0.1 + 0.8) / 3)
    assert row["margin"] == pytest.approx(row["p_suggested"] - (0.1 + 0.8 + 0.1) / 3)


@pytest.mark.parametrize("given", ["aaaa", "bbbb"])
def test_a_model_that_gives_every_document_the_same_answer_does_not_vote(tmp_path, given):
    constant = write(tmp_path / "majority/seed-1", given)
    tables = carry_out(tmp_path, write(tmp_path / "svm/seed-1", "abbb"), constant)
    (row,) = tables["labels"].to_dict("records")
    assert (row["id"], row["agreeing"], row["variants"]) == ("1", 1, 1)
    assert row["p_suggested"] == pytest.approx(0.8)
    assert carry_out(tmp_path, constant)["labels_summary"].empty  # nobody can judge


def test_a_text_under_another_label_is_named_and_the_excerpt_is_clean(tmp_path):
    tables = carry_out(tmp_path, write(tmp_path / "svm/seed-1", "abba"))
    found = tables["labels"].set_index("id")
    assert found["excerpt"].to_dict() == {"1": "tw\ufffdo <b>", "3": "four"}
    assert found["also_under"].fillna("").to_dict() == {"1": "b", "3": ""}
    summary = tables["labels_summary"].to_dict("records")
    assert summary == [
        {"label": "a", "documents": 2, "suspected": 1, "also_under": 1},
        {"label": "b", "documents": 2, "suspected": 1, "also_under": 0},
    ]


def test_without_runs_both_tables_have_their_columns_and_no_rows(tmp_path):
    tables = carry_out(tmp_path)
    assert tables["labels"].columns.tolist() == [*labels.SCHEMA, "also_under", "excerpt"]
    assert tables["labels_summary"].columns.tolist() == [
        "label",
        "documents",
        "suspected",
        "also_under",
    ]
    assert len(tables["labels"]) == len(tables["labels_summary"]) == 0


def test_runs_of_different_documents_are_refused(tmp_path):
    runs = [write(tmp_path / "a/seed-1", "aabb"), write(tmp_path / "b/seed-1", "aabb", ids="0124")]
    with pytest.raises(UserError, match=r"b/seed-1/predictions\.parquet: found other test docu"):
        carry_out(tmp_path, *runs)


def test_only_the_widest_margins_are_listed_and_all_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(labels, "SHOWN", 1)
    tables = carry_out(tmp_path, write(tmp_path / "svm/seed-1", "bbaa"))
    assert len(tables["labels"]) == 1
    assert tables["labels_summary"]["suspected"].sum() == 4
