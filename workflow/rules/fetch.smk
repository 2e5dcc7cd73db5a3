# fetch: a source of the configuration -> resources/downloads/, verified.
# The mirror is in the environment, not in `params`: a run without it fetches nothing again.
import re

from seq2report.files.local_files import with_states

if "mirror" in config:
    os.environ.update(SEQ2REPORT_MIRROR=config["mirror"])
SOURCES = {source["file"]: source for source in config["sources"].values()}
ROOTS = (Path(), ROOT)  # of relative paths


rule fetch:
    input:
        # A changed script fetches nothing again. A changed source does, and so does another `shell`.
        code=ancient([str(SCRIPTS / "fetch.py")]),
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
        "python {input.code[0]:q} --source {params.source:q} --root {params.root:q}"
        " --output {output.file:q} --receipt {output.receipt:q} 2> {log:q}"
