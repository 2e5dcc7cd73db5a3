# render: tables and a notebook of reports/ -> a page of the report.
EVALUATED = (rules.evaluate_runs, rules.evaluate_corpus)
DOUBTS = (rules.evaluate_duplicates, rules.evaluate_labels, rules.evaluate_published)
PAGES = {
    "index": page(
        "comparison",
        "Comparison",
        [
            *(path for corpus in CORPORA for path in tables_of(corpus, *EVALUATED)),
            *rules.evaluate_lecture.output,
        ],
        corpora=CORPORA,
        sweeps=sweeps(),
    ),
    **{
        f"corpus-{corpus}": page(
            "corpus",
            corpus_title(corpus),
            tables_of(corpus, rules.evaluate_corpus),
            corpus=corpus,
            lengths=described_lengths(),
            titles=matrix_titles(),
        )
        for corpus in CORPORA
    },
    **{
        f"trust-{corpus}": page(
            "trust",
            f"Trust: {corpus_title(corpus)}",
            tables_of(corpus, *DOUBTS, rules.evaluate_corpus),
            corpus=corpus,
        )
        for corpus in CORPORA
    },
    **{
        f"embeddings-{corpus}": page(
            "embeddings",
            f"Words: {corpus_title(corpus)}",
            tables_of(corpus, rules.evaluate_embeddings, rules.evaluate_corpus),
            corpus=corpus,
            titles=matrix_titles(),
        )
        for corpus in CORPORA
        if MATRICES
    },
    **{
        f"lesson-{name}": page(
            f"lesson_{name}",
            about["title"],
            about["tables"],
            **about["titles"],
        )
        for name, about in LESSONS.items()
    },
}
LINKS = json.dumps({made["title"]: f"{name}.html" for name, made in PAGES.items()})
TEMPLATE = [
    str(ROOT / "reports/template" / name) for name in ("index.html.j2", "conf.json", "style.css")
]


rule render:
    input:
        code=lambda wildcards: script_files("render", PAGES[wildcards.page]["notebook"]),
        notebook=lambda wildcards: PAGES[wildcards.page]["notebook"],
        template=TEMPLATE,
        tables=lambda wildcards: PAGES[wildcards.page]["tables"],
    output:
        report(
            f"{RESULTS}/report/{{page}}.html",
            caption="../report/page.rst",
            category="Pages",
            labels={"page": "{page}"},
        ),
    log:
        run=f"{RESULTS}/logs/render/{{page}}.log",
        notebook=f"{RESULTS}/logs/render/{{page}}.ipynb",
    benchmark:
        f"{RESULTS}/benchmarks/render/{{page}}.tsv"
    wildcard_constraints:
        page="|".join(PAGES),
    conda:
        "../../environment.yml"
    params:
        parameters=lambda wildcards: PAGES[wildcards.page]["parameters"],
        title=lambda wildcards: PAGES[wildcards.page]["title"],
        links=LINKS,
    shell:
        "python {input.code[0]} --notebook {input.notebook:q} --parameters {params.parameters:q}"
        " --template {input.template[0]:q} --title {params.title:q} --links {params.links:q}"
        " --executed {log.notebook} --output {output} 2> {log.run}"


# What was configured, beside what came of it; from which mirror files came is no matter of results.
rule configuration:
    output:
        f"{RESULTS}/config.json",
    log:
        f"{RESULTS}/logs/configuration/config.log",
    benchmark:
        f"{RESULTS}/benchmarks/configuration/config.tsv"
    conda:
        "../../environment.yml"
    params:
        content=json.dumps(
            {key: value for key, value in config.items() if key != "mirror"},
            ensure_ascii=False,
            indent=1,
            sort_keys=True,
        ),
    shell:
        "printf '%s\\n' {params.content:q} > {output} 2> {log}"


rule report:
    input:
        rules.configuration.output,
        expand(f"{RESULTS}/report/{{page}}.html", page=PAGES),
