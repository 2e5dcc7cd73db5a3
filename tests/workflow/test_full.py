"""The full configuration, and the real archives where there are some.

SEQ2REPORT_MIRROR=FOLDER make test-slow
"""

import json
import os
from pathlib import Path

import polars as pl
import process_state
import pytest
import yaml
from helpers import ROOT, call, outputs_of_read

import encode
import read
from seq2report.config.check import check
from seq2report.documents.sequences import pad, read_sequences
from seq2report.documents.tokens import tokens

DEFAULT, FULL = (
    yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
    for name in ("config", "full")
)


def merged(below, above):
    """Lay one mapping over another as Snakemake does."""
    both = below | above
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            both[key] = merged(below[key], above[key])
    return both


CONFIG = merged(DEFAULT, FULL)


def test_the_full_configuration_is_right():
    check(CONFIG, ROOT / "workflow/schemas/config.schema.yaml")
    assert CONFIG["name"] == "full"
    assert CONFIG["sample"] is False


def test_nothing_of_the_sample_leaks_in():
    assert not DEFAULT["sources"].keys() & FULL["sources"].keys()
    assert CONFIG["corpora"] == FULL["corpora"], "a key of the sample's is not laid over"
    read, full = (
        {name: given for name, given in config["embeddings"].items() if "source" in given}
        for config in (CONFIG, FULL)
    )
    assert read == full, "a key of the sample's is not laid over"
    files = [source["file"] for source in CONFIG["sources"].values()]
    assert len(set(files)) == len(files)


def test_every_corpus_and_embedding_has_a_full_source():
    used = [
        settings[key]
        for kind in ("corpora", "encodings", "embeddings")
        for settings in FULL[kind].values()
        for key in ("source", "word_index", "index")
        if key in settings
    ]
    assert set(used) == set(FULL["sources"])
    for corpus in CONFIG["compare"]["corpora"]:
        assert "digest" in CONFIG["corpora"][corpus]


def test_no_address_of_a_package_index_is_written_down():
    for place in (place for source in FULL["sources"].values() for place in source["from"]):
        assert "pypi" not in place.get("url", "")
        assert "simple" not in place.get("url", "")


MIRROR = os.environ.get(process_state.REAL_ARCHIVES)


def read_full(corpus, folder):
    if not MIRROR:
        pytest.skip("needs the real archives: set SEQ2REPORT_MIRROR to a folder with them")
    settings = FULL["corpora"][corpus]
    archive = Path(MIRROR) / FULL["sources"][settings["source"]]["mirror"]
    call(read, archive=archive, settings=settings, **outputs_of_read(folder))  # checks the digest
    documents = pl.read_parquet(folder / "documents.parquet")
    return documents, json.loads((folder / "corpus.json").read_text())


@pytest.mark.slow
def test_20_newsgroups_are_the_lectures(tmp_path):
    documents, corpus = read_full("newsgroups", tmp_path)
    assert corpus["documents"] == documents.height == 19_997
    assert corpus["unique_tokens"] == 174_074
    assert corpus["digest"] == FULL["corpora"]["newsgroups"]["digest"]
    assert len(corpus["classes"]) == 20
    sizes = documents.group_by("label").len()["len"]
    assert sorted(sizes)[:2] == [997, 1000]
    assert (tokens(documents["text"])[1] == 0).sum() == 42
    parts = dict(documents["split"].value_counts().iter_rows())
    assert parts == {"test": 3_999, "validation": 1_600, "train": 14_398}

    call(
        encode,
        documents=tmp_path / "documents.parquet",
        settings={"num_words": 20_000, "fit": "all"},  # the lecture's way
        output=tmp_path / "words",
    )
    assert json.loads((tmp_path / "words/encoding.json").read_text())["unique_tokens"] == 174_074
    matrix = pad(read_sequences(tmp_path / "words/sequences.parquet"), 150, "pre", "pre")
    assert matrix.shape == (19_997, 150)
    assert matrix.max() == 19_999


@pytest.mark.slow
def test_imdb_has_its_three_parts_in_balance(tmp_path):
    documents, corpus = read_full("imdb", tmp_path)
    assert corpus["documents"] == documents.height == 100_000
    assert corpus["classes"] == ["neg", "pos"]
    assert corpus["digest"] == FULL["corpora"]["imdb"]["digest"]
    archive = documents.with_columns(pl.col("split").replace("validation", "train"))
    sizes = archive.group_by("split", "label").len().rows()
    assert set(sizes) == {
        *((split, label, 12_500) for split in ("train", "test") for label in ("neg", "pos")),
        ("unlabelled", None, 50_000),
    }
