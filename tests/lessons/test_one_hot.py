import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import call, lesson_page

import lesson_one_hot
import read_vectors
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.lessons import one_hot as lesson
from seq2report.lessons import one_hot_plots
from seq2report.report import html

TITLE = "One-hot vectors and embeddings"
COLUMNS = {
    "one_hot": ["word", "surf", "waves", "car", "jeep"],
    "features": ["word", "sea", "road"],
    "lookup": ["word", "sea", "road"],
    "multi_hot": ["text", "surf", "waves", "car", "jeep"],
    "distances": ["space", "word", "other", "pair", "euclidean", "cosine"],
    "neighbours": ["word", "rank", "neighbour", "cosine"],
    "sizes": ["form", "rows", "columns", "numbers", "megabytes", "corpus_gigabytes", "order"],
}
# Two directions; the lengths differ, so only the cosine shows which words belong together.
PLACES = {
    "surf": (1.0, 0.1),
    "jeep": (0.1, 1.0),
    "waves": (9.0, 0.0),
    "car": (0.0, 9.0),
    "<b>reef</b>": (5.0, 0.0),
    "$nothing$": (0.0, 0.0),
}


def write_vectors(folder, places):
    folder.mkdir(exist_ok=True)
    pl.DataFrame({"word": list(places)}).write_parquet(folder / "words.parquet")
    np.save(folder / "vectors.npy", np.array(list(places.values()), dtype="float32"))
    return {"words": folder / "words.parquet", "vectors": folder / "vectors.npy"}


def carry_out(folder, **options):
    call(lesson_one_hot, seed=1, output=folder / "lesson-one_hot", **options)
    return read_tables(folder / "lesson-one_hot")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A folder of tables without pretrained vectors."""
    folder = tmp_path_factory.mktemp("plain")
    carry_out(folder)
    return folder


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A folder of tables with vectors that separate the kinds."""
    folder = tmp_path_factory.mktemp("pretrained")
    carry_out(folder, **write_vectors(folder / "vectors", PLACES))
    return folder


def of(folder, name):
    return read_tables(folder / "lesson-one_hot")[name]


@pytest.fixture
def shown(displayed):
    """A function: what the notebook displays of a folder of tables."""
    return lambda folder: displayed(
        "lesson_one_hot", table_folder=str(folder), vectors_title="<i>Tiny</i>"
    )


def test_every_table_is_written_with_its_columns_and_one_row_of_facts(plain, pretrained):
    for folder in (plain, pretrained):
        tables = read_tables(folder / "lesson-one_hot")
        assert set(tables) == {"facts", "summary", *COLUMNS}
        assert {name: list(tables[name].columns) for name in COLUMNS} == COLUMNS
        assert len(tables["facts"]) == 1
    assert of(plain, "distances")["space"].unique().tolist() == ["one-hot", "made by hand"]


def test_one_hot_is_the_identity_and_all_pairs_are_equally_far(plain):
    np.testing.assert_array_equal(of(plain, "one_hot").drop(columns="word"), np.eye(4))
    table = of(plain, "distances")
    pairs = table[(table["space"] == "one-hot") & (table["word"] != table["other"])]
    assert len(pairs) == 12
    np.testing.assert_allclose(pairs["euclidean"], np.sqrt(2))
    np.testing.assert_array_equal(pairs["cosine"], 0)


def test_distances_are_those_of_scikit_learn():
    from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

    vectors = np.random.default_rng(1).normal(size=(4, 7))
    table = lesson.distances(vectors, "x")
    for measure, function in (("euclidean", euclidean_distances), ("cosine", cosine_similarity)):
        found = table.pivot(index="word", columns="other", values=measure)
        found = found.loc[lesson.WORDS, lesson.WORDS]
        np.testing.assert_allclose(found, function(vectors), atol=1e-7)


def test_words_of_a_kind_are_near_in_the_table_made_by_hand_and_in_the_summary(plain):
    table = of(plain, "distances")
    assert lesson.separated(table[table["space"] == "made by hand"])
    assert not lesson.separated(table[table["space"] == "one-hot"])
    summary = of(plain, "summary").set_index(["space", "pair"])
    assert summary["pairs"].tolist() == [2, 4, 2, 4]
    surf, waves, car, jeep = lesson.BY_HAND
    lengths = [np.linalg.norm(surf - waves), np.linalg.norm(car - jeep)]
    row = summary.loc[("made by hand", "same kind")]
    assert row["euclidean_mean"] == pytest.approx(np.mean(lengths))
    assert (row["euclidean_min"], row["euclidean_max"]) == pytest.approx(sorted(lengths))


def test_a_product_with_one_hot_is_a_row_of_the_table(plain):
    lookup, features = of(plain, "lookup"), of(plain, "features")
    pd.testing.assert_frame_equal(lookup, features)
    facts = of(plain, "facts").iloc[0]
    assert facts["small_difference"] == facts["difference"] == 0
    assert facts["multiplications"] == 150 * 20_000 * 50
    table = np.arange(12.0).reshape(6, 2)
    encoded = lesson.one_hot(np.array([4, 0, 4]), 6)
    np.testing.assert_array_equal(encoded @ table, [[8, 9], [0, 1], [8, 9]])


def test_multi_hot_vectors_lose_order_and_counts():
    assert lesson.multi_hot(["waves surf surf", "surf waves", "jeep", ""]).tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
    ]


def test_sizes_are_those_of_arrays():
    table = lesson.sizes().set_index("form")
    arrays = [
        lesson.one_hot(np.zeros(150, int), 20_000),
        np.zeros((150, 50), "float32"),
        np.zeros((150, 1), "int32"),
        np.zeros((1, 20_000), "float32"),
    ]
    assert [(row.rows, row.columns) for row in table.itertuples()] == [a.shape for a in arrays]
    assert table["megabytes"].tolist() == pytest.approx([a.nbytes / 1e6 for a in arrays])
    assert table["corpus_gigabytes"].tolist() == pytest.approx([240, 0.6, 0.012, 1.6])
    assert table["order"].tolist() == [True, True, True, False]


def test_pretrained_words_are_found_by_name_and_neighbours_by_cosine(pretrained):
    table = of(pretrained, "distances").set_index(["space", "word", "other"])
    assert table.loc[("pretrained", "waves", "car"), "euclidean"] == pytest.approx(9 * 2**0.5)
    assert table.loc[("pretrained", "waves", "car"), "cosine"] == 0
    facts = of(pretrained, "facts").iloc[0]
    assert facts["pretrained"]
    assert facts["pretrained_separated"]
    assert facts["missing"] == ""
    assert (facts["pretrained_words"], facts["pretrained_dimensions"]) == (6, 2)
    neighbours = of(pretrained, "neighbours")
    by_word = neighbours.groupby("word")["neighbour"].agg(list)
    # Neither the word itself nor a word without a vector is a neighbour.
    assert set(by_word["surf"][:2]) == {"waves", "<b>reef</b>"}
    assert by_word["car"][0] == "jeep"
    assert by_word.map(len).tolist() == [4] * 4
    assert neighbours["rank"].tolist() == [1, 2, 3, 4] * 4
    first = neighbours.set_index(["word", "rank"])["cosine"][("surf", 1)]
    assert first == pytest.approx(1 / np.sqrt(1.01), abs=1e-6)


def test_vectors_that_mix_the_kinds_are_not_called_separated(tmp_path, shown):
    mixed = PLACES | {"jeep": PLACES["surf"], "surf": PLACES["jeep"]}
    tables = carry_out(tmp_path, **write_vectors(tmp_path / "vectors", mixed))
    assert not tables["facts"].iloc[0]["pretrained_separated"]
    assert "not every pair of the same kind" in shown(tmp_path)


@pytest.mark.parametrize("absent", ["left out", "zeros"])
def test_a_word_without_a_pretrained_vector_is_named(tmp_path, absent, shown):
    places = {word: xy for word, xy in PLACES.items() if word != "jeep"}
    places |= {"jeep": (0.0, 0.0)} if absent == "zeros" else {}
    tables = carry_out(tmp_path, **write_vectors(tmp_path / "vectors", places))
    facts = tables["facts"].iloc[0]
    assert facts["missing"] == "jeep"
    assert not facts["pretrained"]
    assert tables["neighbours"].empty
    assert set(tables["distances"]["space"]) == {"one-hot", "made by hand"}
    assert "no vector for: jeep" in shown(tmp_path)


def test_words_and_vectors_that_do_not_match_are_an_error(tmp_path):
    files = write_vectors(tmp_path / "vectors", PLACES)
    for name in files:
        with pytest.raises(UserError, match=f"--{name} without --"):
            carry_out(tmp_path, **{name: files[name]})
    np.save(files["vectors"], np.zeros((5, 2), "float32"))
    with pytest.raises(UserError, match=r"6 rows .* do not fit .* of shape \(5, 2\)"):
        carry_out(tmp_path, **files)
    pl.DataFrame({"token": ["surf"] * 5}).write_parquet(files["words"])
    with pytest.raises(UserError, match="with the columns token do not fit"):
        carry_out(tmp_path, **files)
    assert not (tmp_path / "lesson-one_hot").exists()


def test_vectors_from_a_text_file_give_the_same_tables(pretrained, tmp_path):
    text = tmp_path / "glove.txt"
    lines = (f"{word} {x} {y}\n" for word, (x, y) in PLACES.items())
    text.write_text("".join(lines), encoding="utf-8")
    call(read_vectors, file=text, output=tmp_path / "vectors")
    folder = tmp_path / "vectors"
    files = {"words": folder / "words.parquet", "vectors": folder / "vectors.npy"}
    found = carry_out(tmp_path, **files, source=text)
    for name in ("distances", "neighbours"):
        pd.testing.assert_frame_equal(found[name], of(pretrained, name))


@pytest.mark.reliability("Repeatability")
def test_the_same_seed_gives_the_same_tables(plain, tmp_path):
    for name, table in carry_out(tmp_path).items():
        timed = [column for column in table if column.endswith("_seconds")]
        pd.testing.assert_frame_equal(
            table.drop(columns=timed), of(plain, name).drop(columns=timed), check_exact=True
        )


def test_a_heat_map_shows_every_distance_and_no_negative_zero():
    table = lesson.distances(lesson.BY_HAND, "a").assign(cosine=-0.001)
    shown = html.figure(one_hot_plots.heat_maps(table, "cosine"), "a").data
    assert shown.count(">0.00<") == 16
    shown = html.figure(one_hot_plots.heat_maps(table, "euclidean"), "a").data
    assert shown.count(">0.14<") == 2


def test_the_page_shows_the_results_and_hostile_words_as_text(pretrained, tmp_path):
    shown = lesson_page("one_hot", pretrained, vectors_title="<i>Tiny</i>")
    assert f">{TITLE}<" in shown
    assert "√2 = 1.414" in shown
    assert "equal to the last digit" in shown
    assert "every pair of the same kind is more similar" in shown
    for raw in ("<i>Tiny", "<b>reef"):
        assert raw not in shown
    assert "&lt;b&gt;reef&lt;/b&gt; (1.00)" in shown


def test_the_page_without_vectors_explains_what_is_left_out(plain, shown):
    shown = shown(plain)
    assert "built without pretrained vectors" in shown
    assert "comparison is left out" in shown
    assert "sample report" not in shown
