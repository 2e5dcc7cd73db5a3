import pandas as pd
import pytest
import yaml
from helpers import ROOT, call

import evaluate_published as published
from seq2report.core.command import write_json
from seq2report.core.tables import read_tables

PUBLISHED = yaml.safe_load((ROOT / "reports/published.yaml").read_text())
ENTRIES, DIGESTS = PUBLISHED["figures"], PUBLISHED["digests"]
NAMES = {
    kind: {
        name
        for file in (ROOT / "config").glob("*.yaml")
        for name in yaml.safe_load(file.read_text()).get(kind, {})
    }
    for kind in ("corpora", "variants")
}
TEXTS = {"model", "metric", "split", "differs", "source", "checked"}
VARIANTS = pd.DataFrame(
    {
        "variant": ["svm", "lstm"],
        "title": ["An SVM <b>", "An LSTM"],
        "accuracy": [0.9, 0.8],
        "macro_f1": [0.7, 0.6],
    }
)
ENTRY = {
    "corpora": ["news"],
    "model": "M",
    "metric": "accuracy",
    "figure": 0.85,
    "split": "S",
    "same_protocol": True,
    "differs": "D",
    "source": "P",
    "checked": "C",
}


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["model"] for entry in ENTRIES])
def test_every_entry_says_what_it_is_and_where_it_was_read(entry):
    assert {*entry} - {"year", "like"} == TEXTS | {"corpora", "figure", "same_protocol"}
    assert all(isinstance(entry[key], str) and entry[key].strip() for key in TEXTS)
    assert entry["metric"] in published.METRICS
    assert 0 < entry["figure"] < 1
    assert isinstance(entry["same_protocol"], bool)
    assert entry["differs"].endswith(".")
    assert isinstance(entry.get("year", 2000), int)


def test_entries_name_corpora_and_variants_of_the_configurations():
    for entry in ENTRIES:
        assert set(entry["corpora"]) <= set(DIGESTS) <= NAMES["corpora"]
        assert set(entry.get("like", [])) <= NAMES["variants"]


def test_the_lectures_figures_are_those_of_its_own_table():
    lecture = (ROOT / "reports/lecture.yaml").read_text()
    figures = [str(entry["figure"]) for entry in ENTRIES if entry["source"] == "the lecture"]
    assert len(figures) == 3
    assert all(figure in lecture for figure in figures)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"like": ["lstm", "svm"]}, ("An LSTM", 0.8)),  # not the best one: the nearest
        ({"like": ["lost", "svm"]}, ("An SVM <b>", 0.9)),
        ({"like": ["svm"], "metric": "macro-F1"}, ("An SVM <b>", 0.7)),
        ({"like": ["lost"]}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_the_nearest_variant_that_the_report_has_stands_beside(change, expected):
    (row,) = published.compare([ENTRY | change], "news", VARIANTS).to_dict("records")
    found = tuple(None if pd.isna(row[name]) else row[name] for name in ("ours", "our_figure"))
    assert found == expected


def test_a_variant_with_the_name_of_a_published_model_is_its_nearest():
    titles = {}
    for file in (ROOT / "config").glob("*.yaml"):
        for name, variant in (yaml.safe_load(file.read_text()).get("variants") or {}).items():
            titles[name] = "".join(filter(str.isalnum, variant.get("title", name))).lower()
    for entry in (entry for entry in ENTRIES if "like" in entry):
        model = "".join(filter(str.isalnum, entry["model"])).lower()
        if called := {name for name, title in titles.items() if title in model}:
            assert entry["like"][0] in called, entry["model"]


def test_only_the_figures_of_the_corpus_are_told_best_first():
    entries = [
        ENTRY | {"model": "low", "figure": 0.5},
        ENTRY | {"model": "elsewhere", "corpora": ["other"]},
        ENTRY | {"model": "high", "corpora": ["other", "news"], "year": 1999},
    ]
    table = published.compare(entries, "news", VARIANTS)
    assert table["model"].tolist() == ["high", "low"]
    assert table["year"].tolist() == [1999, pd.NA]


def test_the_digests_of_known_corpora_are_those_of_the_full_configuration():
    full = yaml.safe_load((ROOT / "config/full.yaml").read_text())["corpora"]
    pinned = {name: corpus["digest"] for name, corpus in full.items() if "digest" in corpus}
    assert {name: known[0] for name, known in DIGESTS.items() if known} == pinned


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize(("digest", "rows"), [(DIGESTS["imdb"][0], 11), ("0" * 64, 0)])
def test_other_documents_under_the_name_of_a_known_corpus_get_none_of_its_published_figures(
    tmp_path, digest, rows
):
    VARIANTS.to_parquet(tmp_path / "variants.parquet")
    (tmp_path / "imdb").mkdir()
    write_json(tmp_path / "imdb/corpus.json", {"digest": digest})
    call(
        published,
        published=ROOT / "reports/published.yaml",
        corpus=tmp_path / "imdb/corpus.json",
        variants=tmp_path / "variants.parquet",
        output=tmp_path / "tables",
    )
    table = read_tables(tmp_path / "tables")["published"]
    assert (len(table), [*table]) == (rows, [*published.COLUMNS])
