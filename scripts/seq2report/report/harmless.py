"""What keeps a page harmless whatever stands in its texts."""

import base64
import hashlib
import re
from collections.abc import Sequence

# Control characters, and Unicode's marks that turn the direction of what stands beside them.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def seen(text: str) -> str:
    """Return a text with a sign in the place of what would change the text around it, unseen."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def policy(allowed: Sequence[str]) -> str:
    """Return a page's Content-Security-Policy: these scripts run, no other, and nothing is fetched.

    So text from a corpus is harmless even where it would not have been escaped.
    """
    digests = (hashlib.sha256(script.encode()).digest() for script in allowed)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    hashes = hashes or "'none'"
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline';"
        " img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
