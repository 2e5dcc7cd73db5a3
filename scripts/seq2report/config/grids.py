"""Grids: a variant with ``{grid: [values]}`` is expanded into one variant per value.

``lstm: {title: LSTM, layers: [{LSTM: {units: {grid: [32, 64]}}}], …}`` becomes the variants
``lstm_units_32`` and ``lstm_units_64``. Several grids give all combinations. With ``choose``, these
are the candidates of the variant ``lstm``.
"""

import itertools
import json
import re
import reprlib
from collections.abc import Container, Iterator
from hashlib import sha256

from seq2report.config import choices
from seq2report.config.resolve import extended
from seq2report.core.command import UserError

MOST = 100  # variants per grid
LONGEST = 60  # characters of a name
LONGEST_TITLE = 200
NO_GRIDS = ("title", "extends", "choose")  # keys of a variant
Path = tuple[str | int, ...]


def with_grids(config: dict) -> dict:
    """Return a configuration in which each variant with grids is replaced by its expansion.

    Its name in ``compare.variants``, ``compare.labels.variants`` and among the members of ensembles
    is replaced as well. With ``choose``, the name stays that of one variant, and the others are its
    candidates. A variant that extends it inherits its grids, unless it overrides them. Malformed
    parts stay as they are: the schema refuses them.

    Raises:
        UserError: a grid is not a list of values, two variants would get the same name, or
            ``choose`` cannot be applied.
    """
    variants = config.get("variants")
    if not isinstance(variants, dict):
        return config
    merged = {name: _merged(variants, name) for name in variants}
    if not any(_is_chosen(merged[name]) or dict(_grids(merged[name])) for name in merged):
        return config
    result: dict[str, dict] = {}
    expansions: dict[str, list[str]] = {}
    for name, variant in merged.items():
        expansion = expanded(name, variant)
        for new in expansion:
            if new in result or (new != name and new in variants):
                raise UserError(
                    f"variants.{name}: its grid makes '{new}', which exists already; rename one"
                )
        result |= expansion
        expansions[name] = list(expansion)
        if _is_chosen(variant):
            result[name] = choices.chosen(variant, expansions[name])
            expansions[name] = [name]
    result = {
        name: _with_members(variant, expansions) if isinstance(variant, dict) else variant
        for name, variant in result.items()
    }
    compared = {"compare": _with_expansions(config.get("compare"), expansions)}
    return config | (compared if "compare" in config else {}) | {"variants": result}


def expanded(name: str, variant: dict) -> dict[str, dict]:
    """Return the variants that one expands into, by name: itself if it has no grid."""
    grids = dict(_grids(variant))
    if not grids and not _is_chosen(variant):
        return {name: variant}
    _check_grids(name, grids)
    labels, result = _labels(list(grids)), {}
    for label, values in zip(labels, grids.values(), strict=True):
        _check_values(name, label, values)
    for values in _combinations(name, variant, grids):
        pairs = list(zip(labels, values, strict=True))
        new = "_".join([name, *(_slug(part) for label, value in pairs for part in (*label, value))])
        if _is_chosen(variant) and len(new) > LONGEST:
            new = f"{name}_{sha256(new.encode()).hexdigest()[:8]}"
        _check_name(name, new, result)
        result[new] = {key: value for key, value in variant.items() if key != "choose"}
        for path, value in zip(grids, values, strict=True):
            result[new] = _replaced(result[new], path, value)
        if isinstance(variant.get("title"), str):
            texts = (f"{' '.join(map(str, label))} {_spelled(value)}" for label, value in pairs)
            result[new]["title"] = ", ".join([variant["title"], *texts])
            if _is_chosen(variant):  # of many grids
                result[new]["title"] = result[new]["title"][:LONGEST_TITLE]
    return result


def _combinations(name: str, variant: dict, grids: dict[Path, list]) -> list[tuple]:
    """Return the values of the grids, one tuple per variant."""
    if _is_chosen(variant):
        choices.check_choice(name, variant["choose"], grids)
        return choices.points(variant["choose"], grids)
    combinations = list(itertools.islice(itertools.product(*grids.values()), MOST + 1))
    if len(combinations) > MOST:
        raise UserError(f"variants.{name}: its grids make more than {MOST} variants; remove values")
    return combinations


def _is_chosen(variant: object) -> bool:
    return isinstance(variant, dict) and "choose" in variant


def _check_grids(name: str, grids: dict[Path, object]) -> None:
    for path, values in grids.items():
        place = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path)
        where = f"variants.{name}{place}.grid"
        if not isinstance(values, list) or not values:
            raise UserError(f"{where}: found {reprlib.repr(values)}, expected a list of values")
        if any(True for _ in _grids({"values": values})):
            raise UserError(f"{where}: found a grid in a grid, expected values")


def _check_values(name: str, label: Path, values: list) -> None:
    names: set[str] = set()
    for value in values:
        new = "_".join([name, *map(_slug, (*label, value))])
        _check_new(name, new, names)
        names.add(new)


def _check_new(name: str, new: str, others: Container[str]) -> None:
    if new in others:
        raise UserError(
            f"variants.{name}: two values of its grid would both be called '{new}'; write these two"
            " as separate variants"
        )


def _check_name(name: str, new: str, others: dict[str, dict]) -> None:
    _check_new(name, new, others)
    if len(new) > LONGEST:
        raise UserError(
            f"variants.{name}: its grid makes the name '{new}', expected {LONGEST} characters at"
            f" most; shorten '{name}'"
        )


def _merged(variants: dict, name: str) -> dict:
    try:
        merged = extended(variants, name)
        if "choose" in merged and "choose" not in variants[name] and not dict(_grids(merged)):
            del merged["choose"]  # inherited with grids that this variant has replaced
        return merged
    except (UserError, TypeError, AttributeError):  # reported by the check of the configuration
        return variants[name]


def _grids(variant: object) -> Iterator[tuple[Path, object]]:
    """Yield the path and the values of each grid in a variant."""
    waiting: list[tuple[Path, object]] = [((), variant)]
    while waiting:
        path, value = waiting.pop(0)
        if path and isinstance(value, dict) and value.keys() == {"grid"}:
            yield path, value["grid"]
        elif isinstance(value, dict):
            keys = [key for key in value if path or key not in NO_GRIDS]
            waiting[:0] = [((*path, key), value[key]) for key in keys]
        elif isinstance(value, list):
            waiting[:0] = [((*path, n), item) for n, item in enumerate(value)]


def _labels(paths: list[Path]) -> list[Path]:
    """Return the shortest unique end of each path that begins with a key."""

    def label(path: Path) -> Path:
        for n in range(1, len(path)):
            end = path[-n:]
            if isinstance(end[0], str) and sum(other[-n:] == end for other in paths) == 1:
                return end
        return path

    return [label(path) for path in paths]


def _replaced(value: object, path: Path, new: object) -> object:
    """Return a copy with ``new`` at a path; everything beside the path is shared."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _slug(value: object) -> str:
    """Return a value as part of a name: lower-case letters, digits and ``_``."""
    text = re.sub(r"^-", "minus ", _spelled(value).lower())
    slug = re.sub(r"[^a-z0-9]+", "_", text).strip("_")
    if not slug:
        raise UserError(f"grid: found {value!r}, which gives no name; expected letters or digits")
    return slug


def _all(names: list, expansions: dict[str, list[str]]) -> list:
    known = (expansions.get(name, [name]) if isinstance(name, str) else [name] for name in names)
    return [name for some in known for name in some]


def _with_expansions(compare: object, expansions: dict[str, list[str]]) -> object:
    """Return settings whose ``variants``, also those of ``labels``, are replaced."""
    if not isinstance(compare, dict):
        return compare
    if isinstance(compare.get("variants"), list):
        compare = compare | {"variants": _all(compare["variants"], expansions)}
    if "labels" in compare:
        compare = compare | {"labels": _with_expansions(compare["labels"], expansions)}
    return compare


def _with_members(variant: dict, expansions: dict[str, list[str]]) -> dict:
    ensemble = variant.get("ensemble")
    if not isinstance(ensemble, dict) or not isinstance(ensemble.get("members"), list):
        return variant
    return variant | {"ensemble": ensemble | {"members": _all(ensemble["members"], expansions)}}
