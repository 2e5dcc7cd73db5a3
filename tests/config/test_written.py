import itertools

import pytest

from seq2report.config.written import file_mistakes, typed

REPEATED = [
    (
        "a: 1\nb: 2\na: 3\n",
        ["line 3: duplicate key 'a', first in line 1; only the last value"],
    ),
    (
        "variants:\n  lstm: {title: A}\n  gru: {title: B}\n  'lstm': {title: C, title: D}\n",
        [
            "line 4: duplicate key 'lstm', first in line 2",
            "line 4: duplicate key 'title', first in line 4",
        ],
    ),
    (
        "- {layers: [{LSTM: {units: 3, units: 4}}]}",
        ["line 1: duplicate key 'units', first in line 1"],
    ),
    ('{"a": {"b": 1,\n "b": 2}}', ["line 2: duplicate key 'b', first in line 1"]),
    ("x: &x {a: 1}\ny: {<<: *x, a: 2}\nz: {a: 1, 1: 2, '1': 3}\n", []),
    ("", []),
    ("a: [", []),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("text", "expected"), REPEATED)
def test_a_key_that_occurs_twice_is_reported_with_both_its_lines(text, expected, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    found = file_mistakes(file)
    for message, start in zip(found, expected, strict=True):
        assert message.startswith(f"{file}: {start}")
    assert file_mistakes(tmp_path / "none.yaml") == []


BOMB = "a: &a [x, x, x, x]\n" + "".join(
    f"{key}: &{key} [{', '.join([f'*{last}'] * 9)}]\n"
    for last, key in itertools.pairwise("abcdefgh")
)
MAPPINGS = "a: &a {b: x}\n" + "".join(
    f"{key}: &{key} {{{', '.join(f'{n}: *{last}' for n in range(9))}}}\n"
    for last, key in itertools.pairwise("abcdefgh")
)
CHAIN = "a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "line 7: found a value of more than 1,000,000 characters or 50 levels, with its"),
        (MAPPINGS, "line 7: found a value of more than 1,000,000 characters or 50 levels"),
        (CHAIN, "line 51: found a value of more than 1,000,000 characters or 50 levels"),
        (f"a: {'[' * 60}{']' * 60}\n", "line 1: found a value of more than 1,000,000 char"),
        (f"a: {'[' * 3000}{']' * 3000}\n", "found more than 50 levels of lists and mappings"),
        ("b: 1\na: &a [*a]\n", "line 2: found an alias inside of its own value; remove it"),
        ("a: &a\n  b: 1\n  c: {d: *a}\n", "line 1: found an alias inside of its own value"),
        ("a: &a\n  b: 1\n  <<: *a\n", "line 1: found an alias inside of its own value"),
    ],
    ids=["bomb", "mappings", "chain", "nested", "brackets", "list", "mapping", "merge"],
)
def test_aliases_that_would_never_end_are_refused_before_they_are_followed(text, message, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    assert file_mistakes(file)[0].startswith(f"{file}: {message}")


def test_a_value_that_is_used_twice_may_be_an_alias(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("a: &a {b: [1, 2]}\nc: [*a, *a]\nd: {<<: *a}\n")
    assert file_mistakes(file) == []


@pytest.mark.reliability("Bad configuration")
def test_lists_and_mappings_of_the_command_line_have_the_types_of_a_file():
    entries = ["seeds=[1, 2]", "fit={epochs: 3, optimizer: adam}", "name=[x", "mirror=a=b", "gpu=1"]
    entries += ["day=2020-13-45", "deep=" + 9999 * "["]
    assert typed(entries) == {"seeds": [1, 2], "fit": {"epochs": 3, "optimizer": "adam"}}
