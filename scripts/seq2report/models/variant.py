"""Variants: the settings of a model, and the properties of its kind.

YAML, the arguments of the training scripts and run.json contain the same mapping; `Variant.read`
and `Variant.settings` convert it to a `Variant` and back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Self

DIGESTS = "SHA256SUMS"  # of all other files of a run, as `sha256sum -c` reads them
EVERY_RUN = ("metrics.json", "run.json", DIGESTS)  # needed to load any model
PIPELINE = ("model.skops", "vocabulary.parquet")  # fitted steps
FEATURES = {  # of a run, by the form of its input
    "features": (*PIPELINE, "features.json"),
    "vectors": ("encoder.keras", "tokenizer.json", "features.json"),
}


@dataclass(frozen=True)
class Input:
    """The input of a network, or of a pipeline that reads features."""

    # sequence (token ids), onehot, multihot, features (sparse), vectors (features of an encoder,
    # dense) or pieces (an encoder that is trained)
    form: str
    encoding: str | None = None  # name of the encoding; None for features
    features: str | None = None  # name of the features; None for token ids
    encoder: str | None = None  # name of the encoder that is trained, if any
    length: int | None = None  # maximum number of tokens of a document; None if it is one vector
    train_layers: int | None = None  # number of last layers of the encoder to train; None for all
    padding: str | None = None  # pre or post
    truncating: str | None = None  # pre or post
    embedding: str | None = None  # name of pretrained vectors
    trainable: bool | None = None  # whether the embedding is trained; None without one
    dimensions: int | None = None  # of an embedding without pretrained vectors

    @property
    def is_vector(self) -> bool:
        """Whether a document is one vector, without the order of its tokens."""
        return self.form in ("multihot", *FEATURES)


@dataclass(frozen=True)
class Fit:
    """The settings of the training of a network."""

    optimizer: str | dict  # name of a Keras optimizer, or name and arguments
    batch_size: int
    epochs: int  # maximum number
    patience: int | None = None  # epochs without a better one until early stopping, if any
    protocol: str | None = None  # lecture, or None: test documents are predicted once
    refit: bool = False  # fit a new network on training and validation documents at the end
    class_weight: str | None = None  # balanced or None
    warmup: float | None = None  # share of all batches in which the learning rate rises, if any
    label_smoothing: float | None = None  # share of the target that all classes have equally


@dataclass(frozen=True)
class Ensemble:
    """Other variants, and the method that combines their probabilities: vote or stack."""

    members: list[str]
    method: str


@dataclass(frozen=True)
class Choice:
    """The candidates of which the validation documents choose one."""

    candidates: dict[str, str]  # the variant whose run each candidate has, by candidate


@dataclass(frozen=True)
class Predictions:
    """Answers from elsewhere."""

    source: str | dict[str, str]  # name of the source with their table, or one by corpus
    cost: dict | None = None  # seconds and money, as stated in the configuration

    def source_of(self, corpus: str) -> str:
        """Return the name of the source with the answers for a corpus."""
        return self.source if isinstance(self.source, str) else self.source[corpus]


@dataclass(frozen=True)
class Variant:
    """A configured model with all defaults."""

    kind: str  # a key of `KINDS`, which determines the other attributes that are set
    pipeline: list[dict] = field(default_factory=list)  # scikit-learn steps
    input: Input | None = None
    # Keras layers, or file, function, arguments and digest of a function.
    layers: list[dict] | dict = field(default_factory=list)
    fit: Fit | None = None
    ensemble: Ensemble | None = None
    choose: Choice | None = None
    predictions: Predictions | None = None

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Self:
        """Return the variant of resolved settings.

        Raises:
            ValueError: no kind of model has these settings, or a key is unknown or missing.
        """
        kind = kind_of(settings)
        keys = [row.key for row in KINDS.values()]
        if not any(key in settings for key in keys):
            keys = ", ".join(map(repr, keys))
            raise ValueError(f"expected one of {keys}, found {', '.join(settings) or 'nothing'}")
        types = {"input": Input, "fit": Fit, "ensemble": Ensemble}
        types |= {"choose": Choice, "predictions": Predictions}
        try:
            values = {k: types[k](**v) if k in types else v for k, v in settings.items()}
            return cls(kind, **values)
        except TypeError as error:
            raise ValueError(f"not the settings of a variant: {error}") from error

    def settings(self) -> dict[str, Any]:
        """Return the settings for `read`, without those at their defaults."""
        return _plain(self, ("kind",))

    @property
    def is_held_out(self) -> bool:
        """Whether the test documents are predicted once, by a model chosen without them."""
        return self.fit is None or self.fit.protocol != "lecture"

    @property
    def trains_embedding(self) -> bool:
        """Whether training changes the embedding matrix, which the run then contains."""
        return self.input is not None and bool(self.input.trainable)

    def run_files(self) -> list[str]:
        """Return the files of a run that are not part of its model."""
        files = ["metrics.json", "predictions.parquet", "history.csv"]
        files += ["validation.parquet"] if self.is_held_out else []
        files += ["candidates.csv"] if self.choose else []
        return files + (["embedding.npy"] if self.trains_embedding else [])


@dataclass(frozen=True)
class Kind:
    """The properties of a kind of model."""

    key: str  # the key of the settings that only this kind has
    keys: tuple[str, ...]  # all keys of the settings
    script: str  # the command that makes a run of it, scripts/<script>.py
    files: Callable[[Variant], list[str]]  # of a run, from which the model is loaded


def _network_files(variant: Variant) -> list[str]:
    if variant.input.encoder:
        return ["model.keras", "tokenizer.json", "encoder.json"]
    return ["model.keras", *(_feature_files(variant) or ["vocabulary.parquet"])]


def _feature_files(variant: Variant) -> list[str]:
    names = FEATURES.get(variant.input.form, ()) if variant.input else ()
    return [f"features/{name}" for name in names]


# The first kind whose key is in the settings applies.
KINDS = {
    # A run of this kind has the settings, and so the files, of the chosen candidate.
    "choice": Kind("choose", ("choose",), "choose", lambda _: []),
    "ensemble": Kind("ensemble", ("ensemble",), "train_ensemble", lambda _: ["ensemble.json"]),
    "predictions": Kind("predictions", ("predictions",), "read_predictions", lambda _: []),
    "pipeline": Kind(
        "pipeline",
        ("pipeline", "input"),
        "train_pipeline",
        lambda variant: [*PIPELINE, *_feature_files(variant)],
    ),
    "network": Kind("layers", ("input", "layers", "fit"), "train_network", _network_files),
}


def kind_of(settings: Mapping[str, Any]) -> str:
    """Return the kind of model with these settings; the default is a network."""
    return next((name for name, kind in KINDS.items() if kind.key in settings), "network")


def model_files(variants: Mapping[str, Variant], name: str) -> list[str]:
    """Return the files of a run that the model of a variant and its members are loaded from."""
    variant = variants[name]
    if variant.choose:  # any of them may be chosen
        first, *others = (model_files(variants, run) for run in variant.choose.candidates.values())
        return [file for file in first if all(file in files for files in others)]
    members = variant.ensemble.members if variant.ensemble else []
    copied = [f"members/{name}/{file}" for name in members for file in model_files(variants, name)]
    return [*EVERY_RUN, *KINDS[variant.kind].files(variant), *copied]


def _plain(item: object, without: tuple[str, ...] = ()) -> object:
    """Return a dataclass as a mapping, without values that are not set."""
    if not is_dataclass(item):
        return item
    values = {f.name: getattr(item, f.name) for f in fields(item) if f.name not in without}
    return {k: _plain(value) for k, value in values.items() if value is not None and value != []}
