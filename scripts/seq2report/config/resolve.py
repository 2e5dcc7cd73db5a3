"""Variants with all that they extend and all defaults filled in."""

from seq2report.core.command import UserError, nearest
from seq2report.models.functions import digest

# Mappings of a variant that keep what one that extends it does not name.
MERGED = ("input", "fit", "ensemble")
# The lecture's protocol; words are cut and padded on the left by default.
LECTURE_FIT = {"protocol": "lecture", "optimizer": "rmsprop", "batch_size": 32, "epochs": 20}
INPUT_KEYS = {"length", "padding", "truncating", "embedding", "trainable", "dimensions"}
MEANT_BY_FORM = {  # of these, by the form of the input
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
