"""Parts of the page about trust: duplicates, suspected label errors, published results."""

from collections.abc import Iterator

import pandas as pd
from IPython.display import HTML

from seq2report.core.wording import plural
from seq2report.report import html
from seq2report.report.comparison_page import EXACT, NEAR
from seq2report.report.numbers import fill, listed, percent

PUBLISHED = {"model": "model", "figure": "theirs", "our_figure": "ours", "metric": "metric"}
PUBLISHED |= {"ours": "our most similar model", "same_protocol": "same protocol"}
PUBLISHED |= {"differs": "differences"}


def leakage(pairs: pd.DataFrame, splits: pd.DataFrame) -> HTML:
    """Return how many test documents also occur in training (tables duplicates and empty)."""
    test, empty = splits.loc["test", "documents"], splits["empty"].sum()
    leaked = pairs[(pairs["part"] == "test") & (pairs["among"] == "training")].iloc[0]
    template = "None of {test:n test documents} also occurs in the training set."
    if leaked["documents"]:
        template = "The text of {documents:,} of {test:n test documents} ({share:percent}) also"
        template += " occurs in the training set."
    if leaked["same_label"]:
        template += " With the same label: {same_label:,}; a model can memorise the answer."
    if leaked["other_label"]:
        template += " With other labels only: {other_label:,}; a memorised answer is wrong."
    if leaked["near"]:
        template += " Near duplicates of training documents: {near:,} more."
    if empty:
        template += (
            " Without any word: {empty:n documents}, {test_empty:,} of them for testing; they"
            " do not count as duplicates."
        )
    share, test_empty = leaked["documents"] / test, splits.loc["test", "empty"]
    values = {"test": test, "share": share, "empty": empty, "test_empty": test_empty}
    return html.text(template, "outcome", **values, **leaked)


def effect(variants: pd.DataFrame) -> HTML:
    """Return the accuracy with and without duplicates (table variants)."""
    columns = {"accuracy": "test documents", "accuracy_unseen": EXACT, "accuracy_unseen_near": NEAR}
    counts = variants[["test_documents", "unseen_documents", "unseen_near_documents"]].iloc[0]
    counts = counts.set_axis(columns).drop_duplicates()  # the same documents are named once
    shown = variants[[*counts.index]].rename(columns=columns | {"accuracy": "all test documents"})
    shown.insert(0, "variant", [html.variant(row) for row in variants.itertuples()])
    kinds = [f"{count:,} {columns[name]}" for name, count in counts.items()]
    formats = dict.fromkeys(shown.columns[1:], percent)
    return html.table(shown, formats, f"Accuracy on {listed(kinds)}", ("variant",), ("variant",))


def near_duplicates(pairs: pd.DataFrame) -> HTML:
    """Return the pairs of near duplicates (table near_duplicates) with their differences marked."""
    rows = []
    for row in pairs.itertuples():
        text, twin = html.marked(row.excerpt, row.twin_excerpt)
        label = "same label" if row.same_label else f"other label: {row.twin_label}"
        rows.append(
            (
                f"{row.similarity:.3f}, {label}",
                html.quoted(row.id, text),
                html.quoted(row.twin, twin),
            )
        )
    columns = ("similarity", "test document", "most similar training document")
    caption = (
        f"Near duplicates in training ({len(rows)} shown, the least similar first), from shortly"
        f" before their first difference.{html.signs([*pairs['excerpt'], *pairs['twin_excerpt']])}"
    )
    shown = pd.DataFrame(rows, columns=columns)
    return html.table(shown, caption=caption, text=columns, raw=columns[1:])


def label_errors(summary: pd.DataFrame) -> HTML:
    """Return how many test documents have a suspected label (table labels_summary)."""
    suspected, documents, others = summary[["suspected", "documents", "also_under"]].sum()
    if not documents:
        return html.paragraph(
            "No model can judge the labels: each model of this report follows the lecture's"
            " protocol, which uses the test documents during training, gives no probabilities, or"
            " gives every document the same answer.",
            "outcome",
        )
    template = "{suspected:,} of {documents:n test documents} ({share:percent}) may be mislabelled."
    if others:
        template += (
            " The text of {others:,} of them also occurs under another label, for example as a"
            " message posted to several groups: the text has more than one label."
        )
    counts = summary[["suspected", "documents"]].sum()
    return html.text(template, "outcome", share=suspected / documents, others=others, **counts)


def suspects_table(suspected: pd.DataFrame) -> HTML:
    """Return the table of suspected documents (table labels)."""
    verdicts = [
        fill(
            "{row.id}. Label: {row.label} ({row.p_label:.3f}); {row.agreeing} of {row.variants}"
            " models predict {row.suggested} ({row.p_suggested:.3f}).",
            row=row,
        )
        + ("" if pd.isna(row.also_under) else f" Also occurs under {row.also_under}.")
        for row in suspected.itertuples()
    ]
    shown = pd.DataFrame({"document": verdicts, "beginning of the text": suspected["excerpt"]})
    caption = (
        f"The {plural(len(shown), 'suspected documents')} with the widest margin between the"
        f" probabilities, which are averages over the models.{html.signs(suspected['excerpt'])}"
    )
    return html.table(shown, caption=caption, text=tuple(shown.columns))


def published_results(
    published: pd.DataFrame, variants: pd.DataFrame, sample: bool
) -> Iterator[HTML]:
    """Yield the comparison with published results; ``sample``: ours are figures of a sample."""
    if published.empty:
        yield html.paragraph("No published result on this corpus is known to this report.")
        return
    same = published["same_protocol"].sum() or "None"
    template = "{same} of {rows:n published results} on this corpus used the same protocol as ours."
    meaning = "“Same protocol” means"
    if is_lecture := bool(variants["protocol"].eq("lecture").all()):
        template = (
            "Our variants follow the lecture's protocol: their accuracy on the test documents was"
            " computed after every epoch."
        )
        meaning = "The differences are those from the rule"
    yield html.text(template, "outcome", same=same, rows=len(published))
    if sample:
        yield html.paragraph(
            "Our figures are left out here, because they cannot be compared: they are those of a"
            " sample, the published ones those of the whole corpus.",
            "notice",
        )
    yield html.paragraph(
        f"Beside each published result is the most similar model of this report. {meaning} that a"
        " model is trained on the labelled training documents only, and that the same test"
        " documents are used once."
    )
    yield _published_table(published, ["ours"] * sample + ["same protocol"] * is_lecture)
    yield html.text("Sources: {read}", "soft", read="; ".join(dict.fromkeys(published["checked"])))


def _published_table(published: pd.DataFrame, left_out: list[str]) -> HTML:
    years = published["year"].map(lambda year: "" if pd.isna(year) else f", {year}")
    shown = published.assign(
        model=published["model"] + " (" + published["source"] + years + ")",
        same_protocol=published["same_protocol"].map({True: "yes", False: "no"}),
        differs=published["differs"] + " Test set: " + published["split"] + ".",
    )[[*PUBLISHED]].rename(columns=PUBLISHED)
    formats = dict.fromkeys(["theirs", "ours"], percent)
    shown = shown.drop(columns=left_out)
    text = tuple(shown.columns.difference(formats))
    return html.table(shown, formats, "Published results, the highest first", text)
