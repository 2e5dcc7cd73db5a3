"""Rows of a table as documents: the ones without a label, and columns of splits."""

import pytest

from seq2report.core.command import UserError
from seq2report.documents.formats import read_table

COLUMNS = {"text": "body", "label": "kind"}


def documents(folder, lines, columns=COLUMNS, **split):
    (folder / "t.csv").write_text("\n".join(lines))
    return [row[2:] for row in read_table(folder / "t.csv", {"columns": columns, "split": split})]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            [],
            r"^line 3: the label \(column 'kind'\) is missing; fill it in or remove the row, or",
        ),
        (["t,", "t,a"], r"^line 3: .* is missing here and in 1 more of 4 rows; fill it in"),
    ],
)
def test_rows_without_a_label_are_counted(tmp_path, more, message):
    with pytest.raises(UserError, match=message):
        documents(tmp_path, ["body,kind", "t,a", "t, ", *more], test=0.2)


def test_a_column_may_only_mark_unlabelled_rows(tmp_path):
    lines = ["body,kind,part", "t,a,", "t,a,train", "t,,unsupervised"]
    columns = COLUMNS | {"split": "part"}
    found = documents(tmp_path, lines, columns, test=0.2)
    assert found == [("a", ""), ("a", ""), (None, "unlabelled")]
    message = r"line 2: the label .* is missing; .* write unlabelled into the column 'part'"
    with pytest.raises(UserError, match=message):
        documents(tmp_path, ["body,kind,part", "t,,", *lines[1:]], columns, test=0.2)


@pytest.mark.parametrize("split", ["test", "dev", "tst"])
def test_test_documents_are_not_both_drawn_and_in_a_column(tmp_path, split):
    lines = ["body,kind,part", "t,a,train", f"t,a,{split}"]
    with pytest.raises(
        UserError, match=r"line 3: found the split .* but 'split\.test' draws the te"
    ):
        documents(tmp_path, lines, COLUMNS | {"split": "part"}, test=0.2)
