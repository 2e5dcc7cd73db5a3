"""Protection of a page against its texts: invisible characters and a content security policy."""

import base64
import hashlib
import re
from collections.abc import Sequence

# Control characters, and Unicode's marks of the writing direction.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


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
