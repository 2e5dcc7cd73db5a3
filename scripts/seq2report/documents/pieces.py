"""Documents as word pieces: the tokens of a pretrained encoder.

A tokeniser of the library ``tokenizers`` splits a text into word pieces and adds one special token
before and one after them ([CLS] and [SEP] of BERT).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl

from seq2report.core.command import UserError, first_line, intact, read_json
from seq2report.documents.sequences import Sequences, ranges, read_sequences

if TYPE_CHECKING:  # loaded when it is needed: other commands work without it
    from tokenizers import Tokenizer

SPECIAL = 2  # tokens around the pieces of a text
# The names of two pieces in vocabularies of both kinds: of unknown characters, and of nothing.
UNKNOWN, PADDING = ("[UNK]", "<unk>"), ("[PAD]", "<pad>")
STEP = 16  # lengths of batches are multiples of this, so that few programs are compiled


@dataclass(frozen=True)
class Pieces(Sequences):
    """Documents as ids of word pieces, each with its two special tokens.

    Attributes:
        padding: id of the piece that fills a batch.
    """

    padding: int

    def take(self, rows: np.ndarray) -> Self:
        known = (self.ids[rows], self.split[rows], self.label[rows])
        return Pieces(*known, self.tokens, self.starts[rows], self.lengths[rows], self.padding)

    def matrix(self, length: int) -> np.ndarray:
        """Return the ids, (n, longest) int32, filled up at the end.

        ``longest`` is that of these documents, at most ``length``. Of a longer document, the last
        pieces are left out, but not the special token at its end.
        """
        kept = np.minimum(self.lengths, length)
        longest = min(length, -(-int(kept.max(initial=1)) // STEP) * STEP)
        matrix = np.full((len(kept), longest), self.padding, dtype=np.int32)
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
    are tokens (tokenize_chinese_chars), with the defaults of BERT.

    Raises:
        UserError: the content is damaged; the message begins with ``where``.
    """
    import tokenizers

    try:
        if content is not None:
            tokenizer = tokenizers.Tokenizer.from_buffer(content)
        else:
            tokenizer = _word_piece(vocabulary.decode().splitlines(), options)
    except Exception as error:  # the library raises Exception itself
        raise UserError(f"{where}: the tokeniser is damaged: {first_line(error)}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _word_piece(words: list[str], options: dict) -> "Tokenizer":
    import tokenizers
    from tokenizers.implementations import BertWordPieceTokenizer

    ids = {word: n for n, word in enumerate(words)}
    wordpiece = BertWordPieceTokenizer(
        ids,
        handle_chinese_chars=options.get("tokenize_chinese_chars", True),
        strip_accents=options.get("strip_accents"),
        lowercase=options.get("do_lower_case", True),
    )
    return tokenizers.Tokenizer.from_str(wordpiece.to_str())


def padding_id(tokenizer: "Tokenizer", default: int) -> int:
    """Return the id of the piece that fills a batch, of the tokeniser or the default."""
    ids = (tokenizer.token_to_id(name) for name in PADDING)
    return next((number for number in ids if number is not None), default)


def check_tokenizer(tokenizer: "Tokenizer", vocabulary: int, padding: int, where: str) -> None:
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
    if padding in around:
        raise UserError(f"{where}: pad_token_id {padding} is also the id of a special token")


class Splitter:
    """The tokeniser of an encoder with its settings.

    Args:
        length: largest number of ids of a text. Of a longer text, the last pieces are left out.
        padding: id of the piece that fills a batch.
        prefix: text before each text, as some encoders expect.
    """

    def __init__(self, tokenizer: "Tokenizer", length: int, padding: int, prefix: str = "") -> None:
        self._tokenizer, self.length, self.padding = tokenizer, length, padding
        self._prefix = prefix

    @classmethod
    def load(cls, file: Path, length: int, about: dict) -> Self:
        """Return the splitter of a tokenizer.json; ``about`` is the content of encoder.json.

        Raises:
            UserError: the file is missing or damaged.
        """
        with intact(file):
            tokenizer = read_tokenizer(file.read_bytes(), None, {}, str(file))
        return cls(tokenizer, length, about["architecture"]["padding"], about.get("prefix", ""))

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of all texts, concatenated, int32, and their number, (n,) int64.

        Both include the special tokens.
        """
        whole = [self._prefix + _valid(text) for text in texts]
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(whole)]
        most = self.length
        rows = [ids if len(ids) <= most else [*ids[: most - 1], ids[-1]] for ids in rows]
        flat = np.fromiter(chain.from_iterable(rows), np.int32)
        return flat, np.array([len(ids) for ids in rows], np.int64)

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """Return texts, without id, split and label, as pieces."""
        flat, lengths = self.encode(texts)
        known = [pl.Series([""] * len(texts))] * 3
        return Pieces(*known, flat, np.cumsum(lengths) - lengths, lengths, self.padding)

    def knows(self, texts: Sequence[str]) -> np.ndarray:
        """Return whether a text has a piece that is not the unknown one, (texts,) bool."""
        unknown = {self._tokenizer.token_to_id(name) for name in UNKNOWN}
        valid = [_valid(text) for text in texts]
        encodings = self._tokenizer.encode_batch_fast(valid, add_special_tokens=False)
        return np.array([bool(set(encoding.ids) - unknown) for encoding in encodings], bool)

    def read(self, text: str) -> str:
        """Return the part of a text that the encoder reads."""
        encoding = self._tokenizer.encode(self._prefix + _valid(text))
        if len(encoding.ids) <= self.length:
            return text
        end = encoding.offsets[self.length - SPECIAL][1] - len(self._prefix)
        return text[: max(end, 0)]


def _valid(text: str) -> str:
    """Return a text in which lone surrogates, which are no characters, are replaced."""
    return text.encode("utf-8", "replace").decode()


def read_pieces(path: Path | str) -> Pieces:
    """Read the output of ``encode_pieces``: sequences.parquet, tokens.npy and encoding.json."""
    sequences, about = read_sequences(path), read_json(Path(path).with_name("encoding.json"))
    return Pieces(**vars(sequences), padding=about["padding"])
