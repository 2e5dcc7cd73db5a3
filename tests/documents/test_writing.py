"""Words and characters of the scripts of the world, and which scripts a text is in."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from seq2report.documents.writing import Scripts
from seq2report.models.layers import build_steps


def words(text, **arguments):
    """Return what a vectorizer of the configuration reads of a text."""
    (step,) = build_steps([{"CountVectorizer": arguments}], "steps")
    return step.build_analyzer()(text)


@pytest.mark.reliability("Languages")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("房间很大，床3张。OK", "房 间 很 大 床 张 ok"),  # Chinese
        ("私はJava8を好き！", "私 は java8 を 好 き"),  # Japanese
        ("ห้องใหญ่", "ห้ อ ง ใ ห ญ่"),  # Thai, with marks
        ("प्रिंटर न हिन्दी है।", "प्रिंटर न हिन्दी है"),  # Hindi
        ("நல்ல படம்", "நல்ல படம்"),  # Tamil
        ("می‌خواهم و שָׁלוֹם", "می‌خواهم و שָׁלוֹם"),  # Persian, with a joiner; Hebrew, with points
        ("안 좋아요", "안 좋아요"),  # Korean
        ("e\u0301te\u0301 İstanbul", "e\u0301te\u0301 i̇stanbul"),  # decomposed letters
        ("great😀😀👍🏽 I ❤️ 👨‍👩‍👧", "great 😀 😀 👍🏽 ❤️ 👨‍👩‍👧"),  # emoji
    ],
)
def test_pipelines_read_the_words_or_the_characters_of_any_language(text, expected):
    assert words(text) == expected.split(" ")
    kept = [word for word in words(text, token_pattern="words_and_symbols") if word in expected]
    assert " ".join(kept).replace(" 3", "").replace(" i ", " ") == expected


LATIN = st.text(
    st.characters(max_codepoint=0x2FF, exclude_characters="İ") | st.sampled_from("’—€…")
)


@given(LATIN)
@example("Ⱦ ạ")
def test_pipelines_read_latin_text_as_scikit_learn_does(text):
    assert words(text) == CountVectorizer().build_analyzer()(text)
    symbols = CountVectorizer(token_pattern=r"\w+|[^\w\s]").build_analyzer()
    assert words(text, token_pattern="words_and_symbols") == symbols(text)


def test_a_pattern_of_ones_own_and_other_analyzers_are_kept():
    assert words("a b, c", token_pattern=r"\w") == ["a", "b", "c"]
    assert words("ab", analyzer="char") == ["a", "b"]


def test_letters_are_counted_by_script():
    scripts = Scripts()
    scripts.add(["私はｔｒue", "हिन्दी 12 é😀"], 7)
    scripts.add(["ずに"], 2)
    found = [(row["script"], row["token"], row["letters"]) for row in scripts.letters()]
    assert sorted(found) == [
        ("Devanagari", "word", 3),
        ("Han", "character", 1),
        ("Hiragana", "character", 3),
        ("Latin", "word", 5),
    ]


@pytest.mark.reliability("Languages")
@pytest.mark.parametrize(
    ("text", "noticed"), [("acgt" * 9, True), ("plain words", False), ("", False)]
)
def test_texts_without_blanks_in_a_script_that_has_them_are_noticed(text, noticed):
    scripts = Scripts()
    scripts.add([text], len(text.split()))
    assert ("without blanks" in scripts.notice()) == noticed
