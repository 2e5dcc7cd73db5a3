"""Ensembles and their members."""

import copy

import pytest
from configurations import (
    COMMITTED,
    ENSEMBLE,
    LEAVE_OUT,
    changed,
    messages,
    settings_of,
    with_variants,
)

LECTURE = {"extends": "glove_lstm", "title": "L", "fit": {"protocol": "lecture"}}
ENSEMBLE_MISTAKES = [
    ({"members": ["tfidf_svm"]}, ".members: found ['tfidf_svm'], expected at least 2"),
    ({"members": []}, ".members: found [], expected at least 2"),
    (
        {"members": ["tfidf_svm"] * 2},
        ".members: ['tfidf_svm', 'tfidf_svm'] has non-unique elements",
    ),
    ({"members": "tfidf_svm"}, ".members: found 'tfidf_svm', expected a list"),
    (
        {"members": ["tfidf_svm", "glove_lst"]},
        ".members: unknown 'glove_lst'; did you mean 'glove_lstm'? ",
    ),
    (
        {"members": ["tfidf_svm", "both"]},
        ".members: 'both' is an ensemble; name its members instead",
    ),
    (
        {"members": ["tfidf_svm", "e"]},
        ".members: 'e' is an ensemble; name its members instead",
    ),
    (
        {"members": ["tfidf_svm", "lecture"]},
        ".members: 'lecture' has 'protocol: lecture', which fits the validation documents;"
        " name a variant without it",
    ),
    ({"method": "votes"}, ".method: found 'votes'; did you mean 'vote'? allowed: vote, stack"),
    ({"methods": "vote"}, ": unknown key 'methods'; did you mean 'method'?"),
    ({"members": LEAVE_OUT}, ": 'members' is missing"),
    ({"method": LEAVE_OUT}, ": 'method' is missing"),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("changes", "message"), ENSEMBLE_MISTAKES)
def test_a_mistake_of_an_ensemble_is_one_line(changes, message):
    encodings = COMMITTED["encodings"] | {"words": {"num_words": 100, "fit": "all"}}
    other = copy.deepcopy(ENSEMBLE)
    config = with_variants(both=other, lecture=LECTURE, e=ENSEMBLE) | {"encodings": encodings}
    assert messages(config) == []
    changes = {f"variants.e.ensemble.{key}": value for key, value in changes.items()}
    (found,) = messages(changed(changes, config))
    assert found.startswith(f"variants.e.ensemble{message}")


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("key", ["pipeline", "input", "layers", "fit"])
def test_an_ensemble_is_nothing_else(key):
    other = {
        **{"pipeline": [{"LinearSVC": {}}], "input": {"length": 9}},
        **{"layers": [{"Flatten": {}}], "fit": {"epochs": 3}},
    }
    assert messages(with_variants(e={**ENSEMBLE, key: other[key]})) == [
        f"variants.e: '{key}' and 'ensemble' exclude each other; remove one of them"
    ]


def test_an_ensemble_takes_over_what_it_does_not_name():
    config = with_variants(
        e=ENSEMBLE, f={"extends": "e", "title": "F", "ensemble": {"method": "stack"}}
    )
    assert messages(config) == []
    expected = {"members": ["tfidf_svm", "glove_lstm"], "method": "stack"}
    assert settings_of(config, "f") == {"ensemble": expected}


def test_a_linear_model_is_a_member_whatever_networks_are_fitted_by():
    config = with_variants(
        e={"title": "E", "ensemble": {"members": ["tfidf_svm", "bayes"], "method": "vote"}},
        bayes={"title": "NB", "pipeline": [{"MultinomialNB": {}}]},
    )
    config["fit"]["protocol"] = "lecture"
    config["variants"] = {name: config["variants"][name] for name in ("e", "tfidf_svm", "bayes")}
    config["compare"] |= {"variants": ["e"], "labels": {"sizes": ["all"], "variants": []}}
    assert messages(config) == []
