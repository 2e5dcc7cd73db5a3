"""Write what completes a configuration while it is typed: for editors and for bash.

Both are made from the schema of the configuration. An editor that knows JSON Schema (its extension
or plugin for YAML) reads the file of ``--editor``; in it nothing is required, since a configuration
of one's own lies over another one. Bash reads the file of ``--bash``: it completes the settings
after ``snakemake --config`` and the files after ``--configfile``.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from seq2report.config.grids import NO_GRIDS
from seq2report.core import command
from seq2report.core.command import replacing, run

BASH = """\
# Made by scripts/complete.py. Source this file: what follows --config is completed.
_seq2report() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
  local key= place=$COMP_CWORD
  COMPREPLY=()
  # Bash takes gpu=1 for three words.
  if [[ $word == = ]]; then
    key=$before= word=
  elif [[ $before == = ]]; then
    key=${{COMP_WORDS[COMP_CWORD - 2]}}=
  fi
  # Both take several words: the last option before this word decides.
  while [[ $place -gt 1 && ${{COMP_WORDS[place - 1]}} != --* ]]; do place=$((place - 1)); done
  case "${{COMP_WORDS[place - 1]}}" in
  --config)
    mapfile -t COMPREPLY < <(compgen -W "{settings}" -- "$key$word")
    COMPREPLY=("${{COMPREPLY[@]#"$key"}}")
    [[ ${{COMPREPLY[*]}} == *= ]] && compopt -o nospace
    ;;
  --configfile | --configfiles)
    mapfile -t COMPREPLY < <(compgen -f -X "!*.yaml" -- "$word"; compgen -d -S / -- "$word")
    ;;
  esac
}}
# The rest is completed as ever.
complete -o default -F _seq2report snakemake
"""


def for_overlays(schema: object) -> object:
    """Return a JSON schema in which no key is required, and none excludes another."""
    if isinstance(schema, list):
        return [for_overlays(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: for_overlays(value)
        for key, value in schema.items()
        if not (key == "required" and isinstance(value, list))
        and not (key == "oneOf" and all(choice.keys() <= {"required"} for choice in value))
    }


def with_grids(schema: dict, definitions: dict) -> dict:
    """Return a JSON schema of which each value may also be ``{grid: [values]}``."""
    schema = definitions.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if "properties" in schema:
        inner = {key: with_grids(value, definitions) for key, value in schema["properties"].items()}
        return schema | {"properties": inner}
    return {key: schema[key] for key in ("description",) if key in schema} | {
        "anyOf": [schema, {"$ref": "#/$defs/grid"}]
    }


def for_editors(schema: dict) -> dict:
    """Return the JSON schema of a configuration that lies over another one, grids not yet made."""
    schema = for_overlays(schema)
    variant = schema["properties"]["variants"]["additionalProperties"]
    for key, value in variant["properties"].items():
        if key not in NO_GRIDS:
            variant["properties"][key] = with_grids(value, schema["$defs"])
    schema["$defs"]["grid"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"grid": {"type": "array", "description": "A variant for each value."}},
    }
    return schema


def settings(schema: dict) -> list[str]:
    """Return what may follow ``--config``: ``key=``, or each ``key=value`` of a few."""
    words = []
    for key, about in schema["properties"].items():
        if about.get("type") == "boolean":
            words += [f"{key}=true", f"{key}=false"]
        elif "enum" in about:
            words += [f"{key}={value}" for value in about["enum"]]
        elif about.get("type") == "integer" and "maximum" in about:
            words += [f"{key}={n}" for n in range(about["minimum"], about["maximum"] + 1)]
        elif about.get("type") in ("string", "integer") or about.get("$ref") == "#/$defs/name":
            words.append(f"{key}=")
    return words


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("--schema", type=Path, required=True, help="of the configuration, YAML")
    parser.add_argument("--editor", type=Path, required=True, help="a JSON schema, for editors")
    parser.add_argument("--bash", type=Path, required=True, help="what bash is to source")
    args = parser.parse_args(argv)
    schema = yaml.safe_load(args.schema.read_text(encoding="utf-8"))
    with replacing(args.editor) as part:
        text = json.dumps(for_editors(schema), indent=1, ensure_ascii=False)
        part.write_text(text + "\n", encoding="utf-8")
    with replacing(args.bash) as part:
        part.write_text(BASH.format(settings=" ".join(settings(schema))), encoding="utf-8")


if __name__ == "__main__":
    run(main)
