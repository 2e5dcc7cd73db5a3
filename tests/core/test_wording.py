import pytest

from seq2report.core.wording import plural, some


@pytest.mark.parametrize(
    ("count", "noun", "expected"),
    [
        (1, "documents", "1 document"),
        (0, "documents", "0 documents"),
        (1200, "sets", "1,200 sets"),
        (1, "classes", "1 class"),
    ],
)
def test_a_number_has_its_noun(count, noun, expected):
    assert plural(count, noun) == expected


def test_a_long_list_is_cut():
    assert some(["a", "b"]) == "['a', 'b']"
    assert some(list("abcdefg")) == "['a', 'b', 'c', 'd', 'e'] and 2 more"
