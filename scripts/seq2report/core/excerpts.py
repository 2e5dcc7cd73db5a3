"""Displayable text of a corpus: no character of it changes the text around it."""


def visible(text: str) -> str:
    """Return a text with each invisible character replaced by �.

    These are control characters, line ends, and marks of the writing direction.
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def excerpt(text: str, longest: int) -> str:
    """Return the beginning of a text on one line of `visible` characters, ``longest`` at most."""
    line = " ".join(text.split())
    return visible(line if len(line) <= longest else f"{line[: longest - 1]}…")


def beginning(text: str, longest: int) -> str:
    """Return the beginning of a text in its lines, as `visible`; ``longest`` characters at most."""
    text = text.strip()
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "\n".join(map(visible, shown.expandtabs().splitlines()))
