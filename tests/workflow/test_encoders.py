"""One real run with a pretrained encoder: frozen, fine-tuned and stacked; what runs again when."""

import json
import random

import polars as pl
import pytest
from pretrained import copied
from project import Project, edited, without_checks

from seq2report.models.runs import check_digests

pytestmark = pytest.mark.workflow

CLASSES = {"bad": "bad bored boring not", "good": "good great fine caf"}
NEUTRAL = "the film was a and act play"
VARIANTS = ["frozen", "dense", "tuned", "stacked"]
RUNS = {name: f"results/tiny/texts/runs/{name}/seed-1" for name in VARIANTS}
PAGE = "results/tiny/report/documents-texts.html"
TARGETS = [*(f"{run}/run.json" for run in RUNS.values()), PAGE]
CONFIG = {
    "name": "tiny",
    "seeds": [1],
    "gpu": 0,
    "compare": {"corpora": ["texts"], "variants": VARIANTS, "confidence": 0.9},
    "lessons": {"corpus": "texts", "pages": []},
    "sources": {
        "texts": {"file": "texts.csv", "from": [{"url": "file:texts.csv"}]},
        "bert": {"file": "bert.tar", "from": [{"url": "file:bert/"}]},
    },
    "corpora": {
        "texts": {
            "title": "Texts",
            "source": "texts",
            "format": "table",
            "columns": {"text": "text", "label": "label"},
            "split": {"test": 0.3, "validation": 0.2, "seed": 1},
        }
    },
    "encodings": {"words": {"num_words": 100, "fit": "train"}},
    "embeddings": {},
    "encoders": {"bert": {"title": "A BERT", "source": "bert", "length": 16, "pooling": "mean"}},
    "features": {"sentences": {"encoder": "bert"}},
    "fit": {"optimizer": "adam", "batch_size": 16, "epochs": 2},
    "variants": {
        "frozen": {
            "title": "Frozen",
            "input": {"features": "sentences"},
            "pipeline": [{"LogisticRegression": {"C": 10}}],
        },
        "dense": {
            "title": "Frozen → dense",
            "input": {"features": "sentences"},
            "layers": [{"Dense": {"units": 4}}],
        },
        "tuned": {
            "title": "Fine-tuned",
            "input": {"encoder": "bert", "length": 12, "train_layers": 1},
            "layers": [{"Dropout": {"rate": 0.1}}],
        },
        "stacked": {
            "title": "All of them",
            "ensemble": {"members": ["frozen", "dense", "tuned"], "method": "stack"},
        },
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A project with finished runs, and the page about documents."""
    project = Project.create(tmp_path_factory.mktemp("encoders"), CONFIG)
    copied(project.folder / "bert")
    choose = random.Random(1).choices
    rows = ["text,label"]
    for label, words in [*CLASSES.items()] * 60:
        text = choose(NEUTRAL.split(), k=4) + choose(words.split(), k=3)
        rows.append(f"{' '.join(text)},{label}")
    (project.folder / "texts.csv").write_text("\n".join(rows) + "\n")
    without_checks(project.folder)  # no rule reads the check
    project.snakemake(*TARGETS)
    return project


def test_an_encoder_ends_in_runs_and_a_map_of_documents(project):
    metrics = {}
    for name, run in RUNS.items():
        check_digests(project.folder / run)
        metrics[name] = json.loads((project.folder / run / "metrics.json").read_text())
    assert metrics["tuned"]["frozen_parameters"] > 0
    members = json.loads((project.folder / RUNS["stacked"] / "ensemble.json").read_text())[
        "members"
    ]
    assert members == ["frozen", "dense", "tuned"]
    assert "A BERT: right and wrong" in (project.folder / PAGE).read_text()
    tables = project.folder / "results/tiny/report/tables/texts/documents"
    (row,) = pl.read_parquet(tables / "summary.parquet").iter_rows(named=True)
    best = max(("frozen", "dense"), key=lambda name: metrics[name]["accuracy"])
    documents = metrics[best]["test_documents"]
    assert (row["features"], row["variant"]) == ("sentences", best)
    assert row["test_documents"] == row["drawn"] == documents
    assert row["right"] == round(metrics[best]["accuracy"] * documents)


def test_nothing_is_left_to_do_after_a_run_with_an_encoder(project):
    assert project.planned(*TARGETS) == {}


@pytest.mark.parametrize("title", ["encoders__bert__title", "variants__tuned__title"])
def test_another_title_trains_and_encodes_nothing_again(project, title):
    config = edited(project.config, **{title: "Another"})
    assert project.planned(*TARGETS, config=config) == {"render": 1}


def test_another_length_makes_vectors_and_runs_again_but_not_those_with_their_own(project):
    config = edited(project.config, encoders__bert__length=14)
    assert project.planned(*TARGETS, config=config) == {
        "encode_sentences": 1,
        **{f"train_{name}": 1 for name in VARIANTS if name != "tuned"},
        "evaluate_documents": 1,
        "render": 1,
    }


def test_another_pooling_makes_encoder_vectors_and_runs_again(project):
    config = edited(project.config, encoders__bert__pooling="cls")
    assert project.planned(*TARGETS, config=config) == {
        "read_encoder": 1,
        "encode_pieces": 1,
        "encode_sentences": 1,
        **{f"train_{name}": 1 for name in VARIANTS},
        "evaluate_documents": 1,
        "render": 1,
    }
