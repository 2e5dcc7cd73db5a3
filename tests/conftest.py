"""Tiny corpora of real text, cut from the embedded sample."""

import io
import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

import embed
import encode
import encode_features
import read
import read_vectors
import render
from seq2report.archives import members
from seq2report.functions import digest
from seq2report.sequences import Sequences

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the figures of tests are those of a CPU, on any machine
settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
pytest_plugins = ["reliability"]
GROUPS = ("rec.sport.hockey", "sci.space")
MESSAGES = 40  # of each group


@pytest.fixture(scope="session")
def sample() -> Path:
    return ROOT / "resources/sample"


@pytest.fixture(scope="session")
def messages(sample) -> dict[str, bytes]:
    """80 messages of two groups, by their name in the archive."""
    found = {}
    for group in GROUPS:
        of_group = (m for m in members(sample / "newsgroups.tar.xz") if f"/{group}/" in m[0])
        found |= dict(m for m, _ in zip(of_group, range(MESSAGES), strict=False))
    return found


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture(scope="session")
def tiny_archive(tmp_path_factory, messages) -> Path:
    return write_tar(tmp_path_factory.mktemp("archive") / "tiny.tar.gz", messages)


@pytest.fixture(scope="session")
def tiny_vectors(tmp_path_factory, sample) -> Path:
    """The 2,000 most frequent GloVe words of the sample, as text."""
    with zipfile.ZipFile(sample / "glove.6B.50d.sample.zip") as archive:
        lines = archive.read("glove.6B.50d.txt").split(b"\n")[:2000]
    path = tmp_path_factory.mktemp("vectors") / "tiny.txt"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


NEWSGROUPS = {
    "title": "Tiny",
    "source": "tiny",
    "format": "newsgroups",
    "encoding": "latin-1",
    "header": "cut",
    "split": {"test": 0.25, "validation": 0.2, "seed": 1},
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory, tiny_archive, tiny_vectors) -> Path:
    """A folder with what read, encode and embed make of the tiny corpus."""
    folder = tmp_path_factory.mktemp("tiny")
    call(read, archive=tiny_archive, settings=NEWSGROUPS, **outputs_of_read(folder))
    call(
        encode,
        documents=folder / "documents.parquet",
        settings={"num_words": 3000, "fit": "train"},
        output=folder / "words",
    )
    call(read_vectors, file=tiny_vectors, output=folder / "vectors")
    call(
        embed,
        vocabulary=folder / "words/vocabulary.parquet",
        words=folder / "vectors/words.parquet",
        vectors=folder / "vectors/vectors.npy",
        source=tiny_vectors,
        output=folder / "glove",
    )
    return folder


OWN = {"file": "config/layers.py", "function": "gru_attention"}


def _network(given: dict, *layers: dict) -> dict:
    fit = {"optimizer": "rmsprop", "batch_size": 8, "epochs": 2}
    return {"input": given, "layers": list(layers), "fit": fit}


WORDS = {"encoding": "words", "form": "sequence", "length": 30, "padding": "pre"}
WORDS |= {"truncating": "pre", "trainable": True, "dimensions": 4}
LETTERS = {"TfidfVectorizer": {"analyzer": "char_wb", "ngram_range": [3, 4], "min_df": 2}}
NGRAMS = {"steps": [{"FeatureUnion": {"of": [{"TfidfVectorizer": {}}, LETTERS]}}]}
NGRAMS["steps"].append({"NaiveBayesWeights": {}})
TRAINED = {  # resolved settings of the runs of `trained`
    "lstm": _network(WORDS, {"LSTM": {"units": 4}}, {"Dense": {"units": 3}}),
    "branched": _network(
        WORDS,
        {"Dropout": {"rate": 0.1}},
        {
            "Concatenate": {
                "branches": [
                    [{"Conv1D": {"filters": 3, "kernel_size": 2}}, {"GlobalMaxPooling1D": {}}],
                    [{"Flatten": {}}],
                ]
            }
        },
        {"Dropout": {"rate": 0.2}},
    ),
    "indexed": _network(
        WORDS | {"encoding": "indexed", "length": 10, "truncating": "post"}, {"Flatten": {}}
    ),
    "onehot": _network(
        {"encoding": "indexed", "form": "onehot", "length": 10, "padding": "post"}
        | {"truncating": "pre"},
        {"Flatten": {}},
    ),
    "multihot": _network({"encoding": "words", "form": "multihot"}, {"Dense": {"units": 3}}),
    "ngrams": _network({"form": "features", "features": "ngrams"}, {"Dense": {"units": 3}}),
    "svm": {"pipeline": [{"TfidfVectorizer": {"ngram_range": [1, 2]}}, {"LinearSVC": {}}]},
    "bayes": {"pipeline": [NGRAMS["steps"][0], {"MultinomialNB": {"alpha": 0.1}}]},
    "attention": _network(WORDS | {"length": 30})
    | {"layers": OWN | {"arguments": {"units": 3}, "digest": digest(**OWN)}},
    "vote": {"ensemble": {"members": ["lstm", "svm"], "method": "vote"}},
    "stack": {"ensemble": {"members": ["svm", "ngrams", "lstm"], "method": "stack"}},
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory, tiny) -> Path:
    """A folder of a corpus with a finished run, seed 1, of each variant of `TRAINED`."""
    import train_ensemble
    import train_linear
    import train_network

    corpus = tmp_path_factory.mktemp("trained") / "news"
    shutil.copytree(tiny / "words", corpus / "sequences/words")
    documents = Path(shutil.copy(tiny / "documents.parquet", corpus))
    about = {"corpus": shutil.copy(tiny / "corpus.json", corpus), "seed": 1}
    common = pl.read_parquet(tiny / "words/vocabulary.parquet")["word"].head(100)
    index = corpus / "index.json"
    index.write_text(json.dumps({word: rank for rank, word in enumerate(common, 1)}))
    call(
        encode,
        documents=documents,
        settings={"num_words": 60, "index": "index"},
        word_index=index,
        output=corpus / "sequences/indexed",
    )
    folder = corpus / "features/ngrams"
    call(encode_features, documents=documents, settings=NGRAMS, seed=1, output=folder)
    for name, variant in TRAINED.items():
        output = corpus / f"runs/{name}/seed-1"
        if "ensemble" in variant:
            members = [f"{corpus}/runs/{each}/seed-1" for each in variant["ensemble"]["members"]]
            method = ["--method", variant["ensemble"]["method"], "--seed", "1"]
            train_ensemble.main(["--runs", *members, *method, "--output", str(output)])
        elif "pipeline" in variant:
            call(train_linear, documents=documents, settings=variant, output=output, **about)
        else:
            given = variant["input"]
            read = corpus / f"sequences/{given.get('encoding')}/sequences.parquet"
            read = folder / "documents.parquet" if "features" in given else read
            call(train_network, documents=read, settings=variant, output=output, **about)
    return corpus


def write_sequences(folder: Path, documents: pl.DataFrame) -> Path:
    """Write documents (id, split, label, and tokens, a list of ids) as ``encode`` does."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = documents["tokens"].list.explode(empty_as_null=False).to_numpy()
    np.save(folder / "tokens.npy", flat.astype(np.int32))
    rows = documents.select("id", "split", "label", length=pl.col("tokens").list.len())
    rows.cast({"length": pl.Int32}).write_parquet(folder / "sequences.parquet")
    return folder / "sequences.parquet"


def in_memory(documents: pl.DataFrame) -> Sequences:
    """Return documents (id, split, label, and tokens, a list of ids) as `read_sequences` does."""
    lengths = documents["tokens"].list.len().cast(pl.Int64).to_numpy()
    return Sequences(
        documents["id"],
        *(documents[name].cast(pl.Categorical) for name in ("split", "label")),
        documents["tokens"].list.explode(empty_as_null=False).to_numpy(),
        np.cumsum(lengths) - lengths,
        lengths,
    )


def lists_of(sequences: Path) -> pl.DataFrame:
    """Read what ``encode`` wrote: columns id, split, label and tokens, a list of ids."""
    rows = pl.read_parquet(sequences)
    flat = np.load(sequences.with_name("tokens.npy"))
    assert flat.dtype == np.int32
    assert len(flat) == rows["length"].sum()
    lists = [ids.tolist() for ids in np.split(flat, rows["length"].cum_sum())[:-1]]
    return rows.drop("length").with_columns(tokens=pl.Series(lists, dtype=pl.List(pl.Int32)))


def outputs_of_read(folder: Path) -> dict[str, Path]:
    return {"documents": folder / "documents.parquet", "corpus": folder / "corpus.json"}


def call(script: ModuleType, **options: object) -> None:
    """Call a script's main with ``--name value`` for each option; JSON where it has parts."""
    argv = []
    for name, value in options.items():
        text = json.dumps(value) if isinstance(value, dict | list) else str(value)
        argv += [f"--{name.replace('_', '-')}", text]
    script.main(argv)


def links(*addresses: str) -> list[dict[str, str]]:
    """Return what ``render`` is told of the pages of a report."""
    return [{"title": "A page", "address": each, "menu": ""} for each in addresses]


def page_of(notebook: str, folder: Path, **parameters: object) -> str:
    """Return the page that a notebook of reports/ makes of tables; it is written to a folder."""
    call(
        render,
        notebook=ROOT / f"reports/{notebook}.ipynb",
        parameters=parameters,
        template=ROOT / "reports/template/index.html.j2",
        links=links("n.html"),
        executed=folder / "n.ipynb",
        output=folder / "n.html",
    )
    html = (folder / "n.html").read_text()
    assert "Traceback" not in html
    return html


def lesson_page(name: str, folder: Path, **titles: str) -> str:
    """Return the page of a lesson whose tables lie in ``folder``/lesson-<name>."""
    return page_of(f"lesson_{name}", folder, tables=str(folder), **titles)
