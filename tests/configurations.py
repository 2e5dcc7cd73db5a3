"""The committed configuration, changes of it, and what is reported of them."""

import copy

import yaml
from helpers import ROOT

from seq2report.config.check import check
from seq2report.config.resolve import resolve_variant
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


GIVEN_PARTS = TABLE["columns"] | {"split": "part"}
FOLDERS = {"title": "T", "source": "imdb_sample", "format": "folders", "encoding": "utf-8"}
OWN = {
    "title": "Own",
    "layers": {"file": "config/layers.py", "function": "gru_attention", "arguments": {}},
}


def with_variants(**variants):
    return changed({f"variants.{name}": variant for name, variant in variants.items()})
