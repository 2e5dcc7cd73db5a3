# fetch: a source of the configuration -> resources/downloads/, verified.
# The mirror is in the environment, not in `params`: a run without it fetches nothing again.
import re

from seq2report.local_files import changeable, with_states

if "mirror" in config:
    os.environ.update(SEQ2REPORT_MIRROR=config["mirror"])
SOURCES = {source["file"]: source for source in config["sources"].values()}


ROOTS = (Path(), ROOT)  # of relative paths


def local_files(file):
    """Return the local files that a source comes from: one that changed is fetched again."""
    found = (changeable(place, ROOTS) for place in SOURCES[file]["from"])
    return [path for path in found if path is not None and path.is_file()]


rule fetch:
    input:
        code=ancient(script_files("fetch")),  # what is verified need not be fetched again
        local=lambda wildcards: local_files(wildcards.file),
    output:
        file="resources/downloads/{file}",
        receipt="resources/downloads/{file}.json",
    log:
        "resources/downloads/logs/{file}.log",
    benchmark:
        "resources/downloads/benchmarks/{file}.tsv"
    wildcard_constraints:
        file="|".join(re.escape(file) for file in SOURCES),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        root=str(ROOT),
        source=lambda wildcards: json.dumps(
            with_states(SOURCES[wildcards.file], ROOTS), sort_keys=True
        ),
    shell:
        "python {input.code[0]} --source {params.source:q} --root {params.root:q}"
        " --output {output.file:q} --receipt {output.receipt:q} 2> {log:q}"
