"""Tiny corpora of real text, cut from the embedded sample, and what the commands make of them."""

import gc
import json
import os
import shutil
import zipfile
from collections import Counter
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import process_state
import pytest
import yaml
from helpers import GROUPS, NEWSGROUPS, NGRAMS, ROOT, TRAINED, call, outputs_of_read, write_tar
from hypothesis import settings
from made_once import made_once

import embed
import encode
import encode_features
import read
import read_vectors
from seq2report.config.check_models import check_models
from seq2report.config.grids import with_grids
from seq2report.files.archives import members
from seq2report.models.variant import kind_of

gc.set_threshold(10_000, 50, 100)  # of the objects that imports create, almost all stay
process_state.set_defaults()
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the figures of tests are those of a CPU, on any machine
settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

pytest_plugins = ["reliability"]
MESSAGES = 40  # of each group
LONG = ("workflow", "slow")  # markers of tests that take long
LONG_FILES = {"test_hostile_pages.py"}  # and a file that has none of them


@pytest.hookimpl(trylast=True)  # of the tests that are to be run
def pytest_collection_modifyitems(items):
    """Put files with long tests first, then those with many: short ones end at the same time.

    The file with most users of `trained` starts before them, so that no other worker waits for it.
    """
    long = {
        i.path for i in items if any(map(i.get_closest_marker, LONG)) or i.path.name in LONG_FILES
    }
    tests = Counter(item.path for item in items)
    users = Counter(item.path for item in items if "trained" in item.fixturenames)
    maker = max(users, key=users.get, default=None)
    items.sort(key=lambda i: (i.path not in long, i.path != maker, -tests[i.path]))


@pytest.fixture(scope="session")
def sample() -> Path:
    return ROOT / "resources/sample"


@pytest.fixture(scope="session")
def messages(sample) -> dict[str, bytes]:
    """80 messages of two groups, by their name in the archive."""
    found = {}
    for group in GROUPS:
        of_group = (m for m in members(sample / "newsgroups.tar.xz") if f"/{group}/" in m[0])
        found |= dict(m for m, _ in zip(of_group, range(MESSAGES), strict=False))
    return found


@pytest.fixture(scope="session")
def tiny_archive(tmp_path_factory, messages) -> Path:
    return write_tar(tmp_path_factory.mktemp("archive") / "tiny.tar.gz", messages)


@pytest.fixture(scope="session")
def tiny_vectors(tmp_path_factory, sample) -> Path:
    """The 2,000 most frequent GloVe words of the sample, as text."""
    with zipfile.ZipFile(sample / "glove.6B.50d.sample.zip") as archive:
        lines = archive.read("glove.6B.50d.txt").split(b"\n")[:2000]
    path = tmp_path_factory.mktemp("vectors") / "tiny.txt"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory, tiny_archive, tiny_vectors) -> Path:
    """A folder with what read, encode and embed make of the tiny corpus."""
    return made_once(tmp_path_factory, "tiny", partial(make_tiny, tiny_archive, tiny_vectors))


def make_tiny(tiny_archive: Path, tiny_vectors: Path, folder: Path) -> None:
    call(read, archive=tiny_archive, settings=NEWSGROUPS, **outputs_of_read(folder))
    call(
        encode,
        documents=folder / "documents.parquet",
        settings={"num_words": 3000, "fit": "train"},
        output=folder / "words",
    )
    call(read_vectors, file=tiny_vectors, output=folder / "vectors")
    call(
        embed,
        vocabulary=folder / "words/vocabulary.parquet",
        words=folder / "vectors/words.parquet",
        vectors=folder / "vectors/vectors.npy",
        source=tiny_vectors,
        output=folder / "glove",
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory, tiny) -> Path:
    """A folder of a corpus with a finished run, seed 1, of each variant of `TRAINED`.

    It was moved after the training: nothing may depend on where it was.
    """

    def make(folder: Path) -> None:
        train_all(tiny, folder / "made/news")
        (folder / "made/news").rename(folder / "news")

    return made_once(tmp_path_factory, "trained", make) / "news"


@pytest.fixture(scope="session")
def checked(tmp_path_factory) -> Path:
    """What the check of all models of the default configuration leaves, for `keep_check`.

    It builds none of them: test_docs.py does.
    """
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            built = SimpleNamespace(returncode=0)
            patch.setattr("seq2report.config.check_models.subprocess.run", lambda *_, **__: built)
            check_models(with_grids(config), ROOT / "scripts/check.py", folder / "checked.json")

    return made_once(tmp_path_factory, "checked", make) / "checked.json"


def train_all(tiny: Path, corpus: Path) -> None:
    """Make a run of each variant of `TRAINED` in the folder ``corpus``."""
    from networks import no_xla

    import train_ensemble
    import train_network
    import train_pipeline

    shutil.copytree(tiny / "words", corpus / "sequences/words")
    documents = Path(shutil.copy(tiny / "documents.parquet", corpus))
    about = {"corpus": shutil.copy(tiny / "corpus.json", corpus), "seed": 1}
    about["circumstances"] = {"name": "news"}
    common = pl.read_parquet(tiny / "words/vocabulary.parquet")["word"].head(100)
    index = corpus / "index.json"
    index.write_text(json.dumps({word: rank for rank, word in enumerate(common, 1)}))
    call(
        encode,
        documents=documents,
        settings={"num_words": 60, "index": "index"},
        word_index=index,
        output=corpus / "sequences/indexed",
    )
    folder = corpus / "features/ngrams"
    call(encode_features, documents=documents, settings=NGRAMS, seed=1, output=folder)
    for name, variant in TRAINED.items():
        output = corpus / f"runs/{name}/seed-1"
        kind = kind_of(variant)
        if kind == "ensemble":
            members = [f"{corpus}/runs/{each}/seed-1" for each in variant["ensemble"]["members"]]
            method = ["--method", variant["ensemble"]["method"], "--seed", "1"]
            train_ensemble.main(["--runs", *members, *method, "--output", str(output)])
        elif kind == "pipeline":
            call(train_pipeline, documents=documents, settings=variant, output=output, **about)
        else:
            given = variant["input"]
            read = corpus / f"sequences/{given.get('encoding')}/sequences.parquet"
            read = folder / "documents.parquet" if "features" in given else read
            # XLA takes seconds to compile a recurrent network.
            with no_xla() if name in ("lstm", "attention") else nullcontext():
                call(train_network, documents=read, settings=variant, output=output, **about)
