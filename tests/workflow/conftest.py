import shutil

import pytest
from helpers import NEWSGROUPS
from made_once import made_once
from project import PlannedProject, edited


@pytest.fixture(scope="session")
def config(tiny_archive, tiny_vectors) -> dict:
    """Return the configuration of a tiny workflow: one corpus, a linear model and a network."""

    def source(path):
        return {"file": path.name, "from": [{"url": path.as_uri()}]}

    return {
        "name": "tiny",
        "sample": True,
        "seeds": [1],
        "gpu": 0,
        "compare": {"corpora": ["news"], "variants": ["svm", "dense"], "confidence": 0.9},
        "lessons": {"corpus": "news", "pages": ["one_hot", "number_sequence"]},
        "sources": {"tiny": source(tiny_archive), "vectors": source(tiny_vectors)},
        "corpora": {"news": NEWSGROUPS, "other": NEWSGROUPS},
        "encodings": {"words": {"num_words": 2000, "fit": "train"}},
        "embeddings": {"glove": {"title": "GloVe", "source": "vectors"}},
        "fit": {"optimizer": "rmsprop", "batch_size": 16, "epochs": 2},
        "variants": {
            "svm": {"title": "SVM", "pipeline": [{"TfidfVectorizer": {}}, {"LinearSVC": {}}]},
            "dense": {
                "title": "GloVe → dense",
                "input": {"encoding": "words", "length": 40, "embedding": "glove"},
                "layers": [{"Flatten": {}}],
            },
        },
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory, config, tiny_archive, tiny_vectors) -> PlannedProject:
    """A project that counts as run, with a copy of what it reads."""
    read = {"tiny": tiny_archive, "vectors": tiny_vectors}
    own = {f"sources__{name}__from": [{"url": f"file:{read[name].name}"}] for name in read}
    config = edited(config, **own)

    def make(folder):
        for path in read.values():
            shutil.copy(path, folder)
        PlannedProject.create(folder, config)

    made = made_once(tmp_path_factory, "planned", make)
    return PlannedProject(shutil.copytree(made, tmp_path_factory.mktemp("planned") / "x"), config)
