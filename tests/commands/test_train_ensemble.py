import json
import math
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

import train_ensemble
from seq2report.core.command import UserError
from seq2report.models.ensembles import (
    METHODS,
    equal_weights,
    logarithms,
    pool_loss,
    stack,
    stacking_weights,
    succession,
    vote,
)
from seq2report.models.runs import HISTORY_COLUMNS, write_digests, write_run

CLASSES = ["a", "b", "c"]
ONE = [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]]
OTHER = [[0.2, 0.2, 0.6], [0.4, 0.5, 0.1]]
BOTH = np.array([ONE, OTHER])


def test_a_vote_is_the_mean_of_the_members():
    weights = equal_weights(BOTH, np.array([0, 1]))
    assert weights.tolist() == [0.5, 0.5]
    np.testing.assert_allclose(vote(BOTH, weights), [[0.4, 0.25, 0.35], [0.3, 0.5, 0.2]])


def test_a_stack_is_the_product_of_powers_made_to_sum_to_one():
    powers = [0.6**2 * 0.2**0.5, 0.3**2 * 0.2**0.5, 0.1**2 * 0.6**0.5]
    found = stack(BOTH, np.array([2, 0.5]))
    np.testing.assert_allclose(found[0], np.array(powers) / sum(powers))
    np.testing.assert_allclose(stack(BOTH, np.array([1, 0])), ONE)
    np.testing.assert_allclose(stack(BOTH, np.array([0, 0])), np.full((2, 3), 1 / 3))


def test_the_loss_of_a_pool_is_its_log_loss():
    loss, _ = pool_loss(np.array([1.0, 0.0]), BOTH, np.array([0, 2]))
    assert loss == pytest.approx(-(math.log(0.6) + math.log(0.3)) / 2)


def guesses(seed, sureness, documents=200):
    """Return class numbers, and a member a sureness: how far it leans to the true class."""
    random = np.random.default_rng(seed)
    truth = random.integers(3, size=documents)
    leaning = np.array(sureness)[:, None, None] * np.eye(3)[truth]
    logits = leaning + random.normal(size=(len(sureness), documents, 3))
    return truth, np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)


SEEDS = st.integers(0, 2**32 - 1)
SURENESS = st.lists(st.floats(0, 3), min_size=2, max_size=4)
WEIGHTS = st.lists(st.floats(0, 5), min_size=2, max_size=4)


@given(SEEDS, WEIGHTS)
def test_the_gradient_is_the_numerical_one(seed, weights):
    truth, probability = guesses(seed, [1.0] * len(weights), 20)
    weights = np.array(weights)
    expected = approx_fprime(weights, lambda w: pool_loss(w, probability, truth)[0], 1e-6)
    np.testing.assert_allclose(pool_loss(weights, probability, truth)[1], expected, atol=1e-4)


@given(SEEDS, SURENESS, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_members_in_another_order_have_their_weights_in_that_order(seed, sureness, shuffled):
    truth, probability = guesses(seed, sureness)
    order = list(range(len(sureness)))
    shuffled.shuffle(order)
    weights = stacking_weights(probability, truth)
    assert (weights >= 0).all()
    np.testing.assert_allclose(
        stacking_weights(probability[order], truth), weights[order], atol=1e-3
    )


@given(SEEDS, WEIGHTS)
def test_probabilities_are_between_0_and_1_and_sum_to_1(seed, weights):
    probability = np.random.default_rng(seed).dirichlet(np.full(4, 0.02), (len(weights), 9))
    for pooled in (
        vote(probability, equal_weights(probability, np.zeros(9, int))),
        stack(probability, np.array(weights)),
    ):
        assert pooled.shape == (9, 4)
        assert ((pooled >= 0) & (pooled <= 1 + 1e-12)).all()
        np.testing.assert_allclose(pooled.sum(axis=1), 1)


@given(SEEDS, SURENESS)
def test_no_weights_near_those_of_a_stack_have_a_lower_loss(seed, sureness):
    truth, probability = guesses(seed, sureness)
    weights = stacking_weights(probability, truth)
    assume(succession(stack(probability, weights), truth) is None)  # then, there is no minimum
    lowest, _ = pool_loss(weights, probability, truth)
    for step in np.random.default_rng(seed).normal(scale=0.05, size=(20, len(weights))):
        assert pool_loss((weights + step).clip(0), probability, truth)[0] > lowest - 5e-5
    assert lowest <= pool_loss(equal_weights(probability, truth), probability, truth)[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_memory_of_an_ensemble_grows_with_single_precision(method):
    """With thousands of classes, the probabilities of the members are most of it."""
    p = np.random.default_rng(1).dirichlet(np.ones(500), (12, 200)).astype(np.float32)
    fit, predict = METHODS[method]
    tracemalloc.start()
    pooled = predict(p, fit(p, np.arange(200)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pooled.dtype == np.float64
    assert peak < p.nbytes  # a copy in double precision alone would be twice as much


def test_a_stack_leans_on_the_better_member_and_not_on_noise():
    truth, probability = guesses(1, [2.5, 1.0, 0.0], 20_000)
    better, worse, noise = stacking_weights(probability, truth)
    assert better > 1.5 * worse > 0.5
    assert noise < 0.05


def test_a_stack_without_a_mistake_is_no_surer_than_so_many_documents_allow():
    truth = np.arange(30) % 2
    sure = np.random.default_rng(1).uniform(0.55, 0.95, (2, 30))
    true = np.eye(2)[truth]
    probability = true * sure[..., None] + (1 - true) * (1 - sure[..., None])
    pooled = stack(probability, stacking_weights(probability, truth))
    assert np.median(pooled.max(axis=1)) == pytest.approx(31 / 32, abs=1e-3)


@pytest.mark.parametrize("sure", [0.6, 0.99])
def test_a_stack_of_members_that_all_mislead_still_ranks_the_classes_as_they_do(sure):
    misled = np.array([[[1 - sure, sure]] * 2] * 3)  # the true class is the first
    weights = stacking_weights(misled, np.array([0, 0]))
    pooled = stack(misled, weights)
    assert (pooled.astype(np.float32)[:, 0] < pooled.astype(np.float32)[:, 1]).all()
    np.testing.assert_allclose(pooled, 0.5, atol=1e-3)  # and says that it is not sure


def test_a_stack_that_decides_nothing_in_the_validation_documents_stays_finite():
    truth, probability = np.zeros(5, int), np.full((2, 5, 2), 0.5)
    probability[0, 0] = 0.6, 0.4
    weights = stacking_weights(probability, truth)
    assert (weights < 1e6).all()


def test_a_certain_mistake_of_a_member_does_not_end_a_stack():
    truth, probability = guesses(1, [2.0, 2.0])
    probability[1, 0] = np.roll(np.eye(3)[truth[0]], 1)
    assert np.isfinite(logarithms(probability)).all()
    weights = stacking_weights(probability, truth)
    assert np.isfinite(weights).all()
    assert weights[1] < weights[0]


FACTS = {
    "kind": "pipeline",
    "seed": 7,
    "fitted_documents": 60,
    "parameters": 30,
    "frozen_parameters": 10,
    "fit_seconds": 2.0,
    "fit_cpu_seconds": 4.0,
    "predict_seconds": 0.5,
    "predict_cpu_seconds": 0.25,
    "threads": 1,
    "device": "CPU",
}


def write_member(folder, validation, test, labels=("a", "b"), classes=CLASSES, **facts):
    """Write a run folder with the probabilities of two validation and two test documents."""
    folder.mkdir(parents=True)
    told = [
        (pl.DataFrame({"id": [f"{name} 1", f"{name} 2"], "label": labels}), np.array(p))
        for name, p in (("predictions", test), ("validation", validation))
    ]
    about = {"classes": classes, "corpus": {"title": "C"}, "versions": {}, "seq2report": "1"}
    (folder / "run.json").write_text(json.dumps(about))
    write_run(folder, *told, classes, [], FACTS | facts)
    return folder


def run_ensemble(output, *runs, method="vote"):
    train_ensemble.main(
        [
            *("--runs", *map(str, runs), "--method", method),
            *("--seed", "7", "--output", str(output)),
        ]
    )
    return json.loads((output / "metrics.json").read_text())


@pytest.fixture
def runs(tmp_path):
    """Runs of two members; the second is another in size and effort."""
    facts = {
        "parameters": 5,
        "frozen_parameters": 2,
        "fit_seconds": 1.0,
        "fitted_documents": 80,
        "device": "GPU",
    }
    return [
        write_member(tmp_path / "svm/seed-7", ONE, OTHER),
        write_member(tmp_path / "dense/seed-7", OTHER, ONE, **facts),
    ]


def test_a_run_of_an_ensemble_is_a_run_like_others(runs, tmp_path):
    output = tmp_path / "both/seed-7"
    metrics = run_ensemble(output, *runs)
    assert {path.name for path in output.iterdir()} == {
        "SHA256SUMS",
        "ensemble.json",
        "history.csv",
        "members",
        "metrics.json",
        "predictions.parquet",
        "run.json",
        "validation.parquet",
    }
    history = pd.read_csv(output / "history.csv")
    assert (len(history), history.columns.tolist()) == (0, HISTORY_COLUMNS)
    model = {"members": ["svm", "dense"], "weights": [0.5, 0.5], "method": "vote"}
    assert json.loads((output / "ensemble.json").read_text()) == model
    assert model.items() <= metrics.items()
    for name in ("predictions", "validation"):
        table, member = (pd.read_parquet(run / f"{name}.parquet") for run in (output, runs[0]))
        pd.testing.assert_frame_equal(table[["id", "label"]], member[["id", "label"]])
        assert table.dtypes.to_dict() == member.dtypes.to_dict()
        assert table["predicted"].tolist() == ["a", "b"]
        np.testing.assert_allclose(
            table.filter(like="p_"), [[0.4, 0.25, 0.35], [0.3, 0.5, 0.2]], rtol=1e-6
        )


def test_metrics_are_sums_over_the_members_and_the_most_of_one(runs, tmp_path):
    for folder, peak in zip(runs, (10**6, 10), strict=True):
        metrics = json.loads((folder / "metrics.json").read_text())
        (folder / "metrics.json").write_text(json.dumps(metrics | {"peak_memory_mb": peak}))
        write_digests(folder)
    metrics = run_ensemble(tmp_path / "both/seed-7", *runs)
    assert (metrics["kind"], metrics["seed"], metrics["parameters"]) == ("ensemble", 7, 35)
    assert metrics["frozen_parameters"] == 12
    assert metrics["fitted_documents"] == 80
    assert metrics["peak_memory_mb"] == 10**6
    assert metrics["device"] == "CPU, GPU"
    for key, members in (
        *(("fit_seconds", 3), ("fit_cpu_seconds", 8)),
        *(("predict_seconds", 1), ("predict_cpu_seconds", 0.5)),
    ):
        assert members <= metrics[key] < members + 5
    assert metrics["test_documents"] == 2
    assert metrics["loss"] == pytest.approx(-(math.log(0.4) + math.log(0.5)) / 2, rel=1e-6)


def test_validation_figures_are_of_the_validation_documents(tmp_path):
    wrong, right = [[0.1, 0.9, 0]] * 2, [[0.9, 0.1, 0], [0.1, 0.9, 0]]
    runs = [write_member(tmp_path / name / "seed-7", wrong, right) for name in ("x", "y")]
    metrics = run_ensemble(tmp_path / "both/seed-7", *runs)
    assert (metrics["val_accuracy"], metrics["accuracy"]) == (0.5, 1.0)
    assert metrics["val_loss"] == pytest.approx(-(math.log(0.1) + math.log(0.9)) / 2, rel=1e-6)


def test_test_documents_have_no_influence_on_the_weights(runs, tmp_path):
    first = run_ensemble(tmp_path / "first/seed-7", *runs, method="stack")
    for n, folder in enumerate(runs):
        table = pl.read_parquet(folder / "predictions.parquet")
        other = table.with_columns(label=pl.lit("c"), p_a=pl.lit(n, pl.Float32))
        other.write_parquet(folder / "predictions.parquet")
        write_digests(folder)
    again = run_ensemble(tmp_path / "again/seed-7", *runs, method="stack")
    assert first["weights"] == again["weights"] != [0.5, 0.5]
    assert first["loss"] != again["loss"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda table: table.reverse(), "documents in the same order"),
        (lambda table: table[:1], "documents in the same order"),
        (lambda table: table.with_columns(label=pl.lit("c")), "documents in the same order"),
        (lambda table: table.drop("p_c"), "classes"),
        (lambda table: table.rename({"p_c": "p_d"}), "classes"),
        (lambda table: table.select("id", "label", "predicted", "p_b", "p_a", "p_c"), "classes"),
    ],
)
@pytest.mark.parametrize("name", ["validation", "predictions"])
def test_members_predict_the_same_documents_and_classes(runs, tmp_path, change, expected, name):
    file = runs[1] / f"{name}.parquet"
    change(pl.read_parquet(file)).write_parquet(file)
    write_digests(runs[1])
    with pytest.raises(UserError) as refusal:
        run_ensemble(tmp_path / "both/seed-7", *runs)
    where = f"{runs[0] / name}.parquet and {file}: expected the same {expected} in both"
    assert str(refusal.value).startswith(where)
    assert not (tmp_path / "both").exists()
