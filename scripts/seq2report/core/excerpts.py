"""Displayable text of a corpus: no character of it changes the text around it."""

import argparse
import re
from collections.abc import Callable
from itertools import pairwise

FORMULA = "=+-@\t\r\n＝＋－＠"  # a spreadsheet reads a cell with this beginning as a formula
ESCAPED = re.compile(f"'*[{re.escape(FORMULA)}]")
SHARED = 40  # characters before a difference
# An e-mail address (of Usenet, too: without a dot after the @), a link, or a telephone number: two
# to six groups of digits, unless they are a date, or a plus sign and digits. Each part is bounded.
EMAIL = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}"
LINK = r"(?:(?:https?|ftp)://|www\.)[^\s<>\"]+"
DATE = r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d{4}[./-]\d{1,2}[./-]\d{1,2}\b|[12]\d{3}-[12]?\d?\d\d\b"
MORE = r"(?:[ ./-]{1,2}\(?\d{1,8}\)?)"
GROUPS = rf"(?:\+?\(?\d{{1,5}}\)?{MORE}{{1,5}}|\+\d{{7,15}}{MORE}{{0,5}})"
TELEPHONE = rf"(?<![\w./-])(?!\(?(?:{DATE})){GROUPS}(?![\w/])"
CONTACT = re.compile(f"{EMAIL}|{LINK}|(?P<telephone>{TELEPHONE})")
HIDDEN = "•"  # stands for a character of a contact
DIGITS = 7  # of a telephone number, at least
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


def add_contacts(parser: argparse.ArgumentParser) -> None:
    """Add the option of a command that writes excerpts of documents; see `showing`."""
    about = "e-mail addresses, telephone numbers and links in excerpts"
    parser.add_argument("--contacts", choices=("shown", "hidden"), default="shown", help=about)


def showing(contacts: str) -> Callable[[str], str]:
    """Return the function of a text that leaves contacts shown, or hides them."""
    return without_contacts if contacts == "hidden" else str


def without_contacts(text: str) -> str:
    """Return a text of the same length with • for each character of an address, number or link."""

    def hidden(found: re.Match) -> str:
        telephone = found["telephone"]
        if telephone and sum(map(str.isdigit, telephone)) < DIGITS:
            return telephone
        return re.sub(r"\S", HIDDEN, found[0])

    return CONTACT.sub(hidden, text)


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
