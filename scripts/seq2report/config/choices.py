"""Variants that are chosen from the points of their grids, by ``choose``."""

import itertools
import math
from collections.abc import Mapping, Sequence
from hashlib import sha256

from seq2report.core.command import UserError, nearest
from seq2report.core.wording import plural

MOST = 100  # candidates
KEYS = ("by", "try", "seed")
Values = Mapping[tuple, Sequence]  # of each grid, by its path


def check_choice(name: str, choose: object, grids: Values) -> None:
    """Check what the expansion of the grids needs of ``choose``; the schema checks the rest.

    Raises:
        UserError: an unknown key, or ``try`` is not a number of points that the grids have.
    """
    where = f"variants.{name}.choose"
    if not grids:
        raise UserError(
            f"{where}: the variant has no grid to choose from; write {{grid: [values]}} in place of"
            " a value, or remove 'choose'"
        )
    if not isinstance(choose, dict):
        raise UserError(f"{where}: found {choose!r}, expected a mapping (by: val_accuracy)")
    for key in choose:
        if key not in KEYS:
            raise UserError(f"{where}: unknown key '{key}'; {nearest(key, KEYS)}")
    total = math.prod(map(len, grids.values()))
    if "try" not in choose and total > MOST:
        raise UserError(
            f"{where}: its grids have {total:,} points, expected {MOST} at most; remove values, or"
            " train some of them: {try: 20, seed: 1}"
        )
    if ("try" in choose) != ("seed" in choose):
        missing = "seed" if "try" in choose else "try"
        raise UserError(
            f"{where}: '{missing}' is missing: 'try' is the number of points to train, and 'seed'"
            " determines which"
        )
    number, most = choose.get("try", 1), min(total, MOST)
    if type(number) is not int or not 1 <= number <= most:
        of = f"of the {plural(total, 'points')} of its grids"
        raise UserError(f"{where}.try: found {number!r}, expected a number from 1 to {most}, {of}")


def points(choose: dict, grids: Values) -> list[tuple]:
    """Return the points of the grids to train: all, or those drawn; one value per grid.

    In each draw, each value of each grid has a random number, from the seed, the number of the draw
    and the value alone; the highest one wins. Therefore one more draw, value or grid changes few of
    the points (rendezvous hashing, Thaler and Ravishankar 1998), and the product of the grids is
    never made. A point that was drawn before is drawn again.
    """
    total = math.prod(map(len, grids.values()))
    if choose.get("try", total) == total:
        return list(itertools.product(*grids.values()))
    spelled = [[repr((*path, value)) for value in values] for path, values in grids.items()]
    found: dict[tuple[int, ...], None] = {}
    for draw in itertools.count():
        start = sha256(f"{choose['seed']} {draw} ".encode())
        found[tuple(_highest(start, texts) for texts in spelled)] = None
        if len(found) == choose["try"]:
            break
    return [
        tuple(values[n] for n, values in zip(point, grids.values(), strict=True)) for point in found
    ]


def _highest(start: object, texts: list[str]) -> int:
    """Return the number of the text with the highest digest after ``start``."""

    def number(n: int) -> bytes:
        digest = start.copy()
        digest.update(texts[n].encode())
        return digest.digest()

    return max(range(len(texts)), key=number)


def chosen(variant: dict, candidates: Sequence[str]) -> dict:
    """Return the variant that is chosen from candidates, from the one with the grids."""
    kept = {key: variant[key] for key in ("title",) if key in variant}
    return kept | {"choose": variant["choose"] | {"candidates": list(candidates)}}
