"""Text of a corpus as people can be shown it: no character of it changes what stands around it."""


def visible(text: str) -> str:
    """Return a text with a sign in the place of each character that cannot be seen.

    These are control characters, line ends, and marks that turn the direction of writing.
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
