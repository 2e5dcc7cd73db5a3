"""The version of seq2report, also that of the package.

It stands in a file of its own, which no job depends on: a release does not repeat trainings.
"""

from pathlib import Path

__version__ = Path(__file__).with_name("VERSION").read_text("utf-8").strip()
