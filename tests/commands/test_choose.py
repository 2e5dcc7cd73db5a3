import json
import shutil

import numpy as np
import pandas as pd
import polars as pl
import pytest

import choose
from seq2report.answers.predictor import load, training_summary
from seq2report.core.command import UserError
from seq2report.models.runs import check_digests, write_digests, write_run

CLASSES = ["a", "b"]
VALIDATION, TEST = "ababababab", "abab"


def answers(labels, wrong, sureness=0.9):
    """Return documents and the probabilities of a model that is wrong on the first ones."""
    is_a = np.array([label == "a" for label in labels])
    is_a[:wrong] = ~is_a[:wrong]
    p = np.where(is_a, sureness, 1 - sureness)
    ids = [f"{len(labels)}/{n}" for n in range(len(labels))]
    return pl.DataFrame({"id": ids, "label": list(labels)}), np.stack([p, 1 - p], axis=1)


def write(runs, variant, seed, wrong, sureness=0.9, test_wrong=0):
    """Write a run that is wrong on so many validation and test documents."""
    run = runs / variant / f"seed-{seed}"
    run.mkdir(parents=True)
    corpus = {"title": "C", "documents": {"train": 30, "validation": 10, "test": 4}}
    about = {"variant": variant, "seed": seed, "classes": CLASSES, "corpus": corpus}
    about["settings"] = {"pipeline": []}
    (run / "run.json").write_text(json.dumps(about))
    (run / "model.skops").write_text(f"{variant} {seed}")
    facts = {"kind": "pipeline", "seed": seed, "fit_cpu_seconds": 2.0 * seed}
    write_run(
        run,
        answers(TEST, test_wrong, sureness),
        answers(VALIDATION, wrong, sureness),
        CLASSES,
        [],
        facts,
    )
    return run


def run_choose(runs, output, seed=1, by="val_accuracy"):
    """Return the content of run.json and metrics.json, and the candidates."""
    named = ["--runs", *map(str, runs), "--by", by, "--seed", str(seed), "--output", str(output)]
    choose.main(named)
    check_digests(output)
    parts = (json.loads((output / name).read_text()) for name in ("run.json", "metrics.json"))
    return *parts, pd.read_csv(output / "candidates.csv")


@pytest.fixture
def runs(tmp_path):
    """Three candidates with two seeds; ``best`` is not the best with every seed."""
    wrong = {("early", 1): 0, ("early", 2): 5, ("best", 1): 1, ("best", 2): 2}
    wrong |= {("late", 1): 4, ("late", 2): 4}
    return [
        write(tmp_path / "runs", *run, n, test_wrong=2 if run[0] == "best" else 0)
        for run, n in wrong.items()
    ]


def test_the_best_mean_over_the_seeds_is_chosen_for_every_seed(runs, tmp_path):
    for seed in (1, 2):
        output = tmp_path / f"family/seed-{seed}"
        about, _, candidates = run_choose(runs, output, seed)
        assert (output / "model.skops").read_text() == f"best {seed}"
        chosen = tmp_path / f"runs/best/seed-{seed}"
        files = {path.name for path in chosen.iterdir()}
        assert {path.name for path in output.iterdir()} == files | {"candidates.csv"}
        for name in ("predictions.parquet", "validation.parquet", "history.csv"):
            assert (output / name).read_bytes() == (chosen / name).read_bytes()
        assert (about["variant"], about["seed"]) == ("family", seed)
        assert about["chosen"] == {"variant": "best", "by": "val_accuracy", "candidates": 3}
        assert candidates["variant"].tolist() == ["best", "early", "late"]
        assert candidates["val_accuracy"].tolist() == pytest.approx([0.85, 0.75, 0.6])
        assert candidates["val_accuracy_sd"].tolist() == pytest.approx(
            [0.05 * 2**0.5, 0.3535534, 0]
        )


def test_the_figures_are_those_of_the_chosen_run_and_the_price_is_that_of_all(runs, tmp_path):
    _, metrics, candidates = run_choose(runs, tmp_path / "family/seed-2", 2)
    own = json.loads((tmp_path / "runs/best/seed-2/metrics.json").read_text())
    assert own.items() <= metrics.items()
    assert metrics["fit_cpu_seconds"] == 4
    assert candidates["fit_cpu_seconds"].tolist() == [3, 3, 3]
    assert candidates["search_cpu_seconds"].tolist() == [6, 6, 6]
    assert {key: metrics[key] for key in metrics.keys() - own.keys()} == {
        "chosen": "best",
        "candidates": 3,
        "search_cpu_seconds": 18,
        "validation_documents": 10,
    }


def test_test_documents_have_no_influence_on_the_choice(runs, tmp_path):
    """Also if they are answered at random, or best by another candidate, or not at all."""
    first = run_choose(runs, tmp_path / "first/seed-1")
    for n, run in enumerate(runs):
        table = pl.read_parquet(run / "predictions.parquet")
        permuted = table.with_columns(
            pl.Series(name, table[name].shuffle(seed=n)) for name in ("predicted", "p_a", "p_b")
        )
        permuted.write_parquet(run / "predictions.parquet")
        metrics = json.loads((run / "metrics.json").read_text())
        metrics |= {
            "accuracy": 0.1 * n,
            "balanced_accuracy": 0.1 * n,
            "macro_f1": 0.1 * n,
            "loss": n,
        }
        (run / "metrics.json").write_text(json.dumps(metrics))
        write_digests(run)
    again = run_choose(runs, tmp_path / "again/seed-1")
    assert again[0]["chosen"] == first[0]["chosen"]
    pd.testing.assert_frame_equal(again[2], first[2])
    for run in runs[:2]:  # of a candidate that is not chosen, they are not even there
        (run / "predictions.parquet").unlink()
    assert run_choose(runs, tmp_path / "third/seed-1")[0]["chosen"] == first[0]["chosen"]


def test_of_equal_candidates_the_lower_log_loss_is_chosen_then_the_first(tmp_path):
    runs = [
        write(tmp_path / "runs", name, 1, 2, sureness)
        for name, sureness in (("unsure", 0.6), ("z", 0.8), ("a", 0.8))
    ]
    about, _, candidates = run_choose(runs, tmp_path / "family/seed-1", by="val_macro_f1")
    assert candidates["variant"].tolist() == ["z", "a", "unsure"]
    assert about["chosen"]["by"] == "val_macro_f1"
    assert candidates["val_macro_f1_sd"].isna().all()


@pytest.mark.parametrize(("device", "of_device"), [("CPU", "cpu_seconds"), ("A GPU", "seconds")])
def test_features_that_all_candidates_read_are_paid_once(runs, tmp_path, device, of_device):
    times = {"fit_cpu_seconds": 500, "fit_seconds": 500}
    times |= {"features_cpu_seconds": 900, "features_seconds": 900}  # not those of the device
    times |= {f"fit_{of_device}": 101, f"features_{of_device}": 100, "device": device}
    for run in runs:
        for name, facts in (
            ("metrics.json", times),
            ("run.json", {"settings": {"input": {"features": "sentences"}}}),
        ):
            about = json.loads((run / name).read_text()) | facts
            (run / name).write_text(json.dumps(about))
        write_digests(run)
    _, metrics, candidates = run_choose(runs, tmp_path / "family/seed-1")
    assert candidates["search_cpu_seconds"].tolist() == [102] * 3  # with two seeds
    assert metrics["search_cpu_seconds"] == 106


def test_means_that_differ_by_rounding_only_are_equal():
    """Both have 259 of 300 right, in three seeds."""
    rows = [("more", right / 100, 0.5) for right in (93, 81, 85)]
    rows += [("lower", right / 100, 0.4) for right in (92, 82, 85)]
    scores = pd.DataFrame(rows, columns=["variant", "val_accuracy", "val_loss"])
    scores = scores.assign(features="", features_cpu_seconds=0, fit_cpu_seconds=1.0)
    table = choose.rank(scores, "val_accuracy")
    assert table["val_accuracy"].nunique() == 2
    assert table["variant"].tolist() == ["lower", "more"]


def test_a_hidden_file_in_a_candidate_is_passed_over(runs, tmp_path):
    for run in runs:
        (run / ".nfs01").write_text("of a network file system")
    run_choose(runs, tmp_path / "family/seed-1")
    assert not list(tmp_path.glob("family/seed-1/.*"))


@pytest.mark.parametrize("name", ["metrics.json", "model.skops", "predictions.parquet"])
def test_a_damaged_file_of_the_chosen_run_is_not_copied(runs, tmp_path, name):
    with (tmp_path / "runs/best/seed-1" / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(UserError, match=f"{name} is damaged"):
        run_choose(runs, tmp_path / "family/seed-1")
    assert not (tmp_path / "family").exists()


def test_a_chosen_run_is_used_like_any_other_from_its_folder_alone(trained, tmp_path):
    """Its candidates are a pipeline and networks on words and on features."""
    names = ("svm", "lstm", "ngrams")
    run_choose([trained / f"runs/{name}/seed-1" for name in names], tmp_path / "family/seed-1")
    about = json.loads((tmp_path / "family/seed-1/run.json").read_text())
    moved = shutil.move(tmp_path / "family/seed-1", tmp_path / "moved")
    chosen = trained / f"runs/{about['chosen']['variant']}/seed-1"
    texts = ["the moon", "a goal"]
    assert load(moved).predict(texts).tolist() == load(chosen).predict(texts).tolist()
    summary = training_summary(moved)
    assert summary.startswith("family, seed 1: trained on ")
    assert f"the best of 3 on the validation documents: {about['chosen']['variant']}" in summary
