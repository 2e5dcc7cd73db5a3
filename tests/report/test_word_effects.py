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
    html = coloured(10, -1, 0.05)
    assert '<span class="for" style="--strength:1.00" title="+10.00">Fine</span> ' in html
    assert '<span class="against" style="--strength:0.50" title="−1.00">&lt;b&gt;</span>, ' in html
    assert '<span title="+0.05">end</span>!' in html
    assert "Strongest: fine +10.00, &lt;b&gt; −1.00, end +0.05." in html
    assert "wrong, the label is a" in html
    assert "are shown" not in html


def test_the_same_effect_has_the_same_colour_in_every_document_and_in_the_legend():
    alone, beside = coloured(0.5), coloured(0.5, 90)
    same = '<span class="for" style="--strength:0.35" title="+0.50">Fine</span>'
    assert same in alone
    assert same in beside
    assert 'class="for" style="--strength:0.35" title="+0.50">+0.5</span>' in word_effects.legend()
    assert "Hold the pointer over a word" in word_effects.legend()  # explain.py has no script
    assert "Point at or tap a word to see its effect." in word_effects.legend("Point at or tap")
    assert '--strength:1.00" title="+90.00"' in beside  # the scale ends at full colour


def test_the_number_of_shown_words_of_a_long_text_is_named():
    html = coloured(0.2, -0.1, 0.001, words=1234, kind="right")
    assert "…</blockquote>" in html
    assert "The first 3 of 1,234 words that it reads are shown." in html
    assert "wrong" not in html


def test_no_word_is_coloured_if_none_has_an_effect():
    html = coloured(0.001, 0.0, -0.09)
    assert 'class="for"' not in html
    assert 'class="against"' not in html
    assert "No word alone changes the log-odds by 0.1 or more." in html
    assert 'title="0.00"' in html


def test_a_text_without_words_is_reported():
    assert "reads no word of this document" in coloured()
