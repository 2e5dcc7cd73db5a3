"""Maps of documents by the vectors of an encoder, on random vectors."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import ROOT

import evaluate_documents as evaluate
from seq2report.core.command import UserError, write_json
from seq2report.models.runs import write_digests

FORMULA = "=1+1 <b>\n"
TABLES = ("documents", "classes", "summary")


def write_corpus(folder, number=40):
    """Write features, documents and two runs: classes a and b have their own directions."""
    rng = np.random.default_rng(1)
    label = ["a", "b"] * (number // 2)
    vectors = rng.normal(0, 0.1, (number, 4)).astype("float32")
    vectors[np.arange(number), [0, 1] * (number // 2)] += 1
    rows = pl.DataFrame({"id": [f"d{n:02}" for n in range(number)], "label": label})
    rows = rows.with_columns(split=pl.Series(["train"] * 4 + ["test"] * (number - 4)))
    (folder / "features/sentences").mkdir(parents=True)
    rows.select("id", "split", "label").write_parquet(
        folder / "features/sentences/documents.parquet"
    )
    np.save(folder / "features/sentences/vectors.npy", vectors)
    rows.with_columns(text=pl.lit(FORMULA)).write_parquet(folder / "documents.parquet")
    test = rows[4:]
    for name, wrong, score in (("worse", 2, 0.8), ("better", 1, 0.9)):
        run = folder / f"runs/{name}/seed-1"
        run.mkdir(parents=True)

        answers = test["label"].to_list()
        answers[:wrong] = ["b"] * wrong
        test.select("id", predicted=pl.Series(answers)).write_parquet(run / "predictions.parquet")
        write_json(run / "metrics.json", {"accuracy": score, "macro_f1": 1 - score})
        write_digests(run)
    return folder


def run_evaluate(folder, *more):
    runs = [str(folder / f"runs/{name}/seed-1") for name in ("worse", "better")]
    evaluate.main(
        [
            *("--documents", str(folder / "documents.parquet"), *more),
            *("--features", str(folder / "features/sentences/documents.parquet"), *runs),
            *("--output", str(folder / "tables")),
        ]
    )
    return {name: pd.read_parquet(folder / f"tables/{name}.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def tables(corpus):
    return run_evaluate(corpus)


def test_the_documents_are_test_documents_with_the_answers_of_the_best_variant(tables):
    documents = tables["documents"]
    assert documents["id"].tolist() == [f"d{n:02}" for n in range(4, 40)]
    assert documents["label"].tolist() == ["a", "b"] * 18
    assert documents.loc[~documents["is_right"], ["id", "answer"]].to_numpy().tolist() == [
        ["d04", "b"]
    ]
    row = tables["summary"].iloc[0]
    assert (row["features"], row["variant"], row["drawn"], row["right"]) == (
        *("sentences", "better"),
        *(36, 35),
    )


def test_the_best_variant_is_that_of_the_metric_of_the_corpus(corpus):
    tables = run_evaluate(corpus, "--metric", "macro_f1")
    assert tables["summary"]["variant"].tolist() == ["worse"]


def test_neighbours_are_compared_in_the_full_space_and_with_chance(tables):
    row = tables["summary"].iloc[0]
    assert row["same_class"] == 1
    assert row["by_chance"] == pytest.approx(17 / 35)
    assert tables["classes"]["same_class"].tolist() == [1, 1]


def test_positions_are_within_the_frame_and_of_both_methods(tables):
    xy = tables["documents"][evaluate.OF_POSITIONS].to_numpy()
    assert np.abs(xy).max() == pytest.approx(1)
    assert (xy.std(axis=0) > 0).all()


def test_no_excerpt_is_a_formula_in_the_csv_file(corpus, tables):
    assert tables["documents"]["excerpt"].unique().tolist() == ["=1+1 <b>"]
    assert ",'=1+1 <b>" in (corpus / "tables/documents.csv").read_text()


def test_of_many_documents_as_many_of_each_class_are_drawn(corpus, monkeypatch):
    monkeypatch.setattr(evaluate, "DOCUMENTS", 20)
    tables = run_evaluate(corpus)
    assert tables["classes"][["test_documents", "drawn"]].to_numpy().tolist() == [[18, 10]] * 2
    again = run_evaluate(corpus)
    pd.testing.assert_frame_equal(tables["documents"], again["documents"])


def test_few_documents_have_no_positions(tmp_path):
    tables = run_evaluate(write_corpus(tmp_path, 10))
    assert len(tables["documents"]) == 6
    assert tables["documents"][evaluate.OF_POSITIONS].isna().all(axis=None)


def test_a_run_without_a_test_document_is_an_error_that_names_it(tmp_path):
    folder = write_corpus(tmp_path)
    file = folder / "runs/better/seed-1/predictions.parquet"
    pl.read_parquet(file)[1:].write_parquet(file)
    write_digests(file.parent)
    with pytest.raises(UserError, match=r"predictions\.parquet.*lacks the test document 'd04'"):
        run_evaluate(folder)


def test_the_notebook_shows_what_the_command_writes():
    notebook = (ROOT / "reports/documents.ipynb").read_text(encoding="utf-8")
    assert all(f'\\"{name}\\"' in notebook for name in TABLES)
