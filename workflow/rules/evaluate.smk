# evaluate: runs, corpora and embeddings -> tidy tables beside the report, as CSV and Parquet.
rule evaluate_runs:
    input:
        code=script_files("evaluate_runs"),
        corpus=f"{CORPUS}/corpus.json",
        documents=f"{CORPUS}/documents.parquet",
        duplicates=f"{CORPUS}/duplicates.parquet",
        runs=lambda wildcards: [
            *runs(
                wildcards.corpus, COMPARED, "metrics.json", "predictions.parquet", "history.csv"
            ),
            *runs(wildcards.corpus, PLAN.choices, "candidates.csv"),
        ],
    output:
        report(
            f"{TABLES}/{{corpus}}/runs/variants.csv",
            caption="../report/variants.rst",
            category="Tables",
            labels={"corpus": "{corpus}", "table": "variants"},
        ),
        tables(
            "{corpus}/runs",
            "runs history confusion per_class comparisons calibration selective recommendation",
        ),
        tables("{corpus}/runs", "candidates" if PLAN.choices else ""),
        f"{TABLES}/{{corpus}}/runs/variants.parquet",
    log:
        f"{RESULTS}/logs/evaluate_runs/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_runs/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        circumstances=lambda wildcards: json.dumps(
            {"corpus": corpus_title(wildcards.corpus)}
            | circumstances(config["corpora"][wildcards.corpus])
        ),
        confidence=config["compare"]["confidence"],
        metric=lambda wildcards: metric(config, wildcards.corpus),
        titles=compared_titles,
        runs=run_folders,
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --corpus {input.corpus} --documents {input.documents}"
        " --circumstances {params.circumstances:q} --titles @{params.titles}"
        " --runs $(cat {params.runs}) --duplicates {input.duplicates}"
        " --confidence {params.confidence} --metric {params.metric} --output {params.folder} 2> {log}"


rule evaluate_corpus:
    input:
        code=script_files("evaluate_corpus"),
        corpus=f"{CORPUS}/corpus.json",
        documents=f"{CORPUS}/documents.parquet",
        vocabulary=f"{DESCRIBED_FOLDER}/vocabulary.parquet",
        encoding=f"{DESCRIBED_FOLDER}/encoding.json",
        sequences=f"{DESCRIBED_FOLDER}/sequences.parquet",
        tokens=f"{DESCRIBED_FOLDER}/tokens.npy",  # read beside the sequences
        coverage=[f"{folder}/coverage.json" for folder in PRETRAINED_FOLDERS],
        missing=[f"{folder}/missing.parquet" for folder in PRETRAINED_FOLDERS],
    output:
        tables(
            "{corpus}/corpus",
            "corpus scripts classes lengths cuts growth heaps outside words encoding coverage missing"
            " examples document document_words document_row",
        ),
    log:
        f"{RESULTS}/logs/evaluate_corpus/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_corpus/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        contacts=CONTACTS,
        title=lambda wildcards: corpus_title(wildcards.corpus),
        readers=literal(json.dumps(PLAN.described_lengths())),
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --corpus {input.corpus} --title={params.title:q}"
        " --documents {input.documents} --vocabulary {input.vocabulary} --encoding {input.encoding}"
        " --sequences {input.sequences} --readers {params.readers:q}"
        " --coverage {input.coverage} --missing {input.missing}"
        " --contacts {params.contacts} --output {params.folder} 2> {log}"


EVALUATED = (rules.evaluate_runs, rules.evaluate_corpus)


rule evaluate_duplicates:
    input:
        code=script_files("evaluate_duplicates"),
        documents=f"{CORPUS}/documents.parquet",
    output:
        tables("{corpus}/duplicates", "duplicates empty near_duplicates"),
        duplicates=f"{CORPUS}/duplicates.parquet",
    log:
        f"{RESULTS}/logs/evaluate_duplicates/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_duplicates/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(2400),
    params:
        contacts=CONTACTS,
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --documents {input.documents}"
        " --duplicates {output.duplicates} --contacts {params.contacts} --output {params.folder} 2> {log}"


rule evaluate_labels:
    input:
        code=script_files("evaluate_labels"),
        documents=f"{CORPUS}/documents.parquet",
        runs=lambda wildcards: runs(wildcards.corpus, PLAN.voters, "predictions.parquet"),
    output:
        tables("{corpus}/labels", "labels labels_summary"),
    log:
        f"{RESULTS}/logs/evaluate_labels/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_labels/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        contacts=CONTACTS,
        runs=run_folders,
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --documents {input.documents} --runs $(cat {params.runs})"
        " --contacts {params.contacts} --output {params.folder} 2> {log}"


rule evaluate_sizes:
    input:
        code=script_files("evaluate_sizes"),
        corpus=f"{CORPUS}/corpus.json",
        documents=f"{CORPUS}/documents.parquet",
        sizes=f"{CORPUS}/sizes.json",
        runs=lambda wildcards: [
            file
            for subset in PLAN.subsets
            for variant in PLAN.labelled
            for seed in seeds(config, wildcards.corpus)
            for file in of_run(variant, ["metrics.json", "predictions.parquet"], seed, subset)
        ],
    output:
        tables("{corpus}/sizes", "sizes crossings doubling"),
    log:
        f"{RESULTS}/logs/evaluate_sizes/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_sizes/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        metric=lambda wildcards: metric(config, wildcards.corpus),
        titles=compared_titles,
        runs=run_folders,
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --corpus {input.corpus} --documents {input.documents}"
        " --sizes {input.sizes} --titles @{params.titles} --runs $(cat {params.runs})"
        " --metric {params.metric} --output {params.folder} 2> {log}"


rule evaluate_published:
    input:
        code=script_files("evaluate_published"),
        published=ROOT / "reports/published.yaml",
        corpus=f"{CORPUS}/corpus.json",
        variants=f"{TABLES}/{{corpus}}/runs/variants.parquet",
    output:
        tables("{corpus}/published", "published"),
    log:
        f"{RESULTS}/logs/evaluate_published/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_published/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --published {input.published:q} --corpus {input.corpus}"
        " --variants {input.variants} --output {params.folder} 2> {log}"


rule evaluate_embeddings:
    input:
        code=script_files("evaluate_embeddings"),
        analogies=ROOT / "reports/analogies.yaml",
        documents=f"{CORPUS}/documents.parquet",
        vocabulary=f"{DESCRIBED_FOLDER}/vocabulary.parquet",
        sequences=f"{DESCRIBED_FOLDER}/sequences.parquet",
        tokens=f"{DESCRIBED_FOLDER}/tokens.npy",
        matrices=[matrix_of(*matrix) for matrix in PLAN.matrices],
        complete=[
            of_run(name, [], config["seeds"][0]) for name, at in PLAN.matrices if at == "after"
        ],
    output:
        tables(
            "{corpus}/embeddings",
            "embeddings maps document_maps documents quality neighbours moved movement analogies",
        ),
        [
            f"{TABLES}/{{corpus}}/embeddings/projector/{name}-{stage}/{file}.tsv"
            for name, stage in PLAN.matrices
            for file in ("vectors", "metadata")
        ],
    log:
        f"{RESULTS}/logs/evaluate_embeddings/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_embeddings/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        contacts=CONTACTS,
        matrices=[
            f"--matrix {name} {stage} {matrix_of(name, stage)}" for name, stage in PLAN.matrices
        ],
        starts=[
            f"--start {after} {before}" for before, after in PLAN.last_trained.items() if before
        ],
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --documents {input.documents} --vocabulary {input.vocabulary}"
        " --sequences {input.sequences} --analogies {input.analogies:q} {params.matrices}"
        " {params.starts} --contacts {params.contacts} --output {params.folder} 2> {log}"


rule evaluate_documents:
    input:
        code=script_files("evaluate_documents"),
        documents=f"{CORPUS}/documents.parquet",
        vectors=[
            f"{CORPUS}/features/{features}/{name}"
            for features in PLAN.encoded
            for name in ("documents.parquet", "vectors.npy")
        ],
        runs=lambda wildcards: [
            file
            for readers in PLAN.encoded.values()
            for variant in readers
            for file in of_run(
                variant,
                ["metrics.json", "predictions.parquet"],
                seeds(config, wildcards.corpus)[0],
            )
        ],
    output:
        tables("{corpus}/documents", "documents classes summary"),
    log:
        f"{RESULTS}/logs/evaluate_documents/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_documents/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    params:
        contacts=CONTACTS,
        features=lambda wildcards: stored(features_and_runs(wildcards.corpus)),
        metric=lambda wildcards: metric(config, wildcards.corpus),
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --documents {input.documents} --metric {params.metric}"
        " $(cat {params.features}) --contacts {params.contacts} --output {params.folder} 2> {log}"


rule evaluate_lecture:
    input:
        code=script_files("evaluate_lecture"),
        lecture=ROOT / "reports/lecture.yaml",
        published=ROOT / "reports/published.yaml",
        tables=[
            path
            for path in (
                *tables_of(CORPORA, *EVALUATED),
                *(path for about in LESSONS.values() for path in about["tables"]),
            )
            if path.endswith(".parquet")
        ],
        receipts=[f"{downloaded(source)}.json" for source in PLAN.used_sources()],
    output:
        tables("lecture-figures", "lecture"),
    log:
        f"{RESULTS}/logs/evaluate_lecture/lecture.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_lecture/lecture.tsv"
    conda:
        "../../environment.yml"
    params:
        root=subpath(output[0], ancestor=2),
        sample="--sample" if config.get("sample") else "",
        vectors=lambda wildcards: stored(json.dumps(PLAN.word_vectors())),
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --lecture {input.lecture:q} --root {params.root}"
        " --published {input.published:q} --vectors @{params.vectors} --receipts {input.receipts:q}"
        " --tables {input.tables} {params.sample} --output {params.folder} 2> {log}"


# The models of all variants in one job: TensorFlow is loaded once.
rule evaluate_answers:
    input:
        code=script_files("evaluate_answers"),
        documents=f"{CORPUS}/documents.parquet",
        runs=lambda wildcards: [
            file
            for variant in COMPARED
            for file in of_run(
                variant,
                [*model_files(VARIANTS, variant), "predictions.parquet"],
                seeds(config, wildcards.corpus)[0],
            )
        ],
    output:
        tables("{corpus}/answers", "layers documents cells words"),
    log:
        f"{RESULTS}/logs/evaluate_answers/{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_answers/{{corpus}}.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(5000),
        runtime=growing(60),
    params:
        contacts=CONTACTS,
        runs=lambda wildcards: stored(
            " ".join(
                f"{RESULTS}/{wildcards.corpus}/runs/{name}/seed-{seeds(config, wildcards.corpus)[0]}"
                for name in COMPARED
            )
        ),
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --documents {input.documents} --runs $(cat {params.runs})"
        " --contacts {params.contacts} --output {params.folder} 2> {log}"
