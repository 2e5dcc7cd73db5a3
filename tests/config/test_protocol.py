"""The lecture's protocol."""

import pytest
from configurations import changed, messages, settings_of


def lecture_variant(encoding, **fit):
    variant = {
        "extends": "glove_lstm",
        "title": "L",
        "input": {"encoding": encoding},
        "fit": {"protocol": "lecture", **fit},
    }
    encodings = {"encodings.all": {"num_words": 100, "fit": "all"}}
    return changed({"variants.l": variant, **encodings})


def test_the_lectures_protocol_is_one_setting():
    found = settings_of(lecture_variant("all"), "l")
    assert found["fit"] == {
        "protocol": "lecture",
        "optimizer": {"RMSprop": {"learning_rate": 0.001, "epsilon": 1e-14}},
        "batch_size": 32,
        "epochs": 20,
        "refit": False,
    }
    assert (found["input"]["padding"], found["input"]["truncating"]) == ("pre", "pre")
    assert settings_of(lecture_variant("all", epochs=2), "l")["fit"]["epochs"] == 2


def test_the_lectures_protocol_counts_words_in_all_documents():
    assert messages(lecture_variant("all")) == []
    assert messages(lecture_variant("words")) == [
        "variants.l.input.encoding: 'protocol: lecture' counts words in all documents, but 'words'"
        " has 'fit: train'; name an encoding with 'fit: all'"
    ]


@pytest.mark.reliability("Bad configuration")
def test_to_fit_again_and_the_lectures_protocol_exclude_each_other():
    refused = (
        "variants.l.fit.refit: 'protocol: lecture' fits the validation documents the first time;"
        " remove one of the two, or set 'refit: false'"
    )
    assert messages(lecture_variant("all", refit=True)) == [refused]
    assert messages(lecture_variant("all", refit=False)) == []
    usual = changed({"fit.refit": True}, lecture_variant("all"))  # for the others
    assert messages(usual) == []
    assert settings_of(usual, "l")["fit"]["refit"] is False
    assert settings_of(usual, "glove_lstm")["fit"]["refit"] is True
    encodings = {"encodings.words.fit": "all", "encodings.words_10k.fit": "all"}
    everywhere = changed({"fit.protocol": "lecture", "fit.refit": True, **encodings})
    assert any("variants.glove_lstm.fit.refit:" in line for line in messages(everywhere))
