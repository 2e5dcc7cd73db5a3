import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import call, lesson_page, write_sequences

import lesson_cbow
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.lessons import cbow_page, cbow_plots
from seq2report.lessons.cbow import by_hand, corpus
from seq2report.models.backend import load_keras
from seq2report.report import html

TITLE = "CBOW by hand, then on a whole corpus"
LN2 = np.log(2)
BY_HAND = {
    "pairs": ["context", "target", "sentence"],
    "embedding": ["setting", "word", "x", "y", "sentence"],
    "loss": ["setting", "epoch", "loss"],
    "step": ["quantity", "word", "unit", "value"],
    "probabilities": ["context", "target", "probability", "share"],
    "starts": ["setting", "start", "loss", "line", "nearest"],
    "separation": ["setting", "epoch", "line", "nearest"],
    "orders": ["opposite", "starts", "divided"],
}
OF_CORPUS = {
    "neighbours": ["word", "label", "method", "rank", "neighbour", "cosine"],
    "bands": ["occurrences", "words", "length", "same_class", "method"],
    "map": ["word", "label", "count", "x", "y"],
}
CLASSES = ("<b>sea</b>", "road")
FILLER = 30


def write_corpus(folder):
    """Write documents in which words of each class occur together, and common words."""
    rng = np.random.default_rng(1)
    spelled = ["<script>alert(1)</script>", "$x$ $y$"]
    spelled += [f"sea{chr(97 + n)}" for n in range(12)] + [f"road{chr(97 + n)}" for n in range(12)]
    spelled += [f"fill{chr(97 + n % 26)}{n}" for n in range(FILLER)]
    rows = []
    for number in range(120):
        kind = number % 2
        own = rng.integers(3, 15, 30) + 12 * kind
        common = rng.integers(27, 27 + FILLER, 30)
        tokens = np.where(rng.random(30) < 0.7, own, common)
        tokens[rng.random(30) < 0.05] = 1 + kind
        split = "test" if number >= 110 else "train"
        rows.append((str(number), split, CLASSES[kind], tokens.astype("int32").tolist()))
    schema = {"id": pl.String, "split": pl.String, "label": pl.String, "tokens": pl.List(pl.Int32)}
    documents = pl.DataFrame(rows, schema=schema, orient="row")
    write_sequences(folder, documents)
    ids = pl.Series("id", range(1, len(spelled) + 1), dtype=pl.Int32)
    counts = documents.filter(pl.col("split") == "train")["tokens"].explode().value_counts()
    counts = counts.rename({"tokens": "id"}).with_columns(documents=pl.lit(1))
    pl.DataFrame({"id": ids, "word": spelled}).join(counts, on="id", how="left").write_parquet(
        folder / "vocabulary.parquet"
    )
    return {
        "vocabulary": folder / "vocabulary.parquet",
        "sequences": folder / "sequences.parquet",
    }


def carry_out(folder, **options):
    call(lesson_cbow, seed=1, output=folder / "lesson-cbow", **options)
    return read_tables(folder / "lesson-cbow")


@pytest.fixture(scope="module")
def carried_out(tmp_path_factory):
    """A folder and its tables: the six words, and a corpus of hostile words."""
    folder = tmp_path_factory.mktemp("cbow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(by_hand, "STARTS", 200)
        patch.setattr(corpus, "PASSES", (2, 4))  # so few that CBOW falls behind
        return folder, carry_out(folder, **write_corpus(folder))


@pytest.fixture(scope="module")
def tables(carried_out):
    return carried_out[1]


def spell(setting):
    contexts, targets = by_hand.examples(setting)
    return [
        (" ".join(by_hand.WORDS[c] for c in context), by_hand.WORDS[target])
        for context, target in zip(contexts, targets, strict=True)
    ]


def test_the_examples_are_those_of_the_lecture():
    single, wide, mean, mean_wide = map(spell, by_hand.SETTINGS)
    assert single == [
        ("surf", "big"),
        ("big", "surf"),
        ("big", "waves"),
        ("waves", "big"),
        ("drive", "fast"),
        ("fast", "drive"),
        ("fast", "cars"),
        ("cars", "fast"),
    ]
    assert set(wide) - set(single) == {
        ("surf", "waves"),
        ("waves", "surf"),
        ("drive", "cars"),
        ("cars", "drive"),
    }
    assert mean[:3] == [("big", "surf"), ("surf waves", "big"), ("big", "waves")]
    assert mean_wide[:3] == [("big waves", "surf"), ("surf waves", "big"), ("surf big", "waves")]


@pytest.mark.parametrize(
    ("setting", "expected"),
    list(zip(by_hand.SETTINGS, [LN2 / 2, LN2, 2 * LN2 / 3, 0], strict=True)),
)
def test_the_smallest_loss_is_the_entropy_of_the_targets(setting, expected):
    contexts, targets = by_hand.examples(setting)
    assert by_hand.floor(by_hand.inputs(contexts), targets) == pytest.approx(expected)


def test_numpy_and_keras_train_the_same_network():
    contexts, targets = by_hand.examples(by_hand.SETTINGS[2])
    x = by_hand.inputs(contexts)
    before, after, losses = by_hand.fit_keras(load_keras(3), x, targets, 60)
    start = by_hand.Weights(*(part.copy() for part in before))
    trained, found = by_hand.descend(before, x, targets, 60)
    np.testing.assert_allclose(found[:, 0], losses, atol=1e-4)
    assert losses[-1] < losses[0] - 0.3
    for ours, keras, first, kept in zip(trained, after, start, before, strict=True):
        np.testing.assert_allclose(ours, keras, atol=1e-3)
        np.testing.assert_array_equal(first, kept)


def test_starts_trained_together_equal_starts_trained_alone():
    contexts, targets = by_hand.examples(by_hand.SHOWN)
    x, starts = by_hand.inputs(contexts), by_hand.draw_starts(3, 1)
    together, losses = by_hand.descend(starts, x, targets, 20)
    alone, loss = by_hand.descend(by_hand.Weights(*(p[1:2] for p in starts)), x, targets, 20)
    np.testing.assert_allclose(together.hidden[1], alone.hidden[0])
    np.testing.assert_allclose(losses[:, 1], loss[:, 0])
    assert np.abs(starts.hidden).max() <= np.sqrt(6 / 8)


def test_a_line_separates_two_triangles_or_it_does_not():
    apart = [(0, 0), (1, 0), (0, 1), (2, 2), (3, 2), (2, 3)]
    # No line along an axis separates these; one along a side does.
    slanted = [(0, 0), (4, 4), (0, 4), (1, 0), (5, 4), (5, 0)]
    crossing = [(0, 0), (2, 2), (0, 0), (2, 0), (0, 2), (2, 0)]
    inside = [(0, 0), (9, 0), (0, 9), (1, 1), (2, 1), (1, 2)]
    turned = [*apart[3:], *apart[:3]]
    found = by_hand.divided(np.array([apart, slanted, crossing, inside, turned], dtype=float))
    assert found.tolist() == [True, True, False, False, True]


def test_nearest_words_are_found_by_direction():
    apart = [(1, 0), (9, 0.1), (1, 0.1), (0, 1), (0.1, 9), (0.1, 1)]
    mixed = [(1, 0), (9, 0.1), (1, 3), (0, 1), (0.1, 9), (0.1, 1)]
    # Products with the long vectors are the largest of all, but their direction is another.
    long = [(1, 0.2), (1, 0.1), (1, 0.15), (50, 50), (50, 51), (50, 52)]
    turned = [*mixed[3:], *mixed[:3]]
    found = by_hand.neighbourly(np.array([apart, mixed, turned, long], dtype=float))
    assert found.tolist() == [True, False, False, True]


def test_the_opposite_direction_is_two_steps_further_round():
    # big, then going round; "surf" and "waves" have one direction, "drive" and "cars" as well.
    def embed(big, surf, fast, drive):
        return [surf, big, surf, drive, fast, drive]

    east, north, west, south = (1, 0), (0, 1), (-1, 0), (0, -1)
    points = np.array(
        [
            embed(east, west, north, south),
            embed(east, north, west, south),
            embed(south, east, west, north),
        ],
        dtype=float,
    )
    assert by_hand.opposite(points).tolist() == ["surf, waves", "fast", "drive, cars"]


def test_every_table_is_written_with_its_columns_and_one_row_of_facts(tables):
    extra = {"facts", "contexts", "order_examples", "settings"}
    assert set(tables) == {*BY_HAND, *OF_CORPUS, *extra}
    for name, columns in (BY_HAND | OF_CORPUS).items():
        assert list(tables[name].columns) == columns
    (facts,) = tables["facts"].to_dict("records")
    assert facts["difference_to_keras"] < 1e-4
    assert facts["weights"] == 24
    assert len(tables["loss"]) == 4 * 300
    assert len(tables["starts"]) == 4 * 200
    said = tables["probabilities"].pivot(index="context", columns="target", values="probability")
    np.testing.assert_allclose(said.sum(axis=1), 1)
    assert said.loc["surf", "big"] > 0.98
    assert said.loc["big", "waves"] == pytest.approx(0.5, abs=0.02)
    assert tables["probabilities"]["share"].sum() == pytest.approx(6)


def test_window_1_separates_two_thirds_of_the_starts_as_the_argument_predicts(tables):
    contexts = tables["contexts"].set_index("setting")
    shares = tables["starts"].groupby("setting")[["line", "nearest"]].mean()
    pd.testing.assert_frame_equal(
        contexts[["line", "nearest"]].sort_index(), shares, check_names=False
    )
    single, wide = (setting.name for setting in by_hand.SETTINGS[:2])
    assert contexts.loc[single, "line"] == pytest.approx(2 / 3, abs=0.1)
    assert contexts.loc[single, "loss"] == pytest.approx(LN2 / 2, abs=0.01)
    assert contexts.loc[wide, "line"] == 1
    assert contexts.loc[wide, "loss"] > LN2 + 0.1
    orders = tables["orders"].set_index("opposite")
    assert orders["starts"].sum() == 200
    assert orders.loc["surf, waves", "divided"] == 0
    others = orders.drop(index="surf, waves")
    assert (others["starts"] == others["divided"]).all()


def test_the_number_of_passes_depends_on_the_words_within_limits():
    assert corpus.passes("CBOW", 400_000) == 10
    assert corpus.passes("skip-gram", 400_000) == 3
    assert corpus.passes("CBOW", 4_200_000) == corpus.passes("skip-gram", 4_200_000) == 2
    assert corpus.passes("CBOW", 100) == 20


def test_vectors_of_the_corpus_reflect_its_classes(tables):
    settings = tables["settings"].set_index("method")
    (facts,) = tables["facts"].to_dict("records")
    assert facts["documents"] == 110
    assert facts["tokens"] == 110 * 30
    assert settings["words_read"].tolist() == [4 * 3300] * 2
    assert settings.loc["skip-gram", "same_class"] > 0.9
    assert 0.45 < facts["guess"] < 0.55
    assert settings.loc["CBOW", "same_class"] < settings.loc["skip-gram", "same_class"]
    assert facts["drawn"] == "skip-gram"
    neighbours = tables["neighbours"]
    assert set(neighbours["label"]) == set(CLASSES)
    assert neighbours.groupby(["word", "method"])["rank"].agg(list).map(len).eq(8).all()
    assert (neighbours["word"] != neighbours["neighbour"]).all()


def test_words_are_grouped_by_frequency():
    vectors = np.array([[1, 0], [2, 0], [0, 3], [0, 4], [1, 9]], dtype="float32")
    labels = np.array(["a", "a", "b", "b", "a"])
    counts = np.array([5, 9, 10, 29, 100])
    table = corpus.measure_bands(vectors, labels, counts, 1)
    assert table["occurrences"].tolist() == list(corpus.BANDS)
    assert table["words"].tolist() == [2, 2, 0, 1]
    assert table["length"].tolist()[:2] == [1.5, 3.5]
    assert table["same_class"].tolist() == pytest.approx([1, 1, np.nan, 0], nan_ok=True)


def test_queries_are_frequent_words_of_every_class():
    words = [f"{label}{n}" for n in range(9) for label in "abc"]
    shown = pd.DataFrame({"word": words, "label": [word[0] for word in words]})
    assert corpus.choose_queries(shown)["word"].tolist() == ["a0", "a1", "b0", "b1", "c0", "c1"]
    assert corpus.choose_queries(shown.assign(label=""))["word"].tolist() == words[:8]
    many = pd.DataFrame({"word": words, "label": words})
    found = corpus.choose_queries(many)["word"].tolist()
    assert (len(found), found[0], found[-1]) == (8, "a0", "c8")


def test_half_a_corpus_is_an_error(tmp_path):
    for name in ("vocabulary", "sequences"):
        with pytest.raises(UserError, match=f"--{name} without --"):
            carry_out(tmp_path, **{name: tmp_path / "x.parquet"})
    assert not (tmp_path / "lesson-cbow").exists()


def test_labels_of_words_at_the_same_point_are_below_each_other():
    points = pd.DataFrame({"word": ["low", "high"], "x": [1.0, 1.0], "y": [0.0, 0.1]})
    (figure,) = cbow_plots.words_in_plane(points.assign(sentence="s", panel="p"), "panel")
    placed = {text.get_text(): text.xyann[1] for text in figure.axes[0].texts}
    assert placed["high"] > placed["low"]
    assert ">high<" in html.figure(figure, "a").data


def test_the_page_shows_the_results_and_hostile_words_as_text(carried_out):
    folder, _ = carried_out
    html = lesson_page("cbow", folder, corpus_title="<i>Tiny</i>")
    assert f">{TITLE}<" in html
    assert "this never happens" in html
    assert "two thirds" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    for raw in ("<script>alert", "<i>Tiny", "<b>sea"):
        assert raw not in html


def test_the_page_without_a_corpus_or_with_other_figures_is_true(tables, tmp_path, displayed):
    folder = tmp_path / "lesson-cbow"
    folder.mkdir()
    contexts = tables["contexts"].assign(line=0.2, loss=9.0, shown_line=False)
    facts = tables["facts"].assign(corpus=False)
    changed = {name: tables[name] for name in (*BY_HAND, "order_examples")}
    changed |= {"contexts": contexts, "facts": facts, "loss": tables["loss"].assign(loss=9.0)}
    for name, table in changed.items():
        table.to_parquet(folder / f"{name}.parquet")
    html = displayed("lesson_cbow", table_folder=str(tmp_path), corpus_title="")
    assert "built without a corpus" in html
    assert "sample report" not in html
    assert "The network has not reached it" in html
    assert "No: for these initial weights, no straight line" in html
    for lie in ("two thirds", "in all starts", "almost reaches"):
        assert lie not in html


def test_the_page_says_how_the_words_of_the_list_are_chosen(tables):
    shown = cbow_page.neighbours_outcome(tables).data
    assert "the most frequent words of each class, or of some classes" in shown
    without = tables | {"neighbours": tables["neighbours"].assign(label="")}
    assert "the most frequent words on the map" in cbow_page.neighbours_outcome(without).data


def test_the_page_says_that_the_class_of_a_rare_word_is_uncertain(tables):
    facts = tables["facts"].iloc[0].to_dict()
    uncertain = "The class of a rare word is itself uncertain"
    assert uncertain in cbow_page.bands_outcome(tables, facts).data
    without = tables | {"bands": tables["bands"].assign(same_class=np.nan)}
    assert uncertain not in cbow_page.bands_outcome(without, facts).data


def test_the_answer_names_the_first_probability_of_the_pair(tables):
    step = tables["step"].set_index(["quantity", "word"])["value"]
    target = step["target"].idxmax()
    probability = f"this pair has {step['probability', target]:.3f}"
    assert probability in cbow_page.exercise(tables).data


def test_the_first_step_is_that_of_the_training(tables):
    rows = tables["step"].groupby("quantity")["value"].agg(list)
    assert np.add(rows["before"], rows["change"]) == pytest.approx(rows["after"])
    assert np.exp(-rows["loss"][0]) == pytest.approx(np.dot(rows["probability"], rows["target"]))
    output = np.reshape(rows["output weight"], (2, 6))
    assert np.dot(rows["before"], output) == pytest.approx(rows["logit"])
    assert sum(rows["probability"]) == pytest.approx(1)
