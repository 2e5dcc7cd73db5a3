import json
from collections import Counter
from statistics import median

import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import in_memory, lists_of, write_sequences
from hypothesis import given
from hypothesis import strategies as st

import evaluate_corpus as corpus
from seq2report.core.command import UserError
from seq2report.core.excerpts import without_contacts
from seq2report.core.tables import read_tables
from seq2report.documents.tokens import SPECIAL, tokens

TABLES = {
    *("corpus", "classes", "lengths", "cuts", "growth", "heaps", "outside", "words", "encoding"),
    *("scripts", "coverage", "missing", "examples", "document", "document_words", "document_row"),
}
COLUMNS = {
    "coverage": ["embedding", "dimensions", "words", "words_found", "tokens", "tokens_found"],
    "missing": ["embedding", "word", "count", "documents"],
}
READER = {"length": 70, "padding": "pre", "truncating": "pre"}
SIDES = st.sampled_from(["pre", "post"])
TEXTS = st.lists(st.text("ab c.\n"), min_size=1, max_size=12)


def run_evaluate(output, corpus_file, documents, words, *embeddings, readers=(READER,)):
    corpus.main(
        [
            *("--corpus", str(corpus_file), "--title", "Tiny", "--documents", str(documents)),
            *("--vocabulary", str(words / "vocabulary.parquet")),
            *("--encoding", str(words / "encoding.json")),
            *("--sequences", str(words / "sequences.parquet"), "--readers", json.dumps(readers)),
            *("--coverage", *(str(folder / "coverage.json") for folder in embeddings)),
            *("--missing", *(str(folder / "missing.parquet") for folder in embeddings)),
            *("--output", str(output)),
        ]
    )
    return read_tables(output)


@pytest.fixture(scope="module")
def documents(tiny):
    rows = pl.read_parquet(tiny / "documents.parquet").to_dicts()
    ids = lists_of(tiny / "words/sequences.parquet")["tokens"].to_list()
    return [
        row | {"words": tokens([row["text"]])[0].to_pylist(), "ids": of_row}
        for row, of_row in zip(rows, ids, strict=True)
    ]


@pytest.fixture(scope="module")
def vocabulary(tiny):
    words = pl.read_parquet(tiny / "words/vocabulary.parquet")
    return dict(zip(words["word"], words["id"], strict=True))


@pytest.fixture(scope="module")
def tables(tiny, tmp_path_factory):
    output = tmp_path_factory.mktemp("corpus") / "tables"
    read = tiny / "corpus.json", tiny / "documents.parquet"
    return run_evaluate(output, *read, tiny / "words", tiny / "glove")


def test_documents_are_counted_by_class_and_by_length(tables, documents):
    assert set(tables) == TABLES
    rows = tables["classes"].set_index(["split", "label"])["documents"].to_dict()
    assert rows == Counter((d["split"], d["label"]) for d in documents)
    rows = tables["lengths"].set_index(["counted", "split", "words"])["documents"].to_dict()
    assert rows == Counter(
        (counted, d["split"], len(d[counted])) for d in documents for counted in ("words", "ids")
    )


def test_a_cut_loses_what_stands_behind_it(tables, documents):
    cuts = tables["cuts"].set_index("cut")
    assert cuts.index.tolist() == [25, 50, 70, 100, 150, 200, 400, 800]
    assert cuts.index[cuts["configured"]].tolist() == [70]
    for cut, row in cuts.iterrows():
        assert row["documents"] == len(documents)
        assert row["longer"] == sum(len(d["ids"]) > cut for d in documents)
        assert row["ids"] == sum(len(d["ids"]) for d in documents)
        assert row["lost"] == sum(len(d["ids"][cut:]) for d in documents)
        assert row["numbers"] == cut * len(documents)
        assert row["zeros"] == sum(cut - len(d["ids"][:cut]) for d in documents)


def test_words_outside_the_vocabulary_are_counted_by_split(tables, documents, vocabulary):
    rows = tables["outside"].set_index("split")
    assert sorted(rows.index) == ["test", "train", "validation"]
    for split, row in rows.iterrows():
        words = [word for d in documents if d["split"] == split for word in d["words"]]
        assert row["words"] == len(words)
        assert row["unknown"] == sum(word not in vocabulary for word in words) > 0


def count(folder, texts, splits, size):
    """What `count_words` makes of these documents, ``size`` of them a row group."""
    rows = {"id": list(map(str, range(len(texts)))), "text": texts, "split": splits, "label": "x"}
    pl.DataFrame(rows).write_parquet(folder / "d.parquet", row_group_size=size)
    return corpus.count_words(folder / "d.parquet", pl.DataFrame({"word": ["a", "b"]}))


@given(TEXTS, st.data())
def test_words_are_counted_as_they_stand_however_documents_are_grouped(
    tmp_path_factory, texts, data
):
    splits = data.draw(
        st.lists(st.sampled_from(["train", "test"]), min_size=len(texts), max_size=len(texts))
    )
    folder = tmp_path_factory.mktemp("count")
    found = count(folder, texts, splits, data.draw(st.integers(1, 12)))
    met = set()
    for row, text, split in zip(found.to_dicts(), texts, splits, strict=True):
        words = tokens([text])[0].to_pylist()
        met |= set(words) if split == "train" else set()
        assert row["words"] == len(words)
        assert row["known"] == sum(word in ("a", "b") for word in words)
        assert row["different"] == len(met)


@given(TEXTS, st.integers(1, 5))
def test_growth_never_falls_and_ends_at_the_number_of_different_words(
    tmp_path_factory, texts, points
):
    counted = count(tmp_path_factory.mktemp("growth"), texts, ["train"] * len(texts), 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "POINTS", points)
        curve = corpus.growth(counted)
    words = [word for text in texts for word in tokens([text])[0].to_pylist()]
    assert 1 <= curve.height <= points
    assert curve["words"].is_sorted()
    assert curve["different"].is_sorted()
    assert curve.row(-1) == (len(words), len(set(words)))
    for read, different in curve.rows():
        assert different == len(set(words[:read]))


def test_growth_of_a_corpus_ends_at_the_words_that_are_counted(tables):
    (encoding,) = tables["encoding"].to_dict("records")
    last = tables["growth"].iloc[-1]
    assert (last["words"], last["different"]) == (encoding["tokens"], encoding["unique_tokens"])


@given(st.floats(0.1, 50), st.floats(0.05, 1))
def test_the_law_is_found_again_where_words_follow_it(k, beta):
    words = np.array([10, 100, 1000, 5000])
    found = corpus.heaps(pl.DataFrame({"words": words, "different": k * words**beta}))
    assert found == pytest.approx((k, beta), rel=1e-6)


def test_a_law_of_a_single_point_is_none():
    curve = pl.DataFrame({"words": [0, 5], "different": [0, 3]})
    assert np.isnan(corpus.heaps(curve)).all()


def test_examples_are_the_training_documents_of_middling_length_a_class(tables, documents):
    train = {d["id"]: d for d in documents if d["split"] == "train"}
    assert tables["examples"]["label"].tolist() == ["rec.sport.hockey", "sci.space"]
    for row in tables["examples"].to_dict("records"):
        document = train[row["id"]]
        assert document["label"] == row["label"]
        lengths = [len(d["words"]) for d in train.values() if d["label"] == row["label"]]
        distances = [abs(length - median(lengths)) for length in lengths]
        assert abs(row["words"] - median(lengths)) == min(distances)
        assert row["words"] == len(document["words"])
        assert len(row["text"]) <= corpus.EXCERPT
        shown = row["text"].removesuffix("…")
        assert " ".join(document["text"].split()).startswith(shown)


def test_one_document_is_followed_from_its_text_to_a_padded_row(tables, documents, vocabulary):
    (about,) = tables["document"].to_dict("records")
    (document,) = (d for d in documents if d["id"] == about["id"])
    assert (document["split"], document["label"]) == ("train", about["label"])
    assert about["text"].split() == document["text"].split()
    assert {key: about[key] for key in READER} == READER
    words, row = tables["document_words"], tables["document_row"]
    assert words["word"].tolist() == document["words"]
    ids = [vocabulary.get(word, 0) for word in document["words"]]
    assert words["word_id"].fillna(0).tolist() == ids
    kept = document["ids"][-70:]
    assert row["id"].tolist() == [0] * (70 - len(kept)) + kept
    assert row["word"].dropna().tolist() == words.loc[words["lost"] == "", "word"].tolist()


def test_the_document_that_is_followed_loses_something_and_is_short():
    def chosen(*rows):
        columns = ["id", "split", "words", "known"]
        return corpus.short(pl.DataFrame(rows, schema=columns, orient="row"))[0]

    whole, far, near = ("a", "train", 50, 50), ("b", "train", 90, 80), ("c", "train", 53, 40)
    assert chosen(whole, far) == "b"
    assert chosen(far, near, whole) == "c"
    assert chosen(near, ("d", "train", 47, 46), ("e", "test", 50, 49)) == "d"
    assert chosen(whole, ("f", "train", 10, 10)) == "a"


WORDS = pl.DataFrame(
    {"id": [1, 2, 3, 4], "word": [*SPECIAL, "a", "b"]}, schema_overrides={"id": pl.Int32}
)


@given(st.lists(st.sampled_from("abxy")), st.booleans(), st.integers(1, 8), SIDES, SIDES)
def test_a_word_is_lost_if_it_is_not_in_the_row(words, marked, length, padding, truncating):
    vocabulary = WORDS if marked else WORDS[2:]
    spelled = corpus.spell(" ".join(words), vocabulary)
    ids = spelled["word_id"].drop_nulls().to_list()
    rows = {"id": ["d"], "split": ["train"], "label": ["x"], "tokens": [ids]}
    document = in_memory(pl.DataFrame(rows, schema_overrides={"tokens": pl.List(pl.Int32)}))
    reader = {"length": length, "padding": padding, "truncating": truncating}
    followed, row = corpus.follow(spelled, document, vocabulary, reader)
    assert row.height == length
    back = [word for word in row["word"] if word is not None]
    kept = followed.filter(pl.col("lost").is_in(["", "unknown"]))
    marks = ["<unknown>" if lost else word for word, lost in kept.select("word", "lost").rows()]
    assert back == marks
    cut = followed.filter(pl.col("lost") == "cut").height
    assert cut == max(0, len(ids) - length)
    dropped = followed.filter(pl.col("lost") == "no id")["word"].to_list()
    assert dropped == ([] if marked else [word for word in words if word in "xy"])


def test_where_no_network_reads_words_nothing_is_padded_or_cut(tiny, tmp_path):
    read = tiny / "corpus.json", tiny / "documents.parquet"
    tables = run_evaluate(tmp_path / "t", *read, tiny / "words", readers=())
    assert not tables["cuts"]["configured"].any()
    assert (tables["document_row"]["id"] > 0).all()
    assert set(tables["document_words"]["lost"]) == {"", "no id"}


def test_row_groups_make_no_difference(tables, tiny, tmp_path):
    rows = pl.read_parquet(tiny / "documents.parquet")
    rows.write_parquet(tmp_path / "documents.parquet", row_group_size=7)
    read = tiny / "corpus.json", tmp_path / "documents.parquet"
    found = run_evaluate(tmp_path / "t", *read, tiny / "words", tiny / "glove")
    for name in TABLES:
        pd.testing.assert_frame_equal(found[name], tables[name])


def test_coverage_and_missing_words_carry_the_name_of_the_embedding(tables, tiny):
    (row,) = tables["coverage"].to_dict("records")
    assert row == {"embedding": "glove", **json.loads((tiny / "glove/coverage.json").read_text())}
    missing = pl.read_parquet(tiny / "glove/missing.parquet")["word"].to_list()
    assert tables["missing"]["word"].tolist() == missing[: corpus.TOP_WORDS]
    for name, columns in COLUMNS.items():
        assert tables[name].columns.tolist() == columns


def test_without_embeddings_both_tables_have_their_columns_and_no_rows(tiny, tmp_path):
    read = tiny / "corpus.json", tiny / "documents.parquet"
    tables = run_evaluate(tmp_path / "t", *read, tiny / "words")
    for name, columns in COLUMNS.items():
        for table in (tables[name], pd.read_csv(tmp_path / f"t/{name}.csv")):
            assert (len(table), table.columns.tolist()) == (0, columns)


def test_sequences_of_other_documents_are_refused(tiny, tmp_path):
    pl.read_parquet(tiny / "documents.parquet")[::-1].write_parquet(tmp_path / "d.parquet")
    with pytest.raises(
        UserError, match=r"sequences\.parquet: found other documents than in .*d\.p"
    ):
        run_evaluate(tmp_path / "t", tiny / "corpus.json", tmp_path / "d.parquet", tiny / "words")


def test_unlabelled_documents_are_counted_and_never_an_example(tiny, tmp_path):
    def unlabelled(rows):
        return rows.head(3).with_columns(
            id=pl.concat_str(pl.lit("unlabelled/"), "id"),
            label=pl.lit(None, pl.String),
            split=pl.lit("unlabelled"),
        )

    documents = pl.read_parquet(tiny / "documents.parquet")
    pl.concat([documents, unlabelled(documents)]).write_parquet(tmp_path / "documents.parquet")
    encoded = lists_of(tiny / "words/sequences.parquet")
    encoded = encoded.cast({"split": pl.String, "label": pl.String})
    write_sequences(tmp_path / "words", pl.concat([encoded, unlabelled(encoded)]))
    for name in ("vocabulary.parquet", "encoding.json"):
        (tmp_path / "words" / name).write_bytes((tiny / "words" / name).read_bytes())
    about = json.loads((tiny / "corpus.json").read_text())
    about["counts"].append({"split": "unlabelled", "label": None, "documents": 3})
    (tmp_path / "corpus.json").write_text(json.dumps(about))
    tables = run_evaluate(
        *(tmp_path / "t", tmp_path / "corpus.json", tmp_path / "documents.parquet"),
        tmp_path / "words",
    )
    classes = tables["classes"].set_index("split").loc["unlabelled"]
    assert (classes["documents"], pd.isna(classes["label"])) == (3, True)
    lengths = tables["lengths"].query("split == 'unlabelled' and counted == 'words'")
    assert lengths["documents"].sum() == 3
    assert (tables["cuts"]["documents"] == documents.height).all()
    for name in ("examples", "document"):
        assert not tables[name]["id"].str.startswith("unlabelled").any()


def test_words_of_contacts_are_hidden_where_every_document_has_one():
    text = "Write to jane@example.org now"
    words = pl.DataFrame({"word": ["write", "to", "jane", "example", "org", "now", None]})
    shown = corpus.hide(words, text, without_contacts(text))["word"].to_list()
    assert shown == ["write", "to", "•", "•", "•", "now", None]
    assert corpus.hide(words, text, text).equals(words)
