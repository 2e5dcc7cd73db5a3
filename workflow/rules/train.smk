# train: one rule per variant, one run per corpus, seed and subset -> model, history, metrics,
# predictions.
# A variant with `choose` has a copy of the run of one of its candidates.
# Answers from elsewhere are read instead, in one run per corpus.
def corpus_facts(wildcards):
    """Return the facts about the corpus for run.json that are not in corpus.json, as JSON."""
    facts = {"name": wildcards.corpus, "sample": config.get("sample", False)}
    return json.dumps(facts | circumstances(config["corpora"][wildcards.corpus]))


def decisive(fit):
    """Return a parameter: the metric of the best epoch, without effect if there is no patience."""
    return lambda wildcards: metric(config, wildcards.corpus) if fit.patience else "accuracy"


def run_outputs(variant, subset="{subset}"):
    """Return the outputs of a training; Snakemake keeps those of the last one until it ends.

    After a failure it restores them without `.complete`, and the next plan finds them `unfinished`.
    """
    *files, complete = run_files(variant, subset=subset)
    return [*map(update, files), touch(complete)]


for variant in VARIANTS:
    about = VARIANTS[variant]
    if about.kind == "network":

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files(KINDS[about.kind].script),
                corpus=f"{CORPUS}/corpus.json",
                documents=documents_of(about.input),
                sizes=sizes_of,
                matrix=of_corpus(matrix_files(about.input)),
                encoder=encoder_files(about.input.encoder),
            output:
                run_outputs(variant),
            log:
                f"{RESULTS}/logs/train/{{subset}}{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{subset}}{{corpus}}-{variant}-{{seed}}.tsv"
            # The longest networks first, so that none runs alone at the end.
            priority: recurrent_layers(about)
            conda:
                gpu_environment(variant)
            resources:
                **gpu(variant),
                mem_mb=growing(requested_mb(PEAKS_MB, variant)),
                runtime=growing(60),
            params:
                settings=literal(json.dumps(about.settings(), sort_keys=True)),
                circumstances=corpus_facts,
                labels=labels_of,
                metric=decisive(about.fit),
                folder=subpath(output[0], parent=True),
            shell:
                # XLA frees its buffers in every step; with these limits, glibc keeps them for reuse.
                "MALLOC_MMAP_THRESHOLD_=2000000000 MALLOC_TRIM_THRESHOLD_=2000000000"
                " python {input.code[0]:q} --corpus {input.corpus}"
                " --documents {input.documents[0]} --matrix {input.matrix}"
                " --encoder {input.encoder}"
                " --settings {params.settings:q} --circumstances {params.circumstances:q} {params.labels}"
                " --metric {params.metric} --seed {wildcards.seed} --threads {threads}"
                " --gpu {resources.gpu} --gpu-absent {resources.gpu_absent}"
                " --gpu-share {resources.gpu_share}"
                # Not an output: Snakemake would remove it after a failure; the next try needs it.
                " --checkpoint {params.folder}.checkpoint --output {params.folder} 2> {log}"

    elif about.kind == "ensemble":

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files(KINDS[about.kind].script),
                runs=member_files(variant),
            output:
                run_outputs(variant),
            log:
                f"{RESULTS}/logs/train/{{subset}}{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{subset}}{{corpus}}-{variant}-{{seed}}.tsv"
            conda:
                "../../environment.yml"
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
                "python {input.code[0]:q} --runs {params.runs} --method {params.method}"
                " --seed {wildcards.seed} --output {params.folder} 2> {log}"

    elif about.kind == "choice":

        rule:
            name:
                f"choose_{variant}"
            input:
                code=script_files(KINDS[about.kind].script),
                runs=candidate_files(variant),
            output:
                run_outputs(variant),
            log:
                f"{RESULTS}/logs/choose/{{subset}}{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/choose/{{subset}}{{corpus}}-{variant}-{{seed}}.tsv"
            conda:
                "../../environment.yml"
            resources:
                runtime=growing(10),
            params:
                metric=lambda wildcards: metric(config, wildcards.corpus),
                runs=lambda wildcards, input: stored(
                    " ".join(folders(file for file in input.runs if file.endswith("metrics.json")))
                ),
                folder=subpath(output[0], parent=True),
            shell:
                "python {input.code[0]:q} --runs $(cat {params.runs}) --by val_{params.metric}"
                " --seed {wildcards.seed} --output {params.folder} 2> {log}"

    elif about.kind == "predictions":

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files(KINDS[about.kind].script),
                corpus=f"{CORPUS}/corpus.json",
                documents=f"{CORPUS}/documents.parquet",
                table=answers_table(variant),
            output:
                run_outputs(variant, subset=""),
            log:
                f"{RESULTS}/logs/train/{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{corpus}}-{variant}-{{seed}}.tsv"
            # Before all trainings: a wrong table is an error at once.
            priority: 100
            conda:
                "../../environment.yml"
            resources:
                mem_mb=growing(2000),
                runtime=growing(60),
            params:
                settings=literal(json.dumps(about.settings(), sort_keys=True)),
                circumstances=corpus_facts,
                ensembles=PLAN.ensemble_methods(variant),
                folder=subpath(output[0], parent=True),
            shell:
                "python {input.code[0]:q} --table {input.table:q} --corpus {input.corpus}"
                " --documents {input.documents} --settings {params.settings:q}"
                " --circumstances {params.circumstances:q} --ensembles {params.ensembles}"
                " --seed {wildcards.seed} --output {params.folder} 2> {log}"

    else:

        rule:
            name:
                f"train_{variant}"
            input:
                code=script_files(KINDS[about.kind].script),
                corpus=f"{CORPUS}/corpus.json",
                documents=documents_of(about.input),
                sizes=sizes_of,
            output:
                run_outputs(variant),
            log:
                f"{RESULTS}/logs/train/{{subset}}{{corpus}}-{variant}-{{seed}}.log",
            benchmark:
                f"{RESULTS}/benchmarks/train/{{subset}}{{corpus}}-{variant}-{{seed}}.tsv"
            # Before all networks, so that a mistake in a corpus shows in the first minute.
            priority: 9
            conda:
                "../../environment.yml"
            resources:
                mem_mb=growing(requested_mb(PEAKS_MB, variant)),
                runtime=growing(60),
            params:
                settings=literal(json.dumps(about.settings(), sort_keys=True)),
                circumstances=corpus_facts,
                labels=labels_of,
                folder=subpath(output[0], parent=True),
            shell:
                "python {input.code[0]:q} --corpus {input.corpus} --documents {input.documents[0]}"
                " --settings {params.settings:q} --circumstances {params.circumstances:q} {params.labels}"
                " --seed {wildcards.seed} --output {params.folder} 2> {log}"
