# train: one rule per variant, one run per corpus and seed -> model, history, metrics, predictions.
def corpus_facts(wildcards):
    """Return what run.json says of the corpus besides the content of corpus.json, as JSON."""
    facts = {"name": wildcards.corpus, "sample": config.get("sample", False)}
    return json.dumps(facts | circumstances(config["corpora"][wildcards.corpus]))


for variant in VARIANTS:
    about = VARIANTS[variant]
    if about.kind == "network":

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files(KINDS[about.kind].script),
                corpus=f"{CORPUS}/corpus.json",
                documents=of_corpus(document_files(about.input)),
                matrix=of_corpus(matrix_files(about.input)),
            output:
                run_files(variant),
            log:
                f"{RESULTS}/logs/train/{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{corpus}}-{variant}-{{seed}}.tsv"
            # The longest first, so that none is left alone at the end.
            priority: recurrent_layers(about)
            conda:
                "../../environment-gpu.yml" if config["gpu"] else "../../environment.yml"
            threads: 1
            resources:
                mem_mb=growing(requested_mb(PEAKS_MB, variant)),
                runtime=growing(60),
                gpu=config["gpu"],
                # No parameter: another value trains nothing again.
                gpu_absent=config.get("gpu_absent", "error"),
            params:
                settings=literal(json.dumps(about.settings(), sort_keys=True)),
                circumstances=corpus_facts,
                folder=subpath(output[0], parent=True),
            shell:
                # XLA takes and frees its buffers every step: glibc is to keep them.
                "MALLOC_MMAP_THRESHOLD_=2000000000 MALLOC_TRIM_THRESHOLD_=2000000000"
                " python {input.code[0]} --corpus {input.corpus}"
                " --documents {input.documents[0]} --matrix {input.matrix}"
                " --settings {params.settings:q} --circumstances {params.circumstances:q}"
                " --seed {wildcards.seed} --threads {threads}"
                " --gpu {resources.gpu} --gpu-absent {resources.gpu_absent}"
                # No output: Snakemake removes those of a job that failed, and the next try needs it.
                " --checkpoint {params.folder}.checkpoint --output {params.folder} 2> {log}"

    elif about.kind == "ensemble":

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files(KINDS[about.kind].script),
                runs=member_files(variant),
            output:
                run_files(variant),
            log:
                f"{RESULTS}/logs/train/{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{corpus}}-{variant}-{{seed}}.tsv"
            conda:
                "../../environment.yml"
            threads: 1
            resources:
                mem_mb=growing(2000),
                runtime=growing(60),
            params:
                method=about.ensemble.method,
                runs=lambda wildcards, input: folders(
                    file for file in input.runs if file.endswith("validation.parquet")
                ),
                folder=subpath(output[0], parent=True),
            shell:
                "python {input.code[0]} --runs {params.runs} --method {params.method}"
                " --seed {wildcards.seed} --output {params.folder} 2> {log}"

    else:

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files(KINDS[about.kind].script),
                corpus=f"{CORPUS}/corpus.json",
                documents=f"{CORPUS}/documents.parquet",
            output:
                run_files(variant),
            log:
                f"{RESULTS}/logs/train/{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{corpus}}-{variant}-{{seed}}.tsv"
            conda:
                "../../environment.yml"
            threads: 1
            resources:
                mem_mb=growing(requested_mb(PEAKS_MB, variant)),
                runtime=growing(60),
            params:
                settings=literal(json.dumps(about.settings(), sort_keys=True)),
                circumstances=corpus_facts,
                folder=subpath(output[0], parent=True),
            shell:
                "python {input.code[0]} --corpus {input.corpus} --documents {input.documents}"
                " --settings {params.settings:q} --circumstances {params.circumstances:q}"
                " --seed {wildcards.seed} --output {params.folder} 2> {log}"
