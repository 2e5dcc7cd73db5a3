"""Numbers as people read them, and sentences with numbers in them."""

import math
import string

import pandas as pd

from seq2report.core.wording import plural

METRICS = {  # titles of the metrics by which variants are ranked
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
}
SPREAD = "± (points)"  # heading of standard deviations over seeds, in percentage points
LEAST = 0.001  # seconds or milliseconds; less is not shown


def memory(shape: str) -> int:
    """Return the bytes that 32-bit numbers of a shape take, such as 150 × 50."""
    return 4 * math.prod(map(int, shape.split(" × ")))


def shape(numbers: str) -> str:
    """Return a shape as in 150 × 50 with its `memory`."""
    size = memory(numbers)
    shown = f"{size / 1000:,.0f} kB" if size >= 1000 else f"{size} bytes"
    return f"{' × '.join(f'{int(number):,}' for number in numbers.split(' × '))} ({shown})"


def percent(value: float) -> str:
    """Return a share as percent with one decimal."""
    return f"{100 * value:.1f}%"


def points(value: float) -> str:
    """Return a difference of two shares in percentage points with one decimal."""
    return f"{100 * value:.1f} percentage points"


def signed(value: float, form: str = "+.1f") -> str:
    """Return a formatted number with − as its sign; a zero after rounding has none."""
    written = format(value, form)
    is_zero = not written.strip("+-0.%")
    return (written.lstrip("+-") if is_zero else written).replace("-", "−")


def power_of_ten(exponent: int) -> str:
    """Return 10 with its exponent raised, as plain text."""
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def short(value: float, digits: int = 2) -> str:
    """Return a number with the digits that count: 0.71, 1,200 or 6.8 × 10⁻⁸."""
    size = abs(value)
    if 0 < size < 1e-4 or 1e6 <= size < math.inf:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        written = f"{float(mantissa):g} × {power_of_ten(int(exponent))}"
    else:
        written = f"{value:,.0f}" if size >= 10 ** (digits - 1) else f"{value:.{digits}g}"
    return written.replace("-", "−")


def _two_digits(value: float) -> str:
    return f"{value:#.2g}".removesuffix(".")


def seconds(value: float) -> str:
    """Return a duration in seconds for people, below one second with two digits that count."""
    if value < 1:
        return "less than 0.001 s" if value < LEAST else f"{_two_digits(value)} s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.1f} min" if value < 2 * 3600 else f"{value / 3600:,.1f} h"


def milliseconds(value: float) -> str:
    """Return a duration in milliseconds with two digits that count."""
    if value < LEAST:
        return "less than 0.001 ms"
    return f"{_two_digits(value)} ms" if value < 99.5 else f"{value:,.0f} ms"


def spread(mean: float, deviation: float) -> str:
    """Return a share as percent, with its standard deviation over seeds if it is known."""
    return percent(mean) if pd.isna(deviation) else f"{percent(mean)} ± {100 * deviation:.1f}"


def count(value: int) -> str:
    """Return a number, from a million on with one decimal: ``385``, ``22.6 million``."""
    return f"{value / 1e6:,.1f} million" if value >= 1e6 else f"{value:,}"


def mean_count(value: float) -> str:
    """Return a number that may be a mean, with a decimal if it is no whole number."""
    return f"{value:,.1f}".removesuffix(".0")


def parameters(total: int, frozen: int) -> str:
    """Return the number of parameters, and how many of them are not trained."""
    return f"{count(total)} parameters" + (f", {count(frozen)} of them frozen" if frozen else "")


def stated_cost(duration: float, money: str) -> str | None:
    """Return the cost that a configuration states, None without one."""
    parts = [] if pd.isna(duration) else [seconds(duration)]
    return ", ".join(parts if pd.isna(money) else [*parts, money]) or None


def listed(names: list[str]) -> str:
    """Return ``a, b and c``: names as a list in a sentence."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


FORMATS = {"percent": percent, "points": points, "seconds": seconds, "milliseconds": milliseconds}
FORMATS |= {"short": short}


class _Formatter(string.Formatter):
    def format_field(self, value: object, spec: str) -> str:
        if spec.startswith("n "):
            return plural(value, spec.removeprefix("n "))
        return FORMATS[spec](value) if spec in FORMATS else format(value, spec)


def fill(template: str, **values: object) -> str:
    """Fill the fields of a sentence: ``{share:percent}`` and the other `FORMATS`, or Python's.

    ``{count:n documents}`` is a number with its noun (`plural`). The result is plain text;
    functions of `html` escape it.
    """
    return _Formatter().vformat(template, (), values)
