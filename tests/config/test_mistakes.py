"""Mistakes of a configuration, one line each."""

import copy
import datetime
import re

import pytest
import yaml
from configurations import (
    COMMITTED,
    ENSEMBLE,
    FOLDERS,
    GLOVE_LSTM,
    LEAVE_OUT,
    OWN,
    SHARES,
    TABLE,
    VECTORS,
    changed,
    messages,
    mine,
)
from helpers import ROOT
from snakemake.utils import update_config


def test_every_committed_configuration_is_right():
    for path in (ROOT / "config").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        order = re.search(rf"`--configfile (.*config/{path.name})`, in this order", text)
        merged = copy.deepcopy(COMMITTED)
        for name in order[1].split() if order else [f"config/{path.name}"]:
            update_config(merged, yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
        assert messages(merged) == [], path


def test_two_sources_may_be_the_same_file_of_the_same_address():
    assert messages(changed({"sources.again": COMMITTED["sources"]["imdb_sample"]})) == []


ANSWERS = {"title": "LLM", "predictions": {"source": {}}}
ANSWERS["predictions"]["source"] |= dict.fromkeys(COMMITTED["corpora"], "glove_sample")
LLM = ["tfidf_svm", "llm"]
MISTAKES = [
    # unknown keys
    ({"sedes": [1]}, "top level: unknown key 'sedes'; did you mean 'seeds'?"),
    ({"corpora.imdb.titel": "x"}, "corpora.imdb: unknown key 'titel'; did you mean 'title'?"),
    ({"fit.epoch": 3}, "fit: unknown key 'epoch'; did you mean 'epochs'?"),
    ({"corpora.imdb.split.sed": 3}, "corpora.imdb.split: unknown key 'sed'; did you mean 'seed'?"),
    (
        {"variants.glove_lstm.input.lenght": 3},
        "variants.glove_lstm.input: unknown key 'lenght'; did you mean 'length'?",
    ),
    (
        {"sources.imdb_sample.from.0.sha": "x"},
        "sources.imdb_sample.from[0]: unknown key 'sha'; did you mean 'sha256'?",
    ),
    # keys that are missing
    ({"variants": LEAVE_OUT}, "top level: 'variants' is missing"),
    ({"fit": {"optimizer": "adam"}}, "fit: 'batch_size', 'epochs' is missing"),
    ({"variants.x": {"title": "X"}}, "variants.x: 'input' is missing (or 'pipeline'"),
    ({"variants.glove_lstm.layers": LEAVE_OUT}, "variants.glove_lstm: 'layers' is missing"),
    ({"variants.glove_lstm.input.length": LEAVE_OUT}, "variants.glove_lstm.input: 'length' is mis"),
    ({"encodings": {}}, "encodings: {} should be non-empty"),
    # values of the wrong kind
    ({"seeds": 1}, "seeds: found 1, expected a list"),
    ({"seeds": [1, "a"]}, "seeds[1]: found 'a', expected a whole number"),
    ({"sample": "yes"}, "sample: found 'yes', expected true or false"),
    ({"gpu": True}, "gpu: found true; allowed: 0, 1, auto"),
    ({"gpu": 2}, "gpu: found 2; allowed: 0, 1, auto"),
    ({"gpu": "1"}, "gpu: found the text '1', expected 1 without quotes"),
    (mine(header="true"), "mine.header: found the text 'true', expected true without quotes"),
    (
        {"fit.batch_size": "1e3"},
        "batch_size: found '1e3', expected a whole number; write numbers w",
    ),
    (
        mine(columns={"text": "a", "label": False}),
        "found false, expected text or a whole number; p",
    ),
    (
        mine(columns={"text": False, "label": "a"}),
        "found false, expected column with the documents, or several columns that are joined; put",
    ),
    ({"gpu_share": 0}, "gpu_share: found 0, expected at least 1"),
    ({"gpu_absent": "ignore"}, "gpu_absent: found 'ignore'; allowed: error, cpu"),
    ({"variants.glove_lstm": None}, "variants.glove_lstm: found null, expected a mapping"),
    ({"variants.glove_lstm.layers": "LSTM"}, "glove_lstm.layers: found 'LSTM', expected a list"),
    (
        {"variants.glove_lstm.layers": OWN["layers"] | {"argument": {}}},
        "variants.glove_lstm.layers: unknown key 'argument'; did you mean 'arguments'?",
    ),
    ({"variants.glove_lstm.layers": {"file": "a.py"}}, "glove_lstm.layers: 'function' is missing"),
    ({"variants.glove_lstm.layers": OWN["layers"] | {"arguments": []}}, "arguments: found [], exp"),
    ({"variants.glove_lstm.layers": ["LSTM"]}, "layers[0]: found 'LSTM', expected a mapping"),
    ({"variants.glove_lstm.layers": [{"LSTM": None}]}, "layers[0].LSTM: found null, expected a m"),
    (
        {"variants.glove_lstm.layers": [{"LSTM": {}, "units": {}}]},
        "layers[0]: found LSTM, units side by side, expected one name; indent",
    ),
    ({"fit.optimizer": 3}, "fit.optimizer: found 3, expected name of a Keras optimizer"),
    ({"sources.imdb_sample.from": [{"sha256": "0" * 64}]}, "expected one of url and package"),
    ({"sources.imdb_sample.from.0.package": "a==1"}, "expected one of url and package"),
    # names of the workflow itself
    ({"variants.vectors": ANSWERS}, "variants.vectors: this name is that of the rule train_vec"),
    (
        {"corpora.made": COMMITTED["corpora"]["imdb"] | {"title": "Made"}},
        "corpora.made: this name is that of a folder of tables of the report; choose another one",
    ),
    (
        {"corpora.report": COMMITTED["corpora"]["imdb"] | {"title": "Report"}},
        "corpora.report: this name is that of a folder in results/<name>/; choose another one",
    ),
    # values out of their range
    ({"seeds": [-1]}, "seeds[0]: found -1, expected at least 0"),
    ({"corpora.imdb.split.seed": -1}, "corpora.imdb.split.seed: found -1, expected at least 0"),
    ({"corpora.imdb.split.validation": 1.5}, "split.validation: found 1.5, expected less than 1"),
    ({"compare.seeds": {"imdbb": 1}}, "compare.seeds: unknown 'imdbb'; did you mean 'imdb'?"),
    ({"compare.seeds": {"imdb": 2}}, "compare.seeds.imdb: found 2, but 'seeds' has only 1"),
    (
        {"compare.metric": "f1"},
        "compare.metric: found 'f1'; allowed: accuracy, balanced_accuracy, macro_f1",
    ),
    (
        {"compare.metric": {"imdb": "f1"}},
        "compare.metric.imdb: found 'f1'; allowed: accuracy, balanced_accuracy, macro_f1",
    ),
    ({"compare.metric": {"imdbb": "macro_f1"}}, "compare.metric: unknown 'imdbb'; did you"),
    ({"compare.seeds": {"imdb": 0}}, "compare.seeds.imdb: found 0, expected at least 1"),
    ({"compare.labels": ["all"]}, "compare.labels: found ['all'], expected a mapping"),
    ({"compare.labels.sizes": LEAVE_OUT}, "compare.labels: 'sizes' is missing"),
    ({"compare.labels.sizes": [0]}, "compare.labels.sizes[0]: found 0, expected a number of doc"),
    ({"compare.labels.sizes": [1.5]}, "sizes[0]: found 1.5, expected a number of documents (50),"),
    ({"compare.labels.sizes": ["every"]}, "sizes[0]: found 'every', expected a number of documen"),
    ({"compare.labels.sizes": [50, 50]}, "compare.labels.sizes: [50, 50] has non-unique elements"),
    ({"compare.labels.variants": ["tfidf"]}, "compare.labels.variants: unknown 'tfidf'; did you"),
    (
        {"compare.labels.variants": ["glove_lstm"], "encodings.words.fit": "all"}
        | {"variants.glove_lstm.fit": {"protocol": "lecture"}},
        "compare.labels.variants: 'glove_lstm' has 'protocol: lecture', which monitors the test",
    ),
    (
        {"compare.labels.variants": ["e"], "variants.llm": ANSWERS}
        | {"variants.e": {"title": "E", "ensemble": ENSEMBLE["ensemble"] | {"members": LLM}}},
        "compare.labels.variants: 'e' has the answers of 'llm', which does not learn from labels",
    ),
    ({"compare.embeddings": "cbow"}, "compare.embeddings: found 'cbow', expected a list"),
    ({"compare.confidence": 1}, "compare.confidence: found 1, expected less than 1"),
    ({"compare.confidence": LEAVE_OUT}, "compare: 'confidence' is missing"),
    ({"corpora.imdb.split.validation": 0}, "split.validation: found 0, expected more than 0"),
    ({"fit.refit": 3}, "fit.refit: found 3, expected true or false"),
    ({"fit.batch_size": 0}, "fit.batch_size: found 0, expected at least 1"),
    ({"fit.epochs": -1}, "fit.epochs: found -1, expected at least 1"),
    ({"fit.patience": 1.5}, "fit.patience: found 1.5, expected a whole number"),
    ({"memory_mb": 0}, "memory_mb: found 0, expected at least 1"),
    (
        {"variants.learned_dense.input.dimensions": 0},
        "variants.learned_dense.input.dimensions: found 0, expected at least 1",
    ),
    (
        {"variants.learned_dense.input.length": -150},
        "variants.learned_dense.input.length: found -150, expected at least 1",
    ),
    (
        {"variants.learned_dense.input.length": 10**20},
        "variants.learned_dense.input.length: found 100000000000000000000, expected at most",
    ),
    ({"encodings.words.num_words": -1}, "encodings.words.num_words: found -1, expected at least 2"),
    ({"encodings.words.num_words": 10**12}, "found 1000000000000, expected at most 2147483647"),
    ({"embeddings.cbow.train.window": 0}, "embeddings.cbow.train.window: found 0, expected at"),
    ({"embeddings.cbow.train.method": "cbo"}, "train.method: found 'cbo'; did you mean 'cbow'?"),
    ({"corpora.imdb.format": "imbd"}, "corpora.imdb.format: found 'imbd'; did you mean 'imdb'?"),
    ({"corpora.imdb.title": ""}, "corpora.imdb.title: '' should be non-empty"),
    ({"seeds": [1, 1]}, "seeds: [1, 1] has non-unique elements"),
    *(
        ({place: []}, f"{place.replace('.0', '[0]')}: [] should be non-empty")
        for place in ("seeds", "compare.corpora", "compare.variants", "sources.imdb_sample.from")
    ),
    ({"variants.glove_lstm.layers": []}, "variants.glove_lstm.layers: [] should be non-empty"),
    *(
        (
            {"sources.imdb_sample.from.0.url": f"https://ghp_abc{end}@example.org/a.tar"},
            "from[0].url: a user name, which may be a token, is written out; write ${NAME}",
        )
        for end in ("", ":")
    ),
    ({"sources.imdb_sample.from": [{"package": "a==."}]}, "from[0].package: 'a==.' does not have"),
    ({"sources.imdb_sample.from.0.url": "ftp://x"}, "from[0].url: 'ftp://…' does not have the"),
    ({"sources.imdb_sample.from.0.sha256": "x"}, "from[0].sha256: 'x' does not have the form"),
    # own corpora
    (mine(columns={"text": "a"}), "corpora.mine.columns: 'label' is missing"),
    (mine(split={"validation": 0.1, "seed": 1}), "corpora.mine.split: 'test' is missing (or 'colu"),
    (
        mine(columns=TABLE["columns"] | {"splits": "part"}),
        "corpora.mine.columns: unknown key 'splits'; did you mean 'split'?",
    ),
    (
        mine(columns={"text": ["body", "kind"], "label": "kind"}),
        "corpora.mine.columns.text: 'kind' is the column of the label; name another one",
    ),
    (mine(columns={"text": "a", "label": "a"}), "corpora.mine.columns.text: 'a' is the column of"),
    (mine(columns=TABLE["columns"] | {"id": "kind"}), "mine.columns.id: 'kind' is the column of"),
    (mine(columns=TABLE["columns"] | {"group": "kind"}), "mine.columns.group: 'kind' is the colu"),
    (
        mine(header=False, columns={"text": [2, "body"], "label": "1"}),
        "corpora.mine.columns.text: found 'body', expected its number from 1, as the corpus has '",
    ),
    (mine("m.parquet", encoding="latin-1"), "mine.encoding: has no meaning for a table like 'm.p"),
    (mine("m.jsonl.gz", delimiter=","), "mine.delimiter: has no meaning for a table like 'm.json"),
    ({"corpora.imdb.title": " \t"}, "corpora.imdb.title: found only blanks, expected words"),
    ({"variants.glove_lstm.title": " "}, "variants.glove_lstm.title: found only blanks, expected"),
    ({"variants.glove_lstm.extends": ""}, "variants.glove_lstm.extends: unknown ''; none of"),
    (mine(header="cut"), "corpora.mine.header: found 'cut'; allowed for table: true or false"),
    (mine(delimiter=";;"), "corpora.mine.delimiter: ';;' does not have the form"),
    (mine(delimiter='"'), "corpora.mine.delimiter: '\"' does not have the form"),
    (
        mine(source=["a", "b"]),
        "mine.source: found ['a', 'b'], expected text; for several files, name one source",
    ),
    (mine(quote="«"), "corpora.mine.quote: found '«'; allowed: \", ', none"),
    (mine(columns={"text": [], "label": "x"}), "corpora.mine.columns.text: found [], expected"),
    (mine(columns={"text": 0, "label": "x"}), "corpora.mine.columns.text: found 0, expected"),
    (mine(columns={"text": "a", "label": [1]}), "label: found [1], expected text or a whole"),
    (mine("mine.txt"), "sources.mine.file: 'mine.txt' does not end like a table; allowed: .csv"),
    (mine("mine.xlsx"), "sources.mine.file: 'mine.xlsx' is a workbook; save its sheet as CSV UTF"),
    (mine() | {"corpora.mine.columns": LEAVE_OUT}, "corpora.mine: 'columns' is missing"),
    ({"corpora.imdb.columns": TABLE["columns"]}, "corpora.imdb.columns: has no meaning for format"),
    ({"corpora.imdb.split.stratify": 1}, "split.stratify: found 1, expected true or false"),
    ({"corpora.x": FOLDERS | {"split": SHARES}, "corpora.x.encoding": LEAVE_OUT}, "'encoding' is"),
    ({"fit.class_weight": "balance"}, "fit.class_weight: found 'balance'; did you mean 'balanced'"),
    # names that no file may have
    *(({"name": name}, f"name: '{name}' does not have") for name in ("../x", "a b", "A", "", "ü")),
    ({"variants": COMMITTED["variants"] | {"../x": GLOVE_LSTM}}, "variants: '../x' does not have"),
    ({"corpora.A": COMMITTED["corpora"]["imdb"]}, "corpora: 'A' does not have the form"),
    (
        {"variants": COMMITTED["variants"] | {"x" * 61: GLOVE_LSTM}},
        "of 61 characters, expected at most 60",
    ),
    (
        {"sources.imdb_sample.file": COMMITTED["sources"]["newsgroups_sample"]["file"]},
        "sources.imdb_sample.file: 'newsgroups-sample.tar.xz' in resources/downloads/ would"
        " overwrite a file of the source 'newsgroups_sample'; name another file in one of them",
    ),
    (
        {"sources.imdb_sample.file": "newsgroups-sample.tar.xz.json"},
        "would overwrite a file of the source 'newsgroups_sample'",
    ),
    ({"sources.imdb_sample.file": "logs"}, "'logs' is a folder of the workflow in resources/down"),
    (
        {"variants.glove_lstm.title": f" {COMMITTED['variants']['glove_bilstm']['title']}"},
        "variants.glove_bilstm.title: found 'GloVe → BiLSTM, max pooling', which is also that of",
    ),
    (
        {"corpora.imdb.title": COMMITTED["corpora"]["newsgroups"]["title"]},
        "corpora.imdb.title: found '20 Newsgroups (4 groups)', which is also that of corpora.newsg",
    ),
    ({"sources.imdb_sample.file": "../x"}, "sources.imdb_sample.file: '../x' does not have"),
    # names that stand for nothing
    ({"lessons.corpus": "imbd"}, "lessons.corpus: unknown 'imbd'; did you mean 'imdb'?"),
    ({"lessons.pages": ["shape"]}, "lessons.pages[0]: found 'shape'; did you mean 'shapes'?"),
    ({"lessons.page": []}, "lessons: unknown key 'page'; did you mean 'pages'?"),
    ({"compare.corpora": ["imbd"]}, "compare.corpora: unknown 'imbd'; did you mean 'imdb'?"),
    ({"compare.embeddings": ["cbwo"]}, "compare.embeddings: unknown 'cbwo'; did you mean 'cbow'?"),
    (
        {"compare.variants": ["glove_lst"]},
        "compare.variants: unknown 'glove_lst'; did you mean 'glove_lstm'?",
    ),
    (
        {"corpora.imdb.source": "imdb_sampl"},
        "corpora.imdb.source: unknown 'imdb_sampl'; did you mean 'imdb_sample'?",
    ),
    ({"embeddings.glove.source": "x"}, "embeddings.glove.source: unknown 'x'; allowed: newsgr"),
    (
        {"variants.glove_lstm.input.encoding": "word"},
        "variants.glove_lstm.input.encoding: unknown 'word'; did you mean 'words'?",
    ),
    (
        {"variants.glove_lstm.input.embedding": "golve"},
        "variants.glove_lstm.input.embedding: unknown 'golve'; did you mean 'glove'?",
    ),
    (
        {"corpora.imdb.encoding": "utf-88"},
        "corpora.imdb.encoding: unknown 'utf-88'; allowed: utf-8",
    ),
    # settings that do not go together
    (
        {"variants.tfidf_svm.layers": [{"Dense": {}}]},
        "variants.tfidf_svm: 'layers' and 'pipeline' exclude each other",
    ),
    (
        {"variants.multihot_dense.input.length": 9},
        "variants.multihot_dense.input.length: has no meaning for 'form: multihot'",
    ),
    ({"variants.glove_lstm.input.encoding": LEAVE_OUT}, "glove_lstm.input: 'encoding' is missing"),
    (
        {"variants.learned_dense.input.form": "onehot"},
        "variants.learned_dense.input.dimensions: has no meaning for 'form: onehot'; remove it",
    ),
    (
        {"embeddings.glove.train": VECTORS},
        "embeddings.glove: found {",
    ),
    (
        {"variants.glove_lstm.input.dimensions": 9},
        "variants.glove_lstm.input: expected either 'embedding' (pretrained vectors) or 'dim",
    ),
    (
        {"variants.learned_dense.input.dimensions": LEAVE_OUT},
        "variants.learned_dense.input: expected either 'embedding' (pretrained vectors) or 'dim",
    ),
    ({"variants.learned_dense.input.trainable": False}, "learned_dense.input.trainable: only pre"),
    (
        {"corpora.imdb.split.test": 0.2},
        "corpora.imdb.split.test: format 'imdb' has its own test split",
    ),
    ({"corpora.newsgroups.split.test": LEAVE_OUT}, "corpora.newsgroups.split: 'test' is missing"),
    ({"corpora.imdb.header": "cut"}, "corpora.imdb.header: has no meaning for format 'imdb'"),
    # values that only YAML or only JSON schema accepts
    ({"seeds": [1.0]}, "seeds[0]: found 1.0, expected a whole number"),
    ({"seeds": [2**32]}, "seeds[0]: found 4294967296, expected at most 4294967295"),
    ({"fit.epochs": 10**30}, "fit.epochs: found 1000000000000000000000000000000, expected at mo"),
    ({"compare.confidence": float("nan")}, "compare.confidence: found nan, expected a number"),
    ({"compare.confidence": float("inf")}, "compare.confidence: found inf, expected a number"),
    ({"variants.tfidf_svm.pipeline.1.LinearSVC.C": float("nan")}, "pipeline[1].LinearSVC.C: found"),
    ({"name": "sample\n"}, r"name: 'sample\n' does not have the form ^[a-z0-9][a-z0-9_]*$"),
    ({"variants.a\n": ENSEMBLE}, r"variants: 'a\n' does not have the form"),
    ({"sources.imdb_sample.file": "a.zip\n"}, r"imdb_sample.file: 'a.zip\n' does not have the f"),
    ({"corpora.imdb.title": "\ud800"}, "corpora.imdb.title: found '\\ud800' with the character U+"),
    ({"corpora.imdb.title": "a\0"}, "with the character U+0000, which is no text; remove it"),
    ({"corpora.imdb.title": "t" * 201}, "of 201 characters, expected at most 200"),
    ({"sources.imdb_sample.file": "t" * 256}, "of 256 characters, expected at most 120"),
    (
        {"corpora.imdb.title": datetime.date(2024, 1, 1)},
        "title: found datetime.date(2024, 1, 1), ex",
    ),
    (
        {"corpora.imdb": {2020: 1, "title": "x"}},
        "corpora.imdb: found the key 'title', expected tex",
    ),
    ({"corpora.imdb": {True: 1}}, "corpora.imdb: found the key True, expected text; put it in quo"),
    ({"corpora.newsgroups.encoding": "undefined"}, "newsgroups.encoding: unknown 'undefined'"),
    ({"corpora.newsgroups.encoding": "idna"}, "corpora.newsgroups.encoding: unknown 'idna'"),
    ({"corpora.newsgroups.encoding": "hex"}, "corpora.newsgroups.encoding: unknown 'hex'"),
    ({"corpora.newsgroups.encoding": "a\tb"}, "corpora.newsgroups.encoding: unknown 'a"),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("changes", "message"), MISTAKES, ids=[text for _, text in MISTAKES])
def test_a_mistake_is_one_line_with_its_place_and_what_is_right(changes, message):
    (found,) = messages(changed(changes))
    assert message in found
    assert len(found) < 300


@pytest.mark.reliability("Bad configuration")
def test_five_mistakes_are_shown_and_the_others_counted():
    wrong = {f"corpora.imdb.wrong{n}": 1 for n in range(8)}
    found = messages(changed(wrong))
    assert len(found) == 6
    assert found[-1] == "… and 3 more"
    assert len(messages({})) == 1
