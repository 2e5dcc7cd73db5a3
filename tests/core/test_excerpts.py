import re
import time
import unicodedata

import pytest
from helpers import ROOT
from hypothesis import given
from hypothesis import strategies as st

from seq2report.core.excerpts import (
    beginning,
    differing,
    excerpt,
    showing,
    visible,
    without_contacts,
)

LONGEST = 300
JOINED = "(?<=[\u0590-\U0010ffff])[\u200c\u200d]"  # joiners of scripts that need them
TEXTS = st.text() | st.sampled_from(
    [
        "\u202etxt.exe\u2066",
        "a\x00\x1b[31mb\x07",
        "<b>\u200f&\r\n",
        "word " * 100,
        "a\n\n\tb\u2028c",
    ]
)


@given(TEXTS)
def test_an_excerpt_is_one_line_of_visible_characters(text):
    found = excerpt(text, LONGEST)
    assert len(found) <= LONGEST
    assert all(unicodedata.category(c)[0] not in "C" for c in re.sub(JOINED, "", found))
    assert not set(found) & set("\n\r\t\u2028\u2029")
    if text.isprintable():
        assert " ".join(text.split()).startswith(found.removesuffix("…"))


def test_an_excerpt_replaces_marks_of_direction_and_control_characters():
    assert excerpt("a \u202eb\n\n c\x1b[0m", LONGEST) == "a \ufffdb c\ufffd[0m"


@given(TEXTS)
def test_a_beginning_keeps_lines_and_shows_visible_characters_alone(text):
    found = beginning(text, LONGEST)
    assert re.sub(JOINED, "", found).replace("\n", "").isprintable()
    words = "".join(visible(text.strip()[: LONGEST - 1]).split()).replace("\ufffd", "")
    shown = "".join(found.removesuffix("…").split()).replace("\ufffd", "")
    assert shown.startswith(words[: len(shown)])


def test_a_beginning_has_the_lines_of_the_text_and_ends_where_it_is_told():
    assert beginning("\n one\r\n\ttwo\x07\n", 20) == "one\n        two\ufffd"
    assert beginning("one\ntwo", 6) == "one\nt…"
    assert beginning("one\ntwo", 7) == "one\ntwo"


@given(st.text())
def test_what_is_visible_is_as_long_as_the_text_and_differs_where_nothing_is_seen(text):
    found = visible(text)
    assert len(found) == len(text)
    assert all(a == b or not b.isprintable() for a, b in zip(found, text, strict=True))
    assert re.sub(JOINED, "", found).isprintable()


@pytest.mark.reliability("Languages")
def test_joiners_are_kept_in_words_and_emoji_that_need_them():
    for text in ("می\u200cخواهم", "क्\u200dष", "👨\u200d👩\u200d👧"):
        assert visible(text) == text
    assert visible("a\u200db\u200c 好\u200d\u200d") == "a\ufffdb\ufffd 好\u200d\ufffd"


@given(st.text(), st.text(), st.text())
def test_two_texts_are_shown_from_before_their_first_difference(same, one, other):
    shown = differing(f"{same} {one}", f"{same} {other}", LONGEST)
    assert max(map(len, shown)) <= LONGEST
    assert (shown[0] == shown[1]) or (one.split() != other.split())


def test_excerpts_of_two_texts_begin_at_the_same_place():
    long = "x" * 50
    assert differing(f"{long} a b", f"{long}\nc", 60) == (f"…{'x' * 39} a b", f"…{'x' * 39} c")
    assert differing("a b", "a  c", 60) == ("a b", "a c")
    assert differing("the end", "the end of it", 60) == ("the end", "the end of it")


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Write to jane.doe+list@cs.example.edu, please", "jane.doe+list@cs.example.edu"),
        ("Internet: roland@sics or ring", "roland@sics"),
        ("See https://example.org/a?b=1#c and more", "https://example.org/a?b=1#c"),
        ("at www.example.org/~me now", "www.example.org/~me"),
        ("Call (801) 531-0800 today", "(801) 531-0800"),
        ("Tel: +46 8 752 15 40, Fax", "+46 8 752 15 40"),
        ("030/1234567", "030/1234567"),
        ("WhatsApp +491701234567.", "+491701234567"),
    ],
)
def test_addresses_numbers_and_links_are_hidden_at_the_same_length(text, hidden):
    shown = without_contacts(text)
    assert shown == text.replace(hidden, re.sub(r"\S", "•", hidden))
    assert showing("hidden")(text) == shown
    assert showing("shown")(text) == text


def test_every_command_that_writes_excerpts_can_hide_contacts():
    rules = (ROOT / "workflow/rules/evaluate.smk").read_text(encoding="utf-8").split("\nrule ")
    sources = {path.stem: path.read_text("utf-8") for path in ROOT.glob("scripts/evaluate_*.py")}
    writing = sorted(name for name, source in sources.items() if "read_texts(" in source)
    assert len(writing) == 5
    for script in writing:
        assert "add_contacts(parser)" in sources[script], script
        (rule,) = (rule for rule in rules if rule.startswith(f"{script}:"))
        assert "--contacts {params.contacts}" in rule, script


@pytest.mark.parametrize(
    "text",
    [
        "In 1993, 10.5% of $79.00",
        "on 12.10.1993 or 1993-04-28",
        "(1982-1984), 1980-81",
        "2 of 1,200 at 3 @ home",
        "v1.2.3",
    ],
)
def test_other_numbers_and_signs_stay(text):
    assert without_contacts(text) == text


@pytest.mark.reliability("Bad corpora")
@pytest.mark.parametrize("text", ["w" * 200_000, "1 " * 100_000, "1.1" * 60_000, "a@" * 100_000])
def test_contacts_in_long_texts_are_found_in_linear_time(text):
    start = time.process_time()
    without_contacts(text)
    assert time.process_time() - start < 5
