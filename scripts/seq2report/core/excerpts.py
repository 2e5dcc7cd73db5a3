"""Displayable text of a corpus: no character of it changes the text around it."""

import re
from itertools import pairwise

FORMULA = "=+-@\t\r\n＝＋－＠"  # a spreadsheet reads a cell with this beginning as a formula
ESCAPED = re.compile(f"'*[{re.escape(FORMULA)}]")
SHARED = 40  # characters before a difference
JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    """Return a text with each invisible character replaced by �.

    These are control characters, line ends, and marks of the writing direction; joiners are part of
    words in Persian and Indic scripts and of emoji, and invisible elsewhere.
    """
    return "".join(
        c if c.isprintable() or is_joined(before, c) else "\N{REPLACEMENT CHARACTER}"
        for before, c in pairwise(f" {text}")
    )


def is_joined(before: str, character: str) -> bool:
    """Return whether a character is a joiner after a character of a script that may need it."""
    return character in JOINERS and before.isprintable() and before >= "\u0590"


def excerpt(text: str, longest: int) -> str:
    """Return the beginning of a text on one line of `visible` characters, ``longest`` at most."""
    line = " ".join(text.split())
    return visible(line if len(line) <= longest else f"{line[: longest - 1]}…")


def differing(text: str, other: str, longest: int) -> tuple[str, str]:
    """Return an `excerpt` of each of two texts, from shortly before their first difference."""
    lines = [" ".join(words.split()) for words in (text, other)]
    pairs = enumerate(zip(*lines, strict=False))
    first = next((n for n, (one, same) in pairs if one != same), min(map(len, lines)))
    start = max(0, first - SHARED)
    before = "…" if start else ""
    shown, twin = (before + excerpt(line[start:], longest - len(before)) for line in lines)
    return shown, twin


def beginning(text: str, longest: int) -> str:
    """Return the beginning of a text in its lines, as `visible`; ``longest`` characters at most."""
    text = text.strip()
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "\n".join(map(visible, shown.expandtabs().splitlines()))


def as_cell(value: object) -> object:
    """Return a value of a CSV file, a text with an apostrophe in front if it were a formula."""
    if not isinstance(value, str) or not ESCAPED.match(value):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def from_cell(value: object) -> object:
    """Return the value of which `as_cell` made a cell."""
    escaped = isinstance(value, str) and value.startswith("'") and ESCAPED.match(value)
    return value[1:] if escaped else value
