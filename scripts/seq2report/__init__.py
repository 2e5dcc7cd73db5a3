"""What the commands in ``scripts/`` share: corpora, tokens, models, tables and pictures."""

__version__ = "0.1.0"
