"""What is written in a configuration file or after ``--config``, before anything uses it."""

from pathlib import Path

import yaml

LARGEST = 1_000_000  # characters and values, with each alias replaced by its value
DEEPEST = 50  # levels of lists and mappings


def typed(entries: list[str]) -> dict:
    """Return the lists and mappings of ``--config key=value`` as YAML reads them.

    Snakemake reads them too, but all their numbers as text.
    """
    values = {}
    for key, _, text in (entry.partition("=") for entry in entries):
        try:
            value = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):  # text, also for Snakemake
            continue
        if isinstance(value, list | dict):
            values[key] = value
    return values


def file_mistakes(path: Path | str) -> list[str]:
    """Return a message for each error that cannot be seen in the values of a YAML or JSON file.

    These are duplicate keys, of which parsers silently keep the last one, and aliases that contain
    themselves or become so large that reading all values never ends.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            root = yaml.compose(file, yaml.SafeLoader)
        messages: list[str] = []
        if root is not None:  # not an empty file
            _measure(root, {}, messages)
    except (OSError, yaml.YAMLError):  # Snakemake has reported it
        return []
    except RecursionError:
        messages = [f"found more than {DEEPEST} levels of lists and mappings; remove some"]
    return [f"{path}: {message}" for message in messages]


def _measure(
    node: yaml.Node, known: dict[int, tuple[int, int] | None], messages: list[str]
) -> tuple[int, int]:
    """Return the size and the levels of a node; append messages about it to ``messages``.

    ``known`` has the result for each node that was measured, None while it is being measured.
    """
    line = node.start_mark.line + 1
    if id(node) in known:
        if known[id(node)] is None:
            messages.append(f"line {line}: found an alias inside of its own value; remove it")
        return known[id(node)] or (0, 0)
    known[id(node)] = None
    parts = [(1 + len(node.value), 0)]
    if isinstance(node, yaml.MappingNode):
        messages += _repeated(node)
        parts += [_measure(part, known, messages) for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts += [_measure(part, known, messages) for part in node.value]
    size, levels = sum(size for size, _ in parts), 1 + max(levels for _, levels in parts)
    if size > LARGEST or levels > DEEPEST:
        size = levels = 0  # reported once, not again for each value around it
        messages.append(
            f"line {line}: found a value of more than {LARGEST:,} characters or {DEEPEST} levels,"
            " with its aliases replaced; write it without aliases (*name)"
        )
    known[id(node)] = (size, levels)
    return size, levels


def _repeated(node: yaml.MappingNode) -> list[str]:
    """Return a message for each key that occurs twice in a mapping."""
    lines: dict[tuple, int] = {}
    messages = []
    for key, _ in node.value:
        line, name = key.start_mark.line + 1, (key.tag, str(key.value))
        if name in lines:
            messages.append(
                f"line {line}: duplicate key '{key.value}', first in line {lines[name]};"
                " only the last value would be used; rename or remove one"
            )
        lines[name] = line
    return messages
