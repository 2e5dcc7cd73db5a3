"""Notices about labels that look alike, and about labels that look like several."""

import pytest

from seq2report.core.labels import label_notices

bad = pytest.mark.reliability("Bad corpora")
ALIKE = {
    "blanks at the ends": (["spam", "spam "], "'spam' and 'spam '"),
    "blanks of another kind": (["a b", "a\u00a0b"], r"'a b' and 'a\xa0b'"),
    "case": (["Spam", "spam"], "'Spam' and 'spam'"),
    "composed letters": (["caf\u00e9", "cafe\u0301"], r"'caf\xe9' and 'cafe\u0301'"),
    "zeros after a point": (["1", "1.0"], "'1' and '1.0'"),
    "letters of two scripts": (["ham", "h\u0430m"], r"'ham' and 'h\u0430m'"),
    "invisible characters": (["a\u200b", "a"], r"'a\u200b' and 'a'"),
    "wide letters": (["\uff21", "a"], "'\uff21' and 'a'"),
}


@bad
@pytest.mark.parametrize(("labels", "spelled"), ALIKE.values(), ids=ALIKE)
def test_labels_that_look_alike_are_spelled_so_that_they_differ(labels, spelled):
    (notice,) = label_notices([*labels, "other"])
    assert notice == f"The labels {spelled} look alike, but are different classes."


@bad
@pytest.mark.parametrize("joint", ";|,/+")
def test_labels_that_look_like_several_are_reported(joint):
    labels = ["a", "b", f"a{joint}b", f"b{joint} a"]
    (notice,) = label_notices(labels)
    assert notice.startswith(f"2 labels look like several labels with {joint!r} between them, suc")
    assert "1 label looks like several" in label_notices(labels[:3])[0]
    lists = ["['a']", "['b']", f"['a'{joint} 'b']"]
    assert "1 label looks like several" in label_notices(lists)[0]


@pytest.mark.parametrize(
    "labels",
    [
        ["Sci/Tech", "World", "Sports"],
        ["a", "b;"],
        ["comp.x", "comp.y"],
        ["1,5", "2"],
        ["1.05", "1.5", "10"],
    ],
)
def test_other_labels_give_no_notice(labels):
    assert label_notices(labels) == []
