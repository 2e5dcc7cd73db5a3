"""Answers from elsewhere: their settings, sources and runs."""

import pytest
from configurations import changed, messages, settings_of

from seq2report.config.grids import with_grids
from seq2report.config.plan import Plan
from seq2report.config.resolve import run_seeds

SOURCE = {"file": "answers.csv", "from": [{"url": "file:answers.csv"}]}
CHANGES = {
    "sources.mine": SOURCE,
    "sources.other": SOURCE | {"file": "other.csv"},
    "compare.corpora": ["imdb"],
    "compare.variants": ["tfidf_svm", "told", "both"],
    "compare.labels.variants": [],
    "seeds": [3, 4],
    "variants.told": {"title": "Told", "predictions": {"source": "mine"}},
    "variants.both": {
        "title": "Both",
        "ensemble": {"members": ["told", "tfidf_svm"], "method": "stack"},
    },
}
BY_CORPUS = {"imdb": "mine", "newsgroups": "other"}
TWO = {"compare.corpora": ["imdb", "newsgroups"]}


def test_answers_have_one_run_and_their_source():
    config = changed(CHANGES)
    assert messages(config) == []
    assert settings_of(config, "told") == {"predictions": {"source": "mine"}}
    assert run_seeds(config, "imdb", "told") == [3]
    plan = Plan(config)
    trainings = [("tfidf_svm", 3), ("tfidf_svm", 4), ("told", 3), ("both", 3), ("both", 4)]
    assert [(name, seed) for name, seed, _ in plan.trainings("imdb")] == trainings
    assert "mine" in plan.used_sources()
    assert plan.ensemble_methods("told") == ["stack"]
    assert plan.variants["told"].run_files() == [
        *("metrics.json", "predictions.parquet", "history.csv", "validation.parquet")
    ]


def test_each_corpus_has_its_source_and_settings_are_inherited():
    told = {"title": "T", "predictions": {"source": BY_CORPUS, "cost": {"money": "$4"}}}
    again = {"title": "A", "extends": "told", "predictions": {"cost": {"seconds": 2.5}}}
    config = changed(CHANGES | TWO | {"variants.told": told, "variants.again": again})
    assert messages(config) == []
    assert {"mine", "other"} <= set(Plan(config).used_sources())
    expected = {"source": BY_CORPUS, "cost": {"seconds": 2.5}}
    assert settings_of(config, "again") == {"predictions": expected}


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("predictions", "more", "message"),
    [
        ({}, {}, ": 'source' is missing: the name of the source with the answers"),
        ({"source": "min"}, {}, ".source: unknown 'min'; did you mean 'mine'? "),
        ({"source": "mine"}, TWO, ".source: found one source for 2 corpora; expected one per cor"),
        ({"source": {"imdb": "mine"}}, TWO, ".source: the corpus 'newsgroups' is missing; add i"),
        ({"source": BY_CORPUS | {"imbd": "x"}}, TWO, ".source: unknown corpus 'imbd'; did you m"),
        ({"source": {"imdb": "min"}}, {}, ".source: unknown 'min'; did you mean 'mine'? "),
        ({"source": "mine", "cost": {"money": 4}}, {}, ".cost.money: found 4, expected text"),
        ({"source": "mine", "cost": {"seconds": -1}}, {}, ".cost.seconds: found -1, expected at "),
        ({"source": "mine", "cost": {"hours": 1}}, {}, ".cost: unknown key 'hours'; allowed: "),
        ({"source": ["mine"]}, {}, ".source: found ['mine'], expected text"),
    ],
)
def test_a_mistake_of_answers_is_one_line(predictions, more, message):
    told = {"variants.told": {"title": "Told", "predictions": predictions}}
    first = messages(changed(CHANGES | more | told))[0]
    assert first.startswith(f"variants.told.predictions{message}")


def test_answers_cannot_be_chosen():
    told = {"title": "T", "choose": {}, "predictions": {"source": {"grid": ["mine", "other"]}}}
    config = with_grids(changed(CHANGES | {"variants.told": told}))
    config["compare"]["variants"].remove("both")
    expected = "variants.told.choose: answers from elsewhere cannot be chosen; remove 'choose' to"
    assert any(message.startswith(expected) for message in messages(config))


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("key", ["pipeline", "layers", "input", "fit"])
def test_answers_are_nothing_else(key):
    other = {"pipeline": [{"LinearSVC": {}}], "layers": [{"Flatten": {}}], "input": {}, "fit": {}}
    told = CHANGES["variants.told"] | {key: other[key]}
    expected = f"variants.told: '{key}' and 'predictions' exclude each other; remove one of them"
    assert expected in messages(changed(CHANGES | {"variants.told": told}))
