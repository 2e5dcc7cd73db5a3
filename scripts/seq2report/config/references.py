"""Checks across the configuration: unknown names, and settings that exclude each other."""

from collections.abc import Iterator
from contextlib import suppress

from seq2report.config.corpora import corpus_mistakes
from seq2report.config.resolve import ALLOWED_BY_FORM, INPUT_KEYS, extended, metric
from seq2report.core.command import UserError, nearest
from seq2report.files.addresses import is_address, is_mirror, written_secret
from seq2report.files.sources import files_mistakes
from seq2report.models.variant import KINDS, kind_of

SOURCE_KEYS = ("source", "word_index", "index")  # whose value names a source
# Keys of ``input`` that name something, and where it is defined.
NAMED = {"encoding": "encodings", "embedding": "embeddings", "features": "features"}
NAMED |= {"encoder": "encoders"}
# Names that the workflow uses itself, and for what.
RESULTS = ("arguments", "benchmarks", "encoders", "logs", "report", "vectors")
TAKEN = {
    "corpora": dict.fromkeys(RESULTS, "a folder in results/<name>/")
    | {"made": "a folder of tables of the report"},
    "variants": {"vectors": "the rule train_vectors"},
}
ADDRESS = (
    "a URL begins with http:// or https:// and has a host and a valid port, or it is file: and a"
    " path; special characters in a password are %-encoded"
)
FOLDERS = ("logs", "benchmarks")  # in resources/downloads/
ENCODER_KEYS = {"encoder", "length", "train_layers"}  # of an ``input`` that names an encoder


def reference_mistakes(config: dict) -> Iterator[str]:
    """Yield a message for each error in a configuration that its schema accepts."""
    yield from _unknown_names(config)
    for name, number in config["compare"].get("seeds", {}).items():
        if number > len(config["seeds"]):
            yield (
                f"compare.seeds.{name}: found {number}, but 'seeds' has only"
                f" {len(config['seeds'])}; add some there"
            )
    for name, settings in config["encodings"].items():
        if "index" in settings and settings["num_words"] < 5:
            yield (
                f"encodings.{name}.num_words: found {settings['num_words']}, expected at least 5:"
                " with a word index, the most frequent word has the id 4"
            )
    yield from _address_mistakes(config)
    yield from _shared_files(config["sources"])
    yield from _title_mistakes(config)
    for kind, names in TAKEN.items():
        for name in filter(config[kind].get, names):
            yield f"{kind}.{name}: this name is that of {names[name]}; choose another one"
    for name, corpus in config["corpora"].items():
        yield from corpus_mistakes(f"corpora.{name}", corpus, config["sources"])
    for name in config["variants"]:
        try:
            variant = extended(config["variants"], name)
        except UserError as error:
            yield str(error)
        else:
            yield from _variant_mistakes(f"variants.{name}", variant, config)
            if name in config["compare"].get("labels", {}).get("variants", []):
                yield from _label_mistakes(name, variant, config)


def _address_mistakes(config: dict) -> Iterator[str]:
    """Yield a message for each location that cannot be fetched, or that contains a secret."""
    mirror = config.get("mirror", "")
    if not is_mirror(mirror):
        yield f"mirror: expected a folder or a URL, and {ADDRESS}"
    if secret := written_secret(mirror):
        yield (
            f"mirror: {secret} is written out; remove the line and set the environment variable"
            " SEQ2REPORT_MIRROR to the URL instead, because settings are printed"
        )
    for name, source in config["sources"].items():
        for n, location in enumerate(source["from"]):
            where, url = f"sources.{name}.from[{n}].url", location.get("url", "")
            if url and not is_address(url):
                yield f"{where}: {ADDRESS}"
            if secret := written_secret(url):
                yield (
                    f"{where}: {secret} is written out; write ${{NAME}} instead and set the"
                    " environment variable NAME, because settings are printed"
                )
        for n, message in files_mistakes(source["from"]):
            yield f"sources.{name}.from[{n}]: {message}"


def _unknown_names(config: dict) -> Iterator[str]:
    """Yield a message for each name outside ``variants`` that is not defined."""
    compare, lessons = config["compare"], config.get("lessons", {})
    metrics, labels = compare.get("metric", {}), compare.get("labels", {})
    names = [
        *(("corpora", name, "compare.corpora") for name in compare["corpora"]),
        *(("variants", name, "compare.variants") for name in compare["variants"]),
        *(("variants", name, "compare.labels.variants") for name in labels.get("variants", [])),
        *(("embeddings", name, "compare.embeddings") for name in compare.get("embeddings", [])),
        *(("corpora", name, "compare.seeds") for name in compare.get("seeds", {})),
        *(("corpora", name, "compare.metric") for name in metrics if isinstance(metrics, dict)),
        *(("corpora", lessons[key], "lessons.corpus") for key in ("corpus",) if key in lessons),
        *(
            ("sources", settings[key], f"{kind}.{name}.{key}")
            for kind in ("corpora", "encodings", "embeddings", "encoders")
            for name, settings in config.get(kind, {}).items()
            for key in SOURCE_KEYS
            if key in settings
        ),
        *(
            ("encoders", settings["encoder"], f"features.{name}.encoder")
            for name, settings in config.get("features", {}).items()
            if "encoder" in settings
        ),
    ]
    for kind, name, where in names:
        known = config.get(kind, {})
        if name not in known:
            yield f"{where}: unknown '{name}'; {nearest(name, known)}"


def _shared_files(sources: dict) -> Iterator[str]:
    """Yield a message for each source whose download would overwrite that of another source."""
    owners: dict[str, str] = {}
    for name, source in sources.items():
        if source["file"] in FOLDERS:
            yield (
                f"sources.{name}.file: '{source['file']}' is a folder of the workflow in"
                " resources/downloads/; name another file"
            )
        files = (source["file"], f"{source['file']}.json")  # with its receipt
        others = [owners.setdefault(file, name) for file in files]
        if other := next((other for other in others if sources[other] != source), None):
            yield (
                f"sources.{name}.file: '{source['file']}' in resources/downloads/ would overwrite"
                f" a file of the source '{other}'; name another file in one of them"
            )


def _title_mistakes(config: dict) -> Iterator[str]:
    """Yield a message for each blank title, and for that of another compared corpus or variant."""
    for kind in ("corpora", "variants", "encoders", "embeddings"):
        for name, settings in config.get(kind, {}).items():
            if not settings["title"].strip():
                yield f"{kind}.{name}.title: found only blanks, expected words"
    for kind in ("corpora", "variants"):
        owners: dict[str, str] = {}
        for name in filter(config[kind].get, config["compare"][kind]):
            title = " ".join(config[kind][name]["title"].split())
            if (other := owners.setdefault(title, name)) != name:
                yield (
                    f"{kind}.{name}.title: found '{title}', which is also that of {kind}.{other};"
                    " the report names them by their titles, change one of them"
                )


def _variant_mistakes(where: str, variant: dict, config: dict) -> Iterator[str]:
    kind = kind_of(variant)
    for key in dict.fromkeys(key for other in KINDS.values() for key in other.keys):
        if key in variant and key not in KINDS[kind].keys:
            yield f"{where}: '{key}' and '{kind}' exclude each other; remove one of them"
    if kind == "choice":
        yield from _choice_mistakes(f"{where}.choose", variant["choose"], config)
    elif kind == "ensemble":
        yield from _ensemble_mistakes(f"{where}.ensemble", variant["ensemble"], config)
    elif kind == "predictions":
        yield from _predictions_mistakes(f"{where}.predictions", variant["predictions"], config)
    elif kind == "network":
        yield from _network_mistakes(where, variant, config)
    elif "input" in variant:
        yield from _pipeline_mistakes(f"{where}.input", variant["input"], config)


def _label_mistakes(name: str, variant: dict, config: dict) -> Iterator[str]:
    for part in (name, *variant.get("ensemble", {}).get("members", [])):
        with suppress(UserError, KeyError):  # reported for the variant itself
            if kind_of(extended(config["variants"], part)) == "predictions":
                yield (
                    f"compare.labels.variants: '{name}' has the answers of '{part}', which does"
                    " not learn from labels here; remove it"
                )
    if kind_of(variant) == "network" and _protocol(variant, config) == "lecture":
        yield (
            f"compare.labels.variants: '{name}' has 'protocol: lecture', which monitors the test"
            " documents; remove it"
        )


def _network_mistakes(where: str, variant: dict, config: dict) -> Iterator[str]:
    for key in ("input", "layers"):
        if key not in variant:
            yield (
                f"{where}: '{key}' is missing (or 'pipeline', for a scikit-learn model, or"
                " 'ensemble', for a combination of other variants)"
            )
            return
    settings, protocol = variant["input"], _protocol(variant, config)
    yield from _unknown_inputs(f"{where}.input", settings, config)
    own = variant.get("fit", {})
    fit = own if "protocol" in own else config["fit"] | own
    if protocol == "lecture" and fit.get("refit"):
        yield (
            f"{where}.fit.refit: 'protocol: lecture' fits the validation documents the first time;"
            " remove one of the two, or set 'refit: false'"
        )
    if "features" in settings:
        for key in settings.keys() - {"features"}:
            yield f"{where}.input: '{key}' and 'features' exclude each other; remove one of them"
        if protocol == "lecture":
            yield f"{where}: 'protocol: lecture' is for networks that read tokens, not features"
    elif "encoder" in settings:
        for key in settings.keys() - ENCODER_KEYS:
            yield f"{where}.input: '{key}' and 'encoder' exclude each other; remove one of them"
        if protocol == "lecture":
            yield f"{where}: 'protocol: lecture' is for networks that read tokens, not word pieces"
    elif "encoding" not in settings:
        yield f"{where}.input: 'encoding' is missing (or 'features', or 'encoder')"
    else:
        yield from _input_mistakes(f"{where}.input", settings)
        encoding = settings["encoding"]
        counted = config["encodings"].get(encoding, {}).get("fit", "all")
        if protocol == "lecture" and counted != "all":
            yield (
                f"{where}.input.encoding: 'protocol: lecture' counts words in all documents, but"
                f" '{encoding}' has 'fit: {counted}'; name an encoding with 'fit: all'"
            )


def _unknown_inputs(where: str, settings: dict, config: dict) -> Iterator[str]:
    """Yield a message for each name in an ``input`` that is not defined."""
    for key, kind in NAMED.items():
        known = config.get(kind, {})
        if key in settings and settings[key] not in known:
            yield f"{where}.{key}: unknown '{settings[key]}'; {nearest(settings[key], known)}"


def _pipeline_mistakes(where: str, settings: dict, config: dict) -> Iterator[str]:
    yield from _unknown_inputs(where, settings, config)
    if "features" not in settings:
        yield f"{where}: 'features' is missing: a pipeline reads them, or texts without 'input'"
    for key in settings.keys() - {"features"}:
        yield f"{where}.{key}: a pipeline reads texts, or 'features' alone; remove '{key}'"


def _protocol(variant: dict, config: dict) -> str | None:
    return (config["fit"] | variant.get("fit", {})).get("protocol")


def _choice_mistakes(where: str, choose: dict, config: dict) -> Iterator[str]:
    for corpus in config["compare"]["corpora"] if "by" in choose else ():
        expected = f"val_{metric(config, corpus)}"
        if choose["by"] != expected:
            yield (
                f"{where}.by: found '{choose['by']}', expected '{expected}': the metric by which"
                f" variants are compared on '{corpus}'; without 'by', it is that of each corpus"
            )
    candidates = [config["variants"][name] for name in choose["candidates"]]
    if any(kind_of(candidate) == "ensemble" for candidate in candidates):
        yield (
            f"{where}: an ensemble cannot be chosen, because its weights may be fitted on the"
            " validation documents; remove 'choose', or choose its members"
        )
    if any(kind_of(candidate) == "predictions" for candidate in candidates):
        yield f"{where}: answers from elsewhere cannot be chosen; remove 'choose' to compare all"
    networks = [candidate for candidate in candidates if kind_of(candidate) == "network"]
    if any(_protocol(candidate, config) == "lecture" for candidate in networks):
        yield (
            f"{where}: 'protocol: lecture' fits the validation documents, which cannot choose then;"
            " remove one of the two"
        )


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
        except UserError:  # reported for that variant itself
            continue
        if kind_of(variant) == "ensemble":
            yield f"{where}.members: '{member}' is an ensemble; name its members instead"
        if kind_of(variant) == "network" and _protocol(variant, config) == "lecture":
            yield (
                f"{where}.members: '{member}' has 'protocol: lecture', which fits the"
                " validation documents; name a variant without it"
            )


def _predictions_mistakes(where: str, predictions: dict, config: dict) -> Iterator[str]:
    if "source" not in predictions:
        yield f"{where}: 'source' is missing: the name of the source with the answers"
        return
    where, source, corpora = f"{where}.source", predictions["source"], config["compare"]["corpora"]
    if isinstance(source, dict):
        for name in sorted(source.keys() - config["corpora"].keys()):
            yield f"{where}: unknown corpus '{name}'; {nearest(name, config['corpora'])}"
        for name in sorted(set(corpora) - source.keys()):
            yield f"{where}: the corpus '{name}' is missing; add its source"
    elif len(corpora) > 1:
        yield (
            f"{where}: found one source for {len(corpora)} corpora; expected one per corpus, as in"
            f" {{{', '.join(f'{name}: …' for name in corpora)}}}"
        )
    for name in source.values() if isinstance(source, dict) else [source]:
        if name not in config["sources"]:
            yield f"{where}: unknown '{name}'; {nearest(name, config['sources'])}"


def _input_mistakes(where: str, settings: dict) -> Iterator[str]:
    form = settings.get("form", "sequence")
    for key in (INPUT_KEYS - ALLOWED_BY_FORM[form]) & settings.keys():
        yield f"{where}.{key}: has no meaning for 'form: {form}'; remove it"
    if "length" in ALLOWED_BY_FORM[form] and "length" not in settings:
        yield f"{where}: 'length' is missing: how many words of a document the model reads"
    if form == "sequence" and ("embedding" in settings) == ("dimensions" in settings):
        yield (
            f"{where}: expected either 'embedding' (pretrained vectors)"
            " or 'dimensions' (vectors learned with the task)"
        )
    if form == "sequence" and "trainable" in settings and "embedding" not in settings:
        yield f"{where}.trainable: only pretrained vectors can be frozen; remove it"
