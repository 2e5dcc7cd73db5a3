"""The page about documents: maps by class and by right and wrong answers."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from helpers import page_of

from seq2report.core.tables import write_tables
from seq2report.report import documents_page
from seq2report.report.embeddings_plots import MOST_CLASSES, OTHER, legend

HOSTILE = "<script>alert(1)</script>&\"'</td>\u202e $x$ "
TITLES = {"encoders": {"sentences": "MiniLM <b>"}, "variants": {"frozen": "Frozen <b>"}}


def tables(label="sci", classes=2, number=60):
    labels = [f"{n}{label}" for n in range(classes)]
    rng = np.random.default_rng(1)
    documents = pd.DataFrame({"features": "sentences", "id": map(str, range(number))})
    documents["label"] = [labels[n % classes] for n in range(number)]
    documents["answer"] = labels[0]
    documents["is_right"] = documents["label"] == documents["answer"]
    for column in ("x_pca", "y_pca", "x_tsne", "y_tsne"):
        documents[column] = rng.uniform(-1, 1, number)
    of_class = pd.DataFrame({"features": "sentences", "label": labels})
    summary = {"features": "sentences", "variant": "frozen", "test_documents": 1234}
    summary |= {"drawn": number, "right": 42, "near": 5, "same_class": 0.75, "by_chance": 0.5}
    summary |= {"trustworthiness_pca": 0.61, "trustworthiness_tsne": 0.97, "seed": 1}
    return {
        "documents": documents.assign(excerpt=f"text {label}"),
        "classes": of_class.assign(test_documents=617, drawn=30, same_class=0.75),
        "summary": pd.DataFrame([summary]),
    }


def rendered(folder, made):
    about = pd.DataFrame([{"title": HOSTILE, "documents": 100}])
    for name, found in {"documents": made, "corpus": {"corpus": about}}.items():
        (folder / "news" / name).mkdir(parents=True)
        write_tables(found, folder / "news" / name)
    given = {"table_folder": str(folder), "corpus": "news", "sample": True, "titles": TITLES}
    return page_of("documents", folder, **given)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return rendered(tmp_path_factory.mktemp("hostile"), tables(HOSTILE))


def chart(html):
    (block,) = re.findall('class="chart"[^>]*>(.*?)</script>', html, flags=re.DOTALL)
    return json.loads(block)


@pytest.mark.reliability("Security")
def test_texts_classes_and_titles_on_maps_are_escaped(hostile):
    main = hostile[hostile.index("<main") : hostile.index("</main>")]
    main = re.sub(r"<script[^>]*class=\"chart\".*?</script>", "", main, flags=re.DOTALL)
    assert "<script" not in main
    assert "<b>" not in main
    assert "&lt;script&gt;" in main
    assert "\u202e" not in main[main.index("<h2") :]


def test_one_map_shows_classes_and_the_other_right_and_wrong(hostile):
    made = chart(hostile)
    (rows,) = made["datasets"].values()
    assert [row["outcome"] for row in rows] == ["right"] * 30 + ["wrong"] * 30  # on top
    of_class, of_outcome = (panel["layer"][0]["encoding"] for panel in made["concat"])
    assert of_class["color"]["field"] == "label"
    assert of_outcome["fill"]["field"] == "outcome"
    assert of_outcome["fill"]["scale"]["domain"] == ["right", "wrong"]
    assert "color" not in of_outcome
    assert of_outcome["shape"]["field"] == "outcome"
    assert of_outcome["shape"]["scale"]["range"] == ["circle", "cross"]
    # One legend per map: a shape of classes has no meaning among right and wrong.
    assert made["resolve"]["scale"] == dict.fromkeys(["color", "fill", "shape"], "independent")
    for encoding in (of_class, of_outcome):
        shown = {tip["title"]: tip["field"] for tip in encoding["tooltip"]}
        assert shown == {
            **{"document": "id", "text": "excerpt"},
            **{"answer": "answer", "class": "class"},
        }


def test_a_sentence_says_how_many_documents_of_how_many_and_what_is_near(hostile):
    assert "60 of 1,234 test documents, drawn at random" in hostile
    assert "75.0% of the 5 nearest documents have the same class (by chance: 50.0%)" in hostile
    assert "classifies 42 of the documents shown correctly" in hostile
    for name in ("documents", "classes", "summary"):
        assert f'href="tables/news/documents/{name}.csv"' in hostile


def test_classes_with_the_same_long_beginning_are_two(tmp_path):
    made = tables()
    classes = [f"Computers and electronics / Laptops / {name}" for name in ("gaming", "office")]
    for name in ("documents", "classes"):
        made[name] = made[name].replace(dict(zip(["0sci", "1sci"], classes, strict=True)))
    of_class, _ = chart(rendered(tmp_path, made))["concat"]
    assert of_class["layer"][0]["encoding"]["color"]["scale"]["domain"] == classes


def test_the_rarest_of_many_classes_share_an_entry_of_the_legend():
    made = tables(classes=MOST_CLASSES + 1, number=100)
    names = legend(made["classes"]["label"])
    assert len(names) == MOST_CLASSES
    assert names[-1] == OTHER
    wide = documents_page.points(made["documents"], names)
    assert set(wide["label"]) == set(names)
    assert (wide["label"] == OTHER).sum() == 4
    assert OTHER not in set(wide["class"])  # the text on hover has the class itself
    few = tables(classes=MOST_CLASSES)["classes"]
    assert OTHER not in legend(few["label"])


def test_too_few_documents_for_a_map_are_reported(tmp_path):
    made = tables()
    made["documents"] = made["documents"].assign(x_tsne=np.nan)
    assert "too few test documents for a map" in rendered(tmp_path, made)
