"""Notices about labels that may be different spellings of one class, or several classes."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from seq2report.core.wording import plural

JOINTS = ";|,/+&"
AROUND = " []{}()'\""  # a list, as text
TWINS = str.maketrans("аеіјорсухѕοα", "aeijopcyxsoa")  # Cyrillic and Greek letters, in Latin ones


def label_notices(labels: Sequence[str]) -> list[str]:
    """Return a sentence about labels that look alike, and one about labels that look joined."""
    return [*_alike(labels), *_joined(labels)]


def _alike(labels: Sequence[str]) -> Iterator[str]:
    by_look = defaultdict(list)
    for label in labels:
        by_look[_look(label)].append(label)
    groups = [group for group in by_look.values() if len(group) > 1]
    if groups:
        shown = " and ".join(map(_spelled, groups[0]))
        more = f"; {plural(len(groups), 'groups')} of labels do so" if len(groups) > 1 else ""
        yield f"The labels {shown} look alike, but are different classes{more}."


def _look(label: str) -> str:
    """Return a label without case, invisible characters, compositions, and zeros after a point."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    seen = "".join(c for c in plain.translate(TWINS) if unicodedata.category(c) != "Cf")
    return re.sub(r"(\d)\.0+$", r"\1", " ".join(seen.split()))


def _spelled(label: str) -> str:
    """Return a label in quotes, with escapes for what is invisible or composed."""
    plain = unicodedata.normalize("NFC", label) == label == unicodedata.normalize("NFD", label)
    mixed = label.translate(TWINS) != label and re.search("[A-Za-z]", label)
    return repr(label) if plain and not mixed else ascii(label)


def _joined(labels: Sequence[str]) -> Iterator[str]:
    """Yield a sentence if parts of labels occur in other labels, as in a, b and a;b."""
    for joint in JOINTS:
        parts = {label: [part.strip(AROUND) for part in label.split(joint)] for label in labels}
        known = Counter(part for label in labels for part in set(parts[label]))
        joined = [
            label
            for label in labels
            if len(parts[label]) > 1 and all(part and known[part] > 1 for part in parts[label])
        ]
        if joined:
            number = f"{plural(len(joined), 'labels')} look{'s' if len(joined) == 1 else ''} like"
            yield (
                f"{number} several labels with {joint!r} between them, such as"
                f" {_spelled(joined[0])}; each combination is a class of its own."
            )
            return
