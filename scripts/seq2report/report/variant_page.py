"""Pieces of a variant's page; as in `page`, all text that comes from data is escaped."""

from collections.abc import Iterator
from html import escape

import pandas as pd
import yaml
from IPython.display import HTML

from seq2report.report.html import paragraph
from seq2report.report.numbers import percent, seconds, spread

OUTPUTS = {  # what stands in the last box of an ensemble
    "vote": "the mean of the members' probabilities",
    "stack": "the product of the members' probabilities, each to the power of its weight",
}
FILLED = ("form", "padding", "truncating")  # keys of ``input`` that are seldom given


def summary(runs: dict[str, pd.DataFrame], variant: str) -> HTML:
    """Return in a sentence how a variant did on a corpus.

    Args:
        runs: tables of evaluate_runs.
        variant: its name.
    """
    variants = runs["variants"]
    row = variants.set_index("variant").loc[variant]
    accuracy = spread(row["accuracy"], row["accuracy_sd"])
    rank = 1 + int((variants["accuracy"] > row["accuracy"]).sum())
    return paragraph(
        f"{row['corpus']}: {accuracy} of {row['test_documents']:,} test documents right (95%"
        f" interval {percent(row['low'])} to {percent(row['high'])}), rank {rank} of"
        f" {len(variants)};{_against_best(runs, row, variant)} {seconds(row['fit_cpu_seconds'])} of"
        " CPU to train.",
        "outcome",
    )


def _against_best(runs: dict[str, pd.DataFrame], row: pd.Series, variant: str) -> str:
    recommended = runs["recommendation"]
    if row["protocol"] == "lecture":
        return (
            " not held against the best, for by the lecture's protocol its accuracy was watched on"
            " the test documents;"
        )
    best = recommended[recommended["recommendation"] == "best"].iloc[0]
    if best["variant"] == variant:
        return " the best;"
    pairs = runs["comparisons"].set_index(["variant_a", "variant_b"])
    verdict = pairs.loc[(variant, best["variant"]), "verdict"]
    link = "from" if verdict == "not distinguishable" else "than"
    return f" {verdict} {link} the best, {best['title']};"


def drawing(
    layers: dict[str, pd.DataFrame], settings: dict, titles: dict[str, str], linked: list[str]
) -> HTML:
    """Return the drawing of a model with its settings beside it.

    Args:
        layers: of the variant, as `architecture.describe` returns them, by the corpus's title; the
            first is drawn beside the settings, the others below, to be opened.
        settings: of the variant, with its title.
        titles: of the variants that can be members, by name.
        linked: names of the variants that have a page.
    """
    (first, drawn), *others = (
        (title, f'<div class="flow">{"".join(_column(_boxes(rows, titles, linked), ()))}</div>')
        for title, rows in layers.items()
    )
    below = "".join(
        f"<details><summary>The same for {escape(title)}</summary>{other}</details>"
        for title, other in others
    )
    return HTML(
        f'<div class="built"><figure>{drawn}<figcaption>As it is for {escape(first)}</figcaption>'
        f"</figure><pre>{escape(_yaml(settings))}</pre></div>{below}"
    )


def _yaml(settings: dict) -> str:
    """Return settings as they stand in the configuration."""
    parts = ("title", "input", "layers", "pipeline", "ensemble", "fit")
    ordered = {key: settings[key] for key in parts if key in settings}
    if "input" in ordered:  # what was filled in comes last
        ordered["input"] = dict(
            sorted(ordered["input"].items(), key=lambda item: item[0] in FILLED)
        )
    return yaml.safe_dump(
        ordered, sort_keys=False, allow_unicode=True, default_flow_style=None, width=34
    )


def _boxes(
    layers: pd.DataFrame, titles: dict[str, str], linked: list[str]
) -> dict[tuple[int, ...], str]:
    """Return the boxes of a model by their paths."""
    rows = layers.to_dict("records")
    return {tuple(map(int, row["path"].split("/"))): _box(row, titles, linked) for row in rows}


def _column(boxes: dict[tuple[int, ...], str], prefix: tuple[int, ...]) -> Iterator[str]:
    """Yield the boxes that follow each other under a path, each after the branches it merges."""
    depth = len(prefix)
    for place in sorted({path[depth] for path in boxes if path[:depth] == prefix}):
        path = (*prefix, place)
        inside = {each[: depth + 2] for each in boxes if each[: depth + 1] == path}
        branches = sorted(each for each in inside if len(each) == depth + 2)
        if branches:
            columns = ("".join(_column(boxes, branch)) for branch in branches)
            drawn = "".join(f'<div class="flow">{column}</div>' for column in columns)
            yield f'<div class="branches">{drawn}</div>'
        yield boxes[path]


def _box(row: dict, titles: dict[str, str], linked: list[str]) -> str:
    kind, name, told = row["kind"], row["name"], row["arguments"]
    lines = [row["shape"]] if row["shape"] else []
    if pd.notna(row["parameters"]) and row["parameters"]:
        lines.append(f"{row['parameters']:,} parameters")
    head = escape(titles.get(name, name) if kind == "member" else name)
    if kind == "member" and name in linked:
        head = f'<a href="variant-{escape(name)}.html">{head}</a>'
    told = escape(told or OUTPUTS.get(name, ""))
    return (
        f'<div class="box {kind}"><strong>{head}</strong>'
        + (f"<span>{told}</span>" if told else "")
        + "".join(f"<small>{escape(line)}</small>" for line in lines)
        + "</div>"
    )
