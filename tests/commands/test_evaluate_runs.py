import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import f1_score, precision_recall_fscore_support
from small_runs import CLASSES, GIVEN, IDS, LABELS, TITLES, evaluate, write

import evaluate_runs
from seq2report.answers import metrics, statistics
from seq2report.answers.recommendation import recommend
from seq2report.core.command import UserError
from seq2report.models.runs import METRICS, write_digests, write_run


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The folder of tables made of six runs: a linear model and two networks, two seeds each."""
    folder = tmp_path_factory.mktemp("runs")
    orders = {1: IDS, 2: IDS[::-1]}  # of the documents, which is no matter
    runs = [
        write(folder, variant, seed, given, orders[seed])
        for (variant, seed), given in reversed(GIVEN.items())
    ]
    return evaluate(folder, runs)


def test_the_epochs_of_a_run_are_told_at_the_tenth_at_best_and_at_last():
    accuracy = [0.3] * 9 + [0.5, 0.8, 0.7]
    seconds = [30.0] + [2.0] * 11
    history = pd.DataFrame({"epoch": range(1, 13), "val_accuracy": accuracy, "seconds": seconds})
    told = evaluate_runs.curve(history)
    assert list(told.values()) == [0.5, 0.8, 0.7, 2.0]
    assert np.isnan(evaluate_runs.curve(history[:9])["val_accuracy_at_10"])
    assert np.isnan(list(evaluate_runs.curve(history[:0]).values())).all()


def read(tables, name):
    return pd.read_parquet(tables / f"{name}.parquet")


def test_csv_and_parquet_hold_the_same(tables):
    names = {"runs", "variants", "history", "confusion", "per_class", "comparisons"}
    names |= {"calibration", "selective", "recommendation"}
    assert {path.name for path in tables.iterdir()} == {
        f"{name}.{ending}" for name in names for ending in ("csv", "parquet")
    }
    for name in names:
        found = pd.read_csv(tables / f"{name}.csv")
        pd.testing.assert_frame_equal(found, read(tables, name), check_dtype=False)


def test_a_row_a_run(tables):
    runs = read(tables, "runs").set_index(["variant", "seed"])
    assert runs["accuracy"].to_dict() == {
        ("svm", 1): 0.9,
        ("svm", 2): 1.0,
        ("lstm", 1): 0.7,
        ("lstm", 2): 0.6,
        ("lecture", 1): 1.0,
        ("lecture", 2): 1.0,
    }
    assert runs.loc["lstm", "title"].eq("An LSTM").all()
    assert runs.loc["lstm", "computed_by"].eq("GPU, XLA").all()
    assert runs.loc["lstm", "cudnn_lost"].eq("GRU (unroll: true)").all()
    assert runs["numpy_version"].eq(np.__version__).all()


def test_a_row_a_variant_with_means_over_seeds_best_first(tables):
    lecture, svm, lstm = read(tables, "variants").to_dict("records")
    assert (lecture["variant"], lecture["accuracy"]) == ("lecture", 1)
    assert (svm["variant"], svm["title"], svm["kind"]) == ("svm", "An SVM", "pipeline")
    assert (lstm["variant"], lstm["kind"], lstm["runs"]) == ("lstm", "network", 2)
    assert svm["accuracy"] == pytest.approx(0.95)
    assert svm["accuracy_sd"] == pytest.approx(0.05 * 2**0.5)  # n - 1 = 1 in the denominator
    scores = [f1_score(LABELS, list(GIVEN["svm", s]), average="macro") for s in (1, 2)]
    assert svm["macro_f1"] == pytest.approx(np.mean(scores))  # of the two classes with documents
    assert svm["macro_f1_sd"] == pytest.approx(np.std(scores, ddof=1))
    assert svm["fit_seconds"] == pytest.approx(3.0)
    assert svm["cpu_minutes"] == pytest.approx(0.1)
    assert svm["ms_per_document"] == pytest.approx(6.0)
    assert [row["rank"] for row in (lecture, svm, lstm)] == [1, 2, 3]
    assert svm["answered_classes"] == 2
    order = list(TITLES)  # as in the configuration
    assert [order[row["number"] - 1] for row in (lecture, svm, lstm)] == ["lecture", "svm", "lstm"]
    assert (svm["test_documents"], svm["parameters"], svm["fitted_documents"]) == (10, 30, 20)
    assert svm["frozen_parameters"] == 10


def test_the_members_of_an_ensemble_are_one_cell_each_way(tmp_path):
    test = pl.DataFrame({"id": ["1", "2"], "label": ["a", "b"]})
    run = tmp_path / "both/seed-1"
    run.mkdir(parents=True)
    facts = {"seed": 1, "members": ["svm", "lstm"], "weights": [1.5, 0.25]}
    told = (test, np.eye(3)[:2])
    write_run(run, told, told, CLASSES, [], facts)
    tables = evaluate_runs.read_run(run, {"both": "Both"})
    row = tables["runs"].iloc[0]
    assert (row["members"], row["weights"]) == ("svm, lstm", "1.5, 0.25")


def test_the_interval_is_that_of_the_metric(tables):
    _, svm, lstm = read(tables, "variants").to_dict("records")
    truth = np.array([CLASSES.index(label) for label in LABELS])
    for row in (svm, lstm):
        runs = [GIVEN[row["variant"], seed] for seed in (1, 2)]
        predicted = np.array([[CLASSES.index(label) for label in run] for run in runs])
        scores = (predicted == truth).mean(axis=1)
        expected = metrics.interval("accuracy", truth, predicted, scores)
        assert (row["low"], row["high"]) == pytest.approx(expected)


def test_the_cost_of_a_gpu_is_wall_clock_time(tmp_path):
    """Its own time is no CPU time."""
    run = Path(write(tmp_path, "lstm", 1, GIVEN["lstm", 1]))
    about = json.loads((run / "metrics.json").read_text())
    about |= {"device": "GPU", "fit_seconds": 500.0, "predict_seconds": 0.25}
    (run / "metrics.json").write_text(json.dumps(about))
    write_digests(run)
    (row,) = read(evaluate(tmp_path, [str(run)]), "variants").to_dict("records")
    assert (row["fit_cpu_seconds"], row["cpu_minutes"]) == (500, pytest.approx(500 / 60))
    assert row["ms_per_document"] == pytest.approx(25)


def test_every_figure_has_its_circumstances(tables):
    for row in read(tables, "variants").to_dict("records"):
        assert row["corpus"] == "Tiny"
        assert row["split"] == "random 80/20, seed 7"
        assert row["header"] == "cut"
        assert row["seeds"] == "1 2"


def test_documents_that_also_stand_in_training_are_left_out_of_the_accuracy_on_unseen_ones(tables):
    _, svm, lstm = read(tables, "variants").to_dict("records")
    assert svm["unseen_documents"] == 8
    assert svm["accuracy_unseen"] == pytest.approx((7 + 8) / 16)  # seed 1 is wrong in document 5
    assert lstm["accuracy_unseen"] == pytest.approx((5 + 5) / 16)
    assert svm["unseen_near_documents"] == 7
    assert svm["accuracy_unseen_near"] == pytest.approx((6 + 7) / 14)  # document 3 is near


def test_one_seed_says_nothing_of_seeds_and_no_document_may_be_unseen(tmp_path):
    runs = [write(tmp_path, "svm", 1, GIVEN["svm", 1])]
    (row,) = read(evaluate(tmp_path, runs, duplicates=IDS), "variants").to_dict("records")
    assert np.isnan(row["accuracy_sd"])
    assert np.isnan(row["accuracy_unseen"])
    assert (row["low"], row["high"]) == pytest.approx((0.5958, 0.9821), abs=1e-4)  # Wilson
    assert row["seeds"] == "1"


def test_groups_of_test_documents_change_intervals_and_tests(tables, tmp_path):
    runs = [write(tmp_path, *run, given) for run, given in GIVEN.items()]
    grouped = evaluate(tmp_path, runs, groups=[*"uuuuuvvvvv"])
    alone, wide = (
        [read(folder, name).set_index(key) for name, key in
         (("variants", "variant"), ("comparisons", ["variant_a", "variant_b"]))]
        for folder in (tables, grouped)
    )  # fmt: skip
    assert wide[0].loc["lstm", "low"] < alone[0].loc["lstm", "low"]
    assert alone[0].loc["lstm", "high"] < wide[0].loc["lstm", "high"]
    pair = ("svm", "lstm")
    assert alone[1].loc[pair, "difference"] == wide[1].loc[pair, "difference"]
    assert alone[1].loc[pair, "p"] < wide[1].loc[pair, "p"]


def test_runs_on_other_documents_are_refused(tmp_path):
    runs = [
        write(tmp_path, "svm", 1, GIVEN["svm", 1]),
        write(tmp_path, "lstm", 1, GIVEN["lstm", 1], IDS[:9]),
    ]
    with pytest.raises(UserError, match=r"lstm/seed-1/predictions.*: found other test docum"):
        evaluate(tmp_path, runs)


def test_each_variant_stands_against_each_other_one(tables):
    rows = read(tables, "comparisons").set_index(["variant_a", "variant_b"])
    order = ["lecture", "svm", "lstm"]
    assert rows.index.tolist() == [(a, b) for a in order for b in order if a != b]
    away = np.array([0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0])  # the svm's wrong answer, of one seed
    error = (0.005 + 0) / 2
    z2 = away.sum() ** 2 / ((away**2).sum() + 10**2 * error)
    freedom = ((away**2).sum() / 10**2 + error) ** 2 / error**2
    pair = rows.loc[("lecture", "svm")]
    assert pair["p"] == pytest.approx(2 * stats.t.sf(z2**0.5, freedom))
    assert pair["difference"] == pytest.approx(0.05)
    for a, b in rows.index:
        there, back = rows.loc[(a, b)], rows.loc[(b, a)]
        assert there["difference"] == -back["difference"]
        assert (there["low"], there["high"]) == (-back["high"], -back["low"])
        assert (there["p"], there["p_holm"]) == (back["p"], back["p_holm"])
    assert sorted(set(rows["p_holm"])) == pytest.approx(
        sorted(set(statistics.holm(rows["p"].drop_duplicates().to_numpy())))
    )
    assert (rows["verdict"] == "not distinguishable").tolist() == (rows["p_holm"] >= 0.05).tolist()
    assert rows.loc[("svm", "lstm"), ["title_a", "title_b"]].tolist() == ["An SVM", "An LSTM"]


def answered(truth, predicted, sure=0.5):
    predicted = np.array([predicted])
    sure = np.full(predicted.shape, sure)
    ids = np.arange(len(truth)).astype(str)
    return evaluate_runs.Answers(ids, np.array(truth), predicted, sure, np.array([0.5]))


@pytest.mark.parametrize("metric", METRICS)
def test_who_is_better_and_who_is_worse(metric):
    answers = {"svm": answered([0, 1] * 20, [0, 1] * 20), "lstm": answered([0, 1] * 20, [1] * 40)}
    runs = pd.DataFrame(
        {"variant": ["lstm", "svm"], "title": ["An LSTM", "An SVM"], metric: [0.5, 1.0]}
    )
    assert evaluate_runs.compare(answers, runs, metric)["verdict"].tolist() == ["better", "worse"]
    one = {"svm": answers["svm"]}
    assert evaluate_runs.compare(one, runs[1:], metric).empty


def test_how_sure_over_all_seeds(tables):
    svm = read(tables, "variants").set_index("variant").loc["svm"]
    assert svm["confidence"] == 0.9
    assert (svm["confident_share"], svm["confident_accuracy"]) == (0.1, 1)
    bins = read(tables, "calibration").set_index("variant").loc[["svm"]]
    (row,) = bins.to_dict("records")  # the second bin has one document only
    assert (row["documents"], row["accuracy"]) == (20, 19 / 20)
    assert row["confidence"] == pytest.approx(0.815)
    assert (row["low"], row["high"]) == pytest.approx(statistics.wilson(10, 10))
    of_seeds = [(9 * abs(right / 9 - 0.8) + 0.05) / 10 for right in (8, 9)]
    assert svm["ece"] == pytest.approx(np.mean(of_seeds))
    right, wrong = 0.2**2 + 2 * 0.1**2, 0.8**2 + 0.9**2 + 0.1**2
    sure = 0.05**2 + 2 * 0.025**2
    assert svm["brier"] == pytest.approx((17 * right + wrong + 2 * sure) / 20)
    selective = read(tables, "selective").set_index("variant").loc[["svm"]]
    assert selective[["coverage", "accuracy"]].to_numpy().tolist() == [[1, pytest.approx(0.95)]]


def test_curves_of_selective_accuracy_begin_at_thirty_documents():
    found = evaluate_runs.certainty({"v": answered([0] * 80, [0] * 80)}, 0.9)["selective"]
    assert found["coverage"].tolist() == pytest.approx(np.arange(8, 21) / 20)  # 32 documents


def test_errors_of_two_seeds_do_not_cancel_out():
    """One is right too often for its confidence, the other too rarely."""
    truth, sure = [0] * 10, np.full((2, 10), 0.8, np.float32)
    predicted = np.array([[0] * 9 + [1], [0] * 7 + [1] * 3])
    given = evaluate_runs.Answers(
        np.arange(10).astype(str), np.array(truth), predicted, sure, np.array([0.5, 0.5])
    )
    measures = evaluate_runs.certainty({"v": given}, 0.9)["measures"].loc["v"]
    assert measures["ece"] == pytest.approx(0.1)


def test_nothing_is_right_where_nothing_is_sure():
    measures = evaluate_runs.certainty({"v": answered([0], [0])}, 0.9)["measures"].loc["v"]
    assert measures["confident_share"] == 0
    assert np.isnan(measures["confident_accuracy"])


def test_what_was_chosen_by_the_answers_is_not_recommended(tables):
    variants = read(tables, "variants").set_index("variant")
    assert variants["protocol"].to_dict() == {
        "lecture": "lecture",
        "svm": "held out",
        "lstm": "held out",
    }
    assert variants["pareto"].to_dict() == {"lecture": False, "svm": True, "lstm": False}
    rows = read(tables, "recommendation").set_index("recommendation")
    assert rows["variant"].to_dict() == {
        "best": "svm",
        "to use": "svm",
        "cheapest within one point": "svm",
        "fastest within one point": "svm",
        "fastest": "lstm",
    }
    assert rows["accuracy"].tolist() == pytest.approx([0.95] * 4 + [0.65])


COSTS = pd.DataFrame(
    {
        "variant": ["a", "b", "c", "d"],
        "title": ["A", "B", "C", "D"],
        "protocol": "held out",
        "accuracy": 0.99,
        "answered_classes": 2,
        "score": [0.9, 0.895, 0.89, 0.88],
        "cpu_minutes": [4, 1.9, 5, 1],
        "ms_per_document": [8, 9, 3, 1.0],
    }
)
LEVEL = pd.DataFrame({"variant_a": list("bcd"), "variant_b": "a", "verdict": "not distinguishable"})


def test_the_cheapest_and_the_fastest_may_lack_one_point():
    recommended = recommend(COSTS, LEVEL)
    assert recommended["variant"].tolist() == ["a", "b", "b", "c", "d"]
    seen = recommend(COSTS.assign(protocol="lecture"), LEVEL)
    assert seen.empty
    assert list(seen) == list(recommended)


def test_a_variant_that_is_significantly_worse_is_not_the_one_to_use():
    worse = LEVEL.assign(verdict=["worse", *LEVEL["verdict"][1:]])
    rows = recommend(COSTS, worse).set_index("recommendation")["variant"]
    assert (rows["to use"], rows["cheapest within one point"]) == ("a", "b")


def test_a_variant_that_knows_one_class_only_is_recommended_only_if_it_is_the_best():
    majority = COSTS.assign(answered_classes=[2, 1, 2, 1])
    rows = recommend(majority, LEVEL).set_index("recommendation")["variant"]
    assert rows["to use"] == rows["cheapest within one point"] == "a"
    assert rows["fastest"] == "c"
    majority = majority.assign(answered_classes=[1, 2, 2, 2])
    assert recommend(majority, LEVEL)["variant"].tolist() == ["a", "b", "b", "c", "d"]


@pytest.mark.parametrize(
    ("times", "fastest"),
    [
        ([1.9, 1.0, 9, 9], "a"),  # a tie with the best
        ([2.0, 1.0, 9, 9], "b"),
        ([4.0, 1.9, 1.0, 9], "b"),  # of ties, the better one
        ([2.5, 1.9, 1.0, 9], "c"),  # which is not a tie with the best itself
        ([np.nan, 1.9, 1.0, 9], "b"),
    ],
)
def test_times_that_differ_by_less_than_a_factor_of_two_are_ties(times, fastest):
    rows = recommend(COSTS.assign(ms_per_document=times), LEVEL)
    rows = rows.set_index("recommendation")["variant"]
    assert rows["fastest within one point"] == fastest


def test_nothing_is_the_cheapest_or_the_fastest_without_measured_times():
    elsewhere = COSTS["variant"].isin(["a", "b", "c"])  # all within one point
    costs = ["cpu_minutes", "ms_per_document"]
    rows = recommend(COSTS.assign(**{name: COSTS[name].mask(elsewhere) for name in costs}), LEVEL)
    rows = rows.set_index("recommendation")["variant"]
    assert rows.to_dict() == {"best": "a", "to use": "a", "fastest": "d"}


def test_confusion_counts_the_pairs_of_classes_that_occur_over_all_seeds(tables):
    confusion = read(tables, "confusion")
    assert (confusion["documents"] > 0).all()
    counts = confusion.set_index(["variant", "label", "predicted"])["documents"]
    assert counts.groupby("variant").sum().to_dict() == dict.fromkeys(TITLES, 20)
    assert counts["svm"].to_dict() == {
        ("a", "a"): 11,
        ("a", "b"): 1,
        ("b", "b"): 8,
    }


def test_figures_of_each_class_are_those_of_scikit_learn_over_all_seeds(tables):
    table = read(tables, "per_class").set_index("variant")
    for variant in TITLES:
        given = [g for (name, _), run in GIVEN.items() if name == variant for g in run]
        expected = precision_recall_fscore_support(
            LABELS * 2, given, labels=CLASSES[:2], zero_division=0
        )
        rows = table.loc[variant]
        assert rows["label"].tolist() == CLASSES
        for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
            np.testing.assert_allclose(rows[name], [*values, np.nan])  # none is of class c
        assert rows["documents"].tolist() == [6, 4, 0]


def test_only_models_with_epochs_have_a_history(tables):
    history = read(tables, "history")
    assert set(history["variant"]) == {"lstm", "lecture"}
    history = history[history["variant"] == "lstm"]
    assert sorted(zip(history["seed"], history["epoch"], strict=True)) == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
    ]
    assert history["loss"].tolist() == (history["seed"] * 0.5).tolist()


def test_a_variant_that_was_chosen_has_its_candidates_and_the_price_of_the_search(tmp_path):
    choice = {"chosen": "svm_c_1", "candidates": 2, "search_cpu_seconds": 70.0}
    choice |= {"validation_documents": 12}
    runs = [write(tmp_path, *run, GIVEN[run]) for run in GIVEN if run[0] != "lecture"]
    for run in map(Path, runs[:2]):
        metrics = json.loads((run / "metrics.json").read_text())
        (run / "metrics.json").write_text(json.dumps(metrics | choice))
        (run / "candidates.csv").write_text("variant,val_accuracy\nsvm_c_1,0.9\nsvm_c_2,0.8\n")
        write_digests(run)
    tables = evaluate(tmp_path, runs)
    svm, lstm = read(tables, "variants").to_dict("records")
    assert {name: svm[name] for name in choice} == choice
    assert svm["fit_cpu_seconds"] == 6  # of the chosen one, whatever the others took
    assert all(pd.isna(lstm[name]) for name in choice)
    candidates = read(tables, "candidates")
    assert candidates["variant"].tolist() == ["svm", "svm"]
    assert candidates["candidate"].tolist() == ["svm_c_1", "svm_c_2"]
    assert set(read(tables, "comparisons")["variant_a"]) == {"svm", "lstm"}
