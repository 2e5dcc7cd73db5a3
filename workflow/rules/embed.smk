# embed: vocabulary and vectors -> an embedding matrix, row by row the words of the vocabulary.
rule embed:
    input:
        code=script_files("embed"),
        vocabulary=f"{ENCODING}/vocabulary.parquet",
        vectors=multiext(f"{RESULTS}/vectors/{{embedding}}/", "words.parquet", "vectors.npy"),
    output:
        multiext(f"{EMBEDDING}/", "matrix.npy", "coverage.json", "missing.parquet"),
    params:
        vectors=f"{RESULTS}/vectors/{{embedding}}",
        folder=EMBEDDING,
    log:
        f"{RESULTS}/logs/embed/{{corpus}}-{{encoding}}-{{embedding}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/embed/{{corpus}}-{{encoding}}-{{embedding}}.tsv"
    conda:
        "../../environment.yml"
    shell:
        "python {input.code[0]} --vocabulary {input.vocabulary} --vectors {params.vectors}"
        " --output {params.folder} 2> {log}"
