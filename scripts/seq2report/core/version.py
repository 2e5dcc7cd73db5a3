"""The version of seq2report, also that of the package.

It has its own file, which no job depends on, so that a release repeats no training.
"""

from pathlib import Path

__version__ = Path(__file__).with_name("VERSION").read_text("utf-8").strip()
