"""What tests of several folders use: settings of tiny corpora and variants, calls of commands."""

import io
import json
import re
import tarfile
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl

import render
from seq2report.documents.sequences import Sequences
from seq2report.documents.tokens import FILTERS
from seq2report.documents.writing import ALONE, MARKS, PUNCTUATION
from seq2report.models.functions import digest

ROOT = Path(__file__).parent.parent
GROUPS = ("rec.sport.hockey", "sci.space")


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


NEWSGROUPS = {
    "title": "Tiny",
    "source": "tiny",
    "format": "newsgroups",
    "encoding": "latin-1",
    "header": "cut",
    "split": {"test": 0.25, "validation": 0.2, "seed": 1},
}

# A program that calls several scripts, {name: arguments} in JSON, and loads each package once.
CALLS = """
import importlib, json, sys
for name, arguments in json.loads(sys.argv[1]).items():
    sys.argv[0] = name
    importlib.import_module(name).main(arguments)
"""
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
    """Return the links of a report as ``render`` takes them."""
    return [{"title": "A page", "address": each, "menu": ""} for each in addresses]


def to_make(notebook: Path, output: Path, **parameters: object) -> dict[str, object]:
    """Return a page as ``render`` takes it; the executed notebook will be beside the page."""
    files = {"notebook": notebook, "executed": output.with_suffix(".ipynb"), "output": output}
    return {name: str(file) for name, file in files.items()} | {"parameters": parameters}


def page_of(notebook: str, folder: Path, **parameters: object) -> str:
    """Return the page that a notebook of reports/ makes of tables; it is written to a folder."""
    pages = [to_make(ROOT / f"reports/{notebook}.ipynb", folder / "n.html", **parameters)]
    template = ROOT / "reports/template/index.html.j2"
    call(render, pages=pages, template=template, links=links("n.html"))
    html = (folder / "n.html").read_text()
    assert "Traceback" not in html
    return html


def lesson_page(name: str, folder: Path, **titles: str) -> str:
    """Return the page of a lesson whose tables lie in ``folder``/lesson-<name>."""
    return page_of(f"lesson_{name}", folder, table_folder=str(folder), **titles)


def lecture_tokens(text: str) -> list[str]:
    """What Keras's legacy text_to_word_sequence does, in plain Python."""
    table = str.maketrans(dict.fromkeys(FILTERS, " "))
    return [word for word in text.lower().translate(table).split(" ") if word]


def world_tokens(text: str) -> list[str]:
    """The same after blanks around each character of a script without blanks, one by one."""
    apart, alone = "", False  # whether the last token is one that stands alone

    def within(characters: str) -> bool:
        return re.match(f"[{characters}]", c) is not None

    for c in text:
        if within(PUNCTUATION):
            apart, alone = f"{apart} ", False
        elif alone and (within(MARKS) or (within(ALONE) and apart[-1] == "\u200d")):
            apart += c
        else:
            apart, alone = apart + " " * (alone or within(ALONE)) + c, within(ALONE)
    return lecture_tokens(apart)
