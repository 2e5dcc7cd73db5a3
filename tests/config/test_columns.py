import random

import pytest

from seq2report.config.columns import Column, Columns, choose_label
from seq2report.config.inspection import inspect

QUEUES = {"hardware": "the printer is broken", "accounts": "cannot log in", "billing": "pay twice"}
ROWS = 300


def drawn(name, values, seed=1):
    rng = random.Random(seed)
    return Column(name, [rng.choice(values) for _ in range(ROWS)], False, len(values))


def chosen(*others):
    queue = drawn("queue", list(QUEUES))
    text = Column("message", [QUEUES[name] for name in queue.values], False, ROWS)
    return choose_label(text, [*others, queue], Columns([], ROWS, {}, set()))


@pytest.mark.parametrize("name", ["operating_system", "Rating", "userClass"])
def test_a_name_decides_nothing_that_the_texts_contradict(name):
    label, reason = chosen(drawn(name, ["Linux", "Windows", "macOS"], seed=2))
    assert label.name == "queue"
    assert reason.startswith("the texts predict it best (kappa of a quick naive Bayes: 'queue' 1.0")
    assert f"'{name}' " in reason


def test_a_name_decides_among_columns_that_the_texts_predict():
    rng = random.Random(3)
    queue = drawn("queue", list(QUEUES))
    noisy = [value if rng.random() < 0.5 else rng.choice(list(QUEUES)) for value in queue.values]
    label, reason = chosen(Column("issueCategory", noisy, False, 3))
    assert label.name == "issueCategory"
    assert reason.startswith("its name suggests it (kappa of a quick naive Bayes: 'queue' 1.00, 'i")


@pytest.mark.parametrize(
    ("name", "is_label", "is_group"),
    [
        ("operating_system", False, False),
        ("classification", False, False),
        ("subgrouping", False, False),
        ("Labels", True, False),
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
    [("age_group", 10, None), ("age_group", 60, "age_group"), ("usergroups2", 60, None)],
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
