# evaluate: runs, corpora and embeddings -> tidy tables beside the report, as CSV and Parquet.
def tables(group, names):
    """Return the table files of one group (runs, corpus, embeddings) for {corpus}."""
    return [
        f"{TABLES}/{{corpus}}/{group}/{name}.{ending}"
        for name in names
        for ending in ("parquet", "csv")
    ]


# The pages about words show one encoding: that of the first network that reads words in order.
READERS = {
    variant: settings["input"]
    for variant, settings in NETWORKS.items()
    if settings["input"]["form"] == "sequence"
}
DESCRIBED = next((given["encoding"] for given in READERS.values()), next(iter(config["encodings"])))
READERS = {name: given for name, given in READERS.items() if given["encoding"] == DESCRIBED}
PRETRAINED = sorted({given["embedding"] for given in READERS.values() if "embedding" in given})
DESCRIBED_FOLDER = f"{CORPUS}/sequences/{DESCRIBED}"
PRETRAINED_FOLDERS = [f"{CORPUS}/embeddings/{DESCRIBED}/{name}" for name in PRETRAINED]
FIRST_SEED = str(config["seeds"][0])
MATRICES = [  # (name, before or after training, file)
    *((name, "before", f"{folder}/matrix.npy") for name, folder in zip(PRETRAINED, PRETRAINED_FOLDERS)),
    *(
        (variant, "after", f"{run_folder(variant).replace('{seed}', FIRST_SEED)}/embedding.npy")
        for variant in READERS
        if trains_embedding(variant)
    ),
]


def described_lengths():
    """Return how many words the networks read that the pages describe, shortest first."""
    return sorted({given["length"] for given in READERS.values()})


def matrix_titles():
    """Return what a reader calls each embedding and variant of MATRICES."""
    kinds = {"before": "embeddings", "after": "variants"}
    return {name: config[kinds[stage]][name]["title"] for name, stage, _ in MATRICES}


rule evaluate_runs:
    input:
        code=script_files("evaluate_runs"),
        corpus=f"{CORPUS}/corpus.json",
        runs=[
            path.replace("{seed}", str(seed))
            for variant in VARIANTS
            for seed in config["seeds"]
            for path in run_files(variant)[:3]
        ],
    output:
        report(
            f"{TABLES}/{{corpus}}/runs/variants.csv",
            caption="../report/variants.rst",
            category="Tables",
            labels={"corpus": "{corpus}", "table": "variants"},
        ),
        tables("runs", ["runs", "history", "confusion", "per_class"]),
        f"{TABLES}/{{corpus}}/runs/variants.parquet",
    params:
        titles=json.dumps({name: config["variants"][name]["title"] for name in VARIANTS}),
        runs=[
            run_folder(variant).replace("{seed}", str(seed))
            for variant in VARIANTS
            for seed in config["seeds"]
        ],
        folder=f"{TABLES}/{{corpus}}/runs",
    log:
        f"{RESULTS}/logs/evaluate_runs/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_runs/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    shell:
        "python {input.code[0]} --corpus {input.corpus} --titles {params.titles:q}"
        " --runs {params.runs} --output {params.folder} 2> {log}"


rule evaluate_corpus:
    input:
        code=script_files("evaluate_corpus"),
        corpus=f"{CORPUS}/corpus.json",
        documents=f"{CORPUS}/documents.parquet",
        encoding=multiext(f"{DESCRIBED_FOLDER}/", "vocabulary.parquet", "encoding.json"),
        embeddings=[
            f"{folder}/{file}"
            for folder in PRETRAINED_FOLDERS
            for file in ("coverage.json", "missing.parquet")
        ],
    output:
        tables(
            "corpus",
            ["corpus", "classes", "lengths", "words", "encoding", "examples", "coverage", "missing"],
        ),
    params:
        encoding=DESCRIBED_FOLDER,
        embeddings=PRETRAINED_FOLDERS,
        folder=f"{TABLES}/{{corpus}}/corpus",
    log:
        f"{RESULTS}/logs/evaluate_corpus/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_corpus/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    shell:
        "python {input.code[0]} --corpus {input.corpus} --documents {input.documents}"
        " --encoding {params.encoding} --embeddings {params.embeddings}"
        " --output {params.folder} 2> {log}"


rule evaluate_embeddings:
    input:
        code=script_files("evaluate_embeddings"),
        encoding=multiext(f"{DESCRIBED_FOLDER}/", "vocabulary.parquet", "sequences.parquet"),
        matrices=[file for _, _, file in MATRICES],
    output:
        tables("embeddings", ["maps", "quality", "neighbours"]),
    params:
        encoding=DESCRIBED_FOLDER,
        matrices=[f"--matrix {name} {stage} {file}" for name, stage, file in MATRICES],
        folder=f"{TABLES}/{{corpus}}/embeddings",
    log:
        f"{RESULTS}/logs/evaluate_embeddings/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_embeddings/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    shell:
        "python {input.code[0]} --encoding {params.encoding} {params.matrices}"
        " --output {params.folder} 2> {log}"
