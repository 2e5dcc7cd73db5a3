"""Error messages for violations of the schema and for duplicate keys."""

import re
import reprlib
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import yaml

from seq2report.core.command import nearest

KINDS = {"object": "a mapping (key: value)", "array": "a list", "string": "text"}  # YAML's words


def format_mistakes(mistakes: list[str]) -> str:
    """Join messages under one heading, at most five of them."""
    more = f"\n  … and {len(mistakes) - 5} more" if len(mistakes) > 5 else ""
    return "the configuration is not valid\n" + "\n".join(f"  {m}" for m in mistakes[:5]) + more


def schema_mistakes(config: dict, schema: dict) -> Iterator[str]:
    """Yield a message for each violation of the JSON schema."""
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    for error in sorted(errors, key=lambda error: list(map(str, error.absolute_path))):
        for message in _explain(error):
            # Messages quote values, and the rest of a URL may contain a secret.
            yield re.sub(r"(\w+://)[^\s'\"]+", r"\1…", message)


def _explain(error: jsonschema.ValidationError) -> Iterator[str]:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    where = "".join(steps).removeprefix(".") or "top level"
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for key in value:
                if key not in known:
                    yield f"{where}: unknown key '{key}'; {nearest(key, known)}"
        case "enum":
            yield f"{where}: found '{value}'; {nearest(value, limit)}"
        case "required":
            missing = ", ".join(f"'{key}'" for key in limit if key not in value)
            yield f"{where}: {missing} is missing"
        case "type":
            yield f"{where}: found {reprlib.repr(value)}, expected {KINDS.get(limit, limit)}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            word = {"minimum": "at least", "maximum": "at most"}.get(error.validator)
            word = word or ("more than" if "Min" in error.validator else "less than")
            yield f"{where}: found {value!r}, expected {word} {limit}"
        case "minItems" if limit > 1:
            yield f"{where}: found {reprlib.repr(value)}, expected at least {limit}"
        case "pattern":
            yield f"{where}: '{value}' does not have the form {limit}"
        case "oneOf":
            keys = [key for choice in limit for key in choice.get("required", [])]
            expected = f"one of {' and '.join(keys)}" if keys else error.schema["description"]
            yield f"{where}: found {reprlib.repr(value)}, expected {expected}"
        case "maxProperties":
            keys = ", ".join(map(str, value))
            yield f"{where}: found {keys} side by side, expected one name; indent its arguments"
        case _:
            yield f"{where}: {error.message}"


def repeated_keys(path: Path | str) -> list[str]:
    """Return a message for each key that occurs twice in one mapping of a YAML or JSON file.

    Both formats forbid it, but their parsers silently keep the last value.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            waiting, messages, seen = [yaml.compose(file, yaml.SafeLoader)], [], set()
    except (OSError, yaml.YAMLError):  # Snakemake has reported it
        return []
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:  # an alias may refer to a parent
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            lines: dict[tuple, int] = {}
            for key, value in node.value:
                line, name = key.start_mark.line + 1, (key.tag, str(key.value))
                if name in lines:
                    messages.append(
                        f"{path}: line {line}: duplicate key '{key.value}', first in line"
                        f" {lines[name]}; only the last value would be used; rename or remove one"
                    )
                lines[name] = line
                waiting.append(value)
    return messages
