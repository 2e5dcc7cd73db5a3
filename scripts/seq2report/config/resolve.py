"""Variants with all that they extend and all defaults filled in."""

from seq2report.core.command import UserError, nearest
from seq2report.models.functions import digest
from seq2report.models.variant import Variant, kind_of

# Mappings of a variant that keep what one that extends it does not name.
MERGED = ("input", "fit", "ensemble")
# The lecture's protocol; words are cut and padded on the left by default.
LECTURE_FIT = {"protocol": "lecture", "optimizer": "rmsprop", "batch_size": 32, "epochs": 20}
INPUT_KEYS = {"length", "padding", "truncating", "embedding", "trainable", "dimensions"}
ALLOWED_BY_FORM = {  # of these, by the form of the input
    "sequence": INPUT_KEYS,
    "onehot": {"length", "padding", "truncating"},
    "multihot": set(),
}


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


def resolve_variant(config: dict, name: str) -> Variant:
    """Return all that decides how a variant is trained, the defaults of ``fit`` filled in.

    ``protocol: lecture`` brings the lecture's own values, which only the variant itself changes.
    """
    settings = extended(config["variants"], name)
    del settings["title"]
    if kind_of(settings) == "network":
        settings["fit"] = resolve_fit(config["fit"], settings.get("fit", {}))
        settings["input"] = resolve_input(settings["input"])
        if isinstance(settings["layers"], dict):
            settings["layers"] = _with_digest(settings["layers"], f"variants.{name}.layers")
    return Variant.read(settings)


def resolve_fit(common: dict, own: dict) -> dict:
    """Return how a network is fitted: its own settings over those that are common to all."""
    lecture = (common | own).get("protocol") == "lecture"
    return (LECTURE_FIT if lecture else common) | own


def resolve_input(given: dict) -> dict:
    """Return how a network reads documents, the defaults of the form filled in."""
    form = given.get("form", "features" if "features" in given else "sequence")
    defaults: dict = {"form": form}
    if "length" in ALLOWED_BY_FORM.get(form, ()):
        defaults |= {"padding": "pre", "truncating": "pre"}
    if form == "sequence":
        defaults |= {"trainable": True}
    return defaults | given


def _with_digest(layers: dict, where: str) -> dict:
    """Return layers of a function with its digest: of another function, they are other settings."""
    try:
        found = digest(layers["file"], layers["function"])
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    return {"arguments": {}, **layers, "digest": found}


def resolve_trained(config: dict) -> dict[str, Variant]:
    """Return every variant that is trained, by name: those compared, then members of ensembles."""
    compared = config["compare"]["variants"]
    found = {name: resolve_variant(config, name) for name in compared}
    members = [
        each for variant in found.values() if variant.ensemble for each in variant.ensemble.members
    ]
    return found | {name: resolve_variant(config, name) for name in members if name not in found}


def seeds(config: dict, corpus: str) -> list[int]:
    """Return the seeds that variants are trained with on a corpus: all, or the first few."""
    return config["seeds"][: config["compare"].get("seeds", {}).get(corpus)]
