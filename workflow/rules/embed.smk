# embed: vocabulary and vectors -> an embedding matrix, row by row the words of the vocabulary.
rule embed:
    input:
        code=script_files("embed"),
        vocabulary=f"{ENCODING}/vocabulary.parquet",
        words=f"{RESULTS}/vectors/{{embedding}}/words.parquet",
        vectors=f"{RESULTS}/vectors/{{embedding}}/vectors.npy",
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
        "python {input.code[0]} --vocabulary {input.vocabulary} --words {input.words}"
        " --vectors {input.vectors} --output {params.folder} 2> {log}"
