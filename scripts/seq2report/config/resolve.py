"""Variants with inherited settings and all defaults filled in."""

import json
from dataclasses import replace

from seq2report.core.command import UserError, nearest
from seq2report.models.functions import digest
from seq2report.models.variant import Choice, Variant, kind_of

# Mappings of a variant that are inherited key by key.
MERGED = ("input", "fit", "ensemble", "predictions")
# RMSprop as in the lecture's Keras (2.2.4, keras/optimizers.py): it divides by √v + 1e-7. Keras 3
# divides by √(v + epsilon), and the gradients of word vectors are below √1e-7.
LECTURE_FIT = {
    "protocol": "lecture",
    "optimizer": {"RMSprop": {"learning_rate": 0.001, "epsilon": 1e-14}},
    "batch_size": 32,
    "epochs": 20,
}
INPUT_KEYS = {"length", "padding", "truncating", "embedding", "trainable", "dimensions"}
ALLOWED_BY_FORM = {  # the keys of an input of this form
    "sequence": INPUT_KEYS,
    "onehot": {"length", "padding", "truncating"},
    "multihot": set(),
}


def extended(variants: dict[str, dict], name: str) -> dict:
    """Return a variant with the settings that it inherits, directly or indirectly.

    `MERGED` mappings are merged key by key. Raises `UserError` for an unknown or circular base.
    """
    chain = [name]
    while (base := variants[chain[-1]].get("extends")) is not None:
        where = f"variants.{chain[-1]}.extends"
        if base not in variants:
            raise UserError(f"{where}: unknown '{base}'; {nearest(base, variants)}")
        if base in chain:
            raise UserError(f"{where}: {' → '.join([*chain, base])} goes round in a circle")
        chain.append(base)
    merged: dict = {}
    for variant in (variants[ancestor] for ancestor in reversed(chain)):
        inner = {key: merged.get(key, {}) | variant[key] for key in MERGED if key in variant}
        merged = merged | variant | inner
    return {key: value for key, value in merged.items() if key != "extends"}


def resolve_variant(config: dict, name: str) -> Variant:
    """Return the settings of a variant, with all defaults."""
    settings = extended(config["variants"], name)
    del settings["title"]
    if kind_of(settings) == "choice":
        candidates = settings["choose"]["candidates"]
        first, *others = (resolve_variant(config, candidate).input for candidate in candidates)
        common = first if all(other == first for other in others) else None
        return Variant("choice", input=common, choose=Choice({name: name for name in candidates}))
    if "input" in settings:
        settings["input"] = resolve_input(settings["input"], config)
    if kind_of(settings) == "network":
        settings["fit"] = resolve_fit(config["fit"], settings.get("fit", {}))
        if isinstance(layers := settings["layers"], dict):
            # With its digest, another version of a function is another setting.
            try:
                digested = {"digest": digest(layers["file"], layers["function"])}
            except UserError as error:
                raise UserError(f"variants.{name}.layers: {error}") from error
            settings["layers"] = {"arguments": {}} | layers | digested
    return Variant.read(settings)


def resolve_fit(common: dict, own: dict) -> dict:
    """Return how a network is fitted: its own settings over the common ones or the lecture's."""
    lecture = (common | own).get("protocol") == "lecture"
    return (LECTURE_FIT if lecture else common) | own


def resolve_input(settings: dict, config: dict) -> dict:
    """Return how a model reads documents, with the defaults of the form."""
    if "features" in settings:
        is_dense = "encoder" in config["features"][settings["features"]]
        return settings | {"form": "vectors" if is_dense else "features"}
    if "encoder" in settings:
        length = config["encoders"][settings["encoder"]]["length"]
        return {"length": length} | settings | {"form": "pieces"}
    form = settings.get("form", "sequence")
    defaults: dict = {"form": form}
    if "length" in ALLOWED_BY_FORM.get(form, ()):
        defaults |= {"padding": "pre", "truncating": "pre"}
    if form == "sequence":
        defaults |= {"trainable": True}
    return defaults | settings


def resolve_trained(config: dict) -> dict[str, Variant]:
    """Return every variant with runs, by name: those compared, members, then candidates.

    A candidate with the settings of another variant is not trained; it has the runs of that one.
    """
    compared = {name: resolve_variant(config, name) for name in config["compare"]["variants"]}
    ensembles = [variant.ensemble for variant in compared.values() if variant.ensemble]
    names = [*compared, *(member for ensemble in ensembles for member in ensemble.members)]
    result = {name: compared.get(name) or resolve_variant(config, name) for name in names}
    owners: dict[str, str] = {}
    for name, variant in result.items():
        owners.setdefault(_spelled(variant), name)
    for family, variant in [(name, variant) for name, variant in result.items() if variant.choose]:
        runs = {}
        for name in variant.choose.candidates:
            candidate = resolve_variant(config, name)
            runs[name] = owners.setdefault(_spelled(candidate), name)
            result.setdefault(runs[name], candidate)
        result[family] = replace(variant, choose=Choice(runs))
    return result


def _spelled(variant: Variant) -> str:
    return json.dumps(variant.settings(), sort_keys=True)


def seeds(config: dict, corpus: str) -> list[int]:
    """Return the seeds of the runs on a corpus: all, or the first ``compare.seeds``."""
    return config["seeds"][: config["compare"].get("seeds", {}).get(corpus)]


def run_seeds(config: dict, corpus: str, variant: str) -> list[int]:
    """Return the seeds of the runs of a variant; answers from elsewhere have one run."""
    known = seeds(config, corpus)
    kind = kind_of(extended(config["variants"], variant))
    return known[:1] if kind == "predictions" else known


def metric(config: dict, corpus: str) -> str:
    """Return the metric by which the variants are compared on a corpus."""
    configured = config["compare"].get("metric", {})
    return configured if isinstance(configured, str) else configured.get(corpus, "accuracy")
