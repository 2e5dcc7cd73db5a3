# encode: documents -> vocabulary and word ids, word pieces of an encoder, or features.
rule encode:
    input:
        code=script_files("encode"),
        documents=f"{CORPUS}/documents.parquet",
        word_index=lambda wildcards: named_downloads("encodings", wildcards.encoding, "index"),
    output:
        multiext(f"{ENCODING}/", *INDEXED),
    log:
        f"{RESULTS}/logs/encode/{{corpus}}-{{encoding}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/encode/{{corpus}}-{{encoding}}.tsv"
    conda:
        "../../environment.yml"
    params:
        settings=lambda wildcards: settings("encodings", wildcards.encoding),
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --documents {input.documents} --settings {params.settings:q}"
        " --word-index {input.word_index} --output {params.folder} 2> {log}"


rule encode_features:
    input:
        code=script_files("encode_features"),
        documents=f"{CORPUS}/documents.parquet",
        corpus=lambda wildcards: of_corpus(["corpus.json"]) if wildcards.drawn else [],
        sizes=sizes_of,
    output:
        multiext(f"{CORPUS}/{{drawn}}features/{{features}}/", *FEATURE_FILES["features"]),
    log:
        f"{RESULTS}/logs/encode_features/{{drawn}}{{corpus}}-{{features}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/encode_features/{{drawn}}{{corpus}}-{{features}}.tsv"
    wildcard_constraints:
        features=features_of(encoder=False),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2400),
        runtime=growing(60),
    params:
        settings=lambda wildcards: settings("features", wildcards.features),
        seed=lambda wildcards: re.sub(r".*seed-|/$", "", wildcards.drawn) or config["seeds"][0],
        labels=labels_of,
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --documents {input.documents} --settings {params.settings:q}"
        " {params.labels} --corpus {input.corpus}"
        " --seed {params.seed} --output {params.folder} 2> {log}"


rule encode_pieces:
    input:
        code=script_files("encode_pieces"),
        documents=f"{CORPUS}/documents.parquet",
        encoder=f"{ENCODER}/encoder.json",
        tokenizer=f"{ENCODER}/tokenizer.json",
    output:
        multiext(f"{CORPUS}/pieces/{{encoder}}/", *PIECES),
    log:
        f"{RESULTS}/logs/encode_pieces/{{corpus}}-{{encoder}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/encode_pieces/{{corpus}}-{{encoder}}.tsv"
    conda:
        "../../environment.yml"
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --documents {input.documents} --encoder {input.encoder}"
        " --output {params.folder} 2> {log}"


rule encode_sentences:
    input:
        code=script_files("encode_sentences"),
        pieces=lambda wildcards: [
            f"{CORPUS}/pieces/{encoder_of(wildcards.features)}/{name}" for name in PIECES
        ],
        encoder=lambda wildcards: [
            f"{RESULTS}/encoders/{encoder_of(wildcards.features)}/{name}" for name in READ
        ],
    output:
        multiext(f"{FEATURES}/", *FEATURE_FILES["vectors"]),
    log:
        f"{RESULTS}/logs/encode_sentences/{{corpus}}-{{features}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/encode_sentences/{{corpus}}-{{features}}.tsv"
    wildcard_constraints:
        features=features_of(encoder=True),
    priority: 10  # other rules wait for it
    conda:
        gpu_environment(SENTENCES)
    resources:
        **gpu(SENTENCES),
        mem_mb=growing(3000),
        runtime=growing(240),
    params:
        settings=lambda wildcards: sentence_settings(wildcards.features),
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --pieces {input.pieces[0]} --encoder {input.encoder[0]}"
        " --settings {params.settings:q} --threads {threads}"
        " --gpu {resources.gpu} --gpu-absent {resources.gpu_absent}"
        " --gpu-share {resources.gpu_share}"
        " --checkpoint {params.folder}.checkpoint --output {params.folder} 2> {log}"
