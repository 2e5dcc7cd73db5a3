from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2report.documents import near_duplicates as near
from seq2report.documents.duplicates import read_digests
from seq2report.documents.tokens import tokens

SCHEMA = {"id": pl.String, "text": pl.String, "label": pl.String, "split": pl.String}
REVIEW = (
    "This is one of the best films that I have seen in years. The actors are excellent, the story"
    " is told without haste, and the ending came as a surprise to everybody in the cinema. See it."
)
CHINESE = (
    "这是我多年来看过的最好的电影之一演员非常出色故事讲得不慌不忙结局让电影院里的每个人都大吃一惊"
)


def write(folder, rows, group=4):
    path = folder / "documents.parquet"
    pl.DataFrame(rows, SCHEMA, orient="row").write_parquet(path, row_group_size=group)
    return path, near.number(read_digests(path))


def found(folder, texts):
    """Return the pairs of numbers of near duplicates, with their similarity."""
    rows = [(f"{n:06}", text, "a", "train") for n, text in enumerate(texts)]
    path, numbered = write(folder, rows, max(4, len(rows) // 3))
    return {
        (first, second): similarity
        for first, second, similarity in near.find(path, numbered).iter_rows()
    }


def ngrams(text):
    """The definition, with Python's sets."""
    words = tokens([" ".join(text.split())])[0].to_pylist()
    return {tuple(words[n : n + 5]) for n in range(max(min(1, len(words)), len(words) - 4))}


def similarity(a, b):
    return len(ngrams(a) & ngrams(b)) / max(1, len(ngrams(a) | ngrams(b)))


def test_copies_of_a_review_are_found_with_their_similarity(tmp_path):
    words = REVIEW.split()
    quoted = "> " + " ".join(words[:18]) + "\n> " + " ".join(words[18:])
    texts = [REVIEW, quoted, REVIEW.upper(), " ".join(words[:-3]), REVIEW.replace("told", "made")]
    texts += [" ".join(words[5:] + words[:5]), " ".join(reversed(words)), " ".join(words[:20])]
    # 37 words have 33 sequences of five; a changed word is in five of them.
    assert len(words) == 37
    pairs = found(tmp_path, texts)
    assert {pair: pairs[pair] for pair in pairs if pair[0] == 0} == {
        (0, 1): 1,
        (0, 2): 1,
        (0, 3): 30 / 33,  # the last three words are left out
    }


def test_a_text_of_fewer_than_five_words_is_compared_as_a_whole(tmp_path):
    texts = [
        "Very good!",
        "very good",
        "good",
        "very, very good",
        "",
        "!!!",
        "???",
        "one two a b c",
    ]
    texts += ["one two a b", "ONE two a b."]
    assert found(tmp_path, texts) == {(0, 1): 1, (8, 9): 1}


def test_in_scripts_without_blanks_each_character_is_a_word(tmp_path):
    changed = CHINESE[:-1] + "奇"
    pairs = found(tmp_path, [CHINESE, f"《{CHINESE}》。", changed, CHINESE[::-1]])
    n = len(CHINESE) - 4
    assert pairs == {(0, 1): 1, (0, 2): (n - 1) / (n + 1), (1, 2): (n - 1) / (n + 1)}


VOCABULARY = ["a", "b", "c", "d"]


@st.composite
def texts(draw):
    """Texts, half of them copies of another one with some words changed, added or left out."""
    made = draw(
        st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=40), min_size=1, max_size=8)
    )
    for _ in range(draw(st.integers(0, 8))):
        copy = list(draw(st.sampled_from(made)))
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(copy)))
            copy[at : at + draw(st.integers(0, 2))] = draw(
                st.lists(st.sampled_from(VOCABULARY), max_size=2)
            )
        made.append(copy)
    return [" ".join(words) for words in made]


@settings(max_examples=50)
@given(made=texts())
def test_pairs_are_those_of_brute_force_with_their_similarity(tmp_path_factory, made):
    folder = tmp_path_factory.mktemp("near")
    made = list(dict.fromkeys(made))
    pairs = found(folder, made)
    expected = {(a, b): similarity(made[a], made[b]) for a, b in combinations(range(len(made)), 2)}
    expected = {pair: value for pair, value in expected.items() if value >= 0.8}
    assert pairs.items() <= expected.items()
    missed = [value for pair, value in expected.items() if pair not in pairs]
    assert all(value < 0.9 for value in missed)  # one of 10^7 with .9, one of 3,000 with .8
    assert len(missed) <= 1


def random_copies(rng, count, words=60, changed=2):
    """Texts, each followed by a copy in which some words are replaced."""
    names = np.array([f"w{n}" for n in range(5000)], object)
    made = []
    for text in names[rng.integers(5000, size=(count, words))]:
        copy = text.copy()
        copy[rng.choice(words, changed, replace=False)] = names[rng.integers(5000, size=changed)]
        made += [" ".join(text), " ".join(copy)]
    return made


def test_nearly_all_pairs_at_the_limit_are_found(tmp_path):
    made = random_copies(np.random.default_rng(1), 1000, words=60, changed=1)
    made += random_copies(np.random.default_rng(2), 1000, words=54, changed=1)
    expected = {
        (n, n + 1): value
        for n in range(0, len(made), 2)
        if (value := similarity(made[n], made[n + 1])) >= 0.8
    }
    at_limit = sum(value < 0.85 for value in expected.values())
    assert at_limit > 500
    pairs = found(tmp_path, made)
    assert pairs.items() <= expected.items()
    assert len(expected) - len(pairs) <= 0.001 * len(expected) + 1


@pytest.mark.reliability("Bad corpora")
def test_many_copies_with_one_other_word_are_no_pairs_of_all_with_all(tmp_path):
    many = 5_000  # as pairs of all with all 12.5 million
    template = " ".join(f"w{n}" for n in range(60))
    made = [f"{template} {n}" for n in range(many)]
    splits = ["train", "test", "validation", "unlabelled"]
    rows = [
        (f"{n:06}", text, None if n % 4 == 3 else "abc"[3 * n // many], splits[n % 4])
        for n, text in enumerate(made)
    ]
    path, numbered = write(tmp_path, rows, 1000)
    pairs = near.find(path, numbered)
    assert pairs.height < 50 * many
    assert near.nearly_leaked(numbered, pairs)["id"].len() == many / 4
    assert near.nearly_leaked(numbered, pairs)["same_label"].all()
    counts = near.count_near(numbered, pairs).sort("part", "among")
    assert counts["near"].to_list() == [many / 4] * 3 + [many / 2] * 3 + [many / 4] * 3


def test_only_documents_without_an_exact_duplicate_are_near_duplicates(tmp_path):
    words = [f"w{n}" for n in range(40)]
    text, other = " ".join(words), " ".join([*words, "more"])
    longer = " ".join([*words, "more", "words"])
    rows = [
        ("a", text, "x", "test"),
        ("b", text, "x", "train"),
        ("c", other, "y", "test"),
        ("d", other, "y", "test"),
        ("e", longer, "x", "validation"),
        ("f", longer, "y", "unlabelled"),
        ("g", "", "y", "train"),
    ]
    path, numbered = write(tmp_path, rows)
    pairs = near.find(path, numbered)
    leaks = near.nearly_leaked(numbered, pairs)
    assert leaks.rows() == [(name, False, 37 / 38, "e", "x") for name in "cd"]
    counts = {row[:2]: row[2] for row in near.count_near(numbered, pairs).iter_rows()}
    assert counts["test", "training"] == 2


@pytest.mark.reliability("Repeatability")
def test_the_hashes_of_texts_are_the_same_on_every_machine():
    grams, counts = near.ngrams(["one two three four five six", "ß 中文 🙂", ""])
    assert grams.tolist() == [2613417527943638645, 1411409523372604297, 977942317291742946]
    assert counts.tolist() == [2, 1, 0]
    assert near.bands(grams, counts)[:3, 0].tolist() == [800067694, 3987980611, 2239719573]
