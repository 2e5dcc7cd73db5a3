# render: tables and a notebook of reports/ -> a page of the report.
def corpus_title(corpus):
    return config["corpora"][corpus]["title"]


def page(notebook, title, tables, **parameters):
    """Return what a page is made from: a notebook, the tables that it reads, its parameters."""
    about = {"name": NAME, "sample": config.get("sample", False), "tables": TABLES}
    return {
        "notebook": str(ROOT / "reports" / f"{notebook}.ipynb"),
        "title": title,
        "tables": tables,
        "parameters": json.dumps({**about, **parameters}),
    }


def of_corpus(corpus, *rules):
    """Return the tables that the rules make of one corpus."""
    return [path.replace("{corpus}", corpus) for rule in rules for path in rule.output]


EVALUATED = (rules.evaluate_runs, rules.evaluate_corpus)
PAGES = {
    "index": page(
        "comparison",
        "Comparison",
        [path for corpus in CORPORA for path in of_corpus(corpus, *EVALUATED)],
        corpora=CORPORA,
    ),
    **{
        f"corpus-{corpus}": page(
            "corpus",
            corpus_title(corpus),
            of_corpus(corpus, rules.evaluate_corpus),
            corpus=corpus,
            lengths=described_lengths(),
            titles=matrix_titles(),
        )
        for corpus in CORPORA
    },
    **{
        f"embeddings-{corpus}": page(
            "embeddings",
            f"Words: {corpus_title(corpus)}",
            of_corpus(corpus, rules.evaluate_embeddings, rules.evaluate_corpus),
            corpus=corpus,
            titles=matrix_titles(),
        )
        for corpus in CORPORA
        if MATRICES
    },
}
LINKS = json.dumps({made["title"]: f"{name}.html" for name, made in PAGES.items()})
TEMPLATE = [str(ROOT / "reports/template" / name) for name in ("index.html.j2", "conf.json", "style.css")]


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
    params:
        parameters=lambda wildcards: PAGES[wildcards.page]["parameters"],
        template=str(ROOT / "reports/template"),
        title=lambda wildcards: PAGES[wildcards.page]["title"],
        links=LINKS,
    wildcard_constraints:
        page="|".join(PAGES),
    log:
        run=f"{RESULTS}/logs/render/{{page}}.log",
        notebook=f"{RESULTS}/logs/render/{{page}}.ipynb",
    benchmark:
        f"{RESULTS}/benchmarks/render/{{page}}.tsv"
    conda:
        "../../environment.yml"
    shell:
        "python {input.code[0]} --notebook {input.notebook:q} --parameters {params.parameters:q}"
        " --template {params.template:q} --title {params.title:q} --links {params.links:q}"
        " --executed {log.notebook} --output {output} 2> {log.run}"


rule report:
    input:
        expand(f"{RESULTS}/report/{{page}}.html", page=PAGES),
