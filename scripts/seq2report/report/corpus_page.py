"""Parts of the page about a corpus: HTML in which all text that comes from data is escaped.

Invisible characters of such text are replaced (`excerpts.visible`).
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import visible
from seq2report.core.wording import plural
from seq2report.report import corpus_plots, html
from seq2report.report.numbers import fill, listed, percent
from seq2report.report.outcome import SPLITS, majority

LOST = {  # reasons of the column lost, as they are shown
    "no id": "without an id",
    "cut": "truncated",
    "unknown": "replaced by the token for unknown words",
}
EXAMPLES = 60  # classes with an example
LEAST = 0.0005  # share of the letters; a smaller one would be shown as 0.0%
SIDES = {"pre": "beginning", "post": "end"}


def summary(about: pd.Series, encoding: pd.Series) -> HTML:
    """Return the size of a corpus and of its vocabulary (rows of corpus and encoding)."""
    return html.text(
        "{about.documents:n documents} in {about.classes:n classes}, with {about.unique_tokens:,}"
        " different words. The {counted} contain {encoding.tokens:,} words,"
        " {encoding.unique_tokens:,} of them different. The {kept:,} most frequent words get an id;"
        " they cover {covered:percent} of the running text.",
        "outcome",
        about=about,
        encoding=encoding,
        counted="training documents" if encoding["fit"] == "train" else "documents",
        kept=encoding["kept_words"],
        covered=encoding["kept_tokens"] / encoding["tokens"],
    )


def scripts(letters: pd.DataFrame, notice: str) -> Iterator[HTML]:
    """Yield the shares of the scripts (table scripts), and the notice of the corpus, if any."""
    shares = letters.groupby("script")["letters"].sum() / letters["letters"].sum()
    shown = [f"{name} {percent(n)}" for name, n in shares[shares >= LEAST].nlargest(4).items()]
    template = "Letters by script: {shown}."
    alone = letters.loc[letters["token"] == "character", "script"]
    if len(alone := [name for name in alone if shares[name] >= LEAST]):
        template += (
            " No blanks between words in {alone}: each character is a token. Where this report"
            " says word, it means character."
        )
    if shown:
        yield html.text(template, "soft", shown=", ".join(shown), alone=listed(alone or [""]))
    if notice:
        yield html.paragraph(notice, "notice")


def balance(counts: pd.DataFrame, documents: int) -> HTML:
    """Return the sizes of the classes, and the accuracy of always predicting the largest one."""
    sizes, (guess, share) = counts["all"], majority(counts)
    template = "Each class has {least:,} to {most:n documents}."
    if sizes.min() == sizes.max():
        template = "Each class has {most:n documents}."
    template += (
        " Always predicting {guess}, the most frequent class in training, is right for"
        " {share:percent} of the test documents."
    )
    if unlabelled := documents - sizes.sum():
        template += (
            " Without a label: {unlabelled:n documents}; only word vectors and vocabularies can use"
            " their texts."
        )
    values = {"least": sizes.min(), "most": sizes.max(), "unlabelled": unlabelled}
    return html.text(template, "outcome", guess=guess, share=share, **values)


def classes_table(counts: pd.DataFrame) -> HTML:
    """Return the table of documents by class and split (`count_classes`)."""
    caption, classes = "Documents by class and split", counts
    if len(counts) > html.ROWS:
        ranks = counts["all"].rank(method="first")
        half = html.ROWS // 2
        classes = counts[(ranks <= half) | (ranks > len(counts) - half)]
        caption += f": the {half} smallest and the {half} largest of {len(counts):,} classes"
    shown = pd.concat([classes, counts.sum().to_frame("all classes").T])
    shown = shown.rename_axis("class").reset_index()
    bars = "relative to the largest"
    shown[bars] = (shown["all"] / counts["all"].max()).where(shown.index < len(classes))
    formats = dict.fromkeys([*SPLITS, "all"], "{:,}".format) | {bars: percent}
    return html.table(shown, formats, caption, text=("class",), bars=(bars,))


def examples(documents: pd.DataFrame, opened: int) -> HTML:
    """Return the beginning of one document per class; the first ``opened`` are unfolded."""
    note = html.signs(documents["text"]).strip()
    return HTML(
        (f'<p class="soft">{escape(note)}</p>' if note else "")
        + "".join(
            f'<details class="example"{" open" if n < opened else ""}>'
            f"<summary><strong>{escape(visible(row.label))}</strong>"
            f" <small>{escape(visible(row.id))}, {plural(row.words, 'words')}</small></summary>"
            f'<blockquote dir="auto">{escape(row.text)}</blockquote></details>'
            for n, row in enumerate(documents.itertuples())
        )
    )


def quotation(text: str) -> HTML:
    """Return a text with its line breaks."""
    return HTML(f'<blockquote class="lines" dir="auto">{escape(text)}</blockquote>')


def duplicates(pairs: pd.DataFrame, empty: pd.DataFrame, address: str) -> HTML:
    """Return how many documents occur twice, with a link to the page about trust."""
    count = pairs.set_index(["part", "among"])["documents"]
    documents = empty.set_index("split")["documents"]
    link = html.link("Trust", address)
    if not count.any():
        return HTML(
            '<p class="outcome">No text of this corpus occurs twice. The page'
            f" {link} lists near duplicates, if there are any.</p>"
        )
    content = fill(
        "The text of {leaked:,} of {test:n test documents} ({share:percent}) also occurs in the"
        " training or validation split, where a model can memorise the label, and that of {twice:,}"
        " twice in the test split. The text of {repeated:,} of {learned:,} training and validation"
        " documents occurs twice there.",
        leaked=count["test", "training"],
        test=documents["test"],
        share=count["test", "training"] / documents["test"],
        twice=count["test", "test"],
        learned=documents.reindex(["train", "validation"], fill_value=0).sum(),
        repeated=count["training", "training"],
    )
    effect = f"The page {link} has more about them."
    if count["test", "training"]:
        effect = f"The page {link} shows the effect on the figures."
    return HTML(f'<p class="outcome">{escape(content)} {effect}</p>')


def truncation(cuts: pd.DataFrame, empty: int) -> Iterator[HTML]:
    """Yield the losses of the report's networks (table cuts); ``empty`` documents have no word."""
    shares = corpus_plots.losses(cuts)
    for row in shares[shares["configured"]].to_dict("records"):
        yield html.text(
            "Networks of this report that read {cut} words truncate {documents truncated:percent}"
            " of the documents and lose {running text lost:percent} of the running text;"
            " {input that is padding:percent} of their input is padding.",
            "outcome",
            **row,
        )
    if empty:
        yield html.text("Without any word: {empty:n documents}.", empty=empty)


def lengths(counts: pd.DataFrame, cuts: pd.DataFrame) -> Iterator[HTML]:
    """Yield the plot of document lengths (table lengths) and the table of losses (cuts)."""
    yield html.figure(
        corpus_plots.lengths_and_cuts(counts[counts["split"] != "unlabelled"], cuts),
        "Two plots over the number of words: a histogram of document lengths, and the shares of"
        " truncated documents, of lost text and of padding, which the table below lists",
        "Top: labelled documents by length. Bottom: truncation, loss and padding by number of words"
        " read; dashed lines mark the lengths that this report's networks read.",
    )
    shares = corpus_plots.losses(cuts)
    shares["configured"] = shares["configured"].map({True: "yes", False: ""})
    yield html.table(
        shares.rename(columns={"cut": "words read", "configured": "in this report"}),
        dict.fromkeys(corpus_plots.LOSSES, percent),
        "Labelled documents; words without an id are dropped before truncation and not counted",
    )


def out_of_vocabulary(outside: pd.DataFrame, growth: pd.DataFrame) -> HTML:
    """Return the shares of words that are out of vocabulary, and of new words at the end."""
    unknown = (outside["unknown"] / outside["words"]).set_axis(outside["split"])
    last = growth[["words", "different"]].tail(2).diff().iloc[-1]
    template = (
        "{test:percent} of the words in the test documents are out of vocabulary, and"
        " {train:percent} of those in the training documents."
    )
    if last["words"] > 0:
        template += (
            " Among the last {last.words:,.0f} words of the training documents,"
            " {last.different:,.0f} are new."
        )
    return html.text(template, "outcome", last=last, **unknown[["test", "train"]])


def coverage(
    covered: pd.DataFrame, missing: pd.DataFrame, titles: dict[str, str]
) -> Iterator[HTML]:
    """Yield the coverage of each pretrained embedding, and the most frequent missing words."""
    if covered.empty:
        yield html.paragraph(
            "No network that reads this vocabulary starts from pretrained vectors."
        )
    for row in covered.itertuples():
        yield html.text(
            "{title} ({row.dimensions} dimensions): {row.words_found:,} of {row.words:,} words"
            " ({words:percent}) have a vector, which covers {tokens:percent} of the running text"
            " that has ids.",
            "outcome",
            row=row,
            title=titles[row.embedding],
            words=row.words_found / row.words,
            tokens=row.tokens_found / row.tokens,
        )
        lost = missing[missing["embedding"] == row.embedding]
        if len(lost):
            yield html.paragraph("The most frequent words without a vector, and their counts:")
            yield html.words(lost["word"], lost["count"])
    if "'" in "".join(missing["word"]):
        yield html.paragraph(
            "A word with an apostrophe has no vector if the vectors were trained on other tokens."
            " For example, GloVe's own tokeniser splits “don't” into “do” and “n't”.",
            "soft",
        )


def reading(document: pd.Series, spelled: pd.DataFrame, read: pd.DataFrame, ordered: bool) -> HTML:
    """Return how a row was padded or truncated; ``ordered``: networks read words in order."""
    if not ordered:
        return html.paragraph(
            "No network of this report reads word ids in order; the row is neither truncated nor"
            " padded."
        )
    return html.text(
        "A network of this report reads {length:,} numbers per document; this document has {ids:,}"
        " ids. Zeros pad a shorter document at the {padding}; a longer one is truncated at the"
        " {truncating}.",
        length=len(read),
        ids=spelled["word_id"].count(),
        padding=SIDES[document["padding"]],
        truncating=SIDES[document["truncating"]],
    )


def row(ids: Sequence[int], spelled: Sequence[str | None]) -> HTML:
    """Return word ids (0 is padding) with their words below; a run of zeros is one cell."""
    cells = []
    for padding, run in groupby(zip(ids, spelled, strict=True), key=lambda pair: pair[0] == 0):
        if padding:
            count = len(list(run))
            cells.append(f'<span class="unknown">0 × {count}<small>padding</small></span>')
        else:
            cells += (f"<span>{n}<small>{escape(visible(word))}</small></span>" for n, word in run)
    return HTML(f'<div class="words">{"".join(cells)}</div>')


def losses(spelled: pd.DataFrame) -> HTML:
    """Return how many words of a document are lost and why (table document_words)."""
    counts = spelled.loc[spelled["lost"] != "", "lost"].value_counts()
    reasons = ", ".join(f"{counts[why]} {LOST[why]}" for why in LOST if why in counts)
    lost = (
        f"Lost and struck out here: {counts.sum()} of {plural(len(spelled), 'words')} ({reasons})."
    )
    return html.paragraph(
        f"{'None of its words is lost.' if counts.empty else lost}"
        " Capitals, most punctuation and line breaks of every document are lost."
    )


def decoded(spelled: Sequence[str], lost: Sequence[str]) -> HTML:
    """Return the words of a document; those with a reason in ``lost`` are struck out."""
    marked = (
        f'<del title="{escape(LOST[why])}">{escape(visible(word))}</del>'
        if why
        else escape(visible(word))
        for word, why in zip(spelled, lost, strict=True)
    )
    return HTML(f'<blockquote dir="auto">{" ".join(marked)}</blockquote>')
