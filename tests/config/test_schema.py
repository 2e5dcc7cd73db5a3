import copy
import re

import pytest
from configurations import ENSEMBLE, OWN, SCHEMA, SCHEMA_FILE, VECTORS, changed, mine

from seq2report.config.messages import schema_mistakes


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
            "variants.chosen": {"title": "C", "choose": {"candidates": ["both"]}},
            "variants.own": OWN,
            "variants.told": {"title": "T", "predictions": {"source": "s", "cost": {"money": "1"}}},
            "embeddings.trained": trained,
            "features": features,
            "encoders": {"e": {"title": "E", "source": "s", "length": 9, "pooling": "cls"}},
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
