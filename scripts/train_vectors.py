"""Train word vectors on a corpus, CBOW or skip-gram with negative sampling: words and vectors.

Mikolov et al., "Distributed representations of words and phrases and their compositionality"
(2013), by gensim, on the training, validation and unlabelled documents, without their labels and
without the test documents. Words that occur fewer than 5 times get no vector. Training has one
thread, so that the same seed gives the same vectors.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.documents.sequences import Sequences, read_sequences

READ = ("train", "validation", "unlabelled")
FEWEST = 5  # occurrences of a word that gets a vector


class Documents:
    """The documents of a corpus as lists of words; can be iterated over several times."""

    def __init__(self, sequences: Sequences, words: np.ndarray):
        self.sequences, self.words = sequences, words

    def __iter__(self) -> Iterator[list[str]]:
        for batch in self.sequences.batches():
            spelled = self.words[batch.flat()]
            for words in np.split(spelled, np.cumsum(batch.lengths)[:-1]):
                yield words.tolist()


def train(documents: Documents, settings: dict, seed: int) -> tuple[list[str], np.ndarray]:
    """Return words, most frequent first, and their vectors, (words, dimensions) float32.

    Args:
        documents: to train on.
        settings: ``train`` of an embedding.
        seed: of the initial values and of the random choices.

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


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__, "settings", "seed", "output")
    parser.add_argument("--vocabulary", type=Path, required=True, help="vocabulary.parquet")
    parser.add_argument("--sequences", type=Path, required=True, help="sequences.parquet")
    args = parser.parse_args(argv)

    logging.getLogger("gensim").setLevel(logging.WARNING)  # one line per second otherwise
    vocabulary = pl.read_parquet(args.vocabulary)
    spelled = np.empty(vocabulary["id"].max() + 1, dtype=object)
    spelled[vocabulary["id"].to_numpy()] = vocabulary["word"].to_list()
    documents = Documents(read_sequences(args.sequences).part(*READ), spelled)
    words, vectors = train(documents, args.settings, args.seed)
    logging.info("%d words have a vector", len(words))
    with replacing(args.output) as folder:
        folder.mkdir()
        pl.DataFrame({"word": words}).write_parquet(folder / "words.parquet")
        np.save(folder / "vectors.npy", vectors, allow_pickle=False)


if __name__ == "__main__":
    run(main)
