import pandas as pd

from seq2report.report import word_effects

DOCUMENT = {"kind": "mistake", "id": "1", "label": "a", "answer": "b", "probability": 0.9}
DOCUMENT["words"] = 3


def coloured(*effects, **changes):
    words = pd.DataFrame(
        {"word": ["Fine", "<b>", "end"][: len(effects)], "after": [" ", ", ", "!"][: len(effects)]}
    )
    return word_effects.coloured(DOCUMENT | changes, words.assign(effect=effects))


def test_words_are_coloured_by_their_effect_and_its_sign():
    html = coloured(0.2, -0.1, 0.001)
    assert '<span class="for" style="--strength:1.00" title="+0.200">Fine</span> ' in html
    assert '<span class="against" style="--strength:0.50" title="−0.100">&lt;b&gt;</span>, ' in html
    assert '<span title="+0.001">end</span>!' in html
    assert "Strongest: fine +0.200, &lt;b&gt; −0.100, end +0.001." in html
    assert "wrong, the label is a" in html
    assert "are shown" not in html


def test_the_number_of_shown_words_of_a_long_text_is_named():
    html = coloured(0.2, -0.1, 0.001, words=1234, kind="right")
    assert "…</blockquote>" in html
    assert "The first 3 of 1,234 words that it reads are shown." in html
    assert "wrong" not in html


def test_no_word_is_coloured_if_none_has_an_effect():
    html = coloured(0.00001, 0.0, -0.00002)
    assert 'class="for"' not in html
    assert "No word alone changes the probability by 0.0001 or more." in html
    assert 'title="0"' in html


def test_a_text_without_words_is_reported():
    assert "knows none of the words" in coloured()
