import copy
import datetime
import itertools
import json
import re

import pytest
import yaml
from helpers import ROOT
from snakemake.utils import update_config

from seq2report.config.check import check
from seq2report.config.check_models import check_models
from seq2report.config.corpora import circumstances
from seq2report.config.messages import schema_mistakes
from seq2report.config.references import reference_mistakes
from seq2report.config.resolve import resolve_trained, resolve_variant
from seq2report.config.written import file_mistakes, typed
from seq2report.core.command import UserError

SCHEMA_FILE = ROOT / "workflow/schemas/config.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))
COMMITTED = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
LEAVE_OUT = object()


def settings_of(config, name):
    return resolve_variant(config, name).settings()


def changed(changes, config=COMMITTED):
    """Return a copy with ``{"a.b.0.c": value}`` set, or left out."""
    config = copy.deepcopy(config)
    for place, value in changes.items():
        *path, last = [int(key) if key.isdigit() else key for key in place.split(".")]
        inside = config
        for key in path:
            inside = inside[key]
        if value is LEAVE_OUT:
            del inside[last]
        else:
            inside[last] = value
    return config


def messages(config):
    """Return the lines under the heading, [] if the configuration is right."""
    try:
        check(config, SCHEMA_FILE)
    except UserError as error:
        heading, *lines = str(error).splitlines()
        assert heading == "the configuration is not valid"
        return [line.removeprefix("  ") for line in lines]
    return []


def test_every_committed_configuration_is_right():
    for path in (ROOT / "config").glob("*.yaml"):
        overlay = yaml.safe_load(path.read_text(encoding="utf-8"))
        merged = copy.deepcopy(COMMITTED)
        update_config(merged, overlay)
        assert messages(merged) == [], path


VECTORS = {"method": "cbow", "dimensions": 9, "window": 5, "negative": 5, "epochs": 5}
ENSEMBLE = {
    "title": "Both",
    "ensemble": {"members": ["tfidf_svm", "glove_lstm"], "method": "vote"},
}
GLOVE_LSTM = COMMITTED["variants"]["glove_lstm"]
SHARES = {"test": 0.2, "validation": 0.1, "seed": 7}
TABLE = {
    "title": "T",
    "source": "mine",
    "format": "table",
    "columns": {"text": "body", "label": "kind"},
    "split": SHARES,
}


def mine(file="mine.csv", **settings):
    """Return the changes that make an own corpus of a table."""
    source = {"file": file, "from": [{"url": "file:mine.csv"}]}
    return {"sources.mine": source, "corpora.mine": TABLE | settings}


def test_two_sources_may_be_the_same_file_of_the_same_address():
    assert messages(changed({"sources.again": COMMITTED["sources"]["imdb_sample"]})) == []


GIVEN_PARTS = TABLE["columns"] | {"split": "part"}
FOLDERS = {"title": "T", "source": "imdb_sample", "format": "folders", "encoding": "utf-8"}
OWN = {
    "title": "Own",
    "layers": {"file": "config/layers.py", "function": "gru_attention", "arguments": {}},
}
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
    # values of the wrong kind
    ({"seeds": 1}, "seeds: found 1, expected a list"),
    ({"seeds": [1, "a"]}, "seeds[1]: found 'a', expected integer"),
    ({"sample": "yes"}, "sample: found 'yes', expected boolean"),
    ({"gpu": True}, "gpu: found True, expected integer"),
    ({"gpu": 2}, "gpu: found 2, expected at most 1"),
    ({"gpu_absent": "ignore"}, "gpu_absent: found 'ignore'; allowed: error, cpu"),
    ({"variants.glove_lstm": None}, "variants.glove_lstm: found None, expected a mapping"),
    ({"variants.glove_lstm.layers": "LSTM"}, "glove_lstm.layers: found 'LSTM', expected a list"),
    (
        {"variants.glove_lstm.layers": OWN["layers"] | {"argument": {}}},
        "variants.glove_lstm.layers: unknown key 'argument'; did you mean 'arguments'?",
    ),
    ({"variants.glove_lstm.layers": {"file": "a.py"}}, "glove_lstm.layers: 'function' is missing"),
    ({"variants.glove_lstm.layers": OWN["layers"] | {"arguments": []}}, "arguments: found [], exp"),
    ({"variants.glove_lstm.layers": ["LSTM"]}, "layers[0]: found 'LSTM', expected a mapping"),
    ({"variants.glove_lstm.layers": [{"LSTM": None}]}, "layers[0].LSTM: found None, expected a m"),
    (
        {"variants.glove_lstm.layers": [{"LSTM": {}, "units": {}}]},
        "layers[0]: found LSTM, units side by side, expected one name; indent",
    ),
    ({"fit.optimizer": 3}, "fit.optimizer: found 3, expected name of a Keras optimizer"),
    ({"sources.imdb_sample.from": [{"sha256": "0" * 64}]}, "expected one of url and package"),
    ({"sources.imdb_sample.from.0.package": "a==1"}, "expected one of url and package"),
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
    ({"compare.embeddings": "cbow"}, "compare.embeddings: found 'cbow', expected a list"),
    ({"compare.confidence": 1}, "compare.confidence: found 1, expected less than 1"),
    ({"compare.confidence": LEAVE_OUT}, "compare: 'confidence' is missing"),
    ({"corpora.imdb.split.validation": 0}, "split.validation: found 0, expected more than 0"),
    ({"fit.refit": 3}, "fit.refit: found 3, expected boolean"),
    ({"fit.batch_size": 0}, "fit.batch_size: found 0, expected at least 1"),
    ({"fit.epochs": -1}, "fit.epochs: found -1, expected at least 1"),
    ({"fit.patience": 1.5}, "fit.patience: found 1.5, expected integer"),
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
    ({"sources.imdb_sample.from.0.url": "ftp://x"}, "from[0].url: 'ftp://…' does not have the"),
    ({"sources.imdb_sample.from.0.sha256": "x"}, "from[0].sha256: 'x' does not have the form"),
    # own corpora
    (mine(columns={"text": "a"}), "corpora.mine.columns: 'label' is missing"),
    (mine(split={"validation": 0.1, "seed": 1}), "corpora.mine.split: 'test' is missing (or 'colu"),
    (
        mine(columns=GIVEN_PARTS),
        "corpora.mine: 'split.test' and 'columns.split' exclude each other",
    ),
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
    (mine(columns={"text": "a", "label": [1]}), "label: found [1], expected text or integer"),
    (mine("mine.txt"), "sources.mine.file: 'mine.txt' does not end like a table; allowed: .csv"),
    (mine("mine.xlsx"), "sources.mine.file: 'mine.xlsx' is a workbook; save its sheet as CSV UTF"),
    (mine() | {"corpora.mine.columns": LEAVE_OUT}, "corpora.mine: 'columns' is missing"),
    ({"corpora.imdb.columns": TABLE["columns"]}, "corpora.imdb.columns: has no meaning for format"),
    ({"corpora.imdb.split.stratify": 1}, "split.stratify: found 1, expected boolean"),
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
    ({"seeds": [1.0]}, "seeds[0]: found 1.0, expected integer"),
    ({"seeds": [2**32]}, "seeds[0]: found 4294967296, expected at most 4294967295"),
    ({"fit.epochs": 10**30}, "fit.epochs: found 1000000000000000000000000000000, expected at mo"),
    ({"compare.confidence": float("nan")}, "compare.confidence: found nan, expected a number"),
    ({"compare.confidence": float("inf")}, "compare.confidence: found inf, expected number"),
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


def objects(schema, config, path=()):
    """Yield (path, properties) of every mapping of the schema, with a place of it in ``config``."""
    schema = (
        SCHEMA["$defs"][schema["$ref"].rsplit("/")[-1]] | schema if "$ref" in schema else schema
    )
    if "properties" in schema:
        yield path, schema
        for key, inner in schema["properties"].items():
            if key in config:
                yield from objects(inner, config[key], (*path, key))
    elif "then" in schema:
        yield from objects(schema["then" if isinstance(config, dict) else "else"], config, path)
    elif isinstance(schema.get("additionalProperties"), dict):
        for key in config:
            yield from objects(schema["additionalProperties"], config[key], (*path, key))
    elif isinstance(schema.get("items"), dict):
        for n, item in enumerate(config):
            yield from objects(schema["items"], item, (*path, n))


def test_no_mapping_with_named_properties_lets_an_unknown_key_pass():
    def walk(schema):
        if isinstance(schema, dict):
            if "properties" in schema:
                assert schema.get("additionalProperties") is False, list(schema["properties"])
            for inner in schema.values():
                walk(inner)
        elif isinstance(schema, list):
            for inner in schema:
                walk(inner)

    walk(SCHEMA)


@pytest.mark.reliability("Bad configuration")
def test_every_property_of_the_schema_is_refused_when_misspelt():
    trained = {"title": "T", "train": VECTORS}
    features = {"ngrams": {"steps": [{"TfidfVectorizer": {}}]}}
    full = changed(
        {
            "variants.glove_lstm.fit": {"epochs": 3},
            "variants.both": ENSEMBLE,
            "variants.own": OWN,
            "embeddings.trained": trained,
            "features": features,
            **mine(),
        }
    )
    seen = set()
    for path, schema in objects(SCHEMA, full):
        form = tuple(schema["properties"])
        if form in seen:
            continue
        seen.add(form)
        place = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path).removeprefix(".")
        for key in form:
            config = copy.deepcopy(full)
            inside = config
            for step in path:
                inside = inside[step]
            inside[f"{key}x"] = inside.get(key)
            (found,) = schema_mistakes(config, SCHEMA)
            assert f"{place or 'top level'}: unknown key '{key}x'; did you mean '{key}'?" in found
    everywhere = re.findall(r"(?<=\n) *properties:", "\n" + SCHEMA_FILE.read_text(encoding="utf-8"))
    assert len(seen) == len(everywhere)


REPEATED = [
    (
        "a: 1\nb: 2\na: 3\n",
        ["line 3: duplicate key 'a', first in line 1; only the last value"],
    ),
    (
        "variants:\n  lstm: {title: A}\n  gru: {title: B}\n  'lstm': {title: C, title: D}\n",
        [
            "line 4: duplicate key 'lstm', first in line 2",
            "line 4: duplicate key 'title', first in line 4",
        ],
    ),
    (
        "- {layers: [{LSTM: {units: 3, units: 4}}]}",
        ["line 1: duplicate key 'units', first in line 1"],
    ),
    ('{"a": {"b": 1,\n "b": 2}}', ["line 2: duplicate key 'b', first in line 1"]),
    ("x: &x {a: 1}\ny: {<<: *x, a: 2}\nz: {a: 1, 1: 2, '1': 3}\n", []),
    ("", []),
    ("a: [", []),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("text", "expected"), REPEATED)
def test_a_key_that_occurs_twice_is_reported_with_both_its_lines(text, expected, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    found = file_mistakes(file)
    for message, start in zip(found, expected, strict=True):
        assert message.startswith(f"{file}: {start}")
    assert file_mistakes(tmp_path / "none.yaml") == []


BOMB = "a: &a [x, x, x, x]\n" + "".join(
    f"{key}: &{key} [{', '.join([f'*{last}'] * 9)}]\n"
    for last, key in itertools.pairwise("abcdefgh")
)
MAPPINGS = "a: &a {b: x}\n" + "".join(
    f"{key}: &{key} {{{', '.join(f'{n}: *{last}' for n in range(9))}}}\n"
    for last, key in itertools.pairwise("abcdefgh")
)
CHAIN = "a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "line 7: found a value of more than 1,000,000 characters or 50 levels, with its"),
        (MAPPINGS, "line 7: found a value of more than 1,000,000 characters or 50 levels"),
        (CHAIN, "line 51: found a value of more than 1,000,000 characters or 50 levels"),
        (f"a: {'[' * 60}{']' * 60}\n", "line 1: found a value of more than 1,000,000 char"),
        (f"a: {'[' * 3000}{']' * 3000}\n", "found more than 50 levels of lists and mappings"),
        ("b: 1\na: &a [*a]\n", "line 2: found an alias inside of its own value; remove it"),
        ("a: &a\n  b: 1\n  c: {d: *a}\n", "line 1: found an alias inside of its own value"),
        ("a: &a\n  b: 1\n  <<: *a\n", "line 1: found an alias inside of its own value"),
    ],
    ids=["bomb", "mappings", "chain", "nested", "brackets", "list", "mapping", "merge"],
)
def test_aliases_that_would_never_end_are_refused_before_they_are_followed(text, message, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    assert file_mistakes(file)[0].startswith(f"{file}: {message}")


def test_a_value_that_is_used_twice_may_be_an_alias(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("a: &a {b: [1, 2]}\nc: [*a, *a]\nd: {<<: *a}\n")
    assert file_mistakes(file) == []


@pytest.mark.reliability("Bad configuration")
def test_lists_and_mappings_of_the_command_line_have_the_types_of_a_file():
    entries = ["seeds=[1, 2]", "fit={epochs: 3, optimizer: adam}", "name=[x", "mirror=a=b", "gpu=1"]
    assert typed(entries) == {"seeds": [1, 2], "fit": {"epochs": 3, "optimizer": "adam"}}


def with_variants(**variants):
    return changed({f"variants.{name}": variant for name, variant in variants.items()})


def test_a_variant_takes_over_what_it_does_not_name():
    config = with_variants(
        base=GLOVE_LSTM | {"fit": {"epochs": 3, "batch_size": 8}},
        middle={"extends": "base", "title": "M", "input": {"length": 9}, "fit": {"epochs": 4}},
        top={"extends": "middle", "title": "T", "layers": [{"GRU": {"units": 3}}]},
    )
    assert messages(config) == []
    base, top = settings_of(config, "base"), settings_of(config, "top")
    assert top["input"] == base["input"] | {"length": 9}
    assert top["fit"] == base["fit"] | {"epochs": 4}
    assert top["layers"] == [{"GRU": {"units": 3}}]
    assert "extends" not in top


def test_an_optimizer_takes_the_place_of_the_other_whole():
    config = with_variants(
        base=GLOVE_LSTM | {"fit": {"optimizer": {"RMSprop": {"learning_rate": 0.1}}}},
        top={"extends": "base", "title": "T", "fit": {"optimizer": {"Adam": {}}}},
    )
    assert settings_of(config, "top")["fit"]["optimizer"] == {"Adam": {}}


@pytest.mark.reliability("Bad configuration")
def test_a_variant_extends_one_that_is_there_and_not_itself():
    (found,) = messages(with_variants(x={"extends": "glove_lstn", "title": "X"}))
    assert found.startswith("variants.x.extends: unknown 'glove_lstn'; did you mean 'glove_lstm'?")
    circle = with_variants(
        a={"extends": "b", "title": "A"},
        b={"extends": "a", "title": "B"},
    )
    assert messages(circle) == [
        "variants.b.extends: a → b → a goes round in a circle",
        "variants.a.extends: b → a → b goes round in a circle",
    ]


def lecture_variant(encoding, **fit):
    variant = {
        "extends": "glove_lstm",
        "title": "L",
        "input": {"encoding": encoding},
        "fit": {"protocol": "lecture", **fit},
    }
    encodings = {"encodings.all": {"num_words": 100, "fit": "all"}}
    return changed({"variants.l": variant, **encodings})


def test_the_lectures_protocol_is_one_setting():
    found = settings_of(lecture_variant("all"), "l")
    assert found["fit"] == {
        "protocol": "lecture",
        "optimizer": "rmsprop",
        "batch_size": 32,
        "epochs": 20,
        "refit": False,
    }
    assert (found["input"]["padding"], found["input"]["truncating"]) == ("pre", "pre")
    assert settings_of(lecture_variant("all", epochs=2), "l")["fit"]["epochs"] == 2


def test_the_lectures_protocol_counts_words_in_all_documents():
    assert messages(lecture_variant("all")) == []
    assert messages(lecture_variant("words")) == [
        "variants.l.input.encoding: 'protocol: lecture' counts words in all documents, but 'words'"
        " has 'fit: train'; name an encoding with 'fit: all'"
    ]


@pytest.mark.reliability("Bad configuration")
def test_to_fit_again_and_the_lectures_protocol_exclude_each_other():
    refused = (
        "variants.l.fit.refit: 'protocol: lecture' fits the validation documents the first time;"
        " remove one of the two, or set 'refit: false'"
    )
    assert messages(lecture_variant("all", refit=True)) == [refused]
    assert messages(lecture_variant("all", refit=False)) == []
    usual = changed({"fit.refit": True}, lecture_variant("all"))  # for the others
    assert messages(usual) == []
    assert settings_of(usual, "l")["fit"]["refit"] is False
    assert settings_of(usual, "glove_lstm")["fit"]["refit"] is True
    encodings = {"encodings.words.fit": "all", "encodings.words_10k.fit": "all"}
    everywhere = changed({"fit.protocol": "lecture", "fit.refit": True, **encodings})
    assert any("variants.glove_lstm.fit.refit:" in line for line in messages(everywhere))


LECTURE = {"extends": "glove_lstm", "title": "L", "fit": {"protocol": "lecture"}}
ENSEMBLE_MISTAKES = [
    ({"members": ["tfidf_svm"]}, ".members: found ['tfidf_svm'], expected at least 2"),
    ({"members": []}, ".members: found [], expected at least 2"),
    (
        {"members": ["tfidf_svm"] * 2},
        ".members: ['tfidf_svm', 'tfidf_svm'] has non-unique elements",
    ),
    ({"members": "tfidf_svm"}, ".members: found 'tfidf_svm', expected a list"),
    (
        {"members": ["tfidf_svm", "glove_lst"]},
        ".members: unknown 'glove_lst'; did you mean 'glove_lstm'? ",
    ),
    (
        {"members": ["tfidf_svm", "both"]},
        ".members: 'both' is an ensemble; name its members instead",
    ),
    (
        {"members": ["tfidf_svm", "e"]},
        ".members: 'e' is an ensemble; name its members instead",
    ),
    (
        {"members": ["tfidf_svm", "lecture"]},
        ".members: 'lecture' has 'protocol: lecture', which fits the validation documents;"
        " name a variant without it",
    ),
    ({"method": "votes"}, ".method: found 'votes'; did you mean 'vote'? allowed: vote, stack"),
    ({"methods": "vote"}, ": unknown key 'methods'; did you mean 'method'?"),
    ({"members": LEAVE_OUT}, ": 'members' is missing"),
    ({"method": LEAVE_OUT}, ": 'method' is missing"),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("changes", "message"), ENSEMBLE_MISTAKES)
def test_a_mistake_of_an_ensemble_is_one_line(changes, message):
    encodings = COMMITTED["encodings"] | {"words": {"num_words": 100, "fit": "all"}}
    other = copy.deepcopy(ENSEMBLE)
    config = with_variants(both=other, lecture=LECTURE, e=ENSEMBLE) | {"encodings": encodings}
    assert messages(config) == []
    changes = {f"variants.e.ensemble.{key}": value for key, value in changes.items()}
    (found,) = messages(changed(changes, config))
    assert found.startswith(f"variants.e.ensemble{message}")


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("key", ["pipeline", "input", "layers", "fit"])
def test_an_ensemble_is_nothing_else(key):
    other = {
        **{"pipeline": [{"LinearSVC": {}}], "input": {"length": 9}},
        **{"layers": [{"Flatten": {}}], "fit": {"epochs": 3}},
    }
    assert messages(with_variants(e={**ENSEMBLE, key: other[key]})) == [
        f"variants.e: '{key}' and 'ensemble' exclude each other; remove one of them"
    ]


def test_an_ensemble_takes_over_what_it_does_not_name():
    config = with_variants(
        e=ENSEMBLE, f={"extends": "e", "title": "F", "ensemble": {"method": "stack"}}
    )
    assert messages(config) == []
    expected = {"members": ["tfidf_svm", "glove_lstm"], "method": "stack"}
    assert settings_of(config, "f") == {"ensemble": expected}


def test_a_linear_model_is_a_member_whatever_networks_are_fitted_by():
    config = with_variants(
        e={"title": "E", "ensemble": {"members": ["tfidf_svm", "bayes"], "method": "vote"}},
        bayes={"title": "NB", "pipeline": [{"MultinomialNB": {}}]},
    )
    config["fit"]["protocol"] = "lecture"
    config["variants"] = {name: config["variants"][name] for name in ("e", "tfidf_svm", "bayes")}
    config["compare"]["variants"] = ["e"]
    assert messages(config) == []


def test_what_is_trained_is_what_is_compared_and_the_members_of_it():
    config = with_variants(e=ENSEMBLE)
    assert list(resolve_trained(config)) == COMMITTED["compare"]["variants"]
    config["compare"]["variants"] = ["e", "tfidf_svm"]
    found = resolve_trained(config)
    assert list(found) == ["e", "tfidf_svm", "glove_lstm"]
    assert found["glove_lstm"] == resolve_variant(COMMITTED, "glove_lstm")


def test_defaults_are_filled_in_and_the_configuration_stays_as_it_was():
    config = changed({"variants.glove_lstm.fit": {"epochs": 3}})
    before = copy.deepcopy(config)
    found = settings_of(config, "glove_lstm")
    assert config == before
    assert found["fit"] == {"refit": False} | COMMITTED["fit"] | {"epochs": 3}
    assert found["input"] == {
        **{"form": "sequence", "padding": "pre", "truncating": "pre", "trainable": True},
        **{"encoding": "words", "length": 150, "embedding": "glove"},
    }
    assert found["layers"] == GLOVE_LSTM["layers"]
    found["input"]["length"] = found["fit"]["epochs"] = 1
    assert config == before


def test_what_is_said_for_show_or_means_nothing_is_not_part_of_a_variant():
    tfidf, multihot = (settings_of(COMMITTED, n) for n in ("tfidf_svm", "multihot_dense"))
    assert set(tfidf) == {"pipeline"}
    assert set(multihot) == {"input", "layers", "fit"}
    assert multihot["input"] == {"form": "multihot", "encoding": "words_10k"}
    retitled = changed({"variants.glove_lstm.title": "Other"})
    assert resolve_variant(retitled, "glove_lstm") == resolve_variant(COMMITTED, "glove_lstm")


@pytest.fixture
def script(tmp_path):
    """A stand-in for check.py that counts its calls and refuses a dense layer of 99 units."""
    path = tmp_path / "check.py"
    path.write_text(
        "import json, sys\n"
        "open('calls', 'a').write('x')\n"
        "content = json.load(sys.stdin)\n"
        "open('built', 'w').write(' '.join(content['variants']))\n"
        "text = json.dumps(content)\n"
        "print('E tensorflow: error: no GPU', file=sys.stderr)\n"
        "if '\"units\": 99' in text:\n"
        "    sys.exit('error: not right\\n  v: Keras error: 99')\n"
    )
    return path


def calls(tmp_path):
    return len((tmp_path / "calls").read_text())


def test_models_are_built_once_for_the_same_settings(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    memory = tmp_path / "results/checked.json"
    for config, expected in [
        (COMMITTED, 1),
        (COMMITTED, 1),
        (changed({"variants.glove_lstm.title": "Other"}), 1),
        (changed({"variants.glove_lstm.input.length": 9}), 2),
        (changed({"encodings.words.num_words": 9}), 3),
        (changed({"encodings.words.num_words": 9, "variants.both": ENSEMBLE}), 3),
    ]:
        check_models(config, script, memory)
        assert calls(tmp_path) == expected
    assert json.loads(memory.read_text())["versions"]["keras"]
    script.write_text(f"{script.read_text()}# a stricter check\n")
    check_models(COMMITTED, script, memory)
    assert calls(tmp_path) == 4


def test_of_a_changed_configuration_only_the_new_models_are_built(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    memory = tmp_path / "checked.json"
    check_models(COMMITTED, script, memory)
    longer = {"variants.glove_lstm.input.length": 9}
    check_models(changed(longer), script, memory)
    assert (tmp_path / "built").read_text() == "glove_lstm"
    another = {"variants.another": COMMITTED["variants"]["glove_lstm"]}
    check_models(changed(longer | another), script, memory)
    assert (tmp_path / "built").read_text() == "another"
    memory.write_text("damaged")
    check_models(COMMITTED, script, memory)
    assert len((tmp_path / "built").read_text().split()) > 5


@pytest.mark.reliability("Bad configuration")
def test_a_wrong_model_is_reported_each_time_without_the_messages_of_libraries(
    script, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    wrong = changed({"variants.glove_lstm.layers": [{"Dense": {"units": 99}}]})
    for n in (1, 2):
        with pytest.raises(UserError) as refusal:
            check_models(wrong, script, tmp_path / "checked.json")
        assert str(refusal.value) == "not right\n  v: Keras error: 99"
        assert calls(tmp_path) == n
    assert not (tmp_path / "checked.json").exists()


def test_a_memory_that_cannot_be_written_is_no_hindrance(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    check_models(COMMITTED, script, tmp_path / "file/checked.json")
    assert calls(tmp_path) == 1


def test_a_network_that_reads_features_reads_nothing_else():
    features = {"ngram": {"steps": [{"TfidfVectorizer": {}}]}} | COMMITTED["features"]

    def mistakes(given, **fit):
        variant = {"title": "V", "input": given, "layers": [{"Dense": {"units": 3}}], "fit": fit}
        return list(reference_mistakes(changed({"features": features, "variants.v": variant})))

    assert mistakes({"features": "ngram"}) == []
    (found,) = mistakes({"features": "ngramm"})
    assert found.startswith("variants.v.input.features: unknown 'ngramm'; did you mean 'ngram'?")
    (found,) = mistakes({"features": "ngrams", "length": 5})
    assert found.startswith("variants.v.input: 'length' and 'features' exclude each other")
    (found,) = mistakes({"features": "ngrams"}, protocol="lecture")
    assert "networks that read tokens, not features" in found
    variant = {"title": "V", "input": {"features": "ngrams"}, "layers": [{"Dense": {"units": 3}}]}
    read = settings_of(changed({"features": features, "variants.v": variant}), "v")["input"]
    assert read == {"form": "features", "features": "ngrams"}


@pytest.mark.parametrize(
    "changes",
    [
        {"corpora.x": FOLDERS | {"split": SHARES}},
        {"corpora.x": FOLDERS | {"split": {"validation": 0.1, "seed": 1}, "header": "cut"}},
        mine(split=SHARES | {"stratify": True}),
        mine(columns=GIVEN_PARTS, split={"validation": 0.1, "seed": 1}),
        mine("mine.zip"),
        mine("m.TSV.gz", encoding="latin-1"),
        {"fit.class_weight": "balanced"},
    ],
)
def test_an_own_corpus_may_be_told_in_these_ways(changes):
    assert messages(changed(changes)) == []


@pytest.mark.parametrize(
    ("corpus", "split", "header"),
    [
        ({"format": "newsgroups", "split": {"test": 0.2, "seed": 7}}, "random 80/20, s", "keep"),
        ({"format": "newsgroups_bydate", "header": "cut", "split": {"seed": 1}}, "the c", "cut"),
        ({"format": "imdb", "split": {"seed": 1}}, "the corpus's own test split", "none"),
        (FOLDERS | {"split": SHARES}, "random 80/20, seed 7", "none"),
        (FOLDERS | {"split": SHARES, "header": "keep"}, "random 80/20, seed 7", "keep"),
        (
            TABLE
            | {
                "columns": TABLE["columns"] | {"group": "author"},
                "split": SHARES | {"stratify": True},
            },
            "random 80/20, stratified by class, no 'author' in two splits, seed 7",
            "none",
        ),
        (
            TABLE | {"columns": GIVEN_PARTS, "split": {"validation": 0.1, "seed": 1}},
            "the corpus's own test split",
            "none",
        ),
    ],
)
def test_what_the_figures_of_a_corpus_hang_on_is_told_in_words(corpus, split, header):
    description = circumstances(corpus)
    assert description["split"].startswith(split)
    assert description["header"] == header


def test_a_random_split_tells_its_seed():
    split = {"test": 0.25, "validation": 0.1, "seed": 7}
    description = circumstances({"format": "newsgroups", "split": split})
    assert description["split"] == "random 75/25, seed 7"
