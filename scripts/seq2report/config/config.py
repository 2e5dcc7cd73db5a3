"""The configuration: is it right, and if not, where, what is wrong and what is allowed."""

import contextlib
import json
import re
import reprlib
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import jsonschema
import yaml

from seq2report.core.command import UserError, nearest, replacing
from seq2report.core.machine import memory_mb
from seq2report.files.addresses import written_secret
from seq2report.files.table_files import ENDINGS, kind_of
from seq2report.models.functions import digest

HAS_OWN_TEST_PART = {  # by the corpus format; None: by the corpus
    "newsgroups": False,
    "newsgroups_bydate": True,
    "imdb": True,
    "keras_imdb": True,
    "folders": None,
    "table": None,
}
MEANS_SOMETHING = {  # keys of a corpus, for which formats
    "encoding": ("newsgroups", "newsgroups_bydate", "imdb", "folders", "table"),
    "header": ("newsgroups", "newsgroups_bydate", "folders"),
    "word_index": ("keras_imdb",),
    "columns": ("table",),
}
MAY_BE_LEFT_OUT = {  # of these
    "encoding": ("table",),
    "header": ("newsgroups", "newsgroups_bydate", "folders"),
}
# Mappings of a variant that keep what one that extends it does not name.
MERGED = ("input", "fit", "ensemble")
INPUT_KEYS = {"length", "padding", "truncating", "embedding", "trainable", "dimensions"}
MEANT_BY_FORM = {  # of these, by the form of the input
    "sequence": INPUT_KEYS,
    "onehot": {"length", "padding", "truncating"},
    "multihot": set(),
}
# The lecture's protocol; words are cut and padded on the left by default.
LECTURE_FIT = {"protocol": "lecture", "optimizer": "rmsprop", "batch_size": 32, "epochs": 20}
KINDS = {"object": "a mapping (key: value)", "array": "a list", "string": "text"}  # YAML's words


def check(config: dict, schema_path: Path | str) -> None:
    """Check a whole configuration but for the arguments of its layers and pipeline steps.

    Raises:
        UserError: one line a mistake, at most five.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    mistakes = list(dict.fromkeys(schema_mistakes(config, schema)))
    mistakes = mistakes or list(reference_mistakes(config))
    if mistakes:
        raise UserError(format_mistakes(mistakes))


def format_mistakes(mistakes: list[str]) -> str:
    """Join messages under one heading; past five only their number is said."""
    more = f"\n  … and {len(mistakes) - 5} more" if len(mistakes) > 5 else ""
    return "the configuration is not right\n" + "\n".join(f"  {m}" for m in mistakes[:5]) + more


def schema_mistakes(config: dict, schema: dict) -> Iterator[str]:
    """Yield a message for each place where ``config`` departs from its JSON schema."""
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    for error in sorted(errors, key=lambda error: list(map(str, error.absolute_path))):
        for message in _explain(error):
            # Messages show what was found, and the rest of an address may be a secret.
            yield re.sub(r"(\w+://)[^\s'\"]+", r"\1…", message)


def _explain(error: jsonschema.ValidationError) -> Iterator[str]:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    where = "".join(steps).removeprefix(".") or "top level"
    found, limit = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for key in found:
                if key not in known:
                    yield f"{where}: unknown key '{key}'; {nearest(key, known)}"
        case "enum":
            yield f"{where}: found '{found}'; {nearest(found, limit)}"
        case "required":
            missing = ", ".join(f"'{key}'" for key in limit if key not in found)
            yield f"{where}: {missing} is missing"
        case "type":
            yield f"{where}: found {reprlib.repr(found)}, expected {KINDS.get(limit, limit)}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            word = {"minimum": "at least", "maximum": "at most"}.get(error.validator)
            word = word or ("more than" if "Min" in error.validator else "less than")
            yield f"{where}: found {found!r}, expected {word} {limit}"
        case "minItems" if limit > 1:
            yield f"{where}: found {reprlib.repr(found)}, expected at least {limit}"
        case "pattern":
            yield f"{where}: '{found}' does not have the form {limit}"
        case "oneOf":
            keys = [key for choice in limit for key in choice.get("required", [])]
            expected = f"one of {' and '.join(keys)}" if keys else error.schema["description"]
            yield f"{where}: found {reprlib.repr(found)}, expected {expected}"
        case "maxProperties":
            keys = ", ".join(map(str, found))
            yield f"{where}: found {keys} side by side, expected one name; indent what is below it"
        case _:
            yield f"{where}: {error.message}"


def reference_mistakes(config: dict) -> Iterator[str]:
    """Yield a message for each name that stands for nothing and each setting without its partner.

    Expects a configuration that its schema accepts.
    """
    for kind in ("corpora", "variants", "embeddings"):
        for name in config["compare"].get(kind, []):
            if name not in config[kind]:
                yield f"compare.{kind}: unknown '{name}'; {nearest(name, config[kind])}"
    for name, number in config["compare"].get("seeds", {}).items():
        if name not in config["corpora"]:
            yield f"compare.seeds: unknown '{name}'; {nearest(name, config['corpora'])}"
        if number > len(config["seeds"]):
            yield (
                f"compare.seeds.{name}: found {number}, but 'seeds' has only"
                f" {len(config['seeds'])}; add some there"
            )
    read = config.get("lessons", {}).get("corpus")
    if read is not None and read not in config["corpora"]:
        yield f"lessons.corpus: unknown '{read}'; {nearest(read, config['corpora'])}"
    for kind in ("corpora", "encodings", "embeddings"):
        for name, settings in config[kind].items():
            for key in ("source", "word_index", "index"):
                if key in settings and settings[key] not in config["sources"]:
                    hint = nearest(settings[key], config["sources"])
                    yield f"{kind}.{name}.{key}: unknown '{settings[key]}'; {hint}"
    for name, settings in config["encodings"].items():
        if "index" in settings and settings["num_words"] < 5:
            yield (
                f"encodings.{name}.num_words: found {settings['num_words']}, expected at least 5:"
                " with a word index, the most frequent word has the id 4"
            )
    for name, source in config["sources"].items():
        for n, place in enumerate(source["from"]):
            if secret := written_secret(place.get("url", "")):
                yield (
                    f"sources.{name}.from[{n}].url: {secret} is written out; write ${{NAME}} in its"
                    " place and set the environment variable NAME, for settings are printed"
                )
    for name, corpus in config["corpora"].items():
        yield from _corpus_mistakes(f"corpora.{name}", corpus, config["sources"])
    for name in config["variants"]:
        try:
            variant = extended(config["variants"], name)
        except UserError as error:
            yield str(error)
        else:
            yield from _variant_mistakes(f"variants.{name}", variant, config)


def _corpus_mistakes(where: str, corpus: dict, sources: dict) -> Iterator[str]:
    form = corpus["format"]
    if HAS_OWN_TEST_PART[form] and "test" in corpus["split"]:
        yield f"{where}.split.test: a corpus of format '{form}' has a test part; take this key out"
    if HAS_OWN_TEST_PART[form] is False and "test" not in corpus["split"]:
        yield f"{where}.split: 'test' is missing; format '{form}' has no test part of its own"
    for key, forms in MEANS_SOMETHING.items():
        if key in corpus and form not in forms:
            yield f"{where}.{key}: means nothing for format '{form}'; take it out"
        if key not in corpus and form in forms and form not in MAY_BE_LEFT_OUT.get(key, ()):
            yield f"{where}: '{key}' is missing"
    if form == "table":
        yield from _table_mistakes(where, corpus, sources)
    try:
        "".encode(corpus.get("encoding", "utf-8"))
    except LookupError:
        hint = "utf-8, latin-1 or another encoding that Python knows"
        yield f"{where}.encoding: unknown '{corpus['encoding']}'; allowed: {hint}"


def _table_mistakes(where: str, corpus: dict, sources: dict) -> Iterator[str]:
    given = "split" in corpus.get("columns", {})
    if given and "test" in corpus["split"]:
        yield f"{where}: 'split.test' and 'columns.split' exclude each other; take one of them out"
    if not given and "test" not in corpus["split"]:
        yield f"{where}.split: 'test' is missing (or 'columns.split', if a column tells the part)"
    file = sources.get(corpus["source"], {}).get("file")
    if file and not file.lower().endswith(".zip") and kind_of(file) is None:
        yield (
            f"sources.{corpus['source']}.file: '{file}' does not tell what kind of table it is; end"
            f" the name in {ENDINGS}"
        )


def _variant_mistakes(where: str, variant: dict, config: dict) -> Iterator[str]:
    kind = next((key for key in ("ensemble", "pipeline") if key in variant), None)
    if kind:
        for key in ("pipeline", "input", "layers", "fit"):
            if key in variant and key != kind:
                yield f"{where}: '{key}' and '{kind}' exclude each other; take one of them out"
        if kind == "ensemble":
            yield from _ensemble_mistakes(f"{where}.ensemble", variant["ensemble"], config)
        return
    for key in ("input", "layers"):
        if key not in variant:
            yield (
                f"{where}: '{key}' is missing (or 'pipeline', for a scikit-learn model, or"
                " 'ensemble', for one of other variants)"
            )
            return
    given = variant["input"]
    named = {"encoding": "encodings", "embedding": "embeddings", "features": "features"}
    for key, kind in named.items():
        if key in given and given[key] not in config.get(kind, {}):
            hint = nearest(given[key], config.get(kind, {}))
            yield f"{where}.input.{key}: unknown '{given[key]}'; {hint}"
    own = variant.get("fit", {})
    fit = config["fit"] | own
    protocol = _protocol(variant, config)
    if protocol == "lecture" and (own if "protocol" in own else fit).get("refit"):
        yield (
            f"{where}.fit.refit: 'protocol: lecture' fits the validation documents the first time;"
            " take one of the two out, or set 'refit: false'"
        )
    if "features" in given:
        for key in given.keys() - {"features"}:
            yield f"{where}.input: '{key}' and 'features' exclude each other; take one of them out"
        if protocol == "lecture":
            yield f"{where}: 'protocol: lecture' is about networks that read words, not features"
        return
    if "encoding" not in given:
        yield f"{where}.input: 'encoding' is missing (or 'features')"
        return
    yield from _input_mistakes(f"{where}.input", given)
    counted = config["encodings"].get(given["encoding"], {}).get("fit", "all")
    if protocol == "lecture" and counted != "all":
        yield (
            f"{where}.input.encoding: 'protocol: lecture' counts words in all documents, but"
            f" '{given['encoding']}' has 'fit: {counted}'; name an encoding with 'fit: all'"
        )


def _protocol(variant: dict, config: dict) -> str | None:
    return (config["fit"] | variant.get("fit", {})).get("protocol")


def _ensemble_mistakes(where: str, ensemble: dict, config: dict) -> Iterator[str]:
    for key in ("members", "method"):
        if key not in ensemble:
            yield f"{where}: '{key}' is missing"
    for member in ensemble.get("members", []):
        if member not in config["variants"]:
            yield f"{where}.members: unknown '{member}'; {nearest(member, config['variants'])}"
            continue
        try:
            variant = extended(config["variants"], member)
        except UserError:  # which is told where that variant stands
            continue
        if "ensemble" in variant:
            yield f"{where}.members: '{member}' is an ensemble; name its members in its place"
        if "layers" in variant and _protocol(variant, config) == "lecture":
            yield (
                f"{where}.members: '{member}' has 'protocol: lecture', which keeps no validation"
                " documents aside; name a variant without it"
            )


def _input_mistakes(where: str, given: dict) -> Iterator[str]:
    form = given.get("form", "sequence")
    for key in INPUT_KEYS - MEANT_BY_FORM[form]:
        if key in given:
            yield f"{where}.{key}: means nothing for 'form: {form}'; take it out"
    if "length" in MEANT_BY_FORM[form] and "length" not in given:
        yield f"{where}: 'length' is missing: how many words of a document the model reads"
    if form != "sequence":
        return
    if ("embedding" in given) == ("dimensions" in given):
        yield (
            f"{where}: expected either 'embedding' (pretrained vectors)"
            " or 'dimensions' (vectors learned with the task)"
        )
    if "trainable" in given and "embedding" not in given:
        yield f"{where}.trainable: only pretrained vectors can be frozen; take it out"


def extended(variants: dict[str, dict], name: str) -> dict:
    """Return a variant laid over the one that it extends, that one over its own, and so on.

    Mappings are merged key by key; values and lists (``layers``) are replaced.

    Raises:
        UserError: a variant that is not there, or one that extends itself.
    """
    chain = [name]
    while base := variants[chain[-1]].get("extends"):
        where = f"variants.{chain[-1]}.extends"
        if base not in variants:
            raise UserError(f"{where}: unknown '{base}'; {nearest(base, variants)}")
        if base in chain:
            raise UserError(f"{where}: {' → '.join([*chain, base])} goes round in a circle")
        chain.append(base)
    merged: dict = {}
    for variant in (variants[each] for each in reversed(chain)):
        inner = {key: merged.get(key, {}) | variant[key] for key in MERGED if key in variant}
        merged = merged | variant | inner
    return {key: value for key, value in merged.items() if key != "extends"}


def resolve_variant(config: dict, name: str) -> dict:
    """Return all that decides how a variant is trained, the defaults of ``fit`` filled in.

    ``protocol: lecture`` brings the lecture's own values, which only the variant itself changes.
    """
    variant = extended(config["variants"], name)
    del variant["title"]
    if "layers" in variant:
        fit, own = config["fit"], variant.get("fit", {})
        if (fit | own).get("protocol") == "lecture":
            fit = LECTURE_FIT
        variant["fit"] = fit | own
        form = "features" if "features" in variant["input"] else "sequence"
        form = variant["input"].get("form", form)
        defaults = {"form": form}
        if "length" in MEANT_BY_FORM.get(form, ()):
            defaults |= {"padding": "pre", "truncating": "pre"}
        if form == "sequence":
            defaults |= {"trainable": True}
        variant["input"] = defaults | variant["input"]
        if isinstance(variant["layers"], dict):
            variant["layers"] = _with_digest(variant["layers"], f"variants.{name}.layers")
    return variant


def _with_digest(layers: dict, where: str) -> dict:
    """Return layers of a function with its digest: of another function, they are other settings."""
    try:
        found = digest(layers["file"], layers["function"])
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    return {"arguments": {}, **layers, "digest": found}


def repeated_keys(path: Path | str) -> list[str]:
    """Return a message for each key that stands twice in one mapping of a YAML or JSON file.

    Both formats forbid it, and their readers take the last one without a word.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            waiting, found, seen = [yaml.compose(file, yaml.SafeLoader)], [], set()
    except (OSError, yaml.YAMLError):  # which Snakemake has told by now, if it matters
        return []
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:  # an alias may lead back to where it stands
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            lines: dict[tuple, int] = {}
            for key, value in node.value:
                line, name = key.start_mark.line + 1, (key.tag, str(key.value))
                if name in lines:
                    found.append(
                        f"{path}: line {line}: '{key.value}' stands in line {lines[name]} already,"
                        " and only the last one would count; rename one or take it out"
                    )
                lines[name] = line
                waiting.append(value)
    return found


def resolve_trained(config: dict) -> dict[str, dict]:
    """Return `resolve_variant` of all that is trained, by name.

    These are the variants that are compared, and then the members of ensembles among them.
    """
    compared = config["compare"]["variants"]
    ensembles = (resolve_variant(config, name).get("ensemble") for name in compared)
    members = [member for ensemble in ensembles if ensemble for member in ensemble["members"]]
    return {name: resolve_variant(config, name) for name in [*compared, *members]}


def seeds(config: dict, corpus: str) -> list[int]:
    """Return the seeds that variants are trained with on a corpus: all, or the first few."""
    return config["seeds"][: config["compare"].get("seeds", {}).get(corpus)]


def circumstances(corpus: dict) -> dict[str, str]:
    """Return what every figure of a corpus hangs on, in words: its split and header policy."""
    split = corpus["split"]
    test = 100 * split.get("test", 0)
    how = [f"random {100 - test:g}/{test:g}"]
    how += ["stratified by class"] if split.get("stratify") else []
    group = corpus.get("columns", {}).get("group")
    how += [f"no '{group}' in two parts"] if group else []
    how += [f"seed {split['seed']}"]
    has_header = corpus["format"] in MEANS_SOMETHING["header"]
    unsaid = "none" if corpus["format"] == "folders" else "keep"
    return {
        "split": ", ".join(how) if test else "the corpus's own test part",
        "header": corpus.get("header", unsaid) if has_header else "none",
    }


def check_models(config: dict, script: Path | str, memory: Path | str) -> None:
    """Have ``check.py`` build every variant's model, unless it did so for the same settings.

    An ensemble has nothing to build but its members, which are variants themselves.

    It runs as a process of its own: it needs TensorFlow, which takes seconds to load. What was
    found right is remembered in the file ``memory``; where that cannot be written, the check is
    made each time.

    Raises:
        UserError: one line a mistake, at most five.
    """
    variants = {name: resolve_variant(config, name) for name in config["variants"]}
    content = {
        "num_words": {name: item["num_words"] for name, item in config["encodings"].items()},
        "features": config.get("features", {}),
        "memory_mb": config.get("memory_mb", memory_mb()),
        "variants": {name: item for name, item in variants.items() if "ensemble" not in item},
    }
    versions = {name: version(name) for name in ("keras", "scikit-learn")}
    text = json.dumps(content | {"versions": versions}, sort_keys=True, indent=1)
    memory = Path(memory)
    if memory.is_file() and memory.read_text(encoding="utf-8") == text:
        return
    done = subprocess.run([sys.executable, script], input=text, capture_output=True, text=True)
    if done.returncode:
        raise UserError(re.split(r"(?m)^error: ", done.stderr.strip())[-1])
    with contextlib.suppress(OSError, UserError), replacing(memory) as part:
        part.write_text(text, encoding="utf-8")
