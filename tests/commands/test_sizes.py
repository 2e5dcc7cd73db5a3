"""Training on subsets of the labelled documents, and the tables of the results."""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from helpers import call
from networks import DENSE, SEQUENCE, settings
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

import check_sizes
import encode_features
import evaluate_sizes
import train_ensemble
import train_pipeline
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.documents.features import read_features
from seq2report.documents.subsets import drawn
from seq2report.models.runs import write_run
from seq2report.models.steps import NaiveBayesWeights

SVM = {"pipeline": [{"TfidfVectorizer": {}}, {"LinearSVC": {}}]}
BAYES = {"pipeline": [{"CountVectorizer": {}}, {"MultinomialNB": {}}]}
WORDS = ["team", "space", "the"]
SIZES = (20, 30, 45, 60)
CLASSES = ["a", "b"]


def train(tiny, folder, size, settings=SVM, documents=None, seed=1):
    output = folder / f"labels-{size}/seed-{seed}"
    call(
        train_pipeline,
        corpus=tiny / "corpus.json",
        documents=documents or tiny / "documents.parquet",
        settings=settings,
        labels=size,
        seed=seed,
        output=output,
    )
    return output


def of_subset(tiny, size, seed=1):
    documents = pl.read_parquet(tiny / "documents.parquet")
    corpus = json.loads((tiny / "corpus.json").read_text())
    return documents[drawn(documents["split"], documents["label"], corpus, size, seed)]


def test_a_pipeline_learns_from_the_subset_and_predicts_all_test_documents(tiny, tmp_path):
    run = train(tiny, tmp_path / "svm", 20)
    documents = pl.read_parquet(tiny / "documents.parquet")
    about = json.loads((run / "run.json").read_text())
    assert about["variant"] == "svm"
    assert about["labels"] == {"size": 20, "train": 16, "validation": 4}
    assert json.loads((run / "metrics.json").read_text())["fitted_documents"] == 20
    ids = {n: pl.read_parquet(run / f"{n}.parquet")["id"] for n in ("predictions", "validation")}
    assert ids["predictions"].to_list() == documents.filter(split="test")["id"].to_list()
    subset = of_subset(tiny, 20)
    assert ids["validation"].to_list() == subset.filter(split="validation")["id"].to_list()
    words = TfidfVectorizer().fit(subset.filter(pl.col("split") != "test")["text"])
    found = set(pl.read_parquet(run / "vocabulary.parquet")["term"])
    assert len(found ^ words.vocabulary_.keys()) < len(found) / 10  # another pattern of words


def test_steps_of_features_see_the_labels_of_the_subset_only(tiny, tmp_path):
    steps = [{"CountVectorizer": {"vocabulary": WORDS}}, {"NaiveBayesWeights": {}}]
    call(
        encode_features,
        documents=tiny / "documents.parquet",
        corpus=tiny / "corpus.json",
        settings={"steps": steps},
        labels=20,
        seed=1,
        output=tmp_path / "features",
    )
    found, subset = read_features(tmp_path / "features/documents.parquet"), of_subset(tiny, 20)
    assert found.ids.to_list() == subset["id"].to_list()
    fitted, counter = subset.filter(split="train"), CountVectorizer(vocabulary=WORDS)
    weights = NaiveBayesWeights().fit(
        counter.transform(fitted["text"].to_list()), fitted["label"].to_list()
    )
    expected = weights.transform(counter.transform(subset["text"].to_list()))
    np.testing.assert_allclose(found.matrix.toarray(), expected.toarray(), rtol=1e-6)
    # A model draws the same subset of the features of the subset.
    bayes = {"input": {"form": "features", "features": "f"}, "pipeline": [{"MultinomialNB": {}}]}
    run = train(tiny, tmp_path / "bayes", 20, bayes, tmp_path / "features/documents.parquet")
    assert json.loads((run / "metrics.json").read_text())["fitted_documents"] == 20


def test_a_network_learns_from_the_subset_with_the_vocabulary_of_all_texts(tiny, tmp_path):
    import train_network

    output, fit = tmp_path / "dense/labels-0.5/seed-2", {"class_weight": "balanced"}
    chosen = settings(SEQUENCE | {"embedding": "glove"}, DENSE, **{"epochs": 1} | fit)
    call(
        train_network,
        corpus=tiny / "corpus.json",
        documents=tiny / "words/sequences.parquet",
        matrix=tiny / "glove/matrix.npy",
        settings=chosen,
        labels=0.5,
        seed=2,
        output=output,
    )
    subset = of_subset(tiny, 0.5, seed=2)
    assert json.loads((output / "metrics.json").read_text())["fitted_documents"] == 24
    watched = pl.read_parquet(output / "validation.parquet")["id"].to_list()
    assert watched == subset.filter(split="validation")["id"].to_list()
    about = json.loads((output / "run.json").read_text())
    assert (about["variant"], about["labels"]["validation"]) == ("dense", len(watched))
    words = pl.read_parquet(tiny / "words/vocabulary.parquet", columns=["id", "word"])
    assert pl.read_parquet(output / "vocabulary.parquet").equals(words)


def test_an_ensemble_of_runs_on_a_subset_is_named_by_its_variants(tiny, tmp_path):
    runs = [train(tiny, tmp_path / n, 20, s) for n, s in (("svm", SVM), ("bayes", BAYES))]
    output = tmp_path / "both/labels-20/seed-1"
    options = ["--method", "vote", "--seed", "1", "--output", str(output)]
    train_ensemble.main(["--runs", *map(str, runs), *options])
    about = json.loads((output / "run.json").read_text())
    assert (about["variant"], about["labels"]["size"]) == ("both", 20)
    assert json.loads((output / "ensemble.json").read_text())["members"] == ["svm", "bayes"]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("size", [2, 61, 5000])
def test_a_size_that_the_corpus_does_not_have_stops_before_any_training(tiny, tmp_path, size):
    with pytest.raises(UserError, match=f"compare.labels.sizes, corpus .*: found {size}, "):
        call(
            check_sizes,
            corpus=tiny / "corpus.json",
            sizes=[10, size, "all"],
            output=tmp_path / "sizes.json",
        )
    assert not (tmp_path / "sizes.json").exists()


def test_sizes_are_numbers_of_documents(tiny, tmp_path):
    call(
        check_sizes,
        corpus=tiny / "corpus.json",
        sizes=[10, 0.5, "all"],
        output=tmp_path / "sizes.json",
    )
    found = json.loads((tmp_path / "sizes.json").read_text())["sizes"]
    assert [tuple(row.values()) for row in found] == [
        (10, 10, 8, 2),
        (0.5, 30, 24, 6),
        ("all", 60, 48, 12),
    ]


def write(folder, right, seeds=(1,), documents=1000):
    """Write runs of variants with these numbers of right answers, by variant and size."""
    truth, runs = np.arange(documents) % 2, []
    for (variant, size), number in right.items():
        subset = "" if size == "all" else f"labels-{size}"
        for seed in seeds:
            run = folder / variant / subset / f"seed-{seed}"
            run.mkdir(parents=True)
            given = np.where(np.arange(documents) < number - seed + 1, truth, 1 - truth)
            test = pl.DataFrame(
                {
                    "id": [f"{n:04}" for n in range(documents)],
                    "label": np.array(CLASSES)[truth],
                }
            )
            facts = {"fit_cpu_seconds": 1.0, "kind": "pipeline", "seed": seed}
            write_run(run, (test, np.eye(2)[given]), None, CLASSES, [], facts)
            runs.append(str(run))
    return runs


def evaluate(folder, right, sizes=SIZES, metric="accuracy", groups=None, **options):
    runs = write(folder / "runs", right, **options)
    documents = pl.read_parquet(Path(runs[0]) / "predictions.parquet", columns=["id"])
    documents = documents if groups is None else documents.with_columns(group=pl.Series(groups))
    documents.write_parquet(folder / "documents.parquet")
    rows = [{"size": n, "labels": n, "train": n - 2, "validation": 2} for n in sizes]
    rows[-1]["size"] = "all"
    (folder / "sizes.json").write_text(json.dumps({"sizes": rows}))
    (folder / "corpus.json").write_text(json.dumps({"classes": CLASSES}))
    evaluate_sizes.main(
        [
            *("--corpus", str(folder / "corpus.json"), "--sizes", str(folder / "sizes.json")),
            *("--documents", str(folder / "documents.parquet"), "--metric", metric),
            *("--titles", json.dumps({"x": "X", "y": "Y"})),
            *("--runs", *runs, "--output", str(folder / "tables")),
        ]
    )
    return read_tables(folder / "tables")


def curve(variant, numbers, sizes=SIZES):
    names = [*sizes[:-1], "all"]
    return {(variant, size): number for size, number in zip(names, numbers, strict=True)}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sizes")
    right = curve("x", [700, 720, 740, 760]) | curve("y", [500, 640, 840, 900])
    return evaluate(folder, right)


def test_sizes_have_scores_with_intervals(tables):
    sizes = tables["sizes"].set_index(["variant", "labels"])
    assert sizes.loc[("x", 20), "score"] == 0.7
    assert sizes.loc[("y", 60), "size"] == "all"
    for row in sizes.itertuples():
        assert row.low < row.score < row.high
        assert row.seeds == "1"


def test_a_crossing_is_between_the_sizes_where_the_leader_changes(tables):
    (row,) = tables["crossings"].to_dict("records")
    assert (row["first"], row["second"], row["first_title"]) == ("x", "y", "X")
    expected = math.exp(math.log(30) + 80 / 180 * math.log(45 / 30))
    assert row["labels"] == pytest.approx(expected)
    assert 30 < row["low"] < expected < row["high"] < 45


def test_lines_that_do_not_cross_are_no_row(tmp_path):
    right = curve("x", [700, 720, 740, 760]) | curve("y", [500, 730, 700, 720])
    assert evaluate(tmp_path, right)["crossings"].empty


def test_seeds_widen_the_interval_of_a_crossing(tables, tmp_path):
    right = curve("x", [700, 720, 740, 760]) | curve("y", [500, 640, 840, 900])
    several = evaluate(tmp_path, right, seeds=(1, 40))["crossings"].iloc[0]
    alone = tables["crossings"].iloc[0]
    assert several["high"] - several["low"] > alone["high"] - alone["low"]


def test_the_gain_of_a_doubling_is_that_of_the_power_law(tmp_path):
    sizes = (100, 400, 1600, 6400)
    errors = [400, 200, 100, 50]  # half as many with four times as many labels
    right = curve("x", [1000 - n for n in errors], sizes)
    right |= curve("y", [600, 600, 600, 600], sizes)
    table = evaluate(tmp_path, right, sizes)["doubling"].set_index("variant")
    row = table.loc["x"]
    assert row["exponent"] == pytest.approx(-0.5)
    assert row["gain"] == pytest.approx(0.05 * (1 - 2**-0.5))
    assert 0 < row["gain_low"] < row["gain"] < row["gain_high"] < 0.03
    assert (row["labels"], row["doubled"], row["sizes"]) == (6400, 12800, 4)
    assert table.loc["y", ["exponent", "gain", "expected"]].isna().all()


def test_the_expected_score_is_the_last_one_and_the_gain(tmp_path):
    sizes = (100, 400, 1600, 6400)
    right = curve("x", [1000 - n for n in (400, 210, 95, 60)], sizes)  # the last one is off the law
    row = evaluate(tmp_path, right, sizes)["doubling"].iloc[0]
    assert row["expected"] == pytest.approx(0.94 + row["gain"])


def test_shares_that_are_the_same_subset_count_once(tmp_path):
    right = {("x", 0.01): 700, ("x", 0.02): 700, ("x", "all"): 800}
    runs = write(tmp_path / "runs", right)
    rows = [{"size": n, "labels": 3, "train": 2, "validation": 1} for n in (0.01, 0.02)]
    rows.append({"size": "all", "labels": 60, "train": 50, "validation": 10})
    (tmp_path / "sizes.json").write_text(json.dumps({"sizes": rows}))
    (tmp_path / "corpus.json").write_text(json.dumps({"classes": CLASSES}))
    call_options = {"corpus": tmp_path / "corpus.json", "sizes": tmp_path / "sizes.json"}
    call_options |= {"documents": Path(runs[0]) / "predictions.parquet"}
    argv = [f"--{k}={v}" for k, v in call_options.items()]
    argv += ["--titles", '{"x": "X"}', "--metric", "macro_f1", "--output", str(tmp_path / "t")]
    evaluate_sizes.main([*argv, "--runs", *runs])
    sizes = read_tables(tmp_path / "t")["sizes"]
    assert sizes["labels"].tolist() == [3, 60]
    assert sizes["metric"].unique().tolist() == ["macro_f1"]


def test_runs_with_other_test_documents_are_refused(tmp_path):
    runs = write(tmp_path / "a", {("x", "all"): 5}, documents=10)
    runs += write(tmp_path / "b", {("y", "all"): 5}, documents=12)
    with pytest.raises(UserError, match=r"y/seed-1/predictions.*: found other test documents"):
        evaluate_sizes.read_runs([*map(Path, runs)], CLASSES)


def test_documents_of_one_group_widen_the_intervals(tables, tmp_path):
    right = curve("x", [700, 720, 740, 760]) | curve("y", [500, 640, 840, 900])
    grouped = evaluate(tmp_path, right, groups=[str(n // 20) for n in range(1000)])
    widths = [
        [(table["high"] - table["low"]).to_numpy() for table in (of["sizes"], of["crossings"])]
        for of in (tables, grouped)
    ]
    for alone, wide in zip(*widths, strict=True):
        assert (wide > 2 * alone).all()
