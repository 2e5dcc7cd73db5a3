"""A corpus of everything that is strange and allowed, from the table to the figures."""

import csv

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import call, outputs_of_read
from networks import no_xla

import encode
import encode_features
import evaluate_corpus
import evaluate_duplicates
import evaluate_labels
import evaluate_runs
import read
import train_network
import train_pipeline

bad = pytest.mark.reliability("Bad corpora")
STRANGE = [
    *("a/b\\c", "..", "__proto__", "-rf", "Case", "case", "two\nlines", "<script>", "NA"),
    *("💥 \"quoted\" 'name'", "long " * 200, "=1+1", "p_Case"),
]
COLUMNS = {"text": "t", "label": "l", "id": "i"}
FIT = {"optimizer": "rmsprop", "batch_size": 8, "epochs": 1, "class_weight": "balanced"}
WORDS = {"encoding": "words", "form": "sequence", "padding": "pre", "truncating": "pre"}
WORDS |= {"trainable": True, "dimensions": 4, "length": 6}


def network(given, *layers):
    return {"input": given, "layers": list(layers), "fit": FIT}


NETWORKS = {
    "lstm": network(WORDS, {"LSTM": {"units": 3}}),
    "convolution": network(
        WORDS, {"Conv1D": {"filters": 3, "kernel_size": 2}}, {"GlobalMaxPooling1D": {}}
    ),
    "multihot": network({"encoding": "words", "form": "multihot"}, {"Dense": {"units": 3}}),
    "features": network({"form": "features", "features": "words"}, {"Dense": {"units": 3}}),
}
PIPELINES = {
    "svm": [{"TfidfVectorizer": {}}, {"LinearSVC": {"class_weight": "balanced"}}],
    "bayes": [{"CountVectorizer": {}}, {"MultinomialNB": {}}],
    "nb_svm": [{"CountVectorizer": {"binary": True}}, {"NaiveBayesSVC": {}}],
}


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """A folder with what read and encode make of documents of the classes of `STRANGE`.

    Every class has an empty document and one of signs; one has a document of a million words, and
    one has one document in all.
    """
    folder = tmp_path_factory.mktemp("strange")
    rows = []
    for n, label in enumerate(STRANGE):
        texts = ["", "?! ...", *(f'word{n} und "more", word\u0301 {m}\t=SUM(A1)' for m in range(8))]
        rows += [(text, label, f"../{n}/{m} '\"") for m, text in enumerate(texts)]
    rows.append(("million " * 1_000_000, STRANGE[0], "the longest"))
    rows.append(("alone", "one document", "the only one"))
    table = folder / "t.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(["tli", *rows])
    split = {"test": 0.2, "validation": 0.2, "seed": 1, "stratify": True}
    settings = {"title": "T", "format": "table", "columns": COLUMNS, "split": split}
    call(read, archive=table, settings=settings, **outputs_of_read(folder))
    documents = folder / "documents.parquet"
    words = {"num_words": 100, "fit": "train"}
    call(encode, documents=documents, settings=words, output=folder / "words")
    steps = {"steps": [{"TfidfVectorizer": {"min_df": 2}}]}
    call(encode_features, documents=documents, settings=steps, seed=1, output=folder / "features")
    return folder


@no_xla()
def trained(folder, name):
    """Return the folder of a run."""
    output, known = folder / f"runs/{name}/seed-1", {"corpus": folder / "corpus.json", "seed": 1}
    if name in PIPELINES:
        settings, files, script = {"pipeline": PIPELINES[name]}, "documents.parquet", train_pipeline
    else:
        settings, script = NETWORKS[name], train_network
        files = "features/documents.parquet" if name == "features" else "words/sequences.parquet"
    call(script, documents=folder / files, settings=settings, output=output, **known)
    return output


@bad
def test_strange_names_of_classes_and_documents_stay_as_they_are(strange):
    documents = pl.read_parquet(strange / "documents.parquet")
    assert set(documents["label"]) == {*STRANGE, "one document"}
    assert documents.filter(label="Case").height == documents.filter(label="case").height == 10
    assert "../3/7 '\"" in documents["id"]


@bad
def test_a_class_with_one_document_is_trained_on(strange):
    documents = pl.read_parquet(strange / "documents.parquet")
    assert documents.filter(label="one document")["split"].to_list() == ["train"]


@bad
def test_a_document_of_a_million_words_is_read_whole(strange):
    sequences = pl.read_parquet(strange / "words/sequences.parquet")
    documents = pl.read_parquet(strange / "documents.parquet")
    assert documents.filter(id="the longest")["text"].str.len_chars().item() == 8_000_000
    longest = sequences.filter(id="the longest")
    assert longest["split"].item() == "train"  # of another split, no word is in the vocabulary
    assert longest["length"].item() == 1_000_000


@bad
@pytest.mark.parametrize("name", [*NETWORKS, *PIPELINES])
def test_empty_documents_strange_classes_and_a_million_words_are_trained_on_and_predicted(
    strange, name
):
    run = trained(strange, name)
    predictions = pl.read_parquet(run / "predictions.parquet")
    test = pl.read_parquet(strange / "documents.parquet").filter(split="test")
    assert predictions["id"].to_list() == test["id"].to_list()
    assert (test["text"] == "").any()
    probabilities = predictions[:, 3:].to_numpy()
    assert probabilities.shape[1] == len(STRANGE) + 1
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)


@bad
def test_the_figures_of_strange_classes_are_reported_by_their_names(strange, tmp_path):
    runs = [strange / f"runs/{name}/seed-1" for name in ("svm", "lstm")]
    for run in runs:
        if not run.exists():
            trained(strange, run.parent.name)
    documents = strange / "documents.parquet"
    duplicates = tmp_path / "d.parquet"
    call(evaluate_duplicates, documents=documents, duplicates=duplicates, output=tmp_path / "d")
    evaluate_runs.main(
        [
            *("--corpus", str(strange / "corpus.json"), "--documents", str(documents)),
            *("--confidence", "0.9"),
            *("--circumstances", '{"corpus": "A", "split": "s", "header": "none"}'),
            *("--titles", '{"svm": "SVM", "lstm": "LSTM"}', "--duplicates", str(duplicates)),
            *("--runs", *map(str, runs), "--output", str(tmp_path / "runs")),
        ]
    )
    per_class = pd.read_parquet(tmp_path / "runs/per_class.parquet")
    assert set(per_class["label"]) == {*STRANGE, "one document"}
    evaluate_labels.main(
        [
            *("--documents", str(documents), "--runs", *map(str, runs)),
            *("--output", str(tmp_path / "labels")),
        ]
    )
    call(
        evaluate_corpus,
        title="Tiny",
        corpus=strange / "corpus.json",
        documents=documents,
        vocabulary=strange / "words/vocabulary.parquet",
        encoding=strange / "words/encoding.json",
        sequences=strange / "words/sequences.parquet",
        readers=[{"length": 6, "padding": "pre", "truncating": "pre"}],
        output=tmp_path / "corpus",
    )
    examples = pd.read_parquet(tmp_path / "corpus/examples.parquet")
    assert set(examples["label"]) == {*STRANGE, "one document"}
