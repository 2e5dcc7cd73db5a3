"""Pieces of the page about words: tables of evaluate_embeddings as readers are shown them."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from seq2report.core.excerpts import excerpt
from seq2report.report.embeddings_plots import NONE, label_zooms

LONGEST = 30  # characters of a word or of a class
NEAR = 5  # neighbours of a word
KEY = ["embedding", "stage"]


def shown(text: str) -> str:
    """Return a word or a class as it is shown."""
    return excerpt(text, LONGEST)


def spelled(row: pd.Series, titles: dict[str, dict[str, str]]) -> str:
    """Return what a reader calls an embedding.

    Args:
        row: of the table embeddings.
        titles: of embeddings (before) and variants (after), by name.
    """
    title = titles[row["stage"]][row["embedding"]]
    if row["stage"] == "before":
        return f"{title}, as it comes"
    if row["start"]:
        return f"{titles['before'][row['start']]} after training: {title}"
    return f"Learned with the task: {title}"


def points(
    maps: pd.DataFrame, about: pd.DataFrame, embeddings: pd.DataFrame, labelled: bool
) -> pd.DataFrame:
    """Return a row a point for `embeddings_plots.side_by_side`, the columns of ``about`` first.

    Args:
        maps: x and y by embedding, stage, method and a first column of ``about``.
        about: a row a point, its first column different in each row; of words the most important
            first.
        embeddings: the table of that name; a panel each.
        labelled: whether points may have labels.
    """
    name = about.columns[0]
    wide = about.copy()
    methods = list(dict.fromkeys(maps["method"]))
    groups = dict(list(maps.groupby([*KEY, "method"])))
    for panel, key in enumerate(embeddings[KEY].itertuples(index=False, name=None)):
        for number, method in enumerate(methods):
            places = groups[*key, method].set_index(name).loc[about[name], ["x", "y"]].to_numpy()
            wide[[f"x{panel}_{number}", f"y{panel}_{number}"]] = places.round(3)
            if labelled:
                words = [shown(word) for word in about[name]]
                wide[f"z{panel}_{number}"] = label_zooms(places, words)
    wide["label"] = [shown(label) if label else NONE for label in wide["label"]]
    return wide


def important(words: pd.DataFrame) -> pd.DataFrame:
    """Return words (columns label and count), the most frequent of each class before all others."""
    place = words.groupby("label")["count"].rank("first", ascending=False)
    return words.assign(place=place).sort_values(["place", "label"]).drop(columns="place")


def classes(labels: Iterable[str]) -> list[str]:
    """Return the classes of a legend as they are shown, `NONE` last."""
    found = {shown(label) if label else NONE for label in labels}
    return sorted(found - {NONE}) + sorted(found & {NONE})


def scores(quality: pd.DataFrame, embeddings: pd.DataFrame) -> pd.DataFrame:
    """Return the trustworthiness of each map by method, and same_class, a row an embedding."""
    wide = quality.pivot(index=KEY, columns="method", values="trustworthiness")
    wide = wide.join(quality.groupby(KEY)["same_class"].first())
    return wide.loc[list(embeddings[KEY].itertuples(index=False, name=None))].reset_index()


def neighbour_rows(
    neighbours: pd.DataFrame, embeddings: pd.DataFrame, names: list[str]
) -> pd.DataFrame:
    """Return a row a word with its neighbours in each embedding, side by side.

    Args:
        neighbours: the table of evaluate_embeddings.
        embeddings: the same.
        names: what a reader calls each embedding.
    """
    near = neighbours[neighbours["rank"] <= NEAR]
    near = near.assign(neighbour=near["neighbour"].map(shown))
    listed = near.groupby([*KEY, "word"], sort=False).agg(
        words=("neighbour", ", ".join), high=("cosine", "max"), low=("cosine", "min")
    )
    words = (
        neighbours[["word", "label"]].drop_duplicates("word").sort_values("label", kind="stable")
    )
    rows = pd.DataFrame({"word": words["word"].map(shown), "class": words["label"].map(shown)})
    for name, key in zip(names, embeddings[KEY].itertuples(index=False, name=None), strict=True):
        found = listed.loc[[(*key, word) for word in words["word"]]]
        rows[name] = [f"{row.words} ({row.high:.2f}–{row.low:.2f})" for row in found.itertuples()]
    return rows


def degrees(cosine: float) -> str:
    """Return the angle of a cosine."""
    return f"{np.degrees(np.arccos(cosine)):.1f}°"


def moved_rows(moved: pd.DataFrame) -> pd.DataFrame:
    """Return the table of the words that moved most, of one training."""
    change = moved["length_after"] / moved["length_before"] - 1
    near = {f"near {when}": moved[f"near_{when}"].map(_each_shown) for when in ("before", "after")}
    return pd.DataFrame(
        {
            "word": moved["word"].map(shown),
            "class": moved["label"].map(shown),
            "turned": moved["cosine"].map(degrees),
            "cosine": moved["cosine"].map("{:.4f}".format),
            "length": change.map(lambda share: f"{100 * share:+.1f}%".replace("-", "−")),
            "documents": moved["documents"],
            **near,
        }
    )


def _each_shown(words: str) -> str:
    return ", ".join(map(shown, words.split(", ")))


def analogy_rows(
    analogies: pd.DataFrame, embeddings: pd.DataFrame, names: list[str]
) -> pd.DataFrame:
    """Return a row an analogy that could be asked: in each embedding whether it holds, and answers.

    Args:
        analogies: the table of evaluate_embeddings.
        embeddings: the same.
        names: what a reader calls each embedding.
    """
    asked = analogies[analogies["missing"] == ""]
    question = ["kind", "a", "b", "c", "expected"]
    rows = asked[question].drop_duplicates()
    table = pd.DataFrame(
        {"kind": rows["kind"], "analogy": [_question(row) for row in rows.itertuples()]}
    )
    found = asked.set_index([*KEY, *question])
    for name, key in zip(names, embeddings[KEY].itertuples(index=False, name=None), strict=True):
        here = [found.loc[(*key, *row)] for row in rows.itertuples(index=False, name=None)]
        table[name] = [_answer(row) for row in here]
    return table


def _question(row: NamedTuple) -> str:
    a, b, c, d = map(shown, (row.a, row.b, row.c, row.expected))
    return f"{a} : {b} = {c} : {d}"


def _answer(row: pd.Series) -> str:
    answers = ", ".join(excerpt(each, LONGEST + 5) for each in row["answers"].split(", "))
    if row["rank"] == 1:
        return f"✓ {answers}"
    return f"✗ rank {row['rank']:,}; {answers}"


def missing_words(analogies: pd.DataFrame) -> list[str]:
    """Return what is to be said of each analogy that could not be asked."""
    left_out = analogies[analogies["missing"] != ""].drop_duplicates(["a", "b", "c", "expected"])
    return [
        f"{_question(row)} (no vector: {_each_shown(row.missing)})" for row in left_out.itertuples()
    ]
