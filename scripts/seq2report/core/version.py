"""The version of seq2report, also that of the package."""

__version__ = "0.1.0"
