"""A training that is broken off goes on from its checkpoint when it is started again."""

import json
import logging
import shutil
from functools import partial

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from helpers import call, in_memory
from resumed import assert_same_run, first_checkpoint

import train_network
from seq2report.models import batches, build, checkpoint, cpu_layers
from seq2report.models import fit as fitting
from seq2report.models.checkpoint import Checkpoint
from seq2report.models.variant import Input, Variant

interruption = pytest.mark.reliability("Interruption")

DENSE = [{"Flatten": {}}, {"Dense": {"units": 4, "activation": "relu"}}, {"Dropout": {"rate": 0.3}}]
WORDS = {"encoding": "words", "form": "sequence", "length": 10, "trainable": True}
WORDS |= {"padding": "pre", "truncating": "pre", "embedding": "glove"}
WILD = {"Adam": {"learning_rate": 0.05}}
STOPPED = {"optimizer": WILD, "batch_size": 8, "epochs": 12, "patience": 2, "refit": True}
LECTURE = {"optimizer": "rmsprop", "batch_size": 8, "epochs": 4, "protocol": "lecture"}


def arguments(tiny, output, fit, layers, **more):
    return {
        "corpus": tiny / "corpus.json",
        "documents": tiny / "words/sequences.parquet",
        "matrix": tiny / "glove/matrix.npy",
        "settings": {"input": WORDS, "layers": layers, "fit": fit},
        "seed": 1,
        "checkpoint": output.with_name("run.checkpoint"),
        "output": output,
    } | more


@interruption
@pytest.mark.workflow
@pytest.mark.parametrize(
    ("fit", "first", "after"),
    [(STOPPED, 4, "1 of the second fit"), (LECTURE, 0, "2")],
    ids=[
        "with early stopping, and broken off in the second fit",
        "by the lecture's protocol, broken off",
    ],
)
def test_a_training_that_was_cut_off_goes_on_from_its_last_epoch_and_ends_with_the_same_figures(
    tiny, tmp_path, caplog, monkeypatch, fit, first, after
):
    whole, asked = tmp_path / "whole", arguments(tiny, tmp_path / "run", fit, DENSE)
    call(train_network, **arguments(tiny, whole, fit, DENSE))
    assert not (tmp_path / "run.checkpoint").exists()  # not written that early
    epochs = len(pd.read_csv(whole / "history.csv"))
    best = json.loads((whole / "metrics.json").read_text())["best_epoch"]
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "EVERY", 0)
        patch.setattr(checkpoint, "RATIO", 0)
        if first:
            assert 1 < best < epochs < fit["epochs"]
            broken_off(patch, first, lambda: call(train_network, **asked))
        caplog.clear()
        more = epochs - first + 1 if first else int(after)
        broken_off(patch, more, lambda: call(train_network, **asked))
    assert not asked["output"].exists()
    assert (f"going on after epoch {first}, as" in caplog.text) == bool(first)
    assert f"epoch {first + 1}/{fit['epochs']}" in caplog.text
    assert f"epoch {first}/{fit['epochs']}" not in caplog.text
    caplog.clear()
    call(train_network, **asked)
    assert f"going on after epoch {after}, as" in caplog.text
    assert_same_run(asked["output"], whole)
    assert {path.name for path in tmp_path.iterdir()} == {"run", "whole"}  # no checkpoint is left


@pytest.fixture(autouse=True)
def log(caplog):
    caplog.set_level(logging.INFO)


@pytest.fixture
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0)
    monkeypatch.setattr(checkpoint, "RATIO", 0)


class BrokenOffError(Exception):
    pass


def broken_off(monkeypatch, epochs, train):
    """Call ``train`` and break off after so many epochs, each of which may write a checkpoint."""
    written, write = [], Checkpoint.write

    def write_and_break(self, model):
        write(self, model)
        written.append(model)
        if len(written) == epochs:
            raise BrokenOffError

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "write", write_and_break)
        with pytest.raises(BrokenOffError):
            train()


RNG = np.random.default_rng(1)
TOKENS = pl.Series(RNG.integers(1, 30, size=(40, 6)).tolist(), dtype=pl.List(pl.Int32))
NAMES = pl.Series([str(n) for n in range(40)])
DOCUMENTS = in_memory(pl.DataFrame({"id": NAMES, "split": NAMES, "label": NAMES, "tokens": TOKENS}))


def fitted(at=None, optimizer="adam", layers=DENSE, epochs=2, **more):
    """Train a small network on random documents; return its model and what `fitting.fit` does."""
    given = WORDS | {"length": 6, "dimensions": 3}
    fit = {"optimizer": optimizer, "batch_size": 8, "epochs": epochs} | more
    keras.utils.set_random_seed(1)
    given = {k: v for k, v in given.items() if k != "embedding"}
    variant = Variant.read({"input": given, "layers": layers, "fit": fit})
    model = build.build_model(variant, 30, 2, ours=cpu_layers.FASTER)
    build.compile_model(model, variant.fit, len(DOCUMENTS))
    truth = np.arange(40) % 2
    read = partial(batches.inputs_of, settings=Input(**given), num_words=30)
    whole = (DOCUMENTS, truth)
    return model, fitting.fit(
        model, whole, whole, read, variant.fit, 1, Checkpoint(at, {"seed": "1"})
    )


def assert_same_fit(found, expected):
    for one, other in zip(found[0].variables, expected[0].variables, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)
    for one, other in zip(
        found[0].optimizer.variables, expected[0].optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(one, other, err_msg=one.path)
    histories = [pd.DataFrame(each[1].history) for each in (found, expected)]
    histories = [each.drop(columns="seconds") for each in histories]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    np.testing.assert_array_equal(found[1].probability, expected[1].probability)


def assert_goes_on(caplog, path, **settings):
    """Train, then again from the checkpoint of the first epoch: both have to end the same."""
    first = path.with_name("first")
    with first_checkpoint(path, first):
        whole = fitted(path, **settings)
    assert "going on" not in caplog.text
    first.rename(path)
    assert_same_fit(fitted(path, **settings), whole)
    assert "going on after epoch 1, as" in caplog.text


@pytest.mark.workflow
@interruption
@pytest.mark.parametrize(
    "optimizer",
    [
        *("adafactor", "adam", "muon", "nadam"),
        {"SGD": {"learning_rate": 0.1, "momentum": 0.9}},
    ],
    ids=str,
)
def test_every_optimizer_goes_on_to_the_last_bit(tmp_path, caplog, optimizer):
    assert_goes_on(caplog, tmp_path / "checkpoint", optimizer=optimizer)


@pytest.mark.workflow
@interruption
def test_a_learning_rate_goes_on_rising(tmp_path, caplog):
    assert_goes_on(caplog, tmp_path / "checkpoint", epochs=3, warmup=0.9)


@pytest.mark.workflow
@interruption
@pytest.mark.parametrize(
    "layers",
    [
        [{"Flatten": {}}, {"BatchNormalization": {}}, {"GaussianNoise": {"stddev": 0.5}}],
        [{"SpatialDropout1D": {"rate": 0.5}}, {"Flatten": {}}, {"Dropout": {"rate": 0.5}}],
        [{"LSTM": {"units": 2, "recurrent_dropout": 0.5}}],
        [{"Flatten": {}}, {"Dense": {"units": 3, "dtype": "bfloat16"}}],
    ],
    ids=lambda layers: ", ".join(name for layer in layers for name in layer),
)
def test_every_layer_goes_on_to_the_last_bit(tmp_path, caplog, layers):
    assert_goes_on(caplog, tmp_path / "checkpoint", layers=layers)


SHORT = {"optimizer": "adam", "batch_size": 8, "epochs": 2}


@pytest.fixture(scope="module")
def broken_off_run(tiny, tmp_path_factory):
    """The checkpoint of a run that was broken off after its first epoch."""
    asked = arguments(tiny, tmp_path_factory.mktemp("broken_off") / "run", SHORT, DENSE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "EVERY", 0)
        broken_off(patch, 1, lambda: call(train_network, **asked))
    return asked["checkpoint"]


def other_documents(tiny, folder, patch):
    words = shutil.copytree(tiny / "words", folder / "words")
    tokens = np.load(words / "tokens.npy")
    tokens[::2] = 1
    np.save(words / "tokens.npy", tokens)
    return {"documents": words / "sequences.parquet"}


def other_vectors(tiny, folder, patch):
    np.save(folder / "matrix.npy", np.load(tiny / "glove/matrix.npy") + 1)
    return {"matrix": folder / "matrix.npy"}


def other_code(tiny, folder, patch):
    file = folder / "code.py"
    file.write_text("")
    patch.setattr(train_network, "local_imports", lambda *_: [file])
    return {}


def other_versions(tiny, folder, patch):
    patch.setattr(train_network, "versions", lambda: {"keras": "0.1"})
    return {}


def other_device(tiny, folder, patch):
    patch.setattr(train_network, "machine", lambda: {"processor": "another"})
    return {}


@interruption
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("seed", lambda *_: {"seed": 2}),
        ("settings", lambda *_: {"settings": {"input": WORDS, "layers": DENSE[:2], "fit": SHORT}}),
        ("threads", lambda *_: {"threads": 2}),
        ("documents", other_documents),
        ("pretrained", other_vectors),
        ("code", other_code),
        ("versions", other_versions),
        ("device", other_device),
    ],
)
def test_the_checkpoint_of_another_run_is_not_resumed(
    tiny, tmp_path, monkeypatch, caplog, broken_off_run, name, change
):
    asked = arguments(tiny, tmp_path / "run", SHORT, DENSE)
    shutil.copy(broken_off_run, asked["checkpoint"])
    asked |= change(tiny, tmp_path, monkeypatch)
    call(train_network, **asked)
    assert f"run.checkpoint is of another run ({name}): not used" in caplog.text
    assert "epoch 1/2" in caplog.text
    assert not (tmp_path / "run.checkpoint").exists()


@pytest.fixture(scope="module")
def unbroken():
    """What `fitted` leaves without a checkpoint."""
    return fitted()


@pytest.fixture(scope="module")
def whole_checkpoint(tmp_path_factory):
    """The bytes of a checkpoint of `fitted` after its first epoch."""
    path = tmp_path_factory.mktemp("whole") / "checkpoint"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "EVERY", 0)
        broken_off(patch, 1, partial(fitted, path))
    return path.read_bytes()


@interruption
@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"no zip",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:3000] + b"\0" * 100 + whole[3100:],
    ],
    ids=["empty", "no checkpoint", "half", "other bytes inside"],
)
def test_a_damaged_checkpoint_is_not_resumed(
    tmp_path, caplog, every_epoch, unbroken, whole_checkpoint, damage
):
    path = tmp_path / "checkpoint"
    path.write_bytes(damage(whole_checkpoint))
    assert_same_fit(fitted(path), unbroken)
    assert f"{path} cannot be read, not used: " in caplog.text


@pytest.mark.reliability("Bad machine")
def test_a_training_ends_well_where_its_checkpoint_cannot_be_written(
    tmp_path, caplog, every_epoch, unbroken
):
    (tmp_path / "a file").write_text("")
    assert_same_fit(fitted(tmp_path / "a file/checkpoint"), unbroken)
    assert "no checkpoint is written: " in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]


@pytest.mark.parametrize(("takes", "expected"), [(0.1, [30, 70]), (0.5, [30, 90])])
def test_checkpoints_are_half_a_minute_apart_and_cost_a_hundredth(
    tmp_path, monkeypatch, takes, expected
):
    now = 0.0

    def plain(array):  # of the one array, so once a checkpoint
        nonlocal now
        now += takes
        return array

    monkeypatch.setattr(checkpoint, "_plain", plain)
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now)
    monkeypatch.setattr(checkpoint, "_variables", lambda model: [])
    kept = Checkpoint(tmp_path / "checkpoint", {})
    kept.progress.probability = np.zeros((1, 2))
    written = []
    for second in range(0, 100, 10):
        now = max(now, second)
        kept.write(None)
        written += [second] * (tmp_path / "checkpoint").exists()
        kept.remove()
    assert written == expected


def test_the_seconds_of_earlier_starts_count(tmp_path, monkeypatch, every_epoch):
    path = tmp_path / "checkpoint"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "stopwatch", lambda: lambda: (1000.0, 500.0))
        broken_off(monkeypatch, 1, partial(fitted, path))
    seconds, cpu_seconds = Checkpoint(path, {"seed": "1"}).passed()
    assert 1000 <= seconds < 1060
    assert 500 <= cpu_seconds < 560
