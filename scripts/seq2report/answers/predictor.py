"""Load the model of a finished run and predict probabilities for texts.

    from seq2report.answers.predictor import load

    model = load("results/sample/imdb/runs/glove_lstm/seed-1")
    model.predict(["What a fine film!"])  # (1, 2) probabilities, one column per model.classes

A run folder contains everything that its model needs and can be copied. Nothing is unpickled, and
no code in the folder is executed.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import scipy.sparse

from seq2report.answers.statistics import wilson
from seq2report.core.command import UserError, intact, read_json
from seq2report.core.excerpts import visible
from seq2report.core.stored import read_table
from seq2report.documents.features import Features
from seq2report.documents.pieces import Splitter
from seq2report.documents.sequences import Encoded, Sequences
from seq2report.documents.texts import readable
from seq2report.documents.tokens import SPECIAL, START, UNKNOWN, Words, encode, has_special, spans
from seq2report.models.ensembles import METHODS, logarithms
from seq2report.models.runs import check_digests
from seq2report.models.variant import Input, Variant

if TYPE_CHECKING:
    from seq2report.models.sentences import SentenceEncoder

NAME = "[a-z0-9][a-z0-9_]*"  # of a variant


class Predictor(ABC):
    """A trained model that classifies texts."""

    classes: list[str]  # in the order of the probabilities

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probability of each class for each text, (texts, classes) float64."""
        if not (texts := readable(texts)):
            return np.zeros((0, len(self.classes)))
        return self._predict(texts).astype(np.float64)

    def log_probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return the logarithms of the probabilities, clipped to `runs.SMALLEST`."""
        return logarithms(self.predict(texts))

    def knows(self, texts: Sequence[str]) -> np.ndarray:
        """Return whether the model knows any word or feature of each text, (texts,) bool.

        Its answers say nothing about the other texts.
        """
        return self._knows(readable(texts))

    def read(self, text: str) -> str:
        """Return the part of a text that the model reads; some models truncate texts."""
        return self._read(*readable([text]))

    @abstractmethod
    def _predict(self, texts: list[str]) -> np.ndarray: ...

    @abstractmethod
    def _knows(self, texts: list[str]) -> np.ndarray: ...

    def _read(self, text: str) -> str:
        return text


class StepFeatures:
    """Fitted scikit-learn ``steps`` that convert texts to features."""

    def __init__(self, folder: Path) -> None:
        from seq2report.models.pipelines import load_pipeline

        self.steps = load_pipeline(folder)

    def transform(self, texts: Sequence[str]) -> scipy.sparse.csr_matrix:
        """Return one row of features per text, (texts, features) float32."""
        matrix = scipy.sparse.csr_matrix(self.steps.transform(texts), dtype="f4")
        matrix.sort_indices()
        return matrix

    def knows(self, texts: Sequence[str]) -> np.ndarray:
        return has_features(self.steps, texts)

    def read(self, text: str) -> str:
        return text


def load_features(run: Path, settings: Input | None) -> "StepFeatures | SentenceEncoder | None":
    """Return what converts texts to the features that a model reads; None if it reads others."""
    if not settings or not settings.features:
        return None
    if settings.form != "vectors":
        return StepFeatures(run / "features")
    from seq2report.models.backend import load_keras

    load_keras(seed=0)
    from seq2report.models.sentences import SentenceEncoder

    return SentenceEncoder(run / "features")


class Pipeline(Predictor):
    """A fitted scikit-learn pipeline.

    Attributes:
        model: the pipeline.
        features: converts texts to the features that the model reads, or None.
    """

    def __init__(self, run: Path, about: dict) -> None:
        from seq2report.models.pipelines import load_pipeline

        self.classes, self.model = about["classes"], load_pipeline(run)
        self.features = load_features(run, Variant.read(about["settings"]).input)
        if not set(self.model.classes_) <= set(self.classes):
            raise ValueError("run.json lacks a class of its model")

    def _predict(self, texts: list[str]) -> np.ndarray:
        from seq2report.models.pipelines import probabilities

        return probabilities(self.model, self._features(texts), self.classes)

    def log_probabilities(self, texts: Sequence[str]) -> np.ndarray:
        from seq2report.models.pipelines import log_probabilities

        if not (texts := readable(texts)):
            return super().log_probabilities(texts)
        return log_probabilities(self.model, self._features(texts), self.classes)

    def _features(self, texts: list[str]) -> Sequence[str] | scipy.sparse.csr_matrix | np.ndarray:
        return self.features.transform(texts) if self.features else texts

    def _knows(self, texts: list[str]) -> np.ndarray:
        return self.features.knows(texts) if self.features else has_features(self.model, texts)

    def _read(self, text: str) -> str:
        return self.features.read(text) if self.features else text


class Network(Predictor):
    """A Keras network.

    Attributes:
        model: the Keras model.
        features: converts texts to the features that the model reads, or None.
        splitter: the tokeniser of the encoder that was trained, or None.
        vocabulary: columns id and word of the encoding, or None.
        num_words: token ids are below this number; or the number of features.
    """

    def __init__(self, run: Path, about: dict) -> None:
        from seq2report.models.backend import load_keras

        load_keras(about["seed"])
        from seq2report.models.build import load_network

        self.classes = about["classes"]
        self._input = Variant.read(about["settings"]).input
        self.model = load_network(run / "model.keras")
        self.model.compile(jit_compile=False)  # compilation takes longer than a few predictions
        self.splitter = self.vocabulary = None
        self.num_words = about["num_words"]
        self.features = load_features(run, self._input)
        if self._input.encoder:
            encoder = read_json(run / "encoder.json")
            self.splitter = Splitter.load(run / "tokenizer.json", self._input.length, encoder)
        elif not self.features:
            self.vocabulary = read_table(run / "vocabulary.parquet")
            self._known = set(self.vocabulary["word"])
            if self.vocabulary["id"].max() >= self.num_words:
                raise ValueError("its vocabulary has more words than its model")
            is_multihot = self._input.form == "multihot"
            if self.model.input_shape[1] != (self.num_words if is_multihot else self._input.length):
                raise ValueError("its model reads another length than that of run.json")

    def _predict(self, texts: list[str]) -> np.ndarray:
        from seq2report.models.batches import inputs_of, probabilities

        read = partial(inputs_of, settings=self._input, num_words=self.num_words)
        return probabilities(self.model, self._documents(texts), read)

    def _knows(self, texts: list[str]) -> np.ndarray:
        if reader := self.features or self.splitter:
            return reader.knows(texts)
        documents = self._documents(texts)
        special = SPECIAL[UNKNOWN] if has_special(self.vocabulary) else 0
        row = np.repeat(np.arange(len(texts)), documents.lengths)
        return np.bincount(row[documents.flat() > special], minlength=len(texts)) > 0

    def _documents(self, texts: Sequence[str]) -> Encoded:
        if self.splitter:
            return self.splitter.pieces(texts)
        about = [pl.Series([""] * len(texts))] * 3  # a text has no id, split or label
        if self.features:
            return Features(*about, self.features.transform(texts))
        words = Words()
        numbers, lengths = words.add(texts, np.zeros(len(texts), bool))
        start = SPECIAL[START] if has_special(self.vocabulary) else None
        flat, lengths = encode(numbers, lengths, words.ids(self.vocabulary), start)
        return Sequences(*about, flat, np.cumsum(lengths) - lengths, lengths)

    def _read(self, text: str) -> str:
        if reader := self.features or self.splitter:
            return reader.read(text)
        if self._input.length is None:
            return text
        is_marked, keeps_first = has_special(self.vocabulary), self._input.truncating == "post"
        words = [word for word in spans(text) if is_marked or word.token in self._known]
        room = self._input.length - (is_marked and keeps_first)  # one is the token for the start
        kept = (words[:room] if keeps_first else words[-room:]) if room else []
        return text[kept[0].start : kept[-1].end] if kept else ""


class Ensemble(Predictor):
    """The combined probabilities of several models."""

    def __init__(self, run: Path, about: dict) -> None:
        ensemble = read_json(run / "ensemble.json")
        folders = member_folders(run, ensemble["members"])
        if any((folder / "ensemble.json").exists() for folder in folders):  # maybe without end
            raise ValueError("a member of it is an ensemble")
        self._members = [load(folder) for folder in folders]
        self.classes, self._weights = about["classes"], np.array(ensemble["weights"])
        _, self._combine = METHODS[ensemble["method"]]
        if any(member.classes != self.classes for member in self._members):
            raise ValueError("a member has other classes than run.json")

    def _predict(self, texts: list[str]) -> np.ndarray:
        members = np.stack([member.predict(texts) for member in self._members])
        return self._combine(members, self._weights)

    def _knows(self, texts: list[str]) -> np.ndarray:
        return np.any([member.knows(texts) for member in self._members], axis=0)


def has_features(steps: object, texts: Sequence[str]) -> np.ndarray:
    """Return whether the first step of a pipeline finds a feature in each text, (texts,) bool."""
    return scipy.sparse.csr_matrix(steps[0].transform(texts)).getnnz(axis=1) > 0


# By the kind of the variant; a chosen one has the kind of the candidate.
PREDICTORS = {"pipeline": Pipeline, "network": Network, "ensemble": Ensemble}


def load(run: Path | str) -> Predictor:
    """Return the model of a run folder.

    For the test documents, its probabilities are those of the run's predictions.parquet, up to the
    rounding of 32-bit numbers. (``NMF`` and ``MiniBatchNMF`` depend a little on the other texts.)

    Raises:
        UserError: the folder is not a finished run, a file of it was changed, or its files do not
            belong together.
    """
    run = Path(run)
    about = read_about(run)
    check_digests(run)
    kind = read_settings(run, about).kind
    refuse_without_model(run)
    with intact(run):
        model = PREDICTORS[kind](run, about)
        if model.classes != sorted(set(map(str, model.classes))):
            raise ValueError("the classes in run.json are no sorted names")
        answer = model.predict([""])[0]
        if len(answer) != len(model.classes) or not np.isclose(answer.sum(), 1):
            raise ValueError("its probabilities are not those of its classes")
    return model


def read_about(run: Path) -> dict:
    """Return the content of run.json.

    Raises:
        UserError: the folder is not a finished run, or cannot be read.
    """
    try:
        is_there = (file := run / "run.json").is_file()
    except OSError as error:
        raise UserError(f"{run}: cannot be read: {error.strerror or error}") from error
    if not is_there:
        raise UserError(
            f"{run}: found no run.json, expected the folder of a finished run,"
            " results/<name>/<corpus>/runs/<variant>/seed-<n>; name one, or train this one first"
        )
    return read_json(file)


def read_settings(run: Path, about: dict) -> Variant:
    """Return the settings in run.json; `UserError` if they are none."""
    try:
        return Variant.read(about["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{run / 'run.json'}: {error}; was it written by this version?") from error


def without_model(run: Path) -> list[Path]:
    """Return the run, or those of its members, that has answers from elsewhere and no model."""
    variant = read_settings(run, read_about(run))
    with intact(run / "run.json"):
        members = variant.ensemble.members if variant.ensemble else []
        folders = [run, *member_folders(run, members)]
    return [f for f in folders if read_settings(f, read_about(f)).kind == "predictions"]


def refuse_without_model(run: Path) -> None:
    """Raise `UserError` if a run, or a member of it, cannot predict or explain."""
    if others := without_model(run):
        raise UserError(
            f"{others[0]}: its answers come from elsewhere, so it has no model that can predict or"
            " explain; name the folder of a variant that was trained, or ask where the answers"
            " come from"
        )


def training_summary(run: Path) -> str:
    """Return a few lines about the training data and the test accuracy of a run.

    Raises:
        UserError: the folder is not a finished run.
    """
    about = read_about(run)
    check_digests(run, "run.json", "metrics.json")
    refuse_without_model(run)
    metrics = read_json(run / "metrics.json")
    with intact(run / "metrics.json"):
        n, accuracy = metrics["test_documents"], metrics["accuracy"]
        low, high = wilson(round(accuracy * n), n)
        fitted = f"{metrics['fitted_documents']:,} documents"
    with intact(run / "run.json"):
        corpus = about["corpus"]
        split = f" ({corpus['split']})" if "split" in corpus else ""
        begin = f"{about['variant']}, seed {about['seed']}: trained on {fitted} of {corpus['name']}"
        chosen = about.get("chosen")  # only in runs that choose.py writes
        choice = []
        if chosen:
            best = f"the best of {chosen['candidates']:,} on the validation documents"
            choice.append(f"{best}: {chosen['variant']}")
    lines = [
        begin,
        *choice,
        f"accuracy on {n:,} test documents{split}: {accuracy:.1%}, 95% interval"
        f" {low:.1%} to {high:.1%} (one seed: the interval leaves out how seeds differ)",
    ]
    if corpus.get("sample"):
        lines.append("the corpus is a sample: the full corpus gives other figures")
    if metrics.get("protocol") == "lecture":
        lines.append("the test documents were also used for validation: expect less on new ones")
    return "\n".join(map(visible, lines))


def member_folders(run: Path, members: Sequence[str]) -> list[Path]:
    """Return the run folders of an ensemble's members.

    Raises:
        UserError: the name of a member is not valid, and might be a path outside the folder.
    """
    for member in members:
        if not re.fullmatch(NAME, member):
            file = run / "ensemble.json"
            raise UserError(f"{file}: found the member {member!r}, expected {NAME}")
    return [run / "members" / member for member in members]
