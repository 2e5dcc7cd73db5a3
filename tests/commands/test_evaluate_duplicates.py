import pandas as pd
import polars as pl
import pytest
from helpers import call

import evaluate_duplicates

SCHEMA = {"id": pl.String, "text": pl.String, "label": pl.String, "split": pl.String}
WORDS = [f"w{n}" for n in range(30)]
ROWS = [
    ("a/1", "the same text", "a", "train"),
    ("a/2", "the same\n\ntext ", "a", "test"),
    ("a/3", "something else", "a", "validation"),
    ("a/4", " \n\t", "a", "train"),
    ("b/1", "\tthe  same text", "b", "train"),
    ("b/2", "something\nelse", "b", "test"),
    ("b/3", "", "b", "test"),
    ("b/4", "Something else", "b", "test"),
    ("u/1", "something else", None, "unlabelled"),
    ("v/1", " ".join([*WORDS, "<b>the", "end"]), "a", "test"),
    ("v/2", " ".join([*WORDS, "<b>the", "beginning"]), "b", "train"),
]


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("duplicates")
    rows = pl.DataFrame(ROWS, SCHEMA, orient="row")
    rows.write_parquet(folder / "documents.parquet", row_group_size=4)
    call(
        evaluate_duplicates,
        documents=folder / "documents.parquet",
        duplicates=folder / "duplicates.parquet",
        output=folder / "tables",
    )
    return folder


def test_one_row_per_test_document_that_models_have_learned(output):
    found = pl.read_parquet(output / "duplicates.parquet")
    assert found.schema == {
        "id": pl.String,
        "same_label": pl.Boolean,
        "twins": pl.Int64,
        "twin": pl.String,
        "twin_label": pl.String,
        "exact": pl.Boolean,
        "similarity": pl.Float64,
    }
    assert found.rows() == [
        ("a/2", True, 2, "a/1", "a", True, None),
        ("b/2", False, 1, "a/3", "a", True, None),
        ("b/4", False, None, "a/3", "a", False, 1),
        ("v/1", False, None, "v/2", "b", False, 28 / 30),
    ]


def test_near_duplicates_have_excerpts_from_before_their_difference(output):
    found = pd.read_csv(output / "tables/near_duplicates.csv")
    assert found["id"].to_list() == ["v/1", "b/4"]  # the least similar first
    start = " ".join([*WORDS, "<b>the "])[-40:].lstrip()
    assert found["excerpt"].to_list() == [f"…{start}end", "Something else"]
    assert found["twin_excerpt"].to_list() == [f"…{start}beginning", "something else"]


def test_the_tables_count_twins_and_texts_without_words(output):
    found = pd.read_csv(output / "tables/duplicates.csv", dtype=str, keep_default_na=False)
    assert found.to_numpy().tolist() == [
        ["training", "training", "2", "0", "2", "0"],
        ["test", "training", "2", "1", "1", "2"],
        ["test", "test", "0", "0", "0", "2"],
        ["unlabelled", "training", "1", "", "", "0"],
        ["unlabelled", "test", "1", "", "", "0"],
        ["unlabelled", "unlabelled", "0", "", "", "0"],
    ]
    found = pd.read_parquet(output / "tables/empty.parquet").set_index("split")
    assert found["documents"].to_dict() == {"test": 5, "train": 4, "unlabelled": 1, "validation": 1}
    assert found["empty"].to_dict() == {"test": 1, "train": 1, "unlabelled": 0, "validation": 0}
