"""The configuration as a whole: whether it is valid, and if not, why."""

from pathlib import Path

import yaml

from seq2report.config.messages import format_mistakes, schema_mistakes
from seq2report.config.references import reference_mistakes
from seq2report.core.command import UserError


def check(config: dict, schema_path: Path | str) -> None:
    """Check a whole configuration but for the arguments of its layers and pipeline steps.

    Raises:
        UserError: one line a mistake, at most five.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    mistakes = list(dict.fromkeys(schema_mistakes(config, schema)))
    mistakes = mistakes or list(reference_mistakes(config))
    if mistakes:
        raise UserError(format_mistakes(mistakes))
