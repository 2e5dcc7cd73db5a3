"""Tokens in the scripts of the world, and which of them a text is in.

Most scripts separate words by blanks. Where they do not (Han, kana, Thai, Lao, Khmer, Burmese,
Tibetan), each character with its combining marks is a token, as Chinese characters are in the
multilingual BERT (Devlin et al. 2019). So is each emoji. Text in Latin letters is not affected.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

import numpy as np

# Characters that are tokens of their own: of scripts without blanks, then symbols and emoji.
ALONE = (
    "\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\u2e80-\u2fdf"
    "\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\ua4cf\ua980-\ua9ff\uaa60-\uaadf\uf900-\ufaff\uff66-\uff9f"
    "\U0001aff0-\U0001b2ff\U00020000-\U0003ffff"
    "\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff"
)


def _ranges(characters: Iterable[str]) -> str:
    """Return sorted characters as the ranges of a class of a regular expression."""
    ends: list[list[str]] = []
    for character in characters:
        if ends and ord(character) == ord(ends[-1][1]) + 1:
            ends[-1][1] = character
        else:
            ends.append([character, character])
    return "".join(f"{first}-{last}" for first, last in ends)


_CATEGORIES = [(c, unicodedata.category(c)) for c in map(chr, range(0x300, 0x20000))]
# Combining marks, joiners, variation selectors and skin tones: parts of the character before.
MARKS = _ranges(c for c, kind in _CATEGORIES if kind[0] == "M" or c in "\u200c\u200d🏻🏼🏽🏾🏿")
# Punctuation and blanks of other scripts than Latin separate words, as English ones do.
PUNCTUATION = _ranges(
    c
    for c, kind in _CATEGORIES
    if c == "\u200b" or (kind[0] in "PZ" and not ("\u2000" <= c < "\u2070" or c < "\u0370"))
)
CHARACTER = f"[{ALONE}](?<![{PUNCTUATION}])(?:[{MARKS}]|(?<=\u200d)[{ALONE}])*"
_LETTER, _MORE = f"[^\\W{ALONE}]", f"(?:[^\\W{ALONE}]+|[{MARKS}]+)"
_LATIN = "\0-\u036f\u1e00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff"
# For the argument token_pattern of scikit-learn's vectorizers, by the name in the configuration.
# In Latin text, the first one finds what their default finds, words of two characters and more.
TOKEN_PATTERNS = {
    "words": f"{_LETTER}{_MORE}+|{CHARACTER}|[^\\W{ALONE}{_LATIN}]",
    "words_and_symbols": f"{_LETTER}{_MORE}*|{CHARACTER}|[^\\w\\s]",
}
LONG_WORDS = 20  # letters per word, on average; more than in any language with blanks


class Scripts:
    """The letters of texts by script."""

    def __init__(self) -> None:
        self._codes = np.zeros(0x110000, np.int64)  # occurrences of each character
        self._words = 0

    def add(self, texts: Iterable[str], words: int) -> None:
        """Count the letters of texts with this number of words."""
        codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
        counts = np.bincount(codes)
        self._codes[: len(counts)] += counts
        self._words += words

    def letters(self) -> list[dict]:
        """Return script, letters and token (character or word) of each script, largest first."""
        counts: Counter[tuple[str, str]] = Counter()
        for code in np.flatnonzero(self._codes):
            if (character := chr(code)).isalpha():
                token = "character" if re.match(f"[{ALONE}]", character) else "word"
                counts[_script(character), token] += int(self._codes[code])
        keys = ("script", "token", "letters")
        return [dict(zip(keys, (*key, n), strict=True)) for key, n in counts.most_common()]

    def reasons(self) -> list[str]:
        """Return lines about the scripts of texts, for a proposed configuration."""
        rows = self.letters()
        total = sum(row["letters"] for row in rows)
        rows = [row for row in rows if row["letters"] >= 0.01 * total]
        if [row["script"] for row in rows] == ["Latin"]:
            return []
        shares = ", ".join(f"{row['letters'] / total:.0%} {row['script']}" for row in rows)
        lines = [f"scripts: {shares}"] if rows else []
        if alone := [row["script"] for row in rows if row["token"] == "character"]:
            lines.append(
                f"tokens: no blanks between words in {', '.join(alone)}, so each character is a"
                " token, for networks and pipelines; 'words' above are characters"
            )
        return lines

    def notice(self) -> str:
        """Return a sentence if words are so long that texts have no blanks, otherwise nothing."""
        mean = sum(row["letters"] for row in self.letters()) / max(1, self._words)
        if mean <= LONG_WORDS:
            return ""
        return (
            f"A word has {mean:.0f} letters on average, as in texts without blanks: for models that"
            " read words, each text is one word of its own. Separate the words by blanks, or"
            " compare variants that read characters, such as tfidf_chars_svm."
        )


def _script(letter: str) -> str:
    """Return the script of a letter, from its name in Unicode."""
    if letter < "\u0370":
        return "Latin"
    first, *rest = unicodedata.name(letter, "unnamed").split()
    name = rest[0] if first in ("FULLWIDTH", "HALFWIDTH") else first
    return "Han" if name in ("CJK", "IDEOGRAPHIC") else name.capitalize()
