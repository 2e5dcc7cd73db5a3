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
        "parameters": json.dumps({**about, **parameters}),
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
if LESSONS:
    PAGES["lecture"] = page(
        "lecture", "The lecture's figures", rules.evaluate_lecture.output, menu="Lessons"
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
