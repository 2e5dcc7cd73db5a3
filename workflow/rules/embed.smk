# embed: vocabulary and vectors -> an embedding matrix with one row per word of the vocabulary.
rule train_vectors:
    input:
        code=script_files("train_vectors"),
        vocabulary=f"{ENCODING}/vocabulary.parquet",
        sequences=f"{ENCODING}/sequences.parquet",
        tokens=f"{ENCODING}/tokens.npy",
    output:
        multiext(f"{TRAINED_VECTORS}/", "words.parquet", "vectors.npy"),
    log:
        f"{RESULTS}/logs/train_vectors/{{corpus}}-{{encoding}}-{{embedding}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_vectors/{{corpus}}-{{encoding}}-{{embedding}}.tsv"
    priority: 10  # other rules wait for it
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        settings=lambda wildcards: json.dumps(
            config["embeddings"][wildcards.embedding]["train"], sort_keys=True
        ),
        seed=config["seeds"][0],
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --vocabulary {input.vocabulary} --sequences {input.sequences}"
        " --settings {params.settings:q} --seed {params.seed} --output {params.folder} 2> {log}"


rule embed:
    input:
        code=script_files("embed"),
        vocabulary=f"{ENCODING}/vocabulary.parquet",
        words=lambda wildcards: f"{vectors_folder(wildcards.embedding)}/words.parquet",
        vectors=lambda wildcards: f"{vectors_folder(wildcards.embedding)}/vectors.npy",
        source=lambda wildcards: named_downloads("embeddings", wildcards.embedding, "source"),
    output:
        multiext(f"{EMBEDDING}/", "matrix.npy", "coverage.json", "missing.parquet"),
    log:
        f"{RESULTS}/logs/embed/{{corpus}}-{{encoding}}-{{embedding}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/embed/{{corpus}}-{{encoding}}-{{embedding}}.tsv"
    conda:
        "../../environment.yml"
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --vocabulary {input.vocabulary} --words {input.words}"
        " --vectors {input.vectors} --source {input.source:q} --output {params.folder} 2> {log}"
