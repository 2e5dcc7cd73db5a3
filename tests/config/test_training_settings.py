import pytest
import yaml
from checked import DENSE, FLATTEN, mistakes, network
from configurations import SCHEMA

from seq2report.config.messages import schema_mistakes

DECAY = {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 9}}


def mistakes_of(**fit):
    return mistakes(v=network(FLATTEN, DENSE, **fit))


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("key", ["warmup", "label_smoothing"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("-0.1", "at least 0"),
        ("1", "less than 1"),
        ("true", "a number"),
        ("'1e-1'", "a number; wri"),
    ],
)
def test_a_share_of_the_training_is_at_least_0_and_less_than_1(key, value, expected):
    found = "".join(schema_mistakes({"fit": {key: yaml.safe_load(value)}}, SCHEMA))
    assert f"fit.{key}: found {value}, expected {expected}" in found


@pytest.mark.reliability("Bad configuration")
def test_a_warm_up_of_a_schedule_is_refused():
    assert mistakes_of(warmup=0.1, optimizer={"Adam": {"learning_rate": DECAY}}) == [
        "variants.v.fit.warmup: found 0.1 and a schedule as the learning_rate of the optimizer,"
        " expected one of them; remove warmup, or set the learning_rate to a number"
    ]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("key", ["clipnorm", "global_clipnorm", "clipvalue"])
@pytest.mark.parametrize("value", [0, -1.0])
def test_a_gradient_is_not_clipped_to_nothing(key, value):
    expected = f"variants.v.fit.optimizer.Adam.{key}: found {value}, expected more than 0"
    assert mistakes_of(optimizer={"Adam": {key: value}}) == [expected]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("key", ["learning_rate", "weight_decay", "global_clipnorm"])
def test_a_number_that_yaml_reads_as_text_is_refused(key):
    value = yaml.safe_load("1e-5")
    assert mistakes_of(optimizer={"AdamW": {key: value}}) == [
        f"variants.v.fit.optimizer.AdamW.{key}: found '1e-5', expected a number; without quotes,"
        " and with a point, as in 1.0e-5"
    ]


def test_the_settings_of_a_fine_tuning_are_right():
    adamw = {"learning_rate": 0.00002, "weight_decay": 0.01, "global_clipnorm": 1.0}
    fit = {"warmup": 0.1, "label_smoothing": 0.1, "optimizer": {"AdamW": adamw}}
    assert not [m for m in schema_mistakes({"fit": fit}, SCHEMA) if m.startswith("fit.")]
    assert mistakes_of(**fit) == []
