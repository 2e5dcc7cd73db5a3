import random

import pytest

from seq2report.config.columns import DATE, Column, Columns, choose_label
from seq2report.config.inspection import inspect
from seq2report.core.command import UserError

QUEUES = {"hardware": "the printer is broken", "accounts": "cannot log in", "billing": "pay twice"}
ROWS = 300


def drawn(name, values, seed=1):
    rng = random.Random(seed)
    return Column(name, [rng.choice(values) for _ in range(ROWS)], False, len(values))


def chosen(*others):
    desk = drawn("desk", list(QUEUES))
    text = Column("message", [QUEUES[name] for name in desk.values], False, ROWS)
    return choose_label(text, [*others, desk], Columns([], ROWS, {}, set()))


@pytest.mark.parametrize("name", ["operating_system", "Rating", "userClass"])
def test_a_name_decides_nothing_that_the_texts_contradict(name):
    label, reason = chosen(drawn(name, ["Linux", "Windows", "macOS"], seed=2))
    assert label.name == "desk"
    assert reason.startswith("the texts predict it best (kappa of a quick naive Bayes: 'desk' 1.00")
    assert f"'{name}' " in reason


def test_a_name_decides_among_columns_that_the_texts_predict():
    rng = random.Random(3)
    desk = drawn("desk", list(QUEUES))
    noisy = [value if rng.random() < 0.5 else rng.choice(list(QUEUES)) for value in desk.values]
    label, reason = chosen(Column("issueCategory", noisy, False, 3))
    assert label.name == "issueCategory"
    assert reason.startswith("its name suggests it (kappa of a quick naive Bayes: 'desk' 1.00, 'is")


@pytest.mark.parametrize("name", ["language", "Sprache", "country_code", "lang"])
def test_a_language_is_the_class_only_if_no_other_column_is(name):
    spoken = Column(name, drawn("desk", list(QUEUES)).values, False, 3)  # predicted as well
    assert chosen(spoken)[0].name == "desk"
    text = Column("message", [QUEUES[value] for value in spoken.values], False, ROWS)
    assert choose_label(text, [spoken], Columns([], ROWS, {}, set()))[0].name == name


@pytest.mark.parametrize(
    ("name", "is_label", "is_group"),
    [
        ("operating_system", False, False),
        ("classification", False, False),
        ("subgrouping", False, False),
        ("Labels", True, False),
        ("queue", True, False),
        ("Abteilung", True, False),
        ("topic 2", True, False),
        ("userId", False, True),
        ("USERNAME", False, True),
        ("senderAddress", False, True),
        ("threads", False, True),
    ],
)
def test_names_suggest_roles_by_whole_words(name, is_label, is_group):
    column = Column(name, ["a"], False, 1)
    assert (column.is_named_like_a_label, column.is_named_like_a_group) == (is_label, is_group)


@pytest.mark.parametrize(
    ("name", "number", "group"),
    [("age_group", 10, None), ("age_group", 60, "age_group"), ("usergroups2", 150, None)],
)
def test_groups_are_many_and_small(tmp_path, name, number, group):
    lines = [f"message,{name},queue\n"]
    for n, queue in enumerate(drawn("queue", list(QUEUES)).values):
        lines.append(f"{QUEUES[queue]} {n},g{n % number},{queue}\n")
    (tmp_path / "t.csv").write_text("".join(lines))
    proposal = inspect(tmp_path / "t.csv")
    assert proposal.corpus["columns"].get("group") == group
    assert proposal.optional == ([] if group else [name])


def test_a_group_with_many_rows_is_only_a_hint(tmp_path):
    lines = ["message,user,queue\n"]
    for n, queue in enumerate(drawn("queue", list(QUEUES)).values):
        lines.append(f"{QUEUES[queue]} {n},{'us' if n < 100 else n % 90},{queue}\n")
    (tmp_path / "t.csv").write_text("".join(lines))
    proposal = inspect(tmp_path / "t.csv")
    assert "group" not in proposal.corpus["columns"]
    assert proposal.optional == ["user"]


def table_of(path, names, rows):
    path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]))
    return path


@pytest.fixture
def tickets(tmp_path):
    """A table in which both the language and the desk can be predicted from the texts."""
    rows = []
    for n in range(90):
        language, desk = ("en", "de")[n % 2], list(QUEUES)[n // 2 % 3]
        words = f"{'the a of' if n % 2 else 'der das und'} {QUEUES[desk]}"
        text = (f"it is about this {n}", f"{words} {n}")
        rows.append((f"{n % 28 + 1:02}.03.2023", language, *text, desk, n % 5))
    names = ("created", "language", "my subject", "body", "desk", "user_rating")
    return table_of(tmp_path / "t.csv", names, rows)


def test_other_columns_that_may_be_classes_are_named_and_are_no_groups(tickets):
    proposal = inspect(tickets)
    assert proposal.corpus["columns"] == {"text": "body", "label": "desk"}
    line = "other columns that may be the classes (--label): 'language' (2), 'user_rating' (5)"
    assert line in proposal.reasons
    line = "not used: 'my subject' also has texts; --text 'my subject' --text body joins them"
    assert line in proposal.reasons
    assert inspect(tickets, label="language").optional == []


def test_columns_are_taken_as_asked(tickets):
    proposal = inspect(tickets, texts=["my subject", "body"], label="language")
    assert proposal.corpus["columns"] == {"text": ["my subject", "body"], "label": "language"}
    assert "label: 'language', 2 classes; by --label" in proposal.reasons
    assert "text: 'my subject, body', by --text, 12 words per row" in proposal.reasons


@pytest.mark.parametrize(
    ("texts", "label", "message"),
    [
        (
            ["bodi"],
            None,
            "--text: the column 'bodi' is missing; did you mean 'body'? allowed: lang",
        ),
        ([], "decks", "--label: the column 'decks' is missing; did you mean 'desk'? allowed: lang"),
        ([], "created", "--label: 'created' has dates; to test on the newest texts, add a column"),
        (["body"], "body", "--text and --label: found 'body' in both, expected two columns"),
    ],
)
def test_a_column_that_is_asked_for_has_to_be_one_of_the_table(tickets, texts, label, message):
    with pytest.raises(UserError) as error:
        inspect(tickets, texts, label)
    assert str(error.value).startswith(message)


DATES = """2023-02-01 10:33:12|2023-02-01T10:33:12.123+01:00|2023/2/1|01.02.2023|1.2.2023, 10:33 Uhr
2/1/2023 10:33 AM|1 Feb 2023|1. Februar 2023|Feb 1, 2023|Wed, 01 Feb 2023 10:33:12 +0000|01-Feb-2023
01.02.23|2023-02-01 00:00:00+00:00"""
NO_DATES = (
    "2023|202302|1.2.3|10.2.45|12-34-56|99/99/9999|192.168.1.10|10:33|K-2023-17|May 2023"
    "|Room 12 2024|Chapter 12, 2024|seen on 1.2.2023|12/12|1.234.567,00"
)


def test_dates_are_told_from_numbers_versions_and_texts():
    dates = DATES.replace("\n", "|").split("|")
    assert [date for date in dates if not DATE.fullmatch(date)] == []
    assert [date for date in NO_DATES.split("|") if DATE.fullmatch(date)] == []


@pytest.mark.parametrize("stamp", ["{:02}.02.2023 10:33:12 Uhr", "2023-02-{:02}"])
def test_dates_are_neither_text_nor_class_nor_id_nor_group(tmp_path, stamp):
    rows = [(stamp.format(n % 28 + 1), f"id{n}", list(QUEUES)[n % 3]) for n in range(60)]
    rows[7] = ("unknown", *rows[7][1:])
    rows = [(*row, f"{QUEUES[row[2]]} {n}") for n, row in enumerate(rows)]
    proposal = inspect(table_of(tmp_path / "t.csv", ("created", "i", "desk", "body"), rows))
    assert proposal.corpus["columns"] == {"text": "body", "label": "desk", "id": "i"}
    assert proposal.optional == []
    assert any(line.startswith("not used: 'created' has dates; ") for line in proposal.reasons)


def test_columns_without_a_role_are_named_if_there_are_no_texts(tmp_path):
    path = table_of(tmp_path / "t.csv", ("body", "desk", "n", "body"), [("a b", "x", 1, "a b")] * 9)
    with pytest.raises(
        UserError, match=r"words per row; 'body' occurs more than once in line 1; n"
    ):
        inspect(path)
