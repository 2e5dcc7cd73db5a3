# The files of each step, for all rules.
from snakemake.io import strip_wildcard_constraints


def script_files(name, *notebooks):
    """Return a script and the modules that it and the notebooks import, directly or indirectly."""
    script = SCRIPTS / f"{name}.py"
    paths = {path for start in (script, *notebooks) for path in local_imports(start, SCRIPTS)}
    return [str(script), *sorted(str(path) for path in paths - {script, *map(Path, notebooks)})]


def downloaded(source):
    return f"resources/downloads/{config['sources'][source]['file']}"


def named_downloads(kind, name, key):
    """Return the file of the source that a corpus, encoding or embedding names, or no file."""
    return [downloaded(config[kind][name][key])] if key in config[kind][name] else []


def features_of(encoder):
    """Return a pattern of the features that come from an encoder, or of those from steps."""
    features = config.get("features", {})
    names = [name for name in features if ("encoder" in features[name]) == encoder]
    return "|".join(names) or "(?!)"  # matches nothing; to Snakemake, "" is no constraint


def encoder_of(features):
    return config["features"][features]["encoder"]


def corpus_settings(corpus):
    """Return the settings of a corpus without its title, which only pages show, as JSON."""
    settings = {key: value for key, value in config["corpora"][corpus].items() if key != "title"}
    return json.dumps(settings, sort_keys=True)


def encoder_settings(encoder):
    """Return the settings of an encoder that change what is read, as JSON.

    Its length does not: it is a setting of the vectors and of each variant.
    """
    settings = config["encoders"][encoder]
    keys = ("pooling", "prefix")
    return json.dumps({key: settings[key] for key in keys if key in settings})


def sentence_settings(features):
    """Return the settings of features from an encoder, as JSON."""
    encoder = encoder_of(features)
    return json.dumps({"encoder": encoder, "length": config["encoders"][encoder]["length"]})


def encoder_files(encoder):
    """Return the network of an encoder, and encoder.json, which is read beside it; or no file."""
    folder = f"{RESULTS}/encoders/{encoder}"
    return [f"{folder}/encoder.keras", f"{folder}/encoder.json"] if encoder else []


def of_corpus(files):
    return [f"{CORPUS}/{file}" for file in files]


def of_run(variant, files, seed, subset=""):
    """Return files of a run; ``subset`` is labels-<size>/, or nothing for all labels."""
    folder = f"{CORPUS}/runs/{variant}/{subset}seed-{seed}"  # the last file: its training has ended
    files = dict.fromkeys([*files, DIGESTS])
    return [*(f"{folder}/{file}" for file in files), f"{folder}{COMPLETE}"]


def run_files(variant, seed="{seed}", subset="{subset}"):
    """Return all files of a run, first those that runs of all kinds have."""
    files = [*VARIANTS[variant].run_files(), *model_files(VARIANTS, variant)]
    return of_run(variant, files, seed, subset)


def documents_of(settings):
    """Return the input function of a training: the documents that a model reads."""

    def files(wildcards):
        subset = wildcards.subset and f"{wildcards.subset}seed-{wildcards.seed}/"
        return of_corpus(document_files(settings, subset))

    return files


def sizes_of(wildcards):
    """Return what has to be checked before a subset is used: the sizes, if there is a subset.

    Another size, or a new date of the file, does not change the subset.
    """
    subset = wildcards.get("subset") or wildcards.get("drawn")
    return [ancient(f"{RESULTS}/{wildcards.corpus}/sizes.json")] if subset else []


def labels_of(wildcards):
    """Return the argument of a command for the size of a subset, or nothing."""
    subset = wildcards.get("subset") or wildcards.get("drawn")
    return f"--labels {Path(subset).parts[0].removeprefix('labels-')}" if subset else ""


def member_files(variant):
    """Return the files that an ensemble reads of its members: runs with its seed and subset.

    Answers from elsewhere have one run, for all seeds.
    """
    predictions = ("validation.parquet", "predictions.parquet")
    return [
        file
        for member in VARIANTS[variant].ensemble.members
        for file in of_run(
            member,
            [*model_files(VARIANTS, member), *predictions],
            config["seeds"][0] if VARIANTS[member].predictions else "{seed}",
            "" if VARIANTS[member].predictions else "{subset}",
        )
    ]


def candidate_files(variant):
    """Return an input function: the runs of all candidates, and their metrics with other seeds."""
    candidates = list(dict.fromkeys(VARIANTS[variant].choose.candidates.values()))
    copied = [file for candidate in candidates for file in run_files(candidate)]
    return lambda wildcards: [
        *copied,
        *runs(wildcards.corpus, candidates, "metrics.json", subset=wildcards.subset),
    ]


def answers_table(variant):
    """Return an input: the table with the answers of a variant for a corpus."""
    return lambda wildcards: downloaded(VARIANTS[variant].predictions.source_of(wildcards.corpus))


def runs(corpus, variants, *files, subset=""):
    """Return these files of the runs of variants on a corpus, with every seed."""
    return [
        file
        for variant in variants
        for seed in run_seeds(config, corpus, variant)
        for file in of_run(variant, files, seed, subset)
    ]


def run_folders(wildcards, input):
    """Return a parameter: a file with the folders of the runs that a job reads."""
    return stored(" ".join(folders(input.runs)))


def compared_titles(wildcards):
    """Return a parameter: a file with the titles of the compared variants, as JSON."""
    return stored(json.dumps({name: config["variants"][name]["title"] for name in COMPARED}))


def features_and_runs(corpus):
    """Return the arguments of evaluate_documents: features of encoders, and runs that read them."""
    folder, seed = f"{RESULTS}/{corpus}", seeds(config, corpus)[0]
    return " ".join(
        " ".join(
            [
                f"--features {folder}/features/{features}/documents.parquet",
                *(f"{folder}/runs/{variant}/seed-{seed}" for variant in readers),
            ]
        )
        for features, readers in PLAN.encoded.items()
    )


def vectors_folder(embedding):
    """Return the folder of vectors before they are aligned: read from a file, or trained."""
    trained = "train" in config["embeddings"][embedding]
    return TRAINED_VECTORS if trained else f"{RESULTS}/vectors/{{embedding}}"


def tables(folder, names):
    """Return the files of the tables of a folder in the report; ``names`` separated by blanks."""
    return [f"{TABLES}/{folder}/{name}.{e}" for name in names.split() for e in ("parquet", "csv")]


def matrix_of(name, stage):
    """Return the file of one of the plan's matrices: of an embedding, or of a variant's run."""
    if stage == "before":
        return f"{CORPUS}/embeddings/{PLAN.described}/{name}/matrix.npy"
    return of_run(name, ["embedding.npy"], config["seeds"][0])[0]


def tables_of(corpora, *evaluated):
    """Return the tables that these rules write for some corpora."""
    paths = [path for rule in evaluated for path in rule.output]
    return [path.replace("{corpus}", corpus) for corpus in corpora for path in paths]


def benchmark_files():
    """Return the paths of the benchmark files of earlier runs, for each rule with a benchmark."""
    patterns = {each.name: str(each.benchmark) for each in workflow.rules if each.benchmark}
    return {
        name: expand(strip_wildcard_constraints(pattern), zip, **glob_wildcards(pattern)._asdict())
        or [pattern]  # without wildcards
        for name, pattern in patterns.items()
    }
