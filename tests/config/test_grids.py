import copy
import itertools
import re

import pytest
import yaml
from helpers import ROOT
from hypothesis import example, given
from hypothesis import strategies as st

from seq2report.config.check import check
from seq2report.config.grids import MOST, with_grids
from seq2report.config.resolve import resolve_variant
from seq2report.core.command import UserError

COMMITTED = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
LSTM = {
    "title": "LSTM",
    "input": {"encoding": "words", "length": 9, "dimensions": 4},
    "layers": [{"LSTM": {"units": {"grid": [32, 64, 128]}}}, {"Dense": {"units": 8}}],
}


def configured(compared=("lstm",), **variants):
    config = copy.deepcopy(COMMITTED)
    config["variants"] |= variants
    return config | {"compare": config["compare"] | {"variants": list(compared)}}


def made(**variants):
    """Return the variants that come of some, by name."""
    found = with_grids(configured(**variants))["variants"]
    return {name: variant for name, variant in found.items() if name not in COMMITTED["variants"]}


def test_a_grid_is_a_variant_a_value_and_the_name_means_all_of_them():
    both = {"title": "Both", "ensemble": {"members": ["lstm", "tfidf_svm"], "method": "vote"}}
    config = configured(["tfidf_svm", "lstm", "both"], lstm=LSTM, both=both)
    before = copy.deepcopy(config)
    found = with_grids(config)
    assert config == before
    check(found, SCHEMA)
    names = [f"lstm_units_{n}" for n in (32, 64, 128)]
    assert found["compare"]["variants"] == ["tfidf_svm", *names, "both"]
    assert found["variants"]["both"]["ensemble"]["members"] == [*names, "tfidf_svm"]
    assert "lstm" not in found["variants"]
    for n in (32, 64, 128):
        variant = found["variants"][f"lstm_units_{n}"]
        assert variant["title"] == f"LSTM, units {n}"
        assert variant["layers"] == [{"LSTM": {"units": n}}, {"Dense": {"units": 8}}]


def test_several_grids_are_all_combinations_and_keys_of_one_name_are_told_apart():
    layers = [{"LSTM": {"units": {"grid": [1, 2]}}}, {"Dense": {"units": {"grid": [3, 4]}}}]
    fit = {"patience": {"grid": [1, 2]}}
    found = made(a=LSTM | {"layers": layers, "fit": fit})
    assert list(found) == [
        f"a_lstm_units_{u}_dense_units_{d}_patience_{p}"
        for u, d, p in itertools.product((1, 2), (3, 4), (1, 2))
    ]
    last = found["a_lstm_units_2_dense_units_4_patience_2"]
    assert last["title"] == "LSTM, LSTM units 2, Dense units 4, patience 2"
    assert last["layers"] == [{"LSTM": {"units": 2}}, {"Dense": {"units": 4}}]
    assert last["fit"] == {"patience": 2}


def test_a_value_can_have_parts_of_its_own():
    fit = {"optimizer": {"grid": ["adam", {"Adam": {"learning_rate": 0.01}}]}}
    found = made(a=LSTM | {"layers": [{"Flatten": {}}], "fit": fit})
    assert list(found) == ["a_optimizer_adam", "a_optimizer_adam_learning_rate_0_01"]
    last = found["a_optimizer_adam_learning_rate_0_01"]
    assert last["fit"]["optimizer"] == {"Adam": {"learning_rate": 0.01}}
    assert last["title"] == 'LSTM, optimizer {"Adam": {"learning_rate": 0.01}}'


def test_a_whole_layer_an_ensembles_method_and_a_functions_argument_can_be_grids():
    layers = [{"Flatten": {}}, {"grid": [{"Dense": {"units": 3}}, {"Dropout": {"rate": 0.5}}]}]
    own = {"file": "f.py", "function": "f", "arguments": {"heads": {"grid": [1, 2]}}}
    vote = {"members": ["tfidf_svm", "nb_svm"], "method": {"grid": ["vote", "stack"]}}
    found = made(
        a=LSTM | {"layers": layers}, b=LSTM | {"layers": own}, c={"title": "C", "ensemble": vote}
    )
    assert found["a_layers_1_dense_units_3"]["layers"][1] == {"Dense": {"units": 3}}
    assert found["b_heads_2"]["layers"]["arguments"] == {"heads": 2}
    assert found["c_method_stack"]["ensemble"]["method"] == "stack"


def test_a_variant_takes_over_the_grids_that_it_does_not_replace():
    found = made(
        lstm=LSTM,
        longer={"extends": "lstm", "title": "Longer", "input": {"length": 20}},
        other={"extends": "lstm", "title": "Other", "layers": [{"Flatten": {}}]},
        one={"extends": "lstm_units_64", "title": "One", "input": {"length": 30}},
    )
    assert [name for name in found if name.startswith("longer")] == [
        f"longer_units_{n}" for n in (32, 64, 128)
    ]
    assert found["longer_units_64"]["title"] == "Longer, units 64"
    assert found["longer_units_64"]["input"]["length"] == 20
    assert found["other"]["layers"] == [{"Flatten": {}}]
    assert resolve_variant(configured(**found), "one").layers[0] == {"LSTM": {"units": 64}}


def test_without_a_grid_a_configuration_stays_as_it_is():
    assert with_grids(COMMITTED) is COMMITTED


VALUES = st.one_of(
    st.integers(), st.floats(allow_nan=False), st.text(max_size=9), st.booleans(), st.none()
)
RIGHT = [1, -2, 0.25, "a b", True, None]  # each has a name


@given(st.lists(VALUES, min_size=1, max_size=6))
@example(RIGHT)
def test_names_are_safe_and_tell_variants_apart_or_the_grid_is_refused(values):
    grid = {"lstm": LSTM | {"layers": [{"LSTM": {"units": {"grid": values}}}]}}
    try:
        found = made(**grid)
    except UserError:
        assert values != RIGHT
        return
    assert len(found) == len(values)
    for name in found:
        assert re.fullmatch("lstm_units_[a-z0-9_]+", name)
        assert len(name) <= 60


MISTAKES = [
    ({"units": {"grid": 3}}, "variants.lstm.layers[0].LSTM.units.grid: found 3, expected a list"),
    ({"units": {"grid": []}}, "variants.lstm.layers[0].LSTM.units.grid: found [], expected a list"),
    ({"units": {"grid": [1, {"grid": [2]}]}}, "LSTM.units.grid: found a grid in a grid"),
    ({"units": {"grid": [0.5, "0_5"]}}, "would both be called 'lstm_units_0_5'"),
    ({"units": {"grid": [1, 1]}}, "would both be called 'lstm_units_1'"),
    ({"units": {"grid": ["…"]}}, "found '…', which gives no name; expected letters or digits"),
    ({"units": {"grid": ["x" * 60]}}, "expected 60 characters at most; shorten 'lstm'"),
    (
        {"units": {"grid": list(range(11))}, "rate": {"grid": list(range(10))}},
        f"variants.lstm: its grids make more than {MOST} variants",
    ),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[m for _, m in MISTAKES])
def test_a_grid_that_makes_no_variants_to_tell_apart_is_refused(arguments, message):
    with pytest.raises(UserError) as refusal:
        made(lstm=LSTM | {"layers": [{"LSTM": arguments}]})
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.reliability("Bad configuration")
def test_a_grid_that_makes_a_name_that_is_there_already_is_refused():
    for variants in (
        {"lstm": LSTM, "lstm_units_64": LSTM | {"layers": [{"LSTM": {"units": 64}}]}},
        {"lstm_units_64": LSTM | {"layers": [{"LSTM": {"units": 64}}]}, "lstm": LSTM},
    ):
        with pytest.raises(UserError, match="makes 'lstm_units_64', which exists already"):
            made(**variants)


@pytest.mark.parametrize(
    "variants",
    [
        *(None, [], {"x": None}, {"x": [1]}, {"x": {"extends": "y"}}),
        {"x": {"extends": {"grid": [1]}}},
        {"x": {"input": 3, "extends": "y"}, "y": {"input": {"length": {"grid": [1]}}}},
    ],
)
def test_what_is_malformed_is_left_to_the_schema(variants):
    with_grids({"variants": variants})
    with_grids({"variants": variants, "compare": {"variants": [[1]]}})
    with pytest.raises(UserError, match="the configuration is not valid"):
        check(with_grids(COMMITTED | {"variants": variants}), SCHEMA)
