"""Finished runs as functions: texts in, probabilities out.

    from seq2report.command import read_json
    from seq2report.config import resolve_trained
    from seq2report.predictor import load

    variants = resolve_trained(read_json("results/sample/config.json"))
    model = load("results/sample/imdb/runs/glove_lstm/seed-1", variants)
    model.classes                        # ["neg", "pos"]
    model.predict(["What a fine film!"])  # (1, 2) probabilities

A run lies in ``…/<corpus>/runs/<variant>/seed-<n>/``. What texts become before a network reads them
(the vocabulary of its encoding, or its fitted features) and the members of an ensemble are found
beside it. Nothing is unpickled.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse

from seq2report.command import UserError, read_json
from seq2report.ensembles import METHODS
from seq2report.features import Features
from seq2report.sequences import Encoded, Sequences
from seq2report.tokens import FILTERS, MARKS, START, Words, encode, marked

WORD = re.compile(f"[^ {re.escape(FILTERS)}]+")  # as `tokens.tokens` splits a text


class Predictor(ABC):
    """A trained model that reads texts.

    Attributes:
        classes: class names, in the order of the probabilities.
    """

    classes: list[str]

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probability of each class for each text, (texts, classes) float64."""
        if not len(texts):
            return np.zeros((0, len(self.classes)))
        return self._predict(list(texts)).astype(np.float64)

    @abstractmethod
    def _predict(self, texts: list[str]) -> np.ndarray: ...

    def read(self, text: str) -> str:
        """Return the part of a text that the model reads: all of it, unless it cuts words off."""
        return text


class Pipeline(Predictor):
    """A pipeline of scikit-learn.

    Args:
        run: its folder.
        classes: class names.

    Attributes:
        model: the fitted pipeline.
    """

    def __init__(self, run: Path, classes: list[str]) -> None:
        from seq2report.pipelines import load_pipeline

        self.classes, self.model = classes, load_pipeline(run)

    def _predict(self, texts: list[str]) -> np.ndarray:
        from seq2report.pipelines import probabilities

        return probabilities(self.model, pl.DataFrame({"text": texts}), self.classes)


class Network(Predictor):
    """A Keras network, on whatever its variant reads.

    Args:
        run: its folder.
        classes: class names.
        given: ``input`` of the resolved variant.

    Attributes:
        model: the Keras model.
        features: the fitted steps that make features of a text, or None.
        vocabulary: columns id and word of the encoding, or None.
        num_words: ids stay below this number; or how many features there are.
    """

    def __init__(self, run: Path, classes: list[str], given: dict) -> None:
        from seq2report.backend import load_keras

        corpus, seed = run.parents[2], int(run.name.removeprefix("seed-"))
        keras = load_keras(seed)
        self.classes, self._given = classes, given
        self.model = keras.models.load_model(run / "model.keras", compile=False, safe_mode=True)
        self.model.compile(jit_compile=False)  # a compilation takes longer than a few documents
        self.features = self.vocabulary = None
        if given["form"] == "features":
            from seq2report.pipelines import load_pipeline

            self.features = load_pipeline(corpus / "features" / given["features"])
            self.num_words = self.model.input_shape[1]
        else:
            folder = corpus / "sequences" / given["encoding"]
            self.vocabulary = pl.read_parquet(folder / "vocabulary.parquet")
            self.num_words = read_json(folder / "encoding.json")["num_words"]
            self._known = set(self.vocabulary["word"])

    def _predict(self, texts: list[str]) -> np.ndarray:
        from seq2report import network

        read = partial(network.inputs_of, given=self._given, num_words=self.num_words)
        return network.probabilities(self.model, self._documents(texts), read)

    def _documents(self, texts: list[str]) -> Encoded:
        nothing = pl.Series([""] * len(texts))
        about = (nothing, nothing, nothing)  # a text has no id, split or label
        if self.features is not None:
            matrix = scipy.sparse.csr_matrix(self.features.transform(texts), dtype="f4")
            matrix.sort_indices()
            return Features(*about, matrix)
        words = Words()
        numbers, lengths = words.add(texts, np.zeros(len(texts), bool))
        start = MARKS[START] if marked(self.vocabulary) else None
        flat, lengths = encode(numbers, lengths, words.ids(self.vocabulary), start)
        return Sequences(*about, flat, np.cumsum(lengths) - lengths, lengths)

    def read(self, text: str) -> str:
        if "length" not in self._given:
            return text
        every, first = marked(self.vocabulary), self._given["truncating"] == "post"
        words = [each for each in WORD.finditer(text) if every or each[0].lower() in self._known]
        room = self._given["length"] - (every and first)  # the mark of the start takes a place
        kept = (words[:room] if first else words[-room:]) if room else []
        return text[kept[0].start() : kept[-1].end()] if kept else ""


class Ensemble(Predictor):
    """The probabilities of several models, made into one.

    Args:
        members: which read the same corpus.
        weights: one a member.
        method: a name in `ensembles.METHODS`.
    """

    def __init__(self, members: list[Predictor], weights: list[float], method: str) -> None:
        self.classes, self._members, self._weights = members[0].classes, members, np.array(weights)
        _, self._put_together = METHODS[method]

    def _predict(self, texts: list[str]) -> np.ndarray:
        found = np.stack([member.predict(texts) for member in self._members])
        return self._put_together(found, self._weights)


def load(
    run: Path | str, variants: dict[str, dict], loaded: dict[Path, Predictor] | None = None
) -> Predictor:
    """Return the model of a finished run.

    It gives the probabilities that stand in the run's predictions.parquet for the texts of the test
    documents, but for rounding: these are 32-bit numbers, and networks compute with such.

    Args:
        run: its folder, ``…/<corpus>/runs/<variant>/seed-<n>``.
        variants: resolved settings by name, as of `config.resolve_trained`; those of the variant,
            and of an ensemble's members.
        loaded: models by absolute folder, which need not be loaded again; what is loaded is added.

    Raises:
        UserError: the folder holds no finished run, or the settings of its variant are missing.
    """
    run, loaded = Path(run).absolute(), {} if loaded is None else loaded
    if run not in loaded:
        loaded[run] = _load(run, variants, loaded)
    return loaded[run]


def _load(run: Path, variants: dict[str, dict], loaded: dict[Path, Predictor]) -> Predictor:
    variant = run.parent.name
    if not (run / "metrics.json").is_file():
        raise UserError(
            f"{run}: found no finished run, expected a folder <corpus>/runs/<variant>/seed-<n> with"
            " a metrics.json; name another one, or train this one first"
        )
    if variant not in variants:
        raise UserError(
            f"{run}: nothing is known of the variant '{variant}', expected one of"
            f" {', '.join(variants)}; use the configuration that it was trained with"
        )
    if "ensemble" in variants[variant]:
        made = read_json(run / "ensemble.json")
        folders = (run.parents[1] / member / run.name for member in made["members"])
        members = [load(folder, variants, loaded) for folder in folders]
        return Ensemble(members, made["weights"], made["method"])
    classes = read_json(run.parents[2] / "corpus.json")["classes"]
    if "layers" in variants[variant]:
        return Network(run, classes, variants[variant]["input"])
    return Pipeline(run, classes)
