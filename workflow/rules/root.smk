# ROOT: the folder with the scripts, notebooks and configuration of this workflow.
import filecmp
import io
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import quote

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import update_config


def check_out(repository, ref):
    """Write all files of a git repository at a ref to a folder of the working folder; return it.

    Snakemake reads only Snakefiles from git, but the rules run scripts. A commit is written once;
    a later commit of the same branch replaces it, except during a run. Files that differ get the time
    of now, not of the commit: results can be newer than the commit and yet be made without it.
    """
    folder = Path(".snakemake/seq2report", quote(ref, safe=""))
    commit, written = repository.commit(ref).hexsha, folder / ".commit"
    is_running = not workflow.is_main_process or any(Path(".snakemake/locks").glob("*"))
    if written.is_file() and (is_running or written.read_text() == commit):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    archive = io.BytesIO()
    repository.archive(archive, commit)
    archive.seek(0)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        files = Path(temporary, "files")
        with tarfile.open(fileobj=archive) as members:
            members.extractall(files, filter="data")
        for file in filter(Path.is_file, files.rglob("*")):
            old = folder / file.relative_to(files)
            same = old.is_file() and filecmp.cmp(file, old, shallow=False)
            os.utime(file, (old.stat().st_mtime,) * 2 if same else None)
        (files / ".commit").write_text(commit)
        shutil.rmtree(folder, ignore_errors=True)
        files.rename(folder)
    return folder


HERE = workflow.current_basedir
if hasattr(HERE, "ref"):  # a module from git: gitfile(…), github(…) or gitlab(…)
    import git

    local = hasattr(HERE, "repo_path")
    ROOT = check_out(git.Repo(HERE.repo_path) if local else HERE.hosted_repo.repo, HERE.ref)
    # The importing workflow cannot read the default configuration before it is checked out.
    DEFAULTS = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    update_config(DEFAULTS, config)
    config = DEFAULTS
else:
    if set("{}") & set(str(HERE)):
        message = f"{HERE}: found braces, which Snakemake replaces in paths; rename the folder"
        raise WorkflowError(message)
    # Relative if possible, so that a moved project folder does not rerun anything.
    ROOT = Path(str(HERE)).parent.parent
    ROOT = ROOT.relative_to(Path.cwd()) if ROOT.is_relative_to(Path.cwd()) else ROOT
