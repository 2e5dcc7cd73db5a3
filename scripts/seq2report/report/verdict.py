"""The verdict on a corpus in a card that is read in ten seconds; all text is escaped."""

from collections.abc import Iterable, Iterator
from html import escape

import pandas as pd
from IPython.display import HTML

from seq2report.core.durations import tied
from seq2report.report import comparison_page, html
from seq2report.report.numbers import METRICS, percent, seconds, stated_cost
from seq2report.report.outcome import KINDS, UNMEASURED, checks, recommended

NEXT = {"better": "significantly better", "not distinguishable": "no significant difference"}
NEXT["worse"] = "significantly worse"


def card(tables: dict[str, pd.DataFrame]) -> HTML:
    """Return which variant to use on a corpus, the best, one of another kind, and what to check.

    The tables are those of evaluate_runs, and the classes of evaluate_corpus.
    """
    variants = tables["variants"]
    lines = "".join(
        f'<p class="{kind}"><strong>{escape(label)}</strong> {content}</p>'
        for kind, label, content in _lines(tables)
    )
    chart = comparison_page.cost_figure(tables)
    return HTML(
        f'<section class="verdict"><div>{html.heading(variants["corpus"].iloc[0], 2).data}{lines}'
        f"{checks(tables).data}</div>{chart.data}</section>"
    )


def _lines(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, str]]:
    """Yield kind (good, level or bad), label and HTML of each line of a card."""
    use, best = recommended(tables, "to use"), recommended(tables, "best")
    if use is None:
        yield from _by_lecture(tables["variants"])
        return
    is_best = bool(use["rank"] == best["rank"])
    yield "good", "Use", f"{_named(use)}, {'the best score, ' * is_best}{_training(use)}."
    second = _runner_up(tables["variants"], use) if is_best else best
    other = another_kind(tables, use)
    is_same = other is not None and other["variant"] == second["variant"]
    if second is not None and not (is_same and is_best):
        yield _next(tables, second, use)
    if other is not None and (is_best or not is_same):
        yield _judged(tables, other, use)


def _by_lecture(variants: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Yield what there is instead of a verdict if all variants follow the lecture's protocol."""
    yield "level", "Highest after the last epoch", f"{_named(variants.iloc[0])}."
    figures = html.link("The lecture's figures", "lecture.html")
    yield (
        "level",
        "Not a recommendation:",
        "by the lecture's protocol, the accuracy on the test documents was computed after every"
        f" epoch. {figures} compares these results with the slides.",
    )


def explanation(all_tables: Iterable[dict[str, pd.DataFrame]]) -> HTML:
    """Return how to read the cards and their plots."""
    use = (
        "<strong>Use</strong> names the variant that is cheapest to train among those that lose at"
        " most one percentage point and are not significantly worse than the best. Times that"
        " differ by less than a factor of two count as equal; then the better score decides."
    )
    front = (
        "Names in bold are on the dashed line, the Pareto front: no variant is both better and"
        " cheaper than they are (without the lecture's protocol)."
    )
    plots = (
        "In the plots, better models are higher and cheaper ones are further left; the axis is"
        " logarithmic."
    )
    letters = (
        "A variant has the same letter and colour on every page. With more than seven variants,"
        " some share a colour."
    )
    has_verdict = any(recommended(tables) is not None for tables in all_tables)
    sentences = [use, plots, front, letters] if has_verdict else [plots, letters]
    return HTML(f"<p>{' '.join(sentences)}</p>")


def _runner_up(variants: pd.DataFrame, use: pd.Series) -> pd.Series | None:
    """Return the best variant except the one to use, or None."""
    others = variants[(variants["variant"] != use["variant"]) & (variants["protocol"] != "lecture")]
    return None if others.empty else others.iloc[0]


def _next(tables: dict[str, pd.DataFrame], row: pd.Series, use: pd.Series) -> tuple[str, str, str]:
    """Return the line on the best variant except the one to use."""
    verdict = against(tables, row, use)
    label = "Best" if row["rank"] < use["rank"] else "Second"
    label = "As good" if row["rank"] == use["rank"] else label
    return KINDS[verdict], label, f"{_named(row)} ({NEXT[verdict]}), {_cost(row, use)}."


def against(tables: dict[str, pd.DataFrame], row: pd.Series, other: pd.Series) -> str:
    """Return the verdict of the paired test of one variant against another."""
    pairs = tables["comparisons"].set_index(["variant_a", "variant_b"])["verdict"]
    return pairs[row["variant"], other["variant"]]


def another_kind(tables: dict[str, pd.DataFrame], use: pd.Series) -> pd.Series | None:
    """Return a variant of another kind than the one to use, or None.

    For a network, that is the cheapest pipeline that is not significantly worse, or the best one.
    Otherwise it is the best network that reads words in their order, or the best network. Variants
    that give every document the same class are left out.
    """
    rows = tables["variants"][tables["variants"]["protocol"] != "lecture"]
    rows = rows[rows["answered_classes"] > 1]
    if use["kind"] != "network":
        rows = rows[rows["kind"] == "network"]
        ordered = rows[rows.apply(_reads_order, axis=1)] if len(rows) else rows
        rows = ordered if len(ordered) else rows
    elif len(rows := rows[rows["kind"] == "pipeline"]):
        level = rows[[against(tables, row, use) != "worse" for _, row in rows.iterrows()]]
        rows = level.sort_values("fit_cpu_seconds") if len(level) else rows
    return None if rows.empty else rows.iloc[0]


def _reads_order(row: pd.Series) -> bool:
    return " × " in str(row["document_shape"])


def _judged(
    tables: dict[str, pd.DataFrame], other: pd.Series, use: pd.Series
) -> tuple[str, str, str]:
    """Return the line on a variant of another kind: is it worth its cost?"""
    verdict, cost = against(tables, other, use), _cost(other, use)
    label = "Without a network"
    if other["kind"] == "network":
        label = "Network that reads words in order" if _reads_order(other) else "Network"
    if pd.isna(use["fit_cpu_seconds"]):
        return "level", label, f"{_named(other)} ({NEXT[verdict]}), {cost}."
    own, least = other["fit_cpu_seconds"], use["fit_cpu_seconds"]
    dearer, cheaper = (not tied(own, least) and is_so for is_so in (own > least, own < least))
    if verdict == "better":
        kind, judged = "good", "worth its cost if every point counts"
    elif cheaper and (first := _higher_and_cheaper(tables, other)) is not None:
        kind, judged = (
            "bad",
            f"not worth it here, because {html.variant(first)} has a higher score and costs less",
        )
    elif cheaper:
        kind, judged = "level", "worth it if training has to be cheap"
    elif verdict == "not distinguishable" and not dearer:
        kind, judged = "level", "an alternative"
    else:
        kind, judged = "bad" if verdict == "worse" else "level", "not worth it here"
    return kind, label, f"{_named(other)} ({NEXT[verdict]}), {cost}: {judged}."


def _higher_and_cheaper(tables: dict[str, pd.DataFrame], row: pd.Series) -> pd.Series | None:
    """Return the best variant with a higher score than this one and clearly cheaper, or None."""
    rows = tables["variants"][tables["variants"]["protocol"] != "lecture"]
    is_higher = rows["score"] > row["score"]
    own = row["fit_cpu_seconds"]
    is_cheaper = rows["fit_cpu_seconds"].map(lambda cost: cost < own and not tied(cost, own))
    rows = rows[is_higher & is_cheaper]
    return None if rows.empty else rows.iloc[0]


def _named(row: pd.Series) -> str:
    """Return the variant with its score."""
    name = "" if row["metric"] == "accuracy" else f"{METRICS[row['metric']]} "
    return f"{html.variant(row)}: {name}<b>{percent(row['score'])}</b>"


def _training(row: pd.Series) -> str:
    """Return the training time of a variant, or what is known of its cost."""
    if pd.notna(row["fit_cpu_seconds"]):
        return f"{seconds(row['fit_cpu_seconds'])} to train"
    if row["kind"] == "ensemble":
        return UNMEASURED
    stated = stated_cost(row["cost_seconds"], row["cost_money"])
    cost = f"with the stated cost {stated}" if stated else "at an unknown cost"
    return f"answers from elsewhere, {escape(cost)}"


def _cost(row: pd.Series, use: pd.Series) -> str:
    """Return the cost of a variant, compared with that of the one to use if both are measured."""
    own, other = row["fit_cpu_seconds"], use["fit_cpu_seconds"]
    if pd.isna(own) or pd.isna(other):
        return _training(row)
    if tied(own, other):
        return "at a similar cost"
    if own > other:
        return f"at {own / other:.0f} times the cost"
    return f"at 1/{other / own:.0f} of the cost"
