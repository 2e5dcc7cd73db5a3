"""Inspect a table, folder or archive of texts, and write a configuration for it.

  seq2report propose tickets.csv --output config/mine.yaml

  seq2report propose tickets.csv --text subject --text body --label queue

The command prints what it found and why: the format, the encoding, which column has the texts, the
classes, ids, groups and splits. It reads the documents as the workflow does, and checks the
configuration before it writes it.
"""

import errno
import json
import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import yaml

from seq2report.config.check import check
from seq2report.config.inspection import Proposal, inspect, measure
from seq2report.config.references import TAKEN
from seq2report.core import command
from seq2report.core.command import FULL, UserError, replacing
from seq2report.core.excerpts import excerpt
from seq2report.core.labels import label_notices
from seq2report.core.shipped import shipped
from seq2report.core.wording import plural
from seq2report.files.archives import DAMAGE
from seq2report.files.table_files import damage
from seq2report.files.table_names import PACKED

UNBALANCED = 3  # size of the largest class, relative to the smallest
ENOUGH_WORDS = 50_000  # for the training of word vectors
LONGEST = 400  # words that networks read
LINE = 160  # characters of a reason
VARIANTS = ("majority", "naive_bayes", "tfidf_svm", "balanced_svm", "tfidf_chars_svm", "nb_svm")
VARIANTS += ("multihot_dense", "learned_dense", "own_lstm", "ngrams_dense", "ensemble")
BALANCED = (
    "# All classes have the same total weight in networks, and in balanced_svm below. Other linear",
    "# models have the argument for it in their step, as there.",
    "fit: {class_weight: balanced}",
)
BALANCED_SVM = (
    "  balanced_svm:",
    "    title: TF-IDF + linear SVM, balanced",
    "    pipeline:",
    "      - TfidfVectorizer: {ngram_range: [1, 2], sublinear_tf: true}",
    "      - LinearSVC: {class_weight: balanced}",
)
OWN_LSTM = (
    "  own_lstm: # starts from vectors that are trained on these texts",
    "    extends: glove_lstm",
    "    title: CBOW of the corpus → LSTM",
    "    input: {embedding: cbow}",
)


def propose(
    path: Path, texts: Sequence[str] = (), label: str | None = None
) -> tuple[str, list[str]]:
    """Return the configuration for a file or folder, and its reasons as lines.

    ``texts`` and ``label`` are the columns of the texts and classes of a table; without them, they
    are chosen.
    """
    try:
        proposal = inspect(path, texts, label)
        corpus = proposal.corpus
        if (texts or label) and "columns" not in corpus:
            raise UserError("--text and --label name columns of a table, but found no table")
        has_split = "split" in corpus
        corpus["split"] = {} if has_split else {"test": 0.2}
        corpus["split"] |= {"validation": 0.1, "seed": 1, "stratify": True}
        sizes, lengths, notices = measure(path, corpus)
    except DAMAGE as error:
        if getattr(error, "errno", None) in {errno.EPIPE, *FULL}:  # of the output
            raise
        raise UserError(f"{path}: {damage(error)}") from error
    except UserError as error:
        raise UserError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    length = int(min(LONGEST, max(20, 10 * np.ceil(np.quantile(lengths, 0.9) / 10))))
    ratio = max(sizes.values()) / min(sizes.values())
    proposal.reasons += reasons(sizes, lengths, length, has_split)
    proposal.reasons += [*notices, *label_notices(list(sizes))]
    if unbalanced := ratio >= UNBALANCED:
        proposal.reasons.append(
            "metric: macro_f1, which counts all classes alike, and class_weight: balanced"
            f" (networks, balanced_svm), as the largest class is {ratio:.0f} times the smallest"
        )
    proposal.reasons = [excerpt(line, LINE) for line in proposal.reasons]
    text = configuration(path, proposal, length, unbalanced, lengths.sum() >= ENOUGH_WORDS)
    schema = shipped("workflow/schemas/config.schema.yaml")
    check(merged(default("config"), yaml.safe_load(text)), schema)
    return text, proposal.reasons


def reasons(sizes: Counter, lengths: np.ndarray, length: int, has_split: bool) -> list[str]:
    """Return lines about ``sizes`` (documents per class) and ``lengths`` (words per document)."""
    (largest, most), (smallest, fewest) = sizes.most_common(1)[0], sizes.most_common()[-1]
    quartiles = "words per document: {:.0f} (first quartile), {:.0f} (median), {:.0f} (third)"
    unlabelled = len(lengths) - sizes.total()
    lines = [
        f"{plural(sizes.total(), 'documents')} of {plural(len(sizes), 'classes')}, from"
        f" {fewest:,} ('{smallest}') to {most:,} ('{largest}')"
        f"{f'; {unlabelled:,} more are unlabelled' if unlabelled else ''}",
        quartiles.format(*np.quantile(lengths, [0.25, 0.5, 0.75])),
        f"length: networks read {length} words of a document; 9 of 10 documents have at most"
        f" {np.quantile(lengths, 0.9):.0f}",
        f"split: {'the test split of the corpus' if has_split else '20% for test'}; each"
        " drawn split has about the same share of each class (stratify)",
    ]
    if empty := int((lengths == 0).sum()):
        lines.append(f"{plural(empty, 'documents')} without any word; kept")
    return lines


def default(name: str) -> dict:
    """Return a configuration of the repository: config or full."""
    return yaml.safe_load(shipped(f"config/{name}.yaml").read_text(encoding="utf-8"))


def merged(base: dict, own: dict) -> dict:
    """Return a configuration merged into another one, as Snakemake does it."""
    both = [k for k in own if isinstance(own[k], dict) and isinstance(base.get(k), dict)]
    return base | own | {key: merged(base[key], own[key]) for key in both}


def name_of(path: Path) -> str:
    """Return a name for a corpus that is text in YAML and not in the default configuration."""
    name = path.resolve().name
    stem = name if path.is_dir() else name.split(".")[0]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40] or "mine"
    taken = {"sample", "full", *default("config")["corpora"], *default("config")["sources"]}
    taken.update(TAKEN["corpora"])
    return f"own_{name}" if name in taken or not isinstance(yaml.safe_load(name), str) else name


def address(path: Path) -> str:
    """Return the URL of a local file; a name like ``${NAME}`` in it is no variable."""
    return f"file:{quote(str(path)) if '${' in str(path) else path}"


def file_name(path: Path, name: str) -> str:
    """Return the name of the source's file, with the ending that shows its kind."""
    if path.is_dir():
        return f"{name}.tar"
    endings = path.suffixes[-2:] if path.suffix.lower() in PACKED else path.suffixes[-1:]
    return name + re.sub(r"[^a-z0-9.]", "", "".join(endings).lower())


def configuration(
    path: Path, proposal: Proposal, length: int, unbalanced: bool, own_vectors: bool
) -> str:
    """Return the configuration as commented YAML; text from data is quoted as in JSON.

    ``length`` is the number of words that networks read, ``unbalanced`` whether classes differ much
    in size, and ``own_vectors`` whether there are enough words to train word vectors.
    """
    name = name_of(path)
    optional = {"own_lstm": own_vectors, "balanced_svm": unbalanced}
    variants = [variant for variant in VARIANTS if optional.get(variant, True)]
    lines = [
        f"# Proposed for {excerpt(path.name, LINE)}:",
        *(f"# - {line}" for line in proposal.reasons),
        "# These settings override config/config.yaml; config/README.md explains every key.",
        f"name: {name} # results go to results/{name}/",
        "sample: false",
        "seeds: [1] # more seeds show how much results vary by chance: [1, 2, 3]",
        "compare:",
        f"  corpora: [{name}]",
        *(["  metric: macro_f1 # accuracy says little of small classes"] if unbalanced else []),
        "  # Defined in config/config.yaml and below.",
        "  # You can add glove_lstm: it downloads GloVe, vectors of English words.",
        "  variants:",
        *(f"    - {variant}" for variant in variants),
        "  embeddings: [] # only those that these variants use",
        "lessons: {pages: []}",
        *_corpus_lines(path, name, proposal),
        *(BALANCED if unbalanced else []),
        "variants:",
        *(BALANCED_SVM if unbalanced else []),
        *(f"  {key}: {{input: {{length: {length}}}}}" for key in ("learned_dense", "glove_lstm")),
        *(OWN_LSTM if own_vectors else []),
    ]
    return "\n".join(lines) + "\n"


def _corpus_lines(path: Path, name: str, proposal: Proposal) -> Iterator[str]:
    """Yield the lines about the sources and the corpus."""
    yield from (
        "sources:",
        f"  {name}:",
        f"    file: {file_name(path, name)}",
        f"    from: [{{url: {quoted(address(path))}}}]",
        "  # Replaces the vectors of the sample, which cover only the words of the sample.",
        f"  glove_sample: {quoted(default('full')['sources']['glove_50d_full'])}",
        "corpora:",
        f"  {name}:",
        f"    title: {quoted(excerpt(path.resolve().name.split('.')[0], LINE) or name)}",
        f"    source: {name}",
        *(f"    {key}: {quoted(value)}" for key, value in proposal.corpus.items()),
    )
    for column in proposal.optional:
        yield f"    # Values of {quoted(column)} repeat. If texts with the same value are alike,"
        yield "    # add it to the columns as group: then no value is in two splits."


def quoted(value: object) -> str:
    """Return a value as JSON on one line, which YAML reads as well."""
    text = json.dumps(value, ensure_ascii=False)
    # Some characters that do not print end a line of YAML, others it refuses.
    return "".join(c if c.isprintable() or c > "\uffff" else f"\\u{ord(c):04x}" for c in text)


def main(argv: Sequence[str] | None) -> None:
    parser = command.parser(__doc__)
    parser.add_argument("path", type=Path, help="a table, a folder, or an archive of a folder")
    mine = Path("config/mine.yaml")
    parser.add_argument("--output", type=Path, default=mine, help=f"to write (default: {mine})")
    parser.add_argument(
        "--text", action="append", help="column of the texts of a table; repeat it to join several"
    )
    parser.add_argument("--label", help="column of the classes of a table")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output")
    args = parser.parse_args(argv)

    if args.output.exists() and not args.overwrite:
        raise UserError(f"{args.output} already exists; choose another --output, or --overwrite it")
    text, lines = propose(args.path, args.text or [], args.label)
    print("\n".join(lines))
    with replacing(args.output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    if Path("results", name := name_of(args.path)).exists():
        hint = "change 'name' for another corpus"
        print(f"\nresults/{name}/ exists and would be replaced; {hint}")
    print(f"\nWrote {args.output}. In a clone of seq2report, run:")
    print(f"snakemake --cores all --configfile {shlex.quote(str(args.output))}")
