"""Error messages for violations of the schema and for values that no JSON file can hold."""

import json
import math
import re
import reprlib
from collections.abc import Iterable, Iterator

import jsonschema

from seq2report.core.command import nearest

UNUSABLE = re.compile("[\0\ud800-\udfff]")  # no argument of a command, no UTF-8
KINDS = {  # YAML's words
    **{"object": "a mapping (key: value)", "array": "a list", "string": "text"},
    **{"integer": "a whole number", "number": "a number", "boolean": "true or false"},
}


def format_mistakes(mistakes: list[str]) -> str:
    """Join messages under one heading, at most five of them."""
    more = f"\n  … and {len(mistakes) - 5} more" if len(mistakes) > 5 else ""
    return "the configuration is not valid\n" + "\n".join(f"  {m}" for m in mistakes[:5]) + more


def _is_integer(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)  # 1.0 is no number of words


def _is_number(_: object, value: object) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


def _full_pattern(
    _: object, pattern: str, value: object, __: object
) -> Iterator[jsonschema.ValidationError]:
    # In Python, unlike in JSON schema, `$` also matches before a newline at the end.
    if isinstance(value, str) and not re.fullmatch(pattern, value):
        yield jsonschema.ValidationError("")


Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    {"pattern": _full_pattern},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


def value_mistakes(value: object, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Yield a message for each value that the JSON files and commands of the workflow cannot hold.

    YAML also has dates, sets, keys that are not text, and numbers that are none (`.nan`).
    """
    found = f"{_place(path)}: found {reprlib.repr(value)}"
    if isinstance(value, dict):
        for key, inner in value.items():
            if type(key) not in (str, int) or type(key) is not type(next(iter(value))):
                yield f"{_place(path)}: found the key {key!r}, expected text; put it in quotes"
            yield from value_mistakes(inner, (*path, str(key)))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from value_mistakes(inner, (*path, n))
    elif isinstance(value, str) and (character := UNUSABLE.search(value)):
        yield f"{found} with the character U+{ord(character[0]):04X}, which is no text; remove it"
    elif isinstance(value, float) and math.isnan(value):
        yield f"{found}, expected a number"
    elif not isinstance(value, str | int | float | None):
        yield f"{found}, expected text or a number; put it in quotes"


def schema_mistakes(config: dict, schema: dict) -> Iterator[str]:
    """Yield a message for each violation of the JSON schema."""
    errors = Validator(schema).iter_errors(config)
    for error in sorted(errors, key=lambda error: list(map(str, error.absolute_path))):
        for message in _explain(error):
            # Messages quote values, and the rest of a URL may contain a secret.
            yield re.sub(r"(\w+://)[^\s'\"]+", r"\1…", message)


def _place(path: Iterable[str | int]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".") or "top level"


def _spelled(value: object) -> str:
    """Return a value as YAML writes it, shortened."""
    return json.dumps(value) if isinstance(value, bool | None) else reprlib.repr(value)


def _spelling(value: object, kinds: list[str]) -> str:
    """Return how a value of the wrong kind is written in YAML, if that may be the mistake."""
    if isinstance(value, bool) and "string" in kinds:
        return "; put words like yes and no in quotes"
    if isinstance(value, str) and {"integer", "number"} & {*kinds} and re.match(r"[-+.]?\d", value):
        return "; write numbers without quotes, and with a point before an exponent, as in 1.0e-5"
    return ""


def _kinds(error: jsonschema.ValidationError) -> str:
    kinds = error.validator_value
    kinds = [kinds] if isinstance(kinds, str) else kinds
    several = error.schema.get("$comment") if isinstance(error.instance, list) else None
    hint = f"; {several}" if several else _spelling(error.instance, kinds)
    return " or ".join(KINDS[kind] for kind in kinds) + hint


def _choice(error: jsonschema.ValidationError) -> str:
    keys = [key for choice in error.validator_value for key in choice.get("required", [])]
    if keys:
        return f"one of {' and '.join(keys)}"
    about = error.schema["description"].rstrip(".")
    return f"{about[0].lower()}{about[1:]}{_spelling(error.instance, ['string'])}"


def _not_allowed(value: object, allowed: list) -> str:
    """Return a message about a value that is none of those allowed."""
    if isinstance(value, str) and any(_spelled(item) == value for item in allowed):
        return f"found the text {value!r}, expected {value} without quotes"
    return f"found {_spelled(value)}; {nearest(value, allowed)}"


def _explain(error: jsonschema.ValidationError) -> Iterator[str]:
    where = _place(error.absolute_path)
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for key in value:
                if key not in known:
                    yield f"{where}: unknown key '{key}'; {nearest(key, known)}"
        case "enum":
            yield f"{where}: {_not_allowed(value, limit)}"
        case "required":
            missing = ", ".join(f"'{key}'" for key in limit if key not in value)
            yield f"{where}: {missing} is missing"
        case "type":
            yield f"{where}: found {_spelled(value)}, expected {_kinds(error)}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            word = {"minimum": "at least", "maximum": "at most"}.get(error.validator)
            word = word or ("more than" if "Min" in error.validator else "less than")
            yield f"{where}: found {value!r}, expected {word} {limit}"
        case "minItems" if limit > 1:
            yield f"{where}: found {reprlib.repr(value)}, expected at least {limit}"
        case "pattern":
            yield f"{where}: {reprlib.repr(value)} does not have the form {limit}"
        case "maxLength":
            found = f"{reprlib.repr(value)} of {len(value)} characters"
            yield f"{where}: found {found}, expected at most {limit}"
        case "oneOf":
            yield f"{where}: found {_spelled(value)}, expected {_choice(error)}"
        case "maxProperties":
            keys = ", ".join(map(str, value))
            yield f"{where}: found {keys} side by side, expected one name; indent its arguments"
        case _:
            yield f"{where}: {error.message}"
