"""A file of a run or an intermediate file that is damaged is named, with what to do."""

import errno
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.sparse
from helpers import ROOT, TRAINED, WORDS

import evaluate_answers
import evaluate_embeddings
import evaluate_labels
import evaluate_runs
import train_ensemble
from seq2report.answers.predictor import load, training_summary
from seq2report.core.command import UserError, read_json
from seq2report.core.stored import read_numbers
from seq2report.core.tables import read_tables
from seq2report.documents.duplicates import read_digests
from seq2report.documents.features import read_features
from seq2report.documents.sequences import read_sequences
from seq2report.models.ensembles import read_members
from seq2report.models.runs import read_predictions, write_digests, write_run
from seq2report.vectors.vectors import open_vectors

damage = pytest.mark.reliability("Bad machine")
ADVICE = "delete it and run Snakemake again"


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def fill(path):
    path.write_bytes(b"\0" * path.stat().st_size)


def empty(path):
    path.write_bytes(b"")


def without_content(path):
    path.write_text("{}" if path.suffix == ".json" else "")


def endless(path):
    path.unlink()
    path.symlink_to("/dev/zero")


HARM = (cut, fill, empty, without_content)


def refused(read, path):
    """Check that reading gives one line that names the file."""
    with pytest.raises(UserError) as refusal:
        read()
    message = str(refusal.value)
    assert message.startswith(f"{path} is ")
    assert ADVICE in message
    assert "\n" not in message


FILES = [
    (variant, file)
    for variant, files in {
        "lstm": ("run.json", "metrics.json", "model.keras", "vocabulary.parquet"),
        "ngrams": ("features/model.skops", "features/vocabulary.parquet"),
        "svm": ("model.skops", "vocabulary.parquet"),
        "stack": ("ensemble.json", "members/svm/run.json", "members/lstm/model.keras"),
    }.items()
    for file in files
]


@damage
@pytest.mark.parametrize(("variant", "file"), FILES, ids=lambda value: value)
def test_a_damaged_file_of_a_run_is_named_by_predictions(trained, tmp_path, variant, file):
    run = shutil.copytree(trained / f"runs/{variant}/seed-1", tmp_path / "run")
    whole = (run / file).read_bytes()
    for harm in HARM:
        (run / file).write_bytes(whole)
        harm(run / file)
        refused(lambda: (load(run), training_summary(run)), run / file)
    if not file.endswith("run.json"):
        endless(run / file)
        refused(lambda: (load(run), training_summary(run)), run / file)
    (run / file).unlink()
    if not file.endswith("run.json"):
        with pytest.raises(UserError, match=f"{file} is missing; run Snakemake again"):
            load(run), training_summary(run)


@pytest.mark.parametrize(
    ("variant", "file", "changes"),
    [
        ("svm", "run.json", {"classes": ["other", "sci.med"]}),
        ("svm", "run.json", {"classes": None}),
        ("svm", "run.json", {"corpus": {}}),
        ("lstm", "run.json", {"classes": ["one"]}),
        ("lstm", "run.json", {"num_words": 7}),
        ("lstm", "run.json", {"settings": TRAINED["lstm"] | {"input": WORDS | {"length": 10**7}}}),
        ("lstm", "run.json", {"seed": "x"}),
        ("stack", "ensemble.json", {"method": "x"}),
        ("stack", "run.json", {"classes": ["a", "b"]}),
        ("vote", "ensemble.json", {"weights": [7, 0.5]}),
        ("svm", "metrics.json", {"accuracy": None}),
        ("svm", "metrics.json", {"fitted_documents": "many"}),
        ("svm", "metrics.json", {"test_documents": "20"}),
        ("svm", "metrics.json", {"accuracy": 1.5}),
    ],
)
@damage
def test_a_run_whose_files_do_not_belong_together_is_refused(
    trained, tmp_path, variant, file, changes
):
    run = shutil.copytree(trained / f"runs/{variant}/seed-1", tmp_path / "run")
    (run / file).write_text(json.dumps(read_json(run / file) | changes))
    write_digests(run)
    with pytest.raises(UserError, match=rf"^{run}.* is damaged \(.*\); {ADVICE}"):
        load(run), training_summary(run)


@damage
def test_a_link_in_a_run_is_not_followed_to_another_folder(trained, tmp_path):
    run = shutil.copytree(trained / "runs/ngrams/seed-1", tmp_path / "run")
    (run / "features").rename(tmp_path / "elsewhere")
    (run / "features").symlink_to(tmp_path / "elsewhere")
    refused(lambda: load(run), run / "features")


@damage
def test_a_number_of_documents_from_elsewhere_takes_no_memory(trained, tmp_path):
    run = shutil.copytree(trained / "runs/svm/seed-1", tmp_path / "run")
    metrics = read_json(run / "metrics.json") | {"test_documents": 10**13, "accuracy": 0.5}
    (run / "metrics.json").write_text(json.dumps(metrics))
    write_digests(run)
    assert "10,000,000,000,000 test documents: 50.0%, 95% interval 50.0%" in training_summary(run)


def change_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@damage
@pytest.mark.parametrize(("variant", "file"), FILES, ids=lambda value: value)
def test_a_changed_byte_of_a_model_is_noticed(trained, tmp_path, variant, file):
    run = shutil.copytree(trained / f"runs/{variant}/seed-1", tmp_path / "run")
    change_a_byte(run / file)
    refused(lambda: (training_summary(run), load(run)), run / file)


def evaluate_labels_of(run, _):
    return evaluate_labels.mean_probability([run])


def evaluate_answers_of(run, _):
    evaluate_answers.main(["--runs", str(run), "--documents", "d", "--output", "o"])


def evaluate_embeddings_of(run, words):
    files = {name: str(words / f"{name}.parquet") for name in ("vocabulary", "sequences")}
    files |= {"analogies": str(ROOT / "reports/analogies.yaml"), "documents": "d", "output": "o"}
    others = [part for name, file in files.items() for part in (f"--{name}", file)]
    evaluate_embeddings.main(["--matrix", "a", "after", str(run / "embedding.npy"), *others])


def train_ensemble_of(run, _):
    train_ensemble.main(["--runs", str(run), "--method", "vote", "--seed", "1", "--output", "o"])


def evaluate_runs_of(run, _):
    evaluate_runs.read_run(run, {"run": "Own"})
    list(read_predictions([run]))


RUN_READERS = [
    *((evaluate_runs_of, f) for f in ("metrics.json", "history.csv", "predictions.parquet")),
    (evaluate_labels_of, "predictions.parquet"),
    (evaluate_answers_of, "predictions.parquet"),
    (evaluate_embeddings_of, "embedding.npy"),
    *((train_ensemble_of, f) for f in ("model.keras", "validation.parquet")),
]


@damage
@pytest.mark.parametrize(
    ("read", "file"), RUN_READERS, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_changed_byte_of_a_run_is_noticed_by_the_step_that_reads_it(
    trained, tiny, tmp_path, read, file
):
    run = shutil.copytree(trained / "runs/lstm/seed-1", tmp_path / "run/seed-1")
    change_a_byte(run / file)
    refused(lambda: read(run, tiny / "words"), run / file)


@damage
@pytest.mark.parametrize(
    "line", ["", "0  model.skops", "0" * 64 + "  ../run.json"], ids=["none", "short", "outside"]
)
def test_a_run_without_the_digests_of_its_model_is_not_used(trained, tmp_path, line):
    run = shutil.copytree(trained / "runs/svm/seed-1", tmp_path / "run")
    (run / "SHA256SUMS").write_text(line)
    with pytest.raises(UserError, match=r"SHA256SUMS is damaged \(it lacks run.json\)"):
        load(run)
    (run / "SHA256SUMS").unlink()
    with pytest.raises(UserError, match=r"SHA256SUMS is missing; run Snakemake again"):
        load(run)


def test_what_a_file_manager_adds_to_a_run_does_no_harm(trained, tmp_path):
    run = shutil.copytree(trained / "runs/ngrams/seed-1", tmp_path / "run")
    for folder in (run, run / "features"):
        (folder / ".DS_Store").write_bytes(b"\0")
    load(run)


@pytest.mark.parametrize(
    ("method", "arguments", "name"), [("is_file", (), "seed-1: "), ("open", ("rb",), "run.json")]
)
def test_a_run_that_cannot_be_read_is_named(trained, monkeypatch, method, arguments, name):
    usual = getattr(Path, method)

    def refuse(path, *args, **options):
        if (args, options) == (arguments, {}):  # open: of the digest of a file
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return usual(path, *args, **options)

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(UserError, match=f"{name}.*Permission denied"):
        load(trained / "runs/svm/seed-1")


def test_the_digests_of_a_run_are_those_that_the_system_checks(trained):
    run = trained / "runs/stack/seed-1"
    assert "members/lstm/model.keras" in (run / "SHA256SUMS").read_text()
    subprocess.run(["sha256sum", "--strict", "--check", "SHA256SUMS"], cwd=run, check=True)


READERS = {
    "words/tokens.npy": lambda folder: read_sequences(folder / "words/sequences.parquet"),
    "words/sequences.parquet": lambda folder: read_sequences(folder / "words/sequences.parquet"),
    "words/encoding.json": lambda folder: read_json(folder / "words/encoding.json")["num_words"],
    "corpus.json": lambda folder: read_json(folder / "corpus.json")["classes"],
    "glove/matrix.npy": lambda folder: read_numbers(folder / "glove/matrix.npy"),
    "glove/missing.parquet": lambda folder: read_tables(folder / "glove"),
    "vectors/words.parquet": lambda folder: open_vectors(
        folder / "vectors/words.parquet", folder / "vectors/vectors.npy", folder / "source"
    ),
    "documents.parquet": lambda folder: read_digests(folder / "documents.parquet"),
    "runs/own/seed-1/predictions.parquet": lambda folder: read_members(
        [folder / "runs/own/seed-1/predictions.parquet"]
    ),
    "runs/own/seed-1/metrics.json": lambda folder: evaluate_runs.read_run(
        folder / "runs/own/seed-1", {"own": "Own"}
    ),
    "features.npz": lambda folder: read_features(folder / "documents.parquet"),
}


@damage
@pytest.mark.parametrize("file", READERS)
def test_a_damaged_intermediate_file_is_named_by_the_step_that_reads_it(
    tiny, tiny_vectors, tmp_path, file
):
    folder = shutil.copytree(tiny, tmp_path / "tiny")
    shutil.copy(tiny_vectors, folder / "source")
    features = scipy.sparse.eye_array(3, format="csr")
    scipy.sparse.save_npz(folder / "features.npz", features, compressed=False)
    documents = pl.DataFrame({"id": ["1"], "label": ["a"]}), np.array([[0.6, 0.4]])
    (run := folder / "runs/own/seed-1").mkdir(parents=True)
    write_run(run, documents, None, ["a", "b"], [], {"seed": 1})
    READERS[file](folder)
    whole = (folder / file).read_bytes()
    for harm in HARM:
        (folder / file).write_bytes(whole)
        harm(folder / file)
        refused(lambda: READERS[file](folder), folder / file)


@damage
def test_tokens_and_documents_of_two_encodings_are_refused(tiny, tmp_path):
    words = shutil.copytree(tiny / "words", tmp_path / "words")
    np.save(words / "tokens.npy", np.load(words / "tokens.npy")[:-1])
    with pytest.raises(UserError, match=r"tokens.npy is damaged \(it has \d+ word ids"):
        read_sequences(words / "sequences.parquet")
