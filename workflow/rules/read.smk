# read: an archive -> documents; a file of vectors -> words and positions of their vectors; a
# pretrained encoder -> its network and tokeniser.
rule read:
    input:
        code=script_files("read"),
        archive=lambda wildcards: downloaded(config["corpora"][wildcards.corpus]["source"]),
        word_index=lambda wildcards: named_downloads("corpora", wildcards.corpus, "word_index"),
    output:
        documents=f"{CORPUS}/documents.parquet",
        corpus=f"{CORPUS}/corpus.json",
    log:
        f"{RESULTS}/logs/read/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/read/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        settings=lambda wildcards: corpus_settings(wildcards.corpus),
    shell:
        "python {input.code[0]:q} --archive {input.archive:q} --settings {params.settings:q}"
        " --word-index {input.word_index} --documents {output.documents} --corpus {output.corpus} 2> {log}"


rule check_sizes:
    input:
        code=script_files("check_sizes"),
        corpus=f"{CORPUS}/corpus.json",
    output:
        f"{CORPUS}/sizes.json",
    log:
        f"{RESULTS}/logs/check_sizes/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_sizes/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        sizes=literal(json.dumps(config["compare"].get("labels", {}).get("sizes", []))),
    shell:
        "python {input.code[0]:q} --corpus {input.corpus} --sizes {params.sizes:q}"
        " --output {output} 2> {log}"


rule read_vectors:
    input:
        code=script_files("read_vectors"),
        file=lambda wildcards: downloaded(config["embeddings"][wildcards.embedding]["source"]),
    output:
        multiext(f"{RESULTS}/vectors/{{embedding}}/", "words.parquet", "vectors.npy"),
    log:
        f"{RESULTS}/logs/read_vectors/{{embedding}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/read_vectors/{{embedding}}.tsv"
    conda:
        "../../environment.yml"
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --file {input.file:q} --output {params.folder} 2> {log}"


rule read_encoder:
    input:
        code=script_files("read_encoder"),
        file=lambda wildcards: downloaded(config["encoders"][wildcards.encoder]["source"]),
    output:
        multiext(f"{ENCODER}/", *READ),
    log:
        f"{RESULTS}/logs/read_encoder/{{encoder}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/read_encoder/{{encoder}}.tsv"
    priority: 10  # other rules wait for it
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2400),
    params:
        settings=lambda wildcards: encoder_settings(wildcards.encoder),
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --file {input.file:q} --settings {params.settings:q}"
        " --output {params.folder} 2> {log}"
