"""Train word vectors with gensim: CBOW or skip-gram with negative sampling.

Mikolov et al., "Distributed representations of words and phrases and their compositionality"
(2013). One thread, so that the same seed gives the same vectors.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from seq2report.core.command import UserError
from seq2report.documents.sequences import Sequences

READ = ("train", "validation", "unlabelled")
FEWEST = 5  # occurrences of a word that gets a vector
LONGEST = 10_000  # words of a list; gensim ignores the words after them


class Documents:
    """The documents of a corpus as lists of words, long ones in pieces of `LONGEST` words.

    They can be iterated over several times.
    """

    def __init__(self, sequences: Sequences, words: np.ndarray):
        self.sequences, self.words = sequences, words

    def __iter__(self) -> Iterator[list[str]]:
        for batch in self.sequences.batches():
            spelled = self.words[batch.flat()]
            for words in np.split(spelled, np.cumsum(batch.lengths)[:-1]):
                for start in range(0, len(words) or 1, LONGEST):
                    yield words[start : start + LONGEST].tolist()


def spell_ids(vocabulary: pl.DataFrame) -> np.ndarray:
    """Return the word of each id in a vocabulary (columns id and word), (largest id + 1,)."""
    words = np.empty(vocabulary["id"].max() + 1, dtype=object)
    words[vocabulary["id"].to_numpy()] = vocabulary["word"].to_list()
    return words


def train(documents: Documents, settings: dict, seed: int) -> tuple[list[str], np.ndarray]:
    """Return words, most frequent first, and their vectors, (words, dimensions) float32.

    Raises:
        UserError: no word occurs often enough.
    """
    from gensim.models import Word2Vec

    model = Word2Vec(
        vector_size=settings["dimensions"],
        window=settings["window"],
        negative=settings["negative"],
        epochs=settings["epochs"],
        sg=int(settings["method"] == "skipgram"),
        min_count=FEWEST,
        workers=1,
        seed=seed,
    )
    model.build_vocab(documents)
    if not len(model.wv):
        raise UserError(
            f"no word occurs {FEWEST} times or more in the documents of"
            f" {', '.join(READ)}: too little text to train word vectors on"
        )
    model.train(documents, total_examples=model.corpus_count, epochs=model.epochs)
    return model.wv.index_to_key, model.wv.vectors
