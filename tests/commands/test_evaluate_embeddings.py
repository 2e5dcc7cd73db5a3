import math
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import ROOT, write_sequences
from hypothesis import given
from hypothesis import strategies as st
from small_vectors import sequences_of, words_of

import evaluate_embeddings as evaluate
from seq2report.core.command import UserError
from seq2report.documents.tokens import SPECIAL, tokens
from seq2report.models.runs import write_digests
from seq2report.vectors import similarity, word_maps

HOSTILE = "<script>\t\n\r\x07\u2028\u202e\"' $x$"


def embedding(rows, name="glove", stage="before"):
    matrix = np.array([[0] * len(rows[0]), *rows], dtype="float32")
    return evaluate.Embedding({"embedding": name, "stage": stage}, matrix)


def classed(names, **columns):
    ids = range(1, len(names) + 1)
    table = {"id": ids, "word": names, "count": 9, "documents": 50, "label": ""}
    return pd.DataFrame(table | columns)


def test_the_word_that_turned_most_comes_first_with_its_neighbours():
    before = embedding([[1, 0], [0, 1], [0, 2], [1, 0.1]])
    after = embedding([[2, 0], [1, 0.2], [0, 2], [1, 0.1]], "lstm", "after")
    words = classed(["same", "turned", "up", "right"])
    spelled = np.array(["", *words["word"]], dtype=object)
    moved, row = evaluate.compare(before, after, words, spelled)
    assert moved["word"].tolist()[0] == "turned"
    assert moved["cosine"].iloc[0] == pytest.approx(0.2 / math.hypot(1, 0.2))
    first = moved.set_index("word").loc[["turned", "same"]]
    assert first["length_before"].tolist() == [1, 1]
    assert first["length_after"].tolist() == pytest.approx([math.hypot(1, 0.2), 2])
    assert first.loc["turned", "near_before"].startswith("up, ")
    assert first.loc["turned", "near_after"].startswith("right, ")
    assert row["median_cosine"] == pytest.approx(1)
    assert (row["embedding"], row["start"], row["words"]) == ("lstm", "glove", 4)


def test_an_analogy_that_holds_one_that_fails_and_one_that_cannot_be_asked():
    names = ["man", "king", "woman", "queen", "puck"]
    given = embedding([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [-1, 0, 0]])
    asked = [
        ("family", ["man", "king", "woman", "queen"]),
        ("family", ["man", "king", "woman", "puck"]),
        ("other", ["man", "king", "moon", "mars"]),
    ]
    words = pl.from_pandas(classed(names)[["id", "word"]])
    table = evaluate.ask_analogies([given], asked, words)
    assert table["rank"].fillna(0).tolist() == [1, 2, 0]
    assert table["missing"].tolist() == ["", "", "moon, mars"]
    assert table["answers"].iloc[0].startswith("queen ")
    assert table["answers"].iloc[2] == ""


def test_the_committed_analogies_are_read():
    asked = evaluate.read_analogies(ROOT / "reports/analogies.yaml")
    assert len(asked) >= 12
    assert ("family", ["man", "king", "woman", "queen"]) in asked


@pytest.mark.parametrize("line", ["man king woman", "man king man queen"])
def test_an_analogy_of_other_than_four_words_ends_in_a_message(tmp_path, line):
    path = tmp_path / "analogies.yaml"
    path.write_text(f"family: [{line}]")
    with pytest.raises(UserError, match=f"family: found '{line}', expected four different words"):
        evaluate.read_analogies(path)


@given(st.lists(st.text(min_size=1) | st.just(HOSTILE), min_size=1, max_size=5))
def test_no_word_or_class_breaks_the_files_for_the_projector(names):
    words = classed([*names, "w" * 500], label=[*names, ""])
    vectors = np.linspace(-1, 1, 3 * len(words)).reshape(-1, 3)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "a/glove-before"
        evaluate.write_for_projector(place, words, vectors)
        numbers = (place / "vectors.tsv").read_bytes().decode().split("\n")
        about = (place / "metadata.tsv").read_bytes().decode().split("\n")
    assert numbers.pop() == about.pop() == ""
    found = [[float(value) for value in line.split("\t")] for line in numbers]
    np.testing.assert_allclose(found, vectors, atol=1e-4)
    assert about.pop(0) == "word\tlabel\tcount"
    cells = [line.split("\t") for line in about]
    assert [len(row) for row in cells] == [3] * len(words)
    assert all(cell and cell.isprintable() for row in cells for cell in row)
    assert cells[-1] == ["w" * evaluate.LONGEST, "none", "9"]


def run_evaluate(output, folder, *matrices):
    """Matrices are (name, stage, file)."""
    afters = [name for name, stage, _ in matrices if stage == "after"]
    arguments = [
        *("--documents", str(folder / "documents.parquet")),
        *("--vocabulary", str(folder / "words/vocabulary.parquet")),
        *("--sequences", str(folder / "words/sequences.parquet")),
        *("--analogies", str(ROOT / "reports/analogies.yaml")),
        *(text for matrix in matrices for text in ("--matrix", *map(str, matrix))),
        *(text for after in afters for text in ("--start", after, "glove")),
        *("--output", str(output)),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_maps, "WORDS", 90)  # fewer are faster
        evaluate.main(arguments)
    return {name: pd.read_parquet(output / f"{name}.parquet") for name in TABLES}


TABLES = ("embeddings", "maps", "document_maps", "documents", "quality", "neighbours")
TABLES += ("moved", "movement", "analogies")


@pytest.fixture(scope="module")
def matrices(tiny, tmp_path_factory):
    """GloVe, and what training may have made of it: every row is moved a little.

    A word without a vector starts from that of another word.
    """
    matrix = np.load(tiny / "glove/matrix.npy")
    known = matrix.any(axis=1)
    matrix[~known] = np.resize(matrix[known], matrix[~known].shape)
    noise = np.random.default_rng(1).normal(size=matrix.shape).astype("float32")
    path = tmp_path_factory.mktemp("after") / "embedding.npy"
    np.save(path, matrix + noise / 2)
    write_digests(path.parent)
    return ("glove", "before", tiny / "glove/matrix.npy"), ("lstm", "after", path)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("maps") / "tables"


@pytest.fixture(scope="module")
def tables(tiny, matrices, output):
    return run_evaluate(output, tiny, *matrices)


def test_each_embedding_and_method_maps_the_same_words(tables):
    keys = ["embedding", "stage", "method"]
    groups = {key: rows["word"].tolist() for key, rows in tables["maps"].groupby(keys)}
    assert set(groups) == {
        (*embedding, method)
        for embedding in [("glove", "before"), ("lstm", "after")]
        for method in ("PCA", "t-SNE")
    }
    first, *others = groups.values()
    assert len(first) == len(set(first)) >= word_maps.FEWEST
    assert all(other == first for other in others)
    assert {"space", "season"} <= set(first)


def test_words_on_the_maps_have_a_pretrained_vector(tables, tiny):
    missing = pl.read_parquet(tiny / "glove/missing.parquet")["word"]
    assert not set(tables["maps"]["word"]) & set(missing)


def test_quality_has_a_row_a_map_and_tells_how_it_was_made(tables):
    quality = tables["quality"]
    assert quality.groupby("points").size().to_dict() == {"words": 4, "documents": 4}
    assert quality["trustworthiness"].between(0.4, 1).all()
    assert quality["same_class"].between(0, 1).all()
    assert set(quality["seed"]) == {word_maps.SEED}
    counts = quality.groupby("points")["number"].first()
    assert counts["words"] == tables["maps"]["word"].nunique()
    assert counts["documents"] == len(tables["documents"])


def test_places_are_within_their_frame(tables):
    for name in ("maps", "document_maps"):
        assert tables[name][["x", "y"]].abs().max().max() == 1


def test_documents_are_of_the_test_part_with_how_they_begin(tables, tiny):
    found = tables["documents"]
    texts = pl.read_parquet(tiny / "documents.parquet").to_pandas().set_index("id")
    about = texts.loc[found["id"]]
    assert set(about["split"]) == {"test"}
    assert about["label"].tolist() == found["label"].tolist()
    assert len(found) == (texts["split"] == "test").sum()  # there are few: all of them
    assert found["excerpt"].str.len().max() <= evaluate.SHOWN
    text = " ".join(texts.loc[found["id"].iloc[0], "text"].split())
    assert text.startswith(found["excerpt"].iloc[0][:30])
    assert set(tables["document_maps"]["id"]) == set(found["id"])


def test_what_is_shown_is_described(tables, tiny):
    about = tables["embeddings"].set_index(["embedding", "stage"])
    assert list(about.index) == [("glove", "before"), ("lstm", "after")]
    assert about["start"].tolist() == ["", "glove"]
    assert set(about["dimensions"]) == {50}
    words = pl.read_parquet(tiny / "words/vocabulary.parquet").height
    missing = pl.read_parquet(tiny / "glove/missing.parquet").height
    assert about["words"].tolist() == [words - missing, words]
    assert set(about["in_all"]) == {words - missing}


def test_words_that_moved_occur_in_enough_training_documents(tables, tiny):
    moved = tables["moved"]
    assert (moved["documents"] >= evaluate.OFTEN).all()
    assert moved["cosine"].is_monotonic_increasing
    assert tables["movement"]["words"].iloc[0] >= len(moved)
    rows = pl.read_parquet(tiny / "documents.parquet").filter(pl.col("split") == "train")
    word, counted = moved[["word", "documents"]].iloc[0]
    assert sum(word in tokens([text])[0].to_pylist() for text in rows["text"]) == counted


def test_the_files_for_the_projector_hold_the_most_frequent_words_and_their_vectors(
    tables, output, tiny
):
    folders = sorted(path.name for path in (output / "projector").iterdir())
    assert folders == ["glove-before", "lstm-after"]
    vocabulary = pl.read_parquet(tiny / "words/vocabulary.parquet")
    missing = pl.read_parquet(tiny / "glove/missing.parquet")["word"]
    known = vocabulary.filter(~pl.col("word").is_in(missing.implode()))
    about = (output / "projector/glove-before/metadata.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in about[1:]] == known["word"].to_list()
    first = (output / "projector/glove-before/vectors.tsv").read_text().splitlines()[0]
    row = np.load(tiny / "glove/matrix.npy")[known["id"][0]]
    assert [float(value) for value in first.split("\t")] == pytest.approx(row.tolist(), abs=1e-4)


def test_neighbours_are_listed_by_falling_cosine_and_never_the_word_itself(tables, tiny):
    table = tables["neighbours"]
    assert (table["word"] != table["neighbour"]).all()
    for _, rows in table.groupby(["embedding", "stage", "word"]):
        assert rows["rank"].tolist() == list(range(1, similarity.NEIGHBOURS + 1))
        assert rows["cosine"].is_monotonic_decreasing
    words = pl.read_parquet(tiny / "words/vocabulary.parquet")
    ids = dict(zip(words["word"], words["id"], strict=True))
    matrix = np.load(tiny / "glove/matrix.npy")
    row = table[table["stage"] == "before"].iloc[0]
    a, b = matrix[ids[row["word"]]], matrix[ids[row["neighbour"]]]
    assert row["cosine"] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-5)


def test_the_same_matrices_give_the_same_tables(tables, tiny, matrices, tmp_path):
    again = run_evaluate(tmp_path / "t", tiny, *matrices)
    for name in TABLES:
        pd.testing.assert_frame_equal(tables[name], again[name])


def write_small(folder, words, matrix):
    """Write a corpus of two training documents and no others."""
    write_sequences(folder / "words", sequences_of([("a", [1, 2]), ("b", [2])]))
    words_of(words).write_parquet(folder / "words/vocabulary.parquet")
    np.save(folder / "m.npy", matrix.astype("float32"))
    documents = {"id": ["0"], "text": ["x"], "label": ["a"], "split": ["train"]}
    pl.DataFrame(documents).write_parquet(folder / "documents.parquet")
    return "glove", "before", folder / "m.npy"


def test_a_vocabulary_of_few_words_ends_in_a_message_and_nothing_is_written(tmp_path):
    matrix = write_small(tmp_path, ["puck", "moon"], np.ones((3, 4)))
    with pytest.raises(UserError, match="needs 11 words"):
        run_evaluate(tmp_path / "out", tmp_path, matrix)
    assert not (tmp_path / "out").exists()


def test_without_test_documents_and_training_there_are_maps_of_words_alone(tmp_path):
    words = ["w" + chr(97 + n) * 3 for n in range(14)]
    rows = np.random.default_rng(1).normal(size=(15, 4))
    tables = run_evaluate(tmp_path / "out", tmp_path, write_small(tmp_path, words, rows))
    assert set(tables["quality"]["points"]) == {"words"}
    assert len(tables["maps"]) == 28
    for name in ("document_maps", "documents", "moved", "movement"):
        assert tables[name].empty, name
        assert len(tables[name].columns) >= 3, name
    assert tables["analogies"]["rank"].isna().all()


def test_all_sets_are_compared_on_the_same_words(tables, tiny):
    missing = set(pl.read_parquet(tiny / "glove/missing.parquet")["word"])
    near = ", ".join([*tables["moved"]["near_before"], *tables["moved"]["near_after"]])
    assert not missing & {*tables["neighbours"]["neighbour"], *near.split(", ")}
    count = tables["embeddings"]["words"].tolist()
    assert count[1] - count[0] == len(missing)


def test_neighbours_are_words_although_some_ids_have_none(tmp_path):
    """As with a word index: padding, two special tokens and an unused id come before the words."""
    words = ["w" + chr(97 + n) * 3 for n in range(12)]
    ids = [1, 2, *range(4, 16)]
    rows = np.random.default_rng(1).normal(size=(16, 4))
    rows[:4] = rows[4]  # nearer to the first word than any other word
    given = write_small(tmp_path, [*SPECIAL, *words], rows)
    vocabulary = words_of([*SPECIAL, *words]).with_columns(id=pl.Series(ids, dtype=pl.Int32))
    vocabulary.write_parquet(tmp_path / "words/vocabulary.parquet")
    made = run_evaluate(tmp_path / "out", tmp_path, given)
    vectors = dict(zip(words, similarity.unit_rows(rows[4:]), strict=True))
    for row in made["neighbours"].itertuples():
        assert row.cosine == pytest.approx(vectors[row.word] @ vectors[row.neighbour], abs=1e-5)
    assert words[0] in set(made["neighbours"]["word"])
    assert made["embeddings"][["words", "vocabulary", "in_all"]].to_numpy().tolist() == [[12] * 3]
    about = (tmp_path / "out/projector/glove-before/metadata.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in about[1:]] == words
