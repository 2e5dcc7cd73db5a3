# read: an archive -> documents; a file of vectors -> words and positions of their vectors.
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
        settings=lambda wildcards: settings("corpora", wildcards.corpus),
    shell:
        "python {input.code[0]} --archive {input.archive:q} --settings {params.settings:q}"
        " --word-index {input.word_index} --documents {output.documents} --corpus {output.corpus} 2> {log}"


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
        "python {input.code[0]} --file {input.file:q} --output {params.folder} 2> {log}"
