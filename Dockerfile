# An image with the packages of requirements.lock and the workflow. It is linted but was never built;
# see docs/module.md.
FROM python:3.12-slim-bookworm

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /seq2report
COPY requirements.lock ./
RUN pip install --no-cache-dir "$(grep -o '^uv==[^ ]*' requirements.lock)" \
 && uv pip sync --system --no-cache --require-hashes --compile-bytecode requirements.lock
COPY . .

# Run it in a mounted project folder, which keeps results, downloads and the records of Snakemake:
# docker run -v "$PWD:/work" -w /work … --snakefile /seq2report/Snakefile --cores all --configfile …
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all"]
