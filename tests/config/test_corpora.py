import pytest
from configurations import FOLDERS, GIVEN_PARTS, SHARES, TABLE, changed, messages, mine

from seq2report.config.corpora import circumstances


@pytest.mark.parametrize(
    "changes",
    [
        {"corpora.x": FOLDERS | {"split": SHARES}},
        {"corpora.x": FOLDERS | {"split": {"validation": 0.1, "seed": 1}, "header": "cut"}},
        mine(split=SHARES | {"stratify": True}),
        mine(columns=GIVEN_PARTS, split={"validation": 0.1, "seed": 1}),
        mine("mine.zip"),
        *(mine(f"m.{ending}") for ending in ("tgz", "TXZ", "tbz2", "tbz", "tar.zst")),
        mine("m.TSV.gz", encoding="latin-1"),
        mine("m.json", encoding="latin-1"),
        mine(header=False, columns={"text": [2, "3"], "label": 1}),
        {"fit.class_weight": "balanced"},
    ],
)
def test_an_own_corpus_may_be_told_in_these_ways(changes):
    assert messages(changed(changes)) == []


@pytest.mark.parametrize(
    ("corpus", "split", "header"),
    [
        ({"format": "newsgroups", "split": {"test": 0.2, "seed": 7}}, "random 80/20, s", "keep"),
        ({"format": "newsgroups_bydate", "header": "cut", "split": {"seed": 1}}, "the c", "cut"),
        ({"format": "imdb", "split": {"seed": 1}}, "the corpus's own test split", "none"),
        (FOLDERS | {"split": SHARES}, "random 80/20, seed 7", "none"),
        (FOLDERS | {"split": SHARES, "header": "keep"}, "random 80/20, seed 7", "keep"),
        (
            TABLE
            | {
                "columns": TABLE["columns"] | {"group": "author"},
                "split": SHARES | {"stratify": True},
            },
            "random 80/20, stratified by class, no 'author' in two splits, seed 7",
            "none",
        ),
        (
            TABLE | {"columns": GIVEN_PARTS, "split": {"validation": 0.1, "seed": 1}},
            "the corpus's own test split",
            "none",
        ),
    ],
)
def test_what_the_figures_of_a_corpus_hang_on_is_told_in_words(corpus, split, header):
    description = circumstances(corpus)
    assert description["split"].startswith(split)
    assert description["header"] == header


def test_a_random_split_tells_its_seed():
    split = {"test": 0.25, "validation": 0.1, "seed": 7}
    description = circumstances({"format": "newsgroups", "split": split})
    assert description["split"] == "random 75/25, seed 7"
