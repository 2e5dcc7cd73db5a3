# What all rule files share: the checked configuration, paths, and which files a script is made of.
import json
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# Relative where it can be, so that a project folder that was moved re-runs nothing.
ROOT = Path(str(workflow.current_basedir)).parent.parent
ROOT = ROOT.relative_to(Path.cwd()) if ROOT.is_relative_to(Path.cwd()) else ROOT
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from seq2report.command import UserError
from seq2report.config import check, check_models, resolve_variant
from seq2report.imports import local_imports

# `python` in a rule is the one that runs Snakemake, be its environment activated or not.
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]

NAME = config.get("name")
RESULTS = f"results/{NAME}"
CORPUS = f"{RESULTS}/{{corpus}}"
ENCODING = f"{CORPUS}/sequences/{{encoding}}"
EMBEDDING = f"{CORPUS}/embeddings/{{encoding}}/{{embedding}}"
TABLES = f"{RESULTS}/report/tables"

try:
    check(config, ROOT / "workflow/schemas/config.schema.yaml")
    check_models(config, SCRIPTS / "check.py", f"{RESULTS}/checked.json")
except UserError as error:
    raise WorkflowError(str(error)) from None

CORPORA = config["compare"]["corpora"]
VARIANTS = {name: resolve_variant(config, name) for name in config["compare"]["variants"]}
NETWORKS = {name: settings for name, settings in VARIANTS.items() if "layers" in settings}


wildcard_constraints:
    corpus="|".join(config["corpora"]),
    encoding="|".join(config["encodings"]),
    embedding="|".join(config["embeddings"]),
    seed=r"\d+",


def script_files(name, *notebooks):
    """Return a script and then all that it and the notebooks import: a change there is a change."""
    script = SCRIPTS / f"{name}.py"
    found = {path for start in (script, *notebooks) for path in local_imports(start, SCRIPTS)}
    return [str(script), *sorted(str(path) for path in found - {script, *map(Path, notebooks)})]


def downloaded(source):
    return f"resources/downloads/{config['sources'][source]['file']}"
