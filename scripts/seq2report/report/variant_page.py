"""Sections of the page of a variant; all text from data is escaped."""

from collections.abc import Iterator
from html import escape

import pandas as pd
import yaml
from IPython.display import HTML

from seq2report.report import confusion_page, html, variant_plots, word_effects
from seq2report.report.numbers import (
    METRICS,
    fill,
    parameters,
    percent,
    seconds,
    spread,
    stated_cost,
)
from seq2report.report.outcome import KINDS, UNMEASURED, reached, recommended, searched

OUTPUTS = {  # text in the last box of an ensemble
    "vote": "mean of the members' probabilities",
    "stack": "product of the members' probabilities, each to the power of its weight",
}
FORMS = ("sequence", "onehot", "multihot")  # that a configuration can name; others follow
FILLED = ("form", "padding", "truncating")  # keys of ``input`` that usually have their default


def summary(runs: dict[str, pd.DataFrame], variant: str) -> HTML:
    """Return score, rank and verdict of a variant on a corpus (tables of runs), and its cost."""
    variants = runs["variants"]
    row = variants.set_index("variant").loc[variant]
    score = fill(
        f"{reached(row['metric'])}, rank {{rank}} of {{variants}}",
        score=spread(row["score"], row["score_sd"]),
        variants=len(variants),
        **row[["test_documents", "rank"]],
    )
    kind, verdict = _against_best(runs, row, variant)
    details = fill("95% interval {low:percent} to {high:percent}", **row[["low", "high"]])
    details += f"; {_cost(row)}"
    details += f"; the best of {searched(row)}" if pd.notna(row.get("chosen")) else ""
    return HTML(
        f'<p class="judged {kind}"><strong>{escape(row["corpus"])}:</strong> {escape(score)};'
        f" <em>{escape(verdict)}</em><small>{escape(details)}.</small></p>"
    )


def _cost(row: pd.Series) -> str:
    if row["kind"] == "predictions":
        stated = stated_cost(row["cost_seconds"], row["cost_money"])
        known = f"cost stated in the configuration: {stated}" if stated else "no stated cost"
        return f"fixed answers from elsewhere; {known}"
    if pd.isna(row["fit_cpu_seconds"]):
        return UNMEASURED
    size = parameters(row["parameters"], row["frozen_parameters"])
    return f"{seconds(row['fit_cpu_seconds'])} to train; {size}"


def _against_best(runs: dict[str, pd.DataFrame], row: pd.Series, variant: str) -> tuple[str, str]:
    """Return kind (good, level or bad) and verdict of a variant, compared with the best."""
    if row["protocol"] == "lecture":
        return "level", (
            "not compared with the best, because the lecture's protocol monitors accuracy on the"
            " test documents"
        )
    best = recommended(runs)
    if best["variant"] == variant:
        return "good", "the best"
    pairs = runs["comparisons"].set_index(["variant_a", "variant_b"])
    verdict = pairs.loc[(variant, best["variant"]), "verdict"]
    link = "from" if verdict == "not distinguishable" else "than"
    return KINDS[verdict], f"{verdict} {link} the best, {best['title']}"


def chosen_settings(
    ours: dict[str, dict[str, pd.DataFrame]], settings: dict, candidates: dict[str, dict]
) -> dict[str, dict]:
    """Return the settings of a variant on each corpus: its own, or those of its best candidate.

    ``ours`` are the tables of the variant by corpus, and ``candidates`` settings by name.
    """
    if not candidates:
        return dict.fromkeys(ours, settings)
    return {
        corpus: candidates[tables["variants"]["chosen"].iloc[0]] for corpus, tables in ours.items()
    }


def drawings(
    layers: dict[str, pd.DataFrame], settings: list[dict], titles: dict[str, str], linked: list[str]
) -> Iterator[HTML]:
    """Yield one `drawing` for each different settings; ``settings`` are those of each corpus.

    Dropout is explained below them.
    """
    different = [item for n, item in enumerate(settings) if item not in settings[:n]]
    for item in different:
        drawn = zip(layers.items(), settings, strict=True)
        yield drawing({k: rows for (k, rows), own in drawn if own == item}, item, titles, linked)
    if any(rows["name"].eq("Dropout").any() for rows in layers.values()):
        yield html.paragraph(
            "Dropout sets a random share of the values to 0 in each training step, which reduces"
            " overfitting. It does nothing during prediction.",
            "soft",
        )


def drawing(
    layers: dict[str, pd.DataFrame], settings: dict, titles: dict[str, str], linked: list[str]
) -> HTML:
    """Return the drawing of a model with its settings beside it.

    Args:
        layers: boxes of `architecture.describe` by title of the corpus; all drawings except the
            first are folded.
        settings: of the variant, with its title.
        titles: of all variants, by name; an ensemble's members are shown with theirs.
        linked: names of the variants that have a page.
    """
    (first, drawn), *others = (
        (title, f'<div class="flow">{"".join(_column(_boxes(rows, titles, linked), ()))}</div>')
        for title, rows in layers.items()
    )
    below = "".join(
        html.folded(f"The same for {title}", HTML(other)).data for title, other in others
    )
    return HTML(
        f'<div class="built"><figure>{drawn}<figcaption>Architecture for {escape(first)}'
        f"</figcaption></figure><pre>{escape(_yaml(settings))}</pre></div>{below}"
    )


def _yaml(settings: dict) -> str:
    """Return settings as written in the configuration."""
    keys = ("title", "input", "layers", "pipeline", "ensemble", "predictions", "fit")
    ordered = {key: settings[key] for key in keys if key in settings}
    if "input" in ordered:  # defaults come last
        inputs = sorted(ordered["input"].items(), key=lambda item: item[0] in FILLED)
        ordered["input"] = {k: v for k, v in inputs if k != "form" or v in FORMS}
    style = {"sort_keys": False, "allow_unicode": True, "default_flow_style": None, "width": 34}
    return yaml.safe_dump(ordered, **style)


def _boxes(
    layers: pd.DataFrame, titles: dict[str, str], linked: list[str]
) -> dict[tuple[int, ...], str]:
    rows = layers.to_dict("records")
    return {tuple(map(int, row["position"].split("/"))): _box(row, titles, linked) for row in rows}


def _column(boxes: dict[tuple[int, ...], str], prefix: tuple[int, ...]) -> Iterator[str]:
    """Yield the boxes below a prefix of positions, each after the branches that it merges."""
    depth = len(prefix)
    for n in sorted({position[depth] for position in boxes if position[:depth] == prefix}):
        merge = (*prefix, n)
        inside = {position[: depth + 2] for position in boxes if position[: depth + 1] == merge}
        branches = sorted(branch for branch in inside if len(branch) == depth + 2)
        if branches:
            columns = ("".join(_column(boxes, branch)) for branch in branches)
            drawn = "".join(f'<div class="flow">{column}</div>' for column in columns)
            yield f'<div class="branches">{drawn}</div>'
        yield boxes[merge]


def _box(row: dict, titles: dict[str, str], linked: list[str]) -> str:
    kind, name = row["kind"], row["name"]
    lines = [row["shape"]] if row["shape"] else []
    if pd.notna(row["parameters"]) and row["parameters"]:
        frozen = f", {row['frozen']:,} of them frozen" if row["frozen"] else ""
        lines.append(f"{row['parameters']:,} parameters{frozen}")
    head = escape(titles.get(name, name) if kind == "member" else name)
    if kind == "member" and name in linked:
        head = f'<a href="variant-{escape(name)}.html">{head}</a>'
    arguments = escape(row["arguments"] or OUTPUTS.get(name, ""))
    return (
        f'<div class="box {kind}"><strong>{head}</strong>'
        + (f"<span>{arguments}</span>" if arguments else "")
        + "".join(f"<small>{escape(line)}</small>" for line in lines)
        + "</div>"
    )


def sections(tables: dict[str, pd.DataFrame], corpus: str) -> Iterator[HTML]:
    """Yield the sections on one corpus, from rows of the variant in its tables."""
    if len(tables["history"]):
        yield html.heading("Learning curves", 3)
        yield _learning(tables["history"], *tables["variants"][["metric", "number"]].iloc[0])
    yield html.heading("Confusion matrix", 3)
    yield from confusion_page.sections(tables, corpus)
    scores = tables["per_class"].sort_values("f1", kind="stable")
    caption = "Scores by class, the lowest F1 first"
    if len(scores) > html.ROWS:
        caption += f": {html.ROWS} of {len(scores):,} classes"
    scores = scores[["label", "precision", "recall", "f1", "documents"]]
    scores = scores.rename(columns={"label": "class", "f1": "F1"})
    formats = dict.fromkeys(["precision", "recall", "F1"], percent)
    formats["documents"] = "{:,}".format
    name = f"{corpus}-{tables['variants']['variant'].iloc[0]}-classes"
    yield html.table(scores.head(html.ROWS), formats, caption, ("class",), name=name)
    yield html.paragraph(
        "Precision is the share of correct predictions among the predictions of this class, recall"
        " the share of its documents that are found, F1 the harmonic mean of both.",
        "soft",
    )
    yield html.heading("Confidence and calibration", 3)
    yield from _calibration(tables)
    is_confident = tables["documents"]["probability"].notna().any()
    yield html.heading("Most confident errors" if is_confident else "Errors", 3)
    yield _mistakes(tables["documents"], tables["variants"]["runs"].iloc[0])
    yield from _deciding(tables)


def _deciding(tables: dict[str, pd.DataFrame]) -> Iterator[HTML]:
    """Yield the documents whose words are coloured by their effect, if any word has one."""
    yield html.heading("Deciding words", 3)
    explained = tables["documents"].dropna(subset="words").to_dict("records")
    if not explained:
        yield html.paragraph(
            "Answers from elsewhere have no model here that could classify texts without a word."
        )
        return
    if not tables["words"]["effect"].any():
        yield html.paragraph("No word changes an answer of this model.")
        return
    yield html.paragraph(
        "Each word is removed from the text in turn, and the model predicts again. Shown are"
        " the first errors of the table above, and correct answers of typical confidence."
    )
    yield HTML(word_effects.legend("Point at or tap"))
    for row in explained:
        words = tables["words"][tables["words"]["id"] == row["id"]]
        yield HTML(word_effects.coloured(row, words))


def _learning(history: pd.DataFrame, metric: str, number: int) -> HTML:
    first = history.loc[history["epoch"] == 1, f"val_{metric}"].mean()
    kept = history.loc[history["kept"], f"val_{metric}"].mean()
    alt = (
        f"Validation {METRICS[metric]}: {first:.3f} after the first epoch, {kept:.3f} at the epoch"
        " that is kept"
    )
    caption = (
        f"The {METRICS[metric]} and the log loss by epoch on the training (dashed) and validation"
        " documents; dots are the best epochs, or without early stopping the last ones. The network"
        " overfits if its validation curve gets worse while its training curve gets better."
    )
    if (seeds := history["seed"].nunique()) >= variant_plots.BAND:
        caption += (
            f" Lines are means over {seeds} seeds, bands extend from the lowest to the highest;"
            " after a seed has stopped early, they cover the remaining ones."
        )
    return html.figure(variant_plots.learning_curves(history, metric, number), alt, caption)


def _calibration(tables: dict[str, pd.DataFrame]) -> Iterator[HTML]:
    row = tables["variants"].iloc[0]
    if pd.isna(row["ece"]):
        yield html.paragraph(
            "The answers are labels without probabilities. Calibration, the reliability diagram and"
            " the accuracy by confidence are therefore left out."
        )
        return
    yield html.text(
        "Can the probabilities be trusted? ECE {ece:percent}, Brier score {brier:.3f}; 0 is best"
        " for both. The expected calibration error (ECE) is the distance between mean confidence"
        " and accuracy of the documents with a similar confidence, averaged over bins of confidence"
        " with their numbers of documents as weights. The Brier score is the squared error of the"
        " probabilities, summed over the classes and averaged over the documents; it is at most 2.",
        **row[["ece", "brier"]],
    )
    caption = (
        "On the dashed line, confidence equals accuracy; below it, the model is overconfident. Bins"
        " with few documents are joined; bars are 95% intervals."
    )
    if row["runs"] > 1:
        caption += " The diagram has the answers of all seeds; ECE and Brier score are means."
    picture = variant_plots.reliability(tables["calibration"], row["number"])
    alt = f"Reliability diagram; expected calibration error {percent(row['ece'])}"
    yield html.figure(picture, alt, caption)


def _mistakes(documents: pd.DataFrame, runs: int) -> HTML:
    """Return the errors among the documents, which are those of the first of ``runs`` seeds."""
    wrong = documents[documents["kind"] == "mistake"]
    if wrong.empty:
        answers = "All answers of the first seed" if runs > 1 else "All answers"
        return html.paragraph(f"{answers} on the test documents are correct.")
    is_confident = wrong["probability"].notna().all()
    answers = [
        f"{row.id}. The label is {row.label}, the answer {row.answer}"
        + (f" ({row.probability:.4f})." if is_confident else ".")
        for row in wrong.itertuples()
    ]
    shown = pd.DataFrame({"document": answers, "beginning of the text": wrong["excerpt"]})
    which = "with the highest probability (first seed)" if is_confident else "of each class in turn"
    caption = f"The wrong answers {which}. The label may be wrong.{html.signs(wrong['excerpt'])}"
    return html.table(shown, caption=caption, text=tuple(shown.columns))
