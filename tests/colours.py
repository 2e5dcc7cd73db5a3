"""Contrast of colours, as the Web Content Accessibility Guidelines (WCAG 2.2) define it."""

import re

READABLE = 4.5  # least contrast of text (1.4.3)
MARKED = 3.0  # and of what marks a control or a part of a picture (1.4.11)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, ``rgb(…)`` of 0 to 255."""
    parts = [float(part) / 255 for part in re.findall(r"\d+\.?\d*", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
