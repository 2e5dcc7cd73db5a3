"""Grids: a variant that holds ``{grid: [values]}`` stands for a variant a value.

    lstm: {title: LSTM, layers: [{LSTM: {units: {grid: [32, 64]}}}], …}

is the two variants ``lstm_units_32`` and ``lstm_units_64``. Several grids are all combinations.
"""

import itertools
import json
import re
import reprlib
from collections.abc import Iterator

from seq2report.config.resolve import extended
from seq2report.core.command import UserError

MOST = 100  # variants that one may stand for
LONGEST = 60  # characters of a name
NO_GRIDS = ("title", "extends")  # keys of a variant
Path = tuple[str | int, ...]


def with_grids(config: dict) -> dict:
    """Return a configuration in which each variant with grids is replaced by those it stands for.

    Its name in ``compare.variants`` and among the members of ensembles means all of them. A variant
    that extends it takes its grids over, but for those that it replaces. What is malformed stays as
    it is: the schema refuses it.

    Raises:
        UserError: a grid that is no list of values, or names that would not tell variants apart.
    """
    variants = config.get("variants")
    if not isinstance(variants, dict):
        return config
    merged = {name: _merged(variants, name) for name in variants}
    if not any(True for name in merged for _ in _grids(merged[name])):
        return config
    made: dict[str, dict] = {}
    stands_for: dict[str, list[str]] = {}
    for name, variant in merged.items():
        found = expanded(name, variant)
        for each in found:
            if each in made or (each != name and each in variants):
                raise UserError(
                    f"variants.{name}: its grid makes '{each}', which there is already; rename one"
                )
        made |= found
        stands_for[name] = list(found)
    made = {
        name: _with_members(variant, stands_for) if isinstance(variant, dict) else variant
        for name, variant in made.items()
    }
    compare = config.get("compare")
    if isinstance(compare, dict) and isinstance(compare.get("variants"), list):
        compare = compare | {"variants": _all(compare["variants"], stands_for)}
    return config | {"variants": made} | ({"compare": compare} if "compare" in config else {})


def expanded(name: str, variant: dict) -> dict[str, dict]:
    """Return the variants that one stands for, by name: itself where it has no grid.

    Raises:
        UserError: see `with_grids`.
    """
    grids = dict(_grids(variant))
    if not grids:
        return {name: variant}
    where = f"variants.{name}"
    for path, values in grids.items():
        place = where + "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path)
        if not isinstance(values, list) or not values:
            found = reprlib.repr(values)
            raise UserError(f"{place}.grid: found {found}, expected a list of values")
        if any(True for _ in _grids({"values": values})):
            raise UserError(f"{place}.grid: found a grid in a grid, expected values")
    labels = _labels(list(grids))
    combinations = list(itertools.islice(itertools.product(*grids.values()), MOST + 1))
    if len(combinations) > MOST:
        raise UserError(f"{where}: its grids make more than {MOST} variants; take some values out")
    made = {}
    for values in combinations:
        pairs = list(zip(labels, values, strict=True))
        new = "_".join([name, *(_slug(part) for label, value in pairs for part in (*label, value))])
        if new in made:
            raise UserError(
                f"{where}: two values of its grid would both be called '{new}'; write these two as"
                " variants of their own"
            )
        if len(new) > LONGEST:
            raise UserError(
                f"{where}: its grid makes the name '{new}', expected {LONGEST} characters at most;"
                f" shorten '{name}'"
            )
        made[new] = variant
        for path, value in zip(grids, values, strict=True):
            made[new] = _replaced(made[new], path, value)
        if isinstance(variant.get("title"), str):
            told = (f"{' '.join(map(str, label))} {_spelled(value)}" for label, value in pairs)
            made[new]["title"] = ", ".join([variant["title"], *told])
    return made


def _merged(variants: dict, name: str) -> dict:
    try:
        return extended(variants, name)
    except (UserError, TypeError, AttributeError):  # told when the configuration is checked
        return variants[name]


def _grids(variant: object) -> Iterator[tuple[Path, object]]:
    """Yield where in a variant a grid is, and what is in it."""
    waiting: list[tuple[Path, object]] = [((), variant)]
    while waiting:
        path, value = waiting.pop(0)
        if path and isinstance(value, dict) and value.keys() == {"grid"}:
            yield path, value["grid"]
        elif isinstance(value, dict):
            keys = [key for key in value if path or key not in NO_GRIDS]
            waiting[:0] = [((*path, key), value[key]) for key in keys]
        elif isinstance(value, list):
            waiting[:0] = [((*path, n), each) for n, each in enumerate(value)]


def _labels(paths: list[Path]) -> list[Path]:
    """Return the shortest end of each path that begins with a key and that no other path has."""

    def label(path: Path) -> Path:
        for n in range(1, len(path)):
            end = path[-n:]
            if isinstance(end[0], str) and sum(other[-n:] == end for other in paths) == 1:
                return end
        return path

    return [label(path) for path in paths]


def _replaced(value: object, path: Path, new: object) -> object:
    """Return a copy in which ``new`` stands at a place; what is beside the way there is shared."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _slug(value: object) -> str:
    """Return a value as a part of a name: lower-case letters, digits and ``_``."""
    text = re.sub(r"^-", "minus ", _spelled(value).lower())
    slug = re.sub(r"[^a-z0-9]+", "_", text).strip("_")
    if not slug:
        raise UserError(f"grid: found {value!r}, of which no name can be made")
    return slug


def _all(names: list, stands_for: dict[str, list[str]]) -> list:
    known = (stands_for.get(name, [name]) if isinstance(name, str) else [name] for name in names)
    return [name for some in known for name in some]


def _with_members(variant: dict, stands_for: dict[str, list[str]]) -> dict:
    ensemble = variant.get("ensemble")
    if not isinstance(ensemble, dict) or not isinstance(ensemble.get("members"), list):
        return variant
    return variant | {"ensemble": ensemble | {"members": _all(ensemble["members"], stands_for)}}
