"""The recommended variants of a corpus: the best, the one to use, the cheapest and the fastest."""

import pandas as pd

from seq2report.core.durations import tied

POINT = 0.01  # of the score that a cheaper variant may lose


def recommend(variants: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the recommended variants; those monitored on the test documents are left out.

    So are variants that give every document the same class, unless one is better than all others.
    Within one point means a score at most `POINT` below the best. The cheapest has the least
    CPU time of fitting, the fastest the fewest milliseconds per test document; of several whose
    times are `durations.tied`, it is the one with the best score. The variant to use is the
    cheapest one within one point that is not significantly worse than the best. Nothing is the
    cheapest or the fastest without measured times, such as answers from elsewhere.
    """
    held_out = variants[variants["protocol"] != "lecture"]
    informed = held_out[held_out["answered_classes"] > 1]
    if informed["score"].max() >= held_out["score"].max():
        held_out = informed
    columns = ["variant", "title", "score", "accuracy", "cpu_minutes", "ms_per_document"]
    if held_out.empty:
        return held_out[columns].assign(recommendation="")[["recommendation", *columns]]
    best = held_out["score"].idxmax()
    near = held_out[held_out["score"] >= held_out.loc[best, "score"] - POINT - 1e-9]
    below = comparisons[comparisons["variant_b"] == held_out.loc[best, "variant"]]
    below = below.loc[below["verdict"] == "worse", "variant_a"]
    chosen = {"best": best, "to use": least(near[~near["variant"].isin(below)], "cpu_minutes")}
    for name, rows, cost in (
        ("cheapest within one point", near, "cpu_minutes"),
        ("fastest within one point", near, "ms_per_document"),
        ("fastest", held_out, "ms_per_document"),
    ):
        if rows[cost].notna().any():
            chosen[name] = least(rows, cost)
    table = held_out.loc[list(chosen.values()), columns].reset_index(drop=True)
    return table.assign(recommendation=list(chosen))[["recommendation", *columns]]


def least(variants: pd.DataFrame, cost: str) -> int:
    """Return the index of the variant with the least cost; of ties, the one with the best score."""
    best, measured = variants["score"].idxmax(), variants.dropna(subset=cost)
    if measured.empty or tied(measured[cost].min(), variants.loc[best, cost]):
        return best
    is_least = [
        tied(value, measured[cost].min()) and not tied(value, variants.loc[best, cost])
        for value in measured[cost]
    ]
    return measured.loc[is_least, "score"].idxmax()
