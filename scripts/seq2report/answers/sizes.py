"""Curves of a metric by number of labels: where two of them cross, and what more labels bring."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from seq2report.answers.statistics import LEVEL

DRAWS = 10_000  # of curves, for the interval of a crossing
FEWEST = 4  # sizes of a power law: two more than it has parameters
EXACT = 1e-9  # residuals and exponents below it are rounding errors


def last_crossing(sizes: np.ndarray, lead: np.ndarray) -> np.ndarray:
    """Return from which number of labels on a curve stays ahead of another one.

    Between two sizes, the lead is linear in the logarithm of the number of labels.

    Args:
        sizes: numbers of labels, ascending, (k,).
        lead: metric of the curve minus that of the other one, (..., k).

    Returns:
        (...,): 0 if the curve is ahead at all sizes, inf if it is not ahead at the last one.
    """
    x, behind = np.log(sizes), lead <= 0
    last = len(x) - 1 - np.argmax(behind[..., ::-1], axis=-1)  # the last size where it is behind
    after = np.minimum(last + 1, len(x) - 1)
    y0, y1 = (np.take_along_axis(lead, n[..., None], -1)[..., 0] for n in (last, after))
    part = np.divide(-y0, y1 - y0, out=np.zeros(np.shape(y0)), where=y1 > y0)
    point = np.exp(x[last] + part * (x[after] - x[last]))
    point = np.where(behind[..., -1], np.inf, point)
    return np.where(behind.any(axis=-1), point, 0.0)


def crossing_interval(
    sizes: np.ndarray, lead: np.ndarray, covariance: np.ndarray
) -> tuple[float, float]:
    """Return a 95% interval of `last_crossing`, from normal draws of the lead.

    ``covariance`` is that of ``lead``, (k, k). A limit is NaN if it is outside of the sizes.
    """
    draws = np.random.default_rng(0).multivariate_normal(lead, covariance, DRAWS, method="eigh")
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    limits = np.quantile(last_crossing(sizes, draws), tails, method="inverted_cdf")
    low, high = (float(limit) if sizes[0] <= limit <= sizes[-1] else math.nan for limit in limits)
    return low, high


@dataclass(frozen=True)
class PowerLaw:
    """The error as a power of the number of labels: error = factor × labels ^ exponent."""

    sizes: int  # number of sizes that it is fitted to, the largest ones
    exponent: float  # below 0
    low: float  # 95% interval of the exponent
    high: float

    def gain(self, error: float, ratios: tuple[float, float]) -> tuple[float, float, float]:
        """Return by how much twice as many labels reduce a measured error, and its 95% interval.

        The gain is the error times 1 - 2 ^ exponent. The limits of both factors
        are combined on the logarithmic scale by the method of variance estimates recovery (Zou and
        Donner 2008, see `metrics.interval`).

        Args:
            error: as measured with the present labels.
            ratios: the limits of its 95% interval, divided by it.
        """
        shares = 1 - 2 ** np.array([self.exponent, self.high, self.low])
        with np.errstate(divide="ignore"):  # no error is possible
            away = np.hypot(np.log(shares[1:] / shares[0]), np.log(ratios))
        gain = error * shares[0]
        return float(gain), float(gain * np.exp(-away[0])), float(gain * np.exp(away[1]))


def power_law(sizes: np.ndarray, errors: np.ndarray) -> PowerLaw | None:
    """Return the power law of Hestness et al. (2017) of a curve, or None if none fits.

    It is the least-squares line of log error by log size, without an irreducible error: a curve
    that approaches one does not fit. Few labels give errors near those of guessing, to which the
    law does not apply, so the smallest sizes are left out until it fits. It fits if there are
    `FEWEST` sizes or more, the 95% interval of the exponent is below 0, and the squared logarithm
    of the size, as another term, has no significant coefficient (t test, p < 0.05).

    Hestness et al., Deep learning scaling is predictable, empirically, arXiv:1712.00409.

    Args:
        sizes: numbers of labels, ascending, (k,).
        errors: 1 minus the metric, (k,).
    """
    for first in range(len(sizes) - FEWEST + 1):
        x, y = np.log(sizes[first:]), errors[first:]
        if (y <= 0).any():
            continue
        line, spread = _fitted(x, np.log(y), 1)
        half = stdtrit(len(x) - 2, (1 + LEVEL) / 2) * spread[1]
        if line[1] + half < -EXACT and not _is_curved(x, np.log(y)):
            exponent, half = float(line[1]), float(half)
            return PowerLaw(len(x), exponent, exponent - half, exponent + half)
    return None


def _fitted(x: np.ndarray, y: np.ndarray, degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients of a polynomial, the constant first, and their standard errors."""
    matrix = np.vander(x, degree + 1, increasing=True)
    coefficients, *_ = np.linalg.lstsq(matrix, y, rcond=None)
    residuals = y - matrix @ coefficients
    if np.abs(residuals).max() < EXACT:
        return coefficients, np.zeros(degree + 1)
    variance = residuals @ residuals / (len(x) - degree - 1)
    return coefficients, np.sqrt(variance * np.diag(np.linalg.inv(matrix.T @ matrix)))


def _is_curved(x: np.ndarray, y: np.ndarray) -> bool:
    if not _fitted(x, y, 1)[1].any():  # exactly a line
        return False
    centred = x - x.mean()  # for the precision of the squares
    coefficients, spread = _fitted(centred, y, 2)
    limit = stdtrit(len(x) - 3, (1 + LEVEL) / 2)
    return bool(abs(coefficients[2]) > limit * spread[2])
