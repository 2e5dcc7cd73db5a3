"""Effects of words on an answer: remove each word from the text, and classify the rest.

This is the erasure of Li, Monroe and Jurafsky (2016, "Understanding neural networks through
representation erasure"), applied to the text itself, so that it works for every kind of model.
Effects are differences of log-odds, as there differences of log-likelihoods: they have one scale
for unsure and for sure answers, whose probabilities hardly change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seq2report.answers.predictor import Predictor
from seq2report.core.excerpts import excerpt
from seq2report.documents.tokens import Span, spans

WORDS = 200  # words tested per text, from the first one that the model reads
EXCERPT = 300  # shown characters of a word, and of the text between two words


@dataclass(frozen=True)
class Occlusion:
    """The effects of the words of a text on the log-odds of an answer."""

    text: str  # the part of the text that the model reads
    words: int  # number of words in it
    spans: np.ndarray  # start and end of the first `WORDS` words in ``text``, (n, 2) int64
    # Log-odds of the answer minus the log-odds without any occurrence of the word, (n,) float64; a
    # positive effect supports the answer.
    effects: np.ndarray


def without(text: str, words: list[Span], token: str) -> str:
    """Return a text without each of its ``words`` that becomes ``token``."""
    ends = [0, *(word.end for word in words if word.token == token)]
    starts = [*(word.start for word in words if word.token == token), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def log_odds(logarithms: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return ln(p / (1 - p)) of the answer of each row, (n,); 1 - p is the sum of the others.

    ``logarithms`` of the probabilities are (n, classes), and ``answers`` class numbers, (n,).
    """
    rows, others = np.arange(len(answers)), logarithms.copy()
    others[rows, answers] = -np.inf
    return logarithms[rows, answers] - np.logaddexp.reduce(others, axis=1)


def occlude(model: Predictor, texts: Sequence[str], answers: Sequence[int]) -> list[Occlusion]:
    """Return the effects of the words of each text on the log-odds of an answer.

    The model classifies all texts in one call: a text with n different words (among the first
    `WORDS`) becomes n + 1 texts.

    ``answers`` has one class number per text. Of a text of which the model knows nothing, it reads
    nothing.
    """
    pairs = zip(texts, model.knows(texts), strict=True)
    parts = [model.read(text) if is_known else "" for text, is_known in pairs]
    words_of = [spans(part) for part in parts]
    tokens_of = [list(dict.fromkeys(word.token for word in words[:WORDS])) for words in words_of]
    variations, columns = [], []
    for part, words, tokens, answer in zip(parts, words_of, tokens_of, answers, strict=True):
        variations += [part, *(without(part, words, token) for token in tokens)]
        columns += [answer] * (len(tokens) + 1)
    odds = iter(log_odds(model.log_probabilities(variations), np.array(columns, int)))
    occlusions = []
    for part, words, tokens in zip(parts, words_of, tokens_of, strict=True):
        whole = next(odds)
        effect = {token: whole - next(odds) for token in tokens}
        tested = words[:WORDS]
        positions = np.array([word[:2] for word in tested], np.int64).reshape(-1, 2)
        effects = np.array([effect[word.token] for word in tested], float)
        occlusions.append(Occlusion(part, len(words), positions, effects))
    return occlusions


def word_table(
    occlusion: Occlusion, name: str, kind: str, shown: str | None = None
) -> pd.DataFrame:
    """Return one row per word of a document: id, kind, position, word, after and effect.

    ``after`` is the text between the word and the next one; after the last word of the text, it is
    the rest of the text. ``shown`` is the text of the occlusion as it is shown, of the same length.
    """
    text, (starts, ends) = occlusion.text if shown is None else shown, occlusion.spans.T
    last = len(text) if occlusion.words == len(occlusion.spans) else ends[-1]
    next_start = np.append(starts[1:], last)[: len(starts)]
    words = [excerpt(text[a:b], EXCERPT) for a, b in occlusion.spans]
    after = [between(text[a:b]) for a, b in zip(ends, next_start, strict=True)]
    columns = {"id": name, "kind": kind, "position": np.arange(len(starts)), "word": words}
    return pd.DataFrame(columns | {"after": after, "effect": occlusion.effects})


def between(text: str) -> str:
    """Return the text between two words on one line, without invisible characters."""
    seen = excerpt(text, EXCERPT)
    blanks = [" " * edge.isspace() for edge in (text[:1], text[-1:])]
    return seen.join(blanks) if seen else text[:1] and " "
