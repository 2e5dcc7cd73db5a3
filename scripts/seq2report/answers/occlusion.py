"""Which words decided: each is taken out of the text, and the model is asked again.

This is the erasure of Li, Monroe and Jurafsky (2016, "Understanding neural networks through
representation erasure"), on the text itself, so that it is the same for every kind of model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seq2report.answers.predictor import Predictor
from seq2report.core.excerpts import excerpt
from seq2report.documents.tokens import Span, spans

WORDS = 200  # of a text, from the first that the model reads
EXCERPT = 300  # characters of a word, and of what stands between two, that are shown


@dataclass(frozen=True)
class Occlusion:
    """What the words of a text do to an answer.

    Attributes:
        text: the part of it that the model reads.
        words: how many stand there.
        spans: start and end in ``text`` of the first `WORDS` of them, (n, 2) int64.
        effects: of each of these, (n,) float64: the probability of the answer less what it is
            without the word, wherever that stands in ``text``. Above 0 it speaks for the answer.
    """

    text: str
    words: int
    spans: np.ndarray
    effects: np.ndarray


def without(text: str, words: list[Span], token: str) -> str:
    """Return a text without each of its ``words`` that becomes ``token``."""
    ends = [0, *(word.end for word in words if word.token == token)]
    starts = [*(word.start for word in words if word.token == token), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def occlude(model: Predictor, texts: Sequence[str], answers: Sequence[int]) -> list[Occlusion]:
    """Return the effects of the words of each text on the probability of an answer.

    The model is asked once, about all texts and all that they become: a text of n different words
    (among the first `WORDS`) is n + 1 texts to it.

    Args:
        model: is asked.
        texts: n texts.
        answers: class numbers, n.
    """
    parts = [model.read(text) for text in texts]
    words_of = [spans(part) for part in parts]
    spelled = [[word.token for word in words[:WORDS]] for words in words_of]
    different = [list(dict.fromkeys(words)) for words in spelled]
    asked = [
        changed
        for part, words, tokens in zip(parts, words_of, different, strict=True)
        for changed in (part, *(without(part, words, token) for token in tokens))
    ]
    of_answer = np.repeat(answers, [len(words) + 1 for words in different])
    probability = model.predict(asked)[np.arange(len(asked)), of_answer]
    found, first = [], 0
    for part, each, words, known in zip(parts, words_of, spelled, different, strict=True):
        whole, changed = probability[first], probability[first + 1 : first + 1 + len(known)]
        effect = dict(zip(known, whole - changed, strict=True))
        positions = np.array([word[:2] for word in each[:WORDS]], np.int64).reshape(-1, 2)
        effects = np.array([effect[word] for word in words], float)
        found.append(Occlusion(part, len(each), positions, effects))
        first += 1 + len(known)
    return found


def spelled(found: Occlusion, name: str, kind: str) -> pd.DataFrame:
    """Return a row a word of a document: id, kind, position, word, after and effect.

    after is what stands between the word and the next one, or the end where all words are shown.
    """
    starts, ends = found.spans.T
    last = len(found.text) if found.words == len(found.spans) else ends[-1]
    next_start = np.append(starts[1:], last)[: len(starts)]
    return pd.DataFrame(
        {
            "id": name,
            "kind": kind,
            "position": np.arange(len(starts)),
            "word": [excerpt(found.text[a:b], EXCERPT) for a, b in found.spans],
            "after": [between(found.text[a:b]) for a, b in zip(ends, next_start, strict=True)],
            "effect": found.effects,
        }
    )


def between(text: str) -> str:
    """Return what stands between two words, on one line, without invisible characters."""
    seen = excerpt(text, EXCERPT)
    blanks = [" " * edge.isspace() for edge in (text[:1], text[-1:])]
    return seen.join(blanks) if seen else text[:1] and " "
