"""Numbers and lists of names in messages and pages."""

from collections.abc import Sequence

FEW = 5  # names in a sentence


def plural(count: int, noun: str) -> str:
    """Return a number and its noun, given in the plural: ``1 document``, ``1,200 documents``."""
    singular = noun.removesuffix("es") if noun.endswith("sses") else noun.removesuffix("s")
    return f"{count:,} {singular if count == 1 else noun}"


def some(names: Sequence[str]) -> str:
    """Return a list of names as in Python, the first `FEW` of them and how many are left out."""
    more = f" and {len(names) - FEW:,} more" if len(names) > FEW else ""
    return f"{list(names[:FEW])}{more}"
