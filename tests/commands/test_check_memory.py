import csv
import re
from pathlib import Path

import pytest
import yaml
from checked import DENSE, FIT, FLATTEN, INPUT, branched, mistakes, network
from helpers import OWN, ROOT

import check
from seq2report.config.resolve import resolve_variant
from seq2report.models.build import build_model
from seq2report.models.encoders import build_encoder, freeze
from seq2report.models.functions import digest
from seq2report.models.memory import estimate
from seq2report.models.pretrained import Architecture
from seq2report.models.variant import Fit, Variant

HUGE = 10_000_000
TOO_LARGE = {
    "dense": network(FLATTEN, {"Dense": {"units": HUGE}}),
    "recurrent": network({"LSTM": {"units": HUGE}}),
    "wide": network({"Conv1D": {"filters": HUGE, "kernel_size": 1}}, {"GlobalMaxPooling1D": {}}),
    "in a branch": network(branched([FLATTEN, {"Dense": {"units": HUGE}}], [FLATTEN])),
    "of a function": network() | {"layers": OWN | {"arguments": {"units": HUGE}}},
    "long": network({"GlobalMaxPooling1D": {}}, given=INPUT | {"length": HUGE}),
    "many dimensions": network({"GlobalMaxPooling1D": {}}, given=INPUT | {"dimensions": HUGE}),
}


def peak() -> int:
    """Return the largest memory of this process, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, flags=re.MULTILINE)[1])


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_network_that_needs_more_memory_than_there_is_is_refused_without_taking_any(name):
    variant = TOO_LARGE[name]
    if name == "of a function":
        variant["layers"]["digest"] = digest(OWN["file"], OWN["function"])
    assert not mistakes(v=network(FLATTEN))  # loads what it takes
    Path("/proc/self/clear_refs").write_text("5")  # the peak is now what the process has
    before = peak()
    (found,) = mistakes(v=variant, memory_mb=1000)
    assert re.match(
        r"variants\.v\.layers: to train them takes at least [\d,.]+ GB \(weights", found
    )
    assert "there are 1.0 GB; make 'num_words', 'length', 'batch_size' or the layers" in found
    assert peak() - before < 200_000
    enough = int(re.search(r"'memory_mb: (\d+)'", found).group(1))
    assert not mistakes(v=variant, memory_mb=enough)
    assert mistakes(v=variant, memory_mb=enough - 1)


@pytest.mark.reliability("Bad configuration")
def test_a_vocabulary_that_needs_more_memory_than_there_is_is_refused():
    pretrained = {key: INPUT[key] for key in INPUT if key != "dimensions"} | {"embedding": "glove"}
    for given in (INPUT, pretrained, pretrained | {"trainable": False}):
        variant = network({"GlobalMaxPooling1D": {}}, given=given)
        (found,) = check.mistakes({"v": variant}, {}, {"words": 2**31 - 1}, 10_000)
        assert "to train them takes at least" in found


def test_what_is_needed_at_least_is_the_weights_what_the_optimizer_remembers_and_a_batch():
    model = build_model(Variant.read(network(FLATTEN, DENSE)), 30, 2)
    weights = 30 * 4 + (48 * 3 + 3) + (3 * 2 + 2)
    outputs = 12 * 4 + 48 + 3 + 2
    for optimizer, numbers in (("rmsprop", 1), ("adam", 2), ("sgd", 0)):
        found = estimate(model, Fit(**FIT | {"optimizer": optimizer}))
        assert found == {
            "weights": 2 * 4 * weights,
            "optimizer": 4 * numbers * weights,
            "batch": 4 * 8 * outputs,
        }
    model.get_layer("embedding").trainable = False
    assert estimate(model, Fit(**FIT))["optimizer"] == 4 * (weights - 120)
    assert estimate(model, Fit(**FIT | {"batch_size": 10**9}))["batch"] == 4 * 128 * outputs


def test_the_outputs_of_frozen_layers_of_an_encoder_are_not_kept():
    def batch(layers, trained):
        encoder = build_encoder(Architecture(60, 32, layers, 2, 16, 32, "gelu", 0.1, 0, 0), "mean")
        freeze(encoder, layers, trained)
        given = {"form": "pieces", "encoder": "tiny", "length": 8}
        variant = Variant.read(network(DENSE, given=given))
        model = build_model(variant, 60, 2, encoder=encoder)
        return estimate(model, variant.fit, 8)["batch"]

    assert batch(5, 1) == batch(2, 1) < batch(5, 2) < batch(5, 5) < batch(5, None)
    assert batch(5, None) - batch(4, None) == batch(5, 3) - batch(5, 2)


def test_no_committed_variant_is_said_to_need_more_than_it_was_measured_to_take():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    with (ROOT / "workflow/memory.csv").open() as file:
        measured = {row["variant"]: int(row["peak_mb"]) for row in csv.DictReader(file)}
    seen = 0
    for name in measured.keys() & config["variants"].keys():
        variant = resolve_variant(config, name)
        if variant.input and variant.input.encoding:
            encoding = variant.input.encoding
            words = config["encodings"][encoding]["num_words"]
            check.check_variant(variant, {encoding: words}, measured[name])
            seen += 1
    assert seen > 4
