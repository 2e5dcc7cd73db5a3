import re

# fetch: a source of the configuration -> resources/downloads/, verified.
SOURCES = {source["file"]: source for source in config["sources"].values()}


rule fetch:
    output:
        file="resources/downloads/{file}",
        receipt="resources/downloads/{file}.json",
    input:
        code=script_files("fetch"),
    params:
        source=lambda wildcards: json.dumps(SOURCES[wildcards.file], sort_keys=True),
        mirror=["--mirror", config["mirror"]] if "mirror" in config else [],
        root=str(ROOT),
    wildcard_constraints:
        file="|".join(re.escape(file) for file in SOURCES),
    log:
        "resources/downloads/logs/{file}.log",
    conda:
        "../../environment.yml"
    shell:
        "python {input.code[0]} --source {params.source:q} {params.mirror:q} --root {params.root:q}"
        " --output {output.file:q} --receipt {output.receipt:q} 2> {log:q}"
