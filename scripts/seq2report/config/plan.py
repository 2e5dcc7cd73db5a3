"""What the rules derive from a checked configuration: pure functions, without Snakemake.

Files are relative to the folder of a corpus.
"""

import contextlib
import csv
import itertools
import json
import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from seq2report.config.gpus import SENTENCES
from seq2report.config.references import SOURCE_KEYS
from seq2report.config.resolve import resolve_trained, run_seeds
from seq2report.core.wording import some
from seq2report.models.variant import FEATURES, Input, Variant

RECURRENT = ("SimpleRNN", "GRU", "LSTM")
INDEXED = ("sequences.parquet", "tokens.npy", "encoding.json", "vocabulary.parquet")
COMPLETE = ".complete"  # ending of the file beside the folder of a run whose training has ended
# The files of features, of scikit-learn steps or an encoder, and of the documents that it reads.
FEATURE_FILES = {
    "features": ("documents.parquet", "features.npz", "cost.json", *FEATURES["features"]),
    "vectors": ("documents.parquet", "vectors.npy", "cost.json", *FEATURES["vectors"]),
}
READ = ("encoder.keras", "encoder.json", "tokenizer.json")  # of an encoder
PIECES = ("sequences.parquet", "tokens.npy", "encoding.json", "tokenizer.json", "encoder.json")


class Plan:
    """A checked configuration without grids, and what follows from it."""

    def __init__(self, config: dict) -> None:
        self.config = config
        self.corpora: list[str] = config["compare"]["corpora"]
        self.compared: list[str] = config["compare"]["variants"]
        self.variants = resolve_trained(config)  # those compared, then members and candidates

    @cached_property
    def voters(self) -> list[str]:
        """The compared variants whose answers show suspected labels.

        They predict the test documents once, at the end. Ensembles repeat the votes of their
        members, and vote only if nothing else is compared.
        """
        held_out = [name for name in self.compared if self.variants[name].is_held_out]
        return [n for n in held_out if self.variants[n].kind != "ensemble"] or held_out

    @cached_property
    def by_lecture(self) -> bool:
        """Whether a compared variant follows the lecture's protocol."""
        return not all(self.variants[name].is_held_out for name in self.compared)

    @cached_property
    def choices(self) -> list[str]:
        """The compared variants that are chosen from candidates."""
        return [name for name in self.compared if self.variants[name].choose]

    @cached_property
    def shown(self) -> list[str]:
        """The variants that are not only candidates: those compared, then members of ensembles."""
        ensembles = [self.variants[name].ensemble for name in self.compared]
        members = [name for ensemble in ensembles if ensemble for name in ensemble.members]
        return list(dict.fromkeys([*self.compared, *members]))

    def _with_parts(self, names: list[str]) -> list[str]:
        """Return variants with the members of ensembles and the candidates among them."""
        result: dict[str, None] = {}
        for name in names:
            ensemble, choice = self.variants[name].ensemble, self.variants[name].choose
            parts = ensemble.members if ensemble else []
            parts = [*parts, *(choice.candidates.values() if choice else ())]
            result |= dict.fromkeys([name, *self._with_parts(parts)])
        return list(result)

    def candidates(self, name: str) -> dict[str, dict]:
        """Return the settings, with the title, of each run that a variant was chosen from."""
        choice, result = self.variants[name].choose, {}
        for candidate, run in choice.candidates.items() if choice else ():
            about = {"title": self.config["variants"][candidate]["title"]}
            result.setdefault(run, about | self.variants[run].settings())
        return result

    def gpu_jobs(self) -> list[str]:
        """The names of the jobs that may use a GPU, as in workflow/gpu.csv."""
        networks = [name for name, about in self.variants.items() if about.kind == "network"]
        return networks + [SENTENCES] * bool(self.encoded)

    @cached_property
    def described(self) -> str:
        """The encoding on the pages about words: that of the first network on sequences."""
        encodings = (reader.encoding for reader in self._sequences.values())
        return next(encodings, next(iter(self.config["encodings"])))

    @cached_property
    def readers(self) -> dict[str, Input]:
        """How the compared networks read the described encoding, by variant."""
        return {k: v for k, v in self._sequences.items() if v.encoding == self.described}

    @cached_property
    def _sequences(self) -> dict[str, Input]:
        inputs = [(name, self.variants[name].input) for name in self.compared]
        forms = ("sequence", "onehot")  # those with an embedding come first
        return {k: v for form in forms for k, v in inputs if v and v.form == form}

    @cached_property
    def pretrained(self) -> list[str]:
        """The embeddings that these networks start from."""
        return sorted({reader.embedding for reader in self.readers.values() if reader.embedding})

    @cached_property
    def from_file(self) -> list[str]:
        """The first of the pretrained embeddings that is read from a file, or nothing."""
        embeddings = self.config["embeddings"]
        return [name for name in self.pretrained if "source" in embeddings[name]][:1]

    @cached_property
    def shown_embeddings(self) -> list[str]:
        """The embeddings on the pages about words: the pretrained ones, then those configured."""
        configured = self.config["compare"].get("embeddings", [])
        return list(dict.fromkeys([*self.pretrained, *configured]))

    @cached_property
    def encoded(self) -> dict[str, list[str]]:
        """The variants that read the vectors of an encoder, by features; compared ones, if any."""
        readers: dict[str, list[str]] = {}
        for name in self.shown:
            read = self.variants[name].input
            if read and read.form == "vectors":
                readers.setdefault(read.features, []).append(name)
        return {
            features: [name for name in names if name in self.compared] or names
            for features, names in readers.items()
        }

    @cached_property
    def last_trained(self) -> dict[str | None, str]:
        """The last variant that trains an embedding, by its start (None: random)."""
        return {v.embedding: variant for variant, v in self.readers.items() if v.trainable}

    @cached_property
    def matrices(self) -> list[tuple[str, str]]:
        """Name and stage of each shown embedding matrix: before training, or after by a variant."""
        rows = []
        for start in dict.fromkeys([*self.pretrained, None, *self.shown_embeddings]):
            rows += [(start, "before")] if start is not None else []
            if start in self.last_trained:
                rows.append((self.last_trained[start], "after"))
        return rows

    @cached_property
    def labelled(self) -> list[str]:
        """The compared variants on the pages "How many labels?"."""
        named = self.config["compare"].get("labels", {}).get("variants", [])
        return [name for name in self.compared if name in named]

    @cached_property
    def subsets(self) -> list[str]:
        """The folders of the sizes of these pages in the folder of a variant, "" for all labels."""
        sizes = self.config["compare"]["labels"]["sizes"] if self.labelled else []
        return ["" if size == "all" else f"labels-{size}/" for size in sizes]

    def matrix_titles(self) -> dict[str, dict[str, str]]:
        """Return the title of each of the `matrices`, by stage and name."""
        titles: dict[str, dict[str, str]] = {"before": {}, "after": {}}
        for name, stage in self.matrices:
            kind = "embeddings" if stage == "before" else "variants"
            titles[stage][name] = self.config[kind][name]["title"]
        return titles

    def encoded_titles(self) -> dict[str, dict[str, str]]:
        """Return the titles of the encoder of each of the `encoded` features, and of variants."""
        encoders = {name: self.config["features"][name]["encoder"] for name in self.encoded}
        variants = {name for names in self.encoded.values() for name in names}
        return {
            "encoders": {k: self.config["encoders"][v]["title"] for k, v in encoders.items()},
            "variants": {k: self.config["variants"][k]["title"] for k in sorted(variants)},
        }

    def described_lengths(self) -> list[dict]:
        """Return length, padding and truncating of the `readers`, each combination once."""
        keys = ("length", "padding", "truncating")
        lengths = [{key: getattr(r, key) for key in keys} for r in self.readers.values()]
        return [length for n, length in enumerate(lengths) if length not in lengths[:n]]

    def ensemble_methods(self, member: str) -> list[str]:
        """Return the methods of the ensembles with this member."""
        ensembles = [v.ensemble for v in self.variants.values() if v.ensemble]
        return sorted({e.method for e in ensembles if member in e.members})

    def sweeps(self) -> list[dict[str, int]]:
        """Return {variant: length} of each group of networks that differ only in their length."""
        groups: dict[str, dict[str, int]] = {}
        for name in self.compared:
            settings = self.variants[name].settings()
            if length := settings.get("input", {}).pop("length", None):
                groups.setdefault(json.dumps(settings, sort_keys=True), {})[name] = length
        return [group for group in groups.values() if len(group) > 1]

    def trainings(self, corpus: str) -> list[tuple[str, int, str]]:
        """Return variant, seed and subset (see `subsets`) of every training on a corpus."""
        pairs = [(variant, "") for variant in self.variants]
        pairs += [(v, s) for s in self.subsets for v in self._with_parts(self.labelled)]
        return [
            (variant, seed, subset)
            for variant, subset in dict.fromkeys(pairs)
            for seed in run_seeds(self.config, corpus, variant)
        ]

    def used_sources(self) -> list[str]:
        """Return the sources that the report depends on, sorted."""
        inputs = [variant.input for variant in self.variants.values() if variant.input]
        embeddings = [i.embedding for i in inputs if i.embedding] + self.shown_embeddings
        encodings = [self.described, *(i.encoding for i in inputs if i.encoding)]
        features = [self.config["features"][i.features] for i in inputs if i.features]
        encoders = [i.encoder for i in inputs if i.encoder]
        encoders += [settings["encoder"] for settings in features if "encoder" in settings]
        lessons = self.config.get("lessons", {})
        corpora = [*self.corpora, *([lessons["corpus"]] if lessons.get("pages") else [])]
        items = [
            *(self.config["encoders"][name] for name in encoders),
            *(self.config["corpora"][name] for name in corpora),
            *(self.config["encodings"][name] for name in encodings),
            *(self.config["embeddings"][name] for name in embeddings),
        ]
        used = {item[key] for item in items for key in SOURCE_KEYS if key in item}
        answers = [v.predictions for v in self.variants.values() if v.predictions]
        return sorted(used | {a.source_of(name) for a in answers for name in self.corpora})

    def word_vectors(self) -> dict[str, dict]:
        """Return the word vectors of the report: title, downloaded file and the variants with them.

        Vectors that are trained here have no file.
        """
        readers: dict[str, list[str]] = {name: [] for name in self.shown_embeddings}
        for name, variant in self.variants.items():
            if variant.input and variant.input.embedding:
                readers.setdefault(variant.input.embedding, []).append(name)
        found = {}
        for name, variants in readers.items():
            settings = self.config["embeddings"][name]
            file = (
                self.config["sources"][settings["source"]]["file"] if "source" in settings else None
            )
            found[name] = {"title": settings["title"], "file": file, "variants": variants}
        return found


def document_files(network: Input | None, drawn: str = "") -> list[str]:
    """Return the files with the documents of a model, the main one first.

    ``drawn`` is labels-<size>/seed-<n>/ of a subset, to which the steps of features are fitted.
    """
    if not network:
        return ["documents.parquet"]
    if network.features:
        folder = f"{drawn if network.form == 'features' else ''}features/{network.features}"
        return [f"{folder}/{name}" for name in FEATURE_FILES[network.form]]
    if network.encoder:
        return [f"pieces/{network.encoder}/{name}" for name in PIECES]
    return [f"sequences/{network.encoding}/{name}" for name in INDEXED]


def matrix_files(network: Input) -> list[str]:
    """Return the file with the pretrained matrix that a network starts from, if any."""
    folder = f"embeddings/{network.encoding}/{network.embedding}"
    return [f"{folder}/matrix.npy"] if network.embedding else []


def recurrent_layers(variant: Variant) -> int:
    """Return the number of layers that loop over tokens; the layers of a function count as one."""
    if isinstance(variant.layers, dict):
        return 1
    layers = json.dumps(variant.layers)
    return sum(layers.count(f'"{kind}"') for kind in RECURRENT)


def read_peaks(path: Path) -> dict[str, int]:
    """Read the measured peak memory of each variant's training in MB (workflow/memory.csv)."""
    with path.open(encoding="utf-8") as file:
        return {row["variant"]: int(row["peak_mb"]) for row in csv.DictReader(file)}


def requested_mb(peaks: dict[str, int], variant: str) -> int:
    """Return the memory request of a training job: 1.2 times its peak, or the largest known one."""
    peak = peaks.get(variant, max(peaks.values()))
    return math.ceil(1.2 * peak / 100) * 100


def folders(files: Iterable[str]) -> list[str]:
    """Return the different folders of files, in their order; COMPLETE is beside its folder."""
    return list(
        dict.fromkeys(
            file.removesuffix(COMPLETE) if file.endswith(COMPLETE) else str(Path(file).parent)
            for file in files
        )
    )


def unfinished(plan: Plan, results: Path) -> list[str]:
    """Return the folders of runs of the plan whose last training has not ended.

    There are none while Snakemake makes these results.
    """
    if _is_locked(results):
        return []
    runs = (
        results / corpus / "runs" / variant / f"{subset}seed-{seed}"
        for corpus in plan.corpora
        for variant, seed, subset in plan.trainings(corpus)
    )
    return [
        str(run)
        for run in runs
        if (run / "run.json").is_file() and not Path(f"{run}{COMPLETE}").is_file()
    ]


def _is_locked(results: Path) -> bool:
    """Return whether a run of Snakemake in this folder has locked files of these results."""
    for lock in Path(".snakemake/locks").glob("*"):
        with contextlib.suppress(FileNotFoundError):  # that run has just ended
            if f"{results}/" in lock.read_text(encoding="utf-8"):
                return True
    return False


def unchosen(plan: Plan, results: Path) -> Iterator[str]:
    """Yield a message for each variant that could not be chosen, because candidates have no run."""
    for corpus, name in itertools.product(plan.corpora, plan.variants):
        runs = [results / corpus / "runs" / run for run in plan.candidates(name)]
        ends = [f"seed-{seed}{COMPLETE}" for seed in run_seeds(plan.config, corpus, name)]
        failed = [run.name for run in runs if not all((run / end).is_file() for end in ends)]
        if failed and not all((runs[0].parent / name / end).is_file() for end in ends):
            yield (
                f"variants.{name}: nothing is chosen on '{corpus}': {len(failed)} of {len(runs)}"
                f" candidates have no finished run, {some(failed)}; if the errors above name them,"
                " correct or remove their values in the grid, and start again"
            )
