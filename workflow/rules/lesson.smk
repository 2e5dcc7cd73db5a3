# lesson: one rule per lesson of the lecture -> the tables of its page.
LESSON_PAGES = config.get("lessons", {}).get("pages", [])
LESSON_CORPUS = config.get("lessons", {}).get("corpus", CORPORA[0])


def corpus_title(corpus):
    return config["corpora"][corpus]["title"]


def lesson(name, title, makes, reads=""):
    """Return the inputs and tables of a lesson; ``makes`` and ``reads`` are separated by blanks.

    It reads one corpus in the described encoding, and the first pretrained vectors that come from
    a file, if any.
    """
    folder = CORPUS.format(corpus=LESSON_CORPUS)
    words = DESCRIBED_FOLDER.format(corpus=LESSON_CORPUS)
    files = {
        "documents": f"{folder}/documents.parquet",
        "corpus": f"{folder}/corpus.json",
        "encoding": f"{words}/encoding.json",
        "vocabulary": f"{words}/vocabulary.parquet",
        "sequences": f"{words}/sequences.parquet",
        "tokens": f"{words}/tokens.npy",  # read beside the sequences
    }
    for embedding in PLAN.from_file:
        vectors = vectors_folder(embedding).format(embedding=embedding)
        files |= {
            "matrix": f"{folder}/embeddings/{PLAN.described}/{embedding}/matrix.npy",
            "words": f"{vectors}/words.parquet",
            "vectors": f"{vectors}/vectors.npy",
            "source": downloaded(config["embeddings"][embedding]["source"]),
        }
    return {
        "name": name,
        "title": title,
        "tables": tables(f"lesson-{name}", makes),
        "inputs": {key: files[key] for key in reads.split() if key in files},
        "titles": {
            "corpus_title": corpus_title(LESSON_CORPUS),
            "vectors_title": "".join(
                config["embeddings"][each]["title"] for each in PLAN.from_file
            ),
        },
    }


LESSONS = [
    lesson(
        "one_hot",
        "One-hot and embedding",
        "one_hot features distances summary lookup multi_hot neighbours sizes facts",
        "words vectors source",
    ),
    lesson(
        "cbow",
        "CBOW",
        "pairs step orders order_examples embedding loss probabilities contexts starts separation"
        " settings neighbours bands map facts",
        "vocabulary sequences tokens",
    ),
    lesson(
        "number_sequence", "Number sequence", "facts history predictions scores weights parameters"
    ),
    lesson(
        "several_features",
        "Several features",
        "facts law series history predictions scores summary",
    ),
    lesson(
        "vanishing_gradient",
        "Vanishing gradient",
        "gradients falls networks memory starts facts",
        "corpus encoding sequences tokens matrix",
    ),
    lesson(
        "inside_lstm",
        "Inside an LSTM",
        "gates document probabilities units sentences states facts",
        "corpus encoding vocabulary sequences tokens matrix",
    ),
    lesson(
        "shapes",
        "Shapes",
        "scores methods history generated tagged numbers facts",
        "documents",
    ),
]
LESSONS = {about["name"]: about for about in LESSONS if about["name"] in LESSON_PAGES}

for name, about in LESSONS.items():

    rule:
        name:
            f"lesson_{name}"
        input:
            **about["inputs"],
            code=script_files(f"lesson_{name}"),
        output:
            about["tables"],
        log:
            f"{RESULTS}/logs/lesson/{name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/lesson/{name}.tsv"
        # Some take as long as the longest training: none is to be alone at the end.
        priority: 2
        conda:
            "../../environment.yml"
        resources:
            mem_mb=growing(2000),
            runtime=growing(60),
        params:
            files=lambda wildcards, input: [
                f"--{key} {file}" for key, file in input.items() if key not in ("code", "tokens")
            ],
            seed=config["seeds"][0],
            folder=subpath(output[0], parent=True),
        shell:
            "python {input.code[0]:q} {params.files} --seed {params.seed}"
            " --output {params.folder} 2> {log}"
