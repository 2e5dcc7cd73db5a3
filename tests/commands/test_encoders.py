"""From a tiny checkpoint to runs: frozen vectors, a network on them, and a fine-tuned encoder."""

import json
import logging
import shutil
from zipfile import ZipFile

import keras
import numpy as np
import polars as pl
import pytest
from helpers import call
from pretrained import DATA
from resumed import assert_same_run, first_checkpoint

import encode_pieces
import encode_sentences
import read_encoder
import train_ensemble
import train_network
import train_pipeline
from seq2report.answers import explain
from seq2report.answers.predictor import load
from seq2report.core.command import UserError
from seq2report.models.allowed import foreign_layers
from seq2report.models.encoders import load_encoder
from seq2report.models.variant import Input

pytestmark = pytest.mark.workflow
VECTORS = {"form": "vectors", "features": "sentences"}
PIECES = {"form": "pieces", "encoder": "tiny", "length": 12, "train_layers": 1}
FIT = {"optimizer": "adam", "batch_size": 8, "epochs": 2}
VARIANTS = {
    "frozen": {"input": VECTORS, "pipeline": [{"LogisticRegression": {"C": 10}}]},
    "dense": {"input": VECTORS, "layers": [{"Dense": {"units": 4}}], "fit": FIT},
    "tuned": {
        "input": PIECES,
        "layers": [{"Dropout": {"rate": 0.1}}],
        "fit": FIT | {"warmup": 0.2, "class_weight": "balanced", "refit": True},
    },
}


@pytest.fixture(scope="module")
def corpus(tiny, tmp_path_factory):
    """A folder with a run of each variant, and of their ensemble.

    It also has the checkpoint that the fine-tuning wrote after its first epoch.
    """
    folder = tmp_path_factory.mktemp("encoders")
    documents = tiny / "documents.parquet"
    read(folder)
    about = folder / "encoder/encoder.json"
    call(encode_pieces, documents=documents, encoder=about, output=folder / "pieces")
    encode(folder, folder / "sentences")
    options = {"corpus": tiny / "corpus.json", "seed": 1}
    options |= {"documents": folder / "sentences/documents.parquet"}
    for name, script in (("frozen", train_pipeline), ("dense", train_network)):
        output = folder / f"runs/{name}/seed-1"
        call(script, settings=VARIANTS[name], output=output, **options)
    at = folder / "tuned.checkpoint"
    with first_checkpoint(at, folder / "first.checkpoint"):
        fine_tune(folder, tiny, at, folder / "runs/tuned/seed-1")
    runs = [str(folder / f"runs/{name}/seed-1") for name in VARIANTS]
    options = ["--method", "stack", "--seed", "1", "--output", str(folder / "runs/stack/seed-1")]
    train_ensemble.main(["--runs", *runs, *options])
    return folder


def read(folder):
    settings = {"pooling": "mean", "prefix": "the "}
    call(read_encoder, file=DATA / "bert_plain", settings=settings, output=folder / "encoder")


def fine_tune(folder, tiny, checkpoint, output):
    call(
        train_network,
        corpus=tiny / "corpus.json",
        documents=folder / "pieces/sequences.parquet",
        encoder=folder / "encoder/encoder.keras",
        settings=VARIANTS["tuned"],
        seed=1,
        checkpoint=checkpoint,
        output=output,
    )


def encode(folder, output, length=16):
    call(
        encode_sentences,
        pieces=folder / "pieces/sequences.parquet",
        encoder=folder / "encoder/encoder.keras",
        settings={"encoder": "tiny", "length": length},
        checkpoint=folder / "unfinished",
        output=output,
    )


def test_the_cost_of_a_gpu_is_wall_clock_time(monkeypatch):
    for name, expected in ((None, 0.5), ("GPU", 2)):
        monkeypatch.setattr(encode_sentences, "gpu_name", lambda name=name: name)
        each = {"seconds": 2, "cpu_seconds": expected}
        nothing = {"seconds": 0, "cpu_seconds": 0}
        assert encode_sentences.cost(8, 2, 4) == {"fit": nothing, "document": each}


@pytest.mark.parametrize("name", [*VARIANTS, "stack"])
def test_a_copied_run_predicts_its_own_predictions(corpus, tiny, tmp_path, name):
    run = shutil.copytree(corpus / f"runs/{name}/seed-1", tmp_path / "copy")
    documents = pl.read_parquet(tiny / "documents.parquet").filter(split="test")
    predictions = pl.read_parquet(run / "predictions.parquet")
    texts = documents["text"][:4].to_list() if name == "stack" else documents["text"].to_list()
    found = load(run).predict(texts)
    expected = predictions[:, 3:].to_numpy()[: len(texts)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert np.ptp(found[:, 0]) > 1e-4


def test_only_the_upper_layers_are_trained(corpus):
    before = keras.models.load_model(corpus / "encoder/encoder.keras")
    after = keras.models.load_model(corpus / "runs/tuned/seed-1/model.keras").get_layer("encoder")
    for layer in (layer for layer in before.layers if layer.weights):
        pairs = zip(layer.get_weights(), after.get_layer(layer.name).get_weights(), strict=True)
        is_same = [np.array_equal(*pair) for pair in pairs]
        assert not all(is_same) if layer.name.startswith("1_") else all(is_same)


def test_a_fine_tuned_network_is_saved_with_layers_of_keras_alone(corpus):
    with ZipFile(corpus / "runs/tuned/seed-1/model.keras") as archive:
        network = json.loads(archive.read("config.json"))
    assert network["config"]["layers"]
    assert list(foreign_layers(network, ours={})) == []


@pytest.mark.parametrize(("name", "words"), [("frozen", 13), ("tuned", 9)])
def test_an_explanation_measures_the_words_that_the_encoder_reads(corpus, name, words):
    """Each word is one piece; the prefix is another one, and two are around them."""
    text = "the film was good bad a fine act not and play great caf e na"
    model = load(corpus / f"runs/{name}/seed-1")
    ((document, effects),) = explain.explained(model, [text])
    kept = text.split()[:words]
    assert document["words"] == words
    assert effects["word"].to_list() == kept
    answer = model.classes.index(document["answer"])
    without = [" ".join(word for word in kept if word != left_out) for left_out in kept]
    whole, *parts = (model.predict(each)[:, answer] for each in ([text], without))
    odds = [np.log(p / (1 - p)) for p in (whole, *parts)]
    np.testing.assert_allclose(effects["effect"], odds[0] - odds[1], rtol=0, atol=1e-5)
    assert effects["effect"].abs().max() > 1e-4


@pytest.mark.reliability("Interruption")
def test_an_interrupted_encoding_does_only_the_rest(corpus, tmp_path, monkeypatch, caplog):
    from seq2report.models import sentences

    caplog.set_level(logging.INFO)
    whole, calls = sentences.block_vectors, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(sentences, "block_vectors", interrupted)
    with pytest.raises(KeyboardInterrupt):
        encode(corpus, tmp_path / "again")
    read(corpus)  # the same, with another date in encoder.keras
    encode(corpus, tmp_path / "again")
    blocks = len(sentences.blocks(np.load(corpus / "sentences/vectors.npy")[:, 0]))
    assert len(calls) == blocks + 1 > 2  # one of the first attempt was not finished
    content = (tmp_path / "again/vectors.npy").read_bytes()
    assert content == (corpus / "sentences/vectors.npy").read_bytes()
    assert not (corpus / "unfinished").exists()
    vectors = np.load(corpus / "sentences/vectors.npy")
    assert f" of {len(vectors)} documents are done" in caplog.text
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    about = json.loads((corpus / "pieces/encoding.json").read_text())
    assert about["documents"] == len(vectors)


@pytest.mark.parametrize("length", [3, 33])
def test_a_length_with_which_all_documents_are_equal_or_too_long_is_refused(
    corpus, tmp_path, length
):
    message = rf"^encoders\.tiny\.length: found {length}, expected 4 to 32 word pieces: 3 are the"
    with pytest.raises(UserError, match=message):
        encode(corpus, tmp_path / "again", length=length)


@pytest.mark.parametrize(("key", "value"), [("length", 3), ("train_layers", 3)])
def test_a_fine_tuning_that_the_encoder_does_not_allow_is_refused(corpus, key, value):
    settings = Input(**PIECES | {key: value})
    with pytest.raises(UserError, match=rf"^input\.{key}: found 3, expected"):
        load_encoder(corpus / "encoder/encoder.keras", settings, None)


@pytest.mark.reliability("Interruption")
def test_a_fine_tuning_that_was_broken_off_goes_on_and_gives_the_same_weights(
    corpus, tiny, tmp_path, caplog
):
    caplog.set_level(logging.INFO)
    run = tmp_path / "tuned/seed-1"
    checkpoint = shutil.copy(corpus / "first.checkpoint", tmp_path)
    read(corpus)  # the same, with another date in encoder.keras
    fine_tune(corpus, tiny, checkpoint, run)
    assert "going on after epoch 1, as" in caplog.text
    assert_same_run(run, corpus / "runs/tuned/seed-1")
