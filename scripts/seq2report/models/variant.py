"""Variants: the settings of a model, and what follows from its kind.

YAML, the arguments of the training scripts and run.json hold the same mapping; `Variant.read` and
`Variant.settings` are the only way from it and back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Self

EVERY_RUN = ("metrics.json", "run.json")  # which every model is loaded from
FEATURES = ("model.skops", "vocabulary.parquet", "features.json")  # the steps that make features


@dataclass(frozen=True)
class Input:
    """How a network reads a document.

    Attributes:
        form: sequence (token ids), onehot, multihot or features.
        encoding: name of the encoding that gives token ids; None for features.
        features: name of the features; None for token ids.
        length: tokens that are read of a document; None if it is one vector.
        padding: pre or post.
        truncating: pre or post.
        embedding: name of pretrained vectors.
        trainable: whether the embedding is trained; None without one.
        dimensions: of an embedding that is learned with the task.
    """

    form: str
    encoding: str | None = None
    features: str | None = None
    length: int | None = None
    padding: str | None = None
    truncating: str | None = None
    embedding: str | None = None
    trainable: bool | None = None
    dimensions: int | None = None

    @property
    def is_vector(self) -> bool:
        """Whether a document is one vector, without the order of its tokens."""
        return self.form in ("multihot", "features")


@dataclass(frozen=True)
class Fit:
    """How a network is fitted.

    Attributes:
        optimizer: name of a Keras optimizer, or name and arguments.
        batch_size: documents per batch.
        epochs: at most.
        patience: epochs without a better validation accuracy before training stops; None: no early
            stopping.
        protocol: lecture, or None: the test documents are predicted once, at the end.
        refit: whether a fresh network is fitted on training and validation documents in the end.
        class_weight: balanced or None.
    """

    optimizer: str | dict
    batch_size: int
    epochs: int
    patience: int | None = None
    protocol: str | None = None
    refit: bool = False
    class_weight: str | None = None


@dataclass(frozen=True)
class Ensemble:
    """Other variants, and how their probabilities are combined: vote or stack."""

    members: list[str]
    method: str


@dataclass(frozen=True)
class Variant:
    """A configured model, all defaults filled in.

    Attributes:
        kind: a key of `KINDS`, which decides which of the other attributes are set.
        pipeline: scikit-learn steps, as in the configuration.
        input: of a network.
        layers: of a network: Keras layers, or file, function, arguments and digest of a function.
        fit: of a network.
        ensemble: members and method.
    """

    kind: str
    pipeline: list[dict] = field(default_factory=list)
    input: Input | None = None
    layers: list[dict] | dict = field(default_factory=list)
    fit: Fit | None = None
    ensemble: Ensemble | None = None

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Self:
        """Return the variant that resolved settings describe.

        Raises:
            ValueError: they describe no kind of model, or have an unknown or a missing key.
        """
        kind = kind_of(settings)
        if not any(each.key in settings for each in KINDS.values()):
            expected = ", ".join(f"'{each.key}'" for each in KINDS.values())
            raise ValueError(
                f"expected one of {expected}, found {', '.join(settings) or 'nothing'}"
            )
        types = {"input": Input, "fit": Fit, "ensemble": Ensemble}
        try:
            values = {k: types[k](**v) if k in types else v for k, v in settings.items()}
            return cls(kind, **values)
        except TypeError as error:
            raise ValueError(f"not the settings of a variant: {error}") from error

    def settings(self) -> dict[str, Any]:
        """Return the settings as `read` takes them, without what is at its default."""
        return _plain(self, ("kind",))

    @property
    def is_held_out(self) -> bool:
        """Whether the test documents are predicted once, by a model chosen without them."""
        return self.fit is None or self.fit.protocol != "lecture"

    @property
    def trains_embedding(self) -> bool:
        """Whether the run leaves an embedding matrix that training has changed."""
        return self.input is not None and bool(self.input.trainable)

    def run_files(self) -> list[str]:
        """Return the files of a run that are no part of its model, those of every kind first."""
        files = ["metrics.json", "predictions.parquet", "history.csv"]
        files += ["validation.parquet"] if self.is_held_out else []
        return files + (["embedding.npy"] if self.trains_embedding else [])


@dataclass(frozen=True)
class Kind:
    """What the kind of a variant decides.

    Attributes:
        key: the key of the settings that only this kind has.
        keys: all that it may have.
        script: the command that trains it, scripts/<script>.py.
        predictor: the class of answers/predictor.py that loads its model from a run's folder.
        files: from a variant to the files of a run that its own model is loaded from.
    """

    key: str
    keys: tuple[str, ...]
    script: str
    predictor: str
    files: Callable[[Variant], list[str]]


def _network_files(variant: Variant) -> list[str]:
    if variant.input.form == "features":
        return ["model.keras", *(f"features/{name}" for name in FEATURES)]
    return ["model.keras", "vocabulary.parquet"]


# One row per kind. Of settings with keys of several kinds, the first row decides.
KINDS = {
    "ensemble": Kind(
        *("ensemble", ("ensemble",), "train_ensemble", "Ensemble"),
        files=lambda variant: ["ensemble.json"],
    ),
    "pipeline": Kind(
        *("pipeline", ("pipeline",), "train_pipeline", "Pipeline"),
        files=lambda variant: ["model.skops", "vocabulary.parquet"],
    ),
    "network": Kind(
        *("layers", ("input", "layers", "fit"), "train_network", "Network"),
        files=_network_files,
    ),
}


def kind_of(settings: Mapping[str, Any]) -> str:
    """Return the kind of model that settings describe; a network if they do not say."""
    return next((name for name, kind in KINDS.items() if kind.key in settings), "network")


def model_files(variants: Mapping[str, Variant], name: str) -> list[str]:
    """Return the files of a run that its model is loaded from, the members of an ensemble included.

    Args:
        variants: all of them, by name.
        name: of the variant that is asked about.
    """
    variant = variants[name]
    members = variant.ensemble.members if variant.ensemble else []
    copied = [f"members/{each}/{file}" for each in members for file in model_files(variants, each)]
    return [*EVERY_RUN, *KINDS[variant.kind].files(variant), *copied]


def _plain(item: object, without: tuple[str, ...] = ()) -> object:
    """Return a dataclass as a mapping, without what is not set."""
    if not is_dataclass(item):
        return item
    values = {f.name: getattr(item, f.name) for f in fields(item) if f.name not in without}
    return {k: _plain(value) for k, value in values.items() if value is not None and value != []}
