# What the other files share: the checked configuration, paths, and what a script is made of.
import csv
import json
import math
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from seq2report.core.command import UserError
from seq2report.config.check import check
from seq2report.config.check_models import check_models
from seq2report.config.corpora import circumstances
from seq2report.config.messages import format_mistakes, repeated_keys
from seq2report.config.resolve import resolve_trained, seeds
from seq2report.config.grids import with_grids
from seq2report.core.imports import local_imports

# `python` is the one that runs Snakemake, be its environment activated or not.
os.environ.update(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")

NAME = config.get("name")
RESULTS = f"results/{NAME}"
CORPUS = f"{RESULTS}/{{corpus}}"
ENCODING = f"{CORPUS}/sequences/{{encoding}}"
FEATURES = f"{CORPUS}/features/{{features}}"
EMBEDDING = f"{CORPUS}/embeddings/{{encoding}}/{{embedding}}"
TRAINED_VECTORS = f"{CORPUS}/vectors/{{encoding}}/{{embedding}}"
TABLES = f"{RESULTS}/report/tables"

CONFIGURED = config  # as it is written; from here on, a variant has no grid
try:
    if repeated := [each for file in workflow.configfiles for each in repeated_keys(file)]:
        raise UserError(format_mistakes(repeated))
    config = with_grids(config)
    check(config, ROOT / "workflow/schemas/config.schema.yaml")
    check_models(config, SCRIPTS / "check.py", f"{RESULTS}/checked.json")
except UserError as error:
    raise WorkflowError(str(error)) from None

CORPORA = config["compare"]["corpora"]
COMPARED = config["compare"]["variants"]  # what the report shows
VARIANTS = resolve_trained(config)  # and what it is made of: members of ensembles too
NETWORKS = {name: settings for name, settings in VARIANTS.items() if "layers" in settings}
# Those of the report that looked at the test documents once, at the end.
HELD_OUT = [name for name in COMPARED if VARIANTS[name].get("fit", {}).get("protocol") != "lecture"]
SHOWN_NETWORKS = {name: NETWORKS[name] for name in COMPARED if name in NETWORKS}
LESSON_PAGES = config.get("lessons", {}).get("pages", [])
LESSON_CORPUS = config.get("lessons", {}).get("corpus", CORPORA[0])


wildcard_constraints:
    corpus="|".join(config["corpora"]),
    encoding="|".join(config["encodings"]),
    embedding="|".join(config["embeddings"]),
    features="|".join(config.get("features", {})),
    seed=r"\d+",


def script_files(name, *notebooks):
    """Return a script and then all that it and the notebooks import: a change there is a change."""
    script = SCRIPTS / f"{name}.py"
    found = {path for start in (script, *notebooks) for path in local_imports(start, SCRIPTS)}
    return [str(script), *sorted(str(path) for path in found - {script, *map(Path, notebooks)})]


def downloaded(source):
    return f"resources/downloads/{config['sources'][source]['file']}"


def run_files(variant, seed="{seed}"):
    """Return what a run leaves.

    validation.parquet but by the lecture's protocol, which fits the documents of the validation
    split; embedding.npy, the last one, where the network trains an embedding.
    """
    files = ["metrics.json", "predictions.parquet", "history.csv", *loaded_files(variant)[1:]]
    if VARIANTS[variant].get("fit", {}).get("protocol") != "lecture":
        files.append("validation.parquet")
    if trains_embedding(variant):
        files.append("embedding.npy")
    return [f"{CORPUS}/runs/{variant}/seed-{seed}/{file}" for file in files]


def loaded_files(variant):
    """Return what of a run is needed to use its model, wherever the folder is copied to."""
    settings, files = VARIANTS[variant], ["metrics.json", "run.json"]
    if is_ensemble(variant):
        members = settings["ensemble"]["members"]
        copied = [f"members/{member}/{file}" for member in members for file in loaded_files(member)]
        return [*files, "ensemble.json", *copied]
    if "pipeline" in settings:
        return [*files, "model.skops", "vocabulary.parquet"]
    if "features" in settings["input"]:
        names = ("model.skops", "vocabulary.parquet", "features.json")
        return [*files, "model.keras", *(f"features/{name}" for name in names)]
    return [*files, "model.keras", "vocabulary.parquet"]


def is_ensemble(variant):
    return "ensemble" in VARIANTS[variant]


def folders(files):
    return list(dict.fromkeys(str(Path(file).parent) for file in files))


def member_files(variant):
    """Return what an ensemble reads of its members' runs of the same seed."""
    return [
        f"{CORPUS}/runs/{member}/seed-{{seed}}/{file}"
        for member in VARIANTS[variant]["ensemble"]["members"]
        for file in (*loaded_files(member), "validation.parquet", "predictions.parquet")
    ]


def trains_embedding(variant):
    return VARIANTS[variant].get("input", {}).get("trainable", False)


def vectors_folder(embedding):
    """Return where vectors are before they are aligned: read from a file, or trained."""
    trained = "train" in config["embeddings"][embedding]
    return TRAINED_VECTORS if trained else f"{RESULTS}/vectors/{{embedding}}"


with open(ROOT / "workflow/memory.csv", encoding="utf-8") as file:
    MEASURED_MB = {row["variant"]: int(row["peak_mb"]) for row in csv.DictReader(file)}


def memory_mb(variant):
    """Return the mem_mb of a training job: its measured peak and a fifth, a second try twice that.

    A variant that was not measured gets the most that one of the others took.
    """
    peak = MEASURED_MB.get(variant, max(MEASURED_MB.values()))
    return growing(math.ceil(1.2 * peak / 100) * 100)


def literal(text):
    """Return a parameter that stays as it is: in plain text Snakemake fills in what is in braces."""
    return lambda wildcards: text


def growing(amount):
    """Return a resource of which a second try gets twice as much, a third three times."""
    return lambda wildcards, attempt: attempt * amount


def recurrent_layers(variant):
    """Return how many layers loop over words: the more, the longer a network trains.

    Of a function of Python it is not known; it is taken for one.
    """
    if "function" in VARIANTS[variant]["layers"]:
        return 1
    layers = json.dumps(VARIANTS[variant]["layers"])
    return sum(layers.count(f'"{kind}"') for kind in ("SimpleRNN", "GRU", "LSTM"))


def document_files(variant):
    """Return where a network's documents are, first what train_network.py is given."""
    given = VARIANTS[variant]["input"]
    if "features" in given:
        folder = f"{CORPUS}/features/{given['features']}"
        names = ("documents.parquet", "features.npz", "features.json", "model.skops")
    else:
        folder = f"{CORPUS}/sequences/{given['encoding']}"
        names = ("sequences.parquet", "tokens.npy", "encoding.json")
    return [f"{folder}/{name}" for name in (*names, "vocabulary.parquet")]


def matrix_file(variant):
    """Return the pretrained matrix that the variant starts from, or [] (no input)."""
    given = VARIANTS[variant]["input"]
    if "embedding" not in given:
        return []
    return f"{CORPUS}/embeddings/{given['encoding']}/{given['embedding']}/matrix.npy"


def tables(folder, names):
    """Return the files of the tables of a folder in the report; ``names`` with blanks between."""
    return [
        f"{TABLES}/{folder}/{name}.{ending}"
        for name in names.split()
        for ending in ("parquet", "csv")
    ]


# The pages about words show one encoding: that of the first network that reads words in order.
READERS = {
    variant: settings["input"]
    for variant, settings in SHOWN_NETWORKS.items()
    if settings["input"]["form"] == "sequence"
}
DESCRIBED = next((given["encoding"] for given in READERS.values()), next(iter(config["encodings"])))
READERS = {name: given for name, given in READERS.items() if given["encoding"] == DESCRIBED}
PRETRAINED = sorted({given["embedding"] for given in READERS.values() if "embedding" in given})
DESCRIBED_FOLDER = f"{CORPUS}/sequences/{DESCRIBED}"
PRETRAINED_FOLDERS = [f"{CORPUS}/embeddings/{DESCRIBED}/{name}" for name in PRETRAINED]
# Those that no variant starts from are shown too, where the configuration names them.
SHOWN_EMBEDDINGS = list(dict.fromkeys([*PRETRAINED, *config["compare"].get("embeddings", [])]))
# Of the variants that start from the same vectors, the last one shows what training makes of them.
LAST_TRAINED = {
    given.get("embedding"): variant
    for variant, given in READERS.items()
    if trains_embedding(variant)
}


def as_it_comes(embedding):
    """Return the row of MATRICES of an embedding that no network has changed."""
    return (embedding, "before", f"{CORPUS}/embeddings/{DESCRIBED}/{embedding}/matrix.npy")


def after_training(start):
    """Return the row of MATRICES of what training made of some vectors (of none: None), if any."""
    variant = LAST_TRAINED.get(start)
    file = variant and run_files(variant, config["seeds"][0])[-1]
    return [(variant, "after", file)] if variant else []


# (name, before or after training, file): those that a reader compares side by side.
MATRICES = [
    *(row for name in PRETRAINED for row in (as_it_comes(name), *after_training(name))),
    *after_training(None),
    *(as_it_comes(name) for name in SHOWN_EMBEDDINGS if name not in PRETRAINED),
]


# What the report hangs on: each training, and the files that were fetched for it.
TRAINED = [
    f"{corpus}-{variant}-{seed}"
    for corpus in CORPORA
    for variant in VARIANTS
    for seed in seeds(config, corpus)
]
READ = [
    *(config["corpora"][corpus] for corpus in CORPORA),
    *(config["encodings"][each["input"].get("encoding", DESCRIBED)] for each in NETWORKS.values()),
    *(config["embeddings"][name] for name in SHOWN_EMBEDDINGS),
    *(
        config["embeddings"][each["input"]["embedding"]]
        for each in NETWORKS.values()
        if "embedding" in each["input"]
    ),
]
USED_SOURCES = sorted(
    {each[key] for each in READ for key in ("source", "word_index", "index") if key in each}
)


FROM_FILE = [name for name in PRETRAINED if "source" in config["embeddings"][name]][:1]


def lesson(name, title, makes, reads=""):
    """Return what a lesson is made from; ``makes`` (tables) and ``reads`` with blanks between.

    It reads one corpus in the encoding of the pages about words, and the first vectors of these
    that come from a file; where there are none, it does without.
    """
    folder = CORPUS.format(corpus=LESSON_CORPUS)
    words = DESCRIBED_FOLDER.format(corpus=LESSON_CORPUS)
    files = {
        "documents": f"{folder}/documents.parquet",
        "corpus": f"{folder}/corpus.json",
        "encoding": f"{words}/encoding.json",
        "vocabulary": f"{words}/vocabulary.parquet",
        "sequences": f"{words}/sequences.parquet",
        "tokens": f"{words}/tokens.npy",  # read beside the sequences
    }
    for embedding in FROM_FILE:
        vectors = vectors_folder(embedding).format(embedding=embedding)
        files |= {
            "matrix": f"{folder}/embeddings/{DESCRIBED}/{embedding}/matrix.npy",
            "words": f"{vectors}/words.parquet",
            "vectors": f"{vectors}/vectors.npy",
            "source": downloaded(config["embeddings"][embedding]["source"]),
        }
    return {
        "name": name,
        "title": title,
        "tables": tables(f"lesson-{name}", makes),
        "inputs": {key: files[key] for key in reads.split() if key in files},
        "titles": {
            "corpus_title": corpus_title(LESSON_CORPUS),
            "vectors_title": "".join(config["embeddings"][each]["title"] for each in FROM_FILE),
        },
    }


def described_readers():
    """Return how the networks read that the pages describe, each way once, the first one first."""
    ways = [
        {key: given[key] for key in ("length", "padding", "truncating")}
        for given in READERS.values()
    ]
    return [way for n, way in enumerate(ways) if way not in ways[:n]]


def sweeps():
    """Return {variant: words} for each group of variants that differ in their length alone."""
    groups = {}
    for variant, settings in SHOWN_NETWORKS.items():
        given = {key: value for key, value in settings["input"].items() if key != "length"}
        alike = json.dumps({**settings, "input": given}, sort_keys=True)
        groups.setdefault(alike, {})[variant] = settings["input"].get("length")
    return [group for group in groups.values() if len(group) > 1 and None not in group.values()]


def matrix_titles():
    """Return what a reader calls each embedding (before) and variant (after) of MATRICES."""
    kinds = {"before": "embeddings", "after": "variants"}
    return {
        stage: {name: config[kind][name]["title"] for name, of, _ in MATRICES if of == stage}
        for stage, kind in kinds.items()
    }


def corpus_title(corpus):
    return config["corpora"][corpus]["title"]


def page(notebook, title, tables, menu="", **parameters):
    """Return what a page is made from: a notebook, the tables that it reads, its parameters.

    ``menu`` is where its link stands; without one, beside the menus.
    """
    about = {"name": NAME, "sample": config.get("sample", False), "tables": TABLES}
    return {
        "notebook": str(ROOT / "reports" / f"{notebook}.ipynb"),
        "title": title,
        "menu": menu,
        "full_title": f"{menu}: {title}" if menu else title,
        "tables": tables,
        "parameters": json.dumps({**about, **parameters}),
    }


def tables_of(corpus, *evaluated):
    """Return the tables that these rules make of one corpus."""
    return [path.replace("{corpus}", corpus) for each in evaluated for path in each.output]


def answering_files(variant, seed):
    """Return what of a run its model is loaded from, and what it predicted."""
    files = [*loaded_files(variant), "predictions.parquet"]
    return [f"{CORPUS}/runs/{variant}/seed-{seed}/{file}" for file in files]


def told_of_corpus(wildcards):
    """Return what a run tells of its corpus beside what corpus.json says, as JSON."""
    told = {"name": wildcards.corpus, "sample": config.get("sample", False)}
    return json.dumps(told | circumstances(config["corpora"][wildcards.corpus]))
