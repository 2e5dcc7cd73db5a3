# The checked configuration, its plan, and paths, for all rules.
import contextlib
import json
import os
import sys
from hashlib import sha256
from pathlib import Path

SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from seq2report.config.check import check
from seq2report.config.check_models import check_models
from seq2report.config.corpora import circumstances
from seq2report.config.encoders import tuning_notices
from seq2report.config.gpus import AUTO, SENTENCES, gpu_notices, gpus, read_ratios
from seq2report.config.grids import with_grids
from seq2report.config.messages import format_mistakes
from seq2report.config.plan import COMPLETE, FEATURE_FILES, INDEXED, PIECES, READ, Plan
from seq2report.config.plan import document_files, folders
from seq2report.config.plan import matrix_files, read_peaks, recurrent_layers, requested_mb
from seq2report.config.plan import unchosen, unfinished
from seq2report.config.resolve import metric, run_seeds, seeds
from seq2report.config.sizes import size_notices
from seq2report.config.written import file_mistakes, typed
from seq2report.core.command import UserError, replacing, visible_lines
from seq2report.core.imports import local_imports
from seq2report.core.terminal import show_progress
from seq2report.models.devices import assigned, available
from seq2report.models.variant import DIGESTS, KINDS, model_files

# `python` is the one that runs Snakemake, whether or not its environment is active.
os.environ.update(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")

# Not the plan of a job: on a cluster, each job plans its part, and evaluate_workflow.py plans all jobs.
# A node has other memory, and would check again.
IS_FIRST_PLAN = workflow.is_main_process and "SEQ2REPORT_IN_JOB" not in os.environ
CONFIGURED = config  # before grids are expanded
try:
    if mistakes := [line for file in workflow.configfiles for line in file_mistakes(file)]:
        raise UserError(format_mistakes(mistakes))
    if workflow.modifier.is_main_snakefile():
        update_config(config, typed(workflow.config_settings.config_args or ()))
    config = with_grids(config)
    check(config, ROOT / "workflow/schemas/config.schema.yaml")
    if IS_FIRST_PLAN:
        check_models(config, SCRIPTS / "check.py", f"results/{config['name']}/checked.json")
except UserError as error:
    raise WorkflowError(visible_lines(str(error))) from None

NAME = config["name"]
RESULTS = f"results/{NAME}"
CORPUS = f"{RESULTS}/{{corpus}}"
ENCODING = f"{CORPUS}/sequences/{{encoding}}"
FEATURES = f"{CORPUS}/features/{{features}}"
ENCODER = f"{RESULTS}/encoders/{{encoder}}"
EMBEDDING = f"{CORPUS}/embeddings/{{encoding}}/{{embedding}}"
TRAINED_VECTORS = f"{CORPUS}/vectors/{{encoding}}/{{embedding}}"
TABLES = f"{RESULTS}/report/tables"
CONTACTS = config.get("contacts", "hidden")  # in excerpts of documents

PLAN = Plan(config)
CORPORA, COMPARED, VARIANTS = PLAN.corpora, PLAN.compared, PLAN.variants
DESCRIBED_FOLDER = f"{CORPUS}/sequences/{PLAN.described}"
PRETRAINED_FOLDERS = [f"{CORPUS}/embeddings/{PLAN.described}/{name}" for name in PLAN.pretrained]
PEAKS_MB = read_peaks(ROOT / "workflow/memory.csv")
for folder in unfinished(PLAN, Path(RESULTS)) if IS_FIRST_PLAN else ():
    logger.warning(
        f"{folder}: found the run before the last training, which has not ended; it is trained again,"
        " unless nothing that it depends on has changed"
    )
    # Snakemake restored it newer than its inputs, and would not repeat it for one file as the target.
    for file in Path(folder).rglob("*"):
        with contextlib.suppress(OSError):  # results that are read only
            os.utime(file, (1, 1))
for notice in size_notices(PLAN, Path(RESULTS)) if IS_FIRST_PLAN else ():
    logger.warning(notice)
RATIOS = read_ratios(ROOT / "workflow/gpu.csv")
# A job on a cluster uses no GPU of its node that nobody assigned to it.
HAS_GPU = config["gpu"] == AUTO and (available() if IS_FIRST_PLAN else bool(assigned(os.environ)))
if IS_FIRST_PLAN and HAS_GPU:
    for notice in gpu_notices(PLAN.gpu_jobs(), RATIOS, "workflow/gpu.csv"):
        logger.info(notice)
if IS_FIRST_PLAN and not (config["gpu"] == 1 or HAS_GPU):
    for notice in tuning_notices(PLAN, Path(RESULTS), ROOT / "workflow/encoders.csv"):
        logger.info(notice)


wildcard_constraints:
    corpus="|".join(config["corpora"]),
    encoding="|".join(config["encodings"]),
    embedding="|".join(config["embeddings"]),
    features="|".join(config.get("features", {})),
    encoder="|".join(config.get("encoders", {})),
    seed=r"\d+",
    subset=r"(labels-[0-9.e-]+/)?",
    drawn=r"(labels-[0-9.e-]+/seed-\d+/)?",


def gpu(job):
    """Return the resources of a job that may use a GPU; other values do not repeat it."""
    absent = "cpu" if config["gpu"] == AUTO else config.get("gpu_absent", "error")
    return {
        "gpu": gpus(config["gpu"], job, RATIOS, HAS_GPU),
        "gpu_absent": absent,
        "gpu_share": config.get("gpu_share", 1),
    }


def gpu_environment(job):
    """Return the conda environment of a job that may use a GPU.

    The rules name theirs for Snakemake's lint, `--archive` and `--containerize`. A run does without:
    its plan imports the packages, so their environment is active.
    """
    return f"../../environment{'-gpu' if gpu(job)['gpu'] else ''}.yml"


def settings(kind, name):
    return json.dumps(config[kind][name], sort_keys=True)


def growing(amount):
    """Return a resource that grows with each attempt: twice as much for the second one."""
    return lambda wildcards, attempt: attempt * amount


def literal(text):
    """Return a parameter in which Snakemake does not replace braces."""
    return lambda wildcards: text


def stored(text):
    """Return a parameter: a file that has this text, and is named by its digest.

    What grows with the variants and seeds can be longer than the system allows for a command.
    """
    file = Path(RESULTS, "arguments", sha256(text.encode()).hexdigest()[:16])
    if not file.is_file():
        with contextlib.suppress(UserError), replacing(file) as part:  # a job reports it
            part.write_text(f"{text}\n", encoding="utf-8")
    return str(file)
