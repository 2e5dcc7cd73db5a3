"""URLs and the secrets in them."""

import os
import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from seq2report.core.command import UserError

VARIABLE = re.compile(r"\$\{(\w+)\}")
NAMES_A_SECRET = re.compile(r"key|token|sig|secret|passw|pwd|auth|credential", re.IGNORECASE)


def redact(url: str) -> str:
    """Return a URL without user, password, query and fragment, which may contain secrets."""
    parts = urlsplit(url)
    if not parts.netloc:  # a local file needs no login
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))


def is_address(url: object) -> bool:
    """Return whether ``url`` is a complete http, https or file URL."""
    if not isinstance(url, str):
        return False
    if url.startswith("file:"):
        return bool(url.removeprefix("file:").strip("/"))
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_mirror(location: str) -> bool:
    """Return whether a location may be that of a mirror: a complete URL, or a path."""
    return is_address(location) or not re.match(r"\w+://|https?:|file:", location)


def written_secret(url: str) -> str | None:
    """Return the kind of a secret that a URL contains in plain text, or None.

    ``${NAME}`` refers to an environment variable and is no secret. A path has none.
    """
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    if password and not VARIABLE.fullmatch(password):
        return "a password"
    if parts.username and not password and not VARIABLE.fullmatch(parts.username):
        return "a user name, which may be a token,"
    for name, value in parse_qsl(parts.query):
        if NAMES_A_SECRET.search(name) and not VARIABLE.fullmatch(value):
            return f"a '{name}'"
    return None


def with_variables(url: str) -> str:
    """Return a URL with the %-encoded value of each ``${NAME}``; `UserError` if it is not set."""

    def value(match: re.Match) -> str:
        if match[1] not in os.environ:
            raise UserError(f"its address names {match[0]}; set this environment variable")
        return quote(os.environ[match[1]], safe="")

    return VARIABLE.sub(value, url)
