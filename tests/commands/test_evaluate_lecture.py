import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import ROOT

import evaluate_lecture as lecture
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.lessons import lecture as figures

PUBLISHED = ROOT / "reports/published.yaml"
DIGESTS = yaml.safe_load(PUBLISHED.read_text())["digests"]
EXPERIMENTS = yaml.safe_load((ROOT / "reports/lecture.yaml").read_text())
COLUMNS = ["experiment", "source", "lecture", "ours", "difference", "why", "vectors", "command"]
RECEIPT = {"file": "glove.6B.50d", "sha256": "0123456789abcdef"}
RECEIPT |= {"origin": "mirror /srv/mirror/glove.6B.50d.txt.gz"}
VECTORS = {"glove": {"title": "GloVe", "file": "glove.6B.50d", "variants": ["glove_lstm"]}}
VECTORS |= {"cbow": {"title": "CBOW of the corpus", "file": None, "variants": ["cbow_lstm"]}}


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
    assert row["accuracy_shown"] == "0.650 (0.600 to 0.700)"
    assert row["over"] == "mean of 2 seeds"
    alone = lecture.summarise_runs(runs("a").head(1)).iloc[0]
    assert (alone["accuracy_shown"], alone["over"]) == ("0.600", "one seed")
    unknown = lecture.summarise_runs(runs("a").assign(epoch_seconds=None)).iloc[0]
    assert unknown["epoch_seconds_shown"] is None


def test_a_corpus_counts_its_labelled_documents_by_what_they_are_for():
    found = lecture.places(lecture.with_commands(corpus("news", "a"), Path("results/r")), {})
    row = found["news/corpus"].iloc[0]
    assert row[["fitted", "test", "labelled", "documents"]].tolist() == [160, 40, 200, 150]


def test_lengths_are_compared_where_there_are_two_or_more():
    variants = ["glove_lstm", "glove_lstm_100", "glove_lstm_200", "glove_lstm_frozen"]
    tables = lecture.with_commands({"news/runs/runs": runs(*variants)}, Path("results/r"))
    row = lecture.lengths(lecture.summarise_runs(tables["news/runs/runs"])).iloc[0]
    ranges = ("100 words 0.660 (0.610 to 0.710)", "150 words 0.650 (0.600 to 0.700)")
    assert row["figures"] == ", ".join([*ranges, "200 words 0.670 (0.620 to 0.720)"])
    assert row["best_words"] == 200
    targets = row["command"].partition(" -- ")[2].split()
    assert [target.split("/")[4] for target in targets] == [
        "glove_lstm_100",
        "glove_lstm",
        "glove_lstm_200",
    ]
    alone = lecture.summarise_runs(runs("glove_lstm"))
    assert lecture.lengths(alone).empty


@pytest.mark.parametrize("variant", ["glove_rnn", "lecture_rnn"])
def test_a_model_without_a_figure_on_the_slides_has_ours_and_no_difference(tmp_path, variant):
    row = carry_out(corpus("newsgroups", variant), tmp_path).loc["GloVe → simple RNN"]
    assert ("after 10 epochs" in row["ours"]) == (variant == "lecture_rnn")
    assert row["why"].startswith("The slides have no number.")
    assert pd.isna(row["difference"])


@pytest.mark.parametrize(
    ("shape", "reason"), [("150 × 100", ""), ("150 × 50", "150 × 50 numbers ")]
)
def test_the_shape_of_a_document_is_a_reason_only_if_it_differs(tmp_path, shape, reason):
    tables = corpus("newsgroups", "lecture_dense")
    tables["newsgroups/runs/runs"] = runs("lecture_dense", shape=shape)
    why = carry_out(tables, tmp_path).loc["GloVe → dense", "why"]
    assert why.startswith(reason)
    assert ("(lecture: 150 × 100). A different random test set" in why) == bool(reason)
    assert "A different random test set, Keras 3.0." in why


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


def a_figure(mean, deviation, seeds=3, test_documents=3999):
    """A row of a run with one accuracy."""
    column = "val_accuracy_at_10"
    row = {column: mean, f"{column}_sd": deviation, "seeds": seeds}
    return row | {"test_documents": test_documents}


def test_the_noise_of_a_seed_is_that_of_one_more_run():
    values = np.random.default_rng(1).normal(size=(20_000, 4))
    ours, other = values[:, :3], values[:, 3]
    half = figures.noise_of_seed(ours.std(axis=1, ddof=1), 3)
    assert (abs(other - ours.mean(axis=1)) <= half).mean() == pytest.approx(0.95, abs=0.006)


def test_the_noise_of_a_test_set_is_that_of_two_random_ones():
    correct = np.random.default_rng(1).binomial(4000, 0.75, size=(20_000, 2)) / 4000
    half = figures.noise_of_test(0.75, 4000)
    assert (abs(correct[:, 0] - correct[:, 1]) <= half).mean() == pytest.approx(0.95, abs=0.006)


@pytest.mark.parametrize(
    ("mean", "deviation", "verdict"),
    [
        (0.76, 0.004, "after 10 epochs −0.010, within seed noise (seed ±0.020, test set ±0.019)"),
        (0.745, 0.004, "within that of seed and test set (seed ±0.020, test set ±0.019)"),
        (0.79, 0.001, "after 10 epochs +0.020, beyond the noise (seed ±0.005, test set ±0.018)"),
    ],
)
def test_a_difference_is_compared_with_the_noise_of_seed_and_test_set(mean, deviation, verdict):
    text = figures.difference(a_figure(mean, deviation), "val_accuracy_at_10", 0.77)
    assert text.endswith(verdict)


def test_the_noise_of_one_seed_is_unknown():
    text = figures.difference(a_figure(0.76, float("nan"), 1), "val_accuracy_at_10", 0.77)
    assert text == "after 10 epochs −0.010, of one seed: its noise is unknown"


@pytest.mark.parametrize(
    ("mean", "sample", "why"),
    [(0.77, False, ""), (0.6, False, "Padding."), (0.6, True, "")],
)
def test_the_reason_of_a_difference_beyond_the_noise_is_given(mean, sample, why):
    entry = {"from": "news/runs", "figure": "{seeds}", "beyond": "Padding."}
    entry["differences"] = {"val_accuracy_at_10": 0.77}
    experiment = {"experiment": "E", "lecture": "0.77", "setup": "LSTM 64", "ours": [entry]}
    found = {"news/runs": pd.DataFrame([a_figure(mean, 0.004)])}
    row = figures.compare_one(experiment, found, sample)
    assert row["why"] == why
    assert (row["difference"] is None) == sample
    assert row["source"] == "the lecture's slides: LSTM 64"
    del entry["beyond"]
    unknown = figures.compare_one(experiment, found, sample)["why"]
    assert unknown == ("The reason is not known." if why else "")


def test_word_vectors_are_named_without_the_path_of_a_mirror():
    member = RECEIPT | {"file": "b", "member": "glove.6B.100d.txt", "origin": "https://a.org/b.zip"}
    vectors = VECTORS | {"other": {"title": "GloVe 100d", "file": "b", "variants": []}}
    vectors["local"] = {"title": "GloVe", "file": "c", "variants": []}
    local = RECEIPT | {"file": "c", "origin": "file:glove.6B.100d.txt.gz"}
    texts = lecture.vectors_read(vectors, [RECEIPT, member, local])
    assert texts["local"] == "GloVe: glove.6B.100d.txt.gz, SHA-256 01234567…"
    assert texts["glove_lstm"] == "GloVe: glove.6B.50d.txt.gz, SHA-256 01234567…"
    assert texts["cbow_lstm"] == "CBOW of the corpus"
    assert texts["other"] == "GloVe 100d: glove.6B.100d.txt, SHA-256 01234567…"


def carry_out(tables, folder, *options):
    root = folder / "report/tables"
    for name, table in tables.items():
        path = root / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path)
    (folder / "receipt.json").write_text(json.dumps(RECEIPT))
    argv = ["--tables", *(str(path) for path in root.rglob("*.parquet"))]
    argv += ["--published", str(PUBLISHED), "--vectors", json.dumps(VECTORS)]
    argv += ["--receipts", str(folder / "receipt.json")]
    argv += ["--lecture", str(ROOT / "reports/lecture.yaml"), "--root", str(root)]
    lecture.main([*argv, "--output", str(folder / "lecture-figures"), *options])
    return read_tables(folder / "lecture-figures")["lecture"].set_index("experiment")


def test_tables_of_a_report_are_found_by_their_place(tmp_path):
    table = carry_out(corpus("newsgroups", "glove_dense", "lecture_lstm"), tmp_path)
    assert len(table) == len(EXPERIMENTS)
    assert table.loc["Newsgroups, the vocabulary", "ours"] == "31,933 unique tokens"
    assert table["ours"].notna().sum() == 5
    row = table.loc["GloVe → LSTM"]
    assert row["ours"].startswith("0.415 (0.410 to 0.420) after 10 epochs, 0.900 (0.900 to 0.900)")
    assert row["difference"].startswith("after 10 epochs −0.355, beyond the noise")
    assert row["why"].endswith("The slide does not name the epoch of its figure.")
    assert row["command"] == (
        f"snakemake --cores all --configfile {tmp_path}/config.json --replace-workflow-config --"
        f" {tmp_path}/newsgroups/runs/lecture_lstm/seed-{{1,2}}/metrics.json"
    )
    vectors = table.loc["GloVe, vectors"]
    assert vectors["vectors"] == "GloVe: glove.6B.50d.txt.gz, SHA-256 01234567…"
    assert vectors["command"].endswith("/report/tables/newsgroups/corpus/coverage.csv")


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
    assert "/mine/" in table.loc["Newsgroups, the vocabulary", "command"]
