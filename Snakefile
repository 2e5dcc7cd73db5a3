# seq2report: raw text in, comparison report out. See README.md.
include: "workflow/Snakefile"


rule all:
    default_target: True
    input:
        rules.report.input,
