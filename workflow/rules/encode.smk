# encode: documents -> vocabulary and word ids.
rule encode:
    input:
        code=script_files("encode"),
        documents=f"{CORPUS}/documents.parquet",
    output:
        multiext(f"{ENCODING}/", "vocabulary.parquet", "sequences.parquet", "encoding.json"),
    params:
        settings=lambda wildcards: json.dumps(
            config["encodings"][wildcards.encoding], sort_keys=True
        ),
        folder=ENCODING,
    log:
        f"{RESULTS}/logs/encode/{{corpus}}-{{encoding}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/encode/{{corpus}}-{{encoding}}.tsv"
    conda:
        "../../environment.yml"
    shell:
        "python {input.code[0]} --documents {input.documents} --settings {params.settings:q}"
        " --output {params.folder} 2> {log}"
