import pandas as pd
import pytest
import yaml
from helpers import ROOT

import evaluate_lecture as lecture
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables

PUBLISHED = ROOT / "reports/published.yaml"
DIGESTS = yaml.safe_load(PUBLISHED.read_text())["digests"]
EXPERIMENTS = yaml.safe_load((ROOT / "reports/lecture.yaml").read_text())
COLUMNS = ["experiment", "lecture", "ours", "why"]


def runs(*variants, shape="150 × 50"):
    """Two runs a variant, of seeds 1 and 2; the second is a tenth better."""
    rows = [
        {
            "variant": variant,
            "seed": seed,
            "accuracy": 0.5 + seed / 10 + n / 100,
            "test_documents": 320,
            "document_shape": shape if n == 0 else f"{100 * n} × 50",
            "epochs": 11.0,
            "val_accuracy_at_10": 0.4 + seed / 100,
            "val_accuracy_best": 0.9,
            "val_accuracy_last": 0.45,
            "epoch_seconds": 2.0,
            "device": "CPU",
            "keras_version": "3.0",
        }
        for n, variant in enumerate(variants)
        for seed in (1, 2)
    ]
    return pd.DataFrame(rows)


def corpus(name, *variants):
    """The tables of a corpus, by their path in the report."""
    counts = {"train": 70, "validation": 10, "test": 20}
    coverage = {"embedding": "glove", "dimensions": 50, "words": 9, "words_found": 7}
    digest = DIGESTS.get(name, ["0" * 64])[0]
    about = {
        "digest": digest,
        "title": name,
        "documents": 150,
        "unique_tokens": 31933,
        "classes": 4,
    }
    return {
        f"{name}/corpus/corpus": pd.DataFrame([about]),
        f"{name}/corpus/classes": pd.DataFrame(
            [{"split": s, "label": c, "documents": n} for s, n in counts.items() for c in "ab"]
        ),
        f"{name}/corpus/coverage": pd.DataFrame([coverage]),
        f"{name}/runs/runs": runs(*variants),
    }


def test_accuracies_are_means_over_seeds():
    row = lecture.summarise_runs(runs("a")).iloc[0]
    assert row["accuracy"] == pytest.approx(0.65)
    assert row["val_accuracy_at_10"] == pytest.approx(0.415)
    assert row["words_read"] == 150


def test_a_corpus_counts_its_labelled_documents_by_what_they_are_for():
    found = lecture.places(corpus("news", "a"))
    row = found["news/corpus"].iloc[0]
    assert row[["fitted", "test", "labelled", "documents"]].tolist() == [160, 40, 200, 150]


def test_lengths_are_compared_where_there_are_two_or_more():
    variants = ["glove_lstm", "glove_lstm_100", "glove_lstm_200", "glove_lstm_frozen"]
    table = lecture.summarise_runs(runs(*variants))
    row = lecture.lengths(table).iloc[0]
    assert row["figures"] == "100 words 0.660, 150 words 0.650, 200 words 0.670"
    assert row["best_words"] == 200
    alone = lecture.summarise_runs(runs("glove_lstm"))
    assert lecture.lengths(alone).empty


ENTRY = {"from": "news/runs", "figure": "{n}", "why": "for {n}", "sample": "Little."}


@pytest.mark.parametrize(
    ("entries", "sample", "expected"),
    [
        ([ENTRY | {"where": {"variant": "a"}}], False, ("1", "for 1")),
        ([ENTRY | {"where": {"variant": "b"}}], True, ("2", "Little. for 2")),
        (
            [ENTRY | {"where": {"variant": "lost"}}, ENTRY | {"where": {"variant": "b"}}],
            False,
            ("2", "for 2"),
        ),
        ([ENTRY | {"from": "other/runs"}], True, (None, "Look elsewhere.")),
        ([], True, (None, "Look elsewhere.")),
    ],
)
def test_the_first_place_that_the_report_has_is_taken(entries, sample, expected):
    found = {"news/runs": pd.DataFrame({"variant": ["a", "b"], "n": [1, 2]})}
    experiment = {
        "experiment": "E",
        "lecture": "L",
        "otherwise": "Look elsewhere.",
        "ours": entries,
    }
    table = lecture.compare([experiment], found, sample)
    assert list(table) == COLUMNS
    assert tuple(table.iloc[0][["ours", "why"]]) == expected


def test_a_number_that_is_missing_is_no_figure():
    found = {"news/runs": pd.DataFrame({"n": [float("nan")]})}
    experiment = {"experiment": "E", "lecture": "L", "ours": [ENTRY]}
    assert lecture.compare([experiment], found, False)["ours"].isna().all()


def test_a_column_that_is_not_there_is_named():
    experiment = {"experiment": "E", "lecture": "L", "ours": [ENTRY | {"figure": "{lost}"}]}
    with pytest.raises(UserError, match="news/runs has no column 'lost'; it has n"):
        lecture.compare([experiment], {"news/runs": pd.DataFrame({"n": [1]})}, False)


def carry_out(tables, folder, *options):
    for name, table in tables.items():
        path = folder / "tables" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path)
    argv = ["--tables", *(str(path) for path in (folder / "tables").rglob("*.parquet"))]
    argv += ["--published", str(PUBLISHED)]
    argv += ["--lecture", str(ROOT / "reports/lecture.yaml"), "--root", str(folder / "tables")]
    lecture.main([*argv, "--output", str(folder / "lecture-figures"), *options])
    return read_tables(folder / "lecture-figures")["lecture"].set_index("experiment")


def test_tables_of_a_report_are_found_by_their_place(tmp_path):
    table = carry_out(corpus("newsgroups", "glove_dense", "lecture_lstm"), tmp_path)
    assert len(table) == len(EXPERIMENTS)
    assert table.loc["Newsgroups, the vocabulary", "ours"] == "31,933 unique tokens"
    assert table["ours"].notna().sum() == 5
    assert table.loc["GloVe → LSTM", "ours"].startswith("0.415 after 10 epochs, 0.900 at best")


def test_a_sample_is_given_as_a_reason(tmp_path):
    table = carry_out(corpus("newsgroups", "glove_dense"), tmp_path, "--sample")
    assert table.loc["GloVe → dense", "why"].startswith("320 test documents in 4 groups")


@pytest.mark.reliability("Bad corpora")
def test_other_documents_under_the_name_of_a_known_corpus_are_not_compared_with_the_lecture(
    tmp_path,
):
    tables = corpus("newsgroups", "glove_dense")
    tables["newsgroups/corpus/corpus"]["digest"] = "0" * 64
    assert carry_out(tables, tmp_path)["ours"].isna().all()


def test_a_known_corpus_under_another_name_is_compared_with_the_lecture(tmp_path):
    tables = corpus("newsgroups", "glove_dense")
    renamed = {name.replace("newsgroups", "mine"): table for name, table in tables.items()}
    table = carry_out(renamed, tmp_path)
    assert table.loc["Newsgroups, the vocabulary", "ours"] == "31,933 unique tokens"
