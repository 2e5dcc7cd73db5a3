"""The check of a whole configuration."""

from pathlib import Path

import yaml

from seq2report.config.messages import format_mistakes, schema_mistakes, value_mistakes
from seq2report.config.references import reference_mistakes
from seq2report.core.command import UserError


def check(config: dict, schema_path: Path | str) -> None:
    """Check a whole configuration, except the arguments of layers and pipeline steps.

    Raises:
        UserError: one line per error, at most five.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    mistakes = list(value_mistakes(config))
    mistakes = mistakes or list(dict.fromkeys(schema_mistakes(config, schema)))
    mistakes = mistakes or list(reference_mistakes(config))
    if mistakes:
        raise UserError(format_mistakes(mistakes))
