# train: a rule a variant, a run a corpus and seed -> model, history, metrics and predictions.
def run_folder(variant):
    return f"{CORPUS}/runs/{variant}/seed-{{seed}}"


def trains_embedding(variant):
    return VARIANTS[variant].get("input", {}).get("trainable", False)


def run_files(variant):
    """Return what a run leaves; embedding.npy where the network trains an embedding."""
    files = ["metrics.json", "predictions.parquet", "history.csv"]
    files += ["model.keras"] if variant in NETWORKS else ["model.skops", "vocabulary.parquet"]
    if trains_embedding(variant):
        files.append("embedding.npy")
    return [f"{run_folder(variant)}/{file}" for file in files]


def encoding_folder(variant):
    return ENCODING.replace("{encoding}", VARIANTS[variant]["input"]["encoding"])


def embedding_folder(variant):
    """Return the folder of the pretrained embedding that the variant starts from, or []."""
    given = VARIANTS[variant]["input"]
    if "embedding" not in given:
        return []
    return f"{CORPUS}/embeddings/{given['encoding']}/{given['embedding']}"


for variant in VARIANTS:
    if variant in NETWORKS:

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files("train_network"),
                corpus=f"{CORPUS}/corpus.json",
                encoding=multiext(f"{encoding_folder(variant)}/", "sequences.parquet", "encoding.json"),
                embedding=[f"{folder}/matrix.npy" for folder in [embedding_folder(variant)] if folder],
            output:
                run_files(variant),
            params:
                encoding=encoding_folder(variant),
                embedding=["--embedding", embedding_folder(variant)] if embedding_folder(variant) else [],
                settings=json.dumps(VARIANTS[variant], sort_keys=True),
                folder=run_folder(variant),
            log:
                f"{RESULTS}/logs/train/{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{corpus}}-{variant}-{{seed}}.tsv"
            conda:
                "../../environment.yml"
            threads: 1
            resources:
                mem_mb=2000,
                gpu=config["gpu"],
            shell:
                "python {input.code[0]} --corpus {input.corpus} --sequences {params.encoding}"
                " {params.embedding} --settings {params.settings:q} --seed {wildcards.seed}"
                " --threads {threads} --output {params.folder} 2> {log}"

    else:

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files("train_linear"),
                corpus=f"{CORPUS}/corpus.json",
                documents=f"{CORPUS}/documents.parquet",
            output:
                run_files(variant),
            params:
                settings=json.dumps(VARIANTS[variant], sort_keys=True),
                folder=run_folder(variant),
            log:
                f"{RESULTS}/logs/train/{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{corpus}}-{variant}-{{seed}}.tsv"
            conda:
                "../../environment.yml"
            threads: 1
            resources:
                mem_mb=2000,
            shell:
                "python {input.code[0]} --corpus {input.corpus} --documents {input.documents}"
                " --settings {params.settings:q} --seed {wildcards.seed}"
                " --output {params.folder} 2> {log}"
