"""Documents as word pieces: the tokens of a pretrained encoder.

A tokeniser of the library ``tokenizers`` splits a text into word pieces and adds one special token
before and one after them ([CLS] and [SEP] of BERT).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl

from seq2report.core.command import UserError, first_line, intact
from seq2report.core.excerpts import visible
from seq2report.documents.sequences import Sequences, ranges, read_sequences

if TYPE_CHECKING:  # loaded when it is needed: other commands work without it
    from tokenizers import Tokenizer

SPECIAL = 2  # tokens around the pieces of a text
SHORTEST = SPECIAL + 1  # length with which one piece of a text is read
UNKNOWN = ("[UNK]", "<unk>")  # the piece of unknown characters, in vocabularies of both kinds
BLANK = "\u2581"  # the piece of a blank alone, in vocabularies of the second kind
NOTHING = -1  # fills a batch: no id, because texts may contain "[PAD]"
# Classes of transformers that read vocab.txt as BERT does.
BERT = tuple(f"{kind}Tokenizer{fast}" for kind in ("Bert", "DistilBert") for fast in ("", "Fast"))
# Options of tokenizer_config.json, by the names of the library, and classes that ignore them.
NORMALISATION = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}
GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")  # before and since transformers 5
BATCH = 32  # documents at a time; the attention needs memory for each pair of pieces
STEP = 16  # lengths of batches are multiples of this, so that few programs are compiled


@dataclass(frozen=True)
class Pieces(Sequences):
    """Documents as ids of word pieces, each with its two special tokens."""

    def matrix(self, length: int) -> np.ndarray:
        """Return the ids, (n, longest) int32, filled up with -1 at the end.

        ``longest`` is that of these documents, at most ``length``. Of a longer document, the last
        pieces are left out, but not the special token at its end.
        """
        kept = np.minimum(self.lengths, length)
        longest = min(length, -(-int(kept.max(initial=1)) // STEP) * STEP)
        matrix = np.full((len(kept), longest), NOTHING, dtype=np.int32)
        row = np.repeat(np.arange(len(kept)), kept)
        matrix[row, ranges(np.zeros_like(kept), kept)] = self.tokens[ranges(self.starts, kept)]
        matrix[np.arange(len(kept)), kept - 1] = self.tokens[self.starts + self.lengths - 1]
        return matrix


def read_tokenizer(
    content: bytes | None, vocabulary: bytes | None, options: dict, where: str
) -> "Tokenizer":
    """Return a tokeniser from the content of tokenizer.json, or from vocab.txt.

    It neither truncates nor pads. ``options`` are the content of tokenizer_config.json: whether
    text is lower-cased (do_lower_case), accents are removed (strip_accents) and Chinese characters
    are tokens (tokenize_chinese_chars). They override those of tokenizer.json, as in transformers;
    with vocab.txt, the defaults are those of BERT. The class is that of transformers
    (tokenizer_class). An option that is None is absent.

    Raises:
        UserError: the content is damaged, or its class needs a tokenizer.json; the message begins
            with ``where``.
    """
    import tokenizers

    # Except strip_accents, whose None is a value: accents are removed if text is lower-cased.
    options = {k: v for k, v in options.items() if v is not None or k == "strip_accents"}
    if content is None and (found := options.get("tokenizer_class", BERT[0])) not in BERT:
        raise UserError(
            f"{where}: found the tokeniser {visible(str(found))} and no tokenizer.json, expected"
            f" {' or '.join(BERT)}, which vocab.txt alone describes; save it as tokenizer.json,"
            " or use another encoder"
        )
    try:
        if content is not None:
            tokenizer = _overridden(tokenizers.Tokenizer.from_buffer(content), options)
        else:
            tokenizer = _word_piece(vocabulary.decode(), options)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library raises Exception; a panic of Rust is not even that
        raise UserError(f"{where}: the tokeniser is damaged: {first_line(error)}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _overridden(tokenizer: "Tokenizer", options: dict) -> "Tokenizer":
    """Return a tokeniser with the normalisation of BERT in ``options``, if it has that of BERT."""
    from tokenizers.normalizers import BertNormalizer

    normalizer = tokenizer.normalizer
    # Except the classes that never change their tokenizer.json.
    if isinstance(normalizer, BertNormalizer) and options.get("tokenizer_class") not in GENERIC:
        for option, name in NORMALISATION.items():
            if option in options:
                setattr(normalizer, name, options[option])
        tokenizer.normalizer = normalizer
    return tokenizer


def _word_piece(vocabulary: str, options: dict) -> "Tokenizer":
    import tokenizers
    from tokenizers.implementations import BertWordPieceTokenizer

    lines = io.StringIO(vocabulary, newline=None)  # `splitlines` also splits at U+2028 and others
    ids = {line.removesuffix("\n"): n for n, line in enumerate(lines)}
    wordpiece = BertWordPieceTokenizer(
        ids,
        handle_chinese_chars=options.get("tokenize_chinese_chars", True),
        strip_accents=options.get("strip_accents"),
        lowercase=options.get("do_lower_case", True),
    )
    return tokenizers.Tokenizer.from_str(wordpiece.to_str())


def check_tokenizer(tokenizer: "Tokenizer", vocabulary: int, where: str) -> None:
    """Check that a tokeniser fits a model with ids below ``vocabulary``.

    Raises:
        UserError: it does not; the message begins with ``where``.
    """
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    if largest >= vocabulary:
        raise UserError(
            f"{where}: the tokeniser has ids up to {largest}, expected below {vocabulary}, the"
            " vocab_size of config.json: the two do not belong together"
        )
    around = tokenizer.encode("").ids
    if len(around) != SPECIAL:
        raise UserError(
            f"{where}: the tokeniser adds {len(around)} special tokens to a text, expected"
            f" {SPECIAL}, one before and one after it"
        )
    if all(tokenizer.token_to_id(name) is None for name in UNKNOWN):
        raise UserError(f"{where}: the tokeniser has no piece {' or '.join(UNKNOWN)}")


def shortest(tokenizer: "Tokenizer", prefix: str) -> int:
    """Return the length with which one piece of a text is read after a prefix; `SHORTEST` or more.

    With a smaller one, all texts are equal.
    """
    return len(tokenizer.encode(prefix).ids) + 1


class Splitter:
    """The tokeniser of an encoder with its settings.

    Args:
        length: largest number of ids of a text. Of a longer text, the last pieces are left out.
        prefix: text before each text, as some encoders expect.
    """

    def __init__(self, tokenizer: "Tokenizer", length: int, prefix: str = "") -> None:
        self._tokenizer, self.length = tokenizer, length
        self._prefix = prefix

    @classmethod
    def load(cls, file: Path, length: int, about: dict) -> Self:
        """Return the splitter of a tokenizer.json; ``about`` is the content of encoder.json.

        Raises:
            UserError: the file is missing or damaged.
        """
        with intact(file):
            tokenizer = read_tokenizer(file.read_bytes(), None, {}, str(file))
        return cls(tokenizer, length, about.get("prefix", ""))

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of all texts, concatenated, int32, and their number, (n,) int64.

        Both include the special tokens.
        """
        rows = [encoding.ids for encoding in self._split(self._prefix, texts)]
        most = self.length
        rows = [ids if len(ids) <= most else [*ids[: most - 1], ids[-1]] for ids in rows]
        flat = np.fromiter(chain.from_iterable(rows), np.int32)
        return flat, np.array([len(ids) for ids in rows], np.int64)

    def _split(self, prefix: str, texts: Sequence[str], **options: bool) -> list:
        """Return the encodings of texts; `UserError` if the tokeniser fails, as by its regex."""
        try:
            whole = [prefix + _valid(text) for text in texts]
            return self._tokenizer.encode_batch_fast(whole, **options)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of Rust is no Exception
            raise UserError(f"the tokeniser fails on a text: {first_line(error)}") from error

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """Return texts, without id, split and label, as pieces."""
        flat, lengths = self.encode(texts)
        known = [pl.Series([""] * len(texts))] * 3
        return Pieces(*known, flat, np.cumsum(lengths) - lengths, lengths)

    def knows(self, texts: Sequence[str]) -> np.ndarray:
        """Return whether a text has a piece of known characters, (texts,) bool."""
        unknown = {self._tokenizer.token_to_id(name) for name in (*UNKNOWN, BLANK)}
        encodings = self._split("", texts, add_special_tokens=False)
        return np.array([bool(set(encoding.ids) - unknown) for encoding in encodings], bool)

    def read(self, text: str) -> str:
        """Return the part of a text that the encoder reads, to the end of its last word.

        Some tokenisers split the beginning of a word into other pieces than the word.
        """
        encoding = self._tokenizer.encode(self._prefix + _valid(text))
        if len(encoding.ids) <= self.length:
            return text
        last = self.length - SPECIAL
        word = encoding.token_to_word(last)  # None of a special token, such as "[SEP]" in a text
        _, end = encoding.offsets[last] if word is None else encoding.word_to_chars(word)
        return text[: max(end - len(self._prefix), 0)]


def _valid(text: str) -> str:
    """Return a text in which lone surrogates, which are no characters, are replaced."""
    return text.encode("utf-8", "replace").decode()


def read_pieces(path: Path | str) -> Pieces:
    """Read the output of ``encode_pieces``: sequences.parquet and tokens.npy."""
    return Pieces(**vars(read_sequences(path)))
