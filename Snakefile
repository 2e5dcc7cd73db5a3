# seq2report: raw text in, comparison report out. See README.md.
# The directive `include` would not keep the default target, rule all.
workflow.include("workflow/Snakefile", overwrite_default_target=True)
