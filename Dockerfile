# The environment of requirements.lock with the workflow in it. It was linted, and never built, where it
# was written: see docs/module.md.
FROM python:3.12-slim-bookworm

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /seq2report
COPY requirements.lock ./
RUN pip install --no-cache-dir "$(grep -o '^uv==[^ ]*' requirements.lock)" \
 && uv pip sync --system --no-cache --require-hashes --compile-bytecode requirements.lock
COPY . .

# Results to a folder that is mounted: docker run -v "$PWD/results:/seq2report/results" …
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all"]
