"""Tables, figures and sentences of the lesson on one-hot vectors and embeddings."""

import pandas as pd
from IPython.display import HTML

from seq2report.lessons.one_hot_plots import heat_maps, scatter
from seq2report.report import html

Lesson = dict[str, pd.DataFrame]  # the tables of the lesson by name
HAND = ["one-hot", "made by hand"]
KINDS = {"surf": "sea", "waves": "sea", "car": "road", "jeep": "road"}


def _vector(row: pd.Series) -> str:
    """Return the numbers of a row, without its first column, in brackets."""
    return "(" + ", ".join(f"{value:g}" for value in row.iloc[1:]) + ")"


def one_hot_distances(lesson: Lesson) -> HTML:
    """Return the distance between two one-hot vectors, computed step by step."""
    table = lesson["one_hot"]
    (word, other), between = table["word"][:2], lesson["distances"]
    pair = between.set_index(["space", "word", "other"]).loc[("one-hot", word, other)]
    return html.text(
        "Take {word} = {first} and {other} = {second}. They differ by 1 in two columns, so their"
        " distance is √(1² + 1²) = √2 = {euclidean:.3f}. No column is 1 in both, so their cosine is"
        " {cosine:g}. This holds for every pair of words, in a list of any length. All pairs are"
        " equally far apart: one-hot vectors identify a word but say nothing about its meaning.",
        "outcome",
        word=word,
        other=other,
        first=_vector(table.iloc[0]),
        second=_vector(table.iloc[1]),
        **pair[["euclidean", "cosine"]],
    )


def points(lesson: Lesson) -> HTML:
    """Return the scatter plot of the vectors made by hand."""
    return html.figure(
        scatter(lesson["features"], KINDS),
        "Scatter plot of the four words: surf and waves at one end, car and jeep at the other",
        "Each word is a point. Circles: words of the sea. Squares: words of the road.",
    )


def distance_maps(lesson: Lesson) -> HTML:
    """Return the heat maps of the distances without pretrained vectors."""
    table = lesson["distances"]
    return html.figure(
        heat_maps(table[table["space"].isin(HAND)], "euclidean"),
        "Two heat maps of distances: all equal for one-hot vectors, two blocks for the embedding",
        "Euclidean distance between the words. Dark: near. The diagonal compares a word with"
        " itself.",
    )


def pairs(lesson: Lesson, spaces: list[str], caption: str) -> HTML:
    """Return distance and cosine of each pair of words in some spaces."""
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


def _ranges(lesson: Lesson, space: str) -> dict[str, float]:
    """Return the smallest and largest distance and cosine of each kind of pair in a space."""
    summary = lesson["summary"].set_index(["space", "pair"])
    return {
        f"{short}_{name}": value
        for short, kind in (("same", "same kind"), ("other", "different kinds"))
        for name, value in summary.loc[(space, kind)].items()
    }


def hand_outcome(lesson: Lesson) -> HTML:
    """Return what the distances of the vectors made by hand show."""
    return html.text(
        "In the table made by hand, two words of the same kind are at most {same_euclidean_max:.2f}"
        " apart, and two words of different kinds at least {other_euclidean_min:.2f}. The cosine is"
        " at least {same_cosine_min:.2f} for the same kind and at most {other_cosine_max:.2f} for"
        " different kinds. So these distances carry meaning. A network that learns something about"
        " surf also learns something about waves, because both words have nearly the same numbers."
        " With one-hot vectors, it has to learn about each word separately.",
        **_ranges(lesson, "made by hand"),
    )


def cosine_maps(lesson: Lesson) -> HTML:
    """Return the heat maps of the cosines, with those of the pretrained vectors."""
    return html.figure(
        heat_maps(lesson["distances"], "cosine"),
        "Three heat maps of cosine similarities: one-hot, made by hand, pretrained",
        "Cosine similarity between the words. Dark: similar.",
    )


def pretrained_outcome(lesson: Lesson) -> HTML:
    """Return whether the pretrained vectors separate the two kinds of words."""
    ranges = (
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
    return html.text(ranges + verdict, "outcome", **_ranges(lesson, "pretrained"))


def neighbours(lesson: Lesson) -> HTML:
    """Return the nearest words of each of the four words."""
    table = lesson["neighbours"]
    near = table.assign(near=table["neighbour"] + table["cosine"].map(" ({:.2f})".format))
    near = near.groupby("word", sort=False)["near"].agg(", ".join).reset_index()
    return html.table(
        near.rename(columns={"near": "nearest words (cosine)"}),
        caption=f"Nearest of all {lesson['facts']['pretrained_words'].iloc[0]:,} words",
        text=("word", "nearest words (cosine)"),
    )


def without_vectors(facts: pd.Series, vectors: str) -> HTML:
    """Return why the four words are not compared in pretrained vectors.

    Args:
        facts: of the lesson.
        vectors: title of the pretrained vectors.
    """
    reason = "This page was built without pretrained vectors, so this comparison is left out."
    if facts["missing"]:
        reason = (
            "This page was built with {vectors} ({pretrained_words:,} words). They have no vector"
            " for: {missing}. So this comparison is left out. This is a limit of every fixed list"
            " of vectors: a word outside the list has no vector."
        )
    return html.text(reason, "notice", vectors=vectors, **facts)


def lookups(lesson: Lesson) -> HTML:
    """Return for each word its one-hot vector, the product with the table, and the row."""
    columns = {
        "one-hot vector": "one_hot",
        "one-hot vector × table": "lookup",
        "row of the table": "features",
    }
    rows = {
        heading: [_vector(row) for _, row in lesson[name].iterrows()]
        for heading, name in columns.items()
    }
    table = pd.DataFrame({"word": lesson["one_hot"]["word"], **rows})
    return html.table(table, caption="Computed for each word", text=("word", *rows))


def lookup_outcome(facts: pd.Series) -> HTML:
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


def _size(value: float) -> str:
    """Return a size with as many digits as are needed to see anything."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def sizes(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return the size of a document in each form."""
    table = lesson["sizes"]
    rows, columns = (table[name].map("{:,}".format) for name in ("rows", "columns"))
    shown = pd.DataFrame(
        {
            "form": table["form"],
            "rows × columns": rows + " × " + columns,
            "numbers": table["numbers"],
            "MB": table["megabytes"],
            "GB per corpus": table["corpus_gigabytes"],
            "keeps the word order": table["order"].map({True: "yes", False: "no"}),
        }
    )
    return html.table(
        shown,
        {"numbers": "{:,}".format, "MB": _size, "GB per corpus": _size},
        "One document of {length} words from a vocabulary of {vocabulary:,}, with {bytes} bytes per"
        " number (1 MB is 1,000,000 bytes), and a corpus of {documents:,} such documents".format(
            **facts
        ),
        text=("form",),
    )


def size_outcome(lesson: Lesson, facts: pd.Series) -> HTML:
    """Return the size of a document as one-hot vectors, as an embedding and as ids."""
    one_hot, embedding, ids = lesson["sizes"]["megabytes"][:3]
    return html.text(
        "As one-hot vectors, one document of {length} words takes {one_hot:g} MB, although it"
        " contains only {length} ones. As embedding vectors it takes {embedding:g} MB,"
        " {factor:.0f} times less. As ids it takes {ids:g} MB. Documents are therefore stored as"
        " ids. The network keeps one table for all documents ({vocabulary:,} × {dimensions}"
        " numbers, {table_megabytes:g} MB) and reads the rows when it needs them.",
        one_hot=one_hot,
        embedding=embedding,
        ids=ids,
        factor=one_hot / embedding,
        **facts,
    )
