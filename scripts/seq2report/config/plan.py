"""What the rules derive from a checked configuration: pure functions, without Snakemake.

Files are named below the folder of a corpus or a run; the rules say where that is.
"""

import csv
import json
import math
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from seq2report.config.references import SOURCE_KEYS
from seq2report.config.resolve import resolve_trained, seeds
from seq2report.models.variant import Input, Variant

RECURRENT = ("SimpleRNN", "GRU", "LSTM")
INDEXED = ("sequences.parquet", "tokens.npy", "encoding.json", "vocabulary.parquet")
VECTORS = (
    *("documents.parquet", "features.npz", "features.json", "model.skops", "vocabulary.parquet"),
)


class Plan:
    """A configuration that was checked, and what follows from it.

    Attributes:
        config: without grids, checked.
        variants: every variant that is trained, by name: those compared, then members of ensembles.
    """

    def __init__(self, config: dict) -> None:
        self.config = config
        self.corpora: list[str] = config["compare"]["corpora"]
        self.compared: list[str] = config["compare"]["variants"]
        self.variants = resolve_trained(config)

    @cached_property
    def held_out(self) -> list[str]:
        """The compared variants whose test documents are predicted once, at the end."""
        return [name for name in self.compared if self.variants[name].is_held_out]

    @cached_property
    def described(self) -> str:
        """The encoding that the pages about words describe.

        It is that of the first compared network that reads token ids in order.
        """
        encodings = (given.encoding for given in self._sequences.values())
        return next(encodings, next(iter(self.config["encodings"])))

    @cached_property
    def readers(self) -> dict[str, Input]:
        """How the compared networks read the described encoding, by variant."""
        return {
            k: given for k, given in self._sequences.items() if given.encoding == self.described
        }

    @cached_property
    def _sequences(self) -> dict[str, Input]:
        inputs = {name: self.variants[name].input for name in self.compared}
        return {name: given for name, given in inputs.items() if given and given.form == "sequence"}

    @cached_property
    def pretrained(self) -> list[str]:
        """The embeddings that these networks start from."""
        return sorted({given.embedding for given in self.readers.values() if given.embedding})

    @cached_property
    def from_file(self) -> list[str]:
        """The first of the pretrained embeddings that is read from a file, or nothing."""
        embeddings = self.config["embeddings"]
        return [name for name in self.pretrained if "source" in embeddings[name]][:1]

    @cached_property
    def shown_embeddings(self) -> list[str]:
        """The embeddings on the pages about words: the pretrained ones, then those configured."""
        return list(
            dict.fromkeys([*self.pretrained, *self.config["compare"].get("embeddings", [])])
        )

    @cached_property
    def last_trained(self) -> dict[str | None, str]:
        """The last variant that trains an embedding, by what it starts from (None: random)."""
        return {
            given.embedding: variant for variant, given in self.readers.items() if given.trainable
        }

    @cached_property
    def matrices(self) -> list[tuple[str, str]]:
        """Name and stage of each embedding matrix that a reader compares.

        Stage is before (an embedding) or after (what a variant made of it).
        """

        def after(start: str | None) -> list[tuple[str, str]]:
            return [(self.last_trained[start], "after")] if start in self.last_trained else []

        found = [row for name in self.pretrained for row in ((name, "before"), *after(name))]
        others = [name for name in self.shown_embeddings if name not in self.pretrained]
        return [*found, *after(None), *((name, "before") for name in others)]

    def matrix_titles(self) -> dict[str, dict[str, str]]:
        """Return the title of each of the `matrices`, by stage and name."""
        kinds = {"before": "embeddings", "after": "variants"}
        return {
            stage: {
                name: self.config[kind][name]["title"] for name, s in self.matrices if s == stage
            }
            for stage, kind in kinds.items()
        }

    def described_lengths(self) -> list[dict]:
        """Return length, padding and truncating of the `readers`, each combination once."""
        ways = [
            {"length": given.length, "padding": given.padding, "truncating": given.truncating}
            for given in self.readers.values()
        ]
        return [way for n, way in enumerate(ways) if way not in ways[:n]]

    def sweeps(self) -> list[dict[str, int]]:
        """Return {variant: length} of each group of networks that differ in their length alone."""
        groups: dict[str, dict[str, int]] = {}
        for name in self.compared:
            settings = self.variants[name].settings()
            if length := settings.get("input", {}).pop("length", None):
                groups.setdefault(json.dumps(settings, sort_keys=True), {})[name] = length
        return [group for group in groups.values() if len(group) > 1]

    def jobs(self) -> list[str]:
        """Return corpus, variant and seed of every training, joined by hyphens."""
        return [
            f"{corpus}-{variant}-{seed}"
            for corpus in self.corpora
            for variant in self.variants
            for seed in seeds(self.config, corpus)
        ]

    def used_sources(self) -> list[str]:
        """Return the sources that the report depends on, sorted."""
        inputs = [variant.input for variant in self.variants.values() if variant.input]
        started = [given.embedding for given in inputs if given.embedding]
        encoded = [given.encoding or self.described for given in inputs]
        read = [
            *(self.config["corpora"][name] for name in self.corpora),
            *(self.config["encodings"][name] for name in encoded),
            *(self.config["embeddings"][name] for name in (*self.shown_embeddings, *started)),
        ]
        return sorted({item[key] for item in read for key in SOURCE_KEYS if key in item})


def document_files(given: Input) -> list[str]:
    """Return the files of a corpus that hold what a network reads, the main one first."""
    if given.features:
        return [f"features/{given.features}/{name}" for name in VECTORS]
    return [f"sequences/{given.encoding}/{name}" for name in INDEXED]


def matrix_files(given: Input) -> list[str]:
    """Return the file of a corpus with the pretrained matrix that a network starts from, if any."""
    if not given.embedding:
        return []
    return [f"embeddings/{given.encoding}/{given.embedding}/matrix.npy"]


def recurrent_layers(variant: Variant) -> int:
    """Return the number of layers that loop over tokens: the more, the longer the training.

    The layers of a Python function are not known and count as one.
    """
    if isinstance(variant.layers, dict):
        return 1
    layers = json.dumps(variant.layers)
    return sum(layers.count(f'"{kind}"') for kind in RECURRENT)


def read_peaks(path: Path) -> dict[str, int]:
    """Read the measured peak memory of each variant's training in MB (workflow/memory.csv)."""
    with path.open(encoding="utf-8") as file:
        return {row["variant"]: int(row["peak_mb"]) for row in csv.DictReader(file)}


def requested_mb(peaks: dict[str, int], variant: str) -> int:
    """Return the memory that a training job asks for: its measured peak and a fifth.

    A variant that was not measured gets the most that one of the others took.
    """
    peak = peaks.get(variant, max(peaks.values()))
    return math.ceil(1.2 * peak / 100) * 100


def folders(files: Iterable[str]) -> list[str]:
    """Return the folders of files, each once, in their order."""
    return list(dict.fromkeys(str(Path(file).parent) for file in files))
