# lesson: a rule a lesson of the lecture -> the tables of its page.
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
        "pairs orders order_examples embedding loss probabilities contexts starts separation"
        " settings neighbours bands map facts",
        "vocabulary sequences tokens",
    ),
    lesson("number_sequence", "Number sequence", "facts history predictions scores weights"),
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
        "gates document probabilities units facts",
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
        threads: 1
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
            "python {input.code[0]} {params.files} --seed {params.seed}"
            " --output {params.folder} 2> {log}"
