# encode: documents -> vocabulary and word ids, or features.
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
        "python {input.code[0]} --documents {input.documents} --settings {params.settings:q}"
        " --word-index {input.word_index} --output {params.folder} 2> {log}"


rule encode_features:
    input:
        code=script_files("encode_features"),
        documents=f"{CORPUS}/documents.parquet",
    output:
        multiext(f"{FEATURES}/", *VECTORS),
    log:
        f"{RESULTS}/logs/encode_features/{{corpus}}-{{features}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/encode_features/{{corpus}}-{{features}}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2400),
        runtime=growing(60),
    params:
        settings=lambda wildcards: settings("features", wildcards.features),
        seed=config["seeds"][0],
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]} --documents {input.documents} --settings {params.settings:q}"
        " --seed {params.seed} --output {params.folder} 2> {log}"
