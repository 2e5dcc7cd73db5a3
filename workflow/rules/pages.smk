# The pages of the report: their notebooks, tables, parameters and links.
def page(notebook, title, tables, menu="", **parameters):
    """Return the notebook of a page, the tables that it reads and its parameters.

    ``menu`` holds its link; without one, the link stands beside the menus.
    """
    about = {"name": NAME, "sample": config.get("sample", False), "table_folder": TABLES}
    return {
        "notebook": str(ROOT / "reports" / f"{notebook}.ipynb"),
        "title": title,
        "menu": menu,
        "full_title": f"{menu}: {title}" if menu else title,
        "tables": tables,
        "parameters": {**about, **parameters},
    }


MADE = "jobs rules edges versions machine corpora files citations"
DOUBTS = (rules.evaluate_duplicates, rules.evaluate_labels, rules.evaluate_published)
SIZES = (rules.evaluate_sizes,) if PLAN.labelled else ()
PAGES = {
    "index": page(
        "comparison",
        "Comparison",
        tables_of(CORPORA, *EVALUATED, *SIZES),
        corpora=CORPORA,
        has_sizes=bool(SIZES),
        has_lecture=bool(LESSONS) or PLAN.by_lecture,
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
        PAGES[f"embeddings-{corpus}"] = page(
            "embeddings", "Words", read, titles=titles, encoded=bool(PLAN.encoded), **about
        )
    if PLAN.encoded:
        read = tables_of([corpus], rules.evaluate_documents, rules.evaluate_corpus)
        PAGES[f"documents-{corpus}"] = page(
            "documents", "Documents", read, titles=PLAN.encoded_titles(), **about
        )
    if SIZES:
        read = tables_of([corpus], *SIZES, rules.evaluate_corpus)
        PAGES[f"sizes-{corpus}"] = page("sizes", "How many labels?", read, **about)
    read = tables_of([corpus], *DOUBTS, *EVALUATED)
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
        settings={
            "title": title,
            **({} if variant in PLAN.choices else VARIANTS[variant].settings()),
        },
        candidates=PLAN.candidates(variant),
        titles={name: config["variants"][name]["title"] for name in VARIANTS},
    )
for name, about in LESSONS.items():
    PAGES[f"lesson-{name}"] = page(
        f"lesson_{name}",
        about["title"],
        [*about["tables"], str(ROOT / "reports/lecture.yaml")],
        menu="Lessons",
        lessons={name: about["title"] for name, about in LESSONS.items()},
        **about["titles"],
    )
if LESSONS or PLAN.by_lecture:
    PAGES["lecture"] = page(
        "lecture", "The lecture's figures", rules.evaluate_lecture.output, menu="Lessons"
    )
PAGES["made"] = page("made", "How it was made", tables("made", MADE))
# One job makes several pages, because most of the time of a single page is the start of Python.
# Lessons are alone: the page of one does not need the others.
SHARED = [f"{kind}-{{corpus}}" for kind in ("corpus", "compared", "embeddings", "trust")]
OF_CORPUS = [name for name in SHARED if name.format(corpus=CORPORA[0]) in PAGES]
OF_VARIANTS = [f"variant-{variant}" for variant in COMPARED]
TOGETHER = {name.format(corpus=corpus) for name in OF_CORPUS for corpus in CORPORA}
ALONE = set(PAGES) - TOGETHER.union(OF_VARIANTS)
LINKS = json.dumps(
    [
        {"title": made["title"], "address": f"{name}.html", "menu": made["menu"]}
        for name, made in PAGES.items()
    ]
)
TEMPLATE = [
    str(ROOT / "reports/template" / name)
    for name in ("index.html.j2", "conf.json", "style.css", "script.js", "charts.js")
]


def page_file(name):
    """Return the output of a page for `snakemake --report`; its name may have wildcards."""
    return report(
        f"{RESULTS}/report/{name}.html",
        caption="../report/page.rst",
        category="Pages",
        labels=lambda wildcards: {"page": filled(name, wildcards)["full_title"]},
    )


def filled(name, wildcards):
    """Return the page of a name that may have wildcards."""
    return PAGES[name.format(**dict(wildcards.items()))]


def page_inputs(pages):
    """Return the input function of a job that makes these pages."""

    def files(wildcards):
        made = [filled(name, wildcards) for name in pages]
        notebooks = list(dict.fromkeys(page["notebook"] for page in made))
        return {
            "code": script_files("render", *notebooks),
            "notebooks": notebooks,
            "template": TEMPLATE,
            "tables": list(dict.fromkeys(path for page in made for path in page["tables"])),
        }

    return files


def page_arguments(pages):
    """Return the parameter of a job that makes these pages: a file with what it has to do."""

    def arguments(wildcards):
        names = [name.format(**dict(wildcards.items())) for name in pages]
        return stored(
            json.dumps(
                [
                    {
                        "notebook": PAGES[name]["notebook"],
                        "parameters": PAGES[name]["parameters"],
                        "executed": f"{RESULTS}/logs/render/{name}.ipynb",
                        "output": f"{RESULTS}/report/{name}.html",
                    }
                    for name in names
                ]
            )
        )

    return arguments
