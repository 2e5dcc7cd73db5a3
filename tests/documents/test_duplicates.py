import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2report.documents import duplicates

SCHEMA = {"id": pl.String, "text": pl.String, "label": pl.String, "split": pl.String}
LEARNED = ("train", "validation")
# Of each split, and the label where it has one.
KINDS = [*((s, c) for s in (*LEARNED, "test") for c in "ab"), ("unlabelled", None)]
SPACES = st.text(" \t\n\r\v\f\u00a0\u2003\u2028", min_size=1, max_size=3)


@st.composite
def corpora(draw):
    """Documents of few words, so that many are alike, with various white space between them."""
    texts = []
    for words in draw(st.lists(st.lists(st.sampled_from(["x", "y", "xy"]), max_size=3))):
        spaces = [draw(SPACES) for _ in range(len(words) + 1)]
        texts.append(spaces[0] + "".join(w + s for w, s in zip(words, spaces[1:], strict=True)))
    kinds = [draw(st.sampled_from(KINDS)) for _ in texts]
    rows = [
        (f"{n:02}", text, c, s) for n, (text, (s, c)) in enumerate(zip(texts, kinds, strict=True))
    ]
    return draw(st.permutations(rows))


def digests_of(rows):
    frame = pl.DataFrame(rows, SCHEMA, orient="row")
    digests = pl.Series([duplicates.digest(text) for text in frame["text"]], dtype=pl.Binary)
    return frame.drop("text").with_columns(digest=digests)


def twins_of(row, rows, splits):
    """The rows beside this one with the same words, by id: the definition, pair by pair."""
    words = row[1].split()
    alike = (r for r in rows if words and r[0] != row[0] and r[1].split() == words)
    return sorted(r for r in alike if r[3] in splits)


@pytest.mark.reliability("Repeatability")
@given(corpora())
def test_planted_duplicates_are_found_and_no_others_in_any_order(rows):
    expected = []
    for row in sorted(row for row in rows if row[3] == "test"):
        if twins := twins_of(row, rows, LEARNED):
            same = row[2] in {twin[2] for twin in twins}
            expected.append((row[0], same, len(twins), twins[0][0], twins[0][2]))
    assert duplicates.leaked(digests_of(rows)).rows() == expected


@given(corpora())
def test_twins_are_counted_for_each_pair_of_parts(rows):
    parts = {"training": LEARNED, "test": ("test",), "unlabelled": ("unlabelled",)}
    present = {
        part for part, splits in parts.items() for r in rows if r[3] in splits and r[1].split()
    }
    expected = []
    for n, part in enumerate(parts):
        for among in list(parts)[: n + 1]:
            if not {part, among} <= present:
                continue
            of_each = [
                (row[2], twins_of(row, rows, parts[among])) for row in rows if row[3] in parts[part]
            ]
            matches = [(label, {t[2] for t in twins}) for label, twins in of_each if twins]
            same = sum(label in labels for label, labels in matches)
            labels = (
                (same, len(matches) - same) if "unlabelled" not in (part, among) else (None, None)
            )
            expected.append((part, among, len(matches), *labels))
    assert duplicates.count_duplicates(digests_of(rows)).rows() == expected


@given(st.text(), st.text())
def test_a_digest_identifies_the_words_in_their_order(one, other):
    same = duplicates.digest(one) == duplicates.digest(other)
    assert same == (one.split() == other.split())
    assert (duplicates.digest(one) is None) == (not one.split())


def test_many_copies_of_one_text_are_no_pairs():
    many = 20_000  # as pairs they were 10^8 rows
    splits = ["train", "test"] * many
    rows = pl.DataFrame({"split": splits, "label": "a", "digest": b"x"})
    rows = rows.with_columns(id=pl.int_range(pl.len()).cast(pl.String))
    copies = duplicates.leaked(rows)
    assert (copies.height, copies["twins"].unique().to_list()) == (many, [many])
    assert duplicates.count_duplicates(rows)["documents"].to_list() == [many] * 3


@pytest.mark.reliability("Bad corpora")
def test_a_text_under_thousands_of_labels_names_a_few():
    labels = [f"{n:04d}" for n in range(3000)]
    rows = {"id": labels, "label": labels, "digest": [b"ok"] * 3000}
    found = duplicates.other_labels(pl.DataFrame(rows))
    assert found.height == 3000
    named = dict(found.iter_rows())
    assert named["0002"] == "0000, 0001, 0003, 0004, 0005 and 2994 more"
    assert named["2999"] == "0000, 0001, 0002, 0003, 0004 and 2994 more"
    six = duplicates.other_labels(pl.DataFrame(rows)[:6])
    assert dict(six.iter_rows())["0000"] == "0001, 0002, 0003, 0004, 0005"
