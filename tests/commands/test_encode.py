import json
from collections import Counter

import polars as pl
import pytest
from helpers import lecture_tokens, lists_of
from hypothesis import given
from hypothesis import strategies as st

import encode
from seq2report.core.command import UserError


def run_encode(folder, output, **settings):
    settings = {"num_words": 100, "fit": "train"} | settings
    documents = f"--documents {folder}/documents.parquet --output {output} --settings".split()
    encode.main([*documents, json.dumps(settings)])
    return (
        pl.read_parquet(output / "vocabulary.parquet"),
        lists_of(output / "sequences.parquet"),
        json.loads((output / "encoding.json").read_text()),
    )


def test_ids_stay_below_num_words(tiny, tmp_path):
    words, sequences, summary = run_encode(tiny, tmp_path / "e", num_words=100)
    assert words["id"].to_list() == list(range(1, 100))
    assert sequences["tokens"].explode(empty_as_null=True).max() == 99
    assert summary["num_words"] == 100
    assert summary["unique_tokens"] > 100


def test_words_are_counted_in_training_documents_alone_or_in_all(tiny, tmp_path):
    documents = pl.read_parquet(tiny / "documents.parquet")
    train = documents.filter(pl.col("split") == "train")
    words, _, _ = run_encode(tiny, tmp_path / "t", fit="train", num_words=10**6)
    assert set(words["word"]) == {w for text in train["text"] for w in lecture_tokens(text)}
    words, sequences, _ = run_encode(tiny, tmp_path / "a", fit="all", num_words=10**6)
    assert set(words["word"]) == {w for text in documents["text"] for w in lecture_tokens(text)}
    assert sequences.height == documents.height


def test_training_documents_without_a_word_are_refused(tmp_path):
    rows = {"id": ["1", "2"], "text": ["...", "word"], "label": ["a", "b"]}
    documents = pl.DataFrame(rows | {"split": ["train", "test"]})
    documents.write_parquet(tmp_path / "documents.parquet")
    with pytest.raises(UserError, match="1 documents whose words are counted have no word"):
        run_encode(tmp_path, tmp_path / "e")
    assert not (tmp_path / "e").exists()


TEXTS = st.lists(
    st.tuples(st.text("ab cD.", max_size=12), st.sampled_from(["train", "test"])), min_size=1
).filter(lambda rows: any(lecture_tokens(text) for text, split in rows if split == "train"))


@given(TEXTS, st.integers(1, 4), st.sampled_from(["train", "all"]), st.integers(2, 5))
def test_files_are_the_same_however_documents_lie_in_row_groups(
    tmp_path_factory, rows, group, fit, num_words
):
    folder = tmp_path_factory.mktemp("groups")
    documents = pl.DataFrame(
        {
            "id": [f"{n:03}" for n in range(len(rows))],
            "text": [text for text, _ in rows],
            "label": ["a"] * len(rows),
            "split": [split for _, split in rows],
        }
    )
    documents.write_parquet(folder / "documents.parquet", row_group_size=group)
    words, sequences, summary = run_encode(folder, folder / "e", fit=fit, num_words=num_words)
    lists = [lecture_tokens(text) for text, _ in rows]
    chosen = [
        document for document, (_, to) in zip(lists, rows, strict=True) if fit == "all" or to == fit
    ]
    ranked = Counter(word for document in chosen for word in document).most_common()
    expected = [
        (n, word, count, sum(word in document for document in chosen))
        for n, (word, count) in enumerate(ranked[: num_words - 1], start=1)
    ]
    assert words.rows() == expected
    ids = {word: n for n, word, _, _ in expected}
    assert sequences["tokens"].to_list() == [
        [ids[w] for w in document if w in ids] for document in lists
    ]
    assert sequences.drop("tokens").equals(documents.select("id", "split", "label"))
    assert summary == {
        "fit": fit,
        "unique_tokens": len(ranked),
        "tokens": sum(count for _, count in ranked),
        "num_words": len(expected) + 1,
        "kept_tokens": sum(count for _, _, count, _ in expected),
    }


def test_nothing_but_the_four_files_is_left(tiny, tmp_path):
    run_encode(tiny, tmp_path / "e")
    assert {path.name for path in (tmp_path / "e").iterdir()} == {
        "encoding.json",
        "sequences.parquet",
        "tokens.npy",
        "vocabulary.parquet",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["e"]
