# render: tables and notebooks of reports/ -> pages of the report.
rule render:
    input:
        unpack(page_inputs(["{page}"])),
    output:
        page_file("{page}"),
    log:
        f"{RESULTS}/logs/render/{{page}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/render/{{page}}.tsv"
    wildcard_constraints:
        page="|".join(sorted(ALONE)),
    conda:
        "../../environment.yml"
    resources:
        runtime=growing(2),
    params:
        pages=page_arguments(["{page}"]),
        links=lambda wildcards: stored(LINKS),
    shell:
        "python {input.code[0]:q} --pages @{params.pages} --template {input.template[0]:q}"
        " --links @{params.links} 2> {log}"


use rule render as render_corpus with:
    input:
        unpack(page_inputs(OF_CORPUS)),
    output:
        [page_file(name) for name in OF_CORPUS],
    log:
        f"{RESULTS}/logs/render/pages-{{corpus}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/render/pages-{{corpus}}.tsv"
    params:
        pages=page_arguments(OF_CORPUS),
        links=lambda wildcards: stored(LINKS),


use rule render as render_variants with:
    input:
        unpack(page_inputs(OF_VARIANTS)),
    output:
        [page_file(name) for name in OF_VARIANTS],
    log:
        f"{RESULTS}/logs/render/variants.log",
    benchmark:
        f"{RESULTS}/benchmarks/render/variants.tsv"
    resources:
        runtime=growing(2 + len(OF_VARIANTS) // 10),
    params:
        pages=page_arguments(OF_VARIANTS),
        links=lambda wildcards: stored(LINKS),


# The front page as a file to send.
rule render_summary:
    input:
        code=script_files("render_summary"),
        page=f"{RESULTS}/report/index.html",
    output:
        f"{RESULTS}/report/summary.html",
    log:
        f"{RESULTS}/logs/render_summary/summary.log",
    benchmark:
        f"{RESULTS}/benchmarks/render_summary/summary.tsv"
    conda:
        "../../environment.yml"
    resources:
        runtime=growing(2),
    shell:
        "python {input.code[0]:q} --page {input.page} --output {output} 2> {log}"


# Runs after all other pages, so that their durations are included.
rule evaluate_workflow:
    input:
        code=script_files("evaluate_workflow"),
        snakefiles=[
            str(ROOT / "Snakefile"),
            str(ROOT / "workflow/Snakefile"),
            *sorted(map(str, (ROOT / "workflow/rules").glob("*.smk"))),
        ],
        config=f"{RESULTS}/config.json",
        pages=expand(
            f"{RESULTS}/report/{{page}}.html",
            page=["summary", *(name for name in PAGES if name != "made")],
        ),
        corpora=expand(f"{CORPUS}/corpus.json", corpus=CORPORA),
        receipts=[f"{downloaded(source)}.json" for source in PLAN.used_sources()],
        citations=str(ROOT / "reports/citations.yaml"),
    output:
        tables("made", MADE),
        f"{TABLES}/made/configuration.yaml",
    log:
        f"{RESULTS}/logs/evaluate_workflow/made.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_workflow/made.tsv"
    conda:
        "../../environment.yml"
    params:
        benchmarks=f"{RESULTS}/benchmarks",
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]:q} --snakefile {input.snakefiles[0]:q} --config {input.config}"
        " --benchmarks {params.benchmarks} --corpora {input.corpora}"
        " --receipts {input.receipts:q} --citations {input.citations:q}"
        " --output {params.folder} 2> {log}"


# The merged configuration. The mirror is left out, because it does not affect the results.
rule configuration:
    output:
        f"{RESULTS}/config.json",
    log:
        f"{RESULTS}/logs/configuration/config.log",
    benchmark:
        f"{RESULTS}/benchmarks/configuration/config.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        content=lambda wildcards: stored(
            json.dumps(
                {key: value for key, value in CONFIGURED.items() if key != "mirror"},
                ensure_ascii=False,
                indent=1,  # in the order of the files, as on the pages
            )
        ),
    shell:
        "cp {params.content} {output} 2> {log}"


rule report:
    input:
        rules.configuration.output,
        expand(f"{RESULTS}/report/{{page}}.html", page=[*PAGES, "summary"]),
        # The inputs of the pages, too: a result that is missing is made again.
        [path for made in PAGES.values() for path in made["tables"]],
        expand(of_corpus(["documents.parquet", "corpus.json"]), corpus=CORPORA),
        [
            path.replace("{corpus}", corpus)
            for corpus in CORPORA
            for variant, seed, subset in PLAN.trainings(corpus)
            for path in run_files(variant, seed, subset)
        ],
