# render: tables and a notebook of reports/ -> a page of the report.
def page(notebook, title, tables, menu="", **parameters):
    """Return the notebook of a page, the tables that it reads and its parameters.

    ``menu`` holds its link; without one, the link stands beside the menus.
    """
    about = {"name": NAME, "sample": config.get("sample", False), "tables": TABLES}
    return {
        "notebook": str(ROOT / "reports" / f"{notebook}.ipynb"),
        "title": title,
        "menu": menu,
        "full_title": f"{menu}: {title}" if menu else title,
        "tables": tables,
        "parameters": json.dumps({**about, **parameters}),
    }


MADE = "jobs rules edges versions machine corpora files citations"
DOUBTS = (rules.evaluate_duplicates, rules.evaluate_labels, rules.evaluate_published)
PAGES = {
    "index": page(
        "comparison",
        "Comparison",
        [*tables_of(CORPORA, *EVALUATED), *rules.evaluate_lecture.output],
        corpora=CORPORA,
        lessons={name: about["title"] for name, about in LESSONS.items()},
    )
}
for corpus in CORPORA:
    about = {"menu": corpus_title(corpus), "corpus": corpus}
    read = tables_of([corpus], rules.evaluate_corpus, rules.evaluate_duplicates)
    titles = PLAN.matrix_titles()
    PAGES[f"corpus-{corpus}"] = page("corpus", "Texts", read, titles=titles["before"], **about)
    read = tables_of([corpus], *EVALUATED)
    PAGES[f"compared-{corpus}"] = page(
        "compared", "Comparison in depth", read, sweeps=PLAN.sweeps(), **about
    )
    if PLAN.matrices:
        read = tables_of([corpus], rules.evaluate_embeddings, rules.evaluate_corpus)
        PAGES[f"embeddings-{corpus}"] = page("embeddings", "Words", read, titles=titles, **about)
    read = tables_of([corpus], *DOUBTS, rules.evaluate_corpus)
    PAGES[f"trust-{corpus}"] = page("trust", "Trust", read, **about)
for variant in COMPARED:
    title = config["variants"][variant]["title"]
    PAGES[f"variant-{variant}"] = page(
        "variant",
        title,
        tables_of(CORPORA, *EVALUATED, rules.evaluate_answers),
        menu="Variants",
        corpora=CORPORA,
        variant=variant,
        settings={"title": title, **VARIANTS[variant].settings()},
        titles={name: config["variants"][name]["title"] for name in VARIANTS},
    )
for name, about in LESSONS.items():
    PAGES[f"lesson-{name}"] = page(
        f"lesson_{name}", about["title"], about["tables"], menu="Lessons", **about["titles"]
    )
PAGES["made"] = page("made", "How it was made", tables("made", MADE))
LINKS = json.dumps(
    [
        {"title": made["title"], "address": f"{name}.html", "menu": made["menu"]}
        for name, made in PAGES.items()
    ]
)
TEMPLATE = [
    str(ROOT / "reports/template" / name)
    for name in ("index.html.j2", "conf.json", "style.css", "script.js")
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
            labels=lambda wildcards: {"page": PAGES[wildcards.page]["full_title"]},
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
    resources:
        runtime=growing(2),
    params:
        parameters=lambda wildcards: PAGES[wildcards.page]["parameters"],
        links=literal(LINKS),
    shell:
        "python {input.code[0]} --notebook {input.notebook:q} --parameters {params.parameters:q}"
        " --template {input.template[0]:q} --links {params.links:q}"
        " --executed {log.notebook} --output {output} 2> {log.run}"


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
            f"{RESULTS}/report/{{page}}.html", page=[name for name in PAGES if name != "made"]
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
        trained=PLAN.jobs(),
        folder=subpath(output[0], parent=True),
    shell:
        "python {input.code[0]} --snakefile {input.snakefiles[0]:q} --config {input.config}"
        " --benchmarks {params.benchmarks} --trained {params.trained} --corpora {input.corpora}"
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
        content=literal(
            json.dumps(
                {key: value for key, value in CONFIGURED.items() if key != "mirror"},
                ensure_ascii=False,
                indent=1,
                sort_keys=True,
            )
        ),
    shell:
        "printf '%s\\n' {params.content:q} > {output} 2> {log}"


rule report:
    input:
        rules.configuration.output,
        expand(f"{RESULTS}/report/{{page}}.html", page=PAGES),
