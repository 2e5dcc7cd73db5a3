"""Parts of the page about word vectors, made of the tables of evaluate_embeddings."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from IPython.display import HTML

from seq2report.core.excerpts import excerpt, visible
from seq2report.report import html
from seq2report.report.embeddings_plots import NONE, OTHER, label_zooms, legend, side_by_side
from seq2report.report.numbers import percent, signed

LONGEST = 30  # characters of a word, an id or a class
NEAR = 5  # neighbours of a word
KEY = ["embedding", "stage"]


def shown(text: str) -> str:
    """Return a word, an id or a class, shortened and with visible characters only."""
    return excerpt(text, LONGEST)


def spelled(row: pd.Series, titles: dict[str, dict[str, str]]) -> str:
    """Return the name of an embedding (row of embeddings); ``titles`` by stage and name."""
    title = titles[row["stage"]][row["embedding"]]
    if row["stage"] == "before":
        return f"{title}, unchanged"
    if row["start"]:
        return f"{titles['before'][row['start']]} after training: {title}"
    return f"Trained with the task: {title}"


def points(
    maps: pd.DataFrame, about: pd.DataFrame, embeddings: pd.DataFrame, labelled: bool
) -> pd.DataFrame:
    """Return one row per point for `embeddings_plots.side_by_side`: ``about`` and the positions.

    The first column of ``about`` is unique and names the point in ``maps``; for labels, the most
    important words come first.
    """
    name = about.columns[0]
    wide = about.copy()
    methods = list(dict.fromkeys(maps["method"]))
    groups = dict(list(maps.groupby([*KEY, "method"])))
    for panel, key in enumerate(_keys(embeddings)):
        for number, method in enumerate(methods):
            xy = groups[*key, method].set_index(name).loc[about[name], ["x", "y"]].to_numpy()
            wide[[f"x{panel}_{number}", f"y{panel}_{number}"]] = xy.round(3)
            if labelled:
                words = [shown(word) for word in about[name]]
                wide[f"z{panel}_{number}"] = label_zooms(xy, words)
    wide["label"] = _classes(wide["label"])
    return wide


def _classes(labels: pd.Series) -> list[str]:
    return [visible(label) if label else NONE for label in labels]


def _keys(embeddings: pd.DataFrame) -> list[tuple[str, str]]:
    return list(embeddings[KEY].itertuples(index=False, name=None))


def important(words: pd.DataFrame) -> pd.DataFrame:
    """Sort words (columns label and count): the most frequent of every class first, and so on."""
    rank = words.groupby("label")["count"].rank("first", ascending=False)
    return words.assign(rank=rank).sort_values(["rank", "label"]).drop(columns="rank")


def scores(quality: pd.DataFrame, embeddings: pd.DataFrame) -> pd.DataFrame:
    """Return trustworthiness by method, and same_class, one row per embedding."""
    wide = quality.pivot(index=KEY, columns="method", values="trustworthiness")
    wide = wide.join(quality.groupby(KEY)["same_class"].first())
    return wide.loc[_keys(embeddings)].reset_index()


def neighbour_rows(
    neighbours: pd.DataFrame, embeddings: pd.DataFrame, names: list[str]
) -> pd.DataFrame:
    """Return one row per word with its neighbours in each embedding (called ``names``)."""
    near = neighbours[neighbours["rank"] <= NEAR]
    near = near.assign(neighbour=near["neighbour"].map(shown))
    listed = near.groupby([*KEY, "word"], sort=False).agg(
        words=("neighbour", ", ".join), high=("cosine", "max"), low=("cosine", "min")
    )
    words = neighbours.drop_duplicates("word").sort_values("label", kind="stable")
    rows = pd.DataFrame({"word": words["word"].map(shown), "class": words["label"].map(shown)})
    for name, key in zip(names, _keys(embeddings), strict=True):
        own = listed.loc[[(*key, word) for word in words["word"]]]
        rows[name] = [f"{row.words} ({row.high:.2f}–{row.low:.2f})" for row in own.itertuples()]
    return rows


def degrees(cosine: float) -> str:
    """Return the angle of a cosine in degrees."""
    return f"{np.degrees(np.arccos(cosine)):.1f}°"


def moved_rows(moved: pd.DataFrame) -> pd.DataFrame:
    """Return the words that moved most in one training, as readers see them."""
    change = moved["length_after"] / moved["length_before"] - 1
    near = {f"near {when}": moved[f"near_{when}"].map(_each_shown) for when in ("before", "after")}
    return pd.DataFrame(
        {
            "word": moved["word"].map(shown),
            "class": moved["label"].map(shown),
            "turned": moved["cosine"].map(degrees),
            "cosine": moved["cosine"].map("{:.4f}".format),
            "length": change,
            "documents": moved["documents"],
            **near,
        }
    )


def _changed(share: float) -> str:
    return signed(share, "+.1%")


def _each_shown(words: str) -> str:
    return ", ".join(map(shown, words.split(", ")))


def _question(row: pd.Series) -> str:
    return "{} : {} = {} : {}".format(*map(shown, row[["a", "b", "c", "expected"]]))


def _answer(row: pd.Series) -> str:
    answers = ", ".join(excerpt(answer, LONGEST + 5) for answer in row["answers"].split(", "))
    return f"✓ {answers}" if row["rank"] == 1 else f"✗ rank {row['rank']:,}; {answers}"


def overview(embeddings: pd.DataFrame, names: list[str], trained: dict[str, str]) -> Iterator[HTML]:
    """Yield what is compared; ``trained``: titles of the variants that trained vectors."""
    yield html.text(
        "This page has {sets:n sets} of word vectors, compared on the same words: {row.in_all:,} of"
        " {row.vocabulary:n words} of the vocabulary have a vector in every set. A word vector is a"
        " list of numbers; words that are used alike have similar vectors.",
        sets=len(names),
        row=embeddings.iloc[0],
    )
    rows = pd.DataFrame({"vectors": names, "dimensions": embeddings["dimensions"]})
    rows["words with a vector"] = embeddings["words"]
    rows["trained on the classes"] = [
        "by " + html.link(trained[row.embedding], f"variant-{row.embedding}.html")
        if row.stage == "after"
        else "no"
        for row in embeddings.itertuples()
    ]
    formats = dict.fromkeys(rows.columns[1:3], "{:,}".format)
    text = ("vectors", rows.columns[3])
    yield html.table(rows, formats, "Sets of word vectors", text, raw=text[1:])


def _maps(
    kind: str,
    points: pd.DataFrame,
    searched: dict[str, str],
    caption: str,
    compared: dict[str, pd.DataFrame],
    names: list[str],
) -> Iterator[HTML]:
    """Yield maps of words or documents (``kind``), and the table of their trustworthiness."""
    embeddings, methods = compared["embeddings"], list(dict.fromkeys(compared["maps"]["method"]))
    quality = compared["quality"][compared["quality"]["points"] == kind]
    rows = scores(quality, embeddings)
    panels = [
        (title, "trustworthiness: " + ", ".join(f"{name} {row[name]:.2f}" for name in methods))
        for title, (_, row) in zip(names, rows.iterrows(), strict=True)
    ]
    # A class has the same colour on both kinds of maps, whether or not it has words of its own.
    labels = pd.concat([compared["maps"]["label"], compared["documents"]["label"]])
    labels = labels if kind == "words" else labels[labels != ""]
    classes = legend(_classes(labels.value_counts().index))
    points = points.assign(**{"class": points["label"]})
    points["label"] = points["label"].where(points["label"].isin(classes), OTHER)
    count = f"{len(points):,} {kind}"
    label = f"{len(panels)} maps of the same {count}, coloured by class; details are in the tables"
    yield html.chart(side_by_side(points, panels, methods, classes, searched), label, caption)
    last = "nearest neighbour in the same class"
    rows = rows.assign(vectors=names).rename(columns={"same_class": last})
    formats = dict.fromkeys(methods, "{:.3f}".format) | {last: percent}
    caption = (
        f"Trustworthiness of each map of {count} (seed {quality['seed'].iloc[0]}), and the share of"
        f" {kind} with a class whose nearest neighbour among these {kind}, by cosine, has the same"
        " class"
    )
    yield html.table(rows[["vectors", *methods, last]], formats, caption, ("vectors",))


def word_maps(compared: dict[str, pd.DataFrame], names: list[str]) -> Iterator[HTML]:
    """Yield the maps of words."""
    words = compared["maps"].drop_duplicates("word")[["word", "label", "count"]]
    of_words = points(compared["maps"], important(words), compared["embeddings"], labelled=True)
    of_words["word"] = of_words["word"].map(shown)
    caption = "Each point is a word. The axes of a map have no meaning of their own."
    yield from _maps("words", of_words, {"word": "word"}, caption, compared, names)


def document_maps(compared: dict[str, pd.DataFrame], names: list[str]) -> Iterator[HTML]:
    """Yield the maps of documents, or a sentence if documents are too few."""
    maps, documents = compared["document_maps"], compared["documents"]
    if maps.empty:
        yield html.paragraph("There are too few test documents with known words for a map.")
        return
    of_documents = points(maps, documents, compared["embeddings"], labelled=False)
    of_documents["id"] = of_documents["id"].map(shown)
    counts = documents["label"].value_counts()
    most = f"{'' if counts.min() == counts.max() else 'up to '}{counts.max():,}"
    caption = (
        f"{len(of_documents):,} test documents, {most} per class; if there are more, they are drawn"
        " at random. Point at one to see the beginning of its text, and its position on the other"
        " maps."
    )
    searched = {"document": "id", "text": "excerpt"}
    yield from _maps("documents", of_documents, searched, caption, compared, names)


def movement(
    corpus: str, medians: pd.DataFrame, moved: pd.DataFrame, titles: dict[str, dict[str, str]]
) -> Iterator[HTML]:
    """Yield how training moved vectors (tables movement and moved), by network."""
    for row in medians.itertuples():
        words = moved[moved["embedding"] == row.embedding]
        name = f"{titles['before'][row.start]}, trained by {titles['after'][row.embedding]}"
        yield html.heading(name, 3)
        if words.empty:
            yield html.text(
                "No word occurs in at least {row.documents} training documents.", "notice", row=row
            )
            continue
        yield html.text(
            "Half of the {row.words:,} words that occur in at least {row.documents} training"
            " documents turned by less than {half}. The word that turned most, “{word}”, turned by"
            " {most}.",
            row=row,
            half=degrees(row.median_cosine),
            word=shown(words["word"].iloc[0]),
            most=degrees(words["cosine"].iloc[0]),
        )
        yield html.table(
            moved_rows(words),
            {"documents": "{:,}".format, "length": _changed},
            "The words that turned most, with their nearest words before and after",
            ("word", "class", "near before", "near after"),
            name=f"moved-{corpus}-{row.embedding}",
        )
    if medians.empty:
        text = "No network that reads this vocabulary trains pretrained vectors further."
        yield html.paragraph(text)


def solved(analogies: pd.DataFrame, embeddings: pd.DataFrame, names: list[str]) -> Iterator[HTML]:
    """Yield how many analogies hold in each embedding (table analogies), if any has vectors."""
    ranks = dict(list(analogies[analogies["missing"] == ""].groupby(KEY)["rank"]))
    if ranks:
        yield html.text(
            "Number of analogies whose expected word comes first among {words:,} words: {counts}.",
            words=embeddings["in_all"].iloc[0],
            counts="; ".join(
                f"{(ranks[key] == 1).sum()} of {len(ranks[key])} ({name})"
                for key, name in zip(_keys(embeddings), names, strict=True)
            ),
        )


def analogies(
    asked: pd.DataFrame, embeddings: pd.DataFrame, names: list[str], name: str
) -> Iterator[HTML]:
    """Yield the table of analogies, saved as ``name``, and those with words without a vector."""
    question = ["kind", "a", "b", "c", "expected"]
    solvable = asked[asked["missing"] == ""].set_index(question)
    questions = solvable.index.drop_duplicates()
    if len(questions):
        by_key = solvable.set_index(KEY, append=True)
        rows = questions.to_frame(index=False)
        shown = pd.DataFrame({"kind": rows["kind"], "analogy": rows.agg(_question, axis=1)})
        for title, key in zip(names, _keys(embeddings), strict=True):
            shown[title] = [_answer(by_key.loc[(*words, *key)]) for words in questions]
        caption = "✓ holds, ✗ fails; then the best answers with their cosines"
        yield html.table(shown, caption=caption, text=tuple(shown.columns), name=name)
    left_out = asked[asked["missing"] != ""].drop_duplicates(question[1:])
    if len(left_out):
        missing = "; ".join(
            f"{_question(row)} (no vector: {_each_shown(row['missing'])})"
            for _, row in left_out.iterrows()
        )
        template = "Left out, because a word has no vector in one of the sets: {missing}."
        yield html.text(template, "soft", missing=missing)
