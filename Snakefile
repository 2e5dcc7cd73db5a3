# seq2report: raw text in, comparison report out. See README.md.
from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.current_basedir}/config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/read.smk"
include: "workflow/rules/encode.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/lesson.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/render.smk"


rule all:
    default_target: True
    input:
        rules.report.input,
