"""The page about word vectors: maps with search and hover, tables, and links to files."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from helpers import page_of
from hypothesis import given
from hypothesis import strategies as st

from seq2report.core.excerpts import excerpt
from seq2report.core.tables import write_tables
from seq2report.report import embeddings_page, embeddings_plots

HOSTILE = "<script>alert(1)</script>&\"'</td>\u202e\x07 $x$ "
ESCAPED = "&lt;script&gt;alert(1)"
LONG = "w" * 300
SHOWN = ("glove", "before"), ("lstm", "after"), ("learned", "after"), ("cbow", "before")
METHODS = ("PCA", "t-SNE")
TITLES = {
    "before": {"glove": "GloVe <b>", "cbow": "CBOW"},
    "after": {"lstm": "LSTM", "learned": "Dense"},
}


@given(st.integers(1, 49))
def test_no_two_classes_look_alike(number):
    classes = [f"class {n}" for n in range(number)]
    seen = list(zip(*embeddings_plots.looks([*classes, embeddings_plots.NONE]), strict=True))
    assert len(set(seen)) == number + 1
    assert seen[-1] == (embeddings_plots.NEUTRAL, "circle")


PLACES = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), max_size=30)


@given(PLACES, st.data())
def test_labels_do_not_overlap_at_any_zoom(places, data):
    words = [data.draw(st.text("ab", min_size=1, max_size=20)) for _ in places]
    xy = np.array(places).reshape(-1, 2)
    zooms = embeddings_plots.label_zooms(xy, words)
    assert len(zooms) == len(words)
    assert set(zooms) <= {*embeddings_plots.ZOOMS, embeddings_plots.NEVER}
    pixels = xy * embeddings_plots.SIDE / (2 * embeddings_plots.FRAME)
    for zoom in embeddings_plots.ZOOMS:
        labelled = np.flatnonzero(zooms <= zoom)
        assert not len(words) or len(labelled)
        for n, a in enumerate(labelled):
            for b in labelled[:n]:
                x, y = np.abs(pixels[a] - pixels[b]) * zoom
                width = embeddings_plots.LETTER * (len(words[a]) + len(words[b]) + 2) / 2
                assert x >= width or y >= embeddings_plots.LINE


def test_the_most_important_words_of_each_class_come_first():
    words = pd.DataFrame({"label": ["", "a", "", "a", "b"], "count": [9, 5, 8, 7, 1]})
    found = embeddings_page.important(words)
    assert found["count"].tolist() == [9, 7, 1, 8, 5]


def tables(word="space", label="sci", number=14):
    """Tables of evaluate_embeddings about ``number`` words, two of which are ``word``."""
    rng = np.random.default_rng(1)
    words = [word, *(f"{chr(97 + n)}bc" for n in range(number - 2)), LONG]
    labels = [label, "hockey", *[""] * (number - 2)]
    keys = [{"embedding": name, "stage": stage} for name, stage in SHOWN]
    drawn = [key | {"method": method} for key in keys for method in METHODS]

    def places(about, key):
        xy = rng.uniform(-1, 1, (len(about), 2))
        return about.assign(**key, x=xy[:, 0], y=xy[:, 1])

    of_words = pd.DataFrame({"word": words, "label": labels, "count": range(number, 0, -1)})
    documents = pd.DataFrame({"id": words, "label": label, "excerpt": excerpt(word, 99)})
    quality = pd.DataFrame(
        key | {"points": points, "number": number, "seed": 7, "trustworthiness": 0.789}
        for points in ("words", "documents")
        for key in drawn
    )
    return {
        "embeddings": pd.DataFrame(
            key | {"start": "glove" if key["embedding"] == "lstm" else "", "dimensions": 50}
            for key in keys
        ).assign(words=1234, vocabulary=3000, in_all=1111),
        "maps": pd.concat([places(of_words, key) for key in drawn], ignore_index=True),
        "documents": documents,
        "document_maps": pd.concat([places(documents[["id"]], key) for key in drawn]),
        "quality": quality.assign(same_class=0.625),
        "neighbours": pd.DataFrame(
            key | {"word": asked, "label": label, "rank": rank, "neighbour": near, "cosine": cosine}
            for key in keys
            for asked in (word, "abc")
            for rank, (near, cosine) in enumerate([(word, 0.9), (LONG, 0.8)], start=1)
        ),
        "analogies": analogies(keys, word),
    } | movement(word, label)


def movement(word, label):
    """The tables moved and movement: of two words, ``word`` moved most."""
    return {
        "moved": pd.DataFrame(
            {
                **{"embedding": "lstm", "start": "glove", "word": [word, "abc"], "label": label},
                **{"documents": 1234, "cosine": [0.5, 1.0]},
                **{"length_before": 2.0, "length_after": [3.0, 1.0]},
                **{"near_before": f"{word}, b", "near_after": "b"},
            }
        ),
        "movement": pd.DataFrame(
            {"embedding": ["lstm"], "start": "glove", "documents": 20, "words": 321}
        ).assign(median_cosine=0.5),
    }


def analogies(keys, word):
    """An analogy that holds in the first embedding alone, and one that cannot be solved."""
    analogy = {"kind": "family", "a": "man", "b": "king", "c": "woman", "expected": "queen"}
    other = analogy | {"expected": word}
    asked = {"missing": "", "answers": f"{word} 0.91, b 0.80"}
    rows = [
        *(key | analogy | asked | {"rank": 1, "cosine": 0.9} for key in keys[:1]),
        *(key | analogy | asked | {"rank": 5432, "cosine": 0.9} for key in keys[1:]),
        *(key | other | {"missing": word, "answers": ""} for key in keys),
    ]
    return pd.DataFrame(rows).astype({"rank": "Int64"})


def rendered(folder, made):
    about = pd.DataFrame([{"title": HOSTILE, "documents": 100}])
    for name, found in {"embeddings": made, "corpus": {"corpus": about}}.items():
        (folder / "news" / name).mkdir(parents=True)
        write_tables(found, folder / "news" / name)
    given = {"table_folder": str(folder), "corpus": "news", "sample": True, "titles": TITLES}
    return page_of("embeddings", folder, **given)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return rendered(tmp_path_factory.mktemp("hostile"), tables(HOSTILE, HOSTILE))


def charts(html):
    blocks = re.findall('class="chart"[^>]*>(.*?)</script>', html, flags=re.DOTALL)
    return [json.loads(block) for block in blocks]


def without_charts(html):
    main = html[html.index("<main") : html.index("</main>")]
    return re.sub(r"<script[^>]*class=\"chart\".*?</script>", "", main, flags=re.DOTALL)


@pytest.mark.reliability("Security")
def test_text_from_corpora_and_configuration_is_escaped(hostile):
    main = without_charts(hostile)
    assert "<script" not in main
    assert "<b>" not in main
    assert main.count(ESCAPED) >= 20
    assert len(re.findall("</td>", main)) == len(re.findall("<td", main))
    below = main[main.index("<h2") :]
    assert not re.search("[\u202e\x07]", below)
    assert LONG not in main
    assert f"{LONG[:29]}…" in main


def test_text_of_a_corpus_is_data_of_a_chart_and_part_of_no_expression(hostile):
    for chart in charts(hostile):
        rows = chart.pop("datasets").popitem()[1]
        assert "\u202e" not in json.dumps(rows, ensure_ascii=False)
        label = {row["label"] for row in rows} - {"hockey", embeddings_plots.NONE}
        assert len(label) == 1
        assert max(len(row.get("word", "")) for row in rows) <= embeddings_page.LONGEST
        left = [text for text in strings(chart) if "alert" in text]
        assert set(left) == label  # the domain of the legend, as it stands there


def strings(tree):
    """Yield every string below a tree of JSON."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for each in tree.values() if isinstance(tree, dict) else tree:
            yield from strings(each)


def test_many_classes_share_an_entry_of_the_legend():
    names = [f"c{n}" for n in range(embeddings_plots.MOST_CLASSES + 1)]
    *first, other, none = embeddings_plots.legend([names[1], embeddings_plots.NONE, *names])
    assert (other, none) == (embeddings_plots.OTHER, embeddings_plots.NONE)
    assert first == sorted(names[:-2])
    assert embeddings_plots.legend(names[1:]) == sorted(names[1:])


def test_classes_with_the_same_long_beginning_have_different_looks():
    classes = [f"Computers and electronics / Laptops / {name}" for name in ("gaming", "office")]
    made = tables(label=classes[0])
    made["maps"] = made["maps"].replace("hockey", classes[1])
    html = "".join(part.data for part in embeddings_page.word_maps(made, list("abcd")))
    (chart,) = charts(html)
    scale = chart["concat"][0]["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == [*classes, embeddings_plots.NONE]
    assert len(set(scale["range"])) == 3


def test_every_map_has_the_same_points_and_all_share_search_legend_and_hover(hostile):
    of_words, of_documents = charts(hostile)
    for chart, key in ((of_words, "word"), (of_documents, "document")):
        assert len(chart["concat"]) == len(SHOWN)
        views = [panel["layer"][0]["name"] for panel in chart["concat"]]
        params = {param["name"]: param for param in chart["params"]}
        assert set(params) == {"picked", "hovered", "method", "wanted", "size"} | {
            f"zoom{n}" for n in range(len(SHOWN))
        }
        assert params["picked"]["views"] == params["hovered"]["views"] == views
        assert [params[f"zoom{n}"]["views"] for n in range(len(SHOWN))] == [[v] for v in views]
        assert params["wanted"]["bind"]["name"] == f"Find a {key} "
        assert params["method"]["bind"]["labels"] == ["t-SNE", "PCA"]
        (rows,) = chart["datasets"].values()
        assert len(rows) == 14
        assert [row["key"] for row in rows] == list(range(14))
        for panel, number in ((panel, n) for panel in range(len(SHOWN)) for n in (0, 1)):
            assert all(-1 <= row[f"x{panel}_{number}"] <= 1 for row in rows)
        assert "trustworthiness: PCA 0.79" in chart["concat"][0]["title"]["subtitle"]


def test_words_are_labelled_and_documents_are_not(hostile):
    of_words, of_documents = charts(hostile)
    assert [layer["mark"]["type"] for layer in of_words["concat"][0]["layer"]] == ["point", "text"]
    assert [layer["mark"]["type"] for layer in of_documents["concat"][0]["layer"]] == ["point"]


def test_places_are_those_of_the_tables():
    made = tables()
    about = made["maps"].drop_duplicates("word")[["word", "label", "count"]]
    wide = embeddings_page.points(made["maps"], about[::-1], made["embeddings"], labelled=True)
    one = made["maps"].set_index(["embedding", "stage", "method", "word"]).sort_index()
    for panel, key in enumerate(SHOWN):
        for number, method in enumerate(METHODS):
            row = one.loc[(*key, method, "dbc")]
            found = wide.set_index("word").loc["dbc", [f"x{panel}_{number}", f"y{panel}_{number}"]]
            assert found.tolist() == pytest.approx([row["x"], row["y"]], abs=0.0006)


def test_vectors_are_named_and_the_variants_that_trained_them_are_linked(hostile):
    main = without_charts(hostile)
    for name in ("GloVe &lt;b&gt;, unchanged", "GloVe &lt;b&gt; after training: LSTM"):
        assert f">{name}</td>" in main
    assert ">Trained with the task: Dense</td>" in main
    assert 'href="variant-lstm.html"' in main
    assert 'href="variant-cbow.html"' not in main
    assert "1,111 of 3,000 words" in main


def test_maps_have_their_seed_and_trustworthiness(hostile):
    assert hostile.count(">Trustworthiness of each map of 14 words (seed 7)") == 1
    assert hostile.count(">Trustworthiness of each map of 14 documents (seed 7)") == 1
    assert ">0.789</td>" in hostile
    assert ">62.5%</td>" in hostile
    for kind in ("words", "documents"):
        assert f"nearest neighbour among these {kind}, by cosine, has the same class" in hostile


def test_movement_and_analogies_are_reported_in_sentences(hostile):
    main = without_charts(hostile)
    assert "Half of the 321 words that occur in at least 20 training documents" in main
    assert "turned by less than 60.0°" in main
    assert ">+50.0%</td>" in main
    assert ">−50.0%</td>" in main
    assert "1 of 1 (GloVe &lt;b&gt;, unchanged); 0 of 1 (GloVe &lt;b&gt; after" in main
    assert "✗ rank 5,432; " in main
    assert "man : king = woman : queen" in main
    assert "Left out, because a word has no vector" in main


def test_every_table_and_file_is_linked(hostile):
    names = ("maps", "quality", "neighbours", "moved", "movement", "analogies")
    for name in (*names, "document_maps", "documents"):
        assert f'href="tables/news/embeddings/{name}.csv"' in hostile
    for name, stage in SHOWN:
        for file in ("vectors", "metadata"):
            assert f'href="tables/news/embeddings/projector/{name}-{stage}/{file}.tsv"' in hostile


def test_a_report_without_training_documents_or_analogies_states_this(tmp_path):
    made = tables()
    for name in ("documents", "document_maps", "moved", "movement"):
        made[name] = made[name].iloc[:0]
    made["analogies"] = made["analogies"][made["analogies"]["missing"] != ""]
    html = rendered(tmp_path, made)
    assert len(charts(html)) == 1
    assert "too few test documents" in html
    assert "No network that reads this vocabulary trains pretrained vectors further." in html
    assert "Number of analogies" not in html
    assert "Left out, because a word has no vector" in html


def test_a_network_that_moved_no_frequent_word_is_said_to_have_none():
    medians = tables()["movement"].assign(words=0, median_cosine=np.nan)
    titles = {"before": {"glove": "GloVe"}, "after": {"lstm": "LSTM"}}
    shown = embeddings_page.movement("news", medians, tables()["moved"][:0], titles)
    found = "".join(part.data for part in shown)
    assert "No word occurs in at least 20 training documents." in found


@given(st.text() | st.just(HOSTILE))
def test_words_are_shown_short_and_on_one_line(text):
    found = embeddings_page.shown(text)
    assert found.isprintable()
    assert len(found) <= embeddings_page.LONGEST
