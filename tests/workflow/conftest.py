import pytest
from helpers import NEWSGROUPS


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
