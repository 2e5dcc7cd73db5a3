"""Runs of answers from elsewhere, and ensembles and tables that have them."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import small_runs
from small_runs import GIVEN, IDS, LABELS, TITLES, evaluate, write

import evaluate_answers
import evaluate_labels
import read_predictions
import train_ensemble
from seq2report.answers.predictor import load, training_summary
from seq2report.core.command import UserError
from seq2report.models.runs import check_digests, write_run
from seq2report.report import (
    compared_page,
    comparison_page,
    outcome,
    practice_page,
    variant_page,
    verdict,
)

CLASSES = ["a", "b"]
SETTINGS = {"predictions": {"source": "mine", "cost": {"seconds": 900, "money": "$4"}}}
DOCUMENTS = pl.DataFrame(
    {
        "id": list("123456"),
        "text": ["one", "two", "three", "four", "five", "six"],
        "label": list("abbaab"),
        "split": ["test"] * 3 + ["validation"] * 2 + ["train"],
    }
)


@pytest.fixture
def corpus(tmp_path):
    DOCUMENTS.write_parquet(tmp_path / "documents.parquet")
    counts = [{"split": "test", "label": "a", "documents": 1}]
    about = {"title": "Tiny", "classes": CLASSES, "digest": "0", "counts": counts}
    (tmp_path / "corpus.json").write_text(json.dumps(about))
    return tmp_path


def read(folder, name, rows, settings=SETTINGS, ensembles=()):
    """Make a run of a table with these rows, id and label or a and b; return its folder."""
    columns = ["id", "label"] if len(rows[0]) == 2 else ["id", *CLASSES]
    table = folder / f"{name}.csv"
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(table)
    run = folder / f"runs/{name}/seed-1"
    inputs = {"corpus": folder / "corpus.json", "documents": folder / "documents.parquet"}
    argv = ["--ensembles", *ensembles] if ensembles else []
    options = {**inputs, "table": table, "settings": json.dumps(settings), "seed": 1}
    options["output"] = run
    read_predictions.main(argv + [str(x) for k, v in options.items() for x in (f"--{k}", v)])
    return run


LABELLED = [("1", "a"), ("2", "a"), ("3", "b")]
SURE = [("1", 0.9, 0.1), ("2", 0.6, 0.4), ("3", 0.2, 0.8)]
WATCHED = [("4", 0.7, 0.3), ("5", 0.4, 0.6)]


def test_a_run_has_the_files_of_every_run(corpus):
    run = read(corpus, "all", SURE + WATCHED)
    assert {path.name for path in run.iterdir()} == {
        *("metrics.json", "predictions.parquet", "history.csv", "validation.parquet"),
        *("run.json", "SHA256SUMS"),
    }
    check_digests(run)
    table = pl.read_parquet(run / "predictions.parquet")
    assert table["predicted"].to_list() == ["a", "a", "b"]
    assert table["p_a"].to_list() == pytest.approx([0.9, 0.6, 0.2])
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["accuracy"], metrics["val_accuracy"]) == (pytest.approx(2 / 3), 0.5)
    assert (metrics["cost_seconds"], metrics["cost_money"]) == (900, "$4")
    unknown = ("fit_cpu_seconds", "predict_seconds", "parameters", "peak_memory_mb", "device")
    assert [metrics[name] for name in unknown] == [None] * 5
    assert json.loads((run / "run.json").read_text())["settings"] == SETTINGS


def test_labels_have_no_probabilities_and_no_loss(corpus):
    run = read(corpus, "labels", LABELLED, {"predictions": {"source": "mine"}})
    assert pl.read_parquet(run / "predictions.parquet").columns == ["id", "label", "predicted"]
    assert pl.read_parquet(run / "validation.parquet").height == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["loss"], metrics["val_accuracy"], metrics["cost_money"]) == (None,) * 3


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize(
    ("rows", "method", "message"),
    [
        (LABELLED, "vote", "an ensemble has this variant .* found|labels without probabilities"),
        (SURE, "stack", "no answers for the validation documents, with which 'stack'"),
    ],
)
def test_answers_that_an_ensemble_cannot_use_are_refused_when_they_are_read(
    corpus, rows, method, message
):
    with pytest.raises(UserError, match=message):
        read(corpus, "member", rows, ensembles=[method])
    assert not (corpus / "runs").exists()


def ensemble(folder, method, *runs):
    run = folder / f"runs/{method}/seed-1"
    argv = ["--runs", *map(str, runs), "--method", method, "--seed", "1", "--output", str(run)]
    train_ensemble.main(argv)
    return run


def test_answers_are_members_of_ensembles_as_far_as_they_go(corpus):
    first, watched = read(corpus, "first", SURE), read(corpus, "watched", SURE + WATCHED)
    run = ensemble(corpus, "vote", first, watched)
    table = pl.read_parquet(run / "predictions.parquet")
    assert table["p_a"].to_list() == pytest.approx([0.9, 0.6, 0.2])
    assert pl.read_parquet(run / "validation.parquet").height == 0
    metrics = json.loads((run / "metrics.json").read_text())
    unknown = ("val_accuracy", "fit_cpu_seconds", "parameters", "peak_memory_mb")
    assert [metrics[name] for name in unknown] == [None] * 4
    other = read(corpus, "other", SURE + WATCHED)
    assert ensemble(corpus, "stack", watched, other).is_dir()
    with pytest.raises(UserError, match="found no answers for the validation documents"):
        ensemble(corpus, "stack", first, watched)
    with pytest.raises(UserError, match="labels without probabilities"):
        ensemble(corpus, "vote", read(corpus, "labels", LABELLED), first)


@pytest.mark.parametrize("use", [load, training_summary])
def test_a_run_without_a_model_is_refused_in_one_line(corpus, use):
    run = read(corpus, "first", SURE)
    for folder in (run, ensemble(corpus, "vote", run, read(corpus, "other", SURE))):
        with pytest.raises(UserError) as error:
            use(folder)
        assert "its answers come from elsewhere, so it has no model" in str(error.value)
        assert "\n" not in str(error.value)


def test_labels_are_described_and_their_mistakes_shown_without_words(corpus):
    runs = [read(corpus, "labels", [("1", "b"), ("2", "a"), ("3", "a")]), read(corpus, "p", SURE)]
    runs.append(ensemble(corpus, "vote", runs[1], read(corpus, "q", SURE)))
    argv = ["--documents", str(corpus / "documents.parquet"), "--runs", *map(str, runs)]
    evaluate_answers.main([*argv, "--output", str(corpus / "answers")])
    tables = {n: pd.read_parquet(corpus / f"answers/{n}.parquet") for n in ("documents", "layers")}
    shown = tables["documents"].set_index("variant")
    assert shown.loc["labels", "label"].tolist() == ["a", "b", "b"]  # each class in turn
    assert shown.loc["labels", "probability"].isna().all()
    assert shown["words"].isna().all()
    assert tables["layers"].groupby("variant")["name"].last().tolist() == [
        *("Answers from elsewhere", "Answers from elsewhere", "vote")
    ]
    assert pd.read_parquet(corpus / "answers/words.parquet").empty
    argv = ["--documents", str(corpus / "documents.parquet"), "--runs", *map(str, runs[:1])]
    evaluate_labels.main([*argv, "--output", str(corpus / "suspects")])
    assert pd.read_parquet(corpus / "suspects/labels.parquet").empty


@pytest.fixture
def compared(tmp_path, monkeypatch):
    """The tables of two seeds of a trained variant, and of one run of answers that are labels."""
    monkeypatch.setitem(TITLES, "told", "Labels of a person")
    runs = [write(tmp_path, "svm", seed, GIVEN["svm", seed]) for seed in (1, 2)]
    run = tmp_path / "told/seed-1"
    run.mkdir(parents=True)
    test = pl.DataFrame({"id": IDS, "label": LABELS})
    answers = np.array([0] * 6 + [1] * 4)
    facts = dict.fromkeys(["fit_seconds", "fit_cpu_seconds", "predict_seconds", "peak_memory_mb"])
    facts |= dict.fromkeys([*read_predictions.UNKNOWN])
    facts |= {"kind": "predictions", "seed": 1, "cost_seconds": 60, "cost_money": "$4 <b>"}
    write_run(run, (test, answers), (test[:0], answers[:0]), small_runs.CLASSES, [], facts)
    tables = evaluate(tmp_path, [*runs, str(run)])
    return {path.stem: pd.read_parquet(path) for path in tables.glob("*.parquet")}


def test_one_run_of_labels_stands_beside_two_seeds(compared):
    told, svm = compared["variants"].to_dict("records")
    assert (told["variant"], told["accuracy"], told["runs"], told["seeds"]) == ("told", 1, 1, "1")
    assert (told["cost_seconds"], told["cost_money"]) == (60, "$4 <b>")
    assert pd.isna([svm["cost_seconds"], svm["cost_money"]]).all()
    unknown = ["ece", "brier", "loss", "fit_cpu_seconds", "ms_per_document", "accuracy_sd"]
    assert [told[name] for name in unknown] == [pytest.approx(np.nan, nan_ok=True)] * 6
    assert (told["pareto"], svm["pareto"]) == (False, True)
    assert set(compared["calibration"]["variant"]) == {"svm"}
    assert set(compared["selective"]["variant"]) == {"svm"}
    pair = compared["comparisons"].set_index("variant_a").loc["told"]
    assert pair["difference"] == pytest.approx(0.05)
    assert 0 < pair["p"] < 1


def test_the_best_may_come_from_elsewhere_but_the_cheapest_is_measured(compared):
    chosen = compared["recommendation"].set_index("recommendation")["variant"]
    assert chosen["best"] == "told"
    assert "cheapest within one point" not in chosen  # no other one is within one point
    assert chosen["fastest"] == "svm"


def test_pages_say_what_was_not_measured(compared):
    variants = compared["variants"]
    cost = compared_page.cost_table("tiny", variants).data
    assert "stated cost: as the configuration states it, not measured" in cost
    assert "60 s, $4 &lt;b&gt;" in cost
    assert "means over the seeds 1, 2; fixed answers from elsewhere without seeds" in cost
    left_out = compared_page.without_probabilities(variants).data
    assert left_out.endswith("labels without probabilities: Labels of a person.</p>")
    assert "An SVM" in compared_page.reliability(compared).data
    for draw in (compared_page.reliability, compared_page.selective):
        assert "Labels of a person" not in draw(compared).data
    assert "Labels of a person" not in compared_page.calibration_table("tiny", variants).data
    assert "not measured, because answers" in comparison_page.variants_table("t", compared).data
    figure = comparison_page.cost_figure(compared).data
    assert "training: An SVM 95.0% in 6.0 s. Pareto front: An SVM" in figure
    about = pd.DataFrame([(a, b) for a in "ab" for b in outcome.SPLITS], columns=["label", "split"])
    compared["classes"] = about.assign(documents=9)
    assert "nan" not in outcome.outcome(compared).data + outcome.checks(compared).data
    for shown in (outcome.outcome(compared).data, verdict.card(compared).data):
        assert "nan" not in shown.partition("<figure")[0]
    assert "elsewhere, with the stated cost 60 s, $4 &lt;b&gt;." in verdict.card(compared).data
    assert list(practice_page.usage("news", compared, "results/a/report/tables")) == []


def test_without_any_probabilities_there_is_no_calibration(compared):
    told = {n: t[t["variant"] == "told"] for n, t in compared.items() if "variant" in t}
    for draw in (compared_page.reliability, compared_page.selective):
        assert draw(told).data == ""
    assert compared_page.calibration_table("tiny", told["variants"]).data == ""
    assert "fixed answers from elsewhere" in outcome.circumstances(told["variants"])
    documents = pd.DataFrame(
        {"id": ["1"], "kind": "mistake", "label": "a", "answer": "b", "excerpt": "one"}
    ).assign(probability=np.nan, words=pd.Series([pd.NA], dtype="Int64"))
    answers = {"documents": documents, "cells": documents}
    html = "".join(s.data for s in variant_page.sections(told | answers, "tiny"))
    assert "Calibration, the reliability diagram and the accuracy by confidence are" in html
    assert "Answers from elsewhere have no model here" in html
    assert "1. The label is a, the answer b.<" in html
    summary = variant_page.summary(compared, "told").data
    assert (
        "fixed answers from elsewhere; cost stated in the configuration: 60 s, $4 &lt;b&gt;"
        in summary
    )
