import copy

import pytest
from configurations import (
    COMMITTED,
    ENSEMBLE,
    GLOVE_LSTM,
    changed,
    messages,
    settings_of,
    with_variants,
)

from seq2report.config.resolve import resolve_trained, resolve_variant


def test_a_variant_takes_over_what_it_does_not_name():
    config = with_variants(
        base=GLOVE_LSTM | {"fit": {"epochs": 3, "batch_size": 8}},
        middle={"extends": "base", "title": "M", "input": {"length": 9}, "fit": {"epochs": 4}},
        top={"extends": "middle", "title": "T", "layers": [{"GRU": {"units": 3}}]},
    )
    assert messages(config) == []
    base, top = settings_of(config, "base"), settings_of(config, "top")
    assert top["input"] == base["input"] | {"length": 9}
    assert top["fit"] == base["fit"] | {"epochs": 4}
    assert top["layers"] == [{"GRU": {"units": 3}}]
    assert "extends" not in top


def test_an_optimizer_takes_the_place_of_the_other_whole():
    config = with_variants(
        base=GLOVE_LSTM | {"fit": {"optimizer": {"RMSprop": {"learning_rate": 0.1}}}},
        top={"extends": "base", "title": "T", "fit": {"optimizer": {"Adam": {}}}},
    )
    assert settings_of(config, "top")["fit"]["optimizer"] == {"Adam": {}}


@pytest.mark.reliability("Bad configuration")
def test_a_variant_extends_one_that_is_there_and_not_itself():
    (found,) = messages(with_variants(x={"extends": "glove_lstn", "title": "X"}))
    assert found.startswith("variants.x.extends: unknown 'glove_lstn'; did you mean 'glove_lstm'?")
    circle = with_variants(
        a={"extends": "b", "title": "A"},
        b={"extends": "a", "title": "B"},
    )
    assert messages(circle) == [
        "variants.b.extends: a → b → a goes round in a circle",
        "variants.a.extends: b → a → b goes round in a circle",
    ]


def test_what_is_trained_is_what_is_compared_and_the_members_of_it():
    config = with_variants(e=ENSEMBLE)
    assert list(resolve_trained(config)) == COMMITTED["compare"]["variants"]
    config["compare"]["variants"] = ["e", "tfidf_svm"]
    found = resolve_trained(config)
    assert list(found) == ["e", "tfidf_svm", "glove_lstm"]
    assert found["glove_lstm"] == resolve_variant(COMMITTED, "glove_lstm")


def test_defaults_are_filled_in_and_the_configuration_stays_as_it_was():
    config = changed({"variants.glove_lstm.fit": {"epochs": 3}})
    before = copy.deepcopy(config)
    found = settings_of(config, "glove_lstm")
    assert config == before
    assert found["fit"] == {"refit": False} | COMMITTED["fit"] | {"epochs": 3}
    assert found["input"] == {
        **{"form": "sequence", "padding": "pre", "truncating": "pre", "trainable": True},
        **{"encoding": "words", "length": 150, "embedding": "glove"},
    }
    assert found["layers"] == GLOVE_LSTM["layers"]
    found["input"]["length"] = found["fit"]["epochs"] = 1
    assert config == before


def test_what_is_said_for_show_or_means_nothing_is_not_part_of_a_variant():
    tfidf, multihot = (settings_of(COMMITTED, n) for n in ("tfidf_svm", "multihot_dense"))
    assert set(tfidf) == {"pipeline"}
    assert set(multihot) == {"input", "layers", "fit"}
    assert multihot["input"] == {"form": "multihot", "encoding": "words_10k"}
    retitled = changed({"variants.glove_lstm.title": "Other"})
    assert resolve_variant(retitled, "glove_lstm") == resolve_variant(COMMITTED, "glove_lstm")
