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
FAINT = 0.1  # of the strongest effect, below which a word is not coloured
NOTHING = 1e-4  # of probability: where no word does more, none is coloured
NAMED = 5  # of the strongest words


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


def signed(effect: float) -> str:
    """Return an effect with its sign, in probability; 0 where it is below `NOTHING`."""
    if abs(effect) < NOTHING:
        return "0"
    return f"{effect:+.{3 if abs(effect) >= 0.001 else 4}f}".replace("-", "−")


def legend() -> HTML:
    """Return what the colours of `weighed` mean."""
    return HTML(
        '<p class="weighed"><span class="for" style="--strength:1">for the answer</span>'
        ' <span class="against" style="--strength:1">against it</span>'
        " · the strongest word of a document has the full colour · hold the pointer over a word to"
        " see by how much the answer loses probability without it</p>"
    )


def weighed(document: dict, words: pd.DataFrame) -> HTML:
    """Return a document as text whose words are coloured by what they do to the answer.

    Args:
        document: a row of the table documents of evaluate_answers; of kind asked, it has no label.
        words: its words, by position.
    """
    verdict = {"right": ", right", "asked": ""}.get(document["kind"])
    if verdict is None:
        verdict = f", wrong, the label is {document['label']}"
    head = (
        f"<p><strong>{escape(document['id'])}</strong>: the answer is"
        f" {escape(document['answer'])} ({document['probability']:.3f}){escape(verdict)}.</p>"
    )
    if words.empty:
        return HTML(f"{head}<p>The text has no word that the model reads.</p>")
    strongest = words["effect"].abs().max()
    note = f"Strongest: {_strongest(words)}."
    if strongest < NOTHING:
        note = f"No word alone changes the probability by {NOTHING:f}".rstrip("0") + " or more."
    text = "".join(
        _word(row.word, row.effect, strongest) + escape(row.after) for row in words.itertuples()
    )
    more = " …" if document["words"] > len(words) else ""
    if more:
        note += f" The first {len(words):,} of {document['words']:,} words that it reads are shown."
    return HTML(
        f'{head}<blockquote class="weighed">{text}{more}</blockquote>'
        f'<p class="soft">{escape(note)}</p>'
    )


def _strongest(words: pd.DataFrame) -> str:
    once = words.assign(word=words["word"].str.lower()).drop_duplicates("word")
    top = once.loc[once["effect"].abs().nlargest(NAMED).index]
    return ", ".join(f"{row.word} {signed(row.effect)}" for row in top.itertuples())


def _word(word: str, effect: float, strongest: float) -> str:
    shown = ""
    if strongest >= NOTHING and abs(effect) >= FAINT * strongest:
        kind = "for" if effect > 0 else "against"
        shown = f' class="{kind}" style="--strength:{abs(effect) / strongest:.2f}"'
    return f'<span{shown} title="{signed(effect)}">{escape(word)}</span>'
