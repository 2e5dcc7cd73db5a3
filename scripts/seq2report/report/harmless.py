"""Protection of a page against its texts: invisible characters and a content security policy."""

import base64
import hashlib
import re
from collections.abc import Sequence

# Control characters, and Unicode's marks of the writing direction.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


# Letters of scripts from right to left, with the blanks between their words.
_LETTER = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
RIGHT_TO_LEFT = re.compile(f"{_LETTER}+(?:[ \u200c\u200d]+{_LETTER}+)*")
# Tags, and elements in which no element may be or which have their own direction.
KEPT = re.compile(
    r'<(svg|script|style|title)\b.*?</\1>|<(\w+)[^>]* dir="auto".*?</\2>|<[^>]*>', re.DOTALL
)


def isolated(html: str) -> str:
    """Return HTML in which text from right to left does not move the numbers beside it.

    The direction of a running text is that of its first letter, by ``dir="auto"``; elsewhere, words
    from right to left are isolated by ``<bdi>``.
    """
    if not RIGHT_TO_LEFT.search(html):
        return html
    shown, end = [], 0
    for kept in KEPT.finditer(html):
        shown += [RIGHT_TO_LEFT.sub(r"<bdi>\g<0></bdi>", html[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*shown, RIGHT_TO_LEFT.sub(r"<bdi>\g<0></bdi>", html[end:])])


def seen(text: str) -> str:
    """Return a text with each of these invisible characters replaced by �."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def policy(allowed: Sequence[str]) -> str:
    """Return the Content-Security-Policy of a page: only these scripts run, nothing is fetched.

    Text from a corpus is then harmless even if it were not escaped.
    """
    digests = (hashlib.sha256(script.encode()).digest() for script in allowed)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    hashes = hashes or "'none'"
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline';"
        " img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
