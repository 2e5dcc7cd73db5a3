import json
from collections import Counter
from statistics import median

import pandas as pd
import polars as pl
import pytest

import evaluate_corpus
from seq2report.tokens import tokens

TABLES = {"corpus", "classes", "lengths", "words", "encoding", "examples", "coverage", "missing"}
COLUMNS = {
    "coverage": ["embedding", "dimensions", "words", "words_found", "tokens", "tokens_found"],
    "missing": ["embedding", "word", "count", "documents"],
}


def run_evaluate(output, corpus, documents, words, *embeddings):
    evaluate_corpus.main(
        [
            *("--corpus", str(corpus), "--documents", str(documents)),
            *("--vocabulary", str(words / "vocabulary.parquet")),
            *("--encoding", str(words / "encoding.json")),
            *("--coverage", *(str(folder / "coverage.json") for folder in embeddings)),
            *("--missing", *(str(folder / "missing.parquet") for folder in embeddings)),
            *("--output", str(output)),
        ]
    )
    return {name: pd.read_parquet(output / f"{name}.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def documents(tiny):
    rows = pl.read_parquet(tiny / "documents.parquet").to_dicts()
    return [row | {"words": tokens([row["text"]])[0].to_pylist()} for row in rows]


@pytest.fixture(scope="module")
def tables(tiny, tmp_path_factory):
    output = tmp_path_factory.mktemp("corpus") / "tables"
    corpus, read = tiny / "corpus.json", tiny / "documents.parquet"
    return run_evaluate(output, corpus, read, tiny / "words", tiny / "glove")


def test_documents_are_counted_by_class_and_by_length(tables, documents):
    rows = tables["classes"].set_index(["split", "label"])["documents"].to_dict()
    assert rows == Counter((d["split"], d["label"]) for d in documents)
    rows = tables["lengths"].set_index(["split", "words"])["documents"].to_dict()
    assert rows == Counter((d["split"], len(d["words"])) for d in documents)


def test_examples_are_the_training_documents_of_middling_length_a_class(tables, documents):
    examples = tables["examples"]
    train = {d["id"]: d for d in documents if d["split"] == "train"}
    assert examples.groupby("label")["id"].nunique().to_dict() == {
        "rec.sport.hockey": 1,
        "sci.space": 1,
    }
    for name, rows in examples.groupby("id"):
        label = train[name]["label"]
        lengths = [len(d["words"]) for d in train.values() if d["label"] == label]
        distances = [abs(length - median(lengths)) for length in lengths]
        assert abs(len(train[name]["words"]) - median(lengths)) == min(distances)
        assert rows["word"].tolist() == train[name]["words"][: evaluate_corpus.EXAMPLE_WORDS]
        assert rows["position"].tolist() == list(range(len(rows)))


def test_words_of_examples_have_the_ids_of_the_vocabulary(tables, tiny):
    words = pl.read_parquet(tiny / "words/vocabulary.parquet")
    ids = dict(zip(words["word"], words["id"], strict=True))
    found = tables["examples"]
    assert found["word_id"].fillna(0).tolist() == [ids.get(word, 0) for word in found["word"]]


def test_a_word_outside_the_vocabulary_gets_no_id():
    rows = {"id": ["1"], "text": ["a b a"], "label": ["x"], "split": ["train"]}
    words = pl.DataFrame({"id": [1], "word": ["a"]}, schema_overrides={"id": pl.Int32})
    found = evaluate_corpus.examples(pl.DataFrame(rows), words)
    assert found["word_id"].to_list() == [1, None, 1]


def test_row_groups_make_no_difference(tables, tiny, tmp_path):
    rows = pl.read_parquet(tiny / "documents.parquet")
    rows.write_parquet(tmp_path / "documents.parquet", row_group_size=7)
    corpus, read = tiny / "corpus.json", tmp_path / "documents.parquet"
    found = run_evaluate(tmp_path / "t", corpus, read, tiny / "words", tiny / "glove")
    for name in TABLES:
        pd.testing.assert_frame_equal(found[name], tables[name])


def test_coverage_and_missing_words_carry_the_name_of_the_embedding(tables, tiny):
    (row,) = tables["coverage"].to_dict("records")
    assert row == {"embedding": "glove", **json.loads((tiny / "glove/coverage.json").read_text())}
    missing = pl.read_parquet(tiny / "glove/missing.parquet")["word"].to_list()
    assert tables["missing"]["word"].tolist() == missing[: evaluate_corpus.TOP_WORDS]
    for name, columns in COLUMNS.items():
        assert tables[name].columns.tolist() == columns


def test_without_embeddings_both_tables_have_their_columns_and_no_rows(tiny, tmp_path):
    corpus, read = tiny / "corpus.json", tiny / "documents.parquet"
    tables = run_evaluate(tmp_path / "t", corpus, read, tiny / "words")
    for name, columns in COLUMNS.items():
        for table in (tables[name], pd.read_csv(tmp_path / f"t/{name}.csv")):
            assert (len(table), table.columns.tolist()) == (0, columns)


def test_unlabelled_documents_are_counted_and_never_an_example(tiny, tmp_path):
    documents = pl.read_parquet(tiny / "documents.parquet")
    extra = documents.head(3).with_columns(
        id=pl.concat_str(pl.lit("unlabelled/"), "id"),
        label=pl.lit(None, pl.String),
        split=pl.lit("unlabelled"),
    )
    pl.concat([documents, extra]).write_parquet(tmp_path / "documents.parquet")
    corpus = json.loads((tiny / "corpus.json").read_text())
    corpus["counts"].append({"split": "unlabelled", "label": None, "documents": 3})
    (tmp_path / "corpus.json").write_text(json.dumps(corpus))
    tables = run_evaluate(
        *(tmp_path / "t", tmp_path / "corpus.json", tmp_path / "documents.parquet"), tiny / "words"
    )
    classes = tables["classes"].set_index("split").loc["unlabelled"]
    assert (classes["documents"], pd.isna(classes["label"])) == (3, True)
    lengths = tables["lengths"].query("split == 'unlabelled'")
    assert lengths["documents"].sum() == 3
    assert not tables["examples"]["id"].str.startswith("unlabelled").any()
