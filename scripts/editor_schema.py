"""Write the JSON schema with which editors complete and check a configuration.

It is made from the schema that the workflow checks. An editor with JSON Schema support (for VS
Code, its YAML extension) reads it. No key is required in it, because a user's file is merged into
the default configuration.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from seq2report.config.grids import NO_GRIDS
from seq2report.core import command
from seq2report.core.command import replacing, run


def without_required(schema: object) -> object:
    """Return a JSON schema in which no key is required and no key excludes another."""
    if isinstance(schema, list):
        return [without_required(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: without_required(value)
        for key, value in schema.items()
        if not (key == "required" and isinstance(value, list))
        and not (key == "oneOf" and all(choice.keys() <= {"required"} for choice in value))
    }


def with_grids(schema: dict, definitions: dict) -> dict:
    """Return a JSON schema in which every value may also be ``{grid: [values]}``."""
    schema = definitions.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if "properties" in schema:
        inner = {key: with_grids(value, definitions) for key, value in schema["properties"].items()}
        return schema | {"properties": inner}
    described = {key: schema[key] for key in ("description",) if key in schema}
    return described | {"anyOf": [schema, {"$ref": "#/$defs/grid"}]}


def editor_schema(schema: dict) -> dict:
    """Return the JSON schema of a user's configuration file, before grids are expanded."""
    schema = without_required(schema)
    variant = schema["properties"]["variants"]["additionalProperties"]
    del variant["properties"]["choose"]["properties"]["candidates"]  # written by the expansion
    for key, value in variant["properties"].items():
        if key not in NO_GRIDS:
            variant["properties"][key] = with_grids(value, schema["$defs"])
    schema["$defs"]["grid"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"grid": {"type": "array", "description": "One variant per value."}},
    }
    return schema


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--schema", type=Path, required=True, help="of the configuration, YAML")
    parser.add_argument("--output", type=Path, required=True, help="JSON schema to write")
    args = parser.parse_args(argv)
    schema = yaml.safe_load(args.schema.read_text(encoding="utf-8"))
    with replacing(args.output) as part:
        text = json.dumps(editor_schema(schema), indent=1, ensure_ascii=False)
        part.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
