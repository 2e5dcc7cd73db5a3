"""Tables and sentences of the page on one-hot vectors and embeddings."""

import pandas as pd
from IPython.display import HTML

from seq2report.core.tables import Tables
from seq2report.report import html
from seq2report.report.numbers import short

HAND = ["one-hot", "made by hand"]


def _vector(row: pd.Series) -> str:
    """Return the numbers of a row, without its first column, in brackets."""
    return "(" + ", ".join(f"{value:g}" for value in row.iloc[1:]) + ")"


def one_hot_distances(lesson: Tables) -> HTML:
    table, pair = lesson["one_hot"], lesson["distances"].iloc[1]
    return html.text(
        "Take {word} = {first} and {other} = {second}. They differ by 1 in two columns, so their"
        " distance is √(1² + 1²) = √2 = {euclidean:.3f}. No column is 1 in both, so their cosine is"
        " {cosine:g}. This holds for every pair of words, in a list of any length. All pairs are"
        " equally far apart: one-hot vectors identify a word but say nothing about its meaning.",
        "outcome",
        first=_vector(table.iloc[0]),
        second=_vector(table.iloc[1]),
        **pair,
    )


def pairs(lesson: Tables, spaces: list[str], caption: str) -> HTML:
    table = lesson["distances"]
    place = list(dict.fromkeys(table["word"])).index
    once = table[table["word"].map(place) < table["other"].map(place)]
    once = once.assign(name=once["word"] + " – " + once["other"])
    columns = {"pair": once["name"].unique(), "kind": once["pair"][once["space"] == spaces[0]]}
    formats = {}
    for space in spaces:
        rows = once[once["space"] == space]
        before = f"{space}: " if len(spaces) > 1 else ""
        columns[f"{before}distance"] = rows["euclidean"].to_numpy()
        # + 0.0: a small negative number must not become "-0.00".
        columns[f"{before}cosine"] = rows["cosine"].round(2).to_numpy() + 0.0
        formats |= dict.fromkeys([f"{before}distance", f"{before}cosine"], "{:.2f}".format)
    return html.table(pd.DataFrame(columns), formats, caption, text=("pair", "kind"))


def ranges(lesson: Tables, space: str) -> dict[str, float]:
    """Return the smallest and largest distance and cosine of each kind of pair in a space."""
    summary = lesson["summary"].set_index(["space", "pair"])
    return {
        f"{short}_{name}": value
        for short, kind in (("same", "same kind"), ("other", "different kinds"))
        for name, value in summary.loc[(space, kind)].items()
    }


def pretrained_outcome(lesson: Tables) -> HTML:
    cosines = (
        "Two words of the same kind have a cosine of {same_cosine_min:.2f} to"
        " {same_cosine_max:.2f}, two words of different kinds a cosine of {other_cosine_min:.2f} to"
        " {other_cosine_max:.2f}."
    )
    if lesson["facts"]["pretrained_separated"].iloc[0]:
        verdict = (
            " So every pair of the same kind is more similar than every pair of different kinds."
            " The vectors were trained on text alone: nobody labelled words as sea or road."
        )
    else:
        verdict = (
            " So not every pair of the same kind is more similar than every pair of different"
            " kinds. Vectors from little text, or from other text, may not reflect our two kinds."
        )
    return html.text(cosines + verdict, "outcome", **ranges(lesson, "pretrained"))


def neighbours(lesson: Tables) -> HTML:
    table = lesson["neighbours"]
    near = table.assign(near=table["neighbour"] + table["cosine"].map(" ({:.2f})".format))
    near = near.groupby("word", sort=False)["near"].agg(", ".join).reset_index()
    return html.table(
        near.rename(columns={"near": "nearest words (cosine)"}),
        caption=f"Nearest of all {lesson['facts']['pretrained_words'].iloc[0]:,} words",
        text=("word", "nearest words (cosine)"),
    )


def without_vectors(facts: dict, vectors: str) -> HTML:
    """Return why the four words are not compared in ``vectors``, the title of pretrained ones."""
    reason = "This page was built without pretrained vectors, so this comparison is left out."
    if facts["missing"]:
        reason = (
            "This page was built with {vectors} ({pretrained_words:,} words). They have no vector"
            " for: {missing}. So this comparison is left out. This is a limit of every fixed list"
            " of vectors: a word outside the list has no vector."
        )
    return html.text(reason, "notice", vectors=vectors, **facts)


def lookups(lesson: Tables) -> HTML:
    """Return for each word its one-hot vector, the product with the table, and the row."""
    table = pd.DataFrame({"word": lesson["one_hot"]["word"]})
    columns = {"one-hot vector": "one_hot", "one-hot vector × table": "lookup"}
    for heading, name in (columns | {"row of the table": "features"}).items():
        table[heading] = [_vector(row) for _, row in lesson[name].iterrows()]
    return html.table(table, caption="Computed for each word", text=tuple(table.columns))


def lookup_outcome(facts: dict) -> HTML:
    """Return how the product compares with reading rows, in results and in time."""
    exact = facts["small_difference"] == facts["difference"] == 0
    return html.text(
        "We checked this at the size of a real network: a document of {length} words and a table of"
        " {vocabulary:,} words with {dimensions} random numbers each. The largest difference"
        " between product and row is {difference:g}{equal}. The product takes {multiplications:,}"
        " multiplications, nearly all of them by 0, and {product:.1f} ms on this machine. Reading"
        " the rows takes no multiplication and {lookup:.3f} ms.",
        "outcome",
        equal=": they are equal to the last digit" if exact else "",
        product=1000 * facts["product_seconds"],
        lookup=1000 * facts["lookup_seconds"],
        **facts,
    )


def sizes(table: pd.DataFrame, caption: str) -> HTML:
    rows, columns = (table[name].map("{:,}".format) for name in ("rows", "columns"))
    shown = pd.DataFrame({"form": table["form"], "rows × columns": rows + " × " + columns})
    shown = shown.assign(**{"numbers": table["numbers"], "MB": table["megabytes"]})
    shown["GB per corpus"] = table["corpus_gigabytes"]
    shown["keeps the word order"] = table["order"].map({True: "yes", False: "no"})
    formats = {"numbers": "{:,}".format, "MB": short, "GB per corpus": short}
    return html.table(shown, formats, caption, text=("form",))


def exercise(lesson: Tables) -> HTML:
    """Return the answer of the exercise, computed from the matrix made by hand."""
    features = lesson["features"].set_index("word")
    rows = {
        word: _vector(lesson["features"].query("word == @word").iloc[0]) for word in features.index
    }
    total = 2 * features.loc["surf"] + features.loc["waves"]
    answer = (
        "2 × {surf} + 1 × {waves} = {total}. It is the sum of the rows of all words of the"
        " document. Every order of the three words gives the same sum, so the order is lost:"
        " “waves surf surf” has the same vector."
    )
    shown = "(" + ", ".join(f"{value:g}" for value in total.round(9)) + ")"
    return html.folded("Answer", html.text(answer, total=shown, **rows))
